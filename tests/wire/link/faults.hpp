#pragma once
// One direction of a wire: frames go in when they are sent and come out when they arrive, if they do. What
// happens to them is a script's (script.hpp) and a seed's alone: the same frames meet the same fate. The
// clock is the caller's, so the same faults serve real machines and a simulation.

#include "tests/wire/link/script.hpp"

#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>

namespace wire {

constexpr uint64_t never_ns = UINT64_MAX;

class direction {
public:
    direction(std::string_view script_text, uint64_t seed, uint64_t now_ns);
    direction(const direction&) = delete;
    direction& operator=(const direction&) = delete;

    /// From now on this script; numbers and times count from here. Frames under way keep their fate.
    void set_script(std::string_view script_text, uint64_t seed, uint64_t now_ns);

    /// A frame is sent. Returns the statements that touched it, separated by "; ".
    std::string send(frame sent, uint64_t now_ns);
    /// When receive() has something, or never_ns.
    uint64_t next_arrival_ns() const;
    /// The next frame that has arrived, or none.
    std::optional<frame> receive(uint64_t now_ns);

    /// Frames that are in the wire.
    size_t under_way() const { return queue_.size(); }
    uint64_t sent() const { return sent_; }
    uint64_t received() const { return received_; }
    /// What each statement did, for a person: "drop 1%: 12; ...".
    std::string report() const;

private:
    using arrivals = std::multimap<uint64_t, frame>;

    /// A statement and what it remembers.
    struct rule {
        statement is;
        uint64_t seen = 0;  ///< frames of its kind
        uint64_t acted = 0; ///< frames it touched
        bool in_burst = false;
        std::deque<uint64_t> leaving_ns; ///< rate: when the frames before this one have left, in order
        std::optional<arrivals::iterator> held;
    };
    /// What the rules have decided about the frame that is being sent.
    struct fate {
        frame content;
        uint64_t arrival_ns;
        unsigned copies = 1;    ///< 0: dropped
        rule* holder = nullptr; ///< who keeps it until another one has passed
        bool corrupt = false;
    };

    double draw() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
    bool chooses(rule& by, const frame& content);
    bool apply(rule& by, fate& on, uint64_t now_ns);
    bool flip_a_bit(fate& on, const statement& by);
    bool pass_line(rule& by, fate& on, uint64_t now_ns);
    bool in_outage(const statement& by, uint64_t now_ns) const;
    void release_held(rule& by, uint64_t arrival_ns);

    std::vector<rule> rules_;
    std::mt19937_64 random_;
    uint64_t began_ns_;
    uint64_t stalled_until_ns_ = 0;
    arrivals queue_;
    uint64_t sent_ = 0;
    uint64_t received_ = 0;
};

} // namespace wire
