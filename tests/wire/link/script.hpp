#pragma once
// The notation of faults on a wire: "drop data 3; reorder 5,6; delay 20 ms; drop 1%". README.md in this
// folder has the grammar and says what each statement does; faults.hpp does it.

#include "tests/wire/link/frame.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wire {

constexpr uint64_t nanoseconds_per_ms = 1'000'000;

enum class verb : uint8_t {
    drop,
    burst,
    duplicate,
    reorder,
    delay,
    jitter,
    corrupt,
    truncate,
    stall,
    rate,
    blackout,
    flap,
};

/// Which frames a statement is about: of one kind, and of these all, some by chance, or those with the
/// numbers.
struct selection {
    frame_kind kind = frame_kind::any;
    bool all = false;
    double chance = 0;
    std::vector<std::pair<uint64_t, uint64_t>> numbers; ///< first and last, counted from 1
};

struct statement {
    verb what;
    std::string text; ///< as written
    selection which;
    bool checksum_only = false; ///< corrupt
    double leave_chance = 0;    ///< burst: of its end, with every frame
    uint64_t from_ns = 0;       ///< blackout: since the script began; flap: the time between two
    uint64_t duration_ns = 0;   ///< delay, jitter, stall, blackout, flap
    uint64_t bits_per_second = 0;
    size_t queue_frames = 0; ///< rate: of frames that wait
    size_t length_bytes = 0; ///< truncate; 0: by chance
};

using script = std::vector<statement>;

/// Throws std::invalid_argument, with the statement, when the text is not in the notation.
script parse_script(std::string_view text);

} // namespace wire
