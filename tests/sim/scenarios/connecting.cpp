// Ways to begin: a connect() that does not wait (and succeeds, is refused, or finds nobody), many of them at
// one moment, accept() in vain, a listener that one thread stops while another starts it again, two sides
// that connect to each other, and one port used again and again.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/time.h"
#include "sim/scenarios/common.hpp"
#include "sim/scenarios/scenarios.hpp"

#include <atomic>

namespace sim {
namespace {

using net::port::millisecond;
using net::port::second;

constexpr uint32_t nobody = 0x0a0000fe; ///< 10.0.0.254: an address of the network that no host has
constexpr uint16_t closed_port = 4;

/// Starts a connect() without waiting and waits for its outcome with poll(): 0 or -errno.
long connect_by_poll(lab& lab, user_socket& socket, uint32_t ip, uint16_t port) {
    socket.set_non_blocking(true);
    const long started = socket.connect(ip, port);
    if (started != -EINPROGRESS) {
        return started;
    }
    const long again = socket.connect(ip, port);
    if (again != -EALREADY) {
        return again == -EISCONN ? 0 : again;
    }
    const short holds = socket.poll(POLLOUT, 300 * second);
    LAB_CHECK(lab, holds != 0); // SYNs are given up within 127 s
    return -socket.get_option(SOL_SOCKET, SO_ERROR);
}

} // namespace

void connect_without_waiting(lab& lab) {
    gate listening;
    flow data(lab.seed(), lab.scaled(5000));
    lab.spawn(lab.server(), "server", [&] {
        user_socket listener(lab.server(), SOCK_STREAM);
        if (!listen_on(lab, listener, service_port, 1, listening)) {
            return;
        }
        user_socket connection = accept_from(lab, listener);
        if (connection.ok()) {
            receive_flow(lab, connection, data);
        }
    });
    lab.spawn(lab.client(), "client", [&] {
        listening.wait(lab);
        user_socket refused(lab.client(), SOCK_STREAM);
        if (fine(lab, refused)) {
            const long outcome = connect_by_poll(lab, refused, lab.server_address(), closed_port);
            LAB_CHECK(lab, outcome == -ECONNREFUSED || (outcome < 0 && !fine(lab, outcome)));
        }
        user_socket unanswered(lab.client(), SOCK_STREAM);
        if (fine(lab, unanswered)) {
            const long outcome = connect_by_poll(lab, unanswered, nobody, service_port);
            LAB_CHECK(lab, outcome == -EHOSTUNREACH || outcome == -ETIMEDOUT ||
                               (outcome < 0 && !fine(lab, outcome)));
        }
        user_socket accepted(lab.client(), SOCK_STREAM);
        if (fine(lab, accepted) &&
            fine(lab, connect_by_poll(lab, accepted, lab.server_address(), service_port))) {
            accepted.set_non_blocking(false);
            send_flow(lab, accepted, data);
        }
    });
    lab.join();
}

void connects_at_once(lab& lab) {
    constexpr unsigned clients = 8;
    const size_t attempts = lab.scaled(200);
    for (unsigned i = 0; i < clients; i++) {
        lab.spawn(lab.client(), "client " + std::to_string(i), [&lab, attempts] {
            for (size_t attempt = 0; attempt < attempts; attempt++) {
                user_socket socket(lab.client(), SOCK_STREAM);
                if (!fine(lab, socket)) {
                    return;
                }
                socket.set_non_blocking(true);
                // Nobody's port is given to another: none finds its connection taken (EADDRNOTAVAIL).
                LAB_CHECK(lab, socket.connect(lab.server_address(), closed_port) == -EINPROGRESS);
            }
        });
    }
    lab.join();
}

void accept_in_vain(lab& lab) {
    program& waiter = lab.spawn(lab.server(), "server", [&] {
        user_socket listener(lab.server(), SOCK_STREAM);
        gate unused;
        if (!listen_on(lab, listener, service_port, 1, unused)) {
            return;
        }
        listener.set_non_blocking(true);
        LAB_CHECK(lab, listener.accept().error() == EAGAIN);
        listener.set_non_blocking(false);
        const timeval patience = {.tv_sec = 2, .tv_usec = 0};
        LAB_CHECK(lab, listener.set_option(SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
        const net::port::time_ns start = lab.now();
        LAB_CHECK(lab, listener.accept().error() == EAGAIN);
        LAB_CHECK(lab, lab.now() - start >= 2 * second);
        const timeval for_ever = {};
        LAB_CHECK(lab, listener.set_option(SOL_SOCKET, SO_RCVTIMEO, &for_ever, sizeof(for_ever)) == 0);
        listener.accept();
        lab.fail("accept() returns, though nobody came");
    });
    lab.pass(5 * second + lab.random(5 * second));
    lab.kill(waiter);
    lab.join();
}

void listens_and_stops(lab& lab) {
    constexpr unsigned clients = 4;
    const size_t rounds = lab.scaled(60);
    user_socket listener(lab.server(), SOCK_STREAM);
    if (!fine(lab, listener) || !fine(lab, listener.bind("0.0.0.0", service_port))) {
        return;
    }
    std::atomic<bool> enough = false;
    lab.spawn(lab.server(), "starts", [&] {
        while (!enough) {
            for (unsigned i = 0; i < 100; i++) { // some of them while the other thread is still stopping it
                LAB_CHECK(lab, listener.listen(clients) == 0);
            }
            lab.pass(lab.random(5 * millisecond));
        }
    });
    lab.spawn(lab.server(), "stops", [&] {
        for (size_t round = 0; round < rounds; round++) {
            lab.pass(lab.random(200 * millisecond)); // connections come, and nobody accepts them
            const long stopped = lab.chance(50) ? listener.shutdown(SHUT_RD) : listener.disconnect();
            LAB_CHECK(lab, stopped == 0 || stopped == -ENOTCONN);
        }
        enough = true;
    });
    for (unsigned i = 0; i < clients; i++) {
        lab.spawn(lab.client(), "client " + std::to_string(i), [&] {
            while (!enough) {
                user_socket socket(lab.client(), SOCK_STREAM);
                socket.set_non_blocking(true);
                LAB_CHECK(lab, socket.connect(lab.server_address(), service_port) == -EINPROGRESS);
                lab.pass(lab.random(100 * millisecond));
            }
        });
    }
    lab.join();
}

void simultaneous_open(lab& lab) {
    flow up(lab.seed(), 1 + lab.random(2000));
    flow down(lab.seed() + 1, 1 + lab.random(2000));
    const net::port::time_ns start = lab.now() + 100 * millisecond;
    const auto side = [&](host& on, uint32_t to, flow& out, const flow& in) {
        user_socket socket(on, SOCK_STREAM);
        if (!fine(lab, socket) || !fine(lab, socket.bind("0.0.0.0", service_port))) {
            return;
        }
        make_ready(lab, socket);
        lab.pass(start - lab.now());
        // Who is too early is refused, and tries again; it ends when both try within one way of the wire.
        long connected = -ECONNREFUSED;
        while (connected == -ECONNREFUSED && lab.now() < start + 60 * second) {
            connected = socket.connect(to, service_port);
            if (connected == -ECONNREFUSED) {
                lab.pass(lab.random(10 * millisecond));
            }
        }
        if (connected == -ECONNREFUSED || !fine(lab, connected)) {
            return;
        }
        if (send_flow(lab, socket, out) && fine(lab, socket.shutdown(SHUT_WR))) {
            receive_flow(lab, socket, in);
        }
    };
    lab.spawn(lab.server(), "one", [&] { side(lab.server(), lab.address(1), up, down); });
    lab.spawn(lab.client(), "other", [&] { side(lab.client(), lab.address(0), down, up); });
    lab.join();
}

void port_reuse(lab& lab) {
    constexpr uint16_t client_port = 1025;
    gate listening;
    const size_t rounds = 2 + lab.random(6);
    std::deque<flow> flows;
    for (size_t i = 0; i < rounds; i++) {
        flows.emplace_back(lab.seed() + i, 1 + lab.random(3000));
    }
    const bool client_closes_first = lab.chance(50);
    lab.spawn(lab.server(), "server", [&] {
        user_socket listener(lab.server(), SOCK_STREAM);
        if (!listen_on(lab, listener, service_port, 1, listening)) {
            return;
        }
        for (const flow& each : flows) {
            user_socket connection = accept_from(lab, listener);
            if (!connection.ok()) {
                return;
            }
            receive_flow(lab, connection, each);
        }
    });
    lab.spawn(lab.client(), "client", [&] {
        for (flow& each : flows) {
            user_socket socket(lab.client(), SOCK_STREAM);
            if (!fine(lab, socket) || !fine(lab, socket.set_option(SOL_SOCKET, SO_REUSEADDR, 1)) ||
                !fine(lab, socket.bind("0.0.0.0", client_port))) {
                return;
            }
            make_ready(lab, socket);
            listening.wait(lab);
            // The last connection of this pair of ports may still be in TIME_WAIT, for a minute at most.
            const net::port::time_ns limit = lab.now() + 200 * second;
            long connected = -EADDRNOTAVAIL;
            while (connected == -EADDRNOTAVAIL && lab.now() < limit) {
                connected = socket.connect(lab.server_address(), service_port);
                if (connected == -EADDRNOTAVAIL) {
                    lab.pass(second);
                }
            }
            if (!fine(lab, connected) || !send_flow(lab, socket, each)) {
                return;
            }
            if (!client_closes_first) {
                uint8_t end = 0;
                if (!fine(lab, socket.shutdown(SHUT_WR)) || !fine(lab, socket.recv(&end, 1))) {
                    return;
                }
            }
        }
    });
    lab.join();
}

} // namespace sim
