# A square of cells, one per pair of CPUs, with the hop in ns where the cell has room for it.

picture_format = ARG1; tables = ARG2; picture = ARG3
load 'common.gp'
panel = 1
set border 0
set tics scale 0
load 'panel.gp'
set label 30 string('x_name') at first number('middle'), graph 0 offset 0, -2.7 center font ',12' textcolor rgb 0x333333 noenhanced

plot table('cells') using 1:2:3:4:5:6:7 with boxxyerror fillstyle solid noborder linecolor rgb variable, \
     table('numbers') using 1:2:3:4 with labels center font ',11' textcolor rgb variable noenhanced, \
     table('notes') using 1:2:3:4 with labels left font ',11' textcolor rgb variable noenhanced
unset output
