// Bulk data, one way, from every host to every other, and both ways at once, every byte compared. With both
// ways the sides close as they come to their end, so that every order of FINs occurs.

#include "sim/scenarios/common.hpp"
#include "sim/scenarios/scenarios.hpp"

#include <deque>

namespace sim {
namespace {

/// One flow from a host to another, over a connection of its own.
struct transfer {
    transfer(lab& lab, unsigned from_host, unsigned to_host, uint64_t stream, size_t bytes)
        : from(lab.at(from_host)), to(lab.at(to_host)), address(lab.address(to_host)),
          port(static_cast<uint16_t>(service_port + from_host)), data(stream, bytes) {}

    host& from;
    host& to;
    const uint32_t address;
    const uint16_t port; ///< another one for each sender
    gate listening;
    flow data;
};

void start(lab& lab, transfer& its) {
    lab.spawn(its.to, "receiver", [&] {
        user_socket listener(its.to, SOCK_STREAM);
        if (!listen_on(lab, listener, its.port, 1, its.listening)) {
            return;
        }
        user_socket connection = accept_from(lab, listener);
        if (connection.ok()) {
            receive_flow(lab, connection, its.data);
        }
    });
    lab.spawn(its.from, "sender", [&] {
        user_socket socket(its.from, SOCK_STREAM);
        if (connect_to(lab, socket, its.address, its.port, its.listening)) {
            send_flow(lab, socket, its.data);
        }
    });
}

} // namespace

void bulk(lab& lab) {
    transfer upload(lab, 1, 0, lab.seed(), lab.scaled(1 << 20));
    start(lab, upload);
    lab.join();
}

void crossing_flows(lab& lab) {
    std::deque<transfer> all;
    for (unsigned from = 0; from < lab.hosts(); from++) {
        for (unsigned to = 0; to < lab.hosts(); to++) {
            if (from != to) {
                start(lab, all.emplace_back(lab, from, to, lab.seed() + all.size(), lab.scaled(1 << 16)));
            }
        }
    }
    lab.join();
}

namespace {

/// One end: a program of its own sends, this one receives. Either may be killed.
void exchange(lab& lab, host& on, user_socket socket, flow& out, const flow& in) {
    const auto shared = std::make_shared<user_socket>(std::move(socket));
    lab.spawn(on, "writer", [&lab, &out, shared] {
        if (send_flow(lab, *shared, out)) {
            shared->shutdown(SHUT_WR);
        }
    });
    receive_flow(lab, *shared, in);
}

} // namespace

void bulk_both_ways(lab& lab) {
    gate listening;
    flow up(lab.seed(), lab.scaled(1 << 19));
    flow down(lab.seed() + 1, lab.scaled(1 << 19));
    lab.spawn(lab.server(), "server", [&] {
        user_socket listener(lab.server(), SOCK_STREAM);
        if (!listen_on(lab, listener, service_port, 1, listening)) {
            return;
        }
        user_socket connection = accept_from(lab, listener);
        if (connection.ok()) {
            exchange(lab, lab.server(), std::move(connection), down, up);
        }
    });
    lab.spawn(lab.client(), "client", [&] {
        user_socket socket(lab.client(), SOCK_STREAM);
        if (connect_to(lab, socket, lab.server_address(), service_port, listening)) {
            exchange(lab, lab.client(), std::move(socket), up, down);
        }
    });
    lab.join();
}

} // namespace sim
