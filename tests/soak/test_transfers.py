"""Files over wires that lose much: no byte may differ, no connection may hang. In each pair both machines send."""
import itertools
import time

import pytest
from conftest import FEWER_PAIRS, PAIRS
from machines import FULL, PATIENCE, edition
from transfers import WAYS, transfer

KIB = 1 << 10
BYTES_BY_LOSS = {1: edition(512 * KIB, 32 << 20), 5: edition(128 * KIB, 8 << 20), 20: edition(32 * KIB, 1 << 20)}
# Linux takes the ACK that answers a repeated segment for the answer to the first, so that after some ACKs lost in a row
# it waits for minutes, whoever the receiver is. A quarter of the file shows as much.
LESS_FROM_LINUX = {20: edition(1, 4)}
# way, loss, seed
RUNS = edition([("http", 5, 1), ("nc", 20, 1)],
               list(itertools.product(WAYS, BYTES_BY_LOSS, range(1, 4))))
EVERYTHING = "drop 2%; burst 0.3% 30%; duplicate 2%; reorder 2%; corrupt 1%; truncate 0.5%; jitter 3 ms"


def run(pair, sender_side, way, faults, size, seed, figures):
    sender, receiver = getattr(pair, sender_side), pair.other(getattr(pair, sender_side))
    pair.wire.faults(both=faults, seed=seed)
    started = time.monotonic()
    transfer(way, sender, receiver, size, timeout=120 * PATIENCE)
    stats = pair.wire.stats()
    figures(f"{sender.system} to {receiver.system} by {way}, {faults}: {size} bytes equal after "
            f"{time.monotonic() - started:.0f} s; {stats}")
    assert sum(way["sent"] - way["received"] for way in stats.values()) > 0, "nothing was lost"


@PAIRS
@pytest.mark.parametrize("way, loss, seed", RUNS)
@pytest.mark.parametrize("sender_side", "ab")
def test_a_file_survives_loss(pair, sender_side, way, loss, seed, figures):
    less = LESS_FROM_LINUX.get(loss, 1) if getattr(pair, sender_side).system == "linux" else 1
    run(pair, sender_side, way, f"drop {loss}%", BYTES_BY_LOSS[loss] // less, seed, figures)


@PAIRS
@pytest.mark.parametrize("sender_side", edition("b", "ab"))
def test_a_file_survives_everything_at_once(pair, sender_side, figures):
    run(pair, sender_side, "http", EVERYTHING, edition(256 * KIB, 8 << 20), 1, figures)


@FEWER_PAIRS
@pytest.mark.parametrize("sender_side", edition("a", "ab"))
def test_a_file_survives_a_slow_line_with_a_short_queue(pair, sender_side, figures):
    run(pair, sender_side, "http", "rate 4 Mbit/s queue 20; delay 30 ms", edition(512 * KIB, 8 << 20), 1, figures)


@pytest.mark.skipif(not FULL, reason="it takes minutes")
@PAIRS
@pytest.mark.parametrize("sender_side", "ab")
def test_a_file_survives_a_long_silence(pair, sender_side):
    """TCP has its patience, and a server must not have less: httpd ended connections after 30 seconds."""
    sender = getattr(pair, sender_side)
    silence = "stall 50 s at data 30"
    pair.wire.faults(**{"ab" if sender_side == "a" else "ba": silence})
    transfer("http", sender, pair.other(sender), 512 * KIB, timeout=30 * PATIENCE)
    assert pair.wire.stats()["ab" if sender_side == "a" else "ba"][silence] == 1


@PAIRS
def test_exact_faults_cost_little(pair, figures):
    """What is lost or damaged is sent once more, not much else; and the stream stands still only when the wire does."""
    script = ("drop data 3", "reorder 8,9", "duplicate data 9", "corrupt checksum 14", "stall 400 ms")
    digest = pair.a.make_file("/tmp/source", 64 * KIB)
    pair.a.serve()
    before = pair.a.retransmitted()
    pair.wire.faults(ab="; ".join(script))
    pair.b.run("wget -q -O /tmp/received http://10.9.0.1/source", timeout=30 * PATIENCE)
    assert pair.b.sha256("/tmp/received") == digest
    stats = pair.wire.stats()["ab"]
    assert [stats[statement] for statement in script] == [1] * len(script)
    again = pair.a.retransmitted() - before
    figures(f"{again} segments sent again")
    assert 2 <= again <= 20
