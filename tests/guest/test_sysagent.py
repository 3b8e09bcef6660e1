"""The agent of user/sysagent.cpp, spoken to over the second serial port as a tester outside would."""
import errno
import socket
import struct

import agent as protocol
import pytest
from agent import Agent, address
from harness import INITRAMFS, Guest


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    line = str(tmp_path_factory.mktemp("agent") / "line")
    with Guest(initrd=INITRAMFS, net="none", second_serial=f"unix:{line},server=on,wait=on",
               append="shell=/bin/sysagent") as guest:
        yield connect_when_there(line, guest)


def connect_when_there(line, guest):
    """QEMU waits for the tester before it starts, so there is something to connect to soon."""
    while True:
        try:
            return Agent(line)
        except FileNotFoundError:
            assert guest.console.isalive()


@pytest.fixture(autouse=True)
def fresh(agent):
    agent.call(protocol.RESET)


def test_reset_tells_version_and_system(agent):
    assert agent.version == 1
    assert b"Lumos" in agent.system


def test_the_example_of_the_protocol(agent):
    assert agent.call(protocol.SOCKET, 2, 1, 6) == 3


def test_errors_come_back_negative(agent):
    assert agent.call(protocol.SOCKET, 77, 1, 0) == -errno.EAFNOSUPPORT
    assert agent.call(protocol.CLOSE, 99) == -errno.EBADF
    assert agent.call(9999) == -errno.ENOSYS
    assert agent.call(protocol.SYSCTL, data=b"net.ipv4.no_such_parameter=1") == -errno.ENOENT


def listening_socket(agent):
    fd = agent.call(protocol.SOCKET, 2, 1, 0)
    assert agent.call(protocol.BIND, fd, 16, data=address("127.0.0.1", 0)) == 0
    assert agent.call(protocol.LISTEN, fd, 5) == 0
    agent.send(protocol.GETSOCKNAME, fd, 16)
    result, out = agent.reply()
    assert result == 0 and struct.unpack_from("<I", out)[0] == 16
    return fd, out[4:20]


def test_a_blocking_accept_while_another_call_connects(agent):
    listener, name = listening_socket(agent)
    accepting = agent.begin(protocol.ACCEPT, listener, 16)
    client = agent.call(protocol.SOCKET, 2, 1, 0)
    agent.send(protocol.CONNECT, client, 16, data=name)
    connecting = agent.next_id
    results = {number: (result, out) for _, number, result, out in (agent.frame(5), agent.frame(5))}
    assert results[connecting][0] == 0
    server, peer = results[accepting]
    assert server > 0 and peer[4:6] == struct.pack("<H", socket.AF_INET)
    assert agent.call(protocol.SENDTO, client, 5, 0, 0, data=b"hello") == 5
    agent.send(protocol.RECVFROM, server, 100, 0, 0, flags=protocol.DATA)
    assert agent.reply() == (5, struct.pack("<I", 0) + b"hello")


def test_bytes_that_need_escaping(agent):
    listener, name = listening_socket(agent)
    client = agent.call(protocol.SOCKET, 2, 1, 0)
    assert agent.call(protocol.CONNECT, client, 16, data=name) == 0
    server = agent.call(protocol.ACCEPT, listener, 16)
    every_byte = bytes(range(256))
    assert agent.call(protocol.WRITE, client, 256, data=every_byte) == 256
    agent.send(protocol.READ, server, 256, flags=protocol.DATA)
    assert agent.reply() == (256, every_byte)


def test_reset_ends_a_sleeping_call_and_closes_everything(agent):
    listener, name = listening_socket(agent)
    agent.begin(protocol.ACCEPT, listener, 16)
    assert agent.call(protocol.RESET) == 1
    assert agent.call(protocol.CLOSE, listener) == -errno.EBADF
    again = agent.call(protocol.SOCKET, 2, 1, 0)
    assert agent.call(protocol.BIND, again, 16, data=name) == 0


def test_null_buffer(agent):
    fd = agent.call(protocol.SOCKET, 2, 1, 0)
    assert agent.call(protocol.SETSOCKOPT, fd, 1, 2, 4, flags=protocol.NULL_BUFFER) == -errno.EFAULT


def sysctl(agent, assignment):
    agent.send(protocol.SYSCTL, data=assignment)
    return agent.reply()


def test_sysctl_sets_a_parameter_and_tells_the_old_value(agent):
    assert sysctl(agent, b"net.ipv4.tcp_sack=0") == (0, b"1")
    assert sysctl(agent, b"net.ipv4.tcp_sack=1") == (0, b"0")
    assert sysctl(agent, b"net.ipv4.tcp_rmem=4096 65536 1048576") == (0, b"4096\t131072\t6291456")
    assert sysctl(agent, b"net.ipv4.tcp_rmem=4096 131072 6291456") == (0, b"4096\t65536\t1048576")
    assert sysctl(agent, b"net.ipv4.tcp_congestion_control=reno") == (0, b"cubic")
    assert sysctl(agent, b"net.ipv4.tcp_congestion_control=cubic") == (0, b"reno")


@pytest.mark.parametrize("name, start", [
    ("tcp_timestamps", b"1"), ("tcp_sack", b"1"), ("tcp_window_scaling", b"1"), ("tcp_syn_retries", b"6"),
    ("tcp_synack_retries", b"5"), ("tcp_congestion_control", b"cubic"), ("tcp_slow_start_after_idle", b"1"),
    ("tcp_rmem", b"4096\t131072\t6291456"), ("tcp_wmem", b"4096\t87040\t4194304")])
def test_every_parameter_of_the_protocol_is_there(agent, name, start):
    assert sysctl(agent, f"net.ipv4.{name}=".encode()) == (0, start)  # nothing written, nothing changed


def test_sysctl_refuses_nonsense(agent):
    for wrong in (b"net.ipv4.tcp_sack=x", b"net.ipv4.tcp_sack=256", b"net.ipv4.tcp_syn_retries=0"):
        assert sysctl(agent, wrong)[0] == -errno.EINVAL
    for unknown in (b"net.ipv4=1", b"net.ipv4.=1", b"=1", b"net.ipv4.tcp_congestion_control=vegas"):
        assert sysctl(agent, unknown)[0] == -errno.ENOENT


def test_poll(agent):
    fd = agent.call(protocol.SOCKET, 2, 1, 0)
    agent.send(protocol.POLL, 1, 0, data=struct.pack("<ihh", fd, 1, 0))
    result, out = agent.reply()
    assert result == 1 and struct.unpack("<ihh", out)[2] == 0x10  # POLLHUP: not connected


def test_malformed_frames_are_dropped(agent):
    for junk in (b"\xc0\xc0", b"\xc0S\xc0", b"\xc0S\0\1\0\0\0\7\0\xc0", b"\xc0" + b"x" * 9000 + b"\xc0", b"\xc0\xdb\x00\xc0"):
        agent.line.sendall(junk)
    assert agent.call(protocol.CLOSE, 99) == -errno.EBADF
