#include "net/ipv4/tcp_window.hpp"

// The receive window. Three quantities bound it, from the outside in:
//
//   receive_buffer_limit   memory that may hold received packets (SO_RCVBUF); grows by tuning
//   window_clamp           what that memory can hold of payload at best
//   rcv_ssthresh           what is offered at present; starts small and grows as segments prove to use their
//   memory
//                          well, so that a sender of tiny segments cannot make us promise what we cannot keep
//
// Once offered, a window is never taken back (RFC 9293 §3.8.6 forbids shrinking): rcv_wup + rcv_wnd never
// moves left.
//
// The buffer is tuned by "dynamic right-sizing": in one round trip a sender can deliver one window; so if the
// user reads N bytes per round trip, the window must become at least 2 N for the sender to be able to go
// faster.

#include "kernel/lib/minmax.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/tcp_rtt.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

uint32_t largest_buffer(const tcp_sock& sk) {
    return static_cast<uint32_t>(sk.owner_stack->settings.tcp_rmem.maximum);
}

constexpr uint32_t packet_overhead = 640; ///< an estimate of what a packet needs besides its payload

/// What the window field can say.
uint32_t largest_window(const tcp_sock& sk) {
    return 65535u << sk.rcv_wscale;
}
uint32_t scaled_up(const tcp_sock& sk, uint32_t window) {
    return static_cast<uint32_t>(lib::round_up(window, 1ul << sk.rcv_wscale));
}
uint32_t scaled_down(const tcp_sock& sk, uint32_t window) {
    return window >> sk.rcv_wscale << sk.rcv_wscale;
}

/// Without scaling the window moves in whole segments, so that small reads do not advertise small steps.
uint32_t in_whole_segments(const tcp_sock& sk, uint32_t space, uint32_t mss, uint32_t full_space) {
    const uint32_t window = sk.rcv_wnd;
    if (window + mss <= space || window > space) {
        return space / mss * mss;
    }
    if (mss == full_space && space > window + full_space / 2) {
        return space;
    }
    return window;
}

void take_receive_rtt(tcp_sock& sk, uint32_t sample_us, bool upper_bound) {
    const uint32_t estimate = sk.rcv_rtt_us;
    sample_us = lib::max(sample_us, 1u);
    if (estimate == 0) {
        sk.rcv_rtt_us = sample_us << 3;
    } else if (upper_bound) {
        sk.rcv_rtt_us = lib::min(estimate, sample_us << 3);
    } else {
        sk.rcv_rtt_us = estimate - (estimate >> 3) + sample_us;
    }
}

} // namespace

uint32_t tcp_receive_space(const tcp_sock& sk) {
    return sk.receive_memory >= sk.receive_buffer_limit
               ? 0
               : tcp_window_from_memory(sk.receive_buffer_limit - sk.receive_memory);
}

uint32_t tcp_window_to_offer(tcp_sock& sk) {
    const uint32_t full_space = lib::min(sk.window_clamp, tcp_window_from_memory(sk.receive_buffer_limit));
    const uint32_t mss = lib::min(sk.rcv_mss, full_space);
    uint32_t space = tcp_receive_space(sk);
    if (mss == 0) {
        return 0;
    }
    if (space < full_space / 2) {
        sk.quick_acks = 0;
        if (sk.owner_stack->under_memory_pressure()) {
            sk.rcv_ssthresh = lib::min(sk.rcv_ssthresh, 4u * sk.advertised_mss);
        }
        space = scaled_down(sk, space);
        if (space < full_space >> 4 || space < mss) {
            return 0;
        }
    }
    space = lib::min(space, sk.rcv_ssthresh);
    return sk.rcv_wscale != 0 ? scaled_up(sk, space) : in_whole_segments(sk, space, mss, full_space);
}

uint16_t tcp_select_window(tcp_sock& sk) {
    const uint32_t before = sk.rcv_wnd;
    const uint32_t offered = tcp_receive_window(sk);
    uint32_t window = tcp_window_to_offer(sk);
    if (window < offered) {
        if (window == 0) {
            count(*sk.owner_stack, mib::tcpext_want_zero_window);
        }
        window = scaled_up(sk, offered);
    }
    window = lib::min(window, largest_window(sk));
    sk.rcv_wnd = window;
    sk.rcv_wup = sk.rcv_nxt;
    if (window == 0) {
        sk.prediction = false;
        if (before != 0) {
            count(*sk.owner_stack, mib::tcpext_to_zero_window);
        }
    } else if (before == 0) {
        count(*sk.owner_stack, mib::tcpext_from_zero_window);
    }
    return static_cast<uint16_t>(window >> sk.rcv_wscale);
}

tcp_window_choice tcp_initial_window_choice(const tcp_sock& sk, uint32_t clamp, uint32_t mss, bool scaling) {
    const uint32_t buffer_space = tcp_window_from_memory(sk.receive_buffer_limit);
    tcp_window_choice choice;
    choice.clamp = clamp != 0 ? clamp : 65535u << wire::tcp_max_window_scale;
    if (sk.receive_buffer_locked) {
        choice.clamp = lib::min(choice.clamp, buffer_space);
    }
    choice.scale = 0;
    uint32_t space = lib::min(buffer_space, choice.clamp);
    if (space > mss) {
        space = space / mss * mss;
    }
    choice.window = lib::min(space, 65535u);
    if (scaling) {
        // The scale must do for the largest window that the buffer may ever grow to.
        const parameters& settings = sk.owner_stack->settings;
        uint32_t largest = lib::max(space, static_cast<uint32_t>(settings.tcp_rmem.maximum));
        largest = lib::max(largest, static_cast<uint32_t>(settings.rmem_max));
        largest = lib::min(largest, choice.clamp);
        while (largest > 65535 && choice.scale < wire::tcp_max_window_scale) {
            largest >>= 1;
            choice.scale++;
        }
    }
    choice.clamp = lib::min(choice.clamp, 65535u << choice.scale);
    return choice;
}

void tcp_init_receive_tuning(tcp_sock& sk) {
    const uint32_t most = tcp_window_from_memory(sk.receive_buffer_limit);
    sk.rcvq_space = lib::min(sk.rcv_wnd, tcp_receive_space(sk));
    sk.rcvq_space = lib::max(lib::min(sk.rcvq_space, 10u * sk.advertised_mss), 1u);
    sk.rcvq_seq = sk.copied_seq;
    sk.rcvq_time = port::now();
    if (sk.window_clamp >= most) {
        sk.window_clamp = most;
    }
    sk.rcv_ssthresh = lib::min(sk.rcv_ssthresh, sk.window_clamp);
}

void tcp_grow_window(tcp_sock& sk, const sk_buff& skb) {
    const uint32_t bound = lib::min(sk.window_clamp, tcp_receive_space(sk));
    if (bound <= sk.rcv_ssthresh || sk.owner_stack->under_memory_pressure()) {
        return;
    }
    uint32_t step = 0;
    if (tcp_window_from_memory(skb.truesize) <= skb.length()) {
        step = 2u * sk.advertised_mss;
    } else {
        // A segment that fills its memory badly may still raise a window that is far from the limit.
        uint32_t memory = tcp_window_from_memory(skb.truesize) / 2;
        uint32_t window = tcp_window_from_memory(largest_buffer(sk)) / 2;
        while (sk.rcv_ssthresh <= window && memory > skb.length()) {
            memory /= 2;
            window /= 2;
        }
        step = sk.rcv_ssthresh <= window ? 2 * sk.rcv_mss : 0;
    }
    if (step != 0) {
        sk.rcv_ssthresh += lib::min(bound - sk.rcv_ssthresh, lib::max(step, 2 * skb.length()));
        sk.quick_acks |= 1;
    }
}

void tcp_tune_receive_buffer(tcp_sock& sk) {
    const uint64_t since_us = (port::now() - sk.rcvq_time) / port::microsecond;
    if (sk.rcv_rtt_us == 0 || since_us < sk.rcv_rtt_us >> 3) {
        return;
    }
    const auto copied = static_cast<uint32_t>(sk.copied_seq - sk.rcvq_seq);
    if (copied > sk.rcvq_space) {
        if (!sk.receive_buffer_locked && sk.owner_stack->settings.tcp_moderate_rcvbuf &&
            !sk.owner_stack->under_memory_pressure()) {
            const uint32_t mss = lib::max<uint32_t>(sk.advertised_mss, 88);
            uint64_t window = 2 * uint64_t{copied} + 16 * mss;
            window +=
                2 * (window * (copied - sk.rcvq_space) / sk.rcvq_space); // the sender may be in slow start
            const uint64_t memory_per_segment = lib::max(2 * mss, mss + packet_overhead);
            const uint64_t wanted = window / mss * memory_per_segment;
            const auto limit = static_cast<uint32_t>(lib::min<uint64_t>(wanted, largest_buffer(sk)));
            if (limit > sk.receive_buffer_limit) {
                sk.receive_buffer_limit = limit;
                // A window that cannot be said would be announced again and again, each time as a duplicate
                // ACK, which makes the sender repeat what has arrived.
                sk.window_clamp = lib::min(tcp_window_from_memory(limit), largest_window(sk));
            }
        }
        sk.rcvq_space = copied;
    }
    sk.rcvq_seq = sk.copied_seq;
    sk.rcvq_time = port::now();
}

void tcp_measure_receive_rtt(tcp_sock& sk, const sk_buff& skb) {
    if (sk.saw_timestamp && skb.length() >= sk.rcv_mss) {
        const uint32_t rtt_us = tcp_rtt_from_echo(sk);
        if (rtt_us != 0) {
            take_receive_rtt(sk, rtt_us, false);
            return;
        }
    }
    // One window takes at least one round trip.
    if (sk.rcv_rtt_time == 0 || sk.rcv_nxt >= sk.rcv_rtt_seq) {
        const port::time_ns now = port::now();
        if (sk.rcv_rtt_time != 0) {
            take_receive_rtt(sk, static_cast<uint32_t>((now - sk.rcv_rtt_time) / port::microsecond), true);
        }
        sk.rcv_rtt_seq = sk.rcv_nxt + sk.rcv_wnd;
        sk.rcv_rtt_time = now;
    }
}

void tcp_clamp_window(tcp_sock& sk) {
    sk.quick_acks = 0;
    if (sk.receive_buffer_limit < sk.receive_memory && !sk.receive_buffer_locked) {
        sk.receive_buffer_limit = lib::min(sk.receive_memory, largest_buffer(sk));
    }
    sk.rcv_ssthresh = lib::min(sk.window_clamp, 2u * sk.advertised_mss);
}

} // namespace net
