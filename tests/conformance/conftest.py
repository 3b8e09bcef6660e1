"""One guest for the whole suite: the agent in it plays the program, the link plays everybody else."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "guest"))
import agent as protocol  # noqa: E402
import harness  # noqa: E402
import linux_host  # noqa: E402
from agent import Agent  # noqa: E402
from tcp_peer import Peer  # noqa: E402
from wire import DatagramCable, Link  # noqa: E402

ON_LINUX = os.environ.get("ON") == "linux"


class Lab:
    """The guest's agent and its cable."""

    def __init__(self, agent, link):
        self.agent = agent
        self.link = link
        self.changed = []

    def sysctl(self, name, value):
        """Sets a parameter of the stack until the end of the test."""
        self.agent.send(protocol.SYSCTL, data=f"{name}={value}".encode())
        result, old = self.agent.reply()
        assert result == 0, f"no parameter {name}"
        self.changed.append((name, old.decode().strip()))

    def restore(self):
        self.agent.call(protocol.RESET)
        for name, old in reversed(self.changed):
            self.agent.call(protocol.SYSCTL, data=f"{name}={old}".encode())
        self.changed.clear()
        self.link.captures.clear()
        self.link.answers_arp = True


@pytest.fixture(scope="session")
def guest_lab(tmp_path_factory):
    if ON_LINUX:
        linux_host.enter_namespace()
        yield Lab(linux_host.HostAgent(), Link(linux_host.TapCable()))
        return
    folder = tmp_path_factory.mktemp("conformance")
    link = Link(DatagramCable(f"{folder}/peer", f"{folder}/guest"))
    line = f"{folder}/line"
    with harness.Guest(initrd=harness.INITRAMFS, net=f"dgram:{folder}/guest,{folder}/peer",
                       second_serial=f"unix:{line},server=on,wait=on",
                       append="ip=192.168.0.1/16,gw=192.168.0.254 shell=/bin/sysagent"):
        lab = Lab(Agent(line), link)
        hear(link)
        yield lab


def hear(link):
    """Until the guest answers: its card hears nothing in its first second."""
    peer = Peer(link, 9)
    for _ in range(30):
        peer.send("S 0:0(0) win 65535")
        if peer.next(0.2) is not None:
            return
    raise AssertionError("the guest never answered")


@pytest.fixture
def lab(guest_lab):
    """The guest with no socket open and every parameter at its default."""
    yield guest_lab
    guest_lab.restore()


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes several seconds of waiting; not in the short edition")
    config.addinivalue_line("markers", "unlike_linux(reason): Linux does something else here")


def pytest_collection_modifyitems(items):
    for item in items:
        if ON_LINUX and (mark := item.get_closest_marker("unlike_linux")):
            item.add_marker(pytest.mark.xfail(reason=mark.args[0], strict=False))
