// AF_UNIX on one host: a stream in both directions at once, and datagrams, which are never lost, doubled or
// reordered, and whose senders wait for a slow reader.

#include "kernel/abi/errno.h"
#include "sim/scenarios/common.hpp"
#include "sim/scenarios/scenarios.hpp"

#include <cstring>

namespace sim {
namespace {

constexpr const char* stream_path = "/tmp/stream";
constexpr const char* datagram_path = "/tmp/datagrams";

} // namespace

void unix_stream(lab& lab) {
    gate listening;
    flow up(lab.seed(), lab.scaled(300000));
    flow down(lab.seed() + 1, lab.scaled(300000));
    const auto talk = [&lab](const std::shared_ptr<user_socket>& socket, flow& out, const flow& in) {
        lab.spawn(lab.server(), "writer", [&lab, &out, socket] {
            if (send_flow(lab, *socket, out)) {
                socket->shutdown(SHUT_WR);
            }
        });
        receive_flow(lab, *socket, in);
    };
    lab.spawn(lab.server(), "server", [&] {
        user_socket listener(lab.server(), SOCK_STREAM, 0, AF_UNIX);
        if (!fine(lab, listener) || !fine(lab, listener.bind_path(stream_path)) ||
            !fine(lab, listener.listen(1))) {
            return;
        }
        listening.open();
        user_socket connection = accept_from(lab, listener);
        if (connection.ok()) {
            talk(std::make_shared<user_socket>(std::move(connection)), down, up);
        }
    });
    lab.spawn(lab.server(), "client", [&] {
        user_socket socket(lab.server(), SOCK_STREAM, 0, AF_UNIX);
        listening.wait(lab);
        if (fine(lab, socket) && fine(lab, socket.connect_path(stream_path))) {
            talk(std::make_shared<user_socket>(std::move(socket)), up, down);
        }
    });
    lab.join();
}

void unix_datagrams(lab& lab) {
    gate bound;
    const uint64_t count = lab.scaled(500);
    const unsigned senders = 1 + static_cast<unsigned>(lab.random(4));
    struct note {
        uint64_t sender;
        uint64_t number;
    };
    lab.spawn(lab.server(), "receiver", [&] {
        user_socket socket(lab.server(), SOCK_DGRAM, 0, AF_UNIX);
        if (!fine(lab, socket) || !fine(lab, socket.bind_path(datagram_path))) {
            return;
        }
        bound.open();
        std::vector<uint64_t> next(senders);
        for (uint64_t i = 0; i < count * senders; i++) {
            const received message = socket.recv(3000);
            if (!fine(lab, message.result)) {
                return;
            }
            LAB_CHECK(lab, message.data.size() >= sizeof(note));
            note head;
            std::memcpy(&head, message.data.data(), sizeof(head));
            LAB_CHECK(lab, head.sender < senders && head.number == next[head.sender]);
            next[head.sender]++;
            LAB_CHECK(lab,
                      content(head.number)
                          .matches(message.data.data() + sizeof(head), message.data.size() - sizeof(head)));
            lab.count_verified(message.data.size());
            lab.may_stall();
        }
    });
    for (unsigned sender = 0; sender < senders; sender++) {
        lab.spawn(lab.server(), "sender", [&, sender] {
            user_socket socket(lab.server(), SOCK_DGRAM, 0, AF_UNIX);
            bound.wait(lab);
            if (!fine(lab, socket) || !fine(lab, socket.connect_path(datagram_path))) {
                return;
            }
            for (uint64_t i = 0; i < count; i++) {
                std::string text(sizeof(note) + lab.random(2000), '\0');
                const note head = {.sender = sender, .number = i};
                std::memcpy(text.data(), &head, sizeof(head));
                content(i).fill(text.data() + sizeof(head), text.size() - sizeof(head));
                const long sent = socket.send(text);
                if (!fine(lab, sent)) {
                    return;
                }
                LAB_CHECK(lab, sent == static_cast<long>(text.size()));
            }
        });
    }
    lab.join();
}

} // namespace sim
