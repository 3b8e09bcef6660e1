// Builds, drives and judges a run. The network is one cable for two hosts and a switch for more; each of its
// directions has the faults that the plan says. After every step everything that it can have touched is
// checked or, in most of a long series of runs, a part of that and everything now and then; at the end
// nothing may be left.

#include "sim/simulation.hpp"

#include "net/core/snmp.hpp"
#include "net/ipv4/route_table.hpp"
#include "net/ipv4/tcp_table.hpp"
#include "sim/lab_state.hpp"
#include "sim/watchdog.hpp"

#include <cstdio>
#include <cstdlib>

namespace sim {
namespace {

/// After this time without programs every orphan has given up: tcp_orphan_retries, FIN_WAIT_2, TIME_WAIT and
/// the age of a neighbour that nobody talks to.
constexpr net::port::time_ns farewell = 600 * net::port::second;

/// How far below the wrap sequence numbers start at most: a few segments, so that short connections cross.
constexpr uint32_t below_the_wrap = 4096;

net::wire::seq number_near_wrap(net::stack&, const net::tcp_key& key) {
    return net::wire::seq(uint32_t{0} - 1 - (key.local_port * 31u + key.remote_port) % below_the_wrap);
}

uint64_t count_routes(host& of) {
    const net::route_table& table = *of.stack().routes;
    return uint64_t{table.route_count} << 32 | table.address_count;
}

uint64_t counter(host& of, net::mib which) {
    return net::counted(of.stack(), which);
}

} // namespace

std::string describe_run(const plan& of, net::port::time_ns when) {
    char text[256];
    std::snprintf(text, sizeof(text),
                  "scenario %s, seed %llu, at %.6f s; replay: make sim SCENARIO=%s SEED=%llu", of.what->name,
                  static_cast<unsigned long long>(of.seed), static_cast<double>(when) / 1e9, of.what->name,
                  static_cast<unsigned long long>(of.seed));
    return text;
}

lab::state::state(const plan& wanted, const run_options& how)
    : made_from(wanted), options(how), in(wanted.seed), random(wanted.seed) {
    in.after_step_context = this;
    in.after_step = [](void* context, fiber* ran) { static_cast<lab::state*>(context)->after_step(ran); };
    in.on_stuck = [this](const std::string& waiting) { fail(("still waiting: " + waiting).c_str()); };
    if (!options.record_to.empty()) {
        history.open(options.record_to);
    }
}

void lab::state::fail(const char* text) {
    history.flush();
    if (options.failed != nullptr) {
        options.failed(made_from, text, in.now());
    }
    std::printf("FAIL %s: %s\n", text, describe_run(made_from, in.now()).c_str());
    std::fflush(stdout);
    std::_Exit(1);
}

// ---- building --------------------------------------------------------------------------------------------

void lab::state::prepare_stack(host& of) {
    of.card->keep_sent = false;
    {
        net::port::guard held(of.card->device.device_lock);
        of.card->device.mtu = made_from.mtu;
    }
    if (made_from.numbers_near_wrap) {
        of.stack().tcp->initial_sequence = number_near_wrap;
    }
    if (history.is_open()) {
        history.forget_trace(index_of(of));
        if (!of.stack().trace.enable("all", true).ok()) {
            fail("no memory for the trace");
        }
    }
}

void lab::state::build() {
    const auto count = static_cast<unsigned>(made_from.to.size());
    for (unsigned i = 0; i < count; i++) {
        const std::string ip = "10.0.0." + std::to_string(i + 1);
        hosts.emplace_back(ip.c_str(), 24, made_from.features[i]);
        history.add_interface(ip + " sends");
        history.add_interface(ip + " receives");
    }
    if (count > 2) {
        between = std::make_unique<ethernet_switch>(count);
    }
    for (unsigned i = 0; i < count; i++) {
        // Two hosts share one cable: what leaves the one is what the other is sent.
        frame_sink& outgoing = between != nullptr ? between->port(i) : static_cast<frame_sink&>(hosts[1 - i]);
        line_faults leaving = made_from.from[i];
        lines.emplace_back(2 * i + 1, outgoing, leaving.script(), made_from.seed * 64 + 2 * i + 1, this);
        hosts[i].plug_into(&lines.back());
        if (between != nullptr) {
            lines.emplace_back(2 * i, hosts[i], made_from.to[i].script(), made_from.seed * 64 + 2 * i, this);
            between->plug(i, lines.back());
        }
    }
    for (host& each : hosts) {
        prepare_stack(each);
    }
    routes_at_start = count_routes(hosts[0]);
    started_at = in.now();
}

unsigned lab::state::index_of(const host& which) const {
    for (unsigned i = 0; i < hosts.size(); i++) {
        if (&hosts[i] == &which) {
            return i;
        }
    }
    std::abort();
}

// ---- watching --------------------------------------------------------------------------------------------

void lab::state::sent(unsigned line, const frame& bytes) {
    if (line % 2 == 1) { // from a host; what a switch sends was looked at already
        require_none(windows.sent(bytes));
        if (history.is_open()) {
            history.write_frame(line / 2 * 2, in.now(), bytes);
        }
    }
}

void lab::state::arrived(unsigned line, const frame& bytes) {
    history.note(in.now());
    history.note(bytes);
    const bool at_host = line % 2 == 0 || between == nullptr;
    if (at_host && options.arrived) {
        options.arrived(in.now() - started_at, bytes);
    }
    if (!history.is_open()) {
        return;
    }
    if (at_host) {
        const unsigned host = between != nullptr ? line / 2 : 1 - line / 2;
        history.write_frame(host * 2 + 1, in.now(), bytes);
    }
}

void lab::state::after_step(fiber* ran) {
    history.note(in.now() << 8 ^ (ran != nullptr ? ran->number : 0));
    if (options.clock != nullptr) {
        *options.clock = in.now();
    }
    if (in.spinning_locks != 0) {
        fail("a lock is held between two events");
    }
    check_after(ran != nullptr ? ran->on : nullptr);
    if (history.is_open()) {
        for (unsigned i = 0; i < hosts.size(); i++) {
            if (hosts[i].has_power()) {
                history.write_trace(i, hosts[i].stack());
            }
        }
    }
}

/// A step is a host's, and can have touched nothing else, or an event, which is nobody's.
void lab::state::check_after(host* whose) {
    if (options.when == checks::strict) {
        for (host& each : hosts) {
            if (whose == nullptr || whose == &each) {
                check(each);
            }
        }
    } else if (whose != nullptr && whose->has_power()) {
        check_sample(*whose);
    }
}

/// Everything of a host. Where the clock has just leapt timers are late, and may be.
void lab::state::check(host& which) {
    if (which.has_power()) {
        require_none(broken_rule(which.stack(), in.now() != leapt_at ? in.now() : 0));
    }
}

/// The connection that the last segment was for, always; its queues every eighth step; everything at
/// intervals that grow with what there is.
void lab::state::check_sample(host& touched) {
    constexpr unsigned queues_every = 8;
    constexpr unsigned everything_every = 256;
    if (const net::tcp_sock* sk = touched.stack().tcp->last_found) {
        require_none(broken_sequence_rule(*sk));
        require_none(broken_timer_rule(*sk, in.now() != leapt_at ? in.now() : 0));
        if (in.steps() % queues_every == 0) {
            require_none(broken_queue_rule(*sk));
        }
    }
    if (steps_until_full_check-- == 0) {
        unsigned connections = 0;
        for (host& each : hosts) {
            check(each);
            connections += each.has_power() ? each.stack().tcp->connection_count : 0;
        }
        steps_until_full_check = everything_every + 8 * connections;
    }
}

void lab::state::judge_the_end() {
    for (host& each : hosts) {
        check(each);
    }
    const net::port::time_ns end = in.now() + farewell;
    bool quiet = false;
    while (!quiet && in.now() < end) {
        in.run_for(10 * net::port::second);
        quiet = true;
        for (host& each : hosts) {
            quiet = quiet && each.has_power() && each.stack().live_socks == 0 &&
                    each.stack().live_skbs == 0 && each.stack().timers.pending() == 0;
        }
    }
    for (host& each : hosts) {
        net::stack& stack = each.stack();
        require_none(stack.live_socks != 0 ? "sockets are left at the end" : nullptr);
        require_none(stack.live_skbs != 0 || stack.skb_bytes != 0 ? "packets are left at the end" : nullptr);
        require_none(stack.timers.pending() != 0 ? "timers are left at the end" : nullptr);
        require_none(stack.tcp->connection_count != 0 || stack.tcp->time_wait_count != 0
                         ? "connections are left at the end"
                         : nullptr);
        require_none(count_routes(each) != routes_at_start ? "routes are left at the end" : nullptr);
        result.retransmission_timeouts += counter(each, net::mib::tcpext_timeouts);
        result.retransmitted_segments += counter(each, net::mib::tcp_retransmitted_segments);
        each.destroy();
    }
    require_none(in.live_allocations != 0 ? "memory is left at the end" : nullptr);
}

outcome run_simulation(const plan& wanted, const run_options& options) {
    lab::state state(wanted, options);
    const watchdog limit(
        options.longest_s, [](void* context) { static_cast<lab::state*>(context)->fail("spins"); }, &state);
    lab its(state);
    state.build();
    state.schedule_incidents();
    state.in.spawn(wanted.what->name, [&] { wanted.what->body(its); });
    state.in.run(wanted.time_limit);
    state.result.duration = state.in.now() - state.started_at;
    state.judge_the_end();
    state.result.steps = state.in.steps();
    state.result.failed_allocations = state.in.failed_allocations;
    state.result.hash = state.history.hash();
    state.history.flush();
    return state.result;
}

} // namespace sim
