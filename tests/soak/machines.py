"""The machines of the soak: Lumos and Linux guests with one interface, and the two ends of one faulty wire. The host
itself, as one more machine, is in host.py."""
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "guest"))
sys.path.insert(0, os.path.join(HERE, "..", "wire"))
import harness  # noqa: E402
import wires  # noqa: E402

FULL = os.environ.get("SOAK") == "full"
ADDRESS = {"a": "10.9.0.1", "b": "10.9.0.2"}
OTHER_SIDE = {"a": "b", "b": "a"}
MAC = {"a": "52:54:00:00:00:0a", "b": "52:54:00:00:00:0b"}
LINUX_FOLDER = os.path.join(harness.ROOT, "build", "linux")
# A machine with other work does everything more slowly.
PATIENCE = 10


def edition(short, full):
    """A length for `make test`, and one for `make soak`."""
    return full if FULL else short


class Qmp:
    """QEMU's control socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r")
        self.lines.readline()
        self.call("qmp_capabilities")

    def call(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while "return" not in (answer := json.loads(self.lines.readline())):
            assert "error" not in answer, answer
        return answer["return"]

    def monitor(self, line):
        """A command of the human monitor; its output."""
        return self.call("human-monitor-command", **{"command-line": line})


class Peer:
    """What all machines have in common: a shell, files, and servers that send them. Needs harness.Shell beside it."""

    system = ""

    def make_file(self, name, size):
        """A file of `size` random bytes; returns its SHA-256."""
        self.run(f"head -c {size} /dev/urandom > {name}", timeout=30 * PATIENCE)
        return self.sha256(name)

    def sha256(self, name):
        return self.run(f"sha256sum {name}", timeout=30 * PATIENCE).split()[0]

    @staticmethod
    def fetch_command(url, file):
        return f"wget -q -O {file} {url}"

    @staticmethod
    def receive_command(address, port, file):
        """Connects, says nothing, and stores what comes."""
        return f"nc {address} {port} < /dev/null > {file}"

    def serve(self, folder="/tmp"):
        """httpd on port 80, unless it runs."""
        if not self.listens(80):
            self.run(self.httpd_command.format(folder))
            self.wait_for_listener(80)

    def listens(self, port):
        return re.search(rf":{port}\b.*LISTEN", self.run("netstat -ltn")) is not None

    def wait_for_listener(self, port):
        self.wait_until(lambda: self.listens(port), f"a listener on port {port}")

    @staticmethod
    def wait_until(holds, what, seconds=10 * PATIENCE):
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            time.sleep(0.1)

    def connections(self):
        """Lines of netstat about TCP connections, without listeners and TIME_WAIT."""
        return [line for line in self.run("netstat -tn").split("\n")
                if line.startswith("tcp") and "TIME_WAIT" not in line]

    def retransmitted(self):
        """Segments that TCP has sent again since the start."""
        names, values = [line.split() for line in self.run("grep ^Tcp: /proc/net/snmp").split("\n")]
        return int(values[names.index("RetransSegs")])


class Machine(Peer, harness.Guest):
    """A guest at one side of a wire."""

    def __init__(self, wire, side, **fields):
        self.side, self.address = side, ADDRESS[side]
        self.control_path = f"{wire.folder}/{side}.qmp"
        super().__init__(net=wire.nic(side), mac=MAC[side],
                         extra=("-qmp", f"unix:{self.control_path},server=on,wait=off"), **fields)
        self.console.timeout = 30 * PATIENCE
        self.wait_for_shell()
        self.qmp = Qmp(self.control_path)

    def drop_power(self):
        """The plug is pulled: QEMU is gone at once."""
        self.console.kill(9)
        self.console.wait()
        self.close()


class Lumos(Machine):
    system = "lumos"
    httpd_command = "httpd -p 80 {} &"

    @staticmethod
    def send_command(port, file):
        """Waits for a connection and sends a file into it."""
        return f"nc -l -p {port} < {file} > /dev/null"

    def __init__(self, wire, side, memory=128, append=""):
        gateway = ADDRESS[OTHER_SIDE[side]]
        super().__init__(wire, side, memory=memory, append=f"ip={ADDRESS[side]}/24,gw={gateway} test {append}")

    def counters(self):
        """What must be back where it was when all is over: sockets, connections, and the memory that the kernel
        has given out, by purpose (not for stacks, of which it keeps some, nor for programs that go on running)."""
        sockstat = self.run("cat /proc/net/sockstat")
        meminfo = self.run("cat /proc/meminfo")
        out = {"sockets": int(re.search(r"sockets: used (\d+)", sockstat).group(1))}
        for name in ("inuse", "orphan", "tw", "alloc"):
            out["TCP " + name] = int(re.search(rf"TCP:.* {name} (\d+)", sockstat).group(1))
        for tag in ("skb", "skb_data", "socket", "task", "file", "pipe"):
            out["bytes of " + tag] = int(re.search(rf"Tag:{tag} +(\d+) B", meminfo).group(1))
        return out


class Linux(Machine):
    system = "linux"
    httpd_command = "httpd -p 80 -h {}"

    @staticmethod
    def send_command(port, file):
        """As above. busybox's nc ends when the peer closes its direction, so another program does the sending."""
        return f"nc -l -p {port} -e cat {file}"

    def __init__(self, wire, side, memory=192):
        # no_timer_check: on a busy host the emulated timer is late for the kernel's check, which would panic.
        super().__init__(wire, side, memory=memory, kernel=os.path.join(LINUX_FOLDER, "vmlinuz"),
                         initrd=os.path.join(LINUX_FOLDER, "initramfs.cpio"),
                         append=f"console=ttyS0 quiet no_timer_check address={ADDRESS[side]}/24")


def make_linux():
    """Fails with CalledProcessError when Debian's kernel cannot be had."""
    wanted = [os.path.join(HERE, name) for name in ("make_linux", "linux_init")]
    stamp = os.path.join(LINUX_FOLDER, "made-from")
    digest = hashlib.sha256(b"".join(open(path, "rb").read() for path in wanted)).hexdigest()
    if os.path.exists(stamp) and open(stamp, encoding="ascii").read() == digest:
        return
    subprocess.run([wanted[0], LINUX_FOLDER], check=True, timeout=600)
    with open(stamp, "w", encoding="ascii") as file:
        file.write(digest)


class Pair:
    """Two machines on one wire. `ends` as wires.Wire has it, for one that is no guest, and `prefix`, too."""

    def __init__(self, folder, make_a, make_b, **wire):
        self.wire = wires.Wire(folder, **wire)
        try:
            self.a = make_a(self.wire, "a")
            self.b = make_b(self.wire, "b")
            # QEMU's card hears nothing in its first second.
            self.a.run(f"until ping -c 1 -W 1 {self.b.address}; do true; done", timeout=30 * PATIENCE)
        except BaseException:
            self.close()
            raise

    def other(self, machine):
        return self.b if machine is self.a else self.a

    def close(self):
        for machine in (getattr(self, "a", None), getattr(self, "b", None)):
            if machine is not None:
                machine.close()
        self.wire.close()
