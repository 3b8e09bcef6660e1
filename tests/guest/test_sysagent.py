"""The agent of user/sysagent/, spoken to over the second serial port as a tester outside would."""
import errno
import socket
import statistics
import struct
import subprocess
import time

import agent as protocol
import pytest
from agent import Agent, address
from harness import INITRAMFS, Guest


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    line = str(tmp_path_factory.mktemp("agent") / "line")
    with Guest(initrd=INITRAMFS, net="none", second_serial=f"unix:{line},server=on,wait=on",
               append="shell=/bin/sysagent"):
        yield Agent(line)


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


def test_null_buffers_of_vectors_and_events(agent):
    fd = agent.call(protocol.SOCKET, 2, 2, 0)
    own = address("127.0.0.1", 5002)
    assert agent.call(protocol.BIND, fd, 16, data=own) == 0
    assert agent.call(protocol.CONNECT, fd, 16, data=own) == 0
    two = struct.pack("<QQ", 3, 4)

    def null(op, *arguments, data=b""):
        return agent.call(op, *arguments, data=data, flags=protocol.NULL_BUFFER)

    assert null(protocol.WRITEV, fd, 2, data=two) == -errno.EFAULT
    assert null(protocol.SENDMSG, fd, 0, 0, 0, 2, data=two) == -errno.EFAULT
    for op, *arguments in ((protocol.READV, fd, 2), (protocol.RECVMSG, fd, 0, 0, 0, 2)):
        assert agent.call(protocol.WRITE, fd, 7) == 7
        assert null(op, *arguments, data=two) == -errno.EFAULT
    assert null(protocol.WRITEV, fd, 2, data=bytes(16)) == 0  # nothing is touched
    epoll = agent.call(protocol.EPOLL_CREATE, 1)
    assert null(protocol.EPOLL_CTL, epoll, 1, fd) == -errno.EFAULT
    assert agent.call(protocol.EPOLL_CTL, epoll, 1, fd, data=struct.pack("<IQ", 4, 0)) == 0  # EPOLLOUT
    assert null(protocol.EPOLL_WAIT, epoll, 1, 0) == -errno.EFAULT
    assert null(protocol.EPOLL_CTL, epoll, 2, fd) == 0  # removing needs no event


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
    ("tcp_rmem", b"4096\t131072\t6291456"), ("tcp_wmem", b"4096\t16384\t4194304"), ("tcp_ecn", b"2")])
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


def request(number, op, *arguments, data=b""):
    """The bytes of a request between no end bytes, not escaped."""
    return struct.pack("<BBHHBB", ord("S"), 0, number, op, len(arguments), 0) + \
        struct.pack(f"<{len(arguments)}i", *arguments) + data


def is_silent(agent, seconds=0.3):
    with pytest.raises(TimeoutError):
        agent.frame(seconds)
    return True


@pytest.mark.parametrize("junk", ids=lambda junk: junk[:12].hex(), argvalues=[
    b"\xc0\xc0\xc0", b"\xc0S\xc0", b"\xc0S\0\1\0\0\0\7\0\xc0", b"\xc0" + b"x" * 9000 + b"\xc0", b"\xc0\xdb\x00\xc0",
    b"\xc0S\xdb\xc0", b"\xc0" + request(1, protocol.CLOSE, 99)[:-1] + b"\xc0",  # an argument is cut
    b"\xc0Q" + request(1, protocol.CLOSE, 99)[1:] + b"\xc0", b"login: root\r\n\xc0", bytes(range(0x80, 0xc0)) * 20 + b"\xc0",
    b"\xc0" + request(1, protocol.WRITE, 99, 5000, data=bytes(4097)) + b"\xc0"])
def test_malformed_frames_are_dropped(agent, junk):
    agent.line.sendall(junk)
    assert is_silent(agent)
    assert agent.call(protocol.CLOSE, 99) == -errno.EBADF


def test_a_frame_needs_no_end_byte_of_its_own_before_it(agent):
    agent.line.sendall(b"\xc0" + request(70, protocol.CLOSE, 99) + b"\xc0" + request(71, protocol.CLOSE, 98) + b"\xc0")
    assert [agent.frame(5)[1] for _ in range(2)] == [70, 71]


def test_missing_arguments_are_zero_and_surplus_bytes_are_in(agent):
    assert agent.call(protocol.SOCKET, 2, 1) == 3
    assert agent.call(protocol.SOCKET) == -errno.EAFNOSUPPORT
    agent.line.sendall(b"\xc0" + request(7, protocol.SOCKET, 2, 2, 0, 9, 9, 9, data=b"surplus") + b"\xc0")
    assert agent.frame(5)[:3] == ("R", 7, 4)


def tcp_pair(agent):
    listener, name = listening_socket(agent)
    client = agent.call(protocol.SOCKET, 2, 1, 0)
    assert agent.call(protocol.CONNECT, client, 16, data=name) == 0
    return client, agent.call(protocol.ACCEPT, listener, 16)


def test_4096_bytes_each_way(agent):
    client, server = tcp_pair(agent)
    block = bytes(index % 251 for index in range(4096))
    assert agent.call(protocol.WRITE, client, 5000, data=block) == 5000  # what is missing is zero
    agent.send(protocol.READ, server, 5000, flags=protocol.DATA)
    result, out = agent.reply()
    assert result == 5000 and out == block  # what does not fit is cut
    agent.send(protocol.IOCTL, client, 0x541B, 5000, data=bytes(4096))
    assert len(agent.reply()[1]) == 4096


def test_nothing_is_lost_when_the_tester_does_not_listen(agent):
    """QEMU takes some hundred bytes for it; then the line stands still until it listens again."""
    client, server = tcp_pair(agent)
    block = bytes(index % 251 for index in range(4096))
    assert agent.call(protocol.WRITE, client, 4096, data=block) == 4096
    agent.send(protocol.READ, server, 4096, flags=protocol.DATA)
    time.sleep(2)
    assert agent.reply() == (4096, block)


def test_a_datagram_that_was_cut_comes_without_what_was_behind(agent):
    """MSG_TRUNC tells of more bytes than the buffer has."""
    fd = agent.call(protocol.SOCKET, 2, 2, 0)
    assert agent.call(protocol.BIND, fd, 16, data=address("127.0.0.1", 5001)) == 0
    assert agent.call(protocol.SENDTO, fd, 10, 0, 16, data=address("127.0.0.1", 5001) + b"0123456789") == 10
    agent.send(protocol.RECVFROM, fd, 1, 0x20, 0, flags=protocol.DATA)
    assert agent.reply() == (10, bytes(4) + b"0")


def test_sixteen_mebibytes_in_one_call(agent):
    client, server = tcp_pair(agent)
    sending = agent.begin(protocol.SENDTO, client, 16 << 20, 0, 0)
    left = {sending: 16 << 20}  # bytes that are still to be told of, sent or received
    received = 0
    while received < 16 << 20:
        agent.send(protocol.RECVFROM, server, 16 << 20, 0, 0)
        kind, number, result, _ = agent.frame(30)
        if number == sending:
            left.pop(sending)
            assert result == 16 << 20
            kind, number, result, _ = agent.frame(30)
        assert (kind, number) == ("R", agent.next_id) and result > 0
        received += result
    assert not left or agent.finish(sending, timeout=30) == (16 << 20, b"")


def test_reset_ends_each_kind_of_sleep_and_no_reply_comes(agent):
    for begin in ((protocol.RECVFROM, 100, 0, 0), (protocol.READ, 100), (protocol.SENDTO, 16 << 20, 0, 0), (protocol.POLL, -1)):
        client, _ = tcp_pair(agent)
        if begin[0] == protocol.POLL:
            agent.begin(protocol.POLL, 1, -1, data=struct.pack("<ihh", client, 1, 0))
        else:
            agent.begin(begin[0], client, *begin[1:])
        assert agent.call(protocol.RESET) == 1
        assert is_silent(agent)
        assert agent.call(protocol.SOCKET, 2, 1, 0) == 3


def test_reset_closes_what_is_no_socket_too(agent):
    agent.send(protocol.PIPE)
    assert agent.reply()[0] == 0
    epoll = agent.call(protocol.EPOLL_CREATE, 1)
    copy = agent.call(protocol.FCNTL, epoll, 0, 500)
    assert (epoll, copy) == (5, 500)
    assert agent.call(protocol.RESET) == 1
    for fd in (3, 4, 5, 500):
        assert agent.call(protocol.CLOSE, fd) == -errno.EBADF


def test_reset_puts_right_what_happened_to_the_first_three(agent):
    for fd in (0, 1, 2):
        assert agent.call(protocol.CLOSE, fd) == 0
    assert agent.call(protocol.SOCKET, 2, 1, 0) == 0
    assert agent.call(protocol.RESET) == 1
    assert agent.call(protocol.SOCKET, 2, 1, 0) == 3


def open_all(agent):
    """Opens sockets until there is no descriptor left; how many."""
    count = 0
    while (fd := agent.call(protocol.SOCKET, 2, 2, 0)) >= 0:
        count += 1
    assert fd == -errno.EMFILE
    return count


def test_reset_when_all_descriptors_are_in_use(agent):
    count = open_all(agent)
    assert count > 1000
    assert agent.call(protocol.RESET) == 1
    assert agent.call(protocol.SOCKET, 2, 1, 0) == 3
    assert open_all(agent) == count - 1


def test_reset_takes_a_pipe_out_of_the_first_three(agent):
    for fd in (0, 2):
        assert agent.call(protocol.CLOSE, fd) == 0
    agent.send(protocol.PIPE)
    assert agent.reply() == (0, struct.pack("<ii", 0, 2))
    assert agent.call(protocol.WRITE, 2, 5) == 5
    assert agent.call(protocol.RESET) == 1
    assert agent.call(protocol.READ, 0, 5) == 0  # /dev/null: nobody waits for a writer
    assert agent.call(protocol.SPLICE, 0, -1, 2, -1, 5, 0) == -errno.EINVAL  # neither is a pipe


def test_reset_aborts_connections(agent):
    """No TIME_WAIT, no orphan: the ports are free at once, without SO_REUSEADDR."""
    for _ in range(3):
        listener = agent.call(protocol.SOCKET, 2, 1, 0)
        assert agent.call(protocol.BIND, listener, 16, data=address("127.0.0.1", 5000)) == 0
        assert agent.call(protocol.LISTEN, listener, 5) == 0
        client = agent.call(protocol.SOCKET, 2, 1, 0)
        assert agent.call(protocol.BIND, client, 16, data=address("127.0.0.1", 5001)) == 0
        assert agent.call(protocol.CONNECT, client, 16, data=address("127.0.0.1", 5000)) == 0
        server = agent.call(protocol.ACCEPT, listener, 16)
        assert agent.call(protocol.SENDTO, server, 100000, 0x40, 0) > 0
        assert agent.call(protocol.RESET) == 1


def test_a_second_blocking_call_is_refused(agent):
    listener, _ = listening_socket(agent)
    agent.begin(protocol.ACCEPT, listener, 16)
    agent.send(protocol.ACCEPT, listener, 16, flags=protocol.BLOCKING)
    assert agent.reply()[0] == -errno.EBUSY
    assert agent.call(protocol.RESET) == 1


def test_nonsense_is_answered_by_the_kernel(agent):
    fd = agent.call(protocol.SOCKET, 2, 1, 0)
    one = struct.pack("<ihh", fd, 1, 0)
    for outcome, op, *arguments in (
            (-errno.EINVAL, protocol.POLL, -1, 0), (-errno.EINVAL, protocol.POLL, 5000, 0),
            (-errno.EINVAL, protocol.READV, fd, -1), (-errno.EINVAL, protocol.WRITEV, fd, 1025),
            (-errno.EINVAL, protocol.BIND, fd, -1), (-errno.EINVAL, protocol.CONNECT, fd, 200),
            (-errno.EINVAL, protocol.SHUTDOWN, fd, 7), (-errno.EINVAL, protocol.EPOLL_CREATE, 0),
            (-errno.EINVAL, protocol.SETSOCKOPT, fd, 1, 2, -1), (-errno.EINVAL, protocol.GETSOCKOPT, fd, 1, 2, -1),
            (-errno.EMSGSIZE, protocol.SENDMSG, fd, 0, 0, 0, 1025), (-errno.EBADF, protocol.LISTEN, -7, 1),
            (-errno.EINVAL, protocol.FCNTL, fd, 99, 0), (-errno.ENOTTY, protocol.IOCTL, fd, -1, 4)):
        assert agent.call(op, *arguments, data=one) == outcome, (op, arguments)
    epoll = agent.call(protocol.EPOLL_CREATE, 1)
    assert agent.call(protocol.EPOLL_WAIT, epoll, -1, 0) == -errno.EINVAL
    assert agent.call(protocol.EPOLL_WAIT, epoll, 0x7FFFFFFF, 0) == -errno.EINVAL
    assert agent.call(protocol.CLOSE, 1000) == -errno.EBADF  # the line itself


def test_splice_from_a_connection_through_a_pipe(agent):
    client, server = tcp_pair(agent)
    agent.send(protocol.PIPE)
    reader, writer = struct.unpack("<ii", agent.reply()[1])
    assert agent.call(protocol.SPLICE, server, 0, writer, -1, 10, 0) == -errno.EINVAL
    assert agent.call(protocol.SPLICE, server, -1, writer, 0, 10, 0) == -errno.ESPIPE
    splicing = agent.begin(protocol.SPLICE, server, -1, writer, -1, 10, 0)
    agent.send(protocol.SENDTO, client, 4, 0, 0, data=b"text")
    results = {number: result for _, number, result, _ in (agent.frame(5), agent.frame(5))}
    assert results == {splicing: 4, agent.next_id: 4}
    assert agent.call(protocol.SPLICE, reader, -1, server, -1, 10, 2) == 4
    agent.send(protocol.RECVFROM, client, 10, 0, 0, flags=protocol.DATA)
    result, out = agent.reply()
    assert result == 4 and out.endswith(b"text")
    assert agent.call(protocol.SPLICE, reader, -1, server, -1, 10, 2) == -errno.EAGAIN


def median_time(ask, times=200):
    samples = []
    for _ in range(times):
        start = time.monotonic()
        ask()
        samples.append(time.monotonic() - start)
    return statistics.median(samples)


def test_answers_are_quick(agent):
    """Under a millisecond. Where this host is busy, not much more than its own processes take to answer each other: a
    call costs about ten times as much as a line through cat."""
    near, far = socket.socketpair()
    with near, far, subprocess.Popen(["cat"], stdin=far, stdout=far) as cat:
        null_round_trip = median_time(lambda: (near.sendall(b"null"), near.recv(4)))
        call = median_time(lambda: agent.call(protocol.CLOSE, 99))
        cat.kill()
    assert call < max(0.001, 50 * null_round_trip), (call, null_round_trip)
