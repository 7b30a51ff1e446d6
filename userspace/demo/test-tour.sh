#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# test-tour.sh - the tour, and each count of faults that it shows
#
# For the guest of the tour, by root: scripts/check-lab runs it. Prints a line for
# each check, "ok" or "not ok".

result() { # STATUS NAME REASON
	if [ "$1" -eq 0 ]; then echo "ok tour: $2"; else echo "not ok tour: $2: $3"; fi
}

sh tour.sh >/tmp/tour
result $? "all as expected" "$(grep -m 1 'not as expected' /tmp/tour || tail -n 1 /tmp/tour)"

# What is counted, and what /proc says of the areas, to an ordinary user
sed -n '/^user\$ skelctl pages/,/^The words/p' /tmp/tour |
	grep -E '^[0-9]\. |^   .{37} +[-0-9]+ +[-0-9]+  |^     [a-z]|^   (madvise|after fork|the child has|only root)' >/tmp/found
cat >/tmp/wanted <<'TABLES'
1. An anonymous page, as malloc() gets it
   mmap()                                  -   -  not present
     area: rw-p, Rss 0 kB, Locked 0 kB
   read a byte                             1   0  present, shared
   write a byte                            1   0  present; was write-protected
     area: rw-p, Rss 4 kB, Locked 0 kB
   write it again                          0   0  present
2. A locked page
   mmap(), mlock()                         -   -  present
     area: rw-p, Rss 4 kB, Locked 4 kB; lo locked
   write a byte                            0   0  present
   madvise(MADV_PAGEOUT), swap it out: Invalid argument
3. Copy on write: a page after fork()
   mmap(), write a byte                    1   0  present
     area: rw-p, Rss 4 kB, Locked 0 kB
   fork(); the parent's page               -   -  present, shared
   the child reads                         0   0  present, shared
   the child writes: a copy                1   0  present; was write-protected
   the child writes again                  0   0  present
   the child ends; the parent's page       -   -  present
   the child has written 3, the parent still reads 1
   the parent writes: no copy              1   0  present; was write-protected
4. A page of a file
   mmap(MAP_SHARED), page cache dropped    -   -  not present
     area: rw-s, Rss 0 kB, Locked 0 kB; sh shared
   read a byte                             0   1  present
     area: rw-s, Rss 4 kB, Locked 0 kB; sh shared
   read it through another mapping         1   0  present, shared
   write a byte                            1   0  present, shared; was write-protected
   mmap(MAP_PRIVATE), read                 1   0  present, shared
     area: rw-p, Rss 4 kB, Locked 0 kB
   write to that: a copy                   1   0  present; was write-protected
5. A page that is swapped out
   mmap(), write a byte                    1   0  present
     area: rw-p, Rss 4 kB, Locked 0 kB
   madvise(MADV_PAGEOUT)                   -   -  swapped out
     area: rw-p, Rss 0 kB, Locked 0 kB
   read it                                 0   1  present
     area: rw-p, Rss 4 kB, Locked 0 kB
   read it again                           0   0  present
6. A DMA buffer of the card
   skel_malloc()                           -   -  not shown by pagemap
     area: rw-s, Rss 0 kB, Locked 0 kB; sh shared, io like device memory, pf
     frames, dc not copied by fork(), de cannot grow, dd not dumped
   read a byte                             0   0  not shown by pagemap
   read it again                           0   0  not shown by pagemap
   write a byte                            0   0  not shown by pagemap
   madvise(MADV_PAGEOUT), swap it out: Invalid argument
   after fork(), the child's page: Bad address
7. Memory of the card, a region
   skel_map_region()                       -   -  not shown by pagemap
     area: r--s, Rss 0 kB, Locked 0 kB; sh shared, io like device memory, pf
     frames, de cannot grow, dd not dumped
   read a byte                             0   0  not shown by pagemap
   read it again                           0   0  not shown by pagemap
   madvise(MADV_PAGEOUT), swap it out: Invalid argument
   after fork(), the child's page: it has it, too
8. Reserved frames
   only root may read /proc/kpageflags: sudo skelctl pages
TABLES
if diff /tmp/wanted /tmp/found >/tmp/diff; then
	result 0 "the counts and the areas"
else
	cat /tmp/diff
	result 1 "the counts and the areas" "see the lines above"
fi

# What root sees: the child's copy is in another frame, the parent's stays.
skelctl pages --directory /tmp | awk '
	/^[0-9]/ { section = $1 }
	/^   [a-z]/ { step = $0 }
	$1 == "frame" && section == "3." { frame[substr(step, 4, 20)] = $2 }
	END {
		parent = frame["mmap(), write a byte"]
		exit !(parent != "" && frame["the child reads     "] == parent &&
			frame["the child writes: a "] != parent &&
			frame["the child writes: a "] == frame["the child writes aga"] &&
			frame["the parent writes: n"] == parent)
	}'
result $? "frames of a copy" "not those that fork() makes"

# The nasty program: nothing is changed where it is refused, and twice is as before.
refused() { # NAME FILE TEXT REASON: with another text in the file
	echo "$3" >/tmp/other
	mount --bind /tmp/other "$2"
	before=$(cat /dev/vcs1)
	out=$(console-devmem 2>&1)
	status=$?
	umount "$2"
	[ "$status" -eq 1 ] && [ "$before" = "$(cat /dev/vcs1)" ]
	result $? "$1" "status $status, '$out', or the screen has changed"
	case $out in
	*"refused: $4"*) result 0 "$1: reason" ;;
	*) result 1 "$1: reason" "'$out'" ;;
	esac
}
head -c 14 /dev/vcs1 | grep -q '^Hello, console$'
result $? "the screen is as before" "$(head -c 80 /dev/vcs1)"
refused "outside of a virtual machine" /proc/cpuinfo "flags : fpu" "this is no virtual machine"
refused "without a text screen" /sys/class/vtconsole/vtcon0/name "(M) frame buffer device" "there is no VGA text console"

echo "end of test-tour.sh"
