#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Checks that every source file of the module includes only headers of its own
# layer or a lower one. Prints KTAP; the last test proves on a small made-up
# tree that a violation is found. check_layers.sh [DIR] checks another tree.

set -u -o pipefail
cd "${1:-$(dirname "$0")/..}" || exit 2

# Bottom to top. The lower half of vmx/ knows no vCPU; it is named by file.
LAYERS="vmx-lower mmu irq iommu vmx-upper uapi"
VMX_LOWER='host host_fpu vmx_asm fields caps controls vmxon vmcs explain explain_[a-z]+ bits entry'
# May be included from everywhere but the lower half of vmx/: the one shared
# definition of VM and vCPU, our ABI, the tracepoints.
SHARED='uapi/object.h uapi/kvmlite.h uapi/trace.h'

# Read "file header" pairs; print those that break the order.
judge() {
	awk -v layers="$LAYERS" -v lower="$VMX_LOWER" -v shared="$SHARED" '
	function rank(path,    dir, base) {
		dir = path; sub(/\/.*/, "", dir)
		base = path; sub(/.*\//, "", base); sub(/\.[^.]*$/, "", base)
		if (dir == "vmx")
			dir = (base ~ lower_re) ? "vmx-lower" : "vmx-upper"
		return (dir in order) ? order[dir] : 0
	}
	BEGIN {
		n = split(layers, l, " ")
		for (i = 1; i <= n; i++) order[l[i]] = i
		gsub(/ /, "|", lower); lower_re = "^(" lower ")$"
		m = split(shared, s, " ")
		for (i = 1; i <= m; i++) common[s[i]] = 1
	}
	{
		mine = rank($1); its = rank($2)
		if (!its || its <= mine) next
		if (($2 in common) && mine > 1) next
		printf "%s (%s) includes %s (%s)\n", $1, l[mine], $2, l[its]
	}'
}

# Print "file header" for each #include "..." below the layers' folders; a header
# is looked for beside the file, then from the top.
pairs() {
	find vmx mmu irq iommu uapi -name '*.[chS]' 2>/dev/null | sort | while read -r f; do
		sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$f" |
			while read -r h; do
				if [ -e "$(dirname "$f")/$h" ]; then
					h=$(realpath -m --relative-to=. "$(dirname "$f")/$h")
				fi
				echo "$f $h"
			done
	done
}

if [ $# -gt 0 ]; then
	bad=$(pairs | judge)
	[ -z "$bad" ] || echo "$bad"
	[ -z "$bad" ]
	exit
fi

echo "KTAP version 1"
echo "1..2"
rc=0
bad=$(pairs | judge)
if [ -z "$bad" ]; then
	echo "ok 1 every file includes its own or lower layers only"
else
	printf '%s\n' "$bad" | sed 's/^/# /'
	echo "not ok 1 every file includes its own or lower layers only"
	rc=1
fi

# Each of these but the last two must be found, those must not.
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp"/{vmx,mmu,irq,uapi}
touch "$tmp"/{vmx/run.h,vmx/caps.h,mmu/mmu.h,uapi/ioctl.h,uapi/object.h}
echo '#include "../uapi/object.h"' >"$tmp/vmx/caps.c"
echo '#include "mmu/mmu.h"' >"$tmp/vmx/vmxon.c"
echo '# include "../vmx/run.h"' >"$tmp/mmu/fault.c"
echo '#include "uapi/ioctl.h"' >"$tmp/irq/lapic.c"
echo '#include "../uapi/object.h"' >"$tmp/mmu/ept.c"
echo '#include "../vmx/caps.h"' >"$tmp/uapi/dev.c"
found=$("$0" "$tmp")
want="irq/lapic.c mmu/fault.c vmx/caps.c vmx/vmxon.c"
if [ "$(cut -d' ' -f1 <<<"$found" | sort | xargs)" = "$want" ]; then
	echo "ok 2 violations in a made-up tree are found"
else
	printf '%s\n' "found: $found" | sed 's/^/# /'
	echo "not ok 2 violations in a made-up tree are found"
	rc=1
fi
exit $rc
