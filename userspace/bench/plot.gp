# SPDX-License-Identifier: GPL-2.0
#
# plot.gp - bench.csv as pictures: gnuplot -e "csv='FILE'; out='FILE WITHOUT .png'"
#
# out-size.png: a buffer of 4 KiB to 64 MiB by all who offer one; out-count.png: what
# one more costs where there are many.

set terminal pngcairo size 1500,700 font 'DejaVu Sans,11' background '#ffffff'
set grid lc rgb '#dddddd' lt 1
set border 3 lc rgb '#888888'
set tics nomirror textcolor rgb '#444444'
set key left top Left reverse samplen 2 spacing 1.2
set style data linespoints
unit = system(sprintf("awk -F, '$1 == \"buffer\" { print $5; exit }' '%s'", csv))

names = 'udmabuf anonymous dma-heap-cma dma-heap skel-mmap skel'
colors = '#2ca02c #888888 #76b7e8 #1f77b4 #ff9d9a #d62728'
width(i) = word(names, i) eq 'skel-mmap' ? 5 : 2
# what a buffer costs until it is given back, each of its pages once written
whole(by) = sprintf("< awk -F, '$2 == \"%s\" && ($1 == \"buffer\" || $1 == \"touch\") { s[$3] += $4 } END { for (n in s) print n, s[n] }' '%s' | sort -n", by, csv)
against(by) = sprintf("< awk -F, '$1 == \"buffer\" || $1 == \"touch\" { s[$2, $3] += $4; size[$3] = 1 } END { for (n in size) if ((\"%s\", n) in s && (\"dma-heap\", n) in s) print n, s[\"%s\", n] / s[\"dma-heap\", n] }' '%s' | sort -n", by, by, csv)
one(figure, by) = sprintf("< awk -F, '$1 == \"%s\" && $2 == \"%s\" { print $3, $4 }' '%s'", figure, by, csv)
both(by) = sprintf("< awk -F, '($1 == \"alloc\" || $1 == \"free\") && $2 == \"%s\" { s[$3] += $4 } END { for (n in s) print n, s[n] }' '%s' | sort -n", by, csv)

set output out.'-size.png'
set multiplot layout 1,2 title "A DMA buffer: allocated, mapped, each page written once, given back" font ',14'
set logscale x 2
set xtics ('4 KiB' 4096, '64 KiB' 65536, '1 MiB' 1048576, '4 MiB' 4194304, '64 MiB' 67108864)
set xrange [3500:150e6]
set xlabel 'size'
set logscale y
set format y '10^{%T}'
set ylabel unit
plot for [i=1:words(names)] whole(word(names, i)) lc rgb word(colors, i) lw width(i) pt 7 ps 0.8 title word(names, i)
set logscale y 2
set format y '%g'
set yrange [0.25:*]
set ylabel 'times as much as dma-heap'
plot for [i=1:words(names)] against(word(names, i)) lc rgb word(colors, i) lw width(i) pt 7 ps 0.8 title word(names, i)
unset multiplot

set output out.'-count.png'
set multiplot layout 1,2 title "What one costs where there are many" font ',14'
set key bmargin left vertical
set logscale xy 10
set xtics auto
set format x '%g'
set format y '10^{%T}'
set xrange [0.8:13000]
set yrange [100:100000]
set xlabel 'how many there are'
set ylabel unit
plot both('of-buffers') lc rgb '#d62728' lw 2 pt 7 title 'ALLOC and FREE of 4 KiB, buffers of the channel', \
	both('of-channels') lc rgb '#ff9d9a' lw 2 pt 7 title 'the same, open channels of the card', \
	one('command', 'of-channels') lc rgb '#1f77b4' lw 2 pt 7 title '*IDN? of a played card, open channels', \
	one('validate', 'skel') lc rgb '#2ca02c' lw 2 pt 7 title 'check of a request, buffers of the channel'
set xtics (1, 4, 16, 64)
set xrange [0.8:80]
set yrange [*:*]
set xlabel 'transfers of 4 KiB submitted and reaped together'
set ylabel unit.' for all of them'
plot one('transfers', 'skel') lc rgb '#d62728' lw 2 pt 7 title 'TOHOST', \
	one('overhead', 'skel') lc rgb '#ff9d9a' lw 2 pt 7 title 'without the copies', \
	for [i=1:1] one('overhead', 'skel') using 1:($1 == 1 ? first = $2 : first, first * $1) with lines dt 2 lc rgb '#888888' title 'that many times one'
unset multiplot
