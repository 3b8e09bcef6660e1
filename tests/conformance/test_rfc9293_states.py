"""RFC 9293 §3.10.7.4, "otherwise": what each kind of segment does in each synchronized state. Each script leads a
connection into the state, sends one segment and checks the answer, or that there is none."""
import errno

import pytest
from guest_socket import (CLOSE_WAIT, CLOSING, ESTABLISHED, FIN_WAIT1, FIN_WAIT2, LAST_ACK, POLLERR, POLLIN, POLLPRI,
                          accepted)


def established(lab):
    sock, peer = accepted(lab)
    return sock, peer, 1, 1


def fin_wait_1(lab):
    sock, peer = accepted(lab)
    assert sock.shutdown() == 0
    peer.expect("F. 1:1(0) ack 1")
    return sock, peer, 2, 1


def fin_wait_2(lab):
    sock, peer, _, _ = fin_wait_1(lab)
    peer.send(". 1:1(0) ack 2")
    return sock, peer, 2, 1


def close_wait(lab):
    sock, peer = accepted(lab)
    peer.send("F. 1:1(0) ack 1")
    peer.expect(". 1:1(0) ack 2")
    return sock, peer, 1, 2


def closing(lab):
    sock, peer, _, _ = fin_wait_1(lab)
    peer.send("F. 1:1(0) ack 1")
    peer.expect(". 2:2(0) ack 2")
    return sock, peer, 2, 2


def last_ack(lab):
    sock, peer, _, _ = close_wait(lab)
    assert sock.shutdown() == 0
    peer.expect("F. 1:1(0) ack 2")
    return sock, peer, 2, 2


def time_wait(lab):
    sock, peer, _, _ = fin_wait_2(lab)
    peer.send("F. 1:1(0) ack 2")
    peer.expect(". 2:2(0) ack 2")
    return sock, peer, 2, 2


STATES = {established: ESTABLISHED, fin_wait_1: FIN_WAIT1, fin_wait_2: FIN_WAIT2, close_wait: CLOSE_WAIT,
          closing: CLOSING, last_ack: LAST_ACK}
WITH_TEXT = [established, fin_wait_1, fin_wait_2]  # in which the peer may still send
AFTER_FIN = [close_wait, closing, last_ack]  # in which the peer has said that it will not
named = {"ids": lambda enter: enter.__name__}


@pytest.fixture
def entered(lab, request):
    """In the state that the parameter names: (socket, peer, the guest's next number, the peer's next number)."""
    sock, peer, own, other = request.param(lab)
    if request.param in STATES:
        assert sock.state() == STATES[request.param]
    sock.entered = STATES.get(request.param)
    return sock, peer, own, other


in_each = pytest.mark.parametrize("entered", STATES, indirect=True, **named)
in_each_and_time_wait = pytest.mark.parametrize("entered", [*STATES, time_wait], indirect=True, **named)


def still_there(sock):
    assert sock.state() == sock.entered


def expect_unless_retransmission(peer, text, own):
    """In states that wait for an ACK of our FIN it may come again meanwhile."""
    segment = peer.next()
    while segment is not None and "F" in segment.flags and (segment.seq - peer.irs) & 0xffffffff == own - 1:
        segment = peer.next()
    assert segment is not None, f"nothing came, expected {text}\n{peer.story()}"
    shown = peer.show(segment)
    assert shown.startswith(text), f"expected {text}, got {shown}\n{peer.story()}"


def expect_silence(peer, own):
    """Nothing but, perhaps, our FIN once more."""
    peer.link.fence()
    while (segment := peer.next(0)) is not None:
        assert "F" in segment.flags and (segment.seq - peer.irs) & 0xffffffff == own - 1, (
            f"unexpected {peer.show(segment)}\n{peer.story()}")


@in_each_and_time_wait
def test_first_text_outside_the_window_gets_an_ack(entered):
    sock, peer, own, other = entered
    peer.send(f"P. {other + 200000}:{other + 200100}(100) ack {own}")
    expect_unless_retransmission(peer, f". {own}:{own}(0) ack {other} win", own)
    if sock.entered:
        still_there(sock)


@in_each_and_time_wait
def test_first_an_old_duplicate_gets_an_ack(entered):
    """Below the window: all of it was received before."""
    sock, peer, own, other = entered
    peer.send(f"P. {other - 101}:{other - 1}(100) ack {own}")
    expect_unless_retransmission(peer, f". {own}:{own}(0) ack {other} win", own)
    if sock.entered:
        still_there(sock)


@in_each
def test_second_an_exact_rst_ends_it(entered):
    """MUST-12: and the user learns it."""
    sock, peer, own, other = entered
    peer.send(f"R {other}:{other}(0)")
    sock.poll(POLLERR, timeout=1000)
    assert sock.error() == (errno.EPIPE if sock.entered == CLOSE_WAIT else errno.ECONNRESET)
    peer.send(f". {other}:{other}(0) ack {own}")
    expect_unless_retransmission(peer, f"R {own}:{own}(0)", own)


@in_each
def test_second_a_rst_elsewhere_in_the_window_is_challenged(entered):
    """RFC 5961 §3.2."""
    sock, peer, own, other = entered
    peer.send(f"R {other + 100}:{other + 100}(0)")
    expect_unless_retransmission(peer, f". {own}:{own}(0) ack {other} win", own)
    still_there(sock)


@in_each_and_time_wait
def test_second_a_rst_outside_the_window_is_ignored(entered):
    sock, peer, own, other = entered
    peer.send(f"R {other + 200000}:{other + 200000}(0)")
    peer.send(f"R {other - 10}:{other - 10}(0)")
    expect_silence(peer, own)
    if sock.entered:
        still_there(sock)


@in_each
def test_fourth_a_syn_is_challenged(entered):
    """RFC 5961 §4.2, wherever its number lies."""
    sock, peer, own, other = entered
    peer.send(f"S {other + 100}:{other + 100}(0) win 65535")
    expect_unless_retransmission(peer, f". {own}:{own}(0) ack {other} win", own)
    still_there(sock)


@in_each
def test_fifth_without_ack_it_is_dropped(entered):
    sock, peer, own, other = entered
    peer.send(f"P {other}:{other + 100}(100)")
    expect_silence(peer, own)
    still_there(sock)


@in_each
def test_fifth_an_ack_of_what_was_never_sent_is_challenged(entered):
    sock, peer, own, other = entered
    peer.send(f". {other}:{other}(0) ack {own + 1000}")
    expect_unless_retransmission(peer, f". {own}:{own}(0) ack {other} win", own)
    still_there(sock)


@pytest.mark.parametrize("entered", [fin_wait_1, closing, last_ack], indirect=True, **named)
def test_fifth_the_ack_of_our_fin_moves_on(entered):
    sock, peer, own, other = entered
    peer.send(f". {other}:{other}(0) ack {own}")
    expect_silence(peer, own)
    assert sock.state() == {FIN_WAIT1: FIN_WAIT2}.get(sock.entered, 7)
    if sock.entered == LAST_ACK:  # closed: nobody is there any more
        peer.send(f". {other}:{other}(0) ack {own}")
        peer.expect(f"R {own}:{own}(0)")
    if sock.entered == CLOSING:  # TIME-WAIT: still answers
        peer.send(f"F. {other - 1}:{other - 1}(0) ack {own}")
        peer.expect(f". {own}:{own}(0) ack {other}")


@pytest.mark.parametrize("entered", WITH_TEXT, indirect=True, **named)
def test_sixth_urgent_is_told(entered):
    sock, peer, own, other = entered
    peer.send(f"PU. {other}:{other + 10}(10) ack {own} urg 10")
    expect_unless_retransmission(peer, f". {own}:{own}(0) ack {other + 10} win", own)
    assert sock.poll() & (POLLPRI | POLLIN) == POLLPRI | POLLIN


@pytest.mark.unlike_linux("it tells the user even then")
@pytest.mark.parametrize("entered", AFTER_FIN, indirect=True, **named)
def test_sixth_urgent_after_the_peers_fin_is_ignored(entered):
    sock, peer, own, other = entered
    peer.send(f"PU. {other}:{other + 10}(10) ack 1 urg 10")
    expect_silence(peer, own)
    assert sock.poll() & POLLPRI == 0
    still_there(sock)


@pytest.mark.parametrize("entered", WITH_TEXT, indirect=True, **named)
def test_seventh_text_is_taken(entered):
    sock, peer, own, other = entered
    peer.send(f"P. {other}:{other + 100}(100) ack {own}")
    expect_unless_retransmission(peer, f". {own}:{own}(0) ack {other + 100} win", own)
    assert sock.read() == 100


@pytest.mark.parametrize("entered", AFTER_FIN, indirect=True, **named)
def test_seventh_text_after_the_peers_fin_is_ignored(entered):
    """It cannot be; whoever sends it is not believed."""
    sock, peer, own, other = entered
    peer.send(f"P. {other}:{other + 100}(100) ack 1")
    expect_silence(peer, own)
    still_there(sock)


@pytest.mark.parametrize("entered", [established, fin_wait_1, fin_wait_2], indirect=True, **named)
def test_eighth_a_fin_moves_on(entered):
    sock, peer, own, other = entered
    peer.send(f"F. {other}:{other}(0) ack 1")
    expect_unless_retransmission(peer, f". {own}:{own}(0) ack {other + 1} win", own)
    assert sock.state() == {ESTABLISHED: CLOSE_WAIT, FIN_WAIT1: CLOSING, FIN_WAIT2: 7}[sock.entered]
    assert sock.read() == 0


@pytest.mark.parametrize("entered", [*AFTER_FIN, time_wait], indirect=True, **named)
def test_eighth_the_fin_again_is_acknowledged_again(entered):
    sock, peer, own, other = entered
    for _ in range(2):
        peer.send(f"F. {other - 1}:{other - 1}(0) ack 1")
        expect_unless_retransmission(peer, f". {own}:{own}(0) ack {other} win", own)
    if sock.entered:
        still_there(sock)
