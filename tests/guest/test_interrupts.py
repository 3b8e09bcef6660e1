"""Interrupts from outside: non-maskable ones at any instruction, and that an idle machine idles."""
import json
import os
import re
import socket
import time

import pexpect
from harness import INITRAMFS, KERNEL, Guest


class Monitor:
    """QEMU's machine protocol on a socket."""

    def __init__(self, path):
        self.stream = socket.socket(socket.AF_UNIX)
        self.stream.connect(path)
        self.lines = self.stream.makefile("rw")
        self.lines.readline()
        self.execute("qmp_capabilities")

    def execute(self, command):
        self.lines.write(json.dumps({"execute": command}) + "\n")
        self.lines.flush()
        while True:
            answer = json.loads(self.lines.readline())
            if "return" in answer or "error" in answer:
                return answer


def interrupts(guest, name):
    return int(re.search(rf"^ *{name}: +(\d+)", guest.run("cat /proc/interrupts"), re.MULTILINE).group(1))


def test_non_maskable_interrupts(tmp_path):
    """They come between any two instructions of the entry code too; nothing may be lost or mixed up."""
    path = str(tmp_path / "qmp")
    with Guest(kernel=KERNEL, initrd=INITRAMFS, extra=("-qmp", f"unix:{path},server=on,wait=off")) as guest:
        guest.wait_for_shell()
        monitor = Monitor(path)
        # Two system calls a byte, page faults, and switches by the pipe.
        guest.start("dd if=/dev/zero bs=1 count=100000 2> /dev/null | sha256sum")
        sent = 0
        while guest.console.expect(["9192c25b734fcbad", pexpect.TIMEOUT], timeout=0) == 1:
            for _ in range(200):
                assert "return" in monitor.execute("inject-nmi")
            sent += 200
            assert sent < 1_000_000
        assert sent > 1000
        assert interrupts(guest, "NMI") > sent // 10  # those that come while one is pending are one


def test_idle():
    """At the prompt the guest uses under 3 % of a processor."""
    with Guest(kernel=KERNEL, initrd=INITRAMFS) as guest:
        guest.wait_for_shell().wait_for_network()

        def cpu_seconds():
            with open(f"/proc/{guest.console.pid}/stat", encoding="ascii") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

        before = cpu_seconds()
        time.sleep(5)  # the passing of time is what is measured here
        assert cpu_seconds() - before < 0.03 * 5
