// A reader that pauses, with buffers that are small: the window closes, is probed and opens again. And every
// combination of buffer sizes, down to the smallest that can be had.

#include "sim/scenarios/common.hpp"
#include "sim/scenarios/scenarios.hpp"

namespace sim {
namespace {

using net::port::millisecond;

void read_slowly(lab& lab, user_socket& connection, const flow& data) {
    content expected(data.stream);
    uint8_t buffer[3000];
    for (;;) {
        if (lab.chance(20)) {
            lab.pass(lab.random(3000) * millisecond);
        }
        const long got = connection.recv(buffer, 1 + lab.random(sizeof(buffer)));
        if (!fine(lab, got)) {
            return;
        }
        if (got == 0) {
            break;
        }
        LAB_CHECK(lab, expected.matches(buffer, static_cast<size_t>(got)));
        lab.count_verified(static_cast<size_t>(got));
    }
    LAB_CHECK(lab, expected.position() == data.bytes || !data.written);
}

void set_buffers(lab& lab, user_socket& socket) {
    constexpr int sizes[] = {1, 500, 2000, 5000, 20000, 100000, 1000000};
    if (lab.chance(70)) {
        socket.set_option(SOL_SOCKET, SO_RCVBUF, sizes[lab.random(std::size(sizes))]);
    }
    if (lab.chance(70)) {
        socket.set_option(SOL_SOCKET, SO_SNDBUF, sizes[lab.random(std::size(sizes))]);
    }
}

} // namespace

void slow_reader(lab& lab) {
    gate listening;
    flow data(lab.seed(), lab.scaled(100000));
    lab.spawn(lab.server(), "reader", [&] {
        user_socket listener(lab.server(), SOCK_STREAM);
        listener.set_option(SOL_SOCKET, SO_RCVBUF, 2000 + static_cast<int>(lab.random(8000)));
        if (!listen_on(lab, listener, service_port, 1, listening)) {
            return;
        }
        user_socket connection = accept_from(lab, listener);
        if (connection.ok()) {
            read_slowly(lab, connection, data);
        }
    });
    lab.spawn(lab.client(), "writer", [&] {
        user_socket socket(lab.client(), SOCK_STREAM);
        if (connect_to(lab, socket, lab.server_address(), service_port, listening)) {
            send_flow(lab, socket, data);
        }
    });
    lab.join();
}

void buffer_sizes(lab& lab) {
    gate listening;
    flow data(lab.seed(), lab.scaled(60000));
    lab.spawn(lab.server(), "reader", [&] {
        user_socket listener(lab.server(), SOCK_STREAM);
        set_buffers(lab, listener);
        if (!listen_on(lab, listener, service_port, 1, listening)) {
            return;
        }
        user_socket connection = accept_from(lab, listener);
        if (connection.ok()) {
            set_buffers(lab, connection); // shrunk or grown with a window already promised
            receive_flow(lab, connection, data);
        }
    });
    lab.spawn(lab.client(), "writer", [&] {
        user_socket socket(lab.client(), SOCK_STREAM);
        set_buffers(lab, socket);
        if (connect_to(lab, socket, lab.server_address(), service_port, listening)) {
            set_buffers(lab, socket);
            send_flow(lab, socket, data, 20000);
        }
    });
    lab.join();
}

} // namespace sim
