"""Boots Lumos and talks to its console: what every test in a guest uses."""
import os
import re
import socket
import subprocess
import sys

import pexpect

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import qemu  # noqa: E402

MODE = os.environ.get("MODE", "release")
# The build of the kernel: that of the programs or, with sanitizers, one beside it.
VARIANT = os.environ.get("VARIANT", MODE)
BUILD = os.path.join(ROOT, "build", MODE)
KERNEL = os.path.join(ROOT, "build", VARIANT, "kernel.elf")
INITRAMFS = os.path.join(BUILD, "initramfs.cpio")
TEST_INITRAMFS = os.path.join(BUILD, "test-initramfs.cpio")
ISO = os.path.join(ROOT, "build", VARIANT, "lumos.iso")

PROMPT = r"[#$] "
BOOT_SECONDS = 60


def free_port(kind=socket.SOCK_STREAM):
    """A port of this host that nobody uses now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class CommandFailed(AssertionError):
    pass


class Shell:
    """A shell on a terminal. `run` types a command and returns what it printed."""

    def __init__(self, command):
        self.console = pexpect.spawn(command[0], command[1:], encoding="utf-8", codec_errors="replace",
                                     timeout=BOOT_SECONDS, dimensions=(50, 500))
        self.console.logfile_read = open(os.path.join(BUILD, "guest-console.log"), "a", encoding="utf-8")

    def wait_for_shell(self):
        self.console.expect(PROMPT)
        return self

    def run(self, command, timeout=30, check=True):
        """The output of a shell command. Fails when its exit status is not 0, unless check is False; the
        status is then in self.status. The markers are typed in two parts, so that the echo of the command
        line cannot be taken for them."""
        separator = "" if command.rstrip().endswith("&") else ";"
        self.console.sendline(f'echo "<<"BEGIN; {command}{separator} echo "<<"END$?')
        try:
            self.console.expect(r"<<BEGIN\r*\n", timeout=timeout)
            self.console.expect(r"<<END(\d+)\r*\n", timeout=timeout)
        except pexpect.TIMEOUT:
            self.console.sendintr()  # so that the next test finds a shell
            raise CommandFailed(f"{command!r} did not end in {timeout} s:\n{clean(self.console.before)}") from None
        self.status = int(self.console.match.group(1))
        output = clean(self.console.before)
        if check and self.status != 0:
            raise CommandFailed(f"{command!r} ended with {self.status}:\n{output}")
        return output

    def start(self, command):
        """Types a command that is not waited for."""
        self.console.sendline(command)

    def expect(self, pattern, timeout=30):
        self.console.expect(pattern, timeout=timeout)
        return self.console.match

    def close(self):
        self.console.logfile_read.close()
        self.console.close(force=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Guest(Shell):
    """One running machine with a shell on its serial console.

    Fields are those of qemu.Machine, and: forward, guest ports to reach from the host (self.ports tells where);
    prefix, words before the command line, such as "ip netns exec NAME"."""

    def __init__(self, **fields):
        self.ports = {}
        prefix = fields.pop("prefix", [])
        forwards = []
        for guest_port in fields.pop("forward", ()):
            self.ports[guest_port] = free_port()
            forwards.append(f"tcp:{self.ports[guest_port]}:{guest_port}")
        if not fields.get("iso"):
            fields.setdefault("kernel", KERNEL)
            fields.setdefault("initrd", TEST_INITRAMFS)
        fields.setdefault("memory", 128)
        machine = qemu.Machine(hostfwd=",".join(forwards), serial="chardev:console", **fields)
        # Signals off: ^C is for the guest, not for QEMU.
        machine.extra += ("-chardev", "stdio,id=console,signal=off", "-monitor", "none")
        super().__init__(prefix + machine.command())

    def wait_for_network(self):
        """Until the first interface besides loopback has an address."""
        self.run("until ifconfig | grep -q 'inet 10\\.0\\.2\\.'; do sleep 0.1; done", timeout=30)
        return self

    def power_off(self, status=None):
        """Ends the machine from inside and returns QEMU's exit status."""
        self.console.sendline("poweroff" if status is None else f"poweroff {status}")
        self.console.expect(pexpect.EOF, timeout=30)
        self.console.close()
        return self.console.exitstatus


def clean(text):
    """Console output without carriage returns and colours."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "")
    return text.strip("\n")


def run_on_host(*command, timeout=60):
    """A host program's standard output; fails when it fails."""
    return subprocess.run(command, check=True, timeout=timeout, stdout=subprocess.PIPE).stdout
