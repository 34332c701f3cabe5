#!/bin/busybox sh
# shellcheck shell=dash
# shellcheck disable=SC1091,SC2154 # /run.sh is made for each run: lab_*, rw_dirs and run_command
# What does the emulated KVM host (L1) do between its kernel and the command? PID 1 of it: loads
# the modules, builds a root out of the machine's own files, runs the command in it, and reports.
# Every fork and exec costs some 45 ms here, so builtins are used wherever they do.

die()
{
	echo "kvm-lab: inside: $*; see the lines above" >/dev/console
	# Without the mark on its ports the outside knows that this did not work. Should the
	# trigger not be there either, the end of PID 1 is a panic, which resets as well.
	echo b >/proc/sysrq-trigger
	exit 1
}

# Busybox finds its own applets, without a link for each, as soon as /proc is there.
/bin/busybox mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
# A stopped vCPU of an overcommitted machine is no lockup, and says nothing about the command.
echo 0 2>/dev/null >/proc/sys/kernel/watchdog

. /run.sh

# KVM keeps the TSC's frequency that it finds when it is loaded. The kernel measures it a second time, some
# 2 s after its start; should the first measurement have been 250 ppm too low, as on a busy machine, guests
# that are made later get a TSC that KVM believes to stand still, and timers that never fire.
wait_for_tsc()
{
	n=0
	while read -r clock </sys/devices/system/clocksource/clocksource0/current_clocksource &&
		[ "$clock" = tsc-early ] && [ "$n" -lt 100 ]; do
		sleep 0.1
		n=$((n + 1))
	done
}

for module in /modules/*; do
	case $module in
	*-kvm.ko) wait_for_tsc ;;
	esac
	insmod "$module" || die "loading ${module##*/}: it failed"
done

# A second bound, for the case that the process outside is no longer there to end us.
(
	sleep "$lab_limit"
	echo b >/proc/sysrq-trigger
) &
watchdog=$!

# The numbers of the ports vary, their names do not.
port_out='' port_err='' port_tick=''
for name in /sys/class/virtio-ports/*/name; do
	read -r port <"$name" || continue
	node=${name%/name}
	case $port in
	out | err | tick) eval "port_$port=/dev/${node##*/}" ;;
	esac
done
case $port_out:$port_err:$port_tick in
:* | *::* | *:) die "the ports: not all there" ;;
esac
# What comes there is of no interest but for its interrupt (kvm-lab). A port has no end, but looks as if it
# had while the kernel has not yet heard that its other side is open.
(
	while :; do
		cat "$port_tick"
		sleep 1
	done >/dev/null
) &
cat_tick=$!

p9=trans=virtio,version=9p2000.L,msize=512000,cache=loose
mkdir -p /lower /upper /new
mount -t 9p -o "ro,$p9" root /lower || die "mounting the machine's root: it failed"
mount -t tmpfs -o mode=0755 upper /upper
mkdir /upper/changes /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/changes,workdir=/upper/work root /new ||
	die "mounting the overlay: it failed"

mount -t proc proc /new/proc
mount -t sysfs sys /new/sys
mount -t tracefs trace /new/sys/kernel/tracing
mount -t debugfs debug /new/sys/kernel/debug
mount -t cgroup2 cgroup /new/sys/fs/cgroup
mount -t bpf bpf /new/sys/fs/bpf
mount -t devtmpfs dev /new/dev
mkdir -p /new/dev/pts /new/dev/shm
mount -t devpts -o mode=0620,ptmxmode=0666 pts /new/dev/pts
mount -t tmpfs -o mode=1777 shm /new/dev/shm
# Not the overlay: what is made in /tmp is many files and sockets, and all of it is new.
n=0
keep()
{
	n=$((n + 1))
	mkdir -p "/keep/$n"
	mount --bind "/new$1" "/keep/$n" || die "folder '$1': it cannot be kept"
}
shown_dirs keep
mount -t tmpfs -o mode=1777 tmp /new/tmp
n=0
show()
{
	n=$((n + 1))
	mkdir -p "/new$1"
	mount --bind "/keep/$n" "/new$1" || die "folder '$1': it cannot be shown"
}
shown_dirs show
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
ln -s fd/1 /dev/stdout
ln -s fd/2 /dev/stderr
ip link set lo up
echo kvm-lab >/proc/sys/kernel/hostname

# What is written to a shared folder reaches the machine within about a second, even if this
# host is ended early.
echo 50 >/proc/sys/vm/dirty_writeback_centisecs
echo 100 >/proc/sys/vm/dirty_expire_centisecs

tag=0
mount_rw()
{
	mkdir -p "/new$1" || die "folder '$1': it cannot be made"
	mount -t 9p -o "rw,$p9" "rw$tag" "/new$1" || die "mounting '$1': it failed"
	tag=$((tag + 1))
}
rw_dirs

# A port can be open once only, and commands do open /dev/stderr again; so the command gets a
# pipe, and a cat of our own holds the port.
mkfifo /out /err
cat /out >"$port_out" &
cat_out=$!
cat /err >"$port_err" &
cat_err=$!

# A session of its own, so that a command that signals its process group does not meet the cats.
(
	exec </dev/null >/out 2>/err
	ulimit -Hn "$lab_nofile_hard"
	ulimit -Sn "$lab_nofile_soft"
	run_command
) &
command=$!
wait $command
status=$?

# The pipes are at their end when nobody holds them any more. Daemons that the command left
# behind hold them for ever, so these are given half a second and are then ended.
(
	sleep 0.5
	read -r self _ </proc/self/stat
	for stat in /proc/[0-9]*/stat; do
		pid=${stat#/proc/}
		pid=${pid%/stat}
		read -r line <"$stat" || continue
		# The second field after the name is the parent; 2 is the parent of kernel threads.
		# shellcheck disable=SC2086
		set -- ${line##*) }
		case $pid:$2 in
		1:* | 2:* | *:2 | $cat_out:* | $cat_err:* | $cat_tick:* | *:$cat_tick | $watchdog:* | *:$watchdog | $self:*) ;;
		*) kill -9 "$pid" ;;
		esac
	done
) &
wait $cat_out
wait $cat_err

sync
# The mark is the last thing on each port; when it has come through, the outside ends this host.
echo "$lab_mark$status" >"$port_out"
echo "$lab_mark$status" >"$port_err"
while :; do
	sleep 3600
done
