#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs in the emulated host: each kselftest named in /payload/list, the module
# loaded before it and unloaded after it; a script among them does both itself. That
# rmmod succeeds proves that the test left no VM, no descriptor and no reference; a
# line of the kernel's that complains fails the test it came with. Prints one KTAP
# document.

cd /payload || exit 2
complaints='BUG:|WARNING:|Oops|Call Trace|general protection|unable to handle|refcount_t|UBSAN'
count=$(grep -c . list) || exit 2
n=0
failed=0
echo "KTAP version 1"
echo "1..$count"
while read -r name args; do
	[ -n "$name" ] || continue
	n=$((n + 1))
	why=
	skip=
	: >/tmp/out
	before=$(dmesg | wc -l)
	loaded=
	case $name in
	*.sh) ;;
	*) loaded=1 ;;
	esac
	if [ -z "$loaded" ] || insmod ./kvmlite.ko $MODARGS 2>/tmp/err; then
		# shellcheck disable=SC2086
		timeout -s KILL 240 "./$name" $args >/tmp/out 2>&1 </dev/null
		rc=$?
		case $rc in
		0) ;;
		4) skip=1 ;;
		137) why="did not end within 240 emulated seconds" ;;
		*) why="exit status $rc" ;;
		esac
		grep -q '^ok ' /tmp/out || [ -n "$why$skip" ] || why="reported no result"
		grep -q '^not ok ' /tmp/out && why="${why:-a part of it failed}"
		[ -z "$loaded" ] || rmmod kvmlite 2>/tmp/err ||
			why="${why:+$why; }left the module in use: $(cat /tmp/err)"
	else
		why="the module did not load: $(cat /tmp/err)"
	fi
	dmesg | tail -n +$((before + 1)) >/tmp/dmesg.new
	grep -qE "$complaints" /tmp/dmesg.new && why="${why:+$why; }the kernel complained"
	# A test that died before its plan was through still is a document.
	sed -e 's/^TAP version 13$/KTAP version 1/' -e 's/\r$//' \
		-e '/^KTAP version\|^1\.\.[0-9]\|^ok \|^not ok \|^ /!s/^\(# \)\{0,1\}/# /' \
		-e 's/^/  /' /tmp/out
	if [ -n "$why" ]; then
		sed 's/^/  # dmesg: /' /tmp/dmesg.new
		echo "not ok $n $name # $why"
		failed=$((failed + 1))
	elif [ -n "$skip" ]; then
		echo "ok $n $name # SKIP $(sed -n 's/.*SKIP *//p' /tmp/out | head -n 1)"
	else
		echo "ok $n $name"
	fi
	[ ! -d /sys/module/kvmlite ] || rmmod kvmlite 2>/dev/null || {
		echo "Bail out! the module cannot be unloaded"
		exit 1
	}
done <list
[ "$failed" -eq 0 ]
