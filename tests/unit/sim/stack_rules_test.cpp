// The rules of a whole stack: a host that has something of everything, at which one thing after the other is
// made wrong.

#include "kernel/lib/container_of.hpp"
#include "net/core/loopback.hpp"
#include "net/ipv4/arp_table.hpp"
#include "net/ipv4/ports_table.hpp"
#include "net/ipv4/raw_table.hpp"
#include "net/ipv4/reassembly_table.hpp"
#include "net/ipv4/tcp_listen.hpp"
#include "net/ipv4/tcp_table.hpp"
#include "net/packet/packet_sock.hpp"
#include "net/unix/unix_sock.hpp"
#include "sim/packet.hpp"
#include "sim/program.hpp"
#include "sim/rules.hpp"
#include "sim/segment.hpp"
#include "unit/sim/with.hpp"

#include <list>

namespace {

using namespace net::port;

constexpr uint16_t open_port = 80;

class stack_rules : public testing::Test {
protected:
    stack_rules() {
        stranger.introduce();
        world.spawn("setup", [this] { open_sockets(); });
        world.run();
        world.run_for(millisecond); // everything arrives
    }

    sim::user_socket& add(sim::user_socket socket) {
        EXPECT_TRUE(socket.ok());
        return sockets.emplace_back(std::move(socket));
    }

    void open_sockets() {
        sim::user_socket& listener = add({host, SOCK_STREAM});
        listener.bind("0.0.0.0", open_port);
        listener.listen(5);
        sim::user_socket& udp = add({host, SOCK_DGRAM});
        udp.bind("0.0.0.0", 53);
        add({host, SOCK_RAW, IPPROTO_UDP});
        auto pair = sim::user_socket::make_pair(host, SOCK_STREAM);
        EXPECT_EQ(add(std::move(pair.first)).send("for the other"), 13);
        add(std::move(pair.second));
        // A connection that nobody accepts.
        EXPECT_EQ(add({other, SOCK_STREAM}).connect(host.ip(), open_port), 0);
        // Datagrams: one for the sockets above, one to a neighbour that is not there.
        sim::user_socket& sender = add({other, SOCK_DGRAM});
        EXPECT_EQ(sender.send_to("hello", host.ip(), 53), 5);
        EXPECT_EQ(udp.send_to("hello", sim::address("10.0.0.77"), 53), 5);
    }

    std::string verdict() {
        const char* broken = sim::broken_rule(host.stack(), world.now());
        return broken != nullptr ? broken : "";
    }
    /// What the rules say while a field is wrong.
    template <class T>
    std::string without(T& field, std::type_identity_t<T> wrong) {
        return with(field, wrong, [this] { return verdict(); });
    }

    net::tcp_sock& listener() {
        return *host.stack().tcp->listeners[open_port % net::tcp_table::listener_buckets].front();
    }
    net::inet_sock& udp() { return *(*host.stack().ports)[net::port_space::udp].bucket_of(53).socks.front(); }
    /// A segment, or a fragment, of a host that does not do anything else.
    void hear(const sim::ip_fields& fields, const sim::frame& payload) {
        stranger.inject_ip(sim::make_ip(fields, payload));
    }

    sim::world world;
    sim::host host{"10.0.0.1"};
    sim::host other{"10.0.0.2"};
    sim::wire wire{host, other, {.delay = 10 * microsecond}};
    sim::peer stranger{host, "10.0.0.9"};
    std::list<sim::user_socket> sockets;
};

TEST_F(stack_rules, of_connections_and_listeners) {
    net::tcp_table& table = *host.stack().tcp;
    EXPECT_EQ(verdict(), "");
    EXPECT_EQ(without(table.connection_count, 2u), "the table of connections is not as full as it says");
    EXPECT_EQ(without(table.time_wait_count, 1u), "the table of connections is not as full as it says");
    EXPECT_EQ(without(table.orphan_count, 1u), "orphan_count is not the number of orphans");
    EXPECT_EQ(without(listener().listener->accept_count, 0u),
              "accept_count is not the length of the accept queue");
    EXPECT_EQ(verdict(), "");
}

TEST_F(stack_rules, of_half_open_connections) {
    sim::segment syn;
    syn.source = stranger.ip;
    syn.destination = host.ip();
    syn.source_port = 1000;
    syn.destination_port = open_port;
    syn.flags = net::wire::tcp_syn;
    stranger.inject(sim::build_segment(syn, stranger.mac, host.device().mac));
    net::tcp_listener& state = *listener().listener;
    ASSERT_EQ(state.request_count, 1u);
    EXPECT_EQ(verdict(), "");
    EXPECT_EQ(without(state.request_count, 0u), "request_count is not the number of half-open connections");
    for (auto& bucket : state.requests) {
        for (net::tcp_request& each : bucket) {
            EXPECT_EQ(without(each.resend.deadline, never), "a half-open connection has no timer");
            EXPECT_EQ(without(each.resend.deadline, 1), "a half-open connection is overdue");
        }
    }
}

TEST_F(stack_rules, of_time_wait) {
    world.spawn("closer", [this] {
        sim::user_socket accepted = sockets.front().accept();
        accepted.close(); // first: TIME_WAIT is ours
        for (sim::user_socket& each : sockets) {
            each.close();
        }
    });
    world.run();
    world.run_for(second);
    ASSERT_EQ(host.stack().tcp->time_wait_count, 1u);
    EXPECT_EQ(verdict(), "");
    for (auto& bucket : host.stack().tcp->connections) {
        for (net::tcp_endpoint& entry : bucket) {
            net::timer& expiry = lib::container_of(entry, &net::tcp_time_wait::endpoint).expiry;
            EXPECT_EQ(without(expiry.deadline, never), "TIME_WAIT without an end");
            EXPECT_EQ(without(expiry.deadline, 1), "TIME_WAIT is overdue");
        }
    }
}

TEST_F(stack_rules, of_other_socks) {
    ASSERT_FALSE(udp().receive_queue.empty());
    EXPECT_EQ(without(udp().receive_memory, 1u), "receive_memory of a datagram socket is not what is queued");
    EXPECT_EQ(without(host.stack().raw->socks.front()->receive_memory, 1u),
              "receive_memory of a datagram socket is not what is queued");
    EXPECT_EQ(without(udp().port_bucket, nullptr), "a sock holds a port and does not know it");
    EXPECT_EQ(without((*host.stack().ports)[net::port_space::udp].sock_count, 9u),
              "a table of ports is not as full as it says");
    EXPECT_EQ(without(host.stack().raw->count, 2u), "the table of raw sockets is not as full as it says");
    net::unix_sock& local = *host.stack().unix_sockets->all.front();
    EXPECT_EQ(without(local.pending_count, 1u), "pending_count is not the number of connections to accept");
    for (net::sock* each : {static_cast<net::sock*>(&udp()), static_cast<net::sock*>(&local)}) {
        each->receive_queue.adjust_bytes(1);
        EXPECT_EQ(verdict(), "the queue of a sock is not as long as it says");
        each->receive_queue.adjust_bytes(-1);
    }
    EXPECT_EQ(verdict(), "");
}

TEST_F(stack_rules, of_neighbours) {
    net::arp_table& table = *host.stack().arp;
    net::neighbour& missing = *table.find(host.device(), sim::address("10.0.0.77"));
    ASSERT_EQ(missing.waiting.count(), 1u);
    EXPECT_EQ(without(table.count, 9u), "the table of neighbours is not as full as it says");
    EXPECT_EQ(without(table.incomplete, 0u), "the table of neighbours is not as full as it says");
    EXPECT_EQ(without(missing.state, net::neighbour_state::stale),
              "packets wait for a neighbour that nobody asks for");
    EXPECT_EQ(without(missing.state_timer.deadline, never), "a neighbour is asked for and no timer runs");
    EXPECT_EQ(without(missing.state_timer.deadline, 1), "the timer of a neighbour is overdue");
    missing.waiting.adjust_bytes(1);
    EXPECT_EQ(verdict(), "the queue of a neighbour is not as long as it says");
    missing.waiting.adjust_bytes(-1);
    EXPECT_EQ(verdict(), "");
}

TEST_F(stack_rules, of_fragments) {
    for (const uint16_t place : {0, 2}) {
        hear({.source = stranger.ip,
              .destination = host.ip(),
              .flags_and_offset = static_cast<uint16_t>(place | net::wire::ipv4_more_fragments)},
             sim::frame(8));
    }
    net::reassembly_table& table = *host.stack().reassembly;
    ASSERT_EQ(table.count, 1u);
    net::reassembly& datagram = *table.datagrams.front();
    EXPECT_EQ(verdict(), "");
    EXPECT_EQ(without(table.count, 2u), "the table of fragments is not as full as it says");
    EXPECT_EQ(without(table.memory, 1u), "the table of fragments is not as full as it says");
    EXPECT_EQ(without(datagram.received, 17u), "a datagram in the making is not as large as it says");
    EXPECT_EQ(without(datagram.memory, 1u), "a datagram in the making is not as large as it says");
    EXPECT_EQ(without(datagram.deadline.deadline, never),
              "a datagram in the making has no timer, or one that is overdue");
    auto& last = *reinterpret_cast<net::fragment_place*>(datagram.fragments.back()->scratch);
    EXPECT_EQ(without(last.offset, 4u), "fragments are out of order or overlap");
    EXPECT_EQ(verdict(), "");
}

TEST_F(stack_rules, of_devices) {
    host.device().transmit_queue.adjust_bytes(1);
    EXPECT_EQ(verdict(), "the queue of a device is not as long as it says");
    host.device().transmit_queue.adjust_bytes(-1);
    EXPECT_EQ(verdict(), "");
}

TEST_F(stack_rules, of_owners) {
    net::stack& stack = host.stack();
    EXPECT_EQ(without(stack.live_skbs, 0), "more packets are queued than live");
    EXPECT_EQ(without(stack.live_socks, 0), "more socks are in tables than live");
    EXPECT_EQ(without(stack.skb_bytes, 0), "skb_bytes is not the memory of all packets");
    {
        const net::skb_ptr held = net::allocate_skb(stack, 0, 100); // by nobody that one knows
        EXPECT_EQ(verdict(), "a packet has no owner");
        const sim::user_socket unknown(host, SOCK_DGRAM); // in no table: it could be his
        EXPECT_EQ(verdict(), "");
    }
    EXPECT_EQ(verdict(), "");
}

} // namespace
