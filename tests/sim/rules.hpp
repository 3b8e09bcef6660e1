#pragma once
// The rules that a stack must obey between any two events of a simulation. Each function walks a part of a
// stack, without locks since nothing runs meanwhile, and returns the rule that is broken, or nullptr. A `now`
// of 0 stands for a clock by which no timer is late.

#include "net/ipv4/tcp.hpp"
#include "net/stack.hpp"

#include <cstdint>

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
/// Those for every connection of a stack, and (stack_rules.cpp): tables, queues and accounts are what they
/// say they are, what waits has a timer, and every packet that lives has one owner.
const char* broken_rule(net::stack& in, net::port::time_ns now);

// ---- what rules are made of ----

bool is_overdue(const net::timer& which, net::port::time_ns now);
/// Whether a queue's counts are those of the packets in it.
bool is_counted_right(const net::skb_queue& queue);
/// What the packets of a queue take of their sock's memory.
uint32_t charged(const net::skb_queue& queue);

} // namespace sim
