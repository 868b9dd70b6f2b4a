#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Prints the demo's figures as a table: demo_report.py demo.json"""

import json
import sys


def show(value):
    """A figure that the module does not give is null in the file."""
    return "not given" if value is None else f"{value:,}"


def rows(data):
    init = data["tsc_to_init"]
    yield "instructions to guest init", f"{init:,}" if init else "guest init not reached"
    exits = data["exits"]
    yield "exits", f"{sum(exits.values()):,}"
    for reason, count in sorted(exits.items(), key=lambda e: -e[1]):
        if count:
            yield f"  {reason}", f"{count:,}"
    yield "EPT violations", show(data["ept_violations"])
    for size in ("4k", "2m", "1g"):
        yield f"pages mapped, {size.upper()}", show(data["pages"][size])
    yield "guest's exit status", str(data["exit_status"])


def main():
    try:
        with open(sys.argv[1], encoding="utf-8") as f:
            data = json.load(f)
        table = list(rows(data))
    except (OSError, ValueError, KeyError, TypeError) as e:
        sys.exit(f"kvm-lite: {sys.argv[1]} does not hold the demo's figures: {e!r}")
    width = max(len(name) for name, _ in table)
    line = "+" + "-" * (width + 2) + "+" + "-" * 24 + "+"
    print(line)
    for name, value in table:
        print(f"| {name:<{width}} | {value:>22} |")
    print(line)


main()
