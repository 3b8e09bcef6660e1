// Urgent data: one byte that overtakes, beside a stream that must come whole; inline and apart.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "sim/scenarios/common.hpp"
#include "sim/scenarios/scenarios.hpp"

namespace sim {
namespace {

/// What the urgent bytes are: none of the stream, so that a reader sees where they are.
constexpr uint8_t urgent_byte = '!';

/// Alternates stretches of the flow and urgent bytes.
void send_with_urgency(lab& lab, user_socket& socket, flow& out, unsigned alarms) {
    content bytes(out.stream);
    std::vector<uint8_t> piece(out.bytes / alarms);
    for (unsigned i = 0; i < alarms; i++) {
        bytes.fill(piece.data(), piece.size());
        if (!send_all(lab, socket, piece.data(), piece.size()) ||
            !fine(lab, socket.send(std::string("!"), MSG_OOB))) {
            return;
        }
    }
    out.written = true;
}

/// Reads with the urgent bytes in the stream, each at its place.
void read_inline(lab& lab, user_socket& socket, const flow& in, unsigned alarms) {
    content expected(in.stream);
    std::vector<uint8_t> piece(in.bytes / alarms);
    for (unsigned i = 0; i < alarms; i++) {
        uint8_t byte = 0;
        if (!receive_all(lab, socket, piece.data(), piece.size()) || !receive_all(lab, socket, &byte, 1)) {
            return;
        }
        LAB_CHECK(lab, expected.matches(piece.data(), piece.size()));
        LAB_CHECK(lab, byte == urgent_byte);
        lab.count_verified(piece.size() + 1);
    }
    uint8_t end = 0;
    LAB_CHECK(lab, socket.recv(&end, 1) == 0);
}

/// Reads the stream without them; those that a later one has not replaced are found apart. A byte that was
/// replaced before it was taken stays in the stream (as in Linux), and is skipped there.
void read_apart(lab& lab, user_socket& socket, const flow& in) {
    content expected(in.stream);
    uint8_t buffer[2000];
    for (;;) {
        uint8_t byte = 0;
        const long urgent = socket.recv(&byte, 1, MSG_OOB | MSG_DONTWAIT);
        LAB_CHECK(lab, urgent == -EINVAL || urgent == -EAGAIN || (urgent == 1 && byte == urgent_byte) ||
                           urgent == 0 || !fine(lab, urgent));
        const long got = socket.recv(buffer, 1 + lab.random(sizeof(buffer)));
        if (!fine(lab, got) || got == 0) {
            break;
        }
        for (long i = 0; i < got; i++) {
            content ahead = expected;
            if (expected.matches(&buffer[i], 1)) {
                continue;
            }
            expected = ahead;
            LAB_CHECK(lab, buffer[i] == urgent_byte);
        }
        lab.count_verified(static_cast<size_t>(got));
    }
    LAB_CHECK(lab, expected.position() == in.bytes || !in.written);
}

} // namespace

void urgent_data(lab& lab) {
    gate listening;
    const unsigned alarms = 1 + static_cast<unsigned>(lab.random(8));
    flow data(lab.seed(), (1 + lab.scaled(20000) / alarms) * alarms);
    const bool in_line = lab.chance(50);
    lab.spawn(lab.server(), "receiver", [&] {
        user_socket listener(lab.server(), SOCK_STREAM);
        listener.set_option(SOL_SOCKET, SO_OOBINLINE, in_line ? 1 : 0);
        if (!listen_on(lab, listener, service_port, 1, listening)) {
            return;
        }
        user_socket connection = accept_from(lab, listener);
        if (!connection.ok()) {
            return;
        }
        if (in_line) {
            read_inline(lab, connection, data, alarms);
        } else {
            read_apart(lab, connection, data);
        }
    });
    lab.spawn(lab.client(), "sender", [&] {
        user_socket socket(lab.client(), SOCK_STREAM);
        if (connect_to(lab, socket, lab.server_address(), service_port, listening)) {
            send_with_urgency(lab, socket, data, alarms);
        }
    });
    lab.join();
}

} // namespace sim
