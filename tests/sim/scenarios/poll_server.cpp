// A server in one program that never blocks but in poll(): it accepts, reads and answers many clients at
// once, and remembers for each what it could not send yet.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "sim/scenarios/common.hpp"
#include "sim/scenarios/scenarios.hpp"

#include <deque>
#include <list>
#include <string>

namespace sim {
namespace {

using net::port::second;

struct served_client {
    explicit served_client(user_socket from) : socket(std::move(from)) {}
    user_socket socket;
    std::string waiting; ///< received, and still to be sent back
    bool input_ended = false;
    bool broken = false;
};

constexpr size_t waiting_limit = 10000;

bool is_again(long result) {
    return result == -EAGAIN;
}

/// Reads what there is and writes what goes, both without waiting.
void serve(lab& lab, served_client& one, short holds) {
    char buffer[4000];
    if ((holds & (POLLIN | POLLERR | POLLHUP)) != 0 && !one.input_ended) {
        const long got = one.socket.recv(buffer, sizeof(buffer));
        if (got > 0) {
            one.waiting.append(buffer, static_cast<size_t>(got));
        } else if (got == 0) {
            one.input_ended = true;
        } else if (!is_again(got)) {
            one.broken = !fine(lab, got);
        }
    }
    if (!one.waiting.empty() && !one.broken) {
        const long sent = one.socket.send(one.waiting, MSG_NOSIGNAL);
        if (sent > 0) {
            one.waiting.erase(0, static_cast<size_t>(sent));
        } else if (!is_again(sent)) {
            one.broken = !fine(lab, sent);
        }
    }
}

void accept_waiting(lab& lab, user_socket& listener, std::list<served_client>& clients, size_t& accepted) {
    for (;;) {
        user_socket connection = listener.accept();
        if (!connection.ok()) {
            LAB_CHECK(lab, connection.error() == EAGAIN || !fine(lab, connection));
            return;
        }
        connection.set_non_blocking(true);
        clients.emplace_back(std::move(connection));
        accepted++;
    }
}

/// Serves so many clients, and until the last of them has gone.
void serve_all(lab& lab, size_t expected, gate& listening) {
    user_socket listener(lab.server(), SOCK_STREAM);
    if (!listen_on(lab, listener, service_port, 16, listening)) {
        return;
    }
    listener.set_non_blocking(true);
    std::list<served_client> clients;
    size_t accepted = 0;
    while (accepted < expected || !clients.empty()) {
        std::vector<poll_entry> entries = {{.socket = &listener.get(), .events = POLLIN}};
        for (served_client& each : clients) {
            const bool wants_more = !each.input_ended && each.waiting.size() < waiting_limit;
            entries.push_back({.socket = &each.socket.get(),
                               .events = static_cast<short>((wants_more ? POLLIN : 0) |
                                                            (each.waiting.empty() ? 0 : POLLOUT))});
        }
        const size_t ready = poll(entries, 300 * second);
        leave_if_killed();
        if (ready == 0) {
            LAB_CHECK(lab, lab.connections_may_break() || lab.memory_may_fail());
            return;
        }
        size_t at = 1;
        for (auto each = clients.begin(); each != clients.end(); at++) {
            serve(lab, *each, entries[at].holds);
            const bool over = each->broken || (each->input_ended && each->waiting.empty());
            each = over ? clients.erase(each) : std::next(each);
        }
        if (entries[0].holds != 0) {
            accept_waiting(lab, listener, clients, accepted);
        }
    }
}

/// Sends a flow and reads it back, at one go or in alternation.
void call(lab& lab, flow& data, const gate& listening) {
    user_socket socket(lab.client(), SOCK_STREAM);
    if (!connect_to(lab, socket, lab.server_address(), service_port, listening)) {
        return;
    }
    content out(data.stream);
    content back(data.stream);
    uint8_t buffer[3000];
    while (back.position() < data.bytes) {
        const uint64_t left = data.bytes - out.position();
        if (left != 0) {
            const size_t length = std::min<uint64_t>(left, 1 + lab.random(sizeof(buffer)));
            out.fill(buffer, length);
            if (!send_all(lab, socket, buffer, length)) {
                return;
            }
        }
        while (out.position() - back.position() > (left == 0 ? 0 : 6000)) {
            const long got = socket.recv(buffer, sizeof(buffer));
            if (!fine(lab, got)) {
                return;
            }
            LAB_CHECK(lab, got > 0 || lab.connections_may_break() || lab.memory_may_fail());
            if (got == 0) {
                return;
            }
            LAB_CHECK(lab, back.matches(buffer, static_cast<size_t>(got)));
            lab.count_verified(static_cast<size_t>(got));
        }
    }
}

} // namespace

void poll_server(lab& lab) {
    gate listening;
    std::deque<flow> flows;
    const size_t clients = 2 + lab.random(10);
    for (size_t i = 0; i < clients; i++) {
        flows.emplace_back(lab.seed() + i, lab.scaled(20000));
    }
    lab.spawn(lab.server(), "server", [&] { serve_all(lab, clients, listening); });
    for (flow& each : flows) {
        lab.spawn(lab.client(), "client", [&] { call(lab, each, listening); });
    }
    lab.join();
}

} // namespace sim
