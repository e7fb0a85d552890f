# Fairness against throughput, a point per contestant, one panel per number of threads.

picture_format = ARG1; tables = ARG2; picture = ARG3
load 'common.gp'
set grid xtics ytics linecolor rgb GRID linewidth 0.6 linetype 1
set xlabel string('x_name') font ',12' textcolor rgb 0x333333 noenhanced
set multiplot
do for [panel=1:number('panels')] {
        load 'panel.gp'
        if (panel == 1) {
                set ylabel string('y_name') font ',12' textcolor rgb 0x333333 noenhanced
        } else {
                unset ylabel
        }
        plot table('leaders') index panel-1 using 1:2:3 with lines linecolor rgb variable linewidth 0.5, \
             table('thin') index panel-1 using 1:2:3 with lines linecolor rgb variable linewidth 1.2, \
             table('points') index panel-1 using 1:2:($3 * POINT):4:5 with points pointsize variable pointtype variable linecolor rgb variable linewidth 1.4, \
             table('names_left') index panel-1 using 1:2:3:4 with labels left font ',11' textcolor rgb variable noenhanced, \
             table('names_right') index panel-1 using 1:2:3:4 with labels right font ',11' textcolor rgb variable noenhanced, \
             table('notes') index panel-1 using 1:2:3:4 with labels right font ',11' textcolor rgb variable noenhanced
        do for [i=1:6] { unset label i }
}
unset multiplot
unset output
