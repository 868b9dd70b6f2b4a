#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs a command inside the testbench folder, with the source tree at /src.
# usage: enter.sh CMD...
# The mounts stand in a private namespace and die with the last process, so
# nothing is left mounted, however the command ends; --kill-child ends
# everything inside when this script is killed. Network is only for apt.

. "$(dirname "$0")/lib.sh"

[ $# -gt 0 ] || die "usage: enter.sh CMD..."
[ -f "$BENCH/.kl-stamp" ] || die "there is no testbench folder yet: run 'make testbench' first"
[ "$(id -u)" -eq 0 ] || die "the testbench needs root (it mounts and enters build/bench)"

export BENCH TOP
exec unshare --mount --pid --fork --kill-child --propagation private -- \
	/bin/bash -c '
	mount --rbind /dev "$BENCH/dev" &&
	{ mount -t proc proc "$BENCH/proc" 2>/dev/null || mount --rbind /proc "$BENCH/proc"; } &&
	mount --bind "$TOP" "$BENCH/src" || {
		echo "kvm-lite: cannot mount inside the testbench folder" \
			"(a container without CAP_SYS_ADMIN?)" >&2
		exit 2
	}
	[ -z "${KL_NET:-}" ] || cp -L /etc/resolv.conf "$BENCH/etc/resolv.conf" 2>/dev/null
	exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		TERM="${TERM:-dumb}" DEBIAN_FRONTEND=noninteractive \
		INITRD=No /usr/sbin/chroot "$BENCH" "$@"
	' enter "$@"
