# The frame of panel number `panel`: its place, its axes and ticks, its name, the shaded part.

set lmargin at screen across(item('left', panel))
set rmargin at screen across(item('right', panel))
set tmargin at screen down(item('top', panel))
set bmargin at screen down(item('bottom', panel))

set xrange [number('x_low'):number('x_high')]
set yrange [number('y_low'):number('y_high')]
if (string('x_scale') eq 'log') { set logscale x } else { unset logscale x }
if (string('y_scale') eq 'log') { set logscale y } else { unset logscale y }

# A tick at every place in the list, a text only where there is room for one.
set xtics () font ',12'
set ytics () font ',12'
do for [i=1:count('x_at')] {
        tick = item('x_named', panel) + 0 ? item('x_text', i) : ''
        set xtics add (tick item('x_at', i) + 0)
}
do for [i=1:count('x_mark')] { set xtics add ('' item('x_mark', i) + 0) }
do for [i=1:count('y_at')] {
        tick = item('y_named', panel) + 0 ? item('y_text', i) : ''
        set ytics add (tick item('y_at', i) + 0)
}

if (count('x_at') == 0) { unset xtics }
if (count('y_at') == 0) { unset ytics }

# The shade stands for more threads than CPUs: from this x on, or the whole panel.
unset object
if (count('shade') > 0) {
        set object 1 rectangle from first number('shade'), graph 0 to graph 1, graph 1 behind fillcolor rgb SHADE fillstyle solid noborder
}
if (item('shaded', panel) eq '1') {
        set object 1 rectangle from graph 0, graph 0 to graph 1, graph 1 behind fillcolor rgb SHADE fillstyle solid noborder
}

unset label 20
if (count('panel') > 0) {
        set label 20 item('panel', panel) at graph 0, graph 1 offset 0, 0.9 left font ',13' textcolor rgb 0x222222 noenhanced
}
