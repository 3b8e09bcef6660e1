// The rules of a whole stack (rules.hpp): its tables are what they say they are, and together they hold every
// packet that lives.
//
// Not every sock is in a table: one that was never bound is not, nor is a connection that has ended and whose
// last bytes nobody has read yet. As long as there are such socks, packets may be theirs, and no more can be
// said than that none has two owners. Otherwise, that is nearly always, each has exactly one. Nobody has one
// in hand between two steps: who has to wait for something does so before he takes a packet.

#include "kernel/lib/container_of.hpp"
#include "net/core/loopback.hpp"
#include "net/ipv4/arp_table.hpp"
#include "net/ipv4/ip_fragment.hpp"
#include "net/ipv4/ports_table.hpp"
#include "net/ipv4/raw_table.hpp"
#include "net/ipv4/reassembly_table.hpp"
#include "net/ipv4/tcp_listen.hpp"
#include "net/ipv4/tcp_table.hpp"
#include "net/packet/packet_sock.hpp"
#include "net/unix/unix_sock.hpp"
#include "sim/rules.hpp"

#include <algorithm>

namespace sim {
namespace {

using net::skb_queue;
using net::sock;
using net::tcp_sock;

template <class T>
void keep_each_once(std::vector<T>& all) {
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
}

/// One look at a stack. Each step adds to what was found and returns the rule that is broken, or nullptr.
class inspection {
public:
    inspection(net::stack& in, net::port::time_ns now) : in_(in), now_(now) {}

    const char* broken_rule() {
        for (const auto step : {&inspection::connections, &inspection::listeners, &inspection::ports,
                                &inspection::other_socks, &inspection::neighbours, &inspection::fragments,
                                &inspection::devices, &inspection::each_sock, &inspection::sums}) {
            if (const char* broken = (this->*step)()) {
                return broken;
            }
        }
        return nullptr;
    }

private:
    const char* connections();
    const char* listeners();
    const char* listener(const tcp_sock& sk);
    const char* ports();
    const char* other_socks();
    const char* neighbours();
    const char* fragments();
    const char* fragments_of(const net::reassembly& datagram);
    const char* devices();
    const char* each_sock();
    const char* sums();

    /// A queue's packets; false when it is not as long as it says.
    bool add(const skb_queue& queue) {
        for (const net::sk_buff& each : queue) {
            packets_.push_back(&each);
        }
        return is_counted_right(queue);
    }

    net::stack& in_;
    const net::port::time_ns now_;
    std::vector<const sock*> socks_; ///< some more than once, until each_sock()
    std::vector<const net::sk_buff*> packets_;
};

// ---- TCP -------------------------------------------------------------------------------------------------

const char* inspection::connections() {
    unsigned connections = 0;
    unsigned remains = 0;
    unsigned orphans = 0;
    for (auto& bucket : in_.tcp->connections) {
        if (bucket.empty()) {
            continue; // as nearly all are: this takes most of the time
        }
        for (net::tcp_endpoint& entry : bucket) {
            if (entry.kind == net::tcp_endpoint_kind::connection) {
                const tcp_sock& sk = lib::container_of(entry, &tcp_sock::endpoint);
                socks_.push_back(&sk);
                connections++;
                orphans += sk.orphan ? 1 : 0;
                continue;
            }
            const net::timer& expiry = lib::container_of(entry, &net::tcp_time_wait::endpoint).expiry;
            remains++;
            if (expiry.deadline == net::port::never) {
                return "TIME_WAIT without an end";
            }
            if (is_overdue(expiry, now_)) {
                return "TIME_WAIT is overdue";
            }
        }
    }
    if (connections != in_.tcp->connection_count || remains != in_.tcp->time_wait_count) {
        return "the table of connections is not as full as it says";
    }
    return orphans != in_.tcp->orphan_count ? "orphan_count is not the number of orphans" : nullptr;
}

const char* inspection::listeners() {
    for (auto& bucket : in_.tcp->listeners) {
        for (const tcp_sock& sk : bucket) {
            socks_.push_back(&sk);
            if (const char* broken = listener(sk)) {
                return broken;
            }
        }
    }
    return nullptr;
}

const char* inspection::listener(const tcp_sock& sk) {
    unsigned requests = 0;
    for (auto& bucket : sk.listener->requests) {
        for (const net::tcp_request& each : bucket) {
            requests++;
            if (each.resend.deadline == net::port::never) {
                return "a half-open connection has no timer";
            }
            if (is_overdue(each.resend, now_)) {
                return "a half-open connection is overdue";
            }
        }
    }
    unsigned children = 0;
    for (const tcp_sock& child : sk.listener->accept_queue) {
        children++;
        socks_.push_back(&child);
    }
    if (requests != sk.listener->request_count) {
        return "request_count is not the number of half-open connections";
    }
    return children != sk.listener->accept_count ? "accept_count is not the length of the accept queue"
                                                 : nullptr;
}

// ---- other tables of socks -------------------------------------------------------------------------------

const char* inspection::ports() {
    for (net::inet_port_table& space : in_.ports->spaces) {
        unsigned count = 0;
        for (net::inet_bind_bucket& bucket : space.buckets) {
            if (bucket.socks.empty()) {
                continue;
            }
            for (const net::inet_sock& each : bucket.socks) {
                socks_.push_back(&each);
                count++;
                if (each.port_bucket != &bucket) {
                    return "a sock holds a port and does not know it";
                }
            }
        }
        if (count != space.sock_count) {
            return "a table of ports is not as full as it says";
        }
    }
    return nullptr;
}

const char* inspection::other_socks() {
    unsigned raw = 0;
    for (const net::raw_sock& each : in_.raw->socks) {
        socks_.push_back(&each);
        raw++;
    }
    for (const net::packet_sock& each : in_.packets->all) {
        socks_.push_back(&each);
    }
    for (const net::unix_sock& each : in_.unix_sockets->all) {
        socks_.push_back(&each);
        unsigned pending = 0;
        for (const net::unix_sock& child : each.pending) {
            pending += child.awaits_accept ? 1 : 0;
        }
        if (pending != each.pending_count) {
            return "pending_count is not the number of connections to accept";
        }
    }
    return raw != in_.raw->count ? "the table of raw sockets is not as full as it says" : nullptr;
}

// ---- packets that no sock has ----------------------------------------------------------------------------

const char* inspection::neighbours() {
    unsigned count = 0;
    unsigned incomplete = 0;
    for (const net::neighbour& each : in_.arp->ages) {
        const bool asking = each.state == net::neighbour_state::incomplete;
        count++;
        incomplete += asking ? 1 : 0;
        if (!add(each.waiting)) {
            return "the queue of a neighbour is not as long as it says";
        }
        if (!asking && !each.waiting.empty()) {
            return "packets wait for a neighbour that nobody asks for";
        }
        if (asking && each.state_timer.deadline == net::port::never) {
            return "a neighbour is asked for and no timer runs";
        }
        if (is_overdue(each.state_timer, now_)) {
            return "the timer of a neighbour is overdue";
        }
    }
    return count != in_.arp->count || incomplete != in_.arp->incomplete
               ? "the table of neighbours is not as full as it says"
               : nullptr;
}

const char* inspection::fragments() {
    unsigned count = 0;
    uint32_t memory = 0;
    for (const net::reassembly& each : in_.reassembly->datagrams) {
        count++;
        memory += each.memory;
        if (const char* broken = fragments_of(each)) {
            return broken;
        }
    }
    if (count != in_.reassembly->count || memory != in_.reassembly->memory) {
        return "the table of fragments is not as full as it says";
    }
    return count > net::reassembly_datagram_limit || memory > net::reassembly_memory_limit
               ? "fragments take more than their limit"
               : nullptr;
}

const char* inspection::fragments_of(const net::reassembly& datagram) {
    uint32_t received = 0;
    uint32_t memory = 0;
    uint32_t end = 0;
    for (const net::sk_buff& each : datagram.fragments) {
        const uint32_t offset = net::place_of(each).offset;
        if (offset < end) {
            return "fragments are out of order or overlap";
        }
        end = offset + each.length();
        received += each.length();
        memory += each.truesize;
    }
    if (!add(datagram.fragments) || received != datagram.received || memory != datagram.memory) {
        return "a datagram in the making is not as large as it says";
    }
    if (datagram.deadline.deadline == net::port::never || is_overdue(datagram.deadline, now_)) {
        return "a datagram in the making has no timer, or one that is overdue";
    }
    return nullptr;
}

const char* inspection::devices() {
    bool right = add(in_.packets->outgoing) && add(net::loopback_of(*in_.loopback).backlog);
    for (const net::net_device& device : in_.devices) {
        right = add(device.transmit_queue) && right;
    }
    return right ? nullptr : "the queue of a device is not as long as it says";
}

// ---- all together ----------------------------------------------------------------------------------------

const char* inspection::each_sock() {
    keep_each_once(socks_);
    for (const sock* each : socks_) {
        if (!add(each->receive_queue) || !add(each->error_queue)) {
            return "the queue of a sock is not as long as it says";
        }
        if (each->prot == &net::tcp_prot) {
            const auto& sk = static_cast<const tcp_sock&>(*each);
            add(sk.write_queue);
            add(sk.retransmit_queue);
            add(sk.out_of_order);
            if (const char* broken = sim::broken_rule(sk, now_)) {
                return broken;
            }
        } else if (each->family != AF_UNIX && charged(each->receive_queue) != each->receive_memory) {
            return "receive_memory of a datagram socket is not what is queued"; // AF_UNIX charges the sender
        }
    }
    return nullptr;
}

const char* inspection::sums() {
    const size_t found = packets_.size();
    keep_each_once(packets_);
    if (packets_.size() != found) {
        return "a packet has two owners";
    }
    if (found > in_.live_skbs) {
        return "more packets are queued than live";
    }
    if (socks_.size() > in_.live_socks) {
        return "more socks are in tables than live";
    }
    if (socks_.size() < in_.live_socks) {
        return nullptr;
    }
    uint64_t bytes = 0;
    for (const net::sk_buff* each : packets_) {
        bytes += each->truesize;
    }
    if (found != in_.live_skbs) {
        return "a packet has no owner";
    }
    return bytes != in_.skb_bytes ? "skb_bytes is not the memory of all packets" : nullptr;
}

} // namespace

const char* broken_rule(net::stack& in, net::port::time_ns now) {
    return inspection(in, now).broken_rule();
}

} // namespace sim
