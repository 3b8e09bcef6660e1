// What a plan lets happen to hosts and programs at given times.

#include "kernel/abi/netdevice.h"
#include "net/core/net_device.hpp"
#include "net/ipv4/devinet.hpp"
#include "sim/lab_state.hpp"

#include <cstring>

namespace sim {

void lab::state::schedule_incidents() {
    for (const incident& each : made_from.incidents) {
        in.at(started_at + each.at, [this, &each] { happen(each); });
    }
}

void lab::state::happen(const incident& what) {
    using kind = incident::kind;
    using net::port::millisecond;
    history.note(static_cast<uint64_t>(what.what));
    host& on = hosts.at(what.host);
    switch (what.what) {
    case kind::allocations_fail:
        in.fail_allocation_after = what.argument;
        break;
    case kind::carrier_lost:
        if (on.has_power()) {
            on.card->set_cable(false);
            in.after(what.argument * millisecond, [&on] {
                if (on.has_power()) {
                    on.card->set_cable(true);
                }
            });
        }
        break;
    case kind::mtu_changes:
        change_mtu(on, static_cast<int>(what.argument));
        break;
    case kind::path_narrows:
        narrow_path(what.host, static_cast<uint32_t>(what.argument));
        break;
    case kind::clock_leaps:
        in.leap(what.argument * millisecond);
        leapt_at = in.now();
        break;
    case kind::wall_clock_set:
        in.wall_clock_offset_s = static_cast<int64_t>(what.argument) - 500'000;
        break;
    case kind::power_fails:
        power_fails(on, what.argument * millisecond);
        break;
    case kind::program_killed:
        for (size_t i = 0; i < programs.size(); i++) {
            program& chosen = programs[(what.argument + i) % programs.size()];
            if (!chosen.runs->finished) {
                in.kill(*chosen.runs);
                break;
            }
        }
        break;
    }
}

/// As its administrator does it.
void lab::state::change_mtu(host& on, int mtu) {
    ifreq request = {};
    std::strcpy(request.ifr_name, on.card->device.name);
    request.ifr_mtu = mtu;
    if (!net::interface_ioctl(on.stack(), SIOCSIFMTU, reinterpret_cast<uintptr_t>(&request)).ok()) {
        fail("SIOCSIFMTU failed");
    }
}

/// Lines of two hosts are numbered by whom they lead away from, others by both (lab_state.hpp).
void lab::state::narrow_path(unsigned host, uint32_t mtu) {
    line& away = between != nullptr ? lines[2 * host] : lines[host];
    line& towards = between != nullptr ? lines[2 * host + 1] : lines[1 - host];
    away.narrow(mtu, towards);
    towards.narrow(mtu, away);
}

void lab::state::power_fails(host& on, net::port::time_ns for_how_long) {
    if (!on.has_power()) {
        return;
    }
    on.power_off();
    for (const program& each : programs) {
        if (each.on == &on && !each.runs->finished) {
            in.kill(*each.runs);
        }
    }
    in.after(for_how_long, [this, &on] { power_returns(on); });
}

void lab::state::power_returns(host& on) {
    for (const program& each : programs) {
        if (each.on == &on && !each.runs->finished) {
            in.after(net::port::millisecond, [this, &on] { power_returns(on); }); // still unwinding
            return;
        }
    }
    const uint64_t failing = std::exchange(in.fail_allocation_after, 0);
    on.power_on();
    prepare_stack(on);
    in.fail_allocation_after = failing;
}

} // namespace sim
