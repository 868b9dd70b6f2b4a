#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Puts the two columns of `make bench` side by side.

usage: bench_report.py DIR OUT.json CPU-MODEL on|off

Reads DIR/rows.kvmlite and DIR/rows.kvm, one "name unit value" a line; prints a
table; writes a list of {name, unit, kvmlite, kvm, ratio, cpu, mitigations}.
A row that one side cannot do has null there and no ratio.
"""

import json
import os
import sys


def read(path):
    rows = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            parts = line.split()
            if len(parts) == 3:
                try:
                    rows[parts[0]] = (parts[1], float(parts[2]))
                except ValueError:
                    sys.exit(f"bench_report.py: {path}: '{line.strip()}' has no number")
    return rows


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value == int(value) or value >= 1000 else f"{value:,.1f}"


def main():
    if len(sys.argv) != 5:
        sys.exit("usage: bench_report.py DIR OUT.json CPU-MODEL on|off")
    directory, out, model, mitigations = sys.argv[1:]
    ours = read(f"{directory}/rows.kvmlite")
    theirs = read(f"{directory}/rows.kvm")
    result = []
    print(f"\n{'row':<22} {'unit':<14} {'kvmlite':>14} {'kvm':>14} {'ratio':>7}")
    for name in list(ours) + [n for n in theirs if n not in ours]:
        unit = (ours.get(name) or theirs.get(name))[0]
        a = ours[name][1] if name in ours else None
        b = theirs[name][1] if name in theirs else None
        ratio = round(a / b, 3) if a is not None and b else None
        print(f"{name:<22} {unit:<14} {number(a):>14} {number(b):>14} "
              f"{'-' if ratio is None else f'{ratio:.3f}':>7}")
        result.append({"name": name, "unit": unit, "kvmlite": a, "kvm": b, "ratio": ratio,
                       "cpu": model, "mitigations": mitigations})
    print(f"CPU model {model}, mitigations {mitigations}")
    with open(out + ".tmp", "w", encoding="utf-8") as f:
        json.dump(result, f, indent=1)
        f.write("\n")
    os.rename(out + ".tmp", out)


main()
