"""Lumos on a tap device in a network namespace of its own: Linux as the neighbour, dnsmasq for DHCP and DNS.
Needs root (for the namespace), so it is skipped without."""
import os
import subprocess

import harness
import pytest

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not os.path.exists("/dev/net/tun"),
                                reason="network namespaces need root")

NAMESPACE = f"lumos-test-{os.getpid()}"
INSIDE = ["ip", "netns", "exec", NAMESPACE]
HOST = "192.168.77.1"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A namespace with a tap device, dnsmasq on it, and a web server."""
    folder = tmp_path_factory.mktemp("namespace")
    (folder / "page").write_text("from the namespace\n")
    (folder / "big.bin").write_bytes(os.urandom(8 << 20))
    for command in (f"ip netns add {NAMESPACE}",
                    f"ip -n {NAMESPACE} link set lo up",
                    f"ip -n {NAMESPACE} tuntap add tap0 mode tap",
                    f"ip -n {NAMESPACE} addr add {HOST}/24 dev tap0",
                    f"ip -n {NAMESPACE} link set tap0 up"):
        subprocess.run(command.split(), check=True)
    servers = [
        subprocess.Popen(INSIDE + [
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--interface=tap0", "--bind-interfaces",
            "--no-resolv", "--no-hosts", "--user=root", f"--dhcp-leasefile={folder}/leases", "--pid-file",
            "--dhcp-range=192.168.77.50,192.168.77.60,1h", f"--address=/lighthouse.example/{HOST}",
            "--txt-record=long.example," + ",".join(["x" * 200] * 6), "--local=/example/", "--local=/invalid/"],
            stderr=subprocess.DEVNULL),
        subprocess.Popen(INSIDE + ["/usr/bin/python3", "-m", "http.server", "8000", "--directory", str(folder)],
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]
    yield folder
    for server in servers:
        server.terminate()
        server.wait()
    subprocess.run(["ip", "netns", "del", NAMESPACE], check=True)


@pytest.fixture(scope="module")
def neighbour(network):
    with harness.Guest(net="tap:tap0", prefix=INSIDE, memory=128) as machine:
        machine.wait_for_shell()
        machine.run("until ifconfig | grep -q 'inet 192\\.168\\.77\\.'; do sleep 0.1; done", timeout=30)
        yield machine


def address_of(guest):
    words = guest.run("ifconfig eth0").split()
    return words[words.index("inet") + 1]


def test_dhcp_gave_an_address_of_the_range(neighbour):
    assert 50 <= int(address_of(neighbour).split(".")[3]) <= 60
    assert HOST in neighbour.run("cat /etc/resolv.conf")
    assert any(line.split()[0] in ("0.0.0.0", "default") and HOST in line
               for line in neighbour.run("route -n").split("\n") if line.split())


@pytest.mark.parametrize("size", [0, 56, 1472, 1473, 8000, 65000])
def test_linux_pings_lumos(neighbour, size):
    """Sizes around and far beyond one packet: fragmentation and reassembly both ways."""
    output = harness.run_on_host(*INSIDE, "ping", "-c", "3", "-i", "0.2", "-s", str(size), "-W", "3",
                                 address_of(neighbour)).decode()
    assert "3 received, 0% packet loss" in output


@pytest.mark.parametrize("size", [56, 1473, 20000])
def test_lumos_pings_linux(neighbour, size):
    assert "3 received, 0% packet loss" in neighbour.run(f"ping -c 3 -i 0.2 -s {size} {HOST}")


def test_name_lookup(neighbour):
    assert HOST in neighbour.run("nslookup lighthouse.example")
    assert neighbour.run("wget -q -O - http://lighthouse.example:8000/page") == "from the namespace"


def test_unknown_name(neighbour):
    output = neighbour.run("wget http://nowhere.example/", check=False)
    assert neighbour.status != 0
    assert "nowhere.example" in output and "not known" in output


def test_download_and_upload(neighbour, network):
    expected = harness.run_on_host("sha256sum", str(network / "big.bin")).split()[0].decode()
    neighbour.run(f"wget -q -O /tmp/big.bin http://{HOST}:8000/big.bin", timeout=60)
    assert neighbour.run("sha256sum /tmp/big.bin", timeout=60).split()[0] == expected
    neighbour.run("httpd -p 80 /tmp & until netstat -ltn | grep -q ':80 '; do sleep 0.1; done")
    back = network / "back.bin"
    harness.run_on_host(*INSIDE, "curl", "-sS", "-o", str(back), f"http://{address_of(neighbour)}/big.bin")
    assert harness.run_on_host("sha256sum", str(back)).split()[0].decode() == expected


def test_traceroute_reaches_the_neighbour(neighbour):
    assert HOST in neighbour.run(f"traceroute {HOST}", timeout=60)


def test_arp_table(neighbour):
    assert any(HOST in line and line.count(":") >= 5 for line in neighbour.run("arp -n").split("\n"))
