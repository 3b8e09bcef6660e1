// See common.hpp.

#include "sim/scenarios/common.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/socket.h"
#include "kernel/abi/tcp.h"

#include <algorithm>
#include <vector>

namespace sim {
namespace {

using net::port::millisecond;
using net::port::second;

bool is_shortage(int error) {
    return error == ENOMEM || error == ENOBUFS;
}

bool is_break(int error) {
    switch (error) {
    case ECONNRESET:
    case ECONNREFUSED:
    case ECONNABORTED:
    case EPIPE:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
        return true;
    default:
        return false;
    }
}

/// Whether a program may end early for reasons of its own, which its peers notice.
bool may_give_up(const lab& lab) {
    return lab.connections_may_break() || lab.memory_may_fail();
}

} // namespace

bool fine(lab& lab, long result, std::source_location where) {
    if (result >= 0) {
        return true;
    }
    const int error = static_cast<int>(-result);
    if ((lab.memory_may_fail() && is_shortage(error)) || (may_give_up(lab) && is_break(error))) {
        return false;
    }
    lab.fail("%s:%u: a call fails with errno %d", where.file_name(), static_cast<unsigned>(where.line()),
             error);
}

bool fine(lab& lab, const user_socket& made, std::source_location where) {
    return fine(lab, made.ok() ? 0 : -made.error(), where);
}

void gate::wait(lab& lab) const {
    const net::port::time_ns limit = lab.now() + 30 * second;
    while (!open_ && lab.now() < limit) {
        lab.pass(millisecond);
    }
}

void keep_alive(user_socket& socket) {
    socket.set_option(SOL_SOCKET, SO_KEEPALIVE, 1);
    socket.set_option(IPPROTO_TCP, TCP_KEEPIDLE, 20);
    socket.set_option(IPPROTO_TCP, TCP_KEEPINTVL, 10);
    socket.set_option(IPPROTO_TCP, TCP_KEEPCNT, 6);
}

void make_ready(lab& lab, user_socket& socket) {
    lab.prepare(socket);
    if (may_give_up(lab)) {
        keep_alive(socket);
    }
}

bool listen_on(lab& lab, user_socket& listener, uint16_t port, int backlog, gate& opens) {
    if (!fine(lab, listener)) {
        return false;
    }
    make_ready(lab, listener);
    if (!fine(lab, listener.set_option(SOL_SOCKET, SO_REUSEADDR, 1)) ||
        !fine(lab, listener.bind("0.0.0.0", port)) || !fine(lab, listener.listen(backlog))) {
        return false;
    }
    opens.open();
    return true;
}

user_socket accept_from(lab& lab, user_socket& listener, bool in_vain) {
    if ((in_vain || may_give_up(lab)) && (listener.poll(POLLIN, 300 * second) & POLLIN) == 0) {
        return user_socket(nullptr);
    }
    user_socket connection = listener.accept();
    fine(lab, connection);
    return connection;
}

bool connect_to(lab& lab, user_socket& socket, uint32_t ip, uint16_t port, const gate& waits) {
    if (!fine(lab, socket)) {
        return false;
    }
    make_ready(lab, socket);
    waits.wait(lab);
    return fine(lab, socket.connect(ip, port));
}

bool send_all(lab& lab, user_socket& socket, const void* bytes, size_t length, int flags) {
    const auto* at = static_cast<const uint8_t*>(bytes);
    while (length != 0) {
        const long sent = socket.send_bytes(at, length, flags | MSG_NOSIGNAL);
        if (sent < 0 && lab.memory_may_fail() && is_shortage(static_cast<int>(-sent))) {
            lab.pass(millisecond); // the connection is none the worse for it
            continue;
        }
        if (!fine(lab, sent)) {
            return false;
        }
        LAB_CHECK(lab, sent > 0 && static_cast<size_t>(sent) <= length);
        at += sent;
        length -= static_cast<size_t>(sent);
    }
    return true;
}

bool receive_all(lab& lab, user_socket& socket, void* to, size_t length) {
    auto* at = static_cast<uint8_t*>(to);
    while (length != 0) {
        const long got = socket.recv(at, length);
        if (!fine(lab, got)) {
            return false;
        }
        LAB_CHECK(lab, got > 0 || may_give_up(lab));
        if (got == 0) {
            return false;
        }
        at += got;
        length -= static_cast<size_t>(got);
    }
    return true;
}

bool send_flow(lab& lab, user_socket& socket, flow& out, size_t piece_limit, int flags) {
    content bytes(out.stream);
    std::vector<uint8_t> piece(piece_limit);
    for (size_t left = out.bytes; left != 0;) {
        const size_t length = std::min<size_t>(left, 1 + lab.random(piece_limit));
        bytes.fill(piece.data(), length);
        if (!send_all(lab, socket, piece.data(), length, flags)) {
            return false;
        }
        left -= length;
    }
    out.written = true;
    return true;
}

bool receive_flow(lab& lab, user_socket& socket, const flow& in, size_t read_limit) {
    content expected(in.stream);
    std::vector<uint8_t> buffer(read_limit);
    for (;;) {
        const long got = socket.recv(buffer.data(), 1 + lab.random(read_limit));
        if (!fine(lab, got)) {
            return false;
        }
        if (got == 0) {
            break;
        }
        const auto length = static_cast<size_t>(got);
        if (!expected.matches(buffer.data(), length)) {
            lab.fail("a wrong byte after %llu of %zu of stream %llu",
                     static_cast<unsigned long long>(expected.position()), in.bytes,
                     static_cast<unsigned long long>(in.stream));
        }
        LAB_CHECK(lab, expected.position() <= in.bytes);
        lab.count_verified(length);
        lab.may_stall();
    }
    const bool whole = expected.position() == in.bytes;
    if (!whole && (in.written || !may_give_up(lab))) {
        lab.fail("the end of the stream after %llu of %zu bytes",
                 static_cast<unsigned long long>(expected.position()), in.bytes);
    }
    return whole;
}

} // namespace sim
