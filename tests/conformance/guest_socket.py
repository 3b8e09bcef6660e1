"""Sockets of the guest, used through the agent, and connections in the states that tests start from."""
import errno
import itertools
import struct
import time

import agent as protocol
from agent import address
from tcp_peer import Peer
from wire import PEER_IP

SOL_IP, SOL_SOCKET, SOL_TCP, SOL_UDP = 0, 1, 6, 17
SO_REUSEADDR, SO_ERROR, SO_BROADCAST, SO_SNDBUF, SO_RCVBUF = 2, 4, 6, 7, 8
SO_KEEPALIVE, SO_OOBINLINE, SO_LINGER = 9, 10, 13
IP_TOS, IP_TTL, IP_OPTIONS, IP_MTU_DISCOVER, IP_RECVERR = 1, 2, 4, 10, 11
TCP_NODELAY, TCP_MAXSEG, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_INFO = 1, 2, 3, 4, 5, 6, 11
TCP_SYNCNT, TCP_LINGER2, TCP_DEFER_ACCEPT, TCP_QUICKACK, TCP_CONGESTION, TCP_USER_TIMEOUT = 7, 8, 9, 12, 13, 18
O_NONBLOCK, MSG_OOB, MSG_DONTWAIT, MSG_MORE = 0o4000, 1, 0x40, 0x8000
POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLRDHUP = 1, 2, 4, 8, 16, 0x2000
(ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN,
 CLOSING) = range(1, 12)
SIOCINQ, SIOCOUTQ, SIOCATMARK = 0x541B, 0x5411, 0x8905
ALL_OPTIONS = "mss 1460,sackOK,TS val 1000 ecr 0,nop,wscale 7"

guest_ports = itertools.count(8000)


class Sock:
    """A socket of the guest; TCP unless told otherwise."""

    def __init__(self, agent, fd=None, kind=1, number=0):
        self.agent = agent
        self.fd = agent.call(protocol.SOCKET, 2, kind, number) if fd is None else fd
        assert self.fd >= 0

    def call(self, op, *arguments, **named):
        return self.agent.call(op, self.fd, *arguments, **named)

    def ask(self, op, *arguments, **named):
        self.agent.send(op, self.fd, *arguments, **named)
        return self.agent.reply()

    def begin(self, op, *arguments, **named):
        return self.agent.begin(op, self.fd, *arguments, **named)

    def set(self, level, name, *values):
        assert self.call(protocol.SETSOCKOPT, level, name, 4 * len(values),
                         data=struct.pack(f"{len(values)}i", *values)) == 0
        return self

    def set_text(self, level, name, text):
        assert self.call(protocol.SETSOCKOPT, level, name, len(text), data=text.encode()) == 0
        return self

    def get(self, level, name):
        result, out = self.ask(protocol.GETSOCKOPT, level, name, 4)
        assert result == 0
        return struct.unpack_from("i", out, 4)[0]

    def error(self):
        return self.get(SOL_SOCKET, SO_ERROR)

    def nonblocking(self):
        assert self.call(protocol.FCNTL, 4, 2 | O_NONBLOCK) == 0
        return self

    def bind(self, port, host="0.0.0.0"):
        return self.call(protocol.BIND, 16, data=address(host, port))

    def connect(self, peer):
        """Returns at once."""
        return self.nonblocking().call(protocol.CONNECT, 16, data=address(peer.address, peer.port))

    def accept(self):
        return Sock(self.agent, self.call(protocol.ACCEPT, 0))

    def write(self, count, flags=0):
        return self.call(protocol.SENDTO, count, flags, 0)

    def read(self, count=65536, flags=MSG_DONTWAIT):
        return self.call(protocol.RECVFROM, count, flags, 0)

    def send_to(self, count, host, port, data=b"", flags=0):
        return self.call(protocol.SENDTO, count, flags, 16, data=address(host, port) + data)

    def receive_from(self, count=65536, flags=MSG_DONTWAIT):
        """(result, sender as (host, port), data)"""
        result, out = self.ask(protocol.RECVFROM, count, flags, 16, flags=protocol.DATA)
        if result < 0:
            return result, None, b""
        host, port = ".".join(map(str, out[8:12])), int.from_bytes(out[6:8], "big")
        return result, (host, port), out[20:]

    def shutdown(self, how=1):
        return self.call(protocol.SHUTDOWN, how)

    def close(self):
        assert self.call(protocol.CLOSE) == 0

    def poll(self, events=POLLIN | POLLOUT | POLLPRI | POLLRDHUP, timeout=0):
        self.agent.send(protocol.POLL, 1, timeout, data=struct.pack("<iHH", self.fd, events, 0))
        return struct.unpack("<iHH", self.agent.reply(5 + timeout / 1000)[1])[2]

    def query(self, request):
        """An ioctl that gives an int."""
        result, out = self.ask(protocol.IOCTL, request, 4, data=bytes(4))
        assert result == 0
        return struct.unpack("i", out)[0]

    def info(self):
        result, out = self.ask(protocol.GETSOCKOPT, SOL_TCP, TCP_INFO, 104)
        assert result == 0
        return out[4:]

    def state(self):
        return self.info()[0]

    def word_of_info(self, offset):
        return struct.unpack_from("<I", self.info(), offset)[0]

    def rto(self):
        """seconds"""
        return self.word_of_info(8) / 1e6

    def smoothed_rtt(self):
        """seconds"""
        return self.word_of_info(68) / 1e6

    def shifts(self):
        """Window scales: the peer's, ours."""
        return self.info()[6] & 15, self.info()[6] >> 4

    def threshold(self):
        return self.word_of_info(76)

    def congestion_window(self):
        return self.word_of_info(80)


def listening(lab, port=None, backlog=5, prepare=lambda sock: None):
    server = Sock(lab.agent)
    server.port = port or next(guest_ports)
    server.set(SOL_SOCKET, SO_REUSEADDR, 1)
    prepare(server)
    assert server.bind(server.port) == 0
    assert server.call(protocol.LISTEN, backlog) == 0
    return server


def half_open(lab, options="mss 1460", win=65535, prepare=lambda sock: None, host=PEER_IP):
    """A connection in SYN-RECEIVED: (listener, peer)."""
    server = listening(lab, prepare=prepare)
    peer = Peer(lab.link, server.port, host)
    peer.window = win
    peer.send(f"S 0:0(0) win {win} <{options}>")
    peer.answer = peer.expect("S. 0:0(0) ack 1")
    return server, peer


FAR = 0.25  # seconds to a distant peer; the guest's timeout is then three quarters of a second


def accepted(lab, options="mss 1460", win=65535, prepare=lambda sock: None, rtt=0, host=PEER_IP):
    """A connection that the peer opened: (socket, peer). Scripts that let data wait for its ACK play a FAR peer, so
    that no retransmission comes in between; those that leave something behind in the guest play another host."""
    server, peer = half_open(lab, options, win, prepare, host)
    time.sleep(rtt)
    stamp = f" <nop,nop,TS val 1000 ecr {peer.answer.timestamp()[0]}>" if "TS" in options else ""
    peer.send(f". 1:1(0) ack 1{stamp}")
    assert server.poll(POLLIN, 3000) == POLLIN
    sock = server.accept()
    sock.server = server
    return sock, peer


def connecting(lab, prepare=lambda sock: None, flags="S"):
    """A connection in SYN-SENT: (socket, peer)."""
    sock, peer = Sock(lab.agent), Peer(lab.link)
    prepare(sock)
    assert sock.connect(peer) == -errno.EINPROGRESS
    peer.answer = peer.expect(f"{flags} 0:0(0)")
    return sock, peer


def connected(lab, options="mss 1460", win=65535, prepare=lambda sock: None):
    """A connection that the guest opened: (socket, peer)."""
    sock, peer = connecting(lab, prepare)
    peer.window = win
    options = options.replace("ecr 0", f"ecr {dict(peer.answer.options)['Timestamp'][0]}")
    peer.send(f"S. 0:0(0) ack 1 win {win} <{options}>")
    peer.expect(". 1:1(0) ack 1")
    return sock, peer
