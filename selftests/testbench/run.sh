#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Boots the emulated host once and runs one command there, its console live on
# standard output; the exit status is the command's.

. "$(dirname "$0")/lib.sh"

usage() {
	cat <<'USAGE'
usage: selftests/testbench/run.sh --cmd 'SHELL COMMAND' [option...]
  --name N          name of the run: its files are in build/run/N (default: adhoc)
  --payload DIR     copied to /payload of the emulated host (repeatable; /payload
                    is in PATH there)
  --model M         CPU model (default corei7_icelake_u)
  --cpus N          emulated CPUs, 1..8 (default 1)
  --mem MB          memory of the emulated host (default 512)
  --timeout S       stop it after S seconds (default 300)
  --stall S         stop it when no console has said anything for S seconds
                    (default: only --timeout counts)
  --modules "A B"   stock kernel modules loaded before the command
  --bring "A B"     stock modules taken along; the command runs: load A
  --append "ARGS"   more kernel command line
  --mitigations     boot with the kernel's own mitigations (default: off)
  --ips N           Bochs's instructions per emulated second
  --allow-oops      do not fail when the emulated host's kernel complains
  --interactive     connect the terminal (Ctrl-a x leaves)
What the command writes to /results/FILE comes back as build/run/N/results/FILE;
dmesg is always there. Status 124: time is up, 125: the bench failed, 70: the
emulated host's kernel complained.
USAGE
}

name=adhoc model=$DEFAULT_MODEL cpus=1 mem=512 timeout=300 stall=0 load='' bring='' append=''
mitigations=false ips=10000000 oops=false interactive=false cmd=''
payloads=()
[ $# -gt 0 ] || { usage; exit 2; }
while [ $# -gt 0 ]; do
	case $1 in
	--mitigations) mitigations=true; shift; continue ;;
	--allow-oops) oops=true; shift; continue ;;
	--interactive) interactive=true; shift; continue ;;
	-h | --help) usage; exit 0 ;;
	esac
	[ $# -ge 2 ] || die "run.sh: $1 needs a value (see --help)"
	case $1 in
	--name) name=$2 ;;
	--payload) payloads+=("$2") ;;
	--model) model=$2 ;;
	--cpus) cpus=$2 ;;
	--mem) mem=$2 ;;
	--timeout) timeout=$2 ;;
	--stall) stall=$2 ;;
	--modules) load=$2 ;;
	--bring) bring=$2 ;;
	--append) append=$2 ;;
	--ips) ips=$2 ;;
	--cmd) cmd=$2 ;;
	*) die "run.sh knows no option '$1' (see --help)" ;;
	esac
	shift 2
done

number() { # NAME VALUE MIN MAX
	[[ $2 =~ ^[0-9]{1,10}$ ]] && [ "$2" -ge "$3" ] && [ "$2" -le "$4" ] ||
		die "run.sh: $1 must be a number from $3 to $4, not '$2'"
}
number --cpus "$cpus" 1 8
number --mem "$mem" 128 2048
number --timeout "$timeout" 1 7200
number --stall "$stall" 0 7200
[ "$stall" -gt 0 ] || stall=$timeout
number --ips "$ips" 1000000 1000000000
check_model "$model"
[[ $name =~ ^[A-Za-z0-9._-]+$ ]] && [[ $name != .* ]] ||
	die "run.sh: --name takes letters, digits, dot, dash and underscore, not '$name'"
[ -n "$cmd" ] || die "run.sh: nothing to do, give --cmd"
for p in "${payloads[@]}"; do
	[ -d "$p" ] || die "run.sh: --payload $p is no directory"
done
if $interactive && ! { [ -t 0 ] && [ -t 1 ]; }; then
	die "an interactive shell needs a terminal on standard input and output"
fi
for m in $load $bring; do
	[[ $m =~ ^[A-Za-z0-9_-]+$ ]] || die "run.sh: '$m' is no module name"
done

json_string() { # control characters do not occur in options, but newline and tab do
	local s=${1//\\/\\\\}
	s=${s//\"/\\\"} s=${s//$'\t'/\\t}
	printf '"%s"' "${s//$'\n'/\\n}"
}
json_list() {
	local sep='' w
	printf '['
	for w in $1; do
		printf '%s"%s"' "$sep" "$w"
		sep=,
	done
	printf ']'
}

"$TB/boot-image.sh" || exit 125
run=$BUILD/run/$name
mkdir -p "$BUILD/lock" "$BUILD/run"
exec 7>"$BUILD/lock/run-$name"
flock -n 7 || die "a run named '$name' is going on already; give another --name"
rm -rf "$run"
mkdir -p "$run/payload"
for p in "${payloads[@]}"; do
	cp -a --reflink=auto "$p/." "$run/payload/" || die "cannot copy the payload $p"
done
cat >"$run/job.json" <<JSON
{ "cmd": $(json_string "$cmd"), "model": "$model", "cpus": $cpus, "mem": $mem,
  "timeout": $timeout, "stall": $stall, "load": $(json_list "$load"), "bring": $(json_list "$bring"),
  "append": $(json_string "$append"), "mitigations": $mitigations, "ips": $ips,
  "allow_oops": $oops, "interactive": $interactive }
JSON
in_bench python3 "/src/selftests/testbench/boot.py" "/src/build/run/$name" 7>&-
