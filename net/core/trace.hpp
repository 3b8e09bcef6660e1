#pragma once
// Tracepoints: named events that always compile, cost one predictable branch when off, and write one
// fixed-size record each (kernel/abi/trace.h) into a ring when on. Users read them through /dev/trace, a
// panic prints the last ones, tests assert on them.
//
//   trace(stack, trace_event::tcp_state, {.sock = sk.id, .value = {old_state, new_state}});

#include "kernel/abi/trace.h"
#include "kernel/lib/result.hpp"
#include "net/port.hpp"

#include <cstddef>
#include <cstdint>

namespace net {

/// identifier, layer, event, and the names of the four values ("" = unused). Values named "...addr" are IPv4
/// addresses in host order, "...state" TCP states, "...flags" TCP flags.
#define NET_TRACE_EVENTS(EVENT)                                                                              \
    EVENT(socket_create, "socket", "create", "family", "type", "protocol", "")                               \
    EVENT(socket_bind, "socket", "bind", "addr", "port", "error", "")                                        \
    EVENT(socket_connect, "socket", "connect", "addr", "port", "error", "")                                  \
    EVENT(socket_listen, "socket", "listen", "backlog", "error", "", "")                                     \
    EVENT(socket_accept, "socket", "accept", "new_sock", "error", "", "")                                    \
    EVENT(socket_sendmsg, "socket", "sendmsg", "bytes", "flags", "outcome", "")                              \
    EVENT(socket_recvmsg, "socket", "recvmsg", "bytes", "flags", "outcome", "")                              \
    EVENT(socket_wakeup, "socket", "wakeup", "poll_events", "queued_bytes", "", "")                          \
    EVENT(socket_release, "socket", "release", "", "", "", "")                                               \
    EVENT(tcp_state, "tcp", "state", "old_state", "new_state", "local_port", "remote_port")                  \
    EVENT(tcp_transmit, "tcp", "transmit", "seq", "ack", "tcp_flags", "bytes")                               \
    EVENT(tcp_receive, "tcp", "receive", "seq", "ack", "tcp_flags", "bytes")                                 \
    EVENT(tcp_retransmit, "tcp", "retransmit", "seq", "bytes", "cause", "rto_ms")                            \
    EVENT(tcp_congestion, "tcp", "congestion", "cwnd", "ssthresh", "in_flight", "srtt_us")                   \
    EVENT(tcp_timer, "tcp", "timer", "which", "deadline_ms", "", "")                                         \
    EVENT(udp_transmit, "udp", "transmit", "addr", "port", "bytes", "")                                      \
    EVENT(udp_receive, "udp", "receive", "addr", "port", "bytes", "")                                        \
    EVENT(icmp_transmit, "icmp", "transmit", "addr", "type", "code", "bytes")                                \
    EVENT(icmp_receive, "icmp", "receive", "addr", "type", "code", "bytes")                                  \
    EVENT(ip_output, "ip", "output", "source_addr", "destination_addr", "protocol", "bytes")                 \
    EVENT(ip_receive, "ip", "receive", "source_addr", "destination_addr", "protocol", "bytes")               \
    EVENT(ip_fragment, "ip", "fragment", "identification", "offset", "bytes", "more")                        \
    EVENT(ip_reassembled, "ip", "reassembled", "identification", "bytes", "", "")                            \
    EVENT(arp_resolve, "arp", "resolve", "addr", "state", "", "")                                            \
    EVENT(arp_transmit, "arp", "transmit", "operation", "sender_addr", "target_addr", "")                    \
    EVENT(arp_receive, "arp", "receive", "operation", "sender_addr", "target_addr", "")                      \
    EVENT(eth_transmit, "eth", "transmit", "ethertype", "bytes", "device", "")                               \
    EVENT(eth_receive, "eth", "receive", "ethertype", "bytes", "device", "")                                 \
    EVENT(e1000_interrupt, "e1000", "interrupt", "cause", "", "", "")                                        \
    EVENT(e1000_transmit, "e1000", "transmit", "descriptor", "bytes", "gso_size", "")                        \
    EVENT(e1000_flush, "e1000", "flush", "tail", "", "", "")                                                 \
    EVENT(e1000_receive, "e1000", "receive", "descriptor", "bytes", "", "")                                  \
    EVENT(unix_transmit, "unix", "transmit", "bytes", "peer_sock", "", "")                                   \
    EVENT(drop, "drop", "drop", "reason", "bytes", "", "")

enum class trace_event : uint16_t {
#define EVENT(identifier, ...) identifier,
    NET_TRACE_EVENTS(EVENT)
#undef EVENT
        count
};

/// What the tables of /proc/net/trace_events say about an event.
struct trace_event_description {
    const char* layer;
    const char* name;
    const char* values[4];
};
const trace_event_description& describe(trace_event event);

struct trace_fields {
    uint64_t sock = 0;
    uint64_t skb = 0;
    uint64_t value[4] = {};
};

/// The ring of one stack. Writers never wait: a full ring overwrites its oldest records, and readers are
/// told how many they missed.
class trace_ring {
public:
    static constexpr size_t capacity = 4096; ///< records; a power of two

    trace_ring();
    ~trace_ring();
    trace_ring(const trace_ring&) = delete;
    trace_ring& operator=(const trace_ring&) = delete;

    bool enabled(trace_event event) const {
        return (__atomic_load_n(&enabled_, __ATOMIC_ACQUIRE) >> static_cast<unsigned>(event)) & 1;
    }
    /// Switches a whole layer ("tcp"), one event ("tcp.state") or everything ("all"): EINVAL if unknown,
    /// ENOMEM when the ring, made at first use, cannot be had.
    lib::result<void> enable(const char* name, bool on);

    /// Any context, irq included.
    void write(trace_event event, const trace_fields& fields);
    /// Copies up to limit records from *position on, moves it, and says in *lost how many were overwritten.
    /// When there are none, the next record wakes `readers`.
    size_t read(uint64_t* position, trace_record* to, size_t limit, uint64_t* lost) const;
    /// Calls visit for the last `limit` records that are complete, oldest first; for a panic. No locks.
    void last(size_t limit, void (*visit)(const trace_record&, void* context), void* context) const;
    uint64_t written() const { return __atomic_load_n(&next_, __ATOMIC_ACQUIRE); }

    port::wait_queue readers; ///< woken by the first record after a read() that found none

private:
    /// A record becomes readable when `number` says so; a writer that was interrupted leaves it behind. All
    /// of it is atomic, for it may be overwritten while somebody reads it.
    struct slot {
        uint64_t number; ///< number of the record plus 1, 0 while it is written
        uint64_t words[sizeof(trace_record) / sizeof(uint64_t)];

        void fill(uint64_t new_number, const trace_record& record);
        /// The number under which the copy is whole; 0: none, for it was being written.
        uint64_t copy_to(trace_record& record) const;
    };

    uint64_t enabled_ = 0; ///< a bit per event; atomic
    uint64_t next_ = 0;    ///< number of the next record
    slot* slots_ = nullptr;
    mutable bool wake_wanted_ = false;
};
static_assert(static_cast<unsigned>(trace_event::count) <= 64);

} // namespace net
