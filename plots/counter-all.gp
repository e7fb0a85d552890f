# Throughput against threads, one panel per contestant, the others behind it in grey.

picture_format = ARG1; tables = ARG2; picture = ARG3
load 'common.gp'
set grid ytics linecolor rgb GRID linewidth 0.6 linetype 1
set multiplot
do for [panel=1:number('panels')] {
        load 'panel.gp'
        plot table('lines') using 1:2 with lines linecolor rgb 0xd4d4d4 linewidth 0.7, \
             table('bands') index panel-1 using 1:2:3 with filledcurves closed fillstyle transparent solid 0.18 noborder linecolor rgb variable, \
             table('lines') index panel-1 using 1:2:3 with lines linecolor rgb variable linewidth 2, \
             table('points') index panel-1 using 1:2:($3 * POINT):4:5 with points pointsize variable pointtype variable linecolor rgb variable linewidth 1.2
        # Title and foot are labels of the screen: once is enough.
        do for [i=1:6] { unset label i }
}
unset multiplot
unset output
