"""RFC 9293 §3.1 and §3.2, §3.7.1: the header, its checksum and its options. That whatever the guest sends has a good
checksum (MUST-2), clear reserved bits and options padded to whole words (MUST-69) is checked on every segment of this
suite, in tcp_peer.Segment."""
import errno

import agent as protocol
import pytest
from guest_socket import SOL_TCP, TCP_MAXSEG, accepted, connecting, half_open, listening
from tcp_peer import Peer


def test_must_3_a_bad_checksum_is_dropped_silently(lab):
    sock, peer = accepted(lab)
    peer.send("P. 1:101(100) ack 1", chksum=0x1234)
    peer.send("R 1:1(0)", chksum=0)
    peer.expect_silence()
    assert sock.read() == -errno.EAGAIN
    peer.send("P. 1:101(100) ack 1")
    peer.expect(". 1:1(0) ack 101")


@pytest.mark.parametrize("words", [0, 4, 7, 15])
def test_a_header_length_that_cannot_be_is_dropped_silently(lab, words):
    """Shorter than the fixed header, or longer than the segment."""
    peer = Peer(lab.link, listening(lab).port)
    peer.send("S 0:0(0) win 65535", dataofs=words)
    peer.expect_silence()


def test_reserved_bits_are_ignored(lab):
    """§3.1: "must be ignored in received segments"."""
    peer = Peer(lab.link, listening(lab).port)
    peer.send("S 0:0(0) win 65535 <mss 1460>", reserved=6)
    peer.expect("S. 0:0(0) ack 1")
    peer.send("P. 1:101(100) ack 1", reserved=6)
    peer.expect(". 1:1(0) ack 101")


def test_must_1_the_window_is_unsigned(lab):
    """40000 is negative when taken for a signed number."""
    sock, peer = accepted(lab, "mss 1000", win=40000)
    assert sock.write(3000) == 3000
    for first in (1, 1001, 2001):
        peer.expect(f". {first}:{first + 1000}(1000) ack 1")


# ---- Options (§3.2)


@pytest.mark.parametrize("unknown", ["fd06aabbccdd", "fe02", "1b080102030405060101"],
                         ids=["experiment", "empty", "quick start"])
def test_must_6_an_unknown_option_is_ignored(lab, unknown):
    """MUST-68: its length leads to the next one, here an MSS of 1000."""
    peer = Peer(lab.link, listening(lab).port)
    peer.send(f"S 0:0(0) win 65535 <raw {unknown} 020403e8>")
    peer.expect("S. 0:0(0) ack 1 <mss 1460>")
    peer.send(f"P. 1:11(10) ack 1 <raw {unknown}>")
    peer.expect(". 1:1(0) ack 11")


def test_must_5_options_in_any_segment(lab):
    """An MSS where none belongs, SACK that was not agreed upon, padding: on data, on an ACK, on a FIN."""
    sock, peer = accepted(lab)
    peer.send("P. 1:11(10) ack 1 <mss 100,nop,nop,sackOK>")
    peer.expect(". 1:1(0) ack 11 <>")
    assert sock.write(2000) == 2000
    peer.expect(". 1:1461(1460) ack 11")
    peer.expect("P. 1461:2001(540) ack 11")
    peer.send(". 11:11(0) ack 2001 <nop,nop,sack 100:200>")
    peer.send("F. 11:11(0) ack 2001 <raw 01010101>")
    peer.expect(". 2001:2001(0) ack 12 <>")


@pytest.mark.parametrize("broken", ["0200", "0201", "0204", "02", "fd", "fd00", "fdff0000", "080aff", "0402030300ff"],
                         ids=lambda text: text)
def test_must_7_an_illegal_length_does_no_harm(lab, broken):
    """In a SYN and in a segment of a connection: the segment counts, the rest of its options does not."""
    peer = Peer(lab.link, listening(lab).port)
    peer.send(f"S 0:0(0) win 65535 <raw {broken}>")
    peer.expect("S. 0:0(0) ack 1")
    peer.send(f"P. 1:11(10) ack 1 <raw {broken}>")
    peer.expect(". 1:1(0) ack 11")


def test_must_64_options_at_odd_places(lab):
    """Each behind one NOP, none at a word's start."""
    peer = Peer(lab.link, listening(lab).port)
    peer.send("S 0:0(0) win 65535 <raw 01 02 04 03 e8 01 04 02 03 03 07 01 08 0a 00 00 00 05 00 00 00 00 00>")
    peer.expect("S. 0:0(0) ack 1 <mss 1460,sackOK,TS val * ecr 5,nop,wscale *>")


def test_must_4_the_end_of_options_ends_them(lab):
    peer = Peer(lab.link, listening(lab).port)
    peer.send("S 0:0(0) win 65535 <raw 00 02 04 03 e8 04 02 00>")
    peer.expect("S. 0:0(0) ack 1 <mss 1460>")
    peer.send(". 1:1(0) ack 1")


# ---- Maximum segment size (§3.7.1)


def test_must_14_both_syns_carry_the_mss(lab):
    """SHLD-5, and MUST-67: what fits into a packet of this network without options."""
    _, peer = half_open(lab, "nop")
    assert ("MSS", 1460) in peer.answer.options
    _, peer = connecting(lab)
    assert ("MSS", 1460) in peer.answer.options


def test_must_65_no_mss_outside_of_syns(lab):
    sock, peer = accepted(lab)
    assert sock.write(3000) == 3000
    for text in (". 1:1461(1460) ack 1 <>", ". 1461:2921(1460) ack 1 <>", "P. 2921:3001(80) ack 1 <>"):
        peer.expect(text)
    peer.send(". 1:1(0) ack 3001")
    sock.close()
    peer.expect("F. 3001:3001(0) ack 1 <>")


def test_must_15_without_mss_536_is_assumed(lab):
    sock, peer = accepted(lab, "nop")
    assert sock.write(600) == 600
    peer.expect(". 1:537(536) ack 1")
    assert sock.get(SOL_TCP, TCP_MAXSEG) == 536


@pytest.mark.parametrize("offered, used", [(300, 300), (1000, 1000), (1460, 1460), (9000, 1460), (65535, 1460)])
def test_must_16_the_effective_mss(lab, offered, used):
    """The least of what the peer takes and what the network carries."""
    sock, peer = accepted(lab, f"mss {offered}")
    assert sock.write(2 * used) == 2 * used
    peer.expect(f". 1:{1 + used}({used}) ack 1")
    peer.expect(f"P. {1 + used}:{1 + 2 * used}({used}) ack 1")


def test_must_16_options_take_room_in_each_segment(lab):
    """RFC 6691: the MSS option does not know of them, the sender takes them off."""
    sock, peer = accepted(lab, "mss 1000,nop,nop,TS val 1000 ecr 0")
    assert peer.answer.options[0] == ("MSS", 1460)
    assert sock.write(1976) == 1976
    peer.expect(". 1:989(988) ack 1")
    peer.expect("P. 989:1977(988) ack 1")


def test_an_absurdly_small_mss_is_not_followed(lab):
    """CVE-2019-11477 and kin: headers would eat everything. Linux's least is 48 bytes."""
    sock, peer = accepted(lab, "mss 1")
    assert sock.write(96) == 96
    peer.expect(". 1:49(48) ack 1")
    peer.expect("P. 49:97(48) ack 1")


def test_the_user_may_lower_the_mss(lab):
    """TCP_MAXSEG: for both directions."""
    sock, peer = accepted(lab, prepare=lambda server: server.set(SOL_TCP, TCP_MAXSEG, 500))
    assert peer.answer.options[0] == ("MSS", 500)
    assert sock.write(1000) == 1000
    peer.expect(". 1:501(500) ack 1")
    peer.expect("P. 501:1001(500) ack 1")


# ---- DiffServ field and TTL


def test_must_49_ttl_and_must_48_diffserv_are_the_users(lab):
    """SHLD-21: also in the middle of a connection; SHLD-22: passed on unchanged."""
    sock, peer = accepted(lab)
    sock.set(0, 2, 33).set(0, 1, 0x28)
    assert sock.write(10) == 10
    ip = peer.expect("P. 1:11(10) ack 1").packet["IP"]
    assert (ip.ttl, ip.tos) == (33, 0x28)
    sock.set(0, 1, 0xB8)
    peer.send(". 1:1(0) ack 11")
    assert sock.write(10) == 10
    assert peer.expect("P. 11:21(10) ack 1").packet["IP"].tos == 0xB8
    assert sock.call(protocol.SETSOCKOPT, 0, 2, 4, data=(300).to_bytes(4, "little")) == -errno.EINVAL
