// Requests and answers of random sizes on one connection, now and then with a pause: Nagle, delayed ACKs, the
// window after idle time.

#include "kernel/abi/tcp.h"
#include "sim/scenarios/common.hpp"
#include "sim/scenarios/scenarios.hpp"

#include <vector>

namespace sim {
namespace {

struct request {
    uint32_t length;        ///< of the body that follows
    uint32_t answer_length; ///< of the body of the answer
    uint64_t stream;        ///< content of both
};

constexpr size_t longest_body = 20000;

void serve(lab& lab, user_socket& connection) {
    std::vector<uint8_t> body(longest_body);
    for (;;) {
        request asked;
        if (!receive_all(lab, connection, &asked, sizeof(asked))) {
            return;
        }
        if (asked.stream == 0) {
            return; // goodbye
        }
        LAB_CHECK(lab, asked.length <= longest_body && asked.answer_length <= longest_body);
        if (!receive_all(lab, connection, body.data(), asked.length)) {
            return;
        }
        LAB_CHECK(lab, content(asked.stream).matches(body.data(), asked.length));
        content(~asked.stream).fill(body.data(), asked.answer_length);
        if (!send_all(lab, connection, body.data(), asked.answer_length)) {
            return;
        }
    }
}

bool ask(lab& lab, user_socket& socket, const request& what, std::vector<uint8_t>& body) {
    content(what.stream).fill(body.data(), what.length);
    if (!send_all(lab, socket, &what, sizeof(what)) || !send_all(lab, socket, body.data(), what.length) ||
        !receive_all(lab, socket, body.data(), what.answer_length)) {
        return false;
    }
    LAB_CHECK(lab, content(~what.stream).matches(body.data(), what.answer_length));
    lab.count_verified(what.length + what.answer_length);
    return true;
}

} // namespace

void request_response(lab& lab) {
    gate listening;
    lab.spawn(lab.server(), "server", [&] {
        user_socket listener(lab.server(), SOCK_STREAM);
        if (!listen_on(lab, listener, service_port, 1, listening)) {
            return;
        }
        user_socket connection = accept_from(lab, listener);
        if (connection.ok()) {
            serve(lab, connection);
        }
    });
    lab.spawn(lab.client(), "client", [&] {
        user_socket socket(lab.client(), SOCK_STREAM);
        if (!connect_to(lab, socket, lab.server_address(), service_port, listening)) {
            return;
        }
        if (lab.chance(50)) {
            socket.set_option(IPPROTO_TCP, TCP_NODELAY, 1);
        }
        std::vector<uint8_t> body(longest_body);
        const size_t rounds = lab.scaled(60);
        for (size_t i = 0; i < rounds; i++) {
            const uint64_t limit = lab.chance(20) ? longest_body : 300;
            const request next = {.length = static_cast<uint32_t>(lab.random(limit)),
                                  .answer_length = static_cast<uint32_t>(lab.random(limit)),
                                  .stream = lab.seed() * 1000 + i + 1};
            if (!ask(lab, socket, next, body)) {
                return;
            }
            if (lab.chance(5)) {
                lab.pass(lab.random(2000) * net::port::millisecond);
            }
        }
        const request goodbye = {};
        send_all(lab, socket, &goodbye, sizeof(goodbye));
    });
    lab.join();
}

} // namespace sim
