"""The way to the harness of the guest tests, and the guest that is attacked: one for all tests. After each it is
alive (an echo connection that was opened before transfers, the console answers), its processor is idle again, memory
and counters of objects are back where they were. Ids are those of the tests on the host."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "guest"))
import harness  # noqa: E402
from attacker import ATTACKER_IP, Attacker  # noqa: E402
from victim import Victim  # noqa: E402


@pytest.fixture(scope="session")
def machine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cable")
    cable = Attacker(f"{folder}/peer", f"{folder}/guest")
    with harness.Guest(net=f"dgram:{folder}/guest,{folder}/peer", append="ip=10.9.0.2/16",
                       extra=("-name", "victim,debug-threads=on")) as guest:
        guest.wait_for_shell()
        guest.run("until ifconfig | grep -q 'inet 10.9.0.2'; do sleep 0.1; done")
        # States that last minutes are to end while the tests run.
        guest.run("echo 1 > /proc/sys/net/ipv4/tcp_orphan_retries; echo 2 > /proc/sys/net/ipv4/tcp_fin_timeout")
        guest.run("echoserver & true")
        guest.run("until netstat -ltn | grep -q ':7 '; do sleep 0.1; done")
        victim = Victim(guest, cable)
        yield victim
        victim.expect_baseline(victim.at_boot)  # also what only time gives back


@pytest.fixture
def victim(machine):
    machine.cable.reflex, machine.cable.absent = None, False
    machine.cable.introduce([ATTACKER_IP])
    machine.expect_alive()
    machine.before = machine.held()
    yield machine
    machine.cable.reflex, machine.cable.absent = None, False
    machine.settle()
    machine.expect_alive()
    machine.expect_baseline(machine.before)
