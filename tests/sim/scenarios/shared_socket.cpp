// One socket that several threads of a program use at once: one writes, one reads, one asks and changes
// whatever can be asked and changed; and datagrams that several threads send and receive by one socket.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/netdevice.h"
#include "kernel/abi/tcp.h"
#include "sim/scenarios/common.hpp"
#include "sim/scenarios/scenarios.hpp"

#include <cstring>
#include <set>

namespace sim {
namespace {

using net::port::millisecond;
using net::port::second;

/// Every question that a program may ask of its socket while it is busy. None may fail or be out of range.
void fiddle(lab& lab, user_socket& socket, const std::atomic<bool>& enough) {
    while (!enough) {
        switch (lab.random(7)) {
        case 0: {
            tcp_info info = {};
            uint32_t length = sizeof(info);
            LAB_CHECK(lab, net::sock_getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &length).ok());
            LAB_CHECK(lab, info.tcpi_snd_cwnd != 0);
            break;
        }
        case 1: {
            int waiting = 0;
            LAB_CHECK(lab, socket.ioctl(SIOCINQ, &waiting) == 0 && waiting >= 0);
            LAB_CHECK(lab, socket.ioctl(SIOCOUTQ, &waiting) == 0 && waiting >= 0);
            break;
        }
        case 2:
            LAB_CHECK(lab, socket.local_port() != 0);
            break;
        case 3:
            socket.poll(POLLIN | POLLOUT | POLLPRI, lab.random(20) * millisecond);
            break;
        case 4:
            LAB_CHECK(lab, socket.set_option(IPPROTO_TCP, TCP_NODELAY, static_cast<int>(lab.random(2))) == 0);
            LAB_CHECK(lab, socket.set_option(SOL_SOCKET, SO_KEEPALIVE, static_cast<int>(lab.random(2))) == 0);
            break;
        case 5:
            LAB_CHECK(lab, socket.set_option(SOL_SOCKET, SO_SNDBUF, 5000 << lab.random(8)) == 0);
            break;
        default:
            LAB_CHECK(lab, socket.get_option(SOL_SOCKET, SO_ERROR) == 0);
            break;
        }
        lab.pass(lab.random(30) * millisecond);
    }
}

/// One end of the connection, and its three threads.
void use(lab& lab, host& on, user_socket socket, flow& out, const flow& in) {
    struct shared {
        explicit shared(user_socket which) : socket(std::move(which)) {}
        user_socket socket;
        std::atomic<bool> enough = false;
    };
    const auto both = std::make_shared<shared>(std::move(socket));
    lab.spawn(on, "fiddler", [&lab, both] { fiddle(lab, both->socket, both->enough); });
    lab.spawn(on, "writer", [&lab, &out, both] {
        if (send_flow(lab, both->socket, out)) {
            both->socket.shutdown(SHUT_WR);
        }
    });
    receive_flow(lab, both->socket, in);
    both->enough = true;
}

} // namespace

void shared_stream(lab& lab) {
    gate listening;
    flow up(lab.seed(), lab.scaled(200000));
    flow down(lab.seed() + 1, lab.scaled(200000));
    lab.spawn(lab.server(), "server", [&] {
        user_socket listener(lab.server(), SOCK_STREAM);
        if (!listen_on(lab, listener, service_port, 1, listening)) {
            return;
        }
        user_socket connection = accept_from(lab, listener);
        if (connection.ok()) {
            use(lab, lab.server(), std::move(connection), down, up);
        }
    });
    lab.spawn(lab.client(), "client", [&] {
        user_socket socket(lab.client(), SOCK_STREAM);
        if (connect_to(lab, socket, lab.server_address(), service_port, listening)) {
            use(lab, lab.client(), std::move(socket), up, down);
        }
    });
    lab.join();
}

void shared_datagrams(lab& lab) {
    constexpr unsigned threads_of_each = 3;
    gate bound;
    std::atomic<unsigned> senders_left = threads_of_each;
    const auto receiver = std::make_shared<user_socket>(lab.server(), SOCK_DGRAM);
    const auto sender = std::make_shared<user_socket>(lab.client(), SOCK_DGRAM);
    if (!fine(lab, *receiver) || !fine(lab, *sender) || !fine(lab, receiver->bind("0.0.0.0", service_port))) {
        return;
    }
    const uint64_t count = lab.scaled(200);
    for (unsigned i = 0; i < threads_of_each; i++) {
        lab.spawn(lab.server(), "receiver", [&] {
            while (senders_left != 0) {
                receiver->poll(POLLIN, second);
                const received message = receiver->recv(3000, MSG_DONTWAIT);
                if (message.result == -EAGAIN || !fine(lab, message.result)) {
                    continue; // another thread was faster
                }
                uint64_t number = 0;
                LAB_CHECK(lab, message.data.size() >= sizeof(number));
                std::memcpy(&number, message.data.data(), sizeof(number));
                LAB_CHECK(lab, content(number).matches(message.data.data() + sizeof(number),
                                                       message.data.size() - sizeof(number)));
                lab.count_verified(message.data.size());
            }
        });
        lab.spawn(lab.client(), "sender", [&, i] {
            for (uint64_t n = 0; n < count; n++) {
                const uint64_t number = i * count + n;
                std::string text(sizeof(number) + lab.random(2000), '\0');
                std::memcpy(text.data(), &number, sizeof(number));
                content(number).fill(text.data() + sizeof(number), text.size() - sizeof(number));
                fine(lab, sender->send_to(text, lab.server_address(), service_port));
                if (lab.chance(30)) {
                    lab.pass(lab.random(5) * millisecond);
                }
            }
            senders_left--;
        });
    }
    lab.join();
}

} // namespace sim
