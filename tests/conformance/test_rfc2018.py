"""RFC 2018, 2883 and 6675: selective acknowledgements, received and sent."""
from guest_socket import ALL_OPTIONS, FAR, SOL_TCP, TCP_CONGESTION, accepted, connecting


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


def test_fast_retransmit_with_sack(lab):
    sock, peer = accepted(lab, "mss 1000,nop,nop,sackOK")
    assert sock.write(5000) == 5000
    for i in range(5):
        peer.expect(f". {1 + 1000 * i}:{1001 + 1000 * i}(1000) ack 1")
    for last in (2001, 3001, 4001):
        peer.send(f". 1:1(0) ack 1 <nop,nop,sack 1001:{last}>")
    peer.expect(". 1:1001(1000) ack 1")
    peer.send(". 1:1(0) ack 5001")
    peer.expect_silence()


# ---- What is told (RFC 2018 §4)


def test_sack_only_if_the_peer_permitted_it(lab):
    """§2."""
    _, peer = accepted(lab)
    peer.send(". 1001:2001(1000) ack 1")
    peer.expect(". 1:1(0) ack 1 <>")


def test_sack_permitted_is_sent_in_syns_only(lab):
    _, peer = connecting(lab)
    assert ("SAckOK", b"") in peer.answer.options
    sock, peer = accepted(lab, "mss 1460,nop,nop,sackOK")
    assert ("SAckOK", b"") in peer.answer.options
    assert sock.write(10) == 10
    peer.expect("P. 1:11(10) ack 1 <>")


def test_the_first_block_is_the_newest(lab):
    """§4: "the first SACK block MUST specify the contiguous block containing the segment which triggered this ACK"; up
    to four blocks, three beside a timestamp."""
    for options, most in (("mss 1460,nop,nop,sackOK", 4), (ALL_OPTIONS, 3)):
        stamp = " <nop,nop,TS val 1001 ecr 0>" if "TS" in options else ""
        sock, peer = accepted(lab, options)
        told = []
        for first in range(1001, 11001, 2000):
            peer.send(f". {first}:{first + 1000}(1000) ack 1{stamp}")
            told.insert(0, f"{first}:{first + 1000}")
            peer.expect(f". 1:1(0) ack 1 <{'nop,nop,TS val * ecr 1000,' if stamp else ''}nop,nop,sack "
                        f"{' '.join(told[:most])}>")
        peer.send(f". 3001:4001(1000) ack 1{stamp}")  # old: RFC 2883 §4.1 tells it, too
        assert "SAck" in dict(peer.next().options)


def test_data_with_a_hole_carries_the_sack(lab):
    """§4: each segment with ACK that is sent while a hole is open."""
    sock, peer = accepted(lab, "mss 1460,nop,nop,sackOK")
    peer.send(". 1001:2001(1000) ack 1")
    peer.expect(". 1:1(0) ack 1 <nop,nop,sack 1001:2001>")
    assert sock.write(10) == 10
    peer.expect("P. 1:11(10) ack 1 <nop,nop,sack 1001:2001>")


def test_what_was_told_is_kept(lab):
    """§8: no reneging while there is room: the hole alone is enough."""
    sock, peer = accepted(lab, "mss 1460,nop,nop,sackOK")
    for first in range(1001, 30001, 1000):
        peer.send(f". {first}:{first + 1000}(1000) ack 1")
    for _ in range(29):
        peer.expect(". 1:1(0) ack 1")
    peer.send(". 1:1001(1000) ack 1")
    peer.expect(". 1:1(0) ack 30001 <>")
    assert sock.read() == 30000


# ---- What is made of it (RFC 6675)


def flight(lab, options="mss 1000,nop,nop,sackOK"):
    """Ten segments of 1000 bytes to a FAR peer."""
    sock, peer = accepted(lab, options, rtt=FAR, prepare=lambda sock: sock.set_text(SOL_TCP, TCP_CONGESTION, "reno"))
    assert sock.write(10000) == 10000
    for first in range(1, 10001, 1000):
        peer.expect(f". {first}:{first + 1000}(1000) ack 1")
    return sock, peer


def test_only_the_holes_are_sent_again(lab):
    """Segments 1 and 5 are lost; with three segments above each they are known to be."""
    sock, peer = flight(lab)
    peer.send(". 1:1(0) ack 1 <nop,nop,sack 1001:4001>")
    peer.expect(". 1:1001(1000) ack 1")
    peer.send(". 1:1(0) ack 1 <nop,nop,sack 5001:9001 1001:4001>")
    peer.expect(". 4001:5001(1000) ack 1")
    peer.send(". 1:1(0) ack 10001")
    peer.expect_silence()
    assert sock.threshold() == 5


def test_a_block_is_as_good_as_so_many_duplicates(lab):
    """§4, IsLost by bytes: one ACK that SACKs three segments is enough."""
    _, peer = flight(lab)
    peer.send(". 1:1(0) ack 1 <nop,nop,sack 1001:4001>")
    assert peer.expect(". 1:1001(1000) ack 1")
    peer.send(". 1:1(0) ack 10001")


def test_blocks_of_nonsense_are_ignored(lab):
    """Above SND.NXT, below SND.UNA, backwards: no segment is taken for received or lost."""
    sock, peer = flight(lab)
    for block in ("20001:23001", "-5000:-2000", "4001:1001", "9001:30001"):
        peer.send(f". 1:1(0) ack 1 <nop,nop,sack {block}>")
    peer.expect_silence()
    assert sock.word_of_info(24) == 10  # tcpi_unacked


def test_no_retransmission_of_what_was_sacked_after_a_timeout(lab):
    """RFC 6675 §5.1 lets a sender keep the blocks over a timeout, as Linux does, where RFC 2018 §5 wanted them gone."""
    _, peer = flight(lab)
    peer.send(". 1:1(0) ack 1 <nop,nop,sack 9001:10001>")
    peer.expect(". 1:1001(1000) ack 1", 4)
    peer.send(". 1:1(0) ack 8001 <nop,nop,sack 9001:10001>")
    peer.expect(". 8001:9001(1000) ack 1")
    peer.send(". 1:1(0) ack 10001")
    peer.expect_silence()


# ---- Told twice (RFC 2883)


def test_dsack_undoes_a_needless_reduction(lab):
    """The retransmission was not needed: the window is what it was before."""
    sock, peer = flight(lab)
    peer.send(". 1:1(0) ack 1 <nop,nop,sack 1001:4001>")
    peer.expect(". 1:1001(1000) ack 1")
    peer.send(". 1:1(0) ack 9001")
    peer.send(". 1:1(0) ack 10001 <nop,nop,sack 1:1001>")
    while peer.next(0.15) is not None:  # Linux's RACK may have taken the last one for lost, too
        pass
    assert sock.congestion_window() >= 10
