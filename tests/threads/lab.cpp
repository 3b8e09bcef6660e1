// The lab on real threads: hosts are stacks with a worker thread each, programs are threads, and the clock is
// the host's, running faster. Which faults there are, and when, follows from the seed; who comes first does
// not.

#include "sim/lab.hpp"

#include "kernel/abi/files.h"
#include "kernel/abi/tcp.h"
#include "sim/program.hpp"
#include "sim/rules.hpp"
#include "threads/host.hpp"
#include "threads/observer.hpp"
#include "threads/poll_table.hpp"
#include "threads/run.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <deque>

namespace sim {

using net::port::millisecond;
using net::port::second;
using net::port::time_ns;

struct program {
    std::string name;
    const host* on;
    threads::process process;
    std::atomic<bool> ended = false;
    std::thread thread;

    ~program() {
        if (thread.joinable()) {
            thread.join();
        }
    }
};

struct lab::state {
    explicit state(const threads::plan& plan)
        : wanted(plan), machine({.seed = plan.seed, .clock_speed = plan.clock_speed}), random(plan.seed),
          wires(plan.seed, draw_faults()) {
        constexpr uint32_t offloads =
            net::feature_transmit_checksum | net::feature_segmentation | net::feature_scatter_gather;
        for (unsigned i = 0; i < plan.what->hosts; i++) {
            hosts.emplace_back(wires, static_cast<uint8_t>(i + 1), 0x0a000001 + i,
                               draw(2) != 0 ? offloads : 0);
        }
        buffer_bytes = draw(2) != 0 ? 0 : 4096 << draw(6);
        reno = draw(3) == 0;
        stalls = draw(4) == 0;
        observed = draw(2) == 0;
    }

    uint64_t draw(uint64_t below) { return random() % below; }

    threads::network_faults draw_faults() {
        threads::network_faults faults;
        faults.delay = draw(20) * millisecond;
        if (draw(2) != 0) {
            faults.jitter = draw(4000) * net::port::microsecond;
            faults.loss_permille = static_cast<unsigned>(draw(30));
            faults.duplicate_permille = static_cast<unsigned>(draw(20));
            faults.corrupt_permille = static_cast<unsigned>(draw(10));
        }
        return faults;
    }

    void run(program& which, const std::function<void()>& body);
    bool others_ended();

    const threads::plan wanted;
    threads::machine machine;
    std::mt19937_64 random; ///< of the run's plan, before any program starts
    threads::network wires;
    std::deque<host> hosts;

    std::mutex mutex; ///< guards the list of programs, and the waking of who joins them
    std::condition_variable changed;
    std::deque<program> programs;

    // What the seed chose; fixed once programs run.
    int buffer_bytes; ///< SO_SNDBUF and SO_RCVBUF; 0: as they are
    bool reno;
    bool stalls;
    bool observed;

    std::atomic<uint64_t> verified_bytes = 0;
};

// ---- what program.hpp leaves to the port -----------------------------------------------------------------

void leave_if_killed() {
    if (threads::process::caller().killed) {
        throw program_killed{};
    }
}

net::stack& stack_of(host& which) {
    return which.stack();
}

size_t poll(std::span<poll_entry> entries, time_ns timeout) {
    const time_ns deadline = timeout == net::port::never ? timeout : net::port::now() + timeout;
    threads::process& self = threads::process::caller();
    for (;;) {
        self.sleeps.rearm();
        net::port::poll_table table(self.sleeps);
        size_t ready = 0;
        for (poll_entry& each : entries) {
            const int holds = net::sock_poll(*each.socket, &table) & (each.events | POLLERR | POLLHUP);
            each.holds = static_cast<short>(holds);
            ready += holds != 0 ? 1 : 0;
        }
        if (ready != 0 || net::port::now() >= deadline || self.killed) {
            return ready;
        }
        self.sleeps.sleep(deadline);
    }
}

// ---- hosts and programs ----------------------------------------------------------------------------------

host& lab::at(unsigned index) {
    return state_.hosts.at(index);
}

void lab::set_cable(host& of, bool there) {
    state_.wires.cut(of.card(), !there);
}

unsigned lab::hosts() const {
    return static_cast<unsigned>(state_.hosts.size());
}

void lab::state::run(program& which, const std::function<void()>& body) {
    threads::process::become(which.process);
    try {
        leave_if_killed();
        body();
    } catch (const program_killed&) {
    }
    const std::lock_guard held(mutex);
    which.ended = true;
    changed.notify_all();
}

program& lab::spawn(host& on, std::string name, std::function<void()> body) {
    const std::lock_guard held(state_.mutex);
    program& fresh = state_.programs.emplace_back();
    fresh.name = std::move(name);
    fresh.on = &on;
    fresh.process.id = static_cast<int>(100 + state_.programs.size());
    fresh.thread = std::thread([this, &fresh, does = std::move(body)] { state_.run(fresh, does); });
    return fresh;
}

void lab::kill(program& which) {
    which.process.kill();
}

bool lab::ended(const program& which) const {
    return which.ended;
}

void lab::join(const program& which) {
    std::unique_lock held(state_.mutex);
    state_.changed.wait(held, [&] { return which.ended.load(); });
}

bool lab::state::others_ended() {
    for (const program& each : programs) {
        if (!each.ended && &each.process != &threads::process::caller()) {
            return false;
        }
    }
    return true;
}

void lab::join() {
    std::unique_lock held(state_.mutex);
    state_.changed.wait(held, [&] { return state_.others_ended(); });
}

// ---- time, chance, wishes --------------------------------------------------------------------------------

void lab::pass(time_ns duration) {
    threads::process& self = threads::process::caller();
    const time_ns until = now() + duration;
    while (now() < until) {
        self.sleeps.rearm();
        leave_if_killed();
        self.sleeps.sleep(until);
    }
    leave_if_killed();
}

time_ns lab::now() const {
    return net::port::now();
}

bool lab::time_is_exact() const {
    return false; // a thread may be held up
}

uint64_t lab::random(uint64_t below) {
    return state_.machine.random()() % below;
}

uint64_t lab::seed() const {
    return state_.wanted.seed;
}

size_t lab::scaled(size_t bytes) const {
    const size_t size = bytes * state_.wanted.scale_percent / 100;
    return size != 0 ? size : 1;
}

void lab::prepare(user_socket& socket) {
    if (state_.buffer_bytes != 0) {
        socket.set_option(SOL_SOCKET, SO_SNDBUF, state_.buffer_bytes);
        socket.set_option(SOL_SOCKET, SO_RCVBUF, state_.buffer_bytes);
    }
    if (state_.reno) {
        socket.set_option(IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
    }
}

void lab::may_stall() {
    if (state_.stalls && chance(2)) {
        pass(random(500) * millisecond);
    }
}

bool lab::connections_may_break() const {
    return false;
}

bool lab::memory_may_fail() const {
    return false;
}

void lab::count_verified(size_t bytes) {
    state_.verified_bytes.fetch_add(bytes, std::memory_order_relaxed);
}

void lab::fail(const char* text, ...) {
    char what[512];
    va_list arguments;
    va_start(arguments, text);
    std::vsnprintf(what, sizeof(what), text, arguments);
    va_end(arguments);
    std::printf("FAIL threads.%s: %s, at %.6f s; again: make sim-threads SCENARIO=%s SEED=%llu\n",
                state_.wanted.what->name, what, static_cast<double>(now()) / 1e9, state_.wanted.what->name,
                static_cast<unsigned long long>(seed()));
    std::fflush(stdout);
    std::_Exit(1);
}

} // namespace sim

// ---- a run -----------------------------------------------------------------------------------------------

namespace threads {

outcome run(const plan& wanted) {
    outcome result;
    const auto start = std::chrono::steady_clock::now();
    {
        sim::lab::state state(wanted);
        sim::lab its(state);
        std::deque<observer> observers;
        for (unsigned i = 0; state.observed && i < its.hosts(); i++) {
            observers.emplace_back(its, its.at(i), its.address((i + 1) % its.hosts()));
        }
        process body;
        std::atomic<bool> ended = false;
        std::thread scenario([&] {
            process::become(body);
            wanted.what->body(its);
            its.join();
            const std::lock_guard held(state.mutex);
            ended = true;
            state.changed.notify_all();
        });
        {
            std::unique_lock held(state.mutex);
            if (!state.changed.wait_for(held, wanted.time_limit, [&] { return ended.load(); })) {
                for (const sim::program& each : state.programs) {
                    if (!each.ended) {
                        std::printf("\"%s\" still waits\n", each.name.c_str());
                    }
                }
                its.fail("a program waits for ever");
            }
        }
        scenario.join();
        observers.clear();
        state.programs.clear();
        result.verified_bytes = state.verified_bytes;
        for (sim::host& each : state.hosts) {
            each.freeze();
            // On a busy machine timers are late.
            if (const char* broken = sim::broken_rule(each.stack(), 0)) {
                its.fail("%s", broken);
            }
        }
        state.hosts.clear();
        if (const uint64_t left = state.machine.live_allocations; left != 0) {
            its.fail("%llu allocations are left when both stacks are gone",
                     static_cast<unsigned long long>(left));
        }
    }
    result.duration = std::chrono::steady_clock::now() - start;
    return result;
}

} // namespace threads
