// UDP questions and answers, each numbered and with content that follows from its number: what arrives must
// be whole and unharmed; it may be missing, late or doubled. With sizes above the MTU every datagram comes in
// fragments. Some ask when their datagrams came in, by a wall clock that somebody may set meanwhile.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/time.h"
#include "sim/scenarios/common.hpp"
#include "sim/scenarios/scenarios.hpp"

#include <cstring>
#include <set>

namespace sim {
namespace {

using net::port::microsecond;
using net::port::millisecond;
using net::port::second;

/// What a datagram begins with.
struct header {
    uint64_t number;
    net::port::time_ns asked_at; ///< an answer is the question once more
};
constexpr uint64_t goodbye = UINT64_MAX;

std::string make_datagram(uint64_t number, size_t length) {
    std::string text(sizeof(header) + length, '\0');
    const header head = {.number = number, .asked_at = net::port::now()};
    std::memcpy(text.data(), &head, sizeof(head));
    content(number).fill(text.data() + sizeof(head), length);
    return text;
}

/// The header of a datagram, which must be unharmed.
header check(lab& lab, const std::string& text) {
    LAB_CHECK(lab, text.size() >= sizeof(header));
    header head;
    std::memcpy(&head, text.data(), sizeof(head));
    LAB_CHECK(lab, content(head.number).matches(text.data() + sizeof(head), text.size() - sizeof(head)));
    lab.count_verified(text.size());
    return head;
}

/// A datagram says how long ago it came in, if its socket has asked: after the question was sent. That is
/// right also when the wall clock was set since, for its stamp is made when it is read.
void check_stamp(lab& lab, const received& datagram, const header& head, bool wanted) {
    bool found = false;
    for (const control_message& each : datagram.control) {
        if (each.level != SOL_SOCKET || each.type != SCM_TIMESTAMP) {
            continue;
        }
        found = true;
        timeval stamp;
        LAB_CHECK(lab, each.data.size() == sizeof(stamp));
        std::memcpy(&stamp, each.data.data(), sizeof(stamp));
        const auto stamp_us = static_cast<uint64_t>(stamp.tv_sec * 1'000'000 + stamp.tv_usec);
        const uint64_t now_us = net::port::wall_clock() / microsecond;
        LAB_CHECK(lab, stamp_us <= now_us);
        LAB_CHECK(lab,
                  !lab.time_is_exact() || now_us - stamp_us <= (lab.now() - head.asked_at) / microsecond + 1);
    }
    LAB_CHECK(lab, found == wanted);
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
    const bool stamps = lab.chance(50);
    LAB_CHECK(lab, socket.set_option(SOL_SOCKET, SO_TIMESTAMP, stamps) == 0);
    ready.open();
    // A client that says goodbye in vain is missed after a while.
    while ((socket.poll(POLLIN, 60 * second) & POLLIN) != 0) {
        const received asked = socket.recv();
        if (!fine(lab, asked.result)) {
            continue;
        }
        LAB_CHECK(lab, (asked.flags & MSG_TRUNC) == 0);
        const header head = check(lab, asked.data);
        check_stamp(lab, asked, head, stamps);
        if (head.number == goodbye) {
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
    const bool stamps = lab.chance(50);
    LAB_CHECK(lab, socket.set_option(SOL_SOCKET, SO_TIMESTAMP, stamps) == 0);
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
        const std::string question = make_datagram(number, lab.random(longest));
        const long sent = send(question);
        LAB_CHECK(lab, !fine_on_this_path(lab, sent) || sent == static_cast<long>(question.size()));
        while ((socket.poll(POLLIN, lab.chance(50) ? 0 : 50 * millisecond) & POLLIN) != 0) {
            const received answer = socket.recv();
            if (fine_on_this_path(lab, answer.result)) {
                const header head = check(lab, answer.data);
                check_stamp(lab, answer, head, stamps);
                LAB_CHECK(lab, asked.contains(head.number));
            }
        }
    }
    for (int i = 0; i < 5; i++) {
        (void)send(make_datagram(goodbye, 0)); // refused, once one of them has arrived
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
