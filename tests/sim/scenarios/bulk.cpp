// Bulk data from the client to the server, every byte compared.

#include "sim/content.hpp"
#include "sim/lab.hpp"
#include "sim/program.hpp"
#include "sim/scenarios/scenarios.hpp"

namespace sim {
namespace {

constexpr uint16_t port_number = 80;

void receive(lab& lab) {
    user_socket listener(lab.server(), SOCK_STREAM);
    lab.prepare(listener);
    LAB_CHECK(lab, listener.bind("0.0.0.0", port_number) == 0);
    LAB_CHECK(lab, listener.listen(1) == 0);
    user_socket connection = listener.accept();
    LAB_CHECK(lab, connection.ok());
    content expected(lab.seed());
    std::vector<uint8_t> buffer(65536);
    for (;;) {
        const long got = connection.recv(buffer.data(), buffer.size());
        LAB_CHECK(lab, got >= 0);
        if (got == 0) {
            break;
        }
        LAB_CHECK(lab, expected.matches(buffer.data(), static_cast<size_t>(got)));
        lab.count_verified(static_cast<size_t>(got));
        lab.may_stall();
    }
    LAB_CHECK(lab, expected.position() == lab.scaled(1 << 20));
}

void send(lab& lab) {
    user_socket socket(lab.client(), SOCK_STREAM);
    lab.prepare(socket);
    long connected = socket.connect(lab.server_address(), port_number);
    LAB_CHECK(lab, connected == 0);
    content bytes(lab.seed());
    std::vector<uint8_t> buffer(65536);
    for (size_t left = lab.scaled(1 << 20); left != 0;) {
        const size_t part = left < buffer.size() ? left : buffer.size();
        bytes.fill(buffer.data(), part);
        LAB_CHECK(lab, socket.send(buffer.data(), part) == static_cast<long>(part));
        left -= part;
    }
}

} // namespace

void bulk(lab& lab) {
    lab.spawn(lab.server(), "receiver", [&] { receive(lab); });
    lab.pass(net::port::millisecond);
    lab.spawn(lab.client(), "sender", [&] { send(lab); });
    lab.join();
}

} // namespace sim
