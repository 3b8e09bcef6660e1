// What scenarios see of a simulation: see lab.hpp.

#include "sim/lab.hpp"

#include "kernel/abi/tcp.h"
#include "sim/lab_state.hpp"
#include "sim/program.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace sim {

// ---- hosts and programs ----------------------------------------------------------------------------------

host& lab::at(unsigned index) {
    return state_.hosts.at(index);
}

void lab::set_cable(host& of, bool there) {
    if (of.has_power()) {
        of.card->set_cable(there);
    }
}

unsigned lab::hosts() const {
    return static_cast<unsigned>(state_.hosts.size());
}

program& lab::spawn(host& on, std::string name, std::function<void()> body) {
    fiber& runs = state_.in.spawn(std::move(name), std::move(body));
    runs.on = &on;
    if (!on.has_power()) {
        state_.in.kill(runs);
    }
    state_.programs.push_back({.on = &on, .runs = &runs});
    return state_.programs.back();
}

void lab::kill(program& which) {
    state_.in.kill(*which.runs);
}

bool lab::ended(const program& which) const {
    return which.runs->finished;
}

void lab::join(const program& which) {
    state_.in.join(*which.runs);
}

void lab::join() {
    for (size_t i = 0; i < state_.programs.size(); i++) {
        join(state_.programs[i]);
    }
}

// ---- time and chance -------------------------------------------------------------------------------------

void lab::pass(net::port::time_ns duration) {
    state_.in.pass(duration);
}

net::port::time_ns lab::now() const {
    return state_.in.now();
}

bool lab::time_is_exact() const {
    return true;
}

uint64_t lab::random(uint64_t below) {
    return state_.random() % below;
}

uint64_t lab::seed() const {
    return state_.made_from.seed;
}

// ---- what the plan asks for ------------------------------------------------------------------------------

size_t lab::scaled(size_t bytes) const {
    const auto scaled = static_cast<size_t>(static_cast<double>(bytes) * state_.made_from.scale);
    return scaled != 0 ? scaled : 1;
}

void lab::prepare(user_socket& socket) {
    const plan& from = state_.made_from;
    if (from.send_buffer != 0) {
        socket.set_option(SOL_SOCKET, SO_SNDBUF, from.send_buffer);
    }
    if (from.receive_buffer != 0) {
        socket.set_option(SOL_SOCKET, SO_RCVBUF, from.receive_buffer);
    }
    if (from.congestion != nullptr && socket.get().type == SOCK_STREAM) {
        socket.set_option(IPPROTO_TCP, TCP_CONGESTION, from.congestion,
                          static_cast<uint32_t>(std::strlen(from.congestion)));
    }
}

void lab::may_stall() {
    const plan& from = state_.made_from;
    if (from.stall_percent != 0 && chance(from.stall_percent)) {
        pass(random(from.stall_up_to));
    }
}

bool lab::connections_may_break() const {
    return state_.made_from.rough;
}

bool lab::memory_may_fail() const {
    return state_.made_from.has(incident::kind::allocations_fail);
}

// ---- results ---------------------------------------------------------------------------------------------

void lab::count_verified(size_t bytes) {
    outcome& to = state_.result;
    to.last_verified_at = now() - state_.started_at;
    if (to.verified_bytes == 0) {
        to.first_verified_at = to.last_verified_at;
    }
    to.verified_bytes += bytes;
}

void lab::fail(const char* text, ...) {
    char what[512];
    va_list arguments;
    va_start(arguments, text);
    std::vsnprintf(what, sizeof(what), text, arguments);
    va_end(arguments);
    state_.fail(what);
}

} // namespace sim
