# Cells with numbers on them, one panel or several side by side, and the line where a ratio is 1.

picture_format = ARG1; tables = ARG2; picture = ARG3
load 'common.gp'
set border 0
set tics scale 0
set multiplot
do for [panel=1:number('panels')] {
        load 'panel.gp'
        if (item('x_named', panel) + 0) {
                set xlabel string('x_name') font ',12' textcolor rgb 0x333333 noenhanced
        } else {
                unset xlabel
        }
        if (item('y_named', panel) + 0) {
                set ylabel string('y_name') font ',12' textcolor rgb 0x333333 noenhanced
        } else {
                unset ylabel
        }
        plot table('cells') index panel-1 using 1:2:3:4:5:6:7 with boxxyerror fillstyle solid noborder linecolor rgb variable, \
             table('even') index panel-1 using 1:2 with lines linecolor rgb 0x111111 linewidth 2.4, \
             table('numbers') index panel-1 using 1:2:3:4 with labels center font ',12' textcolor rgb variable noenhanced, \
             table('notes') index panel-1 using 1:2:3:4 with labels left font ',11' textcolor rgb variable noenhanced
        do for [i=1:6] { unset label i }
}
unset multiplot
unset output
