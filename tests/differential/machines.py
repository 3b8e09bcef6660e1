"""The two machines that are compared: Lumos in QEMU, and Linux, which is the host. Both run the agent of
user/sysagent, on Linux compiled with its C library, so that nothing but the kernels differs."""
import os
import select
import shutil
import subprocess
import tty

import harness
from agent import Agent

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))

LINUX_AGENT = os.path.join(ROOT, "build", "host", "sysagent")


class Terminal:
    """The master side of a pseudo-terminal, with what Agent wants of a socket."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.seconds = None

    def settimeout(self, seconds):
        self.seconds = seconds

    def sendall(self, data):
        while data:
            data = data[os.write(self.descriptor, data):]

    def recv(self, size):
        if not select.select([self.descriptor], [], [], self.seconds)[0]:
            raise TimeoutError("nothing came on the line")
        return os.read(self.descriptor, size)


class Linux:
    """The agent on this host, in a network namespace of its own if one can be had."""

    def __enter__(self):
        self.master, slave = os.openpty()
        tty.setraw(slave)  # before the first frame, which would be echoed
        run = f"ip link set lo up; exec {LINUX_AGENT} {os.ttyname(slave)}"
        unshare = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
        command = ["sh", "-c", run]
        if shutil.which("unshare") and subprocess.call([*unshare, "true"], stderr=subprocess.DEVNULL) == 0:
            command = [*unshare, *command]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.agent = Agent(Terminal(self.master))
        os.close(slave)
        return self.agent

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


class Lumos:
    """The agent in a guest whose only network is loopback."""

    def __init__(self, line):
        self.line = line

    def __enter__(self):
        self.guest = harness.Guest(initrd=harness.INITRAMFS, net="none",
                                   second_serial=f"unix:{self.line},server=on,wait=on",
                                   append="shell=/bin/sysagent")
        return Agent(self.line, seconds=harness.BOOT_SECONDS)

    def __exit__(self, *_):
        self.guest.close()
