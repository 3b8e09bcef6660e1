// Many connections at once, each with a flow in both directions and a program at either end; and a storm of
// clients that all connect at one moment to a server with a short queue, so that SYNs are dropped, sent again
// and answered with cookies.

#include "kernel/abi/errno.h"
#include "net/stack.hpp"
#include "sim/scenarios/common.hpp"
#include "sim/scenarios/scenarios.hpp"

#include <deque>
#include <vector>

namespace sim {
namespace {

/// What one client says first: which flow it is about.
struct greeting {
    uint32_t client;
};

struct pair_of_flows {
    pair_of_flows(uint64_t stream, size_t up_bytes, size_t down_bytes)
        : up(stream, up_bytes), down(stream + 1, down_bytes) {}
    flow up;
    flow down;
};

struct crowd {
    std::deque<pair_of_flows> flows;
    gate listening;
    std::atomic<size_t> served = 0;
};

void serve(lab& lab, crowd& all, user_socket& connection) {
    greeting who;
    if (!receive_all(lab, connection, &who, sizeof(who))) {
        return;
    }
    LAB_CHECK(lab, who.client < all.flows.size());
    pair_of_flows& mine = all.flows[who.client];
    if (receive_flow(lab, connection, mine.up) && send_flow(lab, connection, mine.down)) {
        all.served++;
    }
}

void call(lab& lab, crowd& all, uint32_t number) {
    user_socket socket(lab.client(), SOCK_STREAM);
    if (!fine(lab, socket)) {
        return;
    }
    make_ready(lab, socket);
    all.listening.wait(lab);
    long connected = socket.connect(lab.server_address(), service_port);
    // In a storm a slow server leaves one unlucky SYN after the other unanswered: its client begins again.
    for (int again = 0; connected == -ETIMEDOUT && again < 5; again++) {
        connected = socket.connect(lab.server_address(), service_port);
    }
    if (!fine(lab, connected)) {
        return;
    }
    const greeting hello = {number};
    if (send_all(lab, socket, &hello, sizeof(hello)) && send_flow(lab, socket, all.flows[number].up) &&
        fine(lab, socket.shutdown(SHUT_WR))) {
        receive_flow(lab, socket, all.flows[number].down);
    }
}

/// Accepts one connection after the other, each for a program of its own.
void accept_all(lab& lab, crowd& all, int backlog) {
    user_socket listener(lab.server(), SOCK_STREAM);
    if (!listen_on(lab, listener, service_port, backlog, all.listening)) {
        return;
    }
    std::vector<program*> handlers;
    for (size_t i = 0; i < all.flows.size(); i++) {
        user_socket connection = accept_from(lab, listener);
        if (!connection.ok()) {
            break;
        }
        auto kept = std::make_shared<user_socket>(std::move(connection));
        handlers.push_back(
            &lab.spawn(lab.server(), "handler", [&lab, &all, kept] { serve(lab, all, *kept); }));
    }
    for (const program* each : handlers) {
        lab.join(*each);
    }
}

void run(lab& lab, size_t clients, size_t bytes, int backlog) {
    crowd all;
    for (size_t i = 0; i < clients; i++) {
        all.flows.emplace_back(lab.seed() + 2 * i, 1 + lab.random(bytes), 1 + lab.random(bytes));
    }
    lab.spawn(lab.server(), "server", [&] { accept_all(lab, all, backlog); });
    for (uint32_t i = 0; i < clients; i++) {
        lab.spawn(lab.client(), "client " + std::to_string(i), [&lab, &all, i] { call(lab, all, i); });
    }
    lab.join();
    LAB_CHECK(lab, all.served == clients || lab.connections_may_break() || lab.memory_may_fail());
}

} // namespace

void many_connections(lab& lab) {
    run(lab, 4 + lab.random(16), lab.scaled(30000), 64);
}

void connect_storm(lab& lab) {
    if (!lab.connections_may_break()) {
        // Who was answered with a cookie is reset if the accept queue is full when the handshake's ACK comes
        // and there is room when data follow whose first segment was dropped: a known limit of cookies.
        stack_of(lab.server()).settings.tcp_syncookies = 0;
    }
    run(lab, 20 + lab.random(20), 500, 1 + static_cast<int>(lab.random(8)));
}

} // namespace sim
