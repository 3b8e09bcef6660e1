// A wire that goes dead under a connection: whether each side notices in the time that its options give it,
// and whether a connection outlives a silence that is shorter.

#include "kernel/abi/errno.h"
#include "kernel/abi/netdevice.h"
#include "kernel/abi/socket.h"
#include "kernel/abi/tcp.h"
#include "sim/scenarios/common.hpp"
#include "sim/scenarios/scenarios.hpp"

namespace sim {
namespace {

using net::port::millisecond;
using net::port::second;
using net::port::time_ns;

/// From the last thing heard to the end: what a neighbour that does not answer, a round trip, a slow timer
/// and a leap of the clock may add to what the options say.
constexpr time_ns grace = 40 * second;

/// An open connection between two programs, each of which does its part of the scenario.
void connect_both(lab& lab, std::function<void(user_socket&)> server,
                  std::function<void(user_socket&)> client) {
    gate listening;
    lab.spawn(lab.server(), "server", [&] {
        user_socket listener(lab.server(), SOCK_STREAM);
        if (listen_on(lab, listener, service_port, 1, listening)) {
            user_socket connection = accept_from(lab, listener);
            server(connection);
        }
    });
    lab.spawn(lab.client(), "client", [&] {
        user_socket socket(lab.client(), SOCK_STREAM);
        if (connect_to(lab, socket, lab.server_address(), service_port, listening)) {
            client(socket);
        }
    });
    lab.join();
}

/// The peer has everything that was sent, and said so: nothing is left to be sent again.
void wait_until_acknowledged(lab& lab, user_socket& socket) {
    for (int left = 1; left != 0; lab.pass(100 * millisecond)) {
        LAB_CHECK(lab, socket.ioctl(SIOCOUTQ, &left) == 0);
    }
}

bool is_silence(long result) {
    return result == -ETIMEDOUT || result == -EHOSTUNREACH;
}

void probe_every_second(lab& lab, user_socket& socket, int idle_seconds, int probes) {
    LAB_CHECK(lab, socket.set_option(IPPROTO_TCP, TCP_KEEPIDLE, idle_seconds) == 0);
    LAB_CHECK(lab, socket.set_option(IPPROTO_TCP, TCP_KEEPINTVL, 1) == 0);
    LAB_CHECK(lab, socket.set_option(IPPROTO_TCP, TCP_KEEPCNT, probes) == 0);
    LAB_CHECK(lab, socket.set_option(SOL_SOCKET, SO_KEEPALIVE, 1) == 0);
}

/// Waits for something from a peer that is gone, and checks when the end came.
void wait_for_the_end(lab& lab, user_socket& socket, time_ns earliest) {
    const time_ns before = lab.now();
    uint8_t byte = 0;
    const long end = socket.recv(&byte, 1);
    LAB_CHECK(lab, is_silence(end));
    LAB_CHECK(lab, lab.now() - before >= earliest - second && lab.now() - before <= earliest + grace);
}

} // namespace

/// Keepalive: both ends find out by themselves that the other is out of reach.
void keepalive_of_a_dead_wire(lab& lab) {
    const int idle = 2 + static_cast<int>(lab.random(5));
    const int probes = 2 + static_cast<int>(lab.random(4));
    gate first_byte;
    connect_both(
        lab,
        [&](user_socket& socket) {
            uint8_t byte = 0;
            LAB_CHECK(lab, receive_all(lab, socket, &byte, 1));
            first_byte.open();
            probe_every_second(lab, socket, idle, probes);
            LAB_CHECK(lab, is_silence(socket.recv(&byte, 1)));
        },
        [&](user_socket& socket) {
            LAB_CHECK(lab, send_all(lab, socket, "x", 1));
            first_byte.wait(lab);
            wait_until_acknowledged(lab, socket);
            lab.set_cable(lab.server(), false);
            probe_every_second(lab, socket, idle, probes);
            wait_for_the_end(lab, socket, (idle + probes) * second);
        });
}

/// TCP_USER_TIMEOUT: who has sent something gives up when it is not acknowledged for so long.
void user_timeout_on_a_dead_wire(lab& lab) {
    const int seconds = 3 + static_cast<int>(lab.random(20));
    gate first_byte;
    connect_both(
        lab,
        [&](user_socket& socket) {
            probe_every_second(lab, socket, 1, 5);
            uint8_t byte = 0;
            LAB_CHECK(lab, receive_all(lab, socket, &byte, 1));
            first_byte.open();
            LAB_CHECK(lab, is_silence(socket.recv(&byte, 1)));
        },
        [&](user_socket& socket) {
            LAB_CHECK(lab, send_all(lab, socket, "x", 1));
            first_byte.wait(lab);
            wait_until_acknowledged(lab, socket);
            LAB_CHECK(lab, socket.set_option(IPPROTO_TCP, TCP_USER_TIMEOUT, seconds * 1000) == 0);
            lab.set_cable(lab.server(), false);
            const time_ns before = lab.now();
            LAB_CHECK(lab, socket.send("unheard") == 7);
            uint8_t byte = 0;
            LAB_CHECK(lab, is_silence(socket.recv(&byte, 1)));
            // The first retransmission may be far away already, if the wire was bad.
            const time_ns after = lab.now() - before;
            LAB_CHECK(lab, after >= seconds * second && after <= 120 * second + seconds * second + grace);
        });
}

/// Silence that ends before anybody's patience does: everything arrives.
void transfer_across_a_silence(lab& lab) {
    flow data(lab.seed(), lab.scaled(200000));
    connect_both(
        lab,
        [&](user_socket& socket) {
            probe_every_second(lab, socket, 5, 30);
            receive_flow(lab, socket, data);
        },
        [&](user_socket& socket) {
            lab.spawn(lab.server(), "hand at the cable", [&] {
                lab.pass(1 + lab.random(second));
                lab.set_cable(lab.server(), false);
                lab.pass(1 + lab.random(20 * second));
                lab.set_cable(lab.server(), true);
            });
            // Stays until the server has all: without a program the kernel would try for two minutes only.
            uint8_t byte = 0;
            LAB_CHECK(lab, send_flow(lab, socket, data, 5000) && socket.shutdown(SHUT_WR) == 0);
            LAB_CHECK(lab, socket.recv(&byte, 1) == 0);
        });
}

} // namespace sim
