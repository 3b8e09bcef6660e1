#pragma once
// The rules that a stack must obey between any two events of a simulation. Each function walks a part of a
// stack, without locks since nothing runs meanwhile, and returns the rule that is broken, or nullptr.

#include "net/ipv4/tcp.hpp"
#include "net/stack.hpp"
#include "sim/host.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace sim {

/// The sequence variables stand in the order of RFC 9293 §3.3.1, the counts of segments in theirs.
const char* broken_sequence_rule(const net::tcp_sock& sk);
/// The queues are in sequence order, without holes and overlaps where there must be none; their lengths,
/// the counts of segments and the memory accounts are the sums over what is in them.
const char* broken_queue_rule(const net::tcp_sock& sk);
/// What waits for an answer has a timer, and no timer is overdue by more than a tick of the wheel.
const char* broken_timer_rule(const net::tcp_sock& sk, net::port::time_ns now);
/// All of these.
const char* broken_rule(const net::tcp_sock& sk, net::port::time_ns now);
/// Those for every connection of a stack, and: every packet in a queue has one owner, and no more packets
/// are queued than live.
const char* broken_rule(net::stack& in, net::port::time_ns now);

/// Watches segments on the wire: the right edge of an offered window never moves to the left (RFC 9293
/// §3.8.6: a receiver should not shrink the window).
class window_witness {
public:
    /// A frame that a host sends. The rule that it breaks, valid until the next call, or nullptr.
    const char* sent(const frame& bytes);
    /// The host has a new stack, which knows nothing of what was offered before.
    void forget(uint32_t address);

private:
    struct flow_key {
        uint32_t from;
        uint32_t to;
        uint32_t ports;
        auto operator<=>(const flow_key&) const = default;
    };
    struct flow {
        int offered_scale = -1; ///< -1: no option in its SYN
        uint32_t first = 0;     ///< the sequence number behind its SYN
        bool got_on = false;    ///< its last segment lay beyond that
        net::wire::seq acknowledged;
        bool edge_known = false;
        net::wire::seq edge;
    };

    std::map<flow_key, flow> flows_;
    std::string broken_;
};

} // namespace sim
