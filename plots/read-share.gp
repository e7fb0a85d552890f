# Throughput against the share of reads, one panel per number of threads.

picture_format = ARG1; tables = ARG2; picture = ARG3
load 'common.gp'
set grid ytics linecolor rgb GRID linewidth 0.6 linetype 1
set xlabel string('x_name') font ',12' textcolor rgb 0x333333 noenhanced
set multiplot
do for [panel=1:number('panels')] {
        load 'panel.gp'
        plot table('bands') index panel-1 using 1:2:3 with filledcurves closed fillstyle transparent solid 0.18 noborder linecolor rgb variable, \
             table('others') index panel-1 using 1:2:3 with lines linecolor rgb variable linewidth 1, \
             table('leaders') index panel-1 using 1:2:3 with lines linecolor rgb variable linewidth 0.5, \
             table('lines') index panel-1 using 1:2:3 with lines linecolor rgb variable linewidth 2, \
             table('points') index panel-1 using 1:2:($3 * POINT):4:5 with points pointsize variable pointtype variable linecolor rgb variable linewidth 1.3, \
             table('names') index panel-1 using 1:2:3:4 with labels left offset 1, 0 font ',11' textcolor rgb variable noenhanced
        do for [i=1:6] { unset label i }
}
unset multiplot
unset output
