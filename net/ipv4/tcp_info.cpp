#include "net/ipv4/tcp_verbs.hpp"

// getsockopt(TCP_INFO): what ss -i and measuring programs read. Fields and units are Linux's
// (kernel/abi/tcp.h).

#include "kernel/abi/tcp.h"
#include "kernel/lib/minmax.hpp"
#include "net/ipv4/tcp_congestion.hpp"
#include "net/ipv4/tcp_listen.hpp"
#include "net/ipv4/tcp_output.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

uint32_t milliseconds_since(port::time_ns then) {
    return then == 0 ? 0 : static_cast<uint32_t>((port::now() - then) / port::millisecond);
}

void fill_options(const tcp_sock& sk, ::tcp_info& info) {
    info.tcpi_options = static_cast<uint8_t>(
        (sk.timestamps_ok ? TCPI_OPT_TIMESTAMPS : 0) | (sk.sack_ok ? TCPI_OPT_SACK : 0) |
        (sk.window_scaling ? TCPI_OPT_WSCALE : 0) | ((sk.ecn & tcp_ecn_agreed) != 0 ? TCPI_OPT_ECN : 0) |
        ((sk.ecn & tcp_ecn_seen) != 0 ? TCPI_OPT_ECN_SEEN : 0));
    info.tcpi_snd_wscale = sk.snd_wscale & 0xf;
    info.tcpi_rcv_wscale = sk.rcv_wscale & 0xf;
}

void fill_sender(const tcp_sock& sk, ::tcp_info& info) {
    info.tcpi_snd_mss = sk.mss_cache;
    info.tcpi_unacked = sk.packets_out;
    info.tcpi_sacked = sk.sacked_out;
    info.tcpi_lost = sk.lost_out;
    info.tcpi_retrans = sk.retransmitted_out;
    info.tcpi_snd_ssthresh = sk.snd_ssthresh;
    info.tcpi_snd_cwnd = sk.snd_cwnd;
    info.tcpi_reordering = sk.reordering;
    info.tcpi_total_retrans = sk.total_retransmits;
    info.tcpi_bytes_acked = sk.bytes_acked;
    info.tcpi_bytes_sent = sk.bytes_sent;
    info.tcpi_bytes_retrans = sk.bytes_retransmitted;
    info.tcpi_segs_out = sk.segments_out;
    info.tcpi_data_segs_out = sk.data_segments_out;
    const int32_t not_sent = sk.write_seq - sk.snd_nxt;
    info.tcpi_notsent_bytes = not_sent > 0 ? static_cast<uint32_t>(not_sent) : 0;
    info.tcpi_delivered = sk.delivered;
    info.tcpi_delivered_ce = sk.delivered_marked;
    info.tcpi_dsack_dups = sk.dsack_duplicates;
    info.tcpi_snd_wnd = sk.snd_wnd;
    info.tcpi_pmtu = sk.path_mtu;
}

void fill_receiver(const tcp_sock& sk, ::tcp_info& info) {
    info.tcpi_rcv_mss = sk.rcv_mss;
    info.tcpi_advmss = sk.advertised_mss;
    info.tcpi_rcv_ssthresh = sk.rcv_ssthresh;
    info.tcpi_rcv_rtt = sk.rcv_rtt_us >> 3;
    info.tcpi_rcv_space = sk.rcvq_space;
    info.tcpi_bytes_received = sk.bytes_received;
    info.tcpi_segs_in = sk.segments_in;
    info.tcpi_data_segs_in = sk.data_segments_in;
    info.tcpi_rcv_ooopack = sk.out_of_order_segments;
    info.tcpi_ato = static_cast<uint32_t>(sk.ack_timeout / port::microsecond);
}

void fill_times(const tcp_sock& sk, ::tcp_info& info) {
    info.tcpi_rto = static_cast<uint32_t>(sk.rto / port::microsecond);
    info.tcpi_rtt = sk.srtt_us >> 3;
    info.tcpi_rttvar = sk.mdev_us >> 2;
    info.tcpi_min_rtt = sk.min_rtt_us;
    info.tcpi_last_data_sent = milliseconds_since(sk.last_data_sent);
    info.tcpi_last_data_recv = milliseconds_since(sk.last_data_received);
    info.tcpi_last_ack_recv = milliseconds_since(sk.last_ack_received);
    info.tcpi_retransmits = sk.retransmits;
    info.tcpi_probes = sk.probes_out;
    info.tcpi_backoff = sk.backoff;
}

} // namespace

void tcp_fill_info(tcp_sock& sk, ::tcp_info& info) {
    info.tcpi_state = static_cast<uint8_t>(sk.state);
    info.tcpi_ca_state = static_cast<uint8_t>(sk.recovery);
    if (sk.state == tcp_state::listen) {
        info.tcpi_unacked = sk.listener->accept_count; // as on Linux: how many wait, and how many may
        info.tcpi_sacked = sk.listener->backlog;
        return;
    }
    fill_options(sk, info);
    fill_sender(sk, info);
    fill_receiver(sk, info);
    fill_times(sk, info);
}

} // namespace net
