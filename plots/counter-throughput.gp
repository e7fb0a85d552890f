# Throughput against threads: the featured contestants in colour, the others thin and grey.

picture_format = ARG1; tables = ARG2; picture = ARG3
load 'common.gp'
panel = 1
load 'panel.gp'
set xlabel string('x_name') font ',12' textcolor rgb 0x333333 noenhanced
set grid ytics linecolor rgb GRID linewidth 0.6 linetype 1

plot table('bands') using 1:2:3 with filledcurves closed fillstyle transparent solid 0.18 noborder linecolor rgb variable, \
     table('ideal') using 1:2 with lines linecolor rgb LINE dashtype (8, 6) linewidth 1, \
     table('others') using 1:2:3 with lines linecolor rgb variable linewidth 1, \
     table('leaders') using 1:2:3 with lines linecolor rgb variable linewidth 0.5, \
     table('lines') using 1:2:3 with lines linecolor rgb variable linewidth 2.2, \
     table('points') using 1:2:($3 * POINT):4:5 with points pointsize variable pointtype variable linecolor rgb variable linewidth 1.4, \
     table('names') using 1:2:3:4 with labels left offset 1, 0 font ',13' textcolor rgb variable noenhanced, \
     table('small_names') using 1:2:3:4 with labels left offset 1.1, 0 font ',11' textcolor rgb variable noenhanced, \
     table('notes') using 1:2:3:4 with labels left font ',11' textcolor rgb variable noenhanced
unset output
