// Writes from one byte to many segments, in one piece or several, with Nagle's algorithm, without it, corked
// and with MSG_MORE: whatever the sender does with them, one stream arrives. Reads with MSG_PEEK,
// MSG_WAITALL, MSG_TRUNC and several buffers take it apart again.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/tcp.h"
#include "sim/scenarios/common.hpp"
#include "sim/scenarios/scenarios.hpp"

#include <array>
#include <vector>

namespace sim {
namespace {

constexpr size_t longest = 40000;

/// Sends bytes in up to four buffers of one call.
bool send_in_pieces(lab& lab, user_socket& socket, std::vector<uint8_t>& bytes, size_t length, int flags) {
    size_t at = 0;
    while (at < length) {
        std::array<iovec, 4> pieces;
        size_t end = at;
        for (iovec& each : pieces) {
            each = {.iov_base = bytes.data() + end, .iov_len = lab.random(length - end + 1)};
            end += each.iov_len;
        }
        pieces.back().iov_len += length - end;
        const long sent = socket.send_pieces(pieces, flags | MSG_NOSIGNAL);
        if (!fine(lab, sent)) {
            return false;
        }
        at += static_cast<size_t>(sent);
    }
    return true;
}

void write_all_ways(lab& lab, user_socket& socket, flow& out) {
    content bytes(out.stream);
    std::vector<uint8_t> piece(longest);
    for (size_t left = out.bytes; left != 0;) {
        if (lab.chance(10)) {
            socket.set_option(IPPROTO_TCP, TCP_NODELAY, static_cast<int>(lab.random(2)));
        }
        if (lab.chance(10)) {
            socket.set_option(IPPROTO_TCP, TCP_CORK, static_cast<int>(lab.random(2)));
        }
        const size_t limit = lab.chance(60) ? 10 : lab.chance(60) ? 2000 : longest;
        const size_t length = std::min<size_t>(left, 1 + lab.random(limit));
        bytes.fill(piece.data(), length);
        const int flags = lab.chance(20) ? MSG_MORE : 0;
        const bool went = lab.chance(50) ? send_in_pieces(lab, socket, piece, length, flags)
                                         : send_all(lab, socket, piece.data(), length, flags);
        if (!went) {
            return;
        }
        left -= length;
    }
    out.written = true;
}

void check(lab& lab, content& expected, const uint8_t* bytes, long length) {
    LAB_CHECK(lab, expected.matches(bytes, static_cast<size_t>(length)));
    lab.count_verified(static_cast<size_t>(length));
}

/// One read in one of the ways; what it returned.
long read_somehow(lab& lab, user_socket& socket, content& expected, std::vector<uint8_t>& buffer) {
    const size_t limit = 1 + lab.random(buffer.size());
    switch (lab.random(5)) {
    case 0: {
        const long seen = socket.recv(buffer.data(), limit, MSG_PEEK);
        if (seen > 0) {
            content ahead = expected;
            LAB_CHECK(lab, ahead.matches(buffer.data(), static_cast<size_t>(seen)));
        }
        return seen;
    }
    case 1: {
        const size_t wanted = std::min<size_t>(limit, 3000);
        const long got = socket.recv(buffer.data(), wanted, MSG_WAITALL);
        if (got > 0) {
            check(lab, expected, buffer.data(), got);
        }
        return got;
    }
    case 2: {
        // MSG_TRUNC on a stream throws bytes away unseen (tcp(7)).
        const long skipped = socket.recv(buffer.data(), std::min<size_t>(limit, 100), MSG_TRUNC);
        if (skipped > 0) {
            expected.fill(buffer.data(), static_cast<size_t>(skipped));
        }
        return skipped;
    }
    case 3: {
        const size_t cut = lab.random(limit + 1);
        const std::array<iovec, 2> pieces = {{{.iov_base = buffer.data(), .iov_len = cut},
                                              {.iov_base = buffer.data() + cut, .iov_len = limit - cut}}};
        const long got = socket.recv_pieces(pieces);
        if (got > 0) {
            check(lab, expected, buffer.data(), got);
        }
        return got;
    }
    default: {
        const long got = socket.recv(buffer.data(), limit, MSG_DONTWAIT);
        if (got == -EAGAIN) {
            const short holds = socket.poll(POLLIN, 500 * net::port::second);
            LAB_CHECK(lab, holds != 0);
            return 1;
        }
        if (got > 0) {
            check(lab, expected, buffer.data(), got);
        }
        return got;
    }
    }
}

} // namespace

void mixed_writes(lab& lab) {
    gate listening;
    flow data(lab.seed(), lab.scaled(200000));
    lab.spawn(lab.server(), "reader", [&] {
        user_socket listener(lab.server(), SOCK_STREAM);
        if (!listen_on(lab, listener, service_port, 1, listening)) {
            return;
        }
        user_socket connection = accept_from(lab, listener);
        if (!connection.ok()) {
            return;
        }
        content expected(data.stream);
        std::vector<uint8_t> buffer(20000);
        for (;;) {
            const long got = read_somehow(lab, connection, expected, buffer);
            if (!fine(lab, got)) {
                return;
            }
            if (got == 0) {
                break;
            }
        }
        LAB_CHECK(lab, expected.position() == data.bytes || !data.written);
    });
    lab.spawn(lab.client(), "writer", [&] {
        user_socket socket(lab.client(), SOCK_STREAM);
        if (connect_to(lab, socket, lab.server_address(), service_port, listening)) {
            write_all_ways(lab, socket, data);
        }
    });
    lab.join();
}

} // namespace sim
