"""RFC 7323: window scaling, timestamps, PAWS."""
import time

import pytest
from guest_socket import (ALL_OPTIONS, POLLERR, POLLIN, POLLOUT, SOL_SOCKET, SOL_TCP, SO_LINGER, TCP_NODELAY,
                          TCP_QUICKACK, accepted, connecting, half_open, listening)
from tcp_peer import Peer, difference


# ---- Window scaling (§2)


def test_the_scale_is_offered_and_answered_only_if_both_sides_do(lab):
    """§2.2: a SYN-ACK carries it only if the SYN did, and without both it is not used."""
    _, peer = connecting(lab)
    assert "WScale" in dict(peer.answer.options)
    sock, peer = accepted(lab, "mss 1460")
    assert "WScale" not in dict(peer.answer.options) and sock.shifts() == (0, 0)
    sock, peer = accepted(lab, "mss 1460,nop,wscale 5")
    assert sock.shifts() == (5, dict(peer.answer.options)["WScale"])


def test_a_scale_above_14_counts_as_14(lab):
    """§2.3."""
    sock, _ = accepted(lab, "mss 1460,nop,wscale 15")
    assert sock.shifts()[0] == 14


def test_the_window_of_a_syn_is_not_scaled(lab):
    """§2.2: 2000 bytes, although the shift of 7 is known."""
    sock, peer = connecting(lab)
    peer.send("S. 0:0(0) ack 1 win 2000 <mss 1000,nop,wscale 7>")
    peer.expect(". 1:1(0) ack 1")
    assert sock.write(5000) == 5000
    peer.expect(". 1:1001(1000) ack 1")
    peer.expect(". 1001:2001(1000) ack 1")
    peer.expect_silence()


def test_windows_of_other_segments_are_scaled_both_ways(lab):
    """§2.3: ours is shifted right by what we offered, the peer's left by what it did."""
    sock, peer = accepted(lab, "mss 1000,nop,wscale 7", win=20)
    first = peer.answer.window
    peer.send("P. 1:11(10) ack 1 win 20")
    shift = sock.shifts()[1]
    assert abs((peer.expect(". 1:1(0) ack 11").window << shift) - first) < 2 << shift
    assert sock.write(5000) == 5000
    peer.expect(". 1:1001(1000) ack 11")
    peer.expect(". 1001:2001(1000) ack 11")
    peer.expect_silence()  # 20 << 7 is 2560


# ---- Timestamps (§3)


def test_every_segment_of_the_connection_carries_a_timestamp(lab):
    """§3.2: data, ACK, FIN, the reset of an abort."""
    sock, peer = accepted(lab, ALL_OPTIONS)
    assert sock.write(10) == 10
    peer.expect("P. 1:11(10) ack 1 <nop,nop,TS val * ecr 1000>")
    peer.send("P. 1:11(10) ack 11 <nop,nop,TS val 1001 ecr 0>")
    peer.expect(". 11:11(0) ack 11 <nop,nop,TS val * ecr 1001>")
    assert sock.read() == 10 and sock.shutdown() == 0
    peer.expect("F. 11:11(0) ack 11 <nop,nop,TS val * ecr 1001>")
    peer.send(". 11:11(0) ack 12 <nop,nop,TS val 1002 ecr 0>")
    sock.set(SOL_SOCKET, SO_LINGER, 1, 0).close()
    peer.expect("R. 12:12(0) ack 11 <nop,nop,TS val * ecr 1002>")


def test_without_timestamps_in_the_syn_there_are_none(lab):
    sock, peer = accepted(lab)
    assert sock.write(10) == 10
    peer.expect("P. 1:11(10) ack 1 <>")
    peer.send("P. 1:11(10) ack 11 <nop,nop,TS val 5 ecr 5>")
    peer.expect(". 11:11(0) ack 11 <>")


def test_timestamps_take_room_in_each_segment(lab):
    sock, peer = accepted(lab, "mss 1460,nop,nop,TS val 1000 ecr 0")
    assert sock.write(2000) == 2000
    peer.expect(". 1:1449(1448) ack 1 <nop,nop,TS val * ecr 1000>")
    peer.expect("P. 1449:2001(552) ack 1 <nop,nop,TS val * ecr 1000>")


def test_the_clock_ticks_milliseconds(lab):
    """§5.4: between 1 ms and 1 s a tick; Linux's is 1 ms."""
    sock, peer = accepted(lab, ALL_OPTIONS)
    sock.set(SOL_TCP, TCP_NODELAY, 1)
    assert sock.write(1) == 1
    first = peer.expect("P. 1:2(1) ack 1")
    peer.send(". 1:1(0) ack 2 <nop,nop,TS val 1001 ecr 0>")
    time.sleep(1)
    assert sock.write(1) == 1
    second = peer.expect("P. 2:3(1) ack 1")
    ticks = second.timestamp()[0] - first.timestamp()[0]
    assert ticks == pytest.approx(1000 * (second.at - first.at), rel=0.1)


def test_each_peer_has_its_own_offset(lab):
    """§7.1: so that the clock does not tell how long the host has been up."""
    server, values = listening(lab), []
    for last in range(4):
        peer = Peer(lab.link, server.port, address=f"192.0.2.{10 + last}")
        peer.send(f"S 0:0(0) win 65535 <{ALL_OPTIONS}>")
        values.append(peer.expect("S. 0:0(0) ack 1").timestamp()[0])
    assert min(abs(difference(a, b)) for a, b in zip(values, values[1:])) > 100000


def test_the_echo_is_that_of_the_last_segment_in_order(lab):
    """§4.3: a segment behind a hole does not move TS.Recent, the one that fills the hole does."""
    _, peer = accepted(lab, ALL_OPTIONS)
    peer.send("P. 1:101(100) ack 1 <nop,nop,TS val 2000 ecr 0>")
    peer.expect(". 1:1(0) ack 101 <nop,nop,TS val * ecr 2000>")
    peer.send("P. 201:301(100) ack 1 <nop,nop,TS val 2100 ecr 0>")
    peer.expect(". 1:1(0) ack 101 <nop,nop,TS val * ecr 2000,nop,nop,sack 201:301>")
    peer.send("P. 101:201(100) ack 1 <nop,nop,TS val 2200 ecr 0>")
    peer.expect(". 1:1(0) ack 301 <nop,nop,TS val * ecr 2200>")


def test_the_echo_of_a_delayed_ack_is_that_of_the_first_segment(lab):
    """§4.3, (2): so the sender's RTT includes the delay."""
    sock, peer = accepted(lab, ALL_OPTIONS)
    sock.set(SOL_TCP, TCP_QUICKACK, 0)
    peer.send("P. 1:11(10) ack 1 <nop,nop,TS val 2000 ecr 0>")
    peer.send("P. 11:21(10) ack 1 <nop,nop,TS val 2007 ecr 0>")
    answer = peer.expect(". 1:1(0)")
    if answer.ack == (peer.iss + 11) & 0xffffffff:  # the second came after the delay
        assert answer.timestamp()[1] == 2000
    else:
        assert peer.show(answer).startswith(". 1:1(0) ack 21") and answer.timestamp()[1] == 2000


def test_an_acknowledgement_by_timestamp_gives_a_round_trip(lab):
    """§4.1: even of a retransmitted segment, since the echo tells which one it answers."""
    sock, peer = accepted(lab, ALL_OPTIONS)
    assert sock.write(10) == 10
    peer.expect("P. 1:11(10) ack 1")
    again = peer.expect("P. 1:11(10) ack 1")
    time.sleep(0.3)
    peer.send(f". 1:1(0) ack 11 <nop,nop,TS val 1001 ecr {again.timestamp()[0]}>")
    assert sock.poll(POLLOUT, 500) and sock.smoothed_rtt() > 0.03


# ---- PAWS (§5)


def test_paws(lab):
    """§5.3, R1: an older timestamp than TS.Recent: dropped, and an ACK says what was expected."""
    sock, peer = accepted(lab, ALL_OPTIONS)
    peer.send("P. 1:101(100) ack 1 <nop,nop,TS val 2000 ecr 0>")
    peer.expect(". 1:1(0) ack 101 <nop,nop,TS val * ecr 2000>")
    peer.send("P. 101:201(100) ack 1 <nop,nop,TS val 500 ecr 0>")
    peer.expect(". 1:1(0) ack 101 <nop,nop,TS val * ecr 2000>")
    peer.send("P. 101:201(100) ack 1 <nop,nop,TS val 2001 ecr 0>")
    peer.expect(". 1:1(0) ack 201 <nop,nop,TS val * ecr 2001>")
    assert sock.read() == 200


def test_paws_compares_across_the_wrap(lab):
    """§5.2: modulo 2^32."""
    _, peer = accepted(lab, ALL_OPTIONS)
    peer.send("P. 1:11(10) ack 1 <nop,nop,TS val 2147484000 ecr 0>")
    peer.expect(". 1:1(0) ack 11 <nop,nop,TS val * ecr 2147484000>")
    peer.send("P. 11:21(10) ack 1 <nop,nop,TS val 4294967290 ecr 0>")
    peer.expect(". 1:1(0) ack 21 <nop,nop,TS val * ecr 4294967290>")
    peer.send("P. 21:31(10) ack 1 <nop,nop,TS val 5 ecr 0>")
    peer.expect(". 1:1(0) ack 31 <nop,nop,TS val * ecr 5>")
    peer.send("P. 31:41(10) ack 1 <nop,nop,TS val 4294967290 ecr 0>")
    peer.expect(". 1:1(0) ack 31 <nop,nop,TS val * ecr 5>")


def test_paws_does_not_stop_a_reset(lab):
    """§5.2: RST segments are not subject to it."""
    sock, peer = accepted(lab, ALL_OPTIONS)
    peer.send("R. 1:1(0) ack 1 <nop,nop,TS val 1 ecr 0>")
    assert sock.poll(POLLERR, 1000) & POLLERR


def test_a_segment_without_its_timestamp_is_taken(lab):
    """§3.2 says SHOULD drop; like Linux we take it: middle boxes strip options."""
    sock, peer = accepted(lab, ALL_OPTIONS)
    peer.send("P. 1:11(10) ack 1")
    peer.expect(". 1:1(0) ack 11 <nop,nop,TS val * ecr 1000>")
    assert sock.read() == 10


def test_paws_in_syn_received(lab):
    """The handshake's last ACK with a timestamp from before the SYN does not count."""
    server, peer = half_open(lab, ALL_OPTIONS)
    time.sleep(0.6)
    peer.send(f". 1:1(0) ack 1 <nop,nop,TS val 500 ecr {peer.answer.timestamp()[0]}>")
    lab.link.fence()
    assert server.poll(POLLIN) == 0
    peer.send(f". 1:1(0) ack 1 <nop,nop,TS val 1001 ecr {peer.answer.timestamp()[0]}>")
    assert server.poll(POLLIN, 1000) == POLLIN
