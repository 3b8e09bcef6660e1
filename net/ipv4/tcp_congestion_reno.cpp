#include "net/ipv4/tcp_congestion.hpp"

// Reno (RFC 5681): in slow start one segment more for each that was acknowledged, so the window doubles every
// round trip; from the threshold on one segment more per round trip; after a loss half of what was in flight.
// Counting acknowledged segments rather than ACKs (RFC 3465) keeps a receiver that splits its ACKs from
// inflating the window.

#include "kernel/lib/minmax.hpp"

namespace net {

namespace {

void reno_grow(tcp_sock& sk, uint32_t segments) {
    if (!tcp_window_is_limit(sk)) {
        return;
    }
    if (tcp_in_slow_start(sk)) {
        segments = tcp_slow_start(sk, segments);
        if (segments == 0) {
            return;
        }
    }
    tcp_congestion_avoidance(sk, sk.snd_cwnd, segments);
}

} // namespace

uint32_t tcp_reno_threshold(tcp_sock& sk, uint32_t flight) {
    // What is outstanding beyond the window was sent by limited transmit and does not count (§3.2 step 2).
    return lib::max(lib::min(flight, sk.snd_cwnd) / 2, 2u);
}

uint32_t tcp_reno_undo(tcp_sock& sk) {
    return lib::max(sk.snd_cwnd, sk.prior_cwnd);
}

const tcp_congestion_ops tcp_reno = {
    .name = "reno",
    .start = nullptr,
    .threshold_after_loss = tcp_reno_threshold,
    .grow = reno_grow,
    .sample_rtt = nullptr,
    .enter_state = nullptr,
    .undo = tcp_reno_undo,
};

} // namespace net
