#include "net/ipv4/tcp_congestion.hpp"

// CUBIC (RFC 9438). After a loss at a window of W_max segments the window is cut to 0.7 of it and then
// follows a cubic curve over the time since:
//
//   W(t) = C (t - K)^3 + W_max      C = 0.4, K = cube root of ((W_max - cwnd) / C), t in seconds
//
//         |            . ·                steep at first, flat around W_max, where the loss was,
//   W_max |· · · ·.- - ·                  then steep again: looking for new room
//         |    .·
//         |  .
//         └─────────┴─────── t
//                   K
//
// The growth depends on time and not on ACKs, so that connections with different round trips get like shares.
// Where a Reno sender would be faster (short round trips, small windows), its window is followed instead
// (§4.3).
//
// All arithmetic is in integers: time in milliseconds, the Reno estimate in 1/1024 segments.

#include "kernel/lib/minmax.hpp"

namespace net {

namespace {

struct cubic_state {
    port::time_ns epoch;     ///< when the curve began; 0: with the next ACK
    port::time_ns last_grow; ///< to leave out times when the window was not the limit
    uint32_t w_max;          ///< segments
    uint32_t origin;         ///< height of the flat part
    uint32_t k_ms;
    uint64_t reno_estimate; ///< 1/1024 segments
};
static_assert(sizeof(cubic_state) <= sizeof(tcp_sock::congestion_state));

cubic_state& state_of(tcp_sock& sk) {
    return *reinterpret_cast<cubic_state*>(sk.congestion_state);
}

uint32_t cube_root(uint64_t value) {
    uint64_t root = 0;
    for (int bit = 20; bit >= 0; bit--) {
        const uint64_t larger = root | uint64_t{1} << bit;
        if (larger * larger * larger <= value) {
            root = larger;
        }
    }
    return static_cast<uint32_t>(root);
}

void begin_epoch(tcp_sock& sk, cubic_state& cubic, port::time_ns now) {
    cubic.epoch = now;
    cubic.reno_estimate = uint64_t{sk.snd_cwnd} << 10;
    if (sk.snd_cwnd < cubic.w_max) {
        // K^3 = (W_max - cwnd) / 0.4 in seconds, times 10^9 for milliseconds.
        cubic.k_ms = cube_root(uint64_t{cubic.w_max - sk.snd_cwnd} * 2'500'000'000);
        cubic.origin = cubic.w_max;
    } else {
        cubic.k_ms = 0;
        cubic.origin = sk.snd_cwnd;
    }
}

/// Height of the curve one round trip from now.
uint32_t curve(const tcp_sock& sk, const cubic_state& cubic, port::time_ns now) {
    constexpr int64_t farthest_ms = 1'000'000;
    const auto elapsed_ms =
        static_cast<int64_t>((now - cubic.epoch) / port::millisecond + (sk.srtt_us >> 3) / 1000);
    const int64_t x = lib::clamp<int64_t>(elapsed_ms - cubic.k_ms, -farthest_ms, farthest_ms);
    const int64_t height = cubic.origin + x * x * x / 1'000'000'000 * 2 / 5;
    // Never below the window, and no more than half as much again per round trip (§4.4, §4.5).
    const int64_t lowest = sk.snd_cwnd;
    return static_cast<uint32_t>(lib::clamp(height, lowest, lowest + lowest / 2));
}

/// Where Reno with the same average loss would be: 0.53 segments more per round trip, and one once W_max is
/// reached.
uint32_t follow_reno(const tcp_sock& sk, cubic_state& cubic, uint32_t segments) {
    const bool past = cubic.reno_estimate >> 10 >= cubic.w_max;
    const uint64_t step = past ? 1024 : 542;
    cubic.reno_estimate += step * segments / lib::max(sk.snd_cwnd, 1u);
    return static_cast<uint32_t>(cubic.reno_estimate >> 10);
}

void cubic_start(tcp_sock& sk) {
    state_of(sk) = {};
}

/// Of the window and not of the flight: §4.6 allows that where a window that is not the limit does not grow,
/// which cubic_grow() sees to.
uint32_t cubic_threshold(tcp_sock& sk, uint32_t) {
    cubic_state& cubic = state_of(sk);
    cubic.epoch = 0;
    // Fast convergence (§4.7): a window that stays below the last maximum leaves room for newcomers.
    cubic.w_max = sk.snd_cwnd < cubic.w_max ? sk.snd_cwnd * 17 / 20 : sk.snd_cwnd;
    return lib::max(sk.snd_cwnd * 7 / 10, 2u);
}

void cubic_grow(tcp_sock& sk, uint32_t segments) {
    cubic_state& cubic = state_of(sk);
    const port::time_ns now = port::now();
    if (!tcp_window_is_limit(sk)) {
        if (cubic.epoch != 0 && cubic.last_grow != 0) {
            cubic.epoch += now - cubic.last_grow; // such times do not count (§5.8)
        }
        cubic.last_grow = now;
        return;
    }
    cubic.last_grow = now;
    if (tcp_in_slow_start(sk)) {
        segments = tcp_slow_start(sk, segments);
        if (segments == 0) {
            return;
        }
    }
    if (cubic.epoch == 0) {
        begin_epoch(sk, cubic, now);
    }
    const uint32_t target = lib::max(curve(sk, cubic, now), follow_reno(sk, cubic, segments));
    const uint32_t per_window =
        target > sk.snd_cwnd ? lib::max(sk.snd_cwnd / (target - sk.snd_cwnd), 2u) : 100 * sk.snd_cwnd;
    tcp_congestion_avoidance(sk, per_window, segments);
}

void cubic_enter_state(tcp_sock& sk, tcp_recovery_state next) {
    if (next == tcp_recovery_state::loss) {
        state_of(sk).epoch = 0;
    }
}

} // namespace

const tcp_congestion_ops tcp_cubic = {
    .name = "cubic",
    .start = cubic_start,
    .threshold_after_loss = cubic_threshold,
    .grow = cubic_grow,
    .sample_rtt = nullptr,
    .enter_state = cubic_enter_state,
    .undo = tcp_reno_undo,
};

} // namespace net
