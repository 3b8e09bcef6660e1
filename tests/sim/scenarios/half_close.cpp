// Half-closed connections: the one side has said that it sends no more, the other still sends, whichever is
// first; both at the same moment; and what shutdown() does to the calls of either side.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "sim/scenarios/common.hpp"
#include "sim/scenarios/scenarios.hpp"

namespace sim {
namespace {

enum class order : uint8_t { send_first, receive_first };

void talk(lab& lab, user_socket& socket, order first, flow& out, const flow& in) {
    const auto send = [&] { return send_flow(lab, socket, out) && fine(lab, socket.shutdown(SHUT_WR)); };
    const auto receive = [&] { return receive_flow(lab, socket, in); };
    if (first == order::send_first) {
        (void)(send() && receive());
    } else {
        (void)(receive() && send());
    }
}

struct conversation {
    conversation(lab& lab, size_t bytes) : up(lab.seed(), bytes), down(lab.seed() + 1, bytes) {}
    gate listening;
    flow up;
    flow down;
};

void run(lab& lab, conversation& both, const std::function<void(user_socket&)>& server,
         const std::function<void(user_socket&)>& client) {
    lab.spawn(lab.server(), "server", [&] {
        user_socket listener(lab.server(), SOCK_STREAM);
        if (!listen_on(lab, listener, service_port, 1, both.listening)) {
            return;
        }
        user_socket connection = accept_from(lab, listener);
        if (connection.ok()) {
            server(connection);
        }
    });
    lab.spawn(lab.client(), "client", [&] {
        user_socket socket(lab.client(), SOCK_STREAM);
        if (connect_to(lab, socket, lab.server_address(), service_port, both.listening)) {
            client(socket);
        }
    });
    lab.join();
}

bool is_over(long result) {
    return result == -EPIPE || result == -ECONNRESET;
}

} // namespace

void half_close(lab& lab) {
    conversation both(lab, lab.scaled(50000));
    const bool server_first = lab.chance(50);
    run(
        lab, both,
        [&](user_socket& socket) {
            talk(lab, socket, server_first ? order::send_first : order::receive_first, both.down, both.up);
        },
        [&](user_socket& socket) {
            talk(lab, socket, server_first ? order::receive_first : order::send_first, both.up, both.down);
        });
}

void simultaneous_close(lab& lab) {
    conversation both(lab,
                      1 + lab.random(3000)); // fits every buffer: neither side waits for the other's reads
    const auto side = [&](user_socket& socket, flow& out, const flow& in) {
        talk(lab, socket, order::send_first, out, in);
        LAB_CHECK(lab, (socket.poll(POLLIN | POLLRDHUP, 0) & POLLIN) != 0); // the end stays readable
    };
    run(
        lab, both, [&](user_socket& socket) { side(socket, both.down, both.up); },
        [&](user_socket& socket) { side(socket, both.up, both.down); });
}

void shutdown_variants(lab& lab) {
    conversation both(lab, lab.scaled(3000));
    run(
        lab, both,
        [&](user_socket& socket) {
            // Who reads no more is told the end at once, and may still send.
            if (!fine(lab, socket.shutdown(SHUT_RD))) {
                return;
            }
            uint8_t byte = 0;
            LAB_CHECK(lab, socket.recv(&byte, 1) == 0);
            if (!send_flow(lab, socket, both.down) || !fine(lab, socket.shutdown(SHUT_RDWR))) {
                return;
            }
            LAB_CHECK(lab, is_over(socket.send(std::string("x"), MSG_NOSIGNAL)));
        },
        [&](user_socket& socket) {
            LAB_CHECK(lab, socket.shutdown(SHUT_WR + 7) == -EINVAL);
            receive_flow(lab, socket, both.down);
            // The server may be gone by now and say so with a reset, or not yet.
            const long sent = socket.send(std::string("too late?"), MSG_NOSIGNAL);
            LAB_CHECK(lab, sent > 0 || is_over(sent));
            const long ended = socket.shutdown(SHUT_RDWR);
            LAB_CHECK(lab, ended == 0 || ended == -ENOTCONN);
            LAB_CHECK(lab, is_over(socket.send(std::string("x"), MSG_NOSIGNAL)));
        });
}

} // namespace sim
