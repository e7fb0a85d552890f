# Two runs: a row per point with its ratio and interval on a log2 axis, texts on either side of it.

picture_format = ARG1; tables = ARG2; picture = ARG3
load 'common.gp'
set multiplot

# First the whole picture as a canvas in pixels, y downwards: names, numbers, rules and the key.
set lmargin at screen 0
set rmargin at screen 1
set tmargin at screen 1
set bmargin at screen 0
set border 0
unset xtics
unset ytics
set xrange [0:width]
set yrange [height:0]
plot table('rules') using 1:2 with lines linecolor rgb 0xe2e2e2 linewidth 0.8, \
     table('heads') using 1:2:3:4 with labels left font 'DejaVu Sans:Bold,12' textcolor rgb variable noenhanced, \
     table('names') using 1:2:3:4 with labels left font ',12' textcolor rgb variable noenhanced, \
     table('settings') using 1:2:3:4 with labels right font ',11' textcolor rgb variable noenhanced, \
     table('small') using 1:2:3:4 with labels left font ',11' textcolor rgb variable noenhanced, \
     table('key') using 1:2:($3 * POINT):4:5 with points pointsize variable pointtype variable linecolor rgb variable linewidth 1.4
do for [i=1:6] { unset label i }

# Then the ratios, whose y are the same pixels. The band lies under the grid and the line at 1.
panel = 1
set border 1 linecolor rgb LINE linewidth 1
load 'panel.gp'
set xtics nomirror
set logscale x 2
set xlabel string('x_name') font ',12' textcolor rgb 0x333333 noenhanced
set grid xtics back linecolor rgb GRID linewidth 0.6 linetype 1
plot table('band') using 1:2:3:4:5:6 with boxxyerror fillstyle solid noborder fillcolor rgb 0xe6edf3, \
     table('one') using 1:2 with lines linecolor rgb 0x555555 linewidth 1, \
     table('bars') using 1:2:3 with lines linecolor rgb variable linewidth 2, \
     table('points') using 1:2:($3 * POINT):4:5 with points pointsize variable pointtype variable linecolor rgb variable linewidth 1.4
unset multiplot
unset output
