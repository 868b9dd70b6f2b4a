# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What every script of the testbench shares: where things are, how a step is
# announced, how a script ends with a reason. Sourced, never run.

set -u -o pipefail

TB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$TB/../.." && pwd)
BUILD=$TOP/build
BENCH=$BUILD/bench
RESULTS=$BUILD/results

# CPU models that boot the stock kernel on the bench and give VT-x.
MODELS="core2_penryn_t9600 corei5_lynnfield_750 corei7_sandy_bridge_2600k \
corei7_haswell_4770 corei7_skylake_x corei7_icelake_u arrow_lake"
DEFAULT_MODEL=corei7_icelake_u

say() { printf '%s\n' "$*" >&2; }

die() {
	printf 'kvm-lite: %s\n' "$*" >&2
	exit 2
}

# step TEXT: one numbered line with the seconds since the first step.
# The counter is exported, so scripts called by a script go on counting.
step() {
	: "${KL_T0:=$(date +%s)}"
	KL_STEP=$((${KL_STEP:-0} + 1))
	export KL_T0 KL_STEP
	printf '[%3ds] %2d. %s\n' $(($(date +%s) - KL_T0)) "$KL_STEP" "$*" >&2
}

# detail TEXT: what happens inside a step.
detail() {
	: "${KL_T0:=$(date +%s)}"
	export KL_T0
	printf '[%3ds]     %s\n' $(($(date +%s) - KL_T0)) "$*" >&2
}

# patient SECONDS LABEL CMD...: run CMD with its output in a log; a line every
# SECONDS seconds shows that it is alive; on failure the end of the log follows.
patient() {
	local every=$1 label=$2 log pid rc=0 n=0
	shift 2
	mkdir -p "$BUILD/log"
	log=$BUILD/log/${label//[^A-Za-z0-9]/_}.$$.log
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		read -r -t 1 <> <(:) || true
		n=$((n + 1))
		[ $((n % every)) -ne 0 ] ||
			detail "$label: $(tail -n 1 "$log" | tr -d '\r' | cut -c1-100)"
	done
	wait "$pid" || rc=$?
	if [ "$rc" -ne 0 ]; then
		say "kvm-lite: $label failed (status $rc), the end of $log:"
		tail -n 25 "$log" >&2
	else
		rm -f "$log"
	fi
	return "$rc"
}

# locked NAME CMD...: run CMD while no other process holds the lock NAME.
locked() {
	local name=$1
	shift
	mkdir -p "$BUILD/lock"
	(
		exec 8>"$BUILD/lock/$name"
		if ! flock -n 8; then
			detail "waiting for another make that holds the lock '$name'"
			flock 8
		fi
		"$@" 8>&-
	)
}

# check_model NAME: refuse a name that is no CPU model of the bench.
check_model() {
	case " $MODELS " in
	*" $1 "*) [ -n "$1" ] && return 0 ;;
	esac
	die "MODEL=$1 is no CPU model of the bench; it knows: $MODELS"
}

# in_bench CMD...: run CMD inside the testbench folder (see enter.sh).
in_bench() { "$TB/enter.sh" "$@"; }

# Command line of the guest of demo and bench: no initcalls that it does not need.
GUEST_CMDLINE="console=ttyS0,115200 quiet nokaslr mitigations=off panic=-1 pci=off tsc=reliable \
nowatchdog lsm= cryptomgr.notests initcall_blacklist=load_system_certificate_list,\
jent_mod_init,trace_eval_init,init_kprobe_trace,bpf_dummy_struct_ops_init,slab_sysfs_init,\
param_sysfs_builtin_init"
