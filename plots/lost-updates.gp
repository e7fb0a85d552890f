# What a counter without synchronisation keeps and loses, a stacked bar per number of threads.

picture_format = ARG1; tables = ARG2; picture = ARG3
load 'common.gp'
panel = 1
load 'panel.gp'
set xlabel string('x_name') font ',12' textcolor rgb 0x333333 noenhanced
set grid ytics linecolor rgb GRID linewidth 0.6 linetype 1

plot table('bars') using 1:2:3:4:5:6:7 with boxxyerror fillstyle solid noborder linecolor rgb variable, \
     table('whiskers') using 1:2 with lines linecolor rgb 0x222222 linewidth 1.2, \
     table('points') using 1:2:($3 * POINT):4:5 with points pointsize variable pointtype variable linecolor rgb variable linewidth 1.4, \
     table('numbers') using 1:2:3:4 with labels center font ',12' textcolor rgb variable noenhanced, \
     table('names') using 1:2:3:4 with labels left offset 1, 0 font ',13' textcolor rgb variable noenhanced, \
     table('notes') using 1:2:3:4 with labels left font ',11' textcolor rgb variable noenhanced
unset output
