# SPDX-License-Identifier: GPL-3.0-or-later
#
# gnuplot -c plot/comparison/page.gp DATA NAME SVG PNG
#
# Draws a page of graphs. DATA is written by bench/core/graph_page.c, which decides
# what is where: all places are pixels from the upper left corner. Its blocks:
#
#   0  width, height, and how many lines each of the blocks 1 to 8 has
#   1  text: x, y, style, alignment, text
#   2  samples of lines, for legends: x, y, width, stroke
#   3  scales: low, high, logarithmic (0 or 1)
#   4  tics: scale, value, label
#   5  areas: left, right, top, bottom, scale of x, of y, labels at x, at y, grid at x, at y
#   6  boxes behind an area: area, left, low, right, high, colour
#   7  lines across an area: area, x, y, colour, dash
#   8  what is drawn: area, block, kind, filter, stroke
#   9  and on: the numbers
#
# A stroke is colour, dash, width, mark, size of marks, ribbon, bars. "-" is what is not
# there. Names come from the data as text between apostrophes, so that nothing in a
# journal can become a command, a number or a comment.

data = ARG1
set datafile separator tab
set datafile commentschars "#"
set encoding utf8

stats data index 0 using (width = column(1), height = column(2), texts = int(column(3)), samples = int(column(4)), scales = int(column(5)), tics = int(column(6)), areas = int(column(7)), boxes = int(column(8)), rules = int(column(9)), elements = int(column(10)), 0) nooutput

array words[texts + 1]; array words_x[texts + 1]; array words_y[texts + 1]; array style[texts + 1]; array align[texts + 1]
array sample_x[samples + 1]; array sample_y[samples + 1]; array sample_width[samples + 1]
array low[scales + 1]; array high[scales + 1]; array logarithmic[scales + 1]
array tic_scale[tics + 1]; array tic[tics + 1]; array tic_label[tics + 1]
array left[areas + 1]; array right[areas + 1]; array top[areas + 1]; array bottom[areas + 1]
array x_scale[areas + 1]; array y_scale[areas + 1]; array x_labels[areas + 1]; array y_labels[areas + 1]
array x_grid[areas + 1]; array y_grid[areas + 1]; array first[areas + 1]; array last[areas + 1]
array box[boxes + 1]; array box_left[boxes + 1]; array box_low[boxes + 1]; array box_right[boxes + 1]; array box_high[boxes + 1]; array box_colour[boxes + 1]
array rule[rules + 1]; array rule_x[rules + 1]; array rule_y[rules + 1]; array rule_colour[rules + 1]; array rule_dash[rules + 1]
array block[elements + 1]; array kind[elements + 1]; array filter[elements + 1]
# Strokes of samples, and behind them of elements.
strokes = samples + elements + 1
array colour[strokes]; array dash[strokes]; array weight[strokes]; array mark[strokes]; array size[strokes]; array ribbon[strokes]; array bars[strokes]

unquoted(t) = t[2:strlen(t) - 1]
stroke(i, c) = (colour[i] = int(column(c)), dash[i] = int(column(c + 1)), weight[i] = column(c + 2), mark[i] = int(column(c + 3)), size[i] = column(c + 4), ribbon[i] = int(column(c + 5)), bars[i] = int(column(c + 6)))
# What is not there is outside of every area.
nowhere = 1e300
there(c) = stringcolumn(c) eq "-" ? nowhere : column(c)

n = 0
if (texts) {
	stats data index 1 using (n = n + 1, words_x[n] = column(1), words_y[n] = column(2), style[n] = int(column(3)), align[n] = int(column(4)), words[n] = unquoted(stringcolumn(5)), 0) nooutput
}
n = 0
if (samples) {
	stats data index 2 using (n = n + 1, sample_x[n] = column(1), sample_y[n] = column(2), sample_width[n] = column(3), stroke(n, 4), 0) nooutput
}
n = 0
if (scales) {
	stats data index 3 using (n = n + 1, low[n] = column(1), high[n] = column(2), logarithmic[n] = int(column(3)), 0) nooutput
}
n = 0
if (tics) {
	stats data index 4 using (n = n + 1, tic_scale[n] = int(column(1)) + 1, tic[n] = column(2), tic_label[n] = unquoted(stringcolumn(3)), 0) nooutput
}
n = 0
if (areas) {
	stats data index 5 using (n = n + 1, left[n] = column(1), right[n] = column(2), top[n] = column(3), bottom[n] = column(4), x_scale[n] = int(column(5)) + 1, y_scale[n] = int(column(6)) + 1, x_labels[n] = int(column(7)), y_labels[n] = int(column(8)), x_grid[n] = int(column(9)), y_grid[n] = int(column(10)), first[n] = 1, last[n] = 0, 0) nooutput
}
n = 0
if (boxes) {
	stats data index 6 using (n = n + 1, box[n] = int(column(1)) + 1, box_left[n] = there(2), box_low[n] = there(3), box_right[n] = there(4), box_high[n] = there(5), box_colour[n] = int(column(6)), 0) nooutput
}
n = 0
if (rules) {
	stats data index 7 using (n = n + 1, rule[n] = int(column(1)) + 1, rule_x[n] = there(2), rule_y[n] = there(3), rule_colour[n] = int(column(4)), rule_dash[n] = int(column(5)), 0) nooutput
}
n = 0
if (elements) {
	stats data index 8 using (n = n + 1, a = int(column(1)) + 1, first[a] = last[a] ? first[a] : n, last[a] = n, block[n] = int(column(2)) + 9, kind[n] = int(column(3)), filter[n] = int(column(4)), stroke(samples + n, 5), 0) nooutput
}

# Size and weight of the styles of text, in the order of enum text_style.
points_of(s) = s == 0 ? 11 : 8.5
font_of(s) = sprintf(s < 2 ? "DejaVu Sans:Bold,%g" : "DejaVu Sans,%g", points_of(s))
ink_of(s) = s == 3 ? 0x666666 : s == 4 ? 0xb04000 : 0x222222

clipped(z, s) = z < low[s] ? low[s] : z > high[s] ? high[s] : z
faint(c) = c + 0xc8000000

do for [picture = 1:2] {
	if (picture == 1) {
		# gnuplot takes a point for a pixel there, and 4/3 of one for PNG.
		set terminal svg size width,height fontscale 1.3333 font "DejaVu Sans,8.5" noenhanced dashed name ARG2 background "#ffffff"
		set output ARG3
	} else {
		set terminal pngcairo size width,height font "DejaVu Sans,8.5" noenhanced dashed background "#ffffff"
		set output ARG4
	}
	set multiplot

	# Text and legends belong to the page: an empty graph of its size holds them.
	reset
	unset border; unset tics; unset key
	set lmargin at screen 0; set rmargin at screen 1; set tmargin at screen 1; set bmargin at screen 0
	set xrange [0:width]; set yrange [height:0]
	do for [i = 1:texts] {
		if (align[i] == 0) { set label i words[i] at words_x[i],words_y[i] left noenhanced font font_of(style[i]) textcolor rgb ink_of(style[i]) }
		if (align[i] == 1) { set label i words[i] at words_x[i],words_y[i] right noenhanced font font_of(style[i]) textcolor rgb ink_of(style[i]) }
		if (align[i] == 2) { set label i words[i] at words_x[i],words_y[i] center noenhanced font font_of(style[i]) textcolor rgb ink_of(style[i]) }
		if (align[i] == 3) { set label i words[i] at words_x[i],words_y[i] center rotate by 90 noenhanced font font_of(style[i]) textcolor rgb ink_of(style[i]) }
	}
	do for [i = 1:samples] {
		p = sample_x[i]; w = sample_width[i]; q = sample_y[i]
		if (ribbon[i]) { set object i rectangle from p,q - 6 to p + w,q + 6 fillcolor rgb faint(colour[i]) fillstyle solid noborder }
		if (weight[i] > 0) { set arrow i from p,q to p + w,q nohead linecolor rgb colour[i] dashtype dash[i] linewidth weight[i] }
		if (mark[i]) { set label texts + i "" at p + w / 2.0,q point pointtype mark[i] pointsize size[i] linecolor rgb colour[i] linewidth 1.3 }
	}
	plot NaN notitle
	do for [a = 1:areas] {
		reset
		unset key
		set errorbars 0
		h = x_scale[a]; v = y_scale[a]
		set lmargin at screen left[a] / width; set rmargin at screen right[a] / width
		set tmargin at screen 1 - top[a] / height; set bmargin at screen 1 - bottom[a] / height
		set border 3 linecolor rgb "#999999" linewidth 0.8
		set tics nomirror scale 0.4 font "DejaVu Sans,8" textcolor rgb "#222222"
		if (logarithmic[h]) { set logscale x 2 }
		if (logarithmic[v]) { set logscale y 10 }
		set xrange [low[h]:high[h]]; set yrange [low[v]:high[v]]
		# A tic beyond every scale takes the place of gnuplot's own.
		set xtics ("" nowhere); set ytics ("" nowhere)
		unset mxtics; unset mytics
		do for [i = 1:tics] {
			if (tic_scale[i] == h) { set xtics add ((x_labels[a] ? tic_label[i] : "") tic[i]) }
			if (tic_scale[i] == v) { set ytics add ((y_labels[a] ? tic_label[i] : "") tic[i]) }
		}
		set xtics offset 0,0.35; set ytics offset 0.5,0
		# The lower end of a long one is out of sight: tics stand at both.
		if (bottom[a] - top[a] > 700) {
			set border 7
			if (logarithmic[h]) { set logscale x2 2 }
			set x2range [low[h]:high[h]]
			set x2tics ("" nowhere); set x2tics offset 0,-0.35
			do for [i = 1:tics] {
				if (tic_scale[i] == h) { set x2tics add ((x_labels[a] ? tic_label[i] : "") tic[i]) }
			}
		}
		if (x_grid[a]) { set grid xtics linetype 1 linecolor rgb "#e4e4e4" linewidth 0.8 }
		if (y_grid[a]) { set grid ytics linetype 1 linecolor rgb "#e4e4e4" linewidth 0.8 }
		if (!y_labels[a] && !y_grid[a]) { set border (bottom[a] - top[a] > 700 ? 5 : 1); unset ytics }
		do for [i = 1:boxes] {
			if (box[i] == a) {
				set object i rectangle from first clipped(box_left[i] == nowhere ? low[h] : box_left[i], h),first clipped(box_low[i] == nowhere ? low[v] : box_low[i], v) \
					to first clipped(box_right[i] == nowhere ? high[h] : box_right[i], h),first clipped(box_high[i] == nowhere ? high[v] : box_high[i], v) \
					behind fillcolor rgb box_colour[i] fillstyle solid noborder
			}
		}
		do for [i = 1:rules] {
			if (rule[i] == a && rule_x[i] != nowhere) { set arrow i from first rule_x[i],graph 0 to first rule_x[i],graph 1 nohead back linecolor rgb rule_colour[i] dashtype rule_dash[i] linewidth 1 }
			if (rule[i] == a && rule_y[i] != nowhere) { set arrow i from graph 0,first rule_y[i] to graph 1,first rule_y[i] nohead back linecolor rgb rule_colour[i] dashtype rule_dash[i] linewidth 1 }
		}
		f = first[a]; l = last[a]; s = samples
		plot NaN notitle, \
			for [i = f:l] data index block[i] using (kind[i] == 1 && ribbon[s + i] ? column(1) : NaN):3:4 \
				with filledcurves linecolor rgb faint(colour[s + i]) fillstyle solid noborder notitle, \
			for [i = f:l] data index block[i] using (kind[i] == 3 ? column(1) : NaN):2 \
				with filledcurves closed linecolor rgb colour[s + i] fillstyle solid noborder notitle, \
			for [i = f:l] data index block[i] using (kind[i] == 1 && bars[s + i] ? column(1) : NaN):2:3:4 \
				with yerrorbars linecolor rgb colour[s + i] linewidth 1.2 pointtype 0 notitle, \
			for [i = f:l] data index block[i] using (kind[i] == 2 && (filter[i] < 0 || column(5) == filter[i]) ? column(2) : NaN):1:(clipped(column(3), h)):(clipped(column(4), h)) \
				with xerrorbars linecolor rgb colour[s + i] linewidth (weight[s + i] > 0 ? weight[s + i] : 1) pointtype 0 notitle, \
			for [i = f:l] data index block[i] using (kind[i] == 4 ? column(1) : NaN):2:3:(0) \
				with vectors head filled size screen 5.0 / width,20 linecolor rgb colour[s + i] linewidth 1 notitle, \
			for [i = f:l] data index block[i] using (kind[i] == 1 && weight[s + i] > 0 ? column(1) : NaN):2 \
				with lines linecolor rgb colour[s + i] dashtype dash[s + i] linewidth weight[s + i] notitle, \
			for [i = f:l] data index block[i] using (kind[i] == 1 && mark[s + i] ? column(1) : NaN):2 \
				with points linecolor rgb colour[s + i] pointtype mark[s + i] pointsize size[s + i] linewidth 1.2 notitle, \
			for [i = f:l] data index block[i] using (kind[i] == 2 && (filter[i] < 0 || column(5) == filter[i]) ? column(2) : NaN):1 \
				with points linecolor rgb colour[s + i] pointtype mark[s + i] pointsize size[s + i] linewidth 1.4 notitle
	}
	unset multiplot
	set output
}
