#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Makes DIR a copy of the module's sources: newer files are copied with their
# times, files that are gone are removed, what a build made there is kept.

. "$(dirname "$0")/lib.sh"

dst=${1:?usage: copy-sources.sh DIR}
mkdir -p "$dst"
cd "$TOP" || exit 1

list() {
	find Kbuild vmx mmu irq iommu uapi -type f \
		\( -name '*.[chS]' -o -name '*.def' -o -name Kbuild \) 2>/dev/null | sort || true
}

list | while read -r f; do
	[ "$dst/$f" -nt "$f" ] || cmp -s "$f" "$dst/$f" && continue
	mkdir -p "$(dirname "$dst/$f")"
	cp "$f" "$dst/$f" || exit 1
done || exit 1

cd "$dst" || exit 1
list | grep -v '\.mod\.c$' | while read -r f; do
	[ -e "$TOP/$f" ] || rm -f "$f" "${f%.*}.o"
done
