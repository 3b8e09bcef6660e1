#pragma once
// What a run is made from. The seed draws a plan, and equal plans have equal histories; a test fills one by
// hand.

#include "net/port.hpp"
#include "sim/lab.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sim {

/// What one direction of a cable does to frames. Chances are in percent.
struct line_faults {
    double delay_ms = 0.1;
    double jitter_ms = 0;
    double loss = 0;
    bool spares_arp = false; ///< losses and cuts by chance meet TCP, UDP and ICMP only
    double burst_begins = 0; ///< Gilbert-Elliott: with every frame; all are lost until the burst ends
    double burst_ends = 20;
    double duplicate = 0;
    double reorder = 0;
    double corrupt = 0;
    double truncate = 0;
    unsigned rate_kbit = 0; ///< 0: no limit
    unsigned queue_frames = 256;
    unsigned blackout_from_ms = 0;
    unsigned blackout_for_ms = 0; ///< 0: none
    unsigned flap_every_ms = 0;
    unsigned flap_for_ms = 0;
    std::string exact; ///< more statements, of exact packets: "drop data 3; reorder 5,6"

    /// In the notation of tests/wire/link.
    std::string script() const;
};

/// Something that happens once, at a time after the start.
struct incident {
    enum class kind : uint8_t {
        allocations_fail, ///< the argument-th allocation from then on
        carrier_lost,     ///< a host's cable is pulled for argument ms
        mtu_changes,      ///< of a host's card, to argument bytes
        path_narrows,     ///< a router on a host's cable carries argument bytes at once, both ways
        clock_leaps,      ///< by argument ms
        wall_clock_set,   ///< by argument seconds
        power_fails,      ///< on a host, for argument ms
        program_killed,   ///< the argument-th of those that run
    };
    kind what;
    net::port::time_ns at;
    unsigned host = 0;
    uint64_t argument = 0;
};
const char* name_of(incident::kind what);

struct plan {
    const scenario* what = nullptr;
    uint64_t seed = 1;

    double scale = 1;               ///< of sizes
    std::vector<line_faults> to;    ///< towards each host
    std::vector<line_faults> from;  ///< from each host
    std::vector<uint32_t> features; ///< of each host's card
    uint32_t mtu = 1500;
    int send_buffer = 0; ///< 0: tuned by the stack
    int receive_buffer = 0;
    const char* congestion = nullptr; ///< nullptr: the default
    bool numbers_near_wrap = true;    ///< initial sequence numbers; else the secure ones
    bool rough = false;               ///< outages and losses may be such that connections end
    unsigned stall_percent = 0;       ///< of a reader's reads
    net::port::time_ns stall_up_to = 0;
    std::vector<incident> incidents;
    net::port::time_ns time_limit = 48 * 3600 * net::port::second;

    bool has(incident::kind what_kind) const;
    /// For people: what is special about it.
    std::string text() const;
};

/// A plan with good cables and nothing special, for the number of hosts that the scenario asks for.
plan quiet_plan(const scenario& what, uint64_t seed);
/// What the seed decides.
plan draw_plan(const scenario& what, uint64_t seed);

} // namespace sim
