"""Lumos against programs of the host, through QEMU's user-mode network (no root needed)."""
import concurrent.futures
import hashlib
import os
import socket
import subprocess

import harness
import pytest
from harness import run_on_host


def test_ping(guest):
    output = guest.run("ping -c 3 -i 0.2 10.0.2.2")
    assert "3 packets transmitted, 3 received, 0% packet loss" in output
    assert "rtt min/avg/max/mdev" in output


def test_wget_from_a_host_server(guest, web_server):
    assert guest.run(f"wget -q -O - http://10.0.2.2:{web_server}/small.txt") == "a small file"


def test_wget_reports_a_missing_page(guest, web_server):
    output = guest.run(f"wget -O - http://10.0.2.2:{web_server}/none", check=False)
    assert guest.status != 0
    assert "404" in output


def test_curl_fetches_from_httpd(guest):
    guest.run("echo served by Lumos > /tmp/page.txt")
    page = run_on_host("curl", "-sS", "-i", f"http://127.0.0.1:{guest.ports[80]}/page.txt").decode()
    assert page.startswith("HTTP/1.1 200 ")
    assert page.endswith("served by Lumos\n")


def test_httpd_answers_what_is_not_there_with_404(guest):
    assert run_on_host("curl", "-s", "-o", os.devnull, "-w", "%{http_code}",
                       f"http://127.0.0.1:{guest.ports[80]}/absent") == b"404"


def test_httpd_stays_below_its_root(guest):
    assert run_on_host("curl", "-s", "--path-as-is", "-o", os.devnull, "-w", "%{http_code}",
                       f"http://127.0.0.1:{guest.ports[80]}/../etc/passwd") in (b"400", b"403", b"404")


def test_httpd_head_has_no_body(guest):
    guest.run("echo 12345678 > /tmp/nine.txt")
    head = run_on_host("curl", "-sS", "-I", f"http://127.0.0.1:{guest.ports[80]}/nine.txt").decode().lower()
    assert "content-length: 9" in head


def test_httpd_lists_a_directory(guest):
    guest.run("mkdir -p /tmp/shelf && touch /tmp/shelf/book")
    assert b"book" in run_on_host("curl", "-sS", f"http://127.0.0.1:{guest.ports[80]}/shelf/")


def test_httpd_keeps_a_connection_alive(guest):
    guest.run("echo again > /tmp/again.txt")
    url = f"http://127.0.0.1:{guest.ports[80]}/again.txt"
    connections = run_on_host("curl", "-sS", "-w", "%{num_connects}\\n", url, url, url).decode()
    assert connections.split() == ["again", "1", "again", "0", "again", "0"]


def test_64_mebibytes_each_way(guest, web_server, big_sha256, tmp_path):
    """Down with wget, back up with httpd and curl; the bytes must be those that were sent."""
    guest.run(f"wget -q -O /tmp/big.bin http://10.0.2.2:{web_server}/big.bin", timeout=120)
    assert guest.run("sha256sum /tmp/big.bin", timeout=120).split()[0] == big_sha256
    back = tmp_path / "back"
    run_on_host("curl", "-sS", "-o", str(back), f"http://127.0.0.1:{guest.ports[80]}/big.bin", timeout=120)
    assert hashlib.sha256(back.read_bytes()).hexdigest() == big_sha256
    guest.run("rm /tmp/big.bin")


def test_100_parallel_connections(guest):
    guest.run("i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done > /tmp/numbers.txt")
    expected = guest.run("sha256sum /tmp/numbers.txt").split()[0]
    url = f"http://127.0.0.1:{guest.ports[80]}/numbers.txt"

    def fetch(_):
        return hashlib.sha256(run_on_host("curl", "-sS", "--retry", "3", url)).hexdigest()

    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        assert set(pool.map(fetch, range(100))) == {expected}


def test_socat_echo_through_the_echo_server(guest):
    text = b"through socat, Lumos and back\n" * 1000
    echoed = subprocess.run(["socat", "-t", "5", "-", f"TCP:127.0.0.1:{guest.ports[7]}"], input=text, check=True,
                            timeout=30, stdout=subprocess.PIPE).stdout
    assert echoed == text


def test_echo_inside_the_user_network(guest):
    """The service that `make run` announces: one cat per connection."""
    assert guest.run("echo anybody there | nc -w 5 10.0.2.100 7") == "anybody there"


def test_nc_listens(guest):
    guest.run("nc -l -p 5000 < /dev/null > /tmp/received &")
    guest.run("until netstat -ltn | grep -q ':5000 '; do sleep 0.1; done")
    with socket.create_connection(("127.0.0.1", guest.ports[5000]), timeout=20) as peer:
        peer.sendall(b"to the listener\n")
        peer.shutdown(socket.SHUT_WR)
        assert peer.recv(1) == b""
    guest.run("until grep -q listener /tmp/received; do sleep 0.1; done")
    assert guest.run("cat /tmp/received") == "to the listener"


def test_connection_refused(guest):
    port = harness.free_port()
    assert "Connection refused" in guest.run(f"nc -w 5 10.0.2.2 {port}", check=False)
    assert guest.status != 0
    assert "Connection refused" in guest.run(f"wget http://10.0.2.2:{port}/", check=False)
    assert guest.status != 0


def test_host_unreachable(guest):
    """Nobody answers ARP for this neighbour."""
    assert "No route to host" in guest.run("nc -w 20 10.0.2.77 80", check=False, timeout=40)
    assert guest.status != 0


def test_peer_that_closes_early(guest):
    """A server that promises 100 bytes, sends 10 and closes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        guest.start(f"wget -O /tmp/short http://10.0.2.2:{server.getsockname()[1]}/; echo wget ended with $?")
        peer, _ = server.accept()
        with peer:
            peer.recv(4096)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789")
    assert guest.expect(r"wget ended with (\d+)").group(1) != "0"


def test_name_not_found(guest):
    """No server of this name anywhere: the resolver's message, not a crash or a hang."""
    output = guest.run("wget http://no-such-name.invalid/", check=False, timeout=60)
    assert guest.status != 0
    assert "no-such-name.invalid" in output


def test_udp_echo(guest):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        guest.start(f"echo datagram | nc -u -w 2 10.0.2.2 {server.getsockname()[1]} > /tmp/answer")
        data, sender = server.recvfrom(2048)
        server.sendto(data.upper(), sender)
    assert data == b"datagram\n"
    assert guest.run("cat /tmp/answer") == "DATAGRAM"


def test_netstat_shows_the_listener(guest):
    assert any(":80 " in line and "LISTEN" in line for line in guest.run("netstat -a -n -t").split("\n"))


def test_trace_shows_the_layers(guest, web_server):
    output = guest.run(f"trace -e tcp,ip wget -q -O /dev/null http://10.0.2.2:{web_server}/small.txt")
    for event in ("tcp.state", "tcp.transmit", "tcp.receive", "ip.output", "ip.receive"):
        assert event in output, f"{event} is missing in:\n{output}"


@pytest.mark.parametrize("name,needle", [("dev", "eth0"), ("route", "eth0"), ("arp", "eth0"), ("tcp", "local_address"),
                                         ("udp", "local_address"), ("snmp", "Tcp:"), ("netstat", "TcpExt:"),
                                         ("drops", "ip_bad_checksum"), ("unix", "Path"), ("raw", "local_address")])
def test_proc_net(guest, name, needle):
    assert needle in guest.run(f"cat /proc/net/{name}")


def test_hello_socket(guest):
    """The newcomer's program against the echo service that `make run` announces."""
    assert guest.run("hello_socket 10.0.2.100 7") == "10.0.2.100:7 answered: Hello from a newcomer's program!"


def test_echo_over_loopback(guest):
    for option in ("", "-u"):
        assert "50 x 1000 bytes came back" in guest.run(f"echoclient {option} -n 50 -s 1000 127.0.0.1")


def test_connections_end_at_once_on_both_sides(guest):
    """The FIN that comes with the ACK of ours must not need a retransmission to be seen."""
    guest.run("echoclient 127.0.0.1")
    assert "LAST_ACK" not in guest.run("sleep 0.05; netstat -atn")


def test_ping_names_the_error(guest):
    assert "host unreachable" in guest.run("ping -c 1 -W 5 10.0.2.78", check=False, timeout=20)
    assert guest.status == 1


def test_traceroute(guest):
    assert guest.run("traceroute -w 2 10.0.2.2").split("\n")[1].split()[:2] == ["1", "10.0.2.2"]


def test_telnetd(guest):
    """A line typed by a telnet client of the host, which offers an option that is refused."""
    guest.run("telnetd 5000 &")
    guest.run("until netstat -ltn | grep -q ':5000 '; do sleep 0.1; done")
    with socket.create_connection(("127.0.0.1", guest.ports[5000]), timeout=20) as peer:
        peer.sendall(b"\xff\xfb\x18echo $((40 + 2))\r\nexit\r\n")
        received = b"".join(iter(lambda: peer.recv(4096), b""))
    assert b"\xff\xfe\x18" in received
    assert b"42\r\n" in received
    guest.run("kill %telnetd; wait %telnetd", check=False)
