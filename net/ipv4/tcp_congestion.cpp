#include "net/ipv4/tcp_congestion.hpp"

// What the policies share: the list of them, slow start, additive increase, and the two rules that keep the
// window honest: it shrinks after idle times, and it grows only while it is what limits the sender. Without
// the second rule a slow application would "earn" a huge window and one day fire it all at once.

#include "kernel/abi/errno.h"
#include "kernel/lib/minmax.hpp"
#include "kernel/lib/string.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

const tcp_congestion_ops* const policies[] = {&tcp_cubic, &tcp_reno};

} // namespace

const tcp_congestion_ops& tcp_default_congestion(const stack& in) {
    const tcp_congestion_ops* chosen = __atomic_load_n(&in.settings.tcp_congestion_control, __ATOMIC_RELAXED);
    return chosen != nullptr ? *chosen : *policies[0];
}

void tcp_read_available_congestion(stack&, report_writer& to) {
    for (const tcp_congestion_ops* policy : policies) {
        to.print("%s%s", policy == policies[0] ? "" : " ", policy->name);
    }
    to.print("\n");
}

void tcp_read_default_congestion(stack& in, report_writer& to) {
    to.print("%s\n", tcp_default_congestion(in).name);
}

lib::result<void> tcp_write_default_congestion(stack& in, const char* name, size_t length) {
    size_t characters = 0;
    while (characters < length && name[characters] != '\n') {
        characters++;
    }
    const tcp_congestion_ops* policy = tcp_find_congestion(name, characters);
    if (policy == nullptr) {
        return lib::error{ENOENT};
    }
    __atomic_store_n(&in.settings.tcp_congestion_control, policy, __ATOMIC_RELAXED);
    return {};
}

const tcp_congestion_ops* tcp_find_congestion(const char* name, size_t length) {
    for (const tcp_congestion_ops* policy : policies) {
        if (strlen(policy->name) == length && strncmp(policy->name, name, length) == 0) {
            return policy;
        }
    }
    return nullptr;
}

void tcp_set_congestion(tcp_sock& sk, const tcp_congestion_ops& policy) {
    sk.congestion = &policy;
    for (uint64_t& word : sk.congestion_state) {
        word = 0;
    }
    if (policy.start != nullptr) {
        policy.start(sk);
    }
}

uint32_t tcp_slow_start(tcp_sock& sk, uint32_t segments) {
    const uint32_t target = lib::min(sk.snd_cwnd + segments, sk.snd_ssthresh);
    const uint32_t used = target - sk.snd_cwnd;
    sk.snd_cwnd = lib::min(target, tcp_window_limit);
    return segments - used;
}

void tcp_congestion_avoidance(tcp_sock& sk, uint32_t per_window, uint32_t segments) {
    if (sk.snd_cwnd_count >= per_window) { // collected at a slower pace: spent gently, as by Linux
        sk.snd_cwnd_count = 0;
        sk.snd_cwnd = lib::min(sk.snd_cwnd + 1, tcp_window_limit);
    }
    sk.snd_cwnd_count += segments;
    if (sk.snd_cwnd_count >= per_window) {
        sk.snd_cwnd = lib::min(sk.snd_cwnd + sk.snd_cwnd_count / per_window, tcp_window_limit);
        sk.snd_cwnd_count %= per_window;
    }
}

void tcp_restart_after_idle(tcp_sock& sk) {
    if (sk.packets_out != 0 || sk.last_data_sent == 0 ||
        !sk.owner_stack->settings.tcp_slow_start_after_idle) {
        return;
    }
    port::time_ns idle = port::now() - sk.last_data_sent;
    if (idle <= sk.rto) {
        return;
    }
    const uint32_t restart = lib::min(tcp_initial_window, sk.snd_cwnd);
    sk.snd_ssthresh = lib::max(sk.snd_ssthresh, sk.snd_cwnd * 3 / 4);
    while (idle > sk.rto && sk.snd_cwnd > restart) {
        sk.snd_cwnd >>= 1;
        idle -= sk.rto;
    }
    sk.snd_cwnd = lib::max(sk.snd_cwnd, restart);
    sk.cwnd_stamp = port::now();
    sk.cwnd_used = 0;
}

void tcp_note_window_use(tcp_sock& sk, bool limited) {
    // The largest flight of this window, and whether the window bounded it.
    if (!(sk.snd_una < sk.max_packets_seq) || sk.packets_out > sk.max_packets_out || limited) {
        sk.max_packets_out = sk.packets_out;
        sk.max_packets_seq = sk.snd_nxt;
        sk.cwnd_limited = limited;
    }
    if (limited) {
        sk.cwnd_used = 0;
        sk.cwnd_stamp = port::now();
    }
}

bool tcp_window_is_limit(const tcp_sock& sk) {
    if (sk.cwnd_limited) {
        return true;
    }
    // In slow start the window may double what is really used.
    return tcp_in_slow_start(sk) && sk.snd_cwnd < 2 * sk.max_packets_out;
}

} // namespace net
