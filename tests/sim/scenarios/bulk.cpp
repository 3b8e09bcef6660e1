// Bulk data, one way and both ways at once, every byte compared. With both ways the sides close as they come
// to their end, so that every order of FINs occurs.

#include "sim/scenarios/common.hpp"
#include "sim/scenarios/scenarios.hpp"

namespace sim {

void bulk(lab& lab) {
    gate listening;
    flow data(lab.seed(), lab.scaled(1 << 20));
    lab.spawn(lab.server(), "receiver", [&] {
        user_socket listener(lab.server(), SOCK_STREAM);
        if (!listen_on(lab, listener, service_port, 1, listening)) {
            return;
        }
        user_socket connection = accept_from(lab, listener);
        if (connection.ok()) {
            receive_flow(lab, connection, data);
        }
    });
    lab.spawn(lab.client(), "sender", [&] {
        user_socket socket(lab.client(), SOCK_STREAM);
        if (connect_to(lab, socket, lab.server_address(), service_port, listening)) {
            send_flow(lab, socket, data);
        }
    });
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
