#pragma once
// The counters of /proc/net/snmp and /proc/net/netstat (RFC 4293, 4022, 4113 and Linux's additions), in
// Linux's order, because programs read the columns by it. One list per line of these files.

#include "net/port.hpp"
#include "net/stack.hpp"

#include <cstdint>

namespace net {

/// identifier, name in /proc. A value that is computed and not counted is marked in snmp.cpp.
#define NET_SNMP_IP(MIB)                                                                                     \
    MIB(ip_in_receives, "InReceives")                                                                        \
    MIB(ip_in_header_errors, "InHdrErrors")                                                                  \
    MIB(ip_in_address_errors, "InAddrErrors")                                                                \
    MIB(ip_forwarded, "ForwDatagrams")                                                                       \
    MIB(ip_in_unknown_protocols, "InUnknownProtos")                                                          \
    MIB(ip_in_discards, "InDiscards")                                                                        \
    MIB(ip_in_delivers, "InDelivers")                                                                        \
    MIB(ip_out_requests, "OutRequests")                                                                      \
    MIB(ip_out_discards, "OutDiscards")                                                                      \
    MIB(ip_out_no_routes, "OutNoRoutes")                                                                     \
    MIB(ip_reassembly_timeouts, "ReasmTimeout")                                                              \
    MIB(ip_reassembly_required, "ReasmReqds")                                                                \
    MIB(ip_reassembly_ok, "ReasmOKs")                                                                        \
    MIB(ip_reassembly_failures, "ReasmFails")                                                                \
    MIB(ip_fragmented_ok, "FragOKs")                                                                         \
    MIB(ip_fragmented_failures, "FragFails")                                                                 \
    MIB(ip_fragments_created, "FragCreates")

#define NET_SNMP_ICMP(MIB)                                                                                   \
    MIB(icmp_in_messages, "InMsgs")                                                                          \
    MIB(icmp_in_errors, "InErrors")                                                                          \
    MIB(icmp_in_checksum_errors, "InCsumErrors")                                                             \
    MIB(icmp_in_unreachable, "InDestUnreachs")                                                               \
    MIB(icmp_in_time_exceeded, "InTimeExcds")                                                                \
    MIB(icmp_in_parameter_problem, "InParmProbs")                                                            \
    MIB(icmp_in_source_quench, "InSrcQuenchs")                                                               \
    MIB(icmp_in_redirect, "InRedirects")                                                                     \
    MIB(icmp_in_echo, "InEchos")                                                                             \
    MIB(icmp_in_echo_reply, "InEchoReps")                                                                    \
    MIB(icmp_in_timestamp, "InTimestamps")                                                                   \
    MIB(icmp_in_timestamp_reply, "InTimestampReps")                                                          \
    MIB(icmp_in_address_mask, "InAddrMasks")                                                                 \
    MIB(icmp_in_address_mask_reply, "InAddrMaskReps")                                                        \
    MIB(icmp_out_messages, "OutMsgs")                                                                        \
    MIB(icmp_out_errors, "OutErrors")                                                                        \
    MIB(icmp_out_rate_limit_global, "OutRateLimitGlobal")                                                    \
    MIB(icmp_out_rate_limit_host, "OutRateLimitHost")                                                        \
    MIB(icmp_out_unreachable, "OutDestUnreachs")                                                             \
    MIB(icmp_out_time_exceeded, "OutTimeExcds")                                                              \
    MIB(icmp_out_parameter_problem, "OutParmProbs")                                                          \
    MIB(icmp_out_source_quench, "OutSrcQuenchs")                                                             \
    MIB(icmp_out_redirect, "OutRedirects")                                                                   \
    MIB(icmp_out_echo, "OutEchos")                                                                           \
    MIB(icmp_out_echo_reply, "OutEchoReps")                                                                  \
    MIB(icmp_out_timestamp, "OutTimestamps")                                                                 \
    MIB(icmp_out_timestamp_reply, "OutTimestampReps")                                                        \
    MIB(icmp_out_address_mask, "OutAddrMasks")                                                               \
    MIB(icmp_out_address_mask_reply, "OutAddrMaskReps")

#define NET_SNMP_TCP(MIB)                                                                                    \
    MIB(tcp_active_opens, "ActiveOpens")                                                                     \
    MIB(tcp_passive_opens, "PassiveOpens")                                                                   \
    MIB(tcp_attempt_fails, "AttemptFails")                                                                   \
    MIB(tcp_established_resets, "EstabResets")                                                               \
    MIB(tcp_current_established, "CurrEstab")                                                                \
    MIB(tcp_in_segments, "InSegs")                                                                           \
    MIB(tcp_out_segments, "OutSegs")                                                                         \
    MIB(tcp_retransmitted_segments, "RetransSegs")                                                           \
    MIB(tcp_in_errors, "InErrs")                                                                             \
    MIB(tcp_out_resets, "OutRsts")                                                                           \
    MIB(tcp_in_checksum_errors, "InCsumErrors")

#define NET_SNMP_UDP(MIB)                                                                                    \
    MIB(udp_in_datagrams, "InDatagrams")                                                                     \
    MIB(udp_no_ports, "NoPorts")                                                                             \
    MIB(udp_in_errors, "InErrors")                                                                           \
    MIB(udp_out_datagrams, "OutDatagrams")                                                                   \
    MIB(udp_receive_buffer_errors, "RcvbufErrors")                                                           \
    MIB(udp_send_buffer_errors, "SndbufErrors")                                                              \
    MIB(udp_in_checksum_errors, "InCsumErrors")                                                              \
    MIB(udp_ignored_multicast, "IgnoredMulti")                                                               \
    MIB(udp_memory_errors, "MemErrors")

/// Those of Linux's TcpExt that this stack counts; a reader finds the columns by their names.
#define NET_SNMP_TCP_EXT(MIB)                                                                                \
    MIB(tcpext_syncookies_sent, "SyncookiesSent")                                                            \
    MIB(tcpext_syncookies_received, "SyncookiesRecv")                                                        \
    MIB(tcpext_syncookies_failed, "SyncookiesFailed")                                                        \
    MIB(tcpext_embryonic_resets, "EmbryonicRsts")                                                            \
    MIB(tcpext_prune_called, "PruneCalled")                                                                  \
    MIB(tcpext_receive_pruned, "RcvPruned")                                                                  \
    MIB(tcpext_out_of_order_pruned, "OfoPruned")                                                             \
    MIB(tcpext_out_of_window_icmps, "OutOfWindowIcmps")                                                      \
    MIB(tcpext_time_wait, "TW")                                                                              \
    MIB(tcpext_time_wait_recycled, "TWRecycled")                                                             \
    MIB(tcpext_paws_established, "PAWSEstab")                                                                \
    MIB(tcpext_delayed_acks, "DelayedACKs")                                                                  \
    MIB(tcpext_delayed_ack_lost, "DelayedACKLost")                                                           \
    MIB(tcpext_listen_overflows, "ListenOverflows")                                                          \
    MIB(tcpext_listen_drops, "ListenDrops")                                                                  \
    MIB(tcpext_header_predictions, "TCPHPHits")                                                              \
    MIB(tcpext_pure_acks, "TCPPureAcks")                                                                     \
    MIB(tcpext_predicted_acks, "TCPHPAcks")                                                                  \
    MIB(tcpext_reno_recovery, "TCPRenoRecovery")                                                             \
    MIB(tcpext_sack_recovery, "TCPSackRecovery")                                                             \
    MIB(tcpext_sack_reneging, "TCPSACKReneging")                                                             \
    MIB(tcpext_reno_reorder, "TCPRenoReorder")                                                               \
    MIB(tcpext_full_undo, "TCPFullUndo")                                                                     \
    MIB(tcpext_partial_undo, "TCPPartialUndo")                                                               \
    MIB(tcpext_lost_retransmit, "TCPLostRetransmit")                                                         \
    MIB(tcpext_fast_retransmits, "TCPFastRetrans")                                                           \
    MIB(tcpext_slow_start_retransmits, "TCPSlowStartRetrans")                                                \
    MIB(tcpext_timeouts, "TCPTimeouts")                                                                      \
    MIB(tcpext_loss_probes, "TCPLossProbes")                                                                 \
    MIB(tcpext_backlog_coalesce, "TCPBacklogCoalesce")                                                       \
    MIB(tcpext_dsack_old_sent, "TCPDSACKOldSent")                                                            \
    MIB(tcpext_dsack_received, "TCPDSACKRecv")                                                               \
    MIB(tcpext_abort_on_data, "TCPAbortOnData")                                                              \
    MIB(tcpext_abort_on_close, "TCPAbortOnClose")                                                            \
    MIB(tcpext_abort_on_memory, "TCPAbortOnMemory")                                                          \
    MIB(tcpext_abort_on_timeout, "TCPAbortOnTimeout")                                                        \
    MIB(tcpext_abort_on_linger, "TCPAbortOnLinger")                                                          \
    MIB(tcpext_abort_failed, "TCPAbortFailed")                                                               \
    MIB(tcpext_memory_pressures, "TCPMemoryPressures")                                                       \
    MIB(tcpext_min_ttl_drops, "TCPMinTTLDrop")                                                               \
    MIB(tcpext_defer_accept_drops, "TCPDeferAcceptDrop")                                                     \
    MIB(tcpext_receive_coalesce, "TCPRcvCoalesce")                                                           \
    MIB(tcpext_out_of_order_queue, "TCPOFOQueue")                                                            \
    MIB(tcpext_out_of_order_drop, "TCPOFODrop")                                                              \
    MIB(tcpext_out_of_order_merge, "TCPOFOMerge")                                                            \
    MIB(tcpext_challenge_acks, "TCPChallengeACK")                                                            \
    MIB(tcpext_syn_challenges, "TCPSYNChallenge")                                                            \
    MIB(tcpext_auto_corking, "TCPAutoCorking")                                                               \
    MIB(tcpext_from_zero_window, "TCPFromZeroWindowAdv")                                                     \
    MIB(tcpext_to_zero_window, "TCPToZeroWindowAdv")                                                         \
    MIB(tcpext_want_zero_window, "TCPWantZeroWindowAdv")                                                     \
    MIB(tcpext_syn_retransmits, "TCPSynRetrans")                                                             \
    MIB(tcpext_original_data_sent, "TCPOrigDataSent")                                                        \
    MIB(tcpext_ack_skipped, "TCPACKSkippedChallenge")                                                        \
    MIB(tcpext_window_probes, "TCPWinProbe")                                                                 \
    MIB(tcpext_keepalives, "TCPKeepAlive")                                                                   \
    MIB(tcpext_receive_queue_drops, "TCPRcvQDrop")                                                           \
    MIB(tcpext_zero_window_drops, "TCPZeroWindowDrop")                                                       \
    MIB(tcpext_timeout_rehash, "TcpTimeoutRehash")

#define NET_SNMP_IP_EXT(MIB)                                                                                 \
    MIB(ipext_in_no_routes, "InNoRoutes")                                                                    \
    MIB(ipext_in_truncated, "InTruncatedPkts")                                                               \
    MIB(ipext_in_multicast, "InMcastPkts")                                                                   \
    MIB(ipext_out_multicast, "OutMcastPkts")                                                                 \
    MIB(ipext_in_broadcast, "InBcastPkts")                                                                   \
    MIB(ipext_out_broadcast, "OutBcastPkts")                                                                 \
    MIB(ipext_in_octets, "InOctets")                                                                         \
    MIB(ipext_out_octets, "OutOctets")                                                                       \
    MIB(ipext_in_multicast_octets, "InMcastOctets")                                                          \
    MIB(ipext_out_multicast_octets, "OutMcastOctets")                                                        \
    MIB(ipext_in_broadcast_octets, "InBcastOctets")                                                          \
    MIB(ipext_out_broadcast_octets, "OutBcastOctets")                                                        \
    MIB(ipext_in_checksum_errors, "InCsumErrors")                                                            \
    MIB(ipext_in_no_ect, "InNoECTPkts")                                                                      \
    MIB(ipext_in_ect_1, "InECT1Pkts")                                                                        \
    MIB(ipext_in_ect_0, "InECT0Pkts")                                                                        \
    MIB(ipext_in_ce, "InCEPkts")

enum class mib : uint16_t {
#define MIB(identifier, name) identifier,
    NET_SNMP_IP(MIB) NET_SNMP_ICMP(MIB) NET_SNMP_TCP(MIB) NET_SNMP_UDP(MIB) NET_SNMP_TCP_EXT(MIB)
        NET_SNMP_IP_EXT(MIB)
#undef MIB
            count
};

struct snmp_counters {
    uint64_t values[static_cast<unsigned>(mib::count)] = {};
    uint64_t icmp_in_type[256] = {}; ///< the line IcmpMsg
    uint64_t icmp_out_type[256] = {};
};

/// Adds to a counter. Any context.
inline void count(stack& in, mib which, uint64_t by = 1) {
    __atomic_fetch_add(&in.snmp->values[static_cast<unsigned>(which)], by, __ATOMIC_RELAXED);
}
/// For the few values that also fall, such as tcp_current_established.
inline void uncount(stack& in, mib which) {
    __atomic_fetch_sub(&in.snmp->values[static_cast<unsigned>(which)], 1, __ATOMIC_RELAXED);
}
inline uint64_t counted(const stack& in, mib which) {
    return __atomic_load_n(&in.snmp->values[static_cast<unsigned>(which)], __ATOMIC_RELAXED);
}

void report_snmp(stack& in, report_writer& to);
void report_netstat(stack& in, report_writer& to);

} // namespace net
