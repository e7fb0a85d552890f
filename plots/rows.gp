# Dots in named rows on a logarithmic axis, one panel or several side by side.
# cost-ladder, latency and machine-limits are drawn by it: they differ in their tables alone.

picture_format = ARG1; tables = ARG2; picture = ARG3
load 'common.gp'
set border 1
set xlabel string('x_name') font ',12' textcolor rgb 0x333333 noenhanced
set grid xtics linecolor rgb GRID linewidth 0.6 linetype 1
set multiplot
do for [panel=1:number('panels')] {
        load 'panel.gp'
        plot table('guides') using 1:2 with lines linecolor rgb 0xececec linewidth 0.8, \
             table('clock') index panel-1 using 1:2 with lines linecolor rgb LINE dashtype (6, 5) linewidth 1, \
             table('thin') index panel-1 using 1:2:3 with lines linecolor rgb variable linewidth 1.2, \
             table('medium') index panel-1 using 1:2:3 with lines linecolor rgb variable linewidth 3, \
             table('thick') index panel-1 using 1:2:3 with lines linecolor rgb variable linewidth 6, \
             table('points') index panel-1 using 1:2:($3 * POINT):4:5 with points pointsize variable pointtype variable linecolor rgb variable linewidth 1.4, \
             table('numbers') index panel-1 using 1:2:3:4 with labels left offset 1, 0 font ',11' textcolor rgb variable noenhanced, \
             table('numbers_left') index panel-1 using 1:2:3:4 with labels right offset -1, 0 font ',11' textcolor rgb variable noenhanced, \
             table('names') index panel-1 using 1:2:3:4 with labels right offset -1, 0 font ',12' textcolor rgb variable noenhanced, \
             table('notes') index panel-1 using 1:2:3:4 with labels left font ',11' textcolor rgb variable noenhanced
        do for [i=1:6] { unset label i }
}
unset multiplot
unset output
