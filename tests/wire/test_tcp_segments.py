"""TCP segment by segment: scripts in which the peer is played by hand (raw_peer.py) and the guest's programs are
played through user/sysagent. Whatever the RFCs leave open is expected as Linux does it."""
import errno
import itertools
import os
import struct
import sys
import time

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "guest"))
import agent as protocol  # noqa: E402
import harness  # noqa: E402
from agent import Agent, address  # noqa: E402
from raw_peer import GUEST_IP, PEER_IP, Link, Peer  # noqa: E402

SOL_SOCKET, SOL_TCP = 1, 6
SO_REUSEADDR, SO_ERROR, SO_KEEPALIVE, SO_LINGER = 2, 4, 9, 13
TCP_NODELAY, TCP_MAXSEG, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_INFO = 1, 2, 3, 4, 5, 6, 11
TCP_SYNCNT, TCP_USER_TIMEOUT = 7, 18
O_NONBLOCK, MSG_OOB, MSG_DONTWAIT = 0o4000, 1, 0x40
POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLRDHUP = 1, 2, 4, 8, 16, 0x2000
(ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN,
 CLOSING) = range(1, 12)
ALL_OPTIONS = "mss 1460,sackOK,TS val 1000 ecr 0,nop,wscale 7"

guest_ports = itertools.count(8000)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("segments")
    link = Link(f"{folder}/peer", f"{folder}/guest")
    line = f"{folder}/line"
    with harness.Guest(initrd=harness.INITRAMFS, net=f"dgram:{folder}/guest,{folder}/peer",
                       second_serial=f"unix:{line},server=on,wait=on",
                       append="ip=192.168.0.1/16,gw=192.168.0.254 shell=/bin/sysagent") as guest:
        while not os.path.exists(line):
            assert guest.console.isalive()
        link.agent = Agent(line)
        hear(link)
        yield link


def hear(link):
    """Until the guest answers: its card hears nothing in its first second."""
    peer = Peer(link, 9)
    for _ in range(30):
        peer.send("S 0:0(0) win 65535")
        if peer.next(0.2) is not None:
            return
    raise AssertionError("the guest never answered")


@pytest.fixture(autouse=True)
def fresh(lab):
    lab.agent.call(protocol.RESET)


class Sock:
    """A socket of the guest."""

    def __init__(self, agent, fd=None):
        self.agent = agent
        self.fd = agent.call(protocol.SOCKET, 2, 1, 0) if fd is None else fd
        assert self.fd >= 0

    def call(self, op, *arguments, **named):
        return self.agent.call(op, self.fd, *arguments, **named)

    def ask(self, op, *arguments, **named):
        self.agent.send(op, self.fd, *arguments, **named)
        return self.agent.reply()

    def begin(self, op, *arguments, **named):
        return self.agent.begin(op, self.fd, *arguments, **named)

    def set(self, level, name, *values):
        assert self.call(protocol.SETSOCKOPT, level, name, 4 * len(values),
                         data=struct.pack(f"{len(values)}i", *values)) == 0
        return self

    def get(self, level, name):
        result, out = self.ask(protocol.GETSOCKOPT, level, name, 4)
        assert result == 0
        return struct.unpack_from("i", out, 4)[0]

    def nonblocking(self):
        assert self.call(protocol.FCNTL, 4, 2 | O_NONBLOCK) == 0
        return self

    def connect(self, peer):
        """Returns at once."""
        return self.nonblocking().call(protocol.CONNECT, 16, data=address(PEER_IP, peer.port))

    def write(self, count):
        return self.call(protocol.WRITE, count)

    def read(self, count=65536, flags=MSG_DONTWAIT):
        return self.call(protocol.RECVFROM, count, flags, 0)

    def shutdown(self, how=1):
        return self.call(protocol.SHUTDOWN, how)

    def close(self):
        assert self.call(protocol.CLOSE) == 0

    def poll(self, events=POLLIN | POLLOUT | POLLPRI | POLLRDHUP, timeout=0):
        self.agent.send(protocol.POLL, 1, timeout, data=struct.pack("<iHH", self.fd, events, 0))
        return struct.unpack("<iHH", self.agent.reply()[1])[2]

    def info(self):
        result, out = self.ask(protocol.GETSOCKOPT, SOL_TCP, TCP_INFO, 104)
        assert result == 0
        return out[4:]

    def state(self):
        return self.info()[0]

    def congestion_window(self):
        return struct.unpack_from("<I", self.info(), 80)[0]


def listening(lab, port=None, backlog=5, **options):
    server = Sock(lab.agent)
    server.port = port or next(guest_ports)
    server.set(SOL_SOCKET, SO_REUSEADDR, 1)
    for name, value in options.items():
        server.set(SOL_TCP, globals()[name], value)
    assert server.call(protocol.BIND, 16, data=address("0.0.0.0", server.port)) == 0
    assert server.call(protocol.LISTEN, backlog) == 0
    return server


def accepted(lab, options="mss 1460", win=65535, **listener_options):
    """A connection that the peer opened: (socket, peer)."""
    server = listening(lab, **listener_options)
    peer = Peer(lab, server.port)
    peer.send(f"S 0:0(0) win {win} <{options}>")
    answer = peer.expect("S. 0:0(0) ack 1")
    peer.window = win
    stamp = f" <nop,nop,TS val 1000 ecr {answer.timestamp()[0]}>" if "TS" in options else ""
    peer.send(f". 1:1(0) ack 1{stamp}")
    sock = Sock(lab.agent, server.call(protocol.ACCEPT, 0))
    return sock, peer


def connected(lab, options="mss 1460", win=65535, prepare=lambda sock: None):
    """A connection that the guest opened."""
    sock, peer = Sock(lab.agent), Peer(lab)
    prepare(sock)
    assert sock.connect(peer) == -errno.EINPROGRESS
    peer.expect("S 0:0(0)")
    peer.send(f"S. 0:0(0) ack 1 win {win} <{options}>")
    peer.expect(". 1:1(0) ack 1")
    return sock, peer


# ---- Handshake


def test_passive_open_without_options(lab):
    server = listening(lab)
    peer = Peer(lab, server.port)
    peer.send("S 0:0(0) win 65535")
    peer.expect("S. 0:0(0) ack 1 win 64240 <mss 1460>")


def test_passive_open_with_options(lab):
    server = listening(lab)
    peer = Peer(lab, server.port)
    peer.send(f"S 0:0(0) win 65535 <{ALL_OPTIONS}>")
    peer.expect("S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS val * ecr 1000,nop,wscale 7>")


@pytest.mark.parametrize("offered, answered", [
    ("mss 1000,nop,nop,sackOK", "mss 1460,nop,nop,sackOK"),
    ("mss 1000,nop,wscale 7", "mss 1460,nop,wscale *"),
    ("mss 1000,nop,nop,TS val 7 ecr 0", "mss 1460,nop,nop,TS val * ecr 7"),
    ("mss 1000,nop,nop,sackOK,nop,wscale 0", "mss 1460,nop,nop,sackOK,nop,wscale *"),
])
def test_only_what_was_offered_is_answered(lab, offered, answered):
    server = listening(lab)
    peer = Peer(lab, server.port)
    peer.send(f"S 0:0(0) win 65535 <{offered}>")
    peer.expect(f"S. 0:0(0) ack 1 <{answered}>")


def test_active_open(lab):
    sock, peer = Sock(lab.agent), Peer(lab)
    assert sock.connect(peer) == -errno.EINPROGRESS
    assert sock.call(protocol.CONNECT, 16, data=address(PEER_IP, peer.port)) == -errno.EALREADY
    assert sock.state() == SYN_SENT and sock.poll() == 0
    peer.expect("S 0:0(0) win 64240 <mss 1460,sackOK,TS val * ecr 0,nop,wscale *>")
    peer.send("S. 0:0(0) ack 1 <mss 1000>")
    peer.expect(". 1:1(0) ack 1 <>")
    assert sock.state() == ESTABLISHED and sock.poll() == POLLOUT
    assert sock.get(SOL_SOCKET, SO_ERROR) == 0
    assert sock.call(protocol.CONNECT, 16, data=address(PEER_IP, peer.port)) == 0
    assert sock.call(protocol.CONNECT, 16, data=address(PEER_IP, peer.port)) == -errno.EISCONN
    assert sock.write(2500) == 2500
    for first, last in ((1, 1001), (1001, 2001), (2001, 2501)):
        peer.expect(f". {first}:{last}({last - first}) ack 1")


def test_syn_is_sent_again_after_1_and_3_seconds(lab):
    sock, peer = Sock(lab.agent), Peer(lab)
    sock.connect(peer)
    times = [peer.expect("S 0:0(0)", 5).at for _ in range(3)]
    assert times[1] - times[0] == pytest.approx(1, abs=0.2)
    assert times[2] - times[1] == pytest.approx(2, abs=0.2)


def test_syn_ack_is_sent_again_after_1_second(lab):
    server = listening(lab)
    peer = Peer(lab, server.port)
    peer.send("S 0:0(0) win 65535 <mss 1460>")
    first = peer.expect("S. 0:0(0) ack 1").at
    assert peer.expect("S. 0:0(0) ack 1").at - first == pytest.approx(1, abs=0.2)


def test_connect_gives_up_after_syncnt(lab):
    sock, peer = Sock(lab.agent).set(SOL_TCP, TCP_SYNCNT, 1), Peer(lab)
    sock.connect(peer)
    peer.expect("S 0:0(0)")
    peer.expect("S 0:0(0)")
    assert sock.poll(timeout=4000) & (POLLERR | POLLHUP) == POLLERR | POLLHUP
    assert sock.get(SOL_SOCKET, SO_ERROR) == errno.ETIMEDOUT


def test_connection_refused(lab):
    sock, peer = Sock(lab.agent), Peer(lab)
    sock.connect(peer)
    peer.expect("S 0:0(0)")
    peer.send("R. 0:0(0) ack 1")
    assert sock.poll(timeout=1000) == POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP
    assert sock.get(SOL_SOCKET, SO_ERROR) == errno.ECONNREFUSED
    assert sock.state() == CLOSE


def test_syn_sent_ignores_a_bare_rst_and_resets_a_bad_ack(lab):
    sock, peer = Sock(lab.agent), Peer(lab)
    sock.connect(peer)
    peer.expect("S 0:0(0)")
    peer.send("R 0:0(0)")
    peer.send("R. 0:0(0) ack 5")
    peer.send(". 0:0(0) ack 77")
    peer.expect("R 77:77(0)")
    assert sock.state() == SYN_SENT


def test_simultaneous_open(lab):
    sock, peer = Sock(lab.agent), Peer(lab)
    sock.connect(peer)
    peer.expect("S 0:0(0)")
    peer.send("S 0:0(0) win 65535 <mss 1000>")
    peer.expect("S. 0:0(0) ack 1 <mss 1460>")
    assert sock.state() == SYN_RECV
    peer.send("S. 0:0(0) ack 1 win 65535 <mss 1000>")
    assert sock.poll(timeout=1000) == POLLOUT
    assert sock.state() == ESTABLISHED


def test_bad_ack_in_syn_received_is_reset(lab):
    server = listening(lab)
    peer = Peer(lab, server.port)
    peer.send("S 0:0(0) win 65535 <mss 1460>")
    peer.expect("S. 0:0(0) ack 1")
    peer.send(". 1:1(0) ack 500")
    peer.expect("R 500:500(0)")
    peer.send(". 1:1(0) ack 1")
    assert server.poll(timeout=1000) == POLLIN


def test_repeated_syn_gets_the_same_answer(lab):
    server = listening(lab)
    peer = Peer(lab, server.port)
    peer.send("S 0:0(0) win 65535 <mss 1460>")
    first = peer.expect("S. 0:0(0) ack 1")
    peer.send("S 0:0(0) win 65535 <mss 1460>")
    assert peer.expect("S. 0:0(0) ack 1").seq == first.seq


def test_rst_removes_a_half_open_connection(lab):
    server = listening(lab)
    peer = Peer(lab, server.port)
    peer.send("S 0:0(0) win 65535 <mss 1460>")
    peer.expect("S. 0:0(0) ack 1")
    peer.send("R 1:1(0)")
    peer.send(". 1:1(0) ack 1")
    peer.expect("R 1:1(0)")
    assert server.poll() == 0


def test_data_with_the_ack_of_the_handshake(lab):
    server = listening(lab)
    peer = Peer(lab, server.port)
    peer.send("S 0:0(0) win 65535 <mss 1460>")
    peer.expect("S. 0:0(0) ack 1")
    peer.send("P. 1:101(100) ack 1")
    peer.expect(". 1:1(0) ack 101")
    assert Sock(lab.agent, server.call(protocol.ACCEPT, 0)).read() == 100


# ---- Ports where nobody is


def test_resets_from_a_closed_port(lab):
    peer = Peer(lab, 7)
    peer.send("S 0:0(0) win 65535")
    assert peer.expect("R. *:*(0) ack 1 win 0 <>").seq == 0
    peer.send(". 5:5(0) ack 1000", irs=0)
    assert peer.expect("R *:*(0) win 0").seq == 1000
    peer.send("P 5:105(100)", irs=0)
    assert peer.expect("R. *:*(0) ack 105").seq == 0
    peer.send("F 5:5(0)", irs=0)
    peer.expect("R. *:*(0) ack 6")
    peer.send("R 5:5(0)")
    peer.expect_nothing()


def test_segments_to_a_listener(lab):
    peer = Peer(lab, listening(lab).port)
    peer.send(". 5:5(0) ack 1000", irs=0)
    assert peer.expect("R *:*(0)").seq == 1000
    peer.send("S. 5:5(0) ack 2000", irs=0)
    assert peer.expect("R *:*(0)").seq == 2000
    for ignored in ("R 5:5(0)", "F 5:5(0)", "P 5:15(10)", "SF 5:5(0)"):
        peer.send(ignored)
        peer.expect_nothing(0.1)


# ---- RST and SYN in a connection


def test_exact_rst_resets(lab):
    sock, peer = accepted(lab)
    peer.send("R 1:1(0)")
    assert sock.poll(timeout=1000) == POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP
    assert sock.read() == -errno.ECONNRESET
    assert sock.read() == 0
    assert sock.write(1) == -errno.EPIPE


def test_rst_in_the_window_is_challenged(lab):
    sock, peer = accepted(lab)
    peer.send("R 100:100(0)")
    peer.expect(". 1:1(0) ack 1")
    assert sock.state() == ESTABLISHED


def test_rst_outside_the_window_is_ignored(lab):
    sock, peer = accepted(lab)
    peer.send("R 200000:200000(0)")
    peer.send("R -5:-5(0)")
    peer.expect_nothing()
    assert sock.state() == ESTABLISHED


def test_syn_in_a_connection_is_challenged(lab):
    for number in (0, 1, 1000, 300000):
        sock, peer = accepted(lab)
        peer.send(f"S {number}:{number}(0) win 65535")
        peer.expect(". 1:1(0) ack 1")
        assert sock.state() == ESTABLISHED


def test_ack_of_what_was_not_sent_is_challenged(lab):
    sock, peer = accepted(lab)
    peer.send("P. 1:101(100) ack 5000")
    peer.expect(". 1:1(0) ack 1")
    assert sock.read() == -errno.EAGAIN


def test_rst_after_the_peer_closed_is_epipe(lab):
    sock, peer = accepted(lab)
    peer.send("F. 1:1(0) ack 1")
    peer.expect(". 1:1(0) ack 2")
    peer.send("R 2:2(0)")
    assert sock.poll(timeout=1000) & POLLERR
    assert sock.get(SOL_SOCKET, SO_ERROR) == errno.EPIPE


# ---- Receiving


def test_first_segments_are_acknowledged_at_once(lab):
    sock, peer = accepted(lab)
    for first in range(1, 1001, 100):
        at = time.monotonic()
        peer.send(f"P. {first}:{first + 100}(100) ack 1")
        assert peer.expect(f". 1:1(0) ack {first + 100}").at - at < 0.03
    assert sock.read() == 1000


def test_delayed_ack_after_an_exchange(lab):
    sock, peer = accepted(lab)
    peer.send("P. 1:101(100) ack 1")
    peer.expect(". 1:1(0) ack 101")
    for i in range(4):
        assert sock.write(10) == 10
        peer.expect(f"P. {1 + 10 * i}:{11 + 10 * i}(10) ack 101")
        peer.send(f". 101:101(0) ack {11 + 10 * i}")
    at = time.monotonic()
    peer.send("P. 101:201(100) ack 41")
    delay = peer.expect(". 41:41(0) ack 201").at - at
    assert 0.03 < delay < 0.25


def test_out_of_order_with_sack(lab):
    sock, peer = accepted(lab, "mss 1460,nop,nop,sackOK")
    peer.send(". 1001:2001(1000) ack 1")
    peer.expect(". 1:1(0) ack 1 <nop,nop,sack 1001:2001>")
    peer.send(". 3001:4001(1000) ack 1")
    peer.expect(". 1:1(0) ack 1 <nop,nop,sack 3001:4001 1001:2001>")
    peer.send(". 5001:6001(1000) ack 1")
    peer.expect(". 1:1(0) ack 1 <nop,nop,sack 5001:6001 3001:4001 1001:2001>")
    peer.send(". 2001:3001(1000) ack 1")
    peer.expect(". 1:1(0) ack 1 <nop,nop,sack 1001:4001 5001:6001>")
    peer.send(". 1:1001(1000) ack 1")
    peer.expect(". 1:1(0) ack 4001 <nop,nop,sack 5001:6001>")
    peer.send(". 4001:5001(1000) ack 1")
    peer.expect(". 1:1(0) ack 6001 <>")
    assert sock.read() == 6000


def test_out_of_order_without_sack(lab):
    sock, peer = accepted(lab)
    peer.send(". 1001:2001(1000) ack 1")
    peer.expect(". 1:1(0) ack 1 <>")
    peer.send(". 2001:3001(1000) ack 1")
    peer.expect(". 1:1(0) ack 1 <>")
    peer.send(". 1:1001(1000) ack 1")
    peer.expect(". 1:1(0) ack 3001 <>")
    assert sock.read() == 3000


def test_duplicates_are_told_with_dsack(lab):
    sock, peer = accepted(lab, "mss 1460,nop,nop,sackOK")
    peer.send(". 1:1001(1000) ack 1")
    peer.expect(". 1:1(0) ack 1001 <>")
    peer.send(". 1:1001(1000) ack 1")
    peer.expect(". 1:1(0) ack 1001 <nop,nop,sack 1:1001>")
    peer.send(". 501:1501(1000) ack 1")
    peer.expect(". 1:1(0) ack 1501 <nop,nop,sack 501:1001>")
    peer.send(". 2001:2501(500) ack 1")
    peer.expect(". 1:1(0) ack 1501 <nop,nop,sack 2001:2501>")
    peer.send(". 2001:2501(500) ack 1")
    peer.expect(". 1:1(0) ack 1501 <nop,nop,sack 2001:2501 2001:2501>")
    assert sock.read() == 1500


def test_overlapping_segments(lab):
    sock, peer = accepted(lab)
    peer.send(". 1:501(500) ack 1")
    peer.expect(". 1:1(0) ack 501")
    peer.send(". 401:1001(600) ack 1")
    peer.expect(". 1:1(0) ack 1001")
    peer.send(". 1501:2001(500) ack 1")
    peer.expect(". 1:1(0) ack 1001")
    peer.send(". 901:1701(800) ack 1")
    peer.expect(". 1:1(0) ack 2001")
    assert sock.read() == 2000


def test_data_outside_the_window_is_answered(lab):
    sock, peer = accepted(lab)
    peer.send(". 200001:200101(100) ack 1")
    peer.expect(". 1:1(0) ack 1")
    assert sock.read() == -errno.EAGAIN


def test_segments_without_ack_are_ignored(lab):
    sock, peer = accepted(lab)
    for text in ("P 1:101(100)", "F 1:1(0)", "- 5:5(0)", "P 100001:100101(100)"):
        peer.send(text)
        peer.expect_nothing(0.1)
    assert sock.state() == ESTABLISHED


def test_keepalive_probe_of_the_peer_is_answered(lab):
    sock, peer = accepted(lab)
    peer.send(". 0:0(0) ack 1")
    peer.expect(". 1:1(0) ack 1")


def test_paws(lab):
    sock, peer = accepted(lab, ALL_OPTIONS)
    peer.send("P. 1:101(100) ack 1 <nop,nop,TS val 2000 ecr 0>")
    assert peer.expect(". 1:1(0) ack 101 <nop,nop,TS val * ecr 2000>")
    peer.send("P. 101:201(100) ack 1 <nop,nop,TS val 500 ecr 0>")
    peer.expect(". 1:1(0) ack 101 <nop,nop,TS val * ecr 2000>")
    peer.send("P. 101:201(100) ack 1 <nop,nop,TS val 2001 ecr 0>")
    peer.expect(". 1:1(0) ack 201 <nop,nop,TS val * ecr 2001>")


def test_urgent_data(lab):
    sock, peer = accepted(lab)
    peer.send("PU. 1:11(10) ack 1 urg 10")
    peer.expect(". 1:1(0) ack 11")
    assert sock.poll() & POLLPRI
    assert sock.read(1, MSG_OOB | MSG_DONTWAIT) == 1
    assert sock.read() == 9
    assert sock.read(1, MSG_OOB | MSG_DONTWAIT) == -errno.EINVAL


def test_sending_urgent_data(lab):
    sock, peer = accepted(lab)
    assert sock.call(protocol.SENDTO, 5, MSG_OOB, 0) == 5
    peer.expect("PU. 1:6(5) ack 1 urg 5")


def test_window_closes_and_opens(lab):
    sock, peer = accepted(lab)
    sent = 1
    while True:
        peer.send(f". {sent}:{sent + 1460}(1460) ack 1")
        sent += 1460
        answer = peer.expect(f". 1:1(0) ack {sent}")
        if answer.window < 1460:
            break
    while answer.window:
        peer.send(f". {sent}:{sent + answer.window}({answer.window}) ack 1")
        sent += answer.window
        answer = peer.expect(f". 1:1(0) ack {sent}")
    peer.send(f". {sent}:{sent + 1}(1) ack 1")
    peer.expect(f". 1:1(0) ack {sent} win 0")
    assert sock.read(1 << 20) == sent - 1
    assert peer.expect(f". 1:1(0) ack {sent}").window > 2 * 1460


# ---- FIN


def test_peer_closes_first(lab):
    sock, peer = accepted(lab)
    peer.send("F. 1:1(0) ack 1")
    peer.expect(". 1:1(0) ack 2")
    assert sock.poll() == POLLIN | POLLOUT | POLLRDHUP and sock.state() == CLOSE_WAIT
    assert sock.read() == 0
    assert sock.write(10) == 10
    peer.expect("P. 1:11(10) ack 2")
    peer.send(". 2:2(0) ack 11")
    sock.close()
    peer.expect("F. 11:11(0) ack 2")
    peer.send(". 2:2(0) ack 12")
    peer.expect_nothing()
    peer.send(". 2:2(0) ack 12")
    peer.expect("R 12:12(0)")


def test_guest_closes_first_and_waits(lab):
    sock, peer = accepted(lab)
    sock.close()
    peer.expect("F. 1:1(0) ack 1")
    peer.send(". 1:1(0) ack 2")
    peer.send("F. 1:1(0) ack 2")
    peer.expect(". 2:2(0) ack 2")
    peer.send("F. 1:1(0) ack 2")
    peer.expect(". 2:2(0) ack 2")
    peer.send("R 500:500(0)")
    peer.expect_nothing(0.1)


def test_fin_with_data_and_out_of_order(lab):
    sock, peer = accepted(lab, "mss 1460,nop,nop,sackOK")
    peer.send("F. 101:201(100) ack 1")
    peer.expect(". 1:1(0) ack 1 <nop,nop,sack 101:202>")
    peer.send(". 1:101(100) ack 1")
    peer.expect(". 1:1(0) ack 202")
    assert sock.read() == 200 and sock.read() == 0


def test_half_close(lab):
    sock, peer = accepted(lab)
    assert sock.shutdown(1) == 0
    peer.expect("F. 1:1(0) ack 1")
    assert sock.write(1) == -errno.EPIPE
    peer.send(". 1:1(0) ack 2")
    peer.send("P. 1:1001(1000) ack 2")
    peer.expect(". 2:2(0) ack 1001")
    assert sock.read() == 1000 and sock.state() == FIN_WAIT2
    peer.send("F. 1001:1001(0) ack 2")
    peer.expect(". 2:2(0) ack 1002")
    assert sock.poll() & (POLLIN | POLLHUP) == POLLIN | POLLHUP and sock.read() == 0
    assert sock.state() == CLOSE


def test_simultaneous_close(lab):
    sock, peer = accepted(lab)
    assert sock.shutdown(1) == 0
    peer.expect("F. 1:1(0) ack 1")
    peer.send("F. 1:1(0) ack 1")
    peer.expect(". 2:2(0) ack 2")
    assert sock.state() == CLOSING
    peer.send(". 2:2(0) ack 2")
    peer.expect_nothing(0.1)
    peer.send("F. 1:1(0) ack 2")
    peer.expect(". 2:2(0) ack 2")


def test_close_with_unread_data_resets(lab):
    sock, peer = accepted(lab)
    peer.send("P. 1:101(100) ack 1")
    peer.expect(". 1:1(0) ack 101")
    sock.close()
    peer.expect("R. 1:1(0) ack 101")


def test_linger_zero_resets(lab):
    sock, peer = accepted(lab)
    sock.set(SOL_SOCKET, SO_LINGER, 1, 0).close()
    peer.expect("R. 1:1(0) ack 1")


def test_data_after_close_is_reset(lab):
    sock, peer = accepted(lab)
    sock.close()
    peer.expect("F. 1:1(0) ack 1")
    peer.send("P. 1:101(100) ack 2")
    peer.expect("R 2:2(0)")


def test_shutdown_for_reading_still_takes_data(lab):
    sock, peer = accepted(lab)
    assert sock.shutdown(0) == 0
    assert sock.read() == 0
    peer.send("P. 1:101(100) ack 1")
    peer.expect(". 1:1(0) ack 101")
    assert sock.read() == 100


def test_fin_is_sent_again(lab):
    sock, peer = accepted(lab)
    sock.close()
    first = peer.expect("F. 1:1(0) ack 1").at
    assert 0.19 < peer.expect("F. 1:1(0) ack 1").at - first < 1.3


def test_closing_a_listener_resets_what_it_holds(lab):
    server = listening(lab)
    peer = Peer(lab, server.port)
    peer.send("S 0:0(0) win 65535 <mss 1460>")
    peer.expect("S. 0:0(0) ack 1")
    peer.send(". 1:1(0) ack 1")
    assert server.poll(timeout=1000) == POLLIN
    server.close()
    peer.expect("R. 1:1(0) ack 1")


# ---- Sending


def test_initial_window_and_slow_start(lab):
    sock, peer = accepted(lab, "mss 1000,nop,nop,sackOK")
    assert sock.nonblocking().write(60000) > 40000
    assert sock.congestion_window() == 10
    for i in range(10):
        peer.expect(f". {1 + 1000 * i}:{1001 + 1000 * i}(1000) ack 1")
    peer.expect_nothing(0.1)
    peer.send(". 1:1(0) ack 2001")
    for i in range(10, 14):
        peer.expect(f". {1 + 1000 * i}:{1001 + 1000 * i}(1000) ack 1")
    peer.expect_nothing(0.1)
    assert sock.congestion_window() == 12


def test_retransmission_backs_off(lab):
    sock, peer = accepted(lab)
    assert sock.write(100) == 100
    times = [peer.expect("P. 1:101(100) ack 1", 4).at for _ in range(4)]
    first, second, third = (b - a for a, b in zip(times, times[1:]))
    assert 0.19 <= first < 0.45
    assert second == pytest.approx(2 * first, rel=0.3) and third == pytest.approx(2 * second, rel=0.3)
    peer.send(". 1:1(0) ack 101")
    peer.expect_nothing(0.5)


def test_fast_retransmit_without_sack(lab):
    sock, peer = accepted(lab, "mss 1000")
    assert sock.write(5000) == 5000
    for i in range(5):
        peer.expect(f". {1 + 1000 * i}:{1001 + 1000 * i}(1000) ack 1")
    at = time.monotonic()
    for _ in range(3):
        peer.send(". 1:1(0) ack 1")
    assert peer.expect(". 1:1001(1000) ack 1").at - at < 0.1
    peer.send(". 1:1(0) ack 5001")
    peer.expect_nothing()


def test_fast_retransmit_with_sack(lab):
    sock, peer = accepted(lab, "mss 1000,nop,nop,sackOK")
    assert sock.write(5000) == 5000
    for i in range(5):
        peer.expect(f". {1 + 1000 * i}:{1001 + 1000 * i}(1000) ack 1")
    for last in (2001, 3001, 4001):
        peer.send(f". 1:1(0) ack 1 <nop,nop,sack 1001:{last}>")
    peer.expect(". 1:1001(1000) ack 1")
    peer.send(". 1:1(0) ack 5001")
    peer.expect_nothing()


def test_nagle_and_nodelay(lab):
    sock, peer = accepted(lab)
    assert sock.write(10) == 10 and sock.write(10) == 10 and sock.write(10) == 10
    peer.expect("P. 1:11(10) ack 1")
    peer.expect_nothing(0.1)
    peer.send(". 1:1(0) ack 11")
    peer.expect("P. 11:31(20) ack 1")
    sock.set(SOL_TCP, TCP_NODELAY, 1)
    assert sock.write(10) == 10
    peer.expect("P. 31:41(10) ack 1")


def test_cork(lab):
    sock, peer = accepted(lab, "mss 1000")
    sock.set(SOL_TCP, TCP_CORK, 1)
    assert sock.write(600) == 600
    peer.expect_nothing(0.1)
    assert sock.write(600) == 600
    peer.expect(". 1:1001(1000) ack 1")
    peer.send(". 1:1(0) ack 1001")
    peer.expect_nothing(0.1)
    sock.set(SOL_TCP, TCP_CORK, 0)
    peer.expect("P. 1001:1201(200) ack 1")


def test_zero_window_and_update(lab):
    sock, peer = accepted(lab, "mss 1000", win=2000)
    assert sock.write(5000) == 5000
    peer.expect(". 1:1001(1000) ack 1")
    peer.expect(". 1001:2001(1000) ack 1")
    peer.window = 0
    peer.send(". 1:1(0) ack 2001")
    probes = []
    for _ in range(3):
        probes.append(peer.expect(". 2000:2000(0) ack 1", 4).at)
        peer.send(". 1:1(0) ack 2001")
    assert probes[2] - probes[1] == pytest.approx(2 * (probes[1] - probes[0]), rel=0.3)
    peer.window = 4000
    peer.send(". 1:1(0) ack 2001")
    for i in range(2, 5):
        peer.expect(f". {1 + 1000 * i}:{1001 + 1000 * i}(1000) ack 1")


def test_window_scale_of_the_peer_counts(lab):
    sock, peer = accepted(lab, "mss 1000,nop,wscale 7", win=20)
    assert sock.write(5000) == 5000
    peer.expect(". 1:1001(1000) ack 1")
    peer.expect(". 1001:2001(1000) ack 1")
    peer.expect_nothing(0.1)  # the rest of the window is too small to be worth a segment


def test_small_mss_and_no_mss(lab):
    sock, peer = accepted(lab, "mss 300")
    assert sock.write(600) == 600
    peer.expect(". 1:301(300) ack 1")
    peer.expect("P. 301:601(300) ack 1")
    assert sock.get(SOL_TCP, TCP_MAXSEG) == 300
    sock, peer = accepted(lab, "nop")
    assert sock.write(600) == 600
    peer.expect(". 1:537(536) ack 1")


def test_timestamps_take_room_in_each_segment(lab):
    sock, peer = accepted(lab, "mss 1460,nop,nop,TS val 1000 ecr 0")
    assert sock.write(2000) == 2000
    peer.expect(". 1:1449(1448) ack 1 <nop,nop,TS val * ecr 1000>")
    peer.expect("P. 1449:2001(552) ack 1 <nop,nop,TS val * ecr 1000>")


def test_keepalive(lab):
    sock, peer = accepted(lab)
    sock.set(SOL_TCP, TCP_KEEPIDLE, 1).set(SOL_TCP, TCP_KEEPINTVL, 1).set(SOL_TCP, TCP_KEEPCNT, 2)
    sock.set(SOL_SOCKET, SO_KEEPALIVE, 1)
    peer.expect(". 0:0(0) ack 1")
    peer.send(". 1:1(0) ack 1")
    peer.expect(". 0:0(0) ack 1")
    peer.expect(". 0:0(0) ack 1")
    peer.expect("R. 1:1(0) ack 1")
    assert sock.read() == -errno.ETIMEDOUT


def test_user_timeout(lab):
    sock, peer = accepted(lab)
    sock.set(SOL_TCP, TCP_USER_TIMEOUT, 500)
    assert sock.write(10) == 10
    peer.expect("P. 1:11(10) ack 1")
    assert sock.poll(POLLRDHUP, 3000) & POLLERR
    assert sock.read() == -errno.ETIMEDOUT


def test_errors_of_unconnected_sockets(lab):
    sock = Sock(lab.agent)
    assert sock.write(1) == -errno.EPIPE
    assert sock.read() == -errno.ENOTCONN
    assert sock.shutdown() == -errno.ENOTCONN
    assert sock.call(protocol.ACCEPT, 0) == -errno.EINVAL
    assert sock.call(protocol.GETPEERNAME, 16) == -errno.ENOTCONN
    assert sock.call(protocol.CONNECT, 2, data=address(PEER_IP, 1)[:2]) == -errno.EINVAL
    server = listening(lab)
    assert server.state() == LISTEN
    assert server.nonblocking().call(protocol.ACCEPT, 0) == -errno.EAGAIN
    assert server.read() == -errno.ENOTCONN
    assert server.call(protocol.CONNECT, 16, data=address(PEER_IP, 1)) == -errno.EISCONN
    assert Sock(lab.agent).call(protocol.BIND, 16, data=address("0.0.0.0", server.port)) == -errno.EADDRINUSE
    assert Sock(lab.agent).call(protocol.BIND, 16, data=address("10.1.1.1", 99)) == -errno.EADDRNOTAVAIL
