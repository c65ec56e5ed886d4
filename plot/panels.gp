# SPDX-License-Identifier: GPL-3.0-or-later
#
# gnuplot -c plot/panels.gp DATA PICTURE
#
# A grid of small graphs against the number of workers: a column a panel (one
# way of doing I/O), a row a quantity. DATA is written by 'pinscale plot'; its
# blocks are described in docs/JOURNAL.md. Names are read from it as data, so
# that nothing in a journal can become a command.

data = ARG1
picture = ARG2

set datafile separator tab
set datafile missing "-"

# Block 0: the caption's lines. Block 1: rows. Block 2: panels. Block 3: series.
captions = 0; rows = 0; panels = 0; series = 0
array caption[32]; array row[8]; array floor_of[8]; array ceiling[8]; array reference[8]; array panel[64]; array name[64]
array colour[64]; array dash[64]; array mark[64]
stats data index 0 using (captions = captions + 1, caption[captions] = stringcolumn(1), 0) nooutput
stats data index 1 using (rows = rows + 1, row[rows] = stringcolumn(1), floor_of[rows] = column(2), ceiling[rows] = column(3), reference[rows] = column(4), 0) nooutput
stats data index 2 using (panels = panels + 1, panel[panels] = stringcolumn(1), 0) nooutput
stats data index 3 using (series = series + 1, name[series] = stringcolumn(1), colour[series] = int(column(2)), dash[series] = int(column(3)), mark[series] = int(column(4)), 0) nooutput
stats data index 4 using 4 nooutput
most_workers = STATS_max

# Okabe and Ito's colours, which the colour-blind can tell apart; in grey the
# dashes and the marks do that.
palette_of(i) = i == 0 ? 0x999999 : i == 1 ? 0x0072b2 : i == 2 ? 0xd55e00 : i == 3 ? 0x009e73 : i == 4 ? 0xcc79a7 : i == 5 ? 0x56b4e9 : i == 6 ? 0xe69f00 : 0x000000
mark_of(i) = i == 0 ? 0 : i == 1 ? 7 : i == 2 ? 5 : i == 3 ? 9 : i == 4 ? 13 : i == 5 ? 6 : 4

# Points that fall together stand beside each other.
beside(x, s) = most_workers > 16 ? x * (1 + 0.02 * (s - (series + 1) / 2.0)) : x + 0.02 * (s - (series + 1) / 2.0)

columns = panels
width = 80 + 330 * columns
width = width < 760 ? 760 : width
# As many names beside each other as there is room for.
legend_columns = width / 330 > 4 ? 4 : width / 330
legend_lines = (series + legend_columns - 1) / legend_columns
height = 60 + captions * 22 + legend_lines * 20 + rows * 270
top = (10.0 + captions * 22) / height
bottom = (20.0 + legend_lines * 20) / height

set terminal pngcairo size width,height font "DejaVu Sans,10" enhanced background "#ffffff"
set output picture
set multiplot

do for [i = 1:captions] {
	set label i caption[i] at screen 0.012, 1 - (i * 22.0 - 4) / height left noenhanced \
		font (i == 1 ? "DejaVu Sans,12" : "DejaVu Sans,9")
}
# The captions and the legend belong to the page, not to a graph: an empty one
# of its size holds them.
unset border; unset tics
set lmargin at screen 0; set rmargin at screen 1; set tmargin at screen 1; set bmargin at screen 0
set key at screen 0.5, (legend_lines * 20.0 + 8) / height center top horizontal maxrows legend_lines \
	maxcols legend_columns noenhanced font "DejaVu Sans,9" samplen 4 width 1 noopaque
plot [0:1][0:1] for [s = 1:series] NaN with linespoints lc rgb palette_of(colour[s]) dt dash[s] \
	pt mark_of(mark[s]) ps 1.1 lw 1.8 title name[s]
unset label; unset key
set border 3 lc rgb "#666666"
set xtics nomirror; set ytics nomirror

do for [r = 1:rows] {
	do for [p = 1:panels] {
		set lmargin at screen (70.0 + (p - 1) * (width - 80.0) / columns) / width
		set rmargin at screen (70.0 + (p - 1) * (width - 80.0) / columns + (width - 80.0) / columns - 62) / width
		set tmargin at screen 1 - top - ((r - 1) * (1 - top - bottom) / rows) - 26.0 / height
		set bmargin at screen 1 - top - (r * (1 - top - bottom) / rows) + 46.0 / height
		set title panel[p] noenhanced font "DejaVu Sans,10" offset 0,-0.5
		set xlabel "workers" offset 0,0.6
		set ylabel row[r] noenhanced offset 1,0
		set tics nomirror font "DejaVu Sans,9"
		set grid y lc rgb "#dddddd" dt 1 lw 1
		if (most_workers > 16) { set logscale x 2 } else { unset logscale x }
		set xrange [(most_workers > 16 ? 0.8 : 0.7):most_workers * (most_workers > 16 ? 1.25 : 1) + (most_workers > 16 ? 0 : 0.3)]
		if (most_workers > 16) { set xtics auto } else { set xtics 1 }
		set yrange [floor_of[r]:ceiling[r]]
		plot for [s = 1:series] data index 4 \
			using ($1 == r && $2 == p && $3 == s ? beside($4, s) : NaN):5:6:7 \
			with yerrorbars lc rgb palette_of(colour[s]) pt mark_of(mark[s]) ps 1.1 lw 1.4 notitle, \
		     for [s = 1:series] data index 4 \
			using ($1 == r && $2 == p && $3 == s ? beside($4, s) : NaN):5 \
			with linespoints lc rgb palette_of(colour[s]) dt dash[s] pt mark_of(mark[s]) ps 1.1 lw 1.8 \
			notitle, \
		     reference[r] with lines lc rgb "#888888" dt 3 lw 1 notitle
	}
}
unset multiplot
