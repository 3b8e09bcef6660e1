// AF_UNIX on one host: a stream in both directions at once; datagrams, which are never lost, doubled or
// reordered, and whose senders wait for a slow reader; and a reader whose socket turns away from its sender
// again and again, which loses what was not read.

#include "kernel/abi/errno.h"
#include "sim/scenarios/common.hpp"
#include "sim/scenarios/scenarios.hpp"

#include <cstring>

namespace sim {
namespace {

constexpr const char* stream_path = "/tmp/stream";
constexpr const char* datagram_path = "/tmp/datagrams";
constexpr const char* sender_path = "/tmp/sender";

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

void unix_reconnects(lab& lab) {
    const uint64_t count = lab.scaled(500);
    const auto reader = std::make_shared<user_socket>(lab.server(), SOCK_DGRAM, 0, AF_UNIX);
    const auto sender = std::make_shared<user_socket>(lab.server(), SOCK_DGRAM, 0, AF_UNIX);
    if (!fine(lab, *reader) || !fine(lab, *sender) || !fine(lab, reader->bind_path(datagram_path)) ||
        !fine(lab, sender->bind_path(sender_path)) || !fine(lab, sender->connect_path(datagram_path))) {
        return;
    }
    std::atomic<bool> enough = false;
    lab.spawn(lab.server(), "receiver", [&] {
        uint64_t next = 0;
        for (uint64_t i = 0; i < count; i++) {
            const received message = reader->recv(3000);
            uint64_t number = 0;
            LAB_CHECK(lab, message.result >= static_cast<long>(sizeof(number)));
            std::memcpy(&number, message.data.data(), sizeof(number));
            LAB_CHECK(lab, number >= next); // some are lost, none comes twice
            next = number + 1;
            const char* rest = message.data.data() + sizeof(number);
            LAB_CHECK(lab, content(number).matches(rest, message.data.size() - sizeof(number)));
            lab.count_verified(message.data.size());
        }
        enough = true;
        while (reader->recv(3000, MSG_DONTWAIT).result > 0) { // the sender may wait for room
        }
    });
    lab.spawn(lab.server(), "reconnector", [&] {
        while (!enough) {
            LAB_CHECK(lab, reader->connect_path(sender_path) == 0);
            lab.pass(lab.random(3) * net::port::microsecond);
            LAB_CHECK(lab, reader->disconnect() == 0);
            lab.pass(lab.random(50) * net::port::microsecond);
        }
    });
    lab.spawn(lab.server(), "sender", [&] {
        for (uint64_t number = 0; !enough; number++) {
            std::string text(sizeof(number) + lab.random(2000), '\0');
            std::memcpy(text.data(), &number, sizeof(number));
            content(number).fill(text.data() + sizeof(number), text.size() - sizeof(number));
            const long sent = sender->send(text);
            LAB_CHECK(lab, sent == static_cast<long>(text.size()) || sent == -ECONNRESET);
        }
    });
    lab.join();
}

} // namespace sim
