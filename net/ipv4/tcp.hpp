#pragma once
// tcp_sock: one TCP connection, or one listener, and the verbs that a user has for it. What a segment does to
// it is in tcp_input.hpp and tcp_ack.hpp, what leaves it in tcp_output.hpp, what time does to it in
// tcp_timer.hpp; how it is found, in tcp_table.hpp.
//
// Names of the sequence variables are those of RFC 9293 §3.3.1. Segments, not bytes, are counted in
// packets_out and its companions, as in Linux, because congestion control reasons in segments.
//
// Everything is guarded by sock_lock unless a group says otherwise. Functions that take a tcp_sock& expect
// the lock to be held unless their comment says that they take it.

#include "net/core/protocols.hpp"
#include "net/core/sk_buff.hpp"
#include "net/core/timer.hpp"
#include "net/ipv4/inet_sock.hpp"
#include "net/ipv4/tcp_endpoint.hpp"
#include "net/wire/tcp.hpp"
#include "net/wire/tcp_options.hpp"

#include <cstdint>

struct tcp_info;

namespace net {

struct report_writer;
struct tcp_congestion_ops;
struct tcp_listener;
struct tcp_table;

/// RFC 9293 §3.3.2 with Linux's numbers, as /proc/net/tcp and tcp_info show them.
enum class tcp_state : uint8_t {
    established = 1,
    syn_sent = 2,
    syn_received = 3,
    fin_wait_1 = 4,
    fin_wait_2 = 5,
    time_wait = 6,
    closed = 7,
    close_wait = 8,
    last_ack = 9,
    listen = 10,
    closing = 11,
};
const char* tcp_state_name(tcp_state state);

/// tcp_skb_notes::sacked.
enum tcp_sacked : uint8_t {
    tcp_sacked_acked = 1,         ///< the peer has it (a SACK block covers it)
    tcp_sacked_retransmitted = 2, ///< sent again since it was marked lost, and not known lost again
    tcp_lost = 4,                 ///< taken for lost
    tcp_ever_retransmitted = 128, ///< sent more than once: no RTT sample (Karn)
};

/// Where loss recovery stands (RFC 5681, RFC 6675); numbers of tcpi_ca_state.
enum class tcp_recovery_state : uint8_t {
    open,
    disorder, ///< duplicate ACKs or SACKs were seen, not yet enough of them
    cwr,      ///< the window is being reduced for another reason than a loss
    recovery, ///< fast recovery until high_seq is acknowledged
    loss,     ///< after a retransmission timeout, until high_seq is acknowledged
};

/// What the retransmission timer is running for.
enum class tcp_timer_purpose : uint8_t { none, retransmit, probe_window };

/// Whether small segments may leave (RFC 9293 §3.7.4).
enum tcp_nagle_bits : uint8_t {
    tcp_nagle_off = 1,  ///< TCP_NODELAY
    tcp_nagle_cork = 2, ///< TCP_CORK, MSG_MORE
    tcp_nagle_push = 4, ///< what is queued now may leave in spite of Nagle
};

/// tcp_sock::ack_pending
enum tcp_ack_pending_bits : uint8_t {
    tcp_ack_scheduled = 1, ///< an ACK is owed
    tcp_ack_timer = 2,     ///< ... and the delayed-ACK timer will send it at the latest
    tcp_ack_pushed = 4,    ///< data with PSH came: ACK soon after the user has read it
    tcp_ack_pushed_twice = 8,
    tcp_ack_now = 16, ///< at the end of this segment's processing, whatever the policy says
};

/// tcp_sock::ecn (tcp_ecn.hpp)
enum tcp_ecn_bits : uint8_t {
    tcp_ecn_agreed = 1,   ///< both sides understand it; while opening: we have offered it
    tcp_ecn_echo = 2,     ///< marked data came: ECE goes out until the peer's CWR comes in
    tcp_ecn_cwr_owed = 4, ///< the window was reduced: the next new data carries CWR
    tcp_ecn_seen = 8,     ///< data that routers may mark came
};

struct tcp_sock : inet_sock {
    explicit tcp_sock(stack& in);
    ~tcp_sock();

    tcp_endpoint endpoint{tcp_endpoint_kind::connection}; ///< guarded by the table's lock
    lib::list_link listener_link;                         ///< guarded by the table's lock
    tcp_state state = tcp_state::closed;                  ///< changed by tcp_set_state() only
    bool orphan = false; ///< the user has closed it, the connection goes on without him

    // ---- One reader and one writer at a time; taken before sock_lock, held while touching user memory ----
    port::lock reader_lock{port::lock_rank::socket_reader};
    port::lock writer_lock{port::lock_rank::socket_writer};

    // ---- Send sequence space ----
    wire::seq iss;
    wire::seq snd_una;    ///< oldest byte that is not acknowledged
    wire::seq snd_nxt;    ///< next to be sent for the first time
    wire::seq write_seq;  ///< one past the last byte that the user has written
    wire::seq pushed_seq; ///< up to here PSH has been asked for
    wire::seq snd_sml;    ///< end of the last small segment sent (Minshall's form of Nagle)
    wire::seq snd_wl1;    ///< sequence number of the segment that last updated snd_wnd
    wire::seq snd_up;     ///< urgent pointer
    bool urgent_mode = false;
    uint32_t snd_wnd = 0;
    uint32_t max_window = 0; ///< largest window that the peer ever offered
    uint8_t snd_wscale = 0;
    uint8_t rcv_wscale = 0;
    uint8_t offered_wscale = 0;  ///< the scale in our SYN
    bool window_scaling = false; ///< both sides offered it; while opening: we do

    // ---- Segment sizes ----
    uint16_t user_mss = 0;    ///< TCP_MAXSEG, 0 = not set
    uint16_t mss_clamp = 536; ///< the peer's MSS option, or what RFC 9293 assumes without one
    uint16_t advertised_mss = 536;
    uint32_t mss_cache = 536; ///< payload of a full segment, timestamps taken off
    uint32_t path_mtu = 0;    ///< for which mss_cache was computed
    uint32_t rcv_mss = 536;   ///< guess of the peer's segment size, for the ACK policy

    // ---- Send queues: bytes stay in them until acknowledged ----
    skb_queue write_queue;           ///< never sent yet
    skb_queue retransmit_queue;      ///< sent, oldest first
    lib::ref<skb_block> spare_block; ///< the rest of a payload block, for the next small write
    uint32_t spare_used = 0;
    uint32_t queued_memory = 0; ///< truesize of both queues, against send_buffer_limit
    uint8_t nagle = 0;          ///< tcp_nagle_bits
    bool fin_queued = false;
    bool no_space = false; ///< a writer waits for room

    // ---- Loss recovery and congestion control (tcp_ack, tcp_sack, tcp_recovery, tcp_congestion_*) ----
    const tcp_congestion_ops* congestion = nullptr;
    bool congestion_chosen = false;    ///< with TCP_CONGESTION: children have it too
    uint64_t congestion_state[8] = {}; ///< private to the congestion control
    tcp_recovery_state recovery = tcp_recovery_state::open;
    uint32_t snd_cwnd = 10; ///< segments (RFC 6928)
    uint32_t snd_cwnd_count = 0;
    uint32_t snd_ssthresh = 0x7fffffff;
    uint32_t prior_cwnd = 0;
    uint32_t prior_ssthresh = 0;
    uint32_t packets_out = 0; ///< segments in the retransmit queue
    uint32_t sacked_out = 0;  ///< ... that have arrived (without SACK: duplicate ACKs counted)
    uint32_t lost_out = 0;
    uint32_t retransmitted_out = 0;
    uint32_t reordering = 3;                  ///< duplicate ACKs that mean a loss
    wire::seq high_seq;                       ///< snd_nxt when recovery began
    wire::seq highest_sacked;                 ///< one past the highest byte that was SACKed
    bool undo_armed = false;                  ///< the last reduction may still prove needless
    wire::seq undo_marker;                    ///< snd_una at that reduction
    int32_t undo_retransmissions = -1;        ///< not yet proved needless; -1: no undo possible
    port::time_ns retransmission_started = 0; ///< first retransmission of this recovery, 0 = none
    port::time_ns unanswered_since = 0;       ///< while retransmits > 0: when what has timed out was sent
    uint32_t prr_delivered = 0;               ///< RFC 6937, as the next two
    uint32_t prr_flight = 0;                  ///< RecoverFS, in segments
    uint32_t prr_out = 0;
    uint32_t max_packets_out = 0;
    wire::seq max_packets_seq;
    bool cwnd_limited = false;
    port::time_ns cwnd_stamp = 0;
    uint32_t cwnd_used = 0;
    uint8_t ecn = 0; ///< tcp_ecn_bits
    uint32_t delivered = 0;
    uint32_t delivered_marked = 0; ///< ... in ACKs with ECE

    // ---- Round-trip time (RFC 6298, tcp_rtt.cpp) ----
    uint32_t srtt_us = 0; ///< eight times the smoothed RTT
    uint32_t mdev_us = 0; ///< four times the mean deviation
    uint32_t mdev_max_us = 0;
    uint32_t rttvar_us = 0;
    wire::seq rtt_seq;
    uint32_t min_rtt_us = UINT32_MAX;
    port::time_ns rto = port::second;
    uint8_t backoff = 0;
    uint8_t retransmits = 0; ///< timeouts in a row
    uint8_t probes_out = 0;  ///< window or keepalive probes in a row
    port::time_ns probing_since = 0;

    // ---- Receive sequence space ----
    wire::seq irs;
    wire::seq rcv_nxt;
    wire::seq copied_seq; ///< next byte for the user
    wire::seq rcv_wup;    ///< rcv_nxt when rcv_wnd was last advertised
    wire::seq last_ack_sent;
    uint32_t rcv_wnd = 0;
    uint32_t window_clamp = 0;
    uint32_t rcv_ssthresh = 0;     ///< current bound of what is advertised; grows as full segments come
    bool receive_fin = false;      ///< the peer's FIN is in the queue
    uint16_t predicted_window = 0; ///< raw window field that header prediction expects
    bool prediction = false;       ///< header prediction may be tried

    // Urgent data (RFC 6093).
    enum class urgent : uint8_t { none, awaited, valid, read } urgent_state = urgent::none;
    wire::seq urgent_seq; ///< number of the urgent byte
    uint8_t urgent_byte = 0;

    // ---- Out-of-order queue and what is told about it (tcp_reassembly, tcp_sack) ----
    skb_queue out_of_order; ///< in sequence order, no overlaps
    struct out_of_order_range {
        wire::seq start;
        wire::seq end;
        sk_buff* first;
        sk_buff* last;
    };
    out_of_order_range* ranges = nullptr; ///< sorted; allocated at the first hole
    uint16_t range_count = 0;
    uint16_t range_capacity = 0;
    bool sack_ok = false; ///< both sides offered it; while opening: we do
    uint8_t selective_ack_count = 0;
    wire::sack_block selective_acks[4]; ///< newest first
    bool duplicate_sack_owed = false;   ///< RFC 2883
    wire::sack_block duplicate_sack;
    wire::sack_block received_sacks[4]; ///< of the last ACK: seen again they say nothing new

    // ---- ACK policy (tcp_ack_policy.cpp) ----
    uint8_t ack_pending = 0;       ///< tcp_ack_pending_bits
    uint8_t quick_acks = 0;        ///< ACKs that are still to be sent at once
    uint8_t pingpong = 0;          ///< > 0: an interactive exchange, ACKs ride on answers
    port::time_ns ack_timeout = 0; ///< current estimate of how long an ACK may wait
    port::time_ns last_data_received = 0;
    port::time_ns last_data_sent = 0;
    port::time_ns last_ack_received = 0;
    uint32_t last_segment_size = 0;
    port::time_ns last_challenge_ack = 0; ///< RFC 5961 §7 limit, per connection
    port::time_ns last_oow_ack = 0;
    bool ack_owed = false; ///< to be sent at the end of this batch of frames
    lib::list_link
        batch_link; ///< in the table's list of connections with something to say; guarded by its lock

    // ---- Timestamps (RFC 7323) ----
    bool timestamps_ok = false; ///< both sides offered them; while opening: we do
    bool saw_timestamp = false; ///< in the segment being processed
    uint32_t received_tsval = 0;
    uint32_t received_tsecr = 0;
    uint32_t ts_recent = 0;
    port::time_ns ts_recent_at = 0; ///< 0 = none yet
    uint32_t ts_offset = 0;

    // ---- Timers; each pending one holds a reference ----
    timer retransmit_timer;
    timer delayed_ack_timer;
    timer keepalive_timer;
    tcp_timer_purpose timer_purpose = tcp_timer_purpose::none;
    port::time_ns retransmit_deadline = port::never; ///< the timer may fire earlier and is then moved here
    port::time_ns delayed_ack_deadline = port::never;

    // ---- Options ----
    // 0 in the next four: what the stack's parameter says (tcp_timer.hpp).
    port::time_ns keepalive_idle = 0;
    port::time_ns keepalive_interval = 0;
    uint8_t keepalive_probes = 0;
    uint8_t syn_retries = 0;
    uint32_t user_timeout_ms = 0;
    int linger2_seconds = 0;           ///< TCP_LINGER2: 0 = default, -1 = none
    uint8_t defer_accept_attempts = 0; ///< TCP_DEFER_ACCEPT, in repetitions of the SYN-ACK
    uint32_t not_sent_low_water = 0;   ///< TCP_NOTSENT_LOWAT, 0 = none

    // ---- Receive buffer tuning (tcp_window.cpp) ----
    uint32_t rcvq_space = 0; ///< read by the user in the last round trip; 0: no handshake yet
    wire::seq rcvq_seq;
    port::time_ns rcvq_time = 0;
    uint32_t rcv_rtt_us = 0; ///< eight times the estimate
    wire::seq rcv_rtt_seq;
    port::time_ns rcv_rtt_time = 0;

    // ---- Listening (tcp_listen.hpp) ----
    tcp_listener* listener = nullptr; ///< half-open connections and children; kept while state is listen
    lib::list_link accept_link;       ///< of a child; guarded by the lock of its listener

    // ---- Counted for tcp_info ----
    uint64_t bytes_acked = 0;
    uint64_t bytes_received = 0;
    uint64_t bytes_sent = 0;
    uint64_t bytes_retransmitted = 0;
    uint32_t segments_in = 0;
    uint32_t segments_out = 0;
    uint32_t data_segments_in = 0;
    uint32_t data_segments_out = 0;
    uint32_t total_retransmits = 0;
    uint32_t out_of_order_segments = 0;
    uint32_t dsack_duplicates = 0;
};

inline tcp_sock& as_tcp(sock& sk) {
    return static_cast<tcp_sock&>(sk);
}

constexpr uint32_t tcp_state_bit(tcp_state state) {
    return 1u << static_cast<unsigned>(state);
}
inline bool tcp_in(const tcp_sock& sk, uint32_t state_bits) {
    return (tcp_state_bit(sk.state) & state_bits) != 0;
}
/// Whether the opening handshake is over. The state does not tell: who shuts down in SYN_RECEIVED is in
/// FIN_WAIT_1. sock_lock held.
inline bool tcp_handshake_over(const tcp_sock& sk) {
    return sk.rcvq_space != 0; // tcp_finish_connect() sets it
}

/// The only place where a state changes: traces it, counts it, and leaves the tables when closed.
void tcp_set_state(tcp_sock& sk, tcp_state next);
/// The end of a connection: state closed, timers off, whoever waits is woken. The sock lives on while
/// counted.
void tcp_done(tcp_sock& sk);
/// Ends it because of an error that the user is to see; ETIMEDOUT, ECONNRESET, ...
void tcp_abort(tcp_sock& sk, int error_number);

/// The table of the protocol (net/core/sock.hpp); inetsw points to it.
extern const proto tcp_prot;
/// What IP hands segments and ICMP errors to.
extern const inet_protocol tcp_protocol;

/// The stack's share of TCP: tables, keys, limits. ENOMEM.
lib::result<tcp_table*> create_tcp_table(stack& in);
/// Ends what TIME_WAIT still keeps and frees the table; every sock is gone.
void destroy_tcp_table(stack& in, tcp_table* table);

/// /proc/net/tcp in Linux's format: listeners, half-open connections, connections, TIME_WAIT.
void report_tcp(stack& in, report_writer& to);

} // namespace net
