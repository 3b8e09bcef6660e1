// UDP questions and answers, each numbered and with content that follows from its number: what arrives must
// be whole and unharmed; it may be missing, late or doubled. With sizes above the MTU every datagram comes in
// fragments.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "sim/scenarios/common.hpp"
#include "sim/scenarios/scenarios.hpp"

#include <cstring>
#include <set>

namespace sim {
namespace {

using net::port::millisecond;
using net::port::second;

constexpr size_t number_bytes = sizeof(uint64_t);
constexpr uint64_t goodbye = UINT64_MAX;

std::string make_datagram(uint64_t number, size_t length) {
    std::string text(length, '\0');
    std::memcpy(text.data(), &number, number_bytes);
    content(number).fill(text.data() + number_bytes, length - number_bytes);
    return text;
}

/// The number of a datagram, which must be unharmed.
uint64_t number_of(lab& lab, const std::string& text) {
    LAB_CHECK(lab, text.size() >= number_bytes);
    uint64_t number = 0;
    std::memcpy(&number, text.data(), number_bytes);
    LAB_CHECK(lab, number == goodbye ||
                       content(number).matches(text.data() + number_bytes, text.size() - number_bytes));
    lab.count_verified(text.size());
    return number;
}

/// fine(), where a router may have said of an earlier datagram that it was too big: who is connected hears
/// that once, at the next call.
bool fine_on_this_path(lab& lab, long result) {
    return result != -EMSGSIZE && fine(lab, result);
}

/// Answers every datagram with itself.
void echo(lab& lab, gate& ready) {
    user_socket socket(lab.server(), SOCK_DGRAM);
    if (!fine(lab, socket) || !fine(lab, socket.bind("0.0.0.0", service_port))) {
        return;
    }
    ready.open();
    // A client that says goodbye in vain is missed after a while.
    while ((socket.poll(POLLIN, 60 * second) & POLLIN) != 0) {
        const received asked = socket.recv();
        if (!fine(lab, asked.result)) {
            continue;
        }
        LAB_CHECK(lab, (asked.flags & MSG_TRUNC) == 0);
        if (number_of(lab, asked.data) == goodbye) {
            return;
        }
        fine(lab, socket.send_to(asked.data, asked.from_address, asked.from_port));
    }
}

void ask(lab& lab, size_t count, size_t longest, const gate& ready) {
    user_socket socket(lab.client(), SOCK_DGRAM);
    if (!fine(lab, socket)) {
        return;
    }
    ready.wait(lab);
    const bool connected = lab.chance(50);
    if (connected && !fine(lab, socket.connect(lab.server_address(), service_port))) {
        return;
    }
    const auto send = [&](const std::string& text) {
        return connected ? socket.send(text) : socket.send_to(text, lab.server_address(), service_port);
    };
    std::set<uint64_t> asked;
    for (size_t i = 0; i < count; i++) {
        const uint64_t number = lab.seed() * 1'000'000 + i;
        asked.insert(number);
        const std::string question = make_datagram(number, number_bytes + lab.random(longest));
        const long sent = send(question);
        LAB_CHECK(lab, !fine_on_this_path(lab, sent) || sent == static_cast<long>(question.size()));
        while ((socket.poll(POLLIN, lab.chance(50) ? 0 : 50 * millisecond) & POLLIN) != 0) {
            const received answer = socket.recv();
            if (fine_on_this_path(lab, answer.result)) {
                LAB_CHECK(lab, asked.contains(number_of(lab, answer.data)));
            }
        }
    }
    for (int i = 0; i < 5; i++) {
        (void)send(make_datagram(goodbye, number_bytes)); // refused, once one of them has arrived
        lab.pass(20 * millisecond);
    }
}

void run(lab& lab, size_t count, size_t longest) {
    gate ready;
    lab.spawn(lab.server(), "server", [&] { echo(lab, ready); });
    lab.spawn(lab.client(), "client", [&] { ask(lab, count, longest, ready); });
    lab.join();
}

} // namespace

void udp_exchange(lab& lab) {
    run(lab, lab.scaled(300), 1400);
}

void udp_fragments(lab& lab) {
    run(lab, lab.scaled(60), 60000);
}

} // namespace sim
