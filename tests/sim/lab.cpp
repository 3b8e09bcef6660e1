// The lab of the simulation: hosts are stacks on a simulated network, programs are fibers, time is virtual.

#include "sim/lab.hpp"

#include "sim/fiber.hpp"
#include "sim/host.hpp"
#include "sim/program.hpp"
#include "sim/simulation.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <deque>

namespace sim {

struct program {
    fiber* runs;
    host* on;
};

struct lab::state {
    explicit state(const plan& wanted) : made_from(wanted), in(wanted.seed), random(wanted.seed) {}

    plan made_from;
    world in;
    std::mt19937_64 random;
    std::deque<host> hosts;
    std::deque<program> programs;
    std::unique_ptr<wire> cable;
    outcome result;
};

// ---- hosts and programs ----------------------------------------------------------------------------------

host& lab::at(unsigned index) {
    return state_.hosts.at(index);
}

unsigned lab::hosts() const {
    return static_cast<unsigned>(state_.hosts.size());
}

program& lab::spawn(host& on, std::string name, std::function<void()> body) {
    fiber& runs = state_.in.spawn(std::move(name), std::move(body));
    state_.programs.push_back({.runs = &runs, .on = &on});
    return state_.programs.back();
}

void lab::kill(program& which) {
    state_.in.kill(*which.runs);
}

bool lab::ended(const program& which) const {
    return which.runs->finished;
}

void lab::join(const program& which) {
    while (!ended(which)) {
        state_.in.pass(net::port::millisecond);
    }
}

void lab::join() {
    for (size_t i = 0; i < state_.programs.size(); i++) {
        join(state_.programs[i]);
    }
}

// ---- time, chance, wishes --------------------------------------------------------------------------------

void lab::pass(net::port::time_ns duration) {
    state_.in.pass(duration);
}

net::port::time_ns lab::now() const {
    return state_.in.now();
}

uint64_t lab::random(uint64_t below) {
    return state_.random() % below;
}

uint64_t lab::seed() const {
    return state_.made_from.seed;
}

size_t lab::scaled(size_t bytes) const {
    return bytes;
}

void lab::prepare(user_socket&) {}

void lab::may_stall() {}

bool lab::connections_may_break() const {
    return false;
}

bool lab::memory_may_fail() const {
    return false;
}

void lab::count_verified(size_t bytes) {
    state_.result.verified_bytes += bytes;
}

void lab::fail(const char* text, ...) {
    char what[512];
    va_list arguments;
    va_start(arguments, text);
    std::vsnprintf(what, sizeof(what), text, arguments);
    va_end(arguments);
    std::printf("FAIL %s: %s, at %.6f s; replay: make sim SCENARIO=%s SEED=%llu\n",
                state_.made_from.what->name, what, static_cast<double>(now()) / 1e9,
                state_.made_from.what->name, static_cast<unsigned long long>(seed()));
    std::fflush(stdout);
    std::_Exit(1);
}

// ---- a run -----------------------------------------------------------------------------------------------

outcome run_simulation(const plan& wanted) {
    lab::state state(wanted);
    lab its(state);
    for (unsigned i = 0; i < wanted.what->hosts; i++) {
        state.hosts.emplace_back(("10.0.0." + std::to_string(i + 1)).c_str());
    }
    state.cable = std::make_unique<wire>(state.hosts[0], state.hosts[1]);
    const net::port::time_ns start = state.in.now();
    state.in.spawn(wanted.what->name, [&] { wanted.what->body(its); });
    state.in.run();
    state.result.duration = state.in.now() - start;
    state.in.run_for(200 * net::port::second);
    return state.result;
}

} // namespace sim
