"""Lumos and programs of the host, which talk through a tap device and the faulty wire: curl, socat, Python's web
server. And more frames than the machine takes: what the tap's queue cannot hold is lost."""
import itertools
import os
import time

import pytest
from host import Host, Namespace
from machines import Lumos, Pair, edition
from test_hardware import FLOOD_FRAMES, Transfer
from test_transfers import BYTES_BY_LOSS, run
from transfers import WAYS

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not os.path.exists("/dev/net/tun"),
                                reason="network namespaces need root")

RUNS = edition([("http", 5), ("nc", 5)], list(itertools.product(WAYS, BYTES_BY_LOSS)))


@pytest.fixture(scope="module")
def lumos_and_host(tmp_path_factory):
    with Namespace() as namespace:
        pair = Pair(tmp_path_factory.mktemp("wire"), Lumos, lambda _, side: Host(namespace, side),
                    ends={"b": "tap:tap0"}, prefix=namespace.prefix)
        yield pair
        pair.close()


@pytest.fixture(autouse=True)
def perfect_wire(lumos_and_host):
    yield
    lumos_and_host.wire.faults()


@pytest.mark.parametrize("way, loss", RUNS)
@pytest.mark.parametrize("sender_side", "ab")
def test_a_file_survives_loss(lumos_and_host, sender_side, way, loss, figures):
    run(lumos_and_host, sender_side, way, f"drop {loss}%", BYTES_BY_LOSS[loss], 1, figures)


@pytest.mark.parametrize("sender_side", edition("b", "ab"))
def test_receive_overrun(lumos_and_host, sender_side, figures):
    """The machine stands still while more comes than its ring, the wire and the tap's queue hold."""
    lumos, host = lumos_and_host.a, lumos_and_host.b
    sender = getattr(lumos_and_host, sender_side)
    before = host.lost_frames()
    with Transfer(lumos_and_host, sender, lumos_and_host.other(sender)):
        lumos.qmp.call("stop")
        lumos_and_host.wire.faults()  # what keeps to a rate keeps all that comes
        host.flood(lumos.address, FLOOD_FRAMES)
        time.sleep(2)
        lumos.qmp.call("cont")
    lost = host.lost_frames() - before
    figures(f"{lost} of {FLOOD_FRAMES} frames were lost, and the transfer went on")
    assert lost > 0
