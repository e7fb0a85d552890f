# Loaded by every chart: reads the parameters, opens the picture, writes title and foot.
#
# A chart is called as   gnuplot -d -c CHART.gp FORMAT TABLES PICTURE   from this folder (contend plot
# does) and keeps its arguments as picture_format, tables and picture: they do not outlive a load.
# Every number and every text arrives as data in the folder TABLES, so nothing in them is a command.

set encoding utf8
set datafile separator tab
set datafile commentschars ''

# The file "parameters": one name and one value a line. A list is a value with spaces in it.
array NAME[200]
array VALUE[200]
parameters = 0
stats tables.'/parameters' using (parameters = parameters + 1, NAME[parameters] = strcol(1), VALUE[parameters] = strcol(2), 0) nooutput

find(name, i) = i > parameters ? '' : NAME[i] eq name ? VALUE[i] : find(name, i + 1)
string(name) = find(name, 1)
number(name) = find(name, 1) + 0
count(name) = words(find(name, 1))
item(name, i) = word(find(name, 1), i)
table(name) = tables.'/'.name

# Pixels of the chart at its SVG size, y downwards, as gnuplot's screen coordinates.
across(pixel) = 1.0 * pixel / number('width')
down(pixel) = 1 - 1.0 * pixel / number('height')

width = number('width')
height = number('height')
if (picture_format eq 'svg') {
        POINT = 0.78            # the svg terminal draws points larger than cairo does
        set terminal svg size width, height noenhanced font 'DejaVu Sans,12' background '#ffffff'
} else {
        # The same drawing, larger, so that it stays sharp on a slide. Cairo's fonts are in points: 3/4.
        POINT = 1
        scale = 1.75
        set terminal pngcairo size width * scale, height * scale noenhanced font 'DejaVu Sans,12' fontscale 0.75 * scale linewidth scale pointscale scale background '#ffffff'
}
set output picture

QUIET = 0x6b6b6b
LINE = 0x9a9a9a
SHADE = 0xf3f0ea
GRID = 0xe6e6e6

unset key
set label 1 string('title') at screen across(24), down(34) left font ',20' textcolor rgb 0x111111 noenhanced
set label 2 string('subtitle') at screen across(24), down(60) left font ',13' textcolor rgb 0x555555 noenhanced
do for [i=1:4] {
        if (strlen(string('foot_'.i)) > 0) { set label 2 + i string('foot_'.i) at screen across(24), down(height + 4 - 16 * i) left font ',11' textcolor rgb QUIET noenhanced }
}

set border 3 linecolor rgb LINE linewidth 1
set tics nomirror scale 0.6 textcolor rgb QUIET
