#include "net/ipv4/tcp_rtt.hpp"

// The estimator of RFC 6298 (Jacobson and Karels): with each sample R
//
//   SRTT   += (R - SRTT) / 8            kept as srtt_us, eight times the value
//   RTTVAR += (|R - SRTT| - RTTVAR) / 4 kept as mdev_us, four times the value
//   RTO     = SRTT + 4 * RTTVAR         mdev_us is just that 4 * RTTVAR
//
// with two refinements that Linux made and peers' expectations follow: the variance term never falls below
// 200 ms, and it falls only once per round trip (rtt_seq), to the largest deviation of that round trip, so
// that many samples in one window do not wear it down. A sudden drop of the RTT raises the deviation at 1/8
// of the usual speed only: the network got faster, that is no reason to wait longer.

#include "kernel/lib/minmax.hpp"
#include "net/ipv4/tcp_table.hpp"

namespace net {

namespace {

constexpr uint32_t rto_minimum_us = tcp_rto_minimum / port::microsecond;

void take_first_sample(tcp_sock& sk, uint32_t rtt_us) {
    sk.srtt_us = rtt_us << 3;
    sk.mdev_us = rtt_us << 1;
    sk.rttvar_us = lib::max(sk.mdev_us, rto_minimum_us);
    sk.mdev_max_us = sk.rttvar_us;
    sk.rtt_seq = sk.snd_nxt;
}

void update_deviation(tcp_sock& sk, int64_t error_us) {
    int64_t change = (error_us < 0 ? -error_us : error_us) - (sk.mdev_us >> 2);
    if (error_us < 0 && change > 0) {
        change >>= 3;
    }
    sk.mdev_us = static_cast<uint32_t>(sk.mdev_us + change);
    if (sk.mdev_us > sk.mdev_max_us) {
        sk.mdev_max_us = sk.mdev_us;
        sk.rttvar_us = lib::max(sk.rttvar_us, sk.mdev_max_us);
    }
    if (sk.snd_una > sk.rtt_seq) { // a round trip is over
        if (sk.mdev_max_us < sk.rttvar_us) {
            sk.rttvar_us -= (sk.rttvar_us - sk.mdev_max_us) >> 2;
        }
        sk.rtt_seq = sk.snd_nxt;
        sk.mdev_max_us = rto_minimum_us;
    }
}

} // namespace

void tcp_take_rtt_sample(tcp_sock& sk, uint32_t rtt_us) {
    constexpr uint32_t longest_us = 1u << 27; // 134 s: keeps the scaled values inside 32 bits
    rtt_us = lib::clamp(rtt_us, 1u, longest_us);
    sk.min_rtt_us = lib::min(sk.min_rtt_us, rtt_us);
    if (sk.srtt_us == 0) {
        take_first_sample(sk, rtt_us);
    } else {
        const int64_t error_us = int64_t{rtt_us} - (sk.srtt_us >> 3);
        sk.srtt_us = static_cast<uint32_t>(lib::max<int64_t>(1, sk.srtt_us + error_us));
        update_deviation(sk, error_us);
    }
    tcp_update_rto(sk);
    sk.backoff = 0;
}

void tcp_begin_rtt(tcp_sock& sk) {
    if (sk.srtt_us != 0) {
        return;
    }
    if (const uint32_t rtt_us = tcp_rtt_of_handshake(sk); rtt_us != 0) {
        tcp_take_rtt_sample(sk, rtt_us);
    } else {
        sk.rto = tcp_rto_unmeasured;
        sk.backoff = 0;
    }
}

void tcp_update_rto(tcp_sock& sk) {
    const port::time_ns rto = (port::time_ns{sk.srtt_us >> 3} + sk.rttvar_us) * port::microsecond;
    sk.rto = lib::min(rto, tcp_rto_maximum);
}

port::time_ns tcp_backed_off(port::time_ns base, unsigned backoff) {
    return backoff >= 20 ? tcp_rto_maximum : lib::min(base << backoff, tcp_rto_maximum);
}

uint32_t tcp_timestamp_now(const tcp_sock& sk) {
    return tcp_timestamp_clock() + sk.ts_offset;
}

uint32_t tcp_rtt_from_echo(const tcp_sock& sk) {
    if (!sk.saw_timestamp || sk.received_tsecr == 0) {
        return 0;
    }
    const uint32_t elapsed_ms = tcp_timestamp_now(sk) - sk.received_tsecr;
    // An echo from the future, or older than a timeout can be, is none of ours.
    return elapsed_ms > 120'000 ? 0 : lib::max(elapsed_ms, 1u) * 1000;
}

uint32_t tcp_rtt_of_handshake(const tcp_sock& sk) {
    const uint32_t rtt_us = tcp_rtt_from_echo(sk);
    const bool repeated = sk.total_retransmits != 0;
    return repeated && rtt_us * port::microsecond >= tcp_rto_initial ? 0 : rtt_us;
}

} // namespace net
