"""RFC 9293 §3.5 and §3.10.7.1 to .3: opening a connection from both sides, and what a port answers where nobody
listens."""
import errno

import agent as protocol
import pytest
from agent import address
from guest_socket import (ALL_OPTIONS, CLOSE, ESTABLISHED, LISTEN, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP,
                          SYN_RECV, SYN_SENT, Sock, listening)
from tcp_peer import Peer
from wire import PEER_IP


def test_passive_open_without_options(lab):
    server = listening(lab)
    peer = Peer(lab.link, server.port)
    peer.send("S 0:0(0) win 65535")
    peer.expect("S. 0:0(0) ack 1 win 64240 <mss 1460>")


def test_passive_open_with_options(lab):
    server = listening(lab)
    peer = Peer(lab.link, server.port)
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
    peer = Peer(lab.link, server.port)
    peer.send(f"S 0:0(0) win 65535 <{offered}>")
    peer.expect(f"S. 0:0(0) ack 1 <{answered}>")


def test_active_open(lab):
    sock, peer = Sock(lab.agent), Peer(lab.link)
    assert sock.connect(peer) == -errno.EINPROGRESS
    assert sock.call(protocol.CONNECT, 16, data=address(PEER_IP, peer.port)) == -errno.EALREADY
    assert sock.state() == SYN_SENT and sock.poll() == 0
    peer.expect("S 0:0(0) win 64240 <mss 1460,sackOK,TS val * ecr 0,nop,wscale *>")
    peer.send("S. 0:0(0) ack 1 <mss 1000>")
    peer.expect(". 1:1(0) ack 1 <>")
    assert sock.state() == ESTABLISHED and sock.poll() == POLLOUT
    assert sock.error() == 0
    assert sock.call(protocol.CONNECT, 16, data=address(PEER_IP, peer.port)) == 0
    assert sock.call(protocol.CONNECT, 16, data=address(PEER_IP, peer.port)) == -errno.EISCONN
    assert sock.write(2500) == 2500
    for first, last in ((1, 1001), (1001, 2001), (2001, 2501)):
        peer.expect(f". {first}:{last}({last - first}) ack 1")


def test_connection_refused(lab):
    sock, peer = Sock(lab.agent), Peer(lab.link)
    sock.connect(peer)
    peer.expect("S 0:0(0)")
    peer.send("R. 0:0(0) ack 1")
    assert sock.poll(timeout=1000) == POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP
    assert sock.error() == errno.ECONNREFUSED
    assert sock.state() == CLOSE


def test_syn_sent_ignores_a_bare_rst_and_resets_a_bad_ack(lab):
    sock, peer = Sock(lab.agent), Peer(lab.link)
    sock.connect(peer)
    peer.expect("S 0:0(0)")
    peer.send("R 0:0(0)")
    peer.send("R. 0:0(0) ack 5")
    peer.send(". 0:0(0) ack 77")
    peer.expect("R 77:77(0)")
    assert sock.state() == SYN_SENT


@pytest.mark.unlike_linux("its SYN-ACK repeats options that the peer did not offer, which RFC 7323 §1.3 forbids")
def test_simultaneous_open(lab):
    sock, peer = Sock(lab.agent), Peer(lab.link)
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
    peer = Peer(lab.link, server.port)
    peer.send("S 0:0(0) win 65535 <mss 1460>")
    peer.expect("S. 0:0(0) ack 1")
    peer.send(". 1:1(0) ack 500")
    peer.expect("R 500:500(0)")
    peer.send(". 1:1(0) ack 1")
    assert server.poll(timeout=1000) == POLLIN


def test_repeated_syn_gets_the_same_answer(lab):
    server = listening(lab)
    peer = Peer(lab.link, server.port)
    peer.send("S 0:0(0) win 65535 <mss 1460>")
    first = peer.expect("S. 0:0(0) ack 1")
    peer.send("S 0:0(0) win 65535 <mss 1460>")
    assert peer.expect("S. 0:0(0) ack 1").seq == first.seq


def test_rst_removes_a_half_open_connection(lab):
    server = listening(lab)
    peer = Peer(lab.link, server.port)
    peer.send("S 0:0(0) win 65535 <mss 1460>")
    peer.expect("S. 0:0(0) ack 1")
    peer.send("R 1:1(0)")
    peer.send(". 1:1(0) ack 1")
    peer.expect("R 1:1(0)")
    assert server.poll() == 0


def test_data_with_the_ack_of_the_handshake(lab):
    server = listening(lab)
    peer = Peer(lab.link, server.port)
    peer.send("S 0:0(0) win 65535 <mss 1460>")
    peer.expect("S. 0:0(0) ack 1")
    peer.send("P. 1:101(100) ack 1")
    peer.expect(". 1:1(0) ack 101")
    assert server.accept().read() == 100


def test_resets_from_a_closed_port(lab):
    peer = Peer(lab.link, 7)
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
    peer = Peer(lab.link, listening(lab).port)
    peer.send(". 5:5(0) ack 1000", irs=0)
    assert peer.expect("R *:*(0)").seq == 1000
    peer.send("S. 5:5(0) ack 2000", irs=0)
    assert peer.expect("R *:*(0)").seq == 2000
    for ignored in ("R 5:5(0)", "F 5:5(0)", "P 5:15(10)", "SF 5:5(0)"):
        peer.send(ignored)
        peer.expect_nothing(0.1)


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
