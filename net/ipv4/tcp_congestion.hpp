#pragma once
// Congestion control: how much may be in flight. The mechanism (loss detection, recovery, the window of RFC
// 6937 while it lasts) is in tcp_recovery.cpp and the same for all; the policy is a table of functions,
// chosen by name with TCP_CONGESTION. The window counts segments. All functions: sock_lock held.

#include "net/ipv4/tcp.hpp"

namespace net {

struct tcp_congestion_ops {
    const char* name;
    /// Starts afresh; nullptr: no state of its own.
    void (*start)(tcp_sock& sk);
    /// The threshold after a loss with `flight` segments outstanding: what share of the window to keep.
    uint32_t (*threshold_after_loss)(tcp_sock& sk, uint32_t flight);
    /// `segments` were newly acknowledged while the window was the limit: grow it.
    void (*grow)(tcp_sock& sk, uint32_t segments);
    /// An RTT was measured; nullptr: not interested.
    void (*sample_rtt)(tcp_sock& sk, uint32_t rtt_us);
    /// Recovery state changed, to loss above all; nullptr: not interested.
    void (*enter_state)(tcp_sock& sk, tcp_recovery_state next);
    /// The window to go back to when a reduction proved needless.
    uint32_t (*undo)(tcp_sock& sk);
};

extern const tcp_congestion_ops tcp_cubic;
extern const tcp_congestion_ops tcp_reno;

/// The policy of that name, or nullptr.
const tcp_congestion_ops* tcp_find_congestion(const char* name, size_t length);
/// The one of connections that choose none: tcp_congestion_control, at first the first of the list.
const tcp_congestion_ops& tcp_default_congestion(const stack& in);

// Files below /proc/sys/net/ipv4 (net/core/sysctl.hpp).
void tcp_read_available_congestion(stack& in, report_writer& to);
void tcp_read_default_congestion(stack& in, report_writer& to);
lib::result<void> tcp_write_default_congestion(stack& in, const char* name, size_t length); ///< ENOENT

/// Gives a connection the policy and starts it.
void tcp_set_congestion(tcp_sock& sk, const tcp_congestion_ops& policy);

constexpr uint32_t tcp_initial_window = 10; ///< RFC 6928
constexpr uint32_t tcp_infinite_threshold = 0x7fffffff;
constexpr uint32_t tcp_window_limit = 1u << 20; ///< segments; keeps the arithmetic in range

inline bool tcp_in_slow_start(const tcp_sock& sk) {
    return sk.snd_cwnd < sk.snd_ssthresh;
}
/// Slow start for up to `segments`, to the threshold at most; returns how many are left over.
uint32_t tcp_slow_start(tcp_sock& sk, uint32_t segments);
/// Additive increase: one segment more for every `per_window` acknowledged.
void tcp_congestion_avoidance(tcp_sock& sk, uint32_t per_window, uint32_t segments);
/// RFC 5681 §3.1 (4): half of the flight, and never below two.
uint32_t tcp_reno_threshold(tcp_sock& sk, uint32_t flight);
uint32_t tcp_reno_undo(tcp_sock& sk);

/// Before data is queued: after an idle time as long as a timeout the window has lost its meaning (RFC 5681
/// §4.1).
void tcp_restart_after_idle(tcp_sock& sk);
/// Notes how much of the window a burst used, so that a window that is not the limit does not grow (RFC
/// 7661).
void tcp_note_window_use(tcp_sock& sk, bool limited);
/// Whether growing the window makes sense.
bool tcp_window_is_limit(const tcp_sock& sk);

} // namespace net
