#include "net/ipv4/tcp_timer.hpp"

// The timers of a connection. There are three on the wheel: one for everything that must be sent again
// (retransmission, or a probe of a closed window: never both, a probe is sent only when nothing is in
// flight), one for ACKs that wait for company, and one for slow matters (keepalive, the limit of FIN_WAIT_2).
//
// The first two are moved with nearly every segment, so moving them must cost nothing: the deadline is a
// field of the sock, and the wheel is touched only when it would fire too late. A timer that fires early
// finds the later deadline and moves itself; one that fires for nothing goes away.
//
// A pending timer holds a reference, taken when it was not pending before and given back by whoever takes it
// off: the function that it calls, or the canceller.

#include "kernel/abi/errno.h"
#include "kernel/lib/container_of.hpp"
#include "kernel/lib/minmax.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/tcp_ack_policy.hpp"
#include "net/ipv4/tcp_output.hpp"
#include "net/ipv4/tcp_recovery.hpp"
#include "net/ipv4/tcp_rtt.hpp"
#include "net/ipv4/tcp_table.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

enum traced_timer : uint64_t { traced_retransmit, traced_probe, traced_delayed_ack, traced_keepalive };

void trace_timer(tcp_sock& sk, traced_timer which) {
    trace(*sk.owner_stack, trace_event::tcp_timer, {.sock = sk.id, .value = {which, sk.backoff}});
}

void set_timer(tcp_sock& sk, timer& which, port::time_ns deadline) {
    if (sk.owner_stack->timers.set(which, deadline)) {
        sk.get();
    }
}

/// Makes the timer fire at the deadline at the latest.
void set_timer_lazily(tcp_sock& sk, timer& which, port::time_ns deadline) {
    if (which.due() > deadline) {
        set_timer(sk, which, deadline);
    }
}

void cancel_timer(tcp_sock& sk, timer& which) {
    if (sk.owner_stack->timers.cancel(which)) {
        const bool last = sk.put();
        ASSERT(!last); // the caller holds one
    }
}

/// How long `attempts` retransmissions with doubling timeouts take in all: what "15 retries" means in
/// seconds, whatever the timeout of this connection is (RFC 1122 §4.2.3.5 wants times, not counts).
port::time_ns time_of_attempts(unsigned attempts, port::time_ns first) {
    port::time_ns total = 0;
    for (unsigned i = 0; i <= attempts; i++) {
        total += tcp_backed_off(first, i);
    }
    return total;
}

bool gave_enough_time(const tcp_sock& sk, unsigned attempts) {
    if (sk.retransmits == 0) {
        return false;
    }
    const port::time_ns limit = sk.user_timeout_ms != 0 ? sk.user_timeout_ms * port::millisecond
                                                        : time_of_attempts(attempts, tcp_rto_minimum);
    return port::now() - sk.unanswered_since >= limit;
}

unsigned unsigned_of(const parameter& of) {
    return static_cast<unsigned>(int{of});
}

port::time_ns seconds_of(const parameter& of) {
    return unsigned_of(of) * port::second;
}

/// How often something may be sent again in vain: RFC 1122 R2, less for an orphan. Linux reads 0 as 8 there.
unsigned attempts_allowed(const tcp_sock& sk) {
    const parameters& settings = sk.owner_stack->settings;
    if (!sk.orphan) {
        return unsigned_of(settings.tcp_retries2);
    }
    const unsigned chosen = unsigned_of(settings.tcp_orphan_retries);
    return chosen != 0 ? chosen : 8;
}

/// The peer has taken its window back over what is in flight. Each copy of that is a probe then, and a peer
/// that answers it, though it takes nothing, must not be called dead (RFC 9293 §3.8.6, SHLD-17; §3.8.6.1,
/// MUST-37).
bool window_closed_over_flight(const tcp_sock& sk) {
    return sk.snd_wnd == 0 && tcp_handshake_over(sk);
}

/// Whether the retransmissions have gone on for long enough to call the peer dead.
bool retransmissions_exhausted(tcp_sock& sk) {
    if (sk.state == tcp_state::syn_sent || sk.state == tcp_state::syn_received) {
        const unsigned limit = sk.state == tcp_state::syn_sent
                                   ? tcp_syn_retry_limit(sk)
                                   : unsigned_of(sk.owner_stack->settings.tcp_synack_retries);
        return sk.retransmits >= limit || (sk.user_timeout_ms != 0 && gave_enough_time(sk, limit));
    }
    // An orphan is not to be kept by such answers, and TCP_USER_TIMEOUT asks for progress.
    if (window_closed_over_flight(sk) && !sk.orphan && sk.user_timeout_ms == 0) {
        sk.unanswered_since = lib::max(sk.unanswered_since, sk.last_ack_received);
    }
    if (sk.retransmits >= unsigned_of(sk.owner_stack->settings.tcp_retries1)) {
        sk.cached_route.generation = 0; // RFC 1122 R1: perhaps another way leads there
    }
    return gave_enough_time(sk, attempts_allowed(sk));
}

void give_up(tcp_sock& sk) {
    count(*sk.owner_stack, mib::tcpext_abort_on_timeout);
    tcp_abort(sk, sk.soft_error != 0 ? sk.soft_error : ETIMEDOUT);
}

/// TCP_USER_TIMEOUT (RFC 5482, tcp(7)) ends a connection when it is over, not at the retransmission or the
/// probe after that.
port::time_ns within_user_timeout(const tcp_sock& sk, port::time_ns since, port::time_ns delay) {
    if (sk.user_timeout_ms == 0) {
        return delay;
    }
    const port::time_ns end = since + sk.user_timeout_ms * port::millisecond;
    const port::time_ns now = port::now();
    return end <= now ? port::millisecond : lib::min(delay, end - now);
}

/// A peer that answers every probe and never opens its window could keep our memory for ever (RFC 6429,
/// CVE-2008-4609). It cannot when no user waits for it any more, or when memory is short: then whoever has
/// been asked most often, which is who stalls longest, goes first.
bool stalls_too_long(const tcp_sock& sk) {
    constexpr unsigned patience_when_short_of_memory = 6; // doublings: about 13 s
    return (sk.orphan && sk.backoff >= attempts_allowed(sk)) ||
           (sk.owner_stack->under_memory_pressure() && sk.backoff >= patience_when_short_of_memory);
}

/// RFC 6298 §5.4 to §5.6: send the oldest segment again, wait twice as long.
void retransmission_timeout(tcp_sock& sk) {
    sk_buff* oldest = sk.retransmit_queue.front();
    if (oldest == nullptr) {
        return;
    }
    const bool stalls = window_closed_over_flight(sk) && stalls_too_long(sk);
    if (stalls) {
        tcp_send_active_reset(sk);
    }
    if (stalls || retransmissions_exhausted(sk)) {
        give_up(sk);
        return;
    }
    if (sk.retransmits == 0) {
        count(*sk.owner_stack, mib::tcpext_timeouts);
        sk.unanswered_since = oldest->tcp.sent_at;
    }
    if (sk.retransmission_started == 0) {
        sk.retransmission_started = oldest->tcp.sent_at;
    }
    tcp_enter_loss(sk);
    oldest = sk.retransmit_queue.front();
    sk.retransmits += sk.retransmits < UINT8_MAX ? 1 : 0;
    if (!tcp_retransmit(sk, *oldest, 1).ok()) {
        // Not the network's fault (no memory, no route): try again soon, without backing off.
        tcp_arm_retransmit(sk, tcp_timer_purpose::retransmit, lib::min(sk.rto, port::second / 2));
        return;
    }
    sk.backoff += sk.backoff < UINT8_MAX ? 1 : 0;
    tcp_arm_retransmit(sk, tcp_timer_purpose::retransmit,
                       within_user_timeout(sk, sk.unanswered_since, tcp_backed_off(sk.rto, sk.backoff)));
}

/// RFC 9293 §3.8.6.1: ask whether the window has opened, for ever as long as the peer answers. A probe that
/// cannot be sent (no route, no memory) has no answer either, and counts.
void probe_timeout(tcp_sock& sk) {
    if (sk.packets_out != 0 || sk.write_queue.empty()) {
        sk.probes_out = 0;
        sk.probing_since = 0;
        return;
    }
    if (sk.probing_since == 0) {
        sk.probing_since = port::now();
    }
    const bool out_of_time =
        sk.user_timeout_ms != 0 && port::now() - sk.probing_since >= sk.user_timeout_ms * port::millisecond;
    const bool stalls = stalls_too_long(sk);
    if (stalls) {
        tcp_send_active_reset(sk); // the peer is there, and is to know
    }
    if (stalls || out_of_time || sk.probes_out >= attempts_allowed(sk)) {
        give_up(sk);
        return;
    }
    count(*sk.owner_stack, mib::tcpext_window_probes);
    (void)tcp_send_probe(sk);
    if (sk.packets_out != 0) {
        return; // data fitted after all, and has the retransmission timer
    }
    sk.probes_out += sk.probes_out < UINT8_MAX ? 1 : 0;
    sk.backoff += sk.backoff < unsigned_of(sk.owner_stack->settings.tcp_retries2) ? 1 : 0;
    tcp_arm_retransmit(sk, tcp_timer_purpose::probe_window, tcp_probe_delay(sk));
}

/// FIN_WAIT_2 without a user must not wait for ever for the peer's FIN.
void fin_wait_2_timeout(tcp_sock& sk) {
    tcp_send_active_reset(sk);
    tcp_done(sk);
}

void keepalive_timeout(tcp_sock& sk) {
    const port::time_ns silent_since = lib::max(sk.last_data_received, sk.last_ack_received);
    const port::time_ns silence = port::now() - silent_since;
    const port::time_ns idle = tcp_keepalive_idle(sk);
    if (sk.packets_out != 0 || !sk.write_queue.empty()) {
        tcp_arm_keepalive(sk, idle); // the retransmission timer watches the peer
        return;
    }
    if (silence < idle) {
        tcp_arm_keepalive(sk, idle - silence);
        return;
    }
    const bool dead = sk.user_timeout_ms != 0
                          ? silence >= sk.user_timeout_ms * port::millisecond && sk.probes_out > 0
                          : sk.probes_out >= tcp_keepalive_limit(sk);
    if (dead) {
        tcp_send_active_reset(sk);
        give_up(sk);
        return;
    }
    count(*sk.owner_stack, mib::tcpext_keepalives);
    (void)tcp_send_probe(sk);
    sk.probes_out += sk.probes_out < UINT8_MAX ? 1 : 0;
    tcp_arm_keepalive(sk, tcp_keepalive_interval(sk));
}

} // namespace

unsigned tcp_syn_retry_limit(const tcp_sock& sk) {
    return sk.syn_retries != 0 ? sk.syn_retries : unsigned_of(sk.owner_stack->settings.tcp_syn_retries);
}

port::time_ns tcp_keepalive_idle(const tcp_sock& sk) {
    return sk.keepalive_idle != 0 ? sk.keepalive_idle
                                  : seconds_of(sk.owner_stack->settings.tcp_keepalive_time);
}

port::time_ns tcp_keepalive_interval(const tcp_sock& sk) {
    return sk.keepalive_interval != 0 ? sk.keepalive_interval
                                      : seconds_of(sk.owner_stack->settings.tcp_keepalive_intvl);
}

unsigned tcp_keepalive_limit(const tcp_sock& sk) {
    return sk.keepalive_probes != 0 ? sk.keepalive_probes
                                    : unsigned_of(sk.owner_stack->settings.tcp_keepalive_probes);
}

port::time_ns tcp_fin_wait_limit(const tcp_sock& sk) {
    return sk.linger2_seconds > 0 ? static_cast<port::time_ns>(sk.linger2_seconds) * port::second
                                  : seconds_of(sk.owner_stack->settings.tcp_fin_timeout);
}

void tcp_arm_retransmit(tcp_sock& sk, tcp_timer_purpose purpose, port::time_ns delay) {
    sk.timer_purpose = purpose;
    sk.retransmit_deadline = port::now() + delay;
    set_timer_lazily(sk, sk.retransmit_timer, sk.retransmit_deadline);
}

void tcp_stop_retransmit(tcp_sock& sk) {
    sk.timer_purpose = tcp_timer_purpose::none;
    sk.retransmit_deadline = port::never;
}

void tcp_rearm_retransmit(tcp_sock& sk) {
    if (sk.packets_out == 0) {
        tcp_stop_retransmit(sk);
    } else {
        tcp_arm_retransmit(sk, tcp_timer_purpose::retransmit, tcp_backed_off(sk.rto, sk.backoff));
    }
}

port::time_ns tcp_probe_delay(const tcp_sock& sk) {
    const port::time_ns delay = tcp_backed_off(lib::max(sk.rto, tcp_rto_minimum), sk.backoff);
    return sk.probing_since != 0 ? within_user_timeout(sk, sk.probing_since, delay) : delay;
}

void tcp_check_probe_timer(tcp_sock& sk) {
    if (sk.packets_out == 0 && sk.timer_purpose == tcp_timer_purpose::none && !sk.write_queue.empty()) {
        tcp_arm_retransmit(sk, tcp_timer_purpose::probe_window, tcp_probe_delay(sk));
    }
}

void tcp_arm_delayed_ack(tcp_sock& sk, port::time_ns deadline) {
    sk.delayed_ack_deadline = deadline;
    set_timer_lazily(sk, sk.delayed_ack_timer, deadline);
}

void tcp_arm_keepalive(tcp_sock& sk, port::time_ns delay) {
    set_timer(sk, sk.keepalive_timer, port::now() + delay);
}

void tcp_stop_keepalive(tcp_sock& sk) {
    cancel_timer(sk, sk.keepalive_timer);
}

void tcp_stop_timers(tcp_sock& sk) {
    tcp_stop_retransmit(sk);
    sk.ack_pending = 0;
    sk.delayed_ack_deadline = port::never;
    cancel_timer(sk, sk.retransmit_timer);
    cancel_timer(sk, sk.delayed_ack_timer);
    cancel_timer(sk, sk.keepalive_timer);
}

void tcp_retransmit_expired(timer& expired) {
    auto sk = lib::ref<tcp_sock>::adopt(&lib::container_of(expired, &tcp_sock::retransmit_timer));
    port::guard hold(sk->sock_lock);
    if (sk->state == tcp_state::closed || sk->timer_purpose == tcp_timer_purpose::none) {
        return;
    }
    if (sk->retransmit_deadline > port::now()) {
        set_timer(*sk, sk->retransmit_timer, sk->retransmit_deadline);
        return;
    }
    const tcp_timer_purpose purpose = sk->timer_purpose;
    tcp_stop_retransmit(*sk);
    if (purpose == tcp_timer_purpose::retransmit) {
        trace_timer(*sk, traced_retransmit);
        retransmission_timeout(*sk);
    } else {
        trace_timer(*sk, traced_probe);
        probe_timeout(*sk);
    }
}

void tcp_delayed_ack_expired(timer& expired) {
    auto sk = lib::ref<tcp_sock>::adopt(&lib::container_of(expired, &tcp_sock::delayed_ack_timer));
    port::guard hold(sk->sock_lock);
    if (sk->state == tcp_state::closed || (sk->ack_pending & tcp_ack_timer) == 0) {
        return;
    }
    if (sk->delayed_ack_deadline > port::now()) {
        set_timer(*sk, sk->delayed_ack_timer, sk->delayed_ack_deadline);
        return;
    }
    trace_timer(*sk, traced_delayed_ack);
    tcp_delayed_ack_timeout(*sk);
}

void tcp_keepalive_expired(timer& expired) {
    auto sk = lib::ref<tcp_sock>::adopt(&lib::container_of(expired, &tcp_sock::keepalive_timer));
    port::guard hold(sk->sock_lock);
    trace_timer(*sk, traced_keepalive);
    if (sk->state == tcp_state::fin_wait_2 && sk->orphan) {
        fin_wait_2_timeout(*sk);
    } else if (sk->keep_alive &&
               !tcp_in(*sk, tcp_state_bit(tcp_state::closed) | tcp_state_bit(tcp_state::syn_sent) |
                                tcp_state_bit(tcp_state::listen))) {
        keepalive_timeout(*sk);
    }
}

} // namespace net
