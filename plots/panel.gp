# The frame of panel number `panel`: its place, its axes and ticks, its name, the shaded part.

set lmargin at screen across(item('left', panel))
set rmargin at screen across(item('right', panel))
set tmargin at screen down(item('top', panel))
set bmargin at screen down(item('bottom', panel))

# A parameter of all panels, or this one's own: y_low, or y_low_3.
own(name) = strlen(string(name.'_'.panel)) > 0 ? name.'_'.panel : name

# The panel before may have had the other kind of scale, and a range that this one cannot have.
unset logscale
set xrange [number(own('x_low')):number(own('x_high'))]
set yrange [number(own('y_low')):number(own('y_high'))]
if (string(own('x_scale')) eq 'log') { set logscale x } else { unset logscale x }
if (string(own('y_scale')) eq 'log') { set logscale y } else { unset logscale y }

# A tick at every place in the list, a text only where there is room for one.
set xtics () font ',12'
set ytics () font ',12'
do for [i=1:count(own('x_at'))] {
        tick = item('x_named', panel) + 0 ? item(own('x_text'), i) : ''
        set xtics add (tick item(own('x_at'), i) + 0)
}
do for [i=1:count(own('x_mark'))] { set xtics add ('' item(own('x_mark'), i) + 0) }
do for [i=1:count(own('y_at'))] {
        tick = item('y_named', panel) + 0 ? item(own('y_text'), i) : ''
        set ytics add (tick item(own('y_at'), i) + 0)
}

if (count(own('x_at')) == 0) { unset xtics }
if (count(own('y_at')) == 0) { unset ytics }

# The shade stands for more threads than CPUs: from this x on, or the whole panel.
unset object
if (count(own('shade')) > 0) {
        set object 1 rectangle from first number(own('shade')), graph 0 to graph 1, graph 1 behind fillcolor rgb SHADE fillstyle solid noborder
}
if (item('shaded', panel) eq '1') {
        set object 1 rectangle from graph 0, graph 0 to graph 1, graph 1 behind fillcolor rgb SHADE fillstyle solid noborder
}

# Its name over it, and between the two at most two lines that say what it shows.
said = count('said') > 0 ? number('said') : 0
unset label 20
unset label 21
unset label 22
if (count('panel') > 0) {
        set label 20 item('panel', panel) at screen across(item('left', panel)), down(item('top', panel) - 11 - 15 * said) left font ',13' textcolor rgb 0x222222 noenhanced
}
if (said > 0) {
        set label 21 string('said_1_'.panel) at screen across(item('left', panel)), down(item('top', panel) - 9 - 15 * (said - 1)) left font ',11' textcolor rgb 0x555555 noenhanced
}
if (said > 1) {
        set label 22 string('said_2_'.panel) at screen across(item('left', panel)), down(item('top', panel) - 9) left font ',11' textcolor rgb 0x555555 noenhanced
}
