"""The host as a machine of the soak: its own programs, in a network namespace of which a tap device is an end of the
wire."""
import os
import subprocess

import harness
from machines import ADDRESS, PATIENCE, Peer


class Namespace:
    """A network namespace with a tap device that has the address of side "b". Needs root."""

    def __init__(self):
        self.name = f"lumos-soak-{os.getpid()}"
        self.prefix = ["ip", "netns", "exec", self.name]
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        for command in ("link set lo up", "tuntap add tap0 mode tap", f"addr add {ADDRESS['b']}/24 dev tap0",
                        "link set tap0 up"):
            subprocess.run(["ip", "-n", self.name] + command.split(), check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["ip", "netns", "del", self.name], check=True)


class Host(Peer, harness.Shell):
    """A shell in the namespace with a /tmp of its own, and what a Linux host has: curl, socat, Python's web server."""

    system = "host"
    httpd_command = "/usr/bin/python3 -m http.server 80 --directory {} > /dev/null 2>&1 &"

    def __init__(self, namespace, side):
        self.namespace, self.side, self.address = namespace, side, ADDRESS[side]
        script = "mount -t tmpfs none /tmp && cd /tmp && exec env PS1='host# ' ENV= sh -i"
        super().__init__(namespace.prefix + ["unshare", "--mount", "sh", "-c", script])
        self.console.timeout = 30 * PATIENCE
        self.wait_for_shell()

    @staticmethod
    def fetch_command(url, file):
        return f"curl -sS -f -o {file} {url}"

    @staticmethod
    def send_command(port, file):
        return f"socat -u OPEN:{file} TCP-LISTEN:{port},reuseaddr"

    @staticmethod
    def receive_command(address, port, file):
        return f"socat -u TCP:{address}:{port} CREATE:{file}"

    def listens(self, port):
        return self.run(f"ss -Hltn sport = :{port}") != ""

    def connections(self):
        return [line for line in self.run("ss -Htn").split("\n") if line and "TIME-WAIT" not in line]

    def flood(self, address, datagrams):
        """Sends datagrams of 1000 bytes to nobody as fast as it goes, also while the shell is busy."""
        code = (f"import socket; flood = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                f"for _ in range({datagrams}): flood.sendto(bytes(1000), ('{address}', 9))")
        subprocess.run(self.namespace.prefix + ["/usr/bin/python3", "-c", code], check=True)

    def lost_frames(self):
        """Frames that did not fit into the queue of the tap device."""
        return int(self.run("cat /sys/class/net/tap0/statistics/tx_dropped"))

    def close(self):
        self.run("kill $(jobs -p)", check=False)  # the web server
        super().close()
