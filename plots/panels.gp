# Lines over areas, one panel or several, each with axes of its own where it needs them.
# Which of the tables hold anything is the chart's matter: an empty one draws nothing.

picture_format = ARG1; tables = ARG2; picture = ARG3
load 'common.gp'
set grid ytics linecolor rgb GRID linewidth 0.6 linetype 1
set multiplot
do for [panel=1:number('panels')] {
        load 'panel.gp'
        if (item('x_named', panel) + 0) {
                set xlabel string(own('x_name')) font ',12' textcolor rgb 0x333333 noenhanced
        } else {
                unset xlabel
        }
        plot table('areas') index panel-1 using 1:2:3:4:5:6:7 with boxxyerror fillstyle solid noborder linecolor rgb variable, \
             table('bands') index panel-1 using 1:2:3 with filledcurves closed fillstyle transparent solid 0.18 noborder linecolor rgb variable, \
             table('rules') index panel-1 using 1:2:3 with lines linecolor rgb variable linewidth 1, \
             table('dashes') index panel-1 using 1:2:3 with lines linecolor rgb variable dashtype (6, 5) linewidth 1.2, \
             table('others') index panel-1 using 1:2:3 with lines linecolor rgb variable linewidth 1, \
             table('leaders') index panel-1 using 1:2:3 with lines linecolor rgb variable linewidth 0.5, \
             table('lines') index panel-1 using 1:2:3 with lines linecolor rgb variable linewidth 2, \
             table('points') index panel-1 using 1:2:($3 * POINT):4:5 with points pointsize variable pointtype variable linecolor rgb variable linewidth 1.3, \
             table('names') index panel-1 using 1:2:3:4 with labels left offset 1, 0 font ',11' textcolor rgb variable noenhanced, \
             table('row_names') index panel-1 using 1:2:3:4 with labels right offset -1, 0 font ',12' textcolor rgb variable noenhanced, \
             table('notes') index panel-1 using 1:2:3:4 with labels left font ',11' textcolor rgb variable noenhanced, \
             table('notes_right') index panel-1 using 1:2:3:4 with labels right font ',11' textcolor rgb variable noenhanced
        do for [i=1:6] { unset label i }
}
unset multiplot
unset output
