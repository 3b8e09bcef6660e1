// Draws what happens in a run. Most runs have few faults of moderate strength, so that each is seen working
// alone as well as with others; some have many.

#include "sim/plan.hpp"

#include "net/core/net_device.hpp"

#include <cstdarg>
#include <cstdio>
#include <random>

namespace sim {
namespace {

[[gnu::format(printf, 1, 2)]] std::string print(const char* text, ...) {
    char out[160];
    va_list arguments;
    va_start(arguments, text);
    std::vsnprintf(out, sizeof(out), text, arguments);
    va_end(arguments);
    return out;
}

/// The numbers of a plan. What is drawn from them never depends on how the standard library does it.
class dice {
public:
    explicit dice(uint64_t seed) : random_(seed ^ 0x706c616e) {}

    uint64_t below(uint64_t limit) { return random_() % limit; }
    bool chance(unsigned percent) { return below(100) < percent; }
    /// Between the two, small values as likely as large ones.
    double between(double least, double most) {
        const double unit = static_cast<double>(random_() >> 11) * 0x1p-53;
        return least + (most - least) * unit * unit;
    }
    template <class T, size_t N>
    T one_of(const T (&choices)[N]) {
        return choices[below(N)];
    }

private:
    std::mt19937_64 random_;
};

constexpr unsigned fault_percent = 25; ///< how likely each kind of fault is in a run that has faults

void draw_losses(dice& by, line_faults& on, bool rough) {
    on.spares_arp = !rough;
    if (by.chance(fault_percent)) {
        on.loss = by.between(0.1, rough ? 20 : 4);
    }
    if (rough && by.chance(fault_percent)) {
        on.burst_begins = by.between(0.05, 1);
        on.burst_ends = by.between(20, 80);
    }
    if (by.chance(fault_percent)) {
        on.duplicate = by.between(0.1, 10);
    }
    if (by.chance(fault_percent)) {
        on.reorder = by.between(0.1, 10);
    }
    if (by.chance(fault_percent)) {
        on.truncate = by.between(0.1, 2);
    }
}

/// A gentle outage ends before a host gives up asking for a hardware address (three tries, a second apart).
void draw_outages(dice& by, line_faults& on, bool rough) {
    if (by.chance(fault_percent / 2)) {
        on.blackout_from_ms = 1 + static_cast<unsigned>(by.below(2000));
        on.blackout_for_ms = 1 + static_cast<unsigned>(by.between(1, rough ? 60'000 : 500));
    }
    if (rough && by.chance(fault_percent / 2)) {
        on.flap_every_ms = 500 + static_cast<unsigned>(by.below(5000));
        on.flap_for_ms = 1 + static_cast<unsigned>(by.below(on.flap_every_ms / 2));
    }
}

/// Packets by number, near the start, where every one means something.
std::string draw_exact(dice& by) {
    static constexpr const char* kinds[] = {"data", "ack", "syn", "fin", "tcp"};
    std::string script;
    for (uint64_t left = 1 + by.below(3); left != 0; left--) {
        const char* kind = by.one_of(kinds);
        const auto number = static_cast<unsigned>(1 + by.below(8));
        script += script.empty() ? "" : "; ";
        switch (by.below(5)) {
        case 0:
            script += print("drop %s %u", kind, number);
            break;
        case 1:
            script += print("duplicate %s %u", kind, number);
            break;
        case 2:
            script += print("reorder %s %u,%u", kind, number, number + 1);
            break;
        case 3:
            script += print("corrupt checksum %s %u", kind, number);
            break;
        case 4:
            script += print("stall %u ms at %s %u", 1 + static_cast<unsigned>(by.below(1500)), kind, number);
            break;
        }
    }
    return script;
}

void draw_cables(dice& by, plan& out) {
    const bool two_hosts = out.to.size() == 2;
    const double delay_ms = by.between(0.01, by.chance(20) ? 300 : 40);
    for (size_t host = 0; host < out.to.size(); host++) {
        for (line_faults* each : {&out.to[host], &out.from[host]}) {
            each->delay_ms = delay_ms / (two_hosts ? 2 : 4);
            draw_losses(by, *each, out.rough);
            draw_outages(by, *each, out.rough);
            if (by.chance(fault_percent)) {
                each->jitter_ms = by.between(0.01, 20);
            }
            if (by.chance(fault_percent)) {
                each->rate_kbit = static_cast<unsigned>(by.between(256, 100'000));
                each->queue_frames = 4 + static_cast<unsigned>(by.below(500));
            }
        }
        // Two flipped bits can cancel each other in the Internet checksum: on the way through a switch only
        // the first of the two lines flips one.
        if (by.chance(fault_percent)) {
            out.from[host].corrupt = by.between(0.1, 5);
        }
        if (by.chance(fault_percent)) {
            out.from[host].exact = draw_exact(by);
        }
    }
}

void draw_hosts(dice& by, plan& out) {
    static constexpr uint32_t features[] = {
        0, net::feature_transmit_checksum, net::feature_transmit_checksum | net::feature_scatter_gather,
        net::feature_transmit_checksum | net::feature_scatter_gather | net::feature_segmentation};
    static constexpr uint32_t mtus[] = {1500, 1500, 1500, 576, 1006, 9000};
    static constexpr int buffers[] = {0, 0, 4608, 16384, 65536, 262144, 1 << 20};
    for (uint32_t& each : out.features) {
        each = by.one_of(features);
    }
    out.mtu = by.one_of(mtus);
    out.send_buffer = by.one_of(buffers);
    out.receive_buffer = by.one_of(buffers);
    out.congestion = by.chance(50) ? nullptr : "reno";
    out.numbers_near_wrap = !by.chance(10);
    if (by.chance(fault_percent)) {
        out.stall_percent = 1 + static_cast<unsigned>(by.below(20));
        out.stall_up_to = static_cast<net::port::time_ns>(by.between(1, 2000)) * net::port::millisecond;
    }
}

bool has_blackout(const line_faults& on) {
    return on.blackout_for_ms != 0;
}

net::port::time_ns draw_moment(dice& by) {
    return static_cast<net::port::time_ns>(by.between(1, 5000) * 1000) * net::port::microsecond;
}

void draw_incidents(dice& by, plan& out) {
    using kind = incident::kind;
    const auto add = [&](kind what, uint64_t argument) {
        const auto host = static_cast<unsigned>(by.below(out.to.size()));
        out.incidents.push_back({.what = what, .at = draw_moment(by), .host = host, .argument = argument});
    };
    const auto dark = std::count_if(out.from.begin(), out.from.end(), has_blackout) +
                      std::count_if(out.to.begin(), out.to.end(), has_blackout);
    if (by.chance(fault_percent / 2) &&
        (out.rough || dark < 2)) { // a third try must get through: draw_outages()
        add(kind::carrier_lost, 1 + by.below(out.rough ? 5000 : 500));
    }
    if (by.chance(fault_percent / 4)) {
        add(kind::mtu_changes, 576 + by.below(925)); // what the card can do
    }
    if (by.chance(fault_percent / 2)) {
        add(kind::path_narrows, 576 + by.below(1000));
    }
    if (by.chance(fault_percent / 4)) {
        add(kind::clock_leaps, 1 + static_cast<uint64_t>(by.between(1, 20'000)));
    }
    if (by.chance(fault_percent / 2)) {
        add(kind::wall_clock_set, by.below(1'000'000));
    }
    if ((out.what->copes_with & copes_with_no_memory) != 0 && by.chance(fault_percent)) {
        for (uint64_t left = 1 + by.below(20); left != 0; left--) {
            add(kind::allocations_fail, 1 + by.below(50));
        }
    }
    if (out.rough) {
        if (by.chance(fault_percent)) {
            add(kind::power_fails, 1 + by.below(5000));
        }
        for (uint64_t left = by.chance(fault_percent) ? 1 + by.below(3) : 0; left != 0; left--) {
            add(kind::program_killed, by.below(64));
        }
    }
}

} // namespace

std::string line_faults::script() const {
    std::string out = print("delay %.3f ms", delay_ms);
    const auto add = [&](bool wanted, const std::string& statement) {
        if (wanted) {
            out += "; " + statement;
        }
    };
    add(jitter_ms > 0, print("jitter %.3f ms", jitter_ms));
    add(rate_kbit > 0, print("rate %u kbit/s queue %u", rate_kbit, queue_frames));
    for (const char* kind : {"tcp ", "udp ", "icmp "}) {
        const char* of = spares_arp ? kind : "";
        add(loss > 0, print("drop %s%.2f%%", of, loss));
        add(truncate > 0, print("truncate %s%.2f%%", of, truncate));
        if (!spares_arp) {
            break;
        }
    }
    add(burst_begins > 0, print("burst %.2f%% %.2f%%", burst_begins, burst_ends));
    add(duplicate > 0, print("duplicate %.2f%%", duplicate));
    add(reorder > 0, print("reorder %.2f%%", reorder));
    // Whole packets only: flips in two fragments of one datagram can cancel each other in its checksum.
    add(corrupt > 0, print("corrupt tcp %.2f%%; corrupt checksum udp %.2f%%", corrupt, corrupt));
    add(blackout_for_ms > 0, print("blackout from %u ms for %u ms", blackout_from_ms, blackout_for_ms));
    add(flap_every_ms > 0, print("flap every %u ms for %u ms", flap_every_ms, flap_for_ms));
    add(!exact.empty(), exact);
    return out;
}

const char* name_of(incident::kind what) {
    static constexpr const char* names[] = {"allocation fails", "carrier lost",  "MTU changes",
                                            "path narrows",     "clock leaps",   "wall clock set",
                                            "power fails",      "program killed"};
    return names[static_cast<unsigned>(what)];
}

bool plan::has(incident::kind what_kind) const {
    for (const incident& each : incidents) {
        if (each.what == what_kind) {
            return true;
        }
    }
    return false;
}

std::string plan::text() const {
    std::string out =
        print("%s, scale %.2f, MTU %u, send buffer %d, receive buffer %d, %s, numbers %s\n",
              rough ? "rough" : "gentle", scale, mtu, send_buffer, receive_buffer,
              congestion != nullptr ? congestion : "default", numbers_near_wrap ? "near the wrap" : "secure");
    for (size_t host = 0; host < to.size(); host++) {
        out += print("host %zu: features %u\n", host, features[host]);
        out += "  from: " + from[host].script() + "\n";
        out += to.size() > 2 ? "  to:   " + to[host].script() + "\n" : ""; // two hosts share one cable
    }
    for (const incident& each : incidents) {
        out += print("at %.6f s: %s, host %u, %llu\n", static_cast<double>(each.at) / 1e9, name_of(each.what),
                     each.host, static_cast<unsigned long long>(each.argument));
    }
    return out;
}

plan quiet_plan(const scenario& what, uint64_t seed) {
    plan out;
    out.what = &what;
    out.seed = seed;
    out.to.resize(what.hosts);
    out.from.resize(what.hosts);
    out.features.resize(what.hosts);
    return out;
}

plan draw_plan(const scenario& what, uint64_t seed) {
    plan out = quiet_plan(what, seed);
    dice by(seed);
    out.scale = by.between(0.1, 4);
    draw_hosts(by, out);
    if (!by.chance(10)) { // a run without faults now and then
        out.rough = (what.copes_with & copes_with_breaks) != 0 && by.chance(40);
        draw_cables(by, out);
        draw_incidents(by, out);
    }
    return out;
}

} // namespace sim
