#pragma once
// The inside of the simulation's lab: everything that a run is made of. lab.cpp is what scenarios see of it,
// simulation.cpp builds, drives and judges it, incidents.cpp lets things happen.

#include "sim/fiber.hpp"
#include "sim/host.hpp"
#include "sim/line.hpp"
#include "sim/recorder.hpp"
#include "sim/rules.hpp"
#include "sim/simulation.hpp"
#include "sim/window_witness.hpp"

#include <deque>
#include <memory>
#include <random>

namespace sim {

struct program {
    host* on;
    fiber* runs;
};

struct lab::state : line_watch {
    state(const plan& wanted, const run_options& how);

    const plan made_from;
    const run_options options;
    world in;
    std::mt19937_64 random; ///< the scenario's
    recorder history;
    window_witness windows;
    std::deque<host> hosts;
    std::unique_ptr<ethernet_switch> between;
    std::deque<line> lines; ///< of two hosts: from each; of more: from each, and towards it
    std::deque<program> programs;
    outcome result;
    net::port::time_ns started_at = 0;
    net::port::time_ns leapt_at = 0; ///< when the clock last leapt: timers are late then
    unsigned steps_until_full_check = 0;
    uint64_t routes_at_start = 0;

    [[noreturn]] void fail(const char* text);
    /// Fails with the text if there is one.
    void require_none(const char* broken) {
        if (broken != nullptr) {
            fail(broken);
        }
    }

    void build();
    void prepare_stack(host& of);
    void schedule_incidents();
    void after_step(fiber* ran);
    void judge_the_end();

    void sent(unsigned line, const frame& bytes) override;
    void arrived(unsigned line, const frame& bytes) override;

private:
    void happen(const incident& what);
    void change_mtu(host& on, int mtu);
    void narrow_path(unsigned host, uint32_t mtu);
    void power_fails(host& on, net::port::time_ns for_how_long);
    void power_returns(host& on);
    void check_after(host* whose);
    void check(host& which);
    void check_sample(host& touched);
    unsigned index_of(const host& which) const;
};

} // namespace sim
