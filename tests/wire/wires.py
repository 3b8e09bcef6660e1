"""A faulty wire (tests/wire/link) between two ends, as the tests use it."""
import os
import re
import subprocess

import harness

PROGRAM = os.path.join(harness.ROOT, "build", "host", "link")


class Wire:
    """A running wire. Its ends are sides "a" and "b" of a folder; nic(side) is the network of the guest that is
    plugged in there, for harness.Guest(net=...).

    ends: the description of an end that is no guest, by side, such as {"b": "tap:tap0"}. prefix: words before the
    command line, such as "ip netns exec NAME"."""

    def __init__(self, folder, ends=None, prefix=(), seed=1, pcap=None):
        self.folder = str(folder)
        ends = ends or {}
        command = list(prefix) + [PROGRAM, "--seed", str(seed)] + (["--pcap", str(pcap)] if pcap else [])
        for side in "ab":
            command.append(ends.get(side, f"dgram:{self.folder}/{side}.wire,{self.folder}/{side}.nic"))
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def nic(self, side):
        return f"dgram:{self.folder}/{side}.nic,{self.folder}/{side}.wire"

    def command(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer == "ok", answer

    def faults(self, both=None, ab="", ba="", seed=1):
        """Sets the faults of both directions anew; without arguments the wire is perfect."""
        self.command(f"seed {seed}")
        self.command(f"ab {both or ab}")
        self.command(f"ba {both or ba}")

    def stats(self):
        """What each direction did since its faults were set: {"ab": {"sent": 5, "drop 1%": 0, ...}, "ba": ...}"""
        self.process.stdin.write("stats\n")
        self.process.stdin.flush()
        out = {}
        for _ in range(2):
            name, line = self.process.stdout.readline().strip().split(" ", 1)
            out[name] = {key: int(value) for key, value in re.findall(r"([^;]+?):? (\d+)(?:;|$) ?", line)}
        return out

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
