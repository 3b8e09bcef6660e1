// Ways to end a connection hard: SO_LINGER with 0 (a reset), with a time (close() waits for the peer),
// closing with unread data (a reset), a process that is killed in the middle of a transfer, and processes
// that are killed while others have the same socket.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "sim/scenarios/common.hpp"
#include "sim/scenarios/scenarios.hpp"

#include <atomic>
#include <memory>
#include <vector>

namespace sim {
namespace {

using net::port::millisecond;
using net::port::second;

constexpr int linger_time = 100; ///< seconds, longer than any delivery here takes

/// Reads a stream that may end by a reset at any byte, but whose bytes are right.
long read_until_the_end(lab& lab, user_socket& socket, content& expected) {
    uint8_t buffer[4000];
    for (;;) {
        const long got = socket.recv(buffer, sizeof(buffer));
        if (got <= 0) {
            return got;
        }
        LAB_CHECK(lab, expected.matches(buffer, static_cast<size_t>(got)));
        lab.count_verified(static_cast<size_t>(got));
    }
}

struct meeting {
    explicit meeting(lab& lab) : data(lab.seed(), lab.scaled(100000)) {}
    gate listening;
    flow data;
    bool client_resets = false; ///< maybe before the server has accepted
};

program& serve(lab& lab, meeting& both, std::function<void(user_socket&)> body) {
    return lab.spawn(lab.server(), "server", [&lab, &both, body = std::move(body)] {
        user_socket listener(lab.server(), SOCK_STREAM);
        if (!listen_on(lab, listener, service_port, 1, both.listening)) {
            return;
        }
        user_socket connection = accept_from(lab, listener, both.client_resets);
        if (connection.ok()) {
            body(connection);
        }
    });
}

program& call(lab& lab, meeting& both, std::function<void(user_socket&)> body) {
    return lab.spawn(lab.client(), "client", [&lab, &both, body = std::move(body)] {
        user_socket socket(lab.client(), SOCK_STREAM);
        if (connect_to(lab, socket, lab.server_address(), service_port, both.listening)) {
            body(socket);
        }
    });
}

void set_linger(lab& lab, user_socket& socket, int seconds) {
    const linger wanted = {.l_onoff = 1, .l_linger = seconds};
    LAB_CHECK(lab, socket.set_option(SOL_SOCKET, SO_LINGER, &wanted, sizeof(wanted)) == 0);
}

} // namespace

void linger_reset(lab& lab) {
    meeting both(lab);
    both.client_resets = true;
    bool asked_for = false;
    serve(lab, both, [&](user_socket& socket) {
        keep_alive(socket); // a reset that is lost is not sent again
        content expected(both.data.stream);
        const long end = read_until_the_end(lab, socket, expected);
        // Never a clean end, unless the client was killed before it came to ask for something else.
        LAB_CHECK(lab, !asked_for || end == -ECONNRESET || end == -ETIMEDOUT || !fine(lab, end));
    });
    call(lab, both, [&](user_socket& socket) {
        if (send_flow(lab, socket, both.data)) {
            set_linger(lab, socket, 0);
            asked_for = true;
        }
    });
    lab.join();
}

void linger_wait(lab& lab) {
    meeting both(lab);
    serve(lab, both, [&](user_socket& socket) { receive_flow(lab, socket, both.data); });
    call(lab, both, [&](user_socket& socket) {
        set_linger(lab, socket, linger_time);
        if (!send_flow(lab, socket, both.data)) {
            return;
        }
        const net::port::time_ns start = lab.now();
        socket.close();
        LAB_CHECK(lab, lab.now() - start < (linger_time + 60) * second);
    });
    lab.join();
}

void close_unread(lab& lab) {
    meeting both(lab);
    serve(lab, both, [&](user_socket& socket) {
        uint8_t first = 0;
        if (receive_all(lab, socket, &first, 1)) {
            content expected(both.data.stream);
            LAB_CHECK(lab, expected.matches(&first, 1));
        }
        // and goes, without having read the rest
    });
    call(lab, both, [&](user_socket& socket) {
        content bytes(both.data.stream);
        uint8_t piece[2000];
        for (;;) {
            bytes.fill(piece, sizeof(piece));
            const long sent = socket.send_bytes(piece, sizeof(piece), MSG_NOSIGNAL);
            if (sent < 0) {
                LAB_CHECK(lab, sent == -ECONNRESET || sent == -EPIPE || !fine(lab, sent));
                return;
            }
        }
    });
    lab.join();
}

void killed_sender(lab& lab) {
    meeting both(lab);
    gate connected;
    serve(lab, both, [&](user_socket& socket) {
        content expected(both.data.stream);
        const long end = read_until_the_end(lab, socket, expected);
        LAB_CHECK(lab, end == 0 || !fine(lab, end)); // the kernel says goodbye for it
        LAB_CHECK(lab, expected.position() <= both.data.bytes);
    });
    program& victim = call(lab, both, [&](user_socket& socket) {
        connected.open();
        send_flow(lab, socket, both.data);
        lab.pass(1000 * second);
    });
    connected.wait(lab);
    lab.pass(lab.random(2 * second));
    lab.kill(victim);
    lab.join();
}

void killed_receiver(lab& lab) {
    meeting both(lab);
    gate accepted;
    program& victim = serve(lab, both, [&](user_socket& socket) {
        accepted.open();
        receive_flow(lab, socket, both.data);
    });
    call(lab, both, [&](user_socket& socket) {
        content bytes(both.data.stream);
        std::vector<uint8_t> piece(both.data.bytes);
        bytes.fill(piece.data(), piece.size());
        size_t at = 0;
        while (at < piece.size()) {
            const long sent = socket.send_bytes(piece.data() + at, piece.size() - at, MSG_NOSIGNAL);
            if (sent < 0) {
                LAB_CHECK(lab, sent == -ECONNRESET || sent == -EPIPE || !fine(lab, sent));
                return;
            }
            at += static_cast<size_t>(sent);
        }
        both.data.written = true;
    });
    accepted.wait(lab);
    lab.pass(lab.random(2 * second));
    lab.kill(victim);
    lab.join();
}

void killed_co_owner(lab& lab) {
    meeting both(lab);
    gate served;
    gate called;
    program* peeker = nullptr;
    program* waiter = nullptr;
    std::atomic<bool> all_killed = false;
    serve(lab, both, [&](user_socket& socket) {
        const auto shared = std::make_shared<user_socket>(std::move(socket));
        peeker = &lab.spawn(lab.server(), "peeker", [&lab, shared] {
            uint8_t seen[1000];
            while (shared->recv(seen, sizeof(seen), MSG_PEEK) > 0) {
                lab.pass(lab.random(10 * millisecond));
            }
        });
        served.open();
        if (receive_flow(lab, *shared, both.data)) {
            LAB_CHECK(lab, all_killed); // as long as one has the socket the stream does not end
        }
    });
    call(lab, both, [&](user_socket& socket) {
        const auto shared = std::make_shared<user_socket>(std::move(socket));
        waiter = &lab.spawn(lab.client(), "waiter", [shared] { shared->recv(); });
        called.open();
        send_flow(lab, *shared, both.data);
    });
    served.wait(lab);
    called.wait(lab);
    for (program* victim : {peeker, waiter}) {
        lab.pass(lab.random(2 * second));
        all_killed = victim == waiter;
        lab.kill(*victim);
    }
    lab.join();
}

} // namespace sim
