#pragma once
// What an acknowledgment does: it frees what was delivered, measures the round trip, opens windows, and tells
// loss recovery what it needs. sock_lock held.

#include "net/ipv4/tcp.hpp"

namespace net {

/// Everything that one ACK told; filled on the way through tcp_ack, read by loss recovery.
struct tcp_ack_event {
    wire::seq prior_una;
    bool carries_data = false;
    bool una_advanced = false;
    bool window_differs = false; ///< from what is known: no duplicate ACK (RFC 5681 §2)
    bool window_opened = false;  ///< that was closed
    bool data_acked = false;
    bool syn_acked = false;
    bool retransmitted_acked = false; ///< part of what was acknowledged had been sent more than once
    bool newly_sacked = false;
    bool duplicate_sack = false;  ///< a D-SACK came (RFC 2883)
    bool congestion_echo = false; ///< ECE: something was marked on the way (RFC 3168)
    uint32_t acked_segments = 0;  ///< by the cumulative ACK
    uint32_t delivered = 0;       ///< newly known to have arrived, cumulatively or by SACK
    uint32_t newly_lost = 0;
    uint64_t rtt_us = 0;      ///< of data that was sent once, 0 = none
    uint64_t sack_rtt_us = 0; ///< the same from newly SACKed data
};

enum class tcp_ack_verdict : uint8_t {
    acceptable,
    old,         ///< acknowledges less than is known already
    too_old,     ///< so much less that it cannot be an honest duplicate (RFC 5961 §5.2)
    unsent_data, ///< acknowledges what was never sent
};

/// Processes the ACK of a segment (RFC 9293 §3.10.7.4, fifth step).
tcp_ack_verdict tcp_ack(tcp_sock& sk, const sk_buff& skb, const wire::tcp_options& options);

} // namespace net
