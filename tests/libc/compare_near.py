#!/usr/bin/env python3
"""Compares what near_*.c printed with two libraries: results may differ by one unit in the last place.

    compare_near.py OURS HOST
"""
import collections
import sys

worst, differ, count = collections.Counter(), collections.Counter(), collections.Counter()
failures = 0


def ordered(bits):
    """Maps a double's bits to an integer so that neighbours differ by one."""
    return bits if bits < 1 << 63 else (1 << 63) - bits


for ours, host in zip(open(sys.argv[1]), open(sys.argv[2]), strict=True):
    name = ours.split()[0]
    count[name] += 1
    if ours == host:
        continue
    differ[name] += 1
    distance = abs(ordered(int(ours.split()[-1], 16)) - ordered(int(host.split()[-1], 16)))
    worst[name] = max(worst[name], distance)
    if distance > (0 if name.startswith("=") else 1):
        failures += 1
        if failures < 20:
            print("FAIL", ours.strip(), "host", host.split()[-1])
print(f"{'FAIL' if failures else 'ok'} near: {sum(count.values())} results, {sum(differ.values())} differ, {failures} by too much")
if "-v" in sys.argv:
    for name in sorted(differ):
        print(f"  {name}: {differ[name]} of {count[name]} differ, at most by {worst[name]}")
sys.exit(failures != 0)
