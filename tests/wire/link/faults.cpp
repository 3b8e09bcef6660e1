#include "tests/wire/link/faults.hpp"

#include <algorithm>

namespace wire {
namespace {

/// A frame that is kept for reordering arrives after this time even if nothing passes it: long for a network,
/// short beside the time after which anybody asks again.
constexpr uint64_t longest_hold_ns = 100 * nanoseconds_per_ms;

bool contains(const selection& which, uint64_t number) {
    return std::any_of(which.numbers.begin(), which.numbers.end(),
                       [&](auto range) { return range.first <= number && number <= range.second; });
}

} // namespace

direction::direction(std::string_view script_text, uint64_t seed, uint64_t now_ns) {
    set_script(script_text, seed, now_ns);
}

void direction::set_script(std::string_view script_text, uint64_t seed, uint64_t now_ns) {
    script parsed = parse_script(script_text);
    rules_.clear();
    for (statement& each : parsed) {
        rules_.push_back({.is = std::move(each), .leaving_ns = {}, .held = {}});
    }
    random_.seed(seed);
    began_ns_ = now_ns;
    stalled_until_ns_ = 0;
    sent_ = received_ = 0;
}

std::string direction::send(frame sent, uint64_t now_ns) {
    sent_++;
    std::string touched_by;
    fate on{.content = std::move(sent), .arrival_ns = now_ns};
    for (rule& each : rules_) {
        if (apply(each, on, now_ns)) {
            each.acted++;
            touched_by += (touched_by.empty() ? "" : "; ") + each.is.text;
        }
    }
    arrivals::iterator last = queue_.end();
    for (unsigned copy = 0; copy < on.copies; copy++) {
        last = queue_.emplace(on.holder != nullptr ? now_ns + longest_hold_ns : on.arrival_ns, on.content);
    }
    if (on.holder != nullptr && on.copies > 0) {
        on.holder->held = last;
    }
    for (rule& each : rules_) {
        bool passes = each.is.what == verb::reorder && &each != on.holder &&
                      is_of_kind(on.content, each.is.which.kind) &&
                      (each.is.which.numbers.empty() || each.seen >= each.is.which.numbers[1].first);
        if (passes) {
            release_held(each, on.arrival_ns);
        }
    }
    return touched_by;
}

/// Puts the frame that this rule keeps right behind one that arrives now.
void direction::release_held(rule& by, uint64_t arrival_ns) {
    if (by.held) {
        auto node = queue_.extract(*by.held);
        node.key() = arrival_ns;
        queue_.insert(std::move(node));
        by.held.reset();
    }
}

/// Counts and draws for every frame, also for one that another rule has dropped: what a rule does must not
/// depend on the others.
bool direction::chooses(rule& by, const frame& content) {
    if (!is_of_kind(content, by.is.which.kind)) {
        return false;
    }
    by.seen++;
    if (by.is.what == verb::burst) {
        by.in_burst = draw() < (by.in_burst ? 1 - by.is.leave_chance : by.is.which.chance);
        return by.in_burst;
    }
    if (by.is.what == verb::reorder && !by.is.which.numbers.empty()) {
        return by.seen == by.is.which.numbers[0].first;
    }
    return by.is.which.all || (by.is.which.chance > 0 && draw() < by.is.which.chance) ||
           contains(by.is.which, by.seen);
}

/// Whether the rule touched the frame.
bool direction::apply(rule& by, fate& on, uint64_t now_ns) {
    bool chosen = chooses(by, on.content);
    if (by.is.what == verb::stall && chosen) { // also when the frame itself is lost
        stalled_until_ns_ = now_ns + by.is.duration_ns;
        return true;
    }
    if (on.copies == 0) {
        return false;
    }
    switch (by.is.what) {
    case verb::drop:
    case verb::burst:
        on.copies = chosen ? 0 : on.copies;
        return chosen;
    case verb::blackout:
    case verb::flap:
        on.copies = in_outage(by.is, now_ns) ? 0 : on.copies;
        return on.copies == 0;
    case verb::duplicate:
        on.copies += chosen;
        return chosen;
    case verb::reorder:
        if (!chosen || by.held || on.holder != nullptr) {
            return false;
        }
        on.holder = &by;
        return true;
    case verb::delay:
        on.arrival_ns += chosen ? by.is.duration_ns : 0;
        return chosen && !by.is.which.all;
    case verb::jitter:
        on.arrival_ns += static_cast<uint64_t>(draw() * static_cast<double>(by.is.duration_ns));
        return false;
    case verb::corrupt:
        return chosen && flip_a_bit(on, by.is);
    case verb::truncate:
        if (!chosen || on.content.size() <= ethernet_header_bytes) {
            return false;
        }
        on.content.resize(by.is.length_bytes != 0
                              ? std::min(by.is.length_bytes, on.content.size())
                              : ethernet_header_bytes +
                                    random_() % (on.content.size() - ethernet_header_bytes));
        return true;
    case verb::stall:
        return false;
    case verb::rate:
        return pass_line(by, on, now_ns);
    }
    return false;
}

/// One bit per frame, which the Internet checksum always notices; two could make up for each other. By chance
/// only IPv4: ARP has no checksum, and on a real wire the card's CRC would have thrown the frame away.
bool direction::flip_a_bit(fate& on, const statement& by) {
    size_t first = ethernet_header_bytes;
    size_t bytes = on.content.size() - std::min(on.content.size(), first);
    if (by.checksum_only) {
        first = checksum_offset(on.content);
        bytes = first != 0 ? 2 : 0;
    } else if (by.which.chance > 0 && !is_ipv4(on.content)) {
        bytes = 0;
    }
    if (bytes == 0 || on.corrupt) {
        return false;
    }
    on.corrupt = true;
    uint64_t bit = random_() % (bytes * 8);
    on.content[first + bit / 8] ^= 1 << bit % 8;
    return true;
}

/// Frames leave one after the other; one that finds the queue full is dropped.
bool direction::pass_line(rule& by, fate& on, uint64_t now_ns) {
    while (!by.leaving_ns.empty() && by.leaving_ns.front() <= now_ns) {
        by.leaving_ns.pop_front();
    }
    if (by.leaving_ns.size() > by.is.queue_frames) {
        on.copies = 0;
        return true;
    }
    uint64_t starts_ns = by.leaving_ns.empty() ? now_ns : by.leaving_ns.back();
    uint64_t leaves_ns = starts_ns + on.content.size() * 8 * 1'000'000'000 / by.is.bits_per_second;
    by.leaving_ns.push_back(leaves_ns);
    on.arrival_ns += leaves_ns - now_ns;
    return false;
}

bool direction::in_outage(const statement& by, uint64_t now_ns) const {
    uint64_t since_ns = now_ns - began_ns_;
    if (by.what == verb::flap) {
        // The first outage ends a period, so that a wire begins whole.
        return since_ns % by.from_ns >= by.from_ns - by.duration_ns;
    }
    return since_ns >= by.from_ns && since_ns - by.from_ns < by.duration_ns;
}

uint64_t direction::next_arrival_ns() const {
    return queue_.empty() ? never_ns : std::max(queue_.begin()->first, stalled_until_ns_);
}

std::optional<frame> direction::receive(uint64_t now_ns) {
    if (next_arrival_ns() > now_ns) {
        return std::nullopt;
    }
    auto first = queue_.begin();
    for (rule& each : rules_) {
        if (each.held == first) {
            each.held.reset();
        }
    }
    received_++;
    return std::move(queue_.extract(first).mapped());
}

std::string direction::report() const {
    std::string out = "sent: " + std::to_string(sent_) + "; received: " + std::to_string(received_);
    for (const rule& each : rules_) {
        out += "; " + each.is.text + ": " + std::to_string(each.acted);
    }
    return out;
}

} // namespace wire
