"""RFC 9293 §3.5 and §3.10.7.1 to .3: opening a connection from both sides, and what a port answers where nobody
listens."""
import errno
import time

import agent as protocol
import pytest
from agent import address
from guest_socket import (ALL_OPTIONS, CLOSE, CLOSE_WAIT, ESTABLISHED, LISTEN, POLLERR, POLLHUP, POLLIN, POLLOUT,
                          POLLRDHUP, SYN_RECV, SYN_SENT, Sock, accepted, connected, connecting, guest_ports, half_open,
                          listening)
from tcp_peer import Peer, difference
from wire import BROADCAST, GUEST_IP, PEER_IP


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


def test_syn_sent_ignores_a_rst_without_an_acceptable_ack(lab):
    """§3.10.7.3, second."""
    sock, peer = connecting(lab)
    peer.send("R 0:0(0)")
    peer.expect_silence()
    peer.send("R. 0:0(0) ack 5")
    peer.expect("S 0:0(0)")  # again and soon, as after every ACK of something else
    assert sock.state() == SYN_SENT
    peer.send("R. 0:0(0) ack 1")
    assert sock.poll(POLLERR, 1000) & POLLERR


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
    peer.expect_silence()


def test_segments_to_a_listener(lab):
    peer = Peer(lab.link, listening(lab).port)
    peer.send(". 5:5(0) ack 1000", irs=0)
    assert peer.expect("R *:*(0)").seq == 1000
    peer.send("S. 5:5(0) ack 2000", irs=0)
    assert peer.expect("R *:*(0)").seq == 2000
    for ignored in ("R 5:5(0)", "F 5:5(0)", "P 5:15(10)", "SF 5:5(0)"):
        peer.send(ignored)
        peer.expect_silence()


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


def test_must_8_the_isn_moves_with_the_clock(lab):
    """§3.4.1: for the same pair of ends it grows with time, some 2^18 to 2^24 a second."""
    server = listening(lab)
    peer = Peer(lab.link, server.port)
    numbers = []
    for _ in range(3):
        peer.send("S 0:0(0) win 65535 <mss 1460>")
        numbers.append(peer.expect("S. *:*(0) ack 1"))
        peer.send("R 1:1(0)")
        time.sleep(0.2)
    for earlier, later in zip(numbers, numbers[1:]):
        speed = ((later.seq - earlier.seq) & 0xffffffff) / (later.at - earlier.at)
        assert 2e5 < speed < 2e7 * 1.2


def test_shld_1_isns_of_different_ends_have_nothing_in_common(lab):
    """RFC 6528: a keyed hash of the ends (MUST-9: not computable from outside)."""
    server = listening(lab, backlog=20)
    numbers = []
    for _ in range(8):
        peer = Peer(lab.link, server.port)
        peer.send("S 0:0(0) win 65535 <mss 1460>")
        numbers.append(peer.expect("S. *:*(0) ack 1").seq)
        peer.send("R 1:1(0)")
    steps = [abs(difference(b, a)) for a, b in zip(numbers, numbers[1:])]
    assert sum(step > 1 << 24 for step in steps) >= 5
    assert len(set(steps)) == len(steps)


def test_must_11_syn_received_by_a_passive_open_returns_to_listen(lab):
    """A RST ends the attempt; the listener's user sees nothing of it, and the next SYN is answered."""
    server, peer = half_open(lab)
    peer.send("R 1:1(0)")
    peer.expect_silence()
    assert server.poll() == 0
    peer.send("S 10:10(0) win 65535 <mss 1460>")
    peer.expect("S. 0:0(0) ack 11")


def test_must_11_syn_received_by_an_active_open_ends_refused(lab):
    sock, peer = connecting(lab)
    peer.send("S 0:0(0) win 65535 <mss 1000>")
    peer.expect("S. 0:0(0) ack 1")
    peer.send("R 1:1(0)")
    assert sock.poll(POLLERR, 1000) & POLLERR
    assert sock.error() in (errno.ECONNREFUSED, errno.ECONNRESET)


def test_must_41_a_listener_goes_on_beside_its_connections(lab):
    sock, first = accepted(lab)
    second = Peer(lab.link, first.guest_port)
    second.send("S 0:0(0) win 65535 <mss 1460>")
    second.expect("S. 0:0(0) ack 1")
    second.send(". 1:1(0) ack 1")
    assert sock.server.poll(POLLIN, 1000) == POLLIN
    other = sock.server.accept()
    first.send("P. 1:11(10) ack 1")
    first.expect(". 1:1(0) ack 11")
    assert (sock.read(), other.read()) == (10, -errno.EAGAIN)


def test_must_42_one_port_on_two_addresses(lab):
    """Two listeners whose ends differ in the local address only."""
    port = next(guest_ports)
    outside, inside = Sock(lab.agent), Sock(lab.agent)
    assert outside.bind(port, GUEST_IP) == 0 and inside.bind(port, "127.0.0.1") == 0
    assert outside.call(protocol.LISTEN, 1) == 0 and inside.call(protocol.LISTEN, 1) == 0
    peer = Peer(lab.link, port)
    peer.send("S 0:0(0) win 65535 <mss 1460>")
    peer.expect("S. 0:0(0) ack 1")
    peer.send(". 1:1(0) ack 1")
    assert outside.poll(POLLIN, 1000) == POLLIN and inside.poll() == 0


def test_must_43_the_user_chooses_the_local_end(lab):
    sock, peer = Sock(lab.agent), Peer(lab.link)
    port = next(guest_ports)
    assert sock.bind(port, GUEST_IP) == 0
    assert sock.connect(peer) == -errno.EINPROGRESS
    syn = peer.expect("S 0:0(0)")
    assert (syn.packet["IP"].src, syn.guest_port) == (GUEST_IP, port)


def test_must_44_and_45_the_source_address_is_the_interfaces_and_stays(lab):
    sock, peer = connected(lab)
    assert sock.write(10) == 10
    assert peer.expect("P. 1:11(10) ack 1").packet["IP"].src == peer.answer.packet["IP"].src == GUEST_IP


@pytest.mark.parametrize("address_of_many", ["255.255.255.255", "192.168.255.255", "224.0.0.1"])
def test_must_46_no_open_to_many(lab, address_of_many):
    assert Sock(lab.agent).call(protocol.CONNECT, 16, data=address(address_of_many, 80)) in (
        -errno.ENETUNREACH, -errno.EACCES)


@pytest.mark.parametrize("to, frame_to", [("192.168.255.255", BROADCAST), ("255.255.255.255", BROADCAST),
                                          ("224.0.0.1", "01:00:5e:00:00:01"), (GUEST_IP, BROADCAST)])
def test_must_57_a_syn_to_many_is_dropped_silently(lab, to, frame_to):
    peer = Peer(lab.link, listening(lab).port)
    lab.link.send(peer.segment("S 0:0(0) win 65535", ip={"dst": to}), dst=frame_to)
    peer.expect_silence()


@pytest.mark.parametrize("source", ["255.255.255.255", "224.0.0.1", "127.0.0.1", "0.0.0.0", GUEST_IP, *(
    pytest.param(source, marks=pytest.mark.unlike_linux("it believes such sources"))
    for source in ("192.168.255.255", "240.0.0.1"))])
def test_must_63_a_syn_from_nobody_is_dropped_silently(lab, source):
    """Our own address is the LAND attack."""
    port = listening(lab).port
    peer = Peer(lab.link, port)
    peer.send("S 0:0(0) win 65535", ip={"src": source})
    peer.expect_silence()
    peer.send("S 0:0(0) win 65535")
    peer.expect("S. 0:0(0) ack 1")


# ---- SYN-SENT (§3.10.7.3)


@pytest.mark.parametrize("number", [-5, 0, 2, 1000])
@pytest.mark.parametrize("flags", [".", "S.", "F."])
def test_syn_sent_answers_an_unacceptable_ack_with_a_reset(lab, flags, number):
    """First: SEG.ACK =< ISS or > SND.NXT; whatever comes with it does not count. The peer has an old connection, which
    the reset ends; so the SYN comes again at once, as from Linux."""
    sock, peer = connecting(lab)
    peer.send(f"{flags} 0:0(0) ack {number}")
    peer.expect(f"R {number}:{number}(0) win 0 <>")
    assert peer.expect("S 0:0(0)").at - peer.answer.at < 0.8
    assert sock.state() == SYN_SENT


def test_syn_sent_drops_what_has_neither_syn_nor_rst(lab):
    """Fifth, even with an acceptable ACK."""
    sock, peer = connecting(lab)
    for text in (". 1:1(0) ack 1", "P. 1:11(10) ack 1", "F. 1:1(0) ack 1", "P 1:11(10)"):
        peer.send(text)
        peer.expect_silence()
    assert sock.state() == SYN_SENT


@pytest.mark.unlike_linux("it lets the text be sent again")
def test_syn_sent_takes_data_with_the_syn_ack(lab):
    """Fourth: "If there are other controls or text in the segment, then continue processing"."""
    sock, peer = connecting(lab)
    peer.send("S. 0:10(10) ack 1 win 65535 <mss 1460>")
    peer.expect(". 1:1(0) ack 11")
    assert sock.poll(POLLIN) == POLLIN and sock.read() == 10


def test_self_and_late_duplicates_of_a_syn_ack(lab):
    """The SYN-ACK again, in ESTABLISHED: our ACK was lost, so it comes again (§3.10.7.4, RFC 5961 §4)."""
    sock, peer = connected(lab)
    peer.send("S. 0:0(0) ack 1 win 65535 <mss 1460>")
    peer.expect(". 1:1(0) ack 1")
    assert sock.state() == ESTABLISHED


# ---- SYN-RECEIVED (§3.10.7.4)


def test_syn_received_drops_what_has_no_ack(lab):
    server, peer = half_open(lab)
    peer.send("P 1:11(10)")
    peer.send("F 1:1(0)")
    peer.expect_silence()
    assert server.poll() == 0


def test_syn_received_answers_text_outside_the_window(lab):
    """With an ACK that says where we are; the SYN-ACK may come again before it."""
    server, peer = half_open(lab)
    peer.send("P. 200000:200010(10) ack 1")
    lab.link.fence()
    segment = peer.next(0)
    if segment is not None and segment.flags == "SA":
        segment = peer.next(0)
    assert segment is not None and peer.show(segment).startswith(". 1:1(0) ack 1 "), peer.story()
    assert server.poll() == 0


def test_syn_received_takes_fin_with_the_ack(lab):
    server, peer = half_open(lab)
    peer.send("F. 1:11(10) ack 1")
    peer.expect(". 1:1(0) ack 12")
    sock = server.accept()
    assert sock.state() == CLOSE_WAIT and sock.read() == 10 and sock.read() == 0


def test_data_on_a_syn_is_not_acknowledged(lab):
    """§3.10.7.2 queues it or lets it be sent again; without Fast Open it is sent again."""
    server = listening(lab)
    peer = Peer(lab.link, server.port)
    peer.send("S 0:10(10) win 65535 <mss 1460>")
    peer.expect("S. 0:0(0) ack 1")
    peer.send("P. 1:11(10) ack 1")
    peer.expect(". 1:1(0) ack 11")
    assert server.accept().read() == 10


def test_accept_queue_full_the_last_ack_is_ignored(lab):
    """As Linux: no reset, the client may send again when there is room."""
    server = listening(lab, backlog=0)
    first, second = Peer(lab.link, server.port), Peer(lab.link, server.port)
    for peer in (first, second):
        peer.send("S 0:0(0) win 65535 <mss 1460>")
        peer.expect("S. 0:0(0) ack 1")
    first.send(". 1:1(0) ack 1")
    second.send(". 1:1(0) ack 1")
    assert server.poll(POLLIN, 1000) == POLLIN
    second.expect_silence()
    sock = server.accept()
    second.send(". 1:1(0) ack 1")
    assert server.poll(POLLIN, 1000) == POLLIN
    server.accept()
    assert sock.state() == ESTABLISHED
