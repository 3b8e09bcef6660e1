// UDP between two hosts, and everything that can go wrong with a datagram.

#include "net/core/snmp.hpp"
#include "net/ipv4/datagram.hpp"
#include "net/ipv4/route.hpp"
#include "udp_host.hpp"

#include <cstring>

namespace {

using namespace net::port;

struct two_hosts {
    sim::world world{7};
    sim::host a{"10.0.0.1"};
    sim::host b{"10.0.0.2"};
    sim::wire wire{a, b};
};

TEST(udp, carries_a_datagram_and_its_answer) {
    two_hosts net;
    net.world.spawn("server", [&] {
        sim::user_socket server(net.b, SOCK_DGRAM);
        ASSERT_EQ(server.bind("0.0.0.0", 7), 0);
        const sim::received got = server.recv();
        EXPECT_EQ(got.result, 5);
        EXPECT_EQ(got.data, "hello");
        EXPECT_EQ(got.from_address, net.a.ip());
        EXPECT_EQ(server.send_to("world!", got.from_address, got.from_port), 6);
    });
    net.world.spawn("client", [&] {
        sim::user_socket client(net.a, SOCK_DGRAM);
        ASSERT_EQ(client.connect("10.0.0.2", 7), 0);
        EXPECT_EQ(client.send("hello"), 5);
        const sim::received got = client.recv();
        EXPECT_EQ(got.data, "world!");
        EXPECT_EQ(got.from_port, 7);
    });
    net.world.run();
    EXPECT_EQ(net::counted(net.a.stack(), net::mib::udp_out_datagrams), 1u);
    EXPECT_EQ(net::counted(net.a.stack(), net::mib::udp_in_datagrams), 1u);
    EXPECT_EQ(net.a.stack().live_socks, 0u);
    EXPECT_EQ(net.a.stack().live_skbs, 0u);
    EXPECT_EQ(net.b.stack().live_skbs, 0u);
}

TEST_F(udp_host, u1_wrong_lengths_are_dropped_and_short_ones_cut) {
    program([&] {
        sim::user_socket server(host, SOCK_DGRAM);
        server.bind("0.0.0.0", 7);
        const sim::frame good = sim::make_udp(fields, 1000, 7, "abcdef");
        for (uint16_t length : {0, 7, 15, 100, 65535}) {
            sim::frame bad = good;
            bad[24] = static_cast<uint8_t>(length >> 8);
            bad[25] = static_cast<uint8_t>(length);
            bad[26] = bad[27] = 0;
            peer.inject_ip(bad);
        }
        EXPECT_EQ(drops(net::drop_reason::udp_bad_length), 5u);
        sim::frame shorter = good;
        shorter[25] = 8 + 3;
        shorter[26] = shorter[27] = 0;
        peer.inject_ip(shorter);
        EXPECT_EQ(server.recv().data, "abc");
        for (size_t length = 0; length < 8; length++) {
            peer.inject_ip(sim::make_ip(fields, sim::frame(length, 0)));
        }
        EXPECT_EQ(drops(net::drop_reason::udp_too_short), 8u);
    });
}

TEST_F(udp_host, u2_checksums_are_checked_unless_there_is_none) {
    program([&] {
        sim::user_socket server(host, SOCK_DGRAM);
        server.bind("0.0.0.0", 7);
        const sim::frame good = sim::make_udp(fields, 1000, 7, "abcdef");
        size_t flipped = 0;
        for (size_t bit = 20 * 8; bit < good.size() * 8; bit++) {
            if (bit / 8 >= 22 && bit / 8 < 26) {
                continue; // destination port and length: other reasons
            }
            sim::frame bad = good;
            bad[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
            peer.inject_ip(bad);
            flipped++;
        }
        EXPECT_EQ(drops(net::drop_reason::udp_bad_checksum), flipped);
        sim::frame none = good;
        none[26] = none[27] = 0;
        none[28] = 'X';
        peer.inject_ip(none);
        EXPECT_EQ(server.recv().data, "Xbcdef");
        EXPECT_EQ(server.recv(10, MSG_DONTWAIT).result, -EAGAIN);
    });
}

TEST_F(udp_host, a_sum_of_zero_is_sent_as_ones) {
    program([&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        socket.bind("0.0.0.0", 1000);
        std::string text(2, '\0');
        for (unsigned value = 0; value < 65536; value += 1) {
            // Find the payload whose sum comes out as zero, without sending 65536 frames.
            const sim::frame probe =
                sim::make_udp({.source = host.ip(), .destination = peer.ip}, 1000, 9,
                              std::string{static_cast<char>(value >> 8), static_cast<char>(value)});
            if (probe[26] == 0 && probe[27] == 0) {
                text = {static_cast<char>(value >> 8), static_cast<char>(value)};
                break;
            }
        }
        EXPECT_EQ(socket.send_to(text, peer.ip, 9), 2);
    });
    const auto* header = sim::udp_of(host.card->sent.back());
    ASSERT_NE(header, nullptr);
    EXPECT_EQ(header->checksum, 0xffff);
}

TEST_F(udp_host, a_card_that_summed_more_than_the_datagram_is_not_believed) {
    sim::frame packet = sim::make_udp(fields, 1000, 7, "garbled, and something behind");
    auto& header = *reinterpret_cast<net::wire::udp_header*>(packet.data() + sizeof(net::wire::ipv4_header));
    header.length = net::wire::udp_header_bytes + 7;
    const sim::frame frame = sim::make_ethernet(host.card->device.mac, peer.mac, 0x0800, packet);
    net::skb_ptr skb = net::allocate_skb(host.stack(), 0, static_cast<uint32_t>(frame.size()));
    std::memcpy(skb->put(static_cast<uint32_t>(frame.size())), frame.data(), frame.size());
    skb->checksum = net::checksum_state::unnecessary;
    net::netif_receive_skb(host.device(), std::move(skb));
    EXPECT_EQ(drops(net::drop_reason::udp_bad_checksum), 1u);
}

TEST_F(udp_host, the_smallest_buffer_holds_one_datagram_of_any_size) {
    program([&] {
        sim::user_socket server(host, SOCK_DGRAM);
        server.bind("0.0.0.0", 7);
        server.set_option(SOL_SOCKET, SO_RCVBUF, 1);
        for (const char content : {'a', 'b'}) {
            sim::user_socket client(host, SOCK_DGRAM);
            EXPECT_EQ(client.send_to(std::string(20000, content), host.ip(), 7), 20000);
            client.send_to("no room beside it", host.ip(), 7);
            EXPECT_EQ(server.recv().data, std::string(20000, content));
            EXPECT_EQ(server.recv(10, MSG_DONTWAIT).result, -EAGAIN);
        }
        EXPECT_EQ(drops(net::drop_reason::socket_receive_full), 2u);
    });
}

TEST_F(udp_host, u4_a_slow_reader_costs_no_more_than_its_buffer) {
    program([&] {
        sim::user_socket server(host, SOCK_DGRAM);
        server.bind("0.0.0.0", 7);
        server.set_option(SOL_SOCKET, SO_RCVBUF, 20000);
        EXPECT_EQ(server.get_option(SOL_SOCKET, SO_RCVBUF), 40000);
        for (int i = 0; i < 500; i++) {
            peer.inject_ip(sim::make_udp(fields, 1000, 7, std::string(1, static_cast<char>(i))));
        }
        const uint64_t lost = drops(net::drop_reason::socket_receive_full);
        EXPECT_GT(lost, 400u);
        const uint64_t one_datagram = host.stack().skb_bytes / (500 - lost);
        EXPECT_LT(host.stack().skb_bytes, 40000 + one_datagram); // the last one may reach over the bound
        EXPECT_EQ(net::counted(host.stack(), net::mib::udp_receive_buffer_errors), lost);
        EXPECT_EQ(server.recv().data, std::string(1, '\0')); // the oldest are kept
        EXPECT_NE(host.report("udp").find(" " + std::to_string(lost) + " "), std::string::npos);
    });
}

TEST_F(udp_host, peek_and_truncation) {
    program([&] {
        sim::user_socket server(host, SOCK_DGRAM);
        server.bind("0.0.0.0", 7);
        peer.inject_ip(sim::make_udp(fields, 1000, 7, "first one"));
        peer.inject_ip(sim::make_udp(fields, 1001, 7, "second"));
        sim::received got = server.recv(5, MSG_PEEK);
        EXPECT_EQ(got.data, "first");
        EXPECT_EQ(got.flags, MSG_TRUNC);
        EXPECT_EQ(got.from_port, 1000);
        EXPECT_EQ(server.recv(5, MSG_TRUNC).result, 9); // the real length
        int waiting = 0;
        EXPECT_EQ(server.ioctl(SIOCINQ, &waiting), 0);
        EXPECT_EQ(waiting, 6);
        EXPECT_EQ(server.recv().data, "second");
    });
}

TEST_F(udp_host, errors_of_sending) {
    program([&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        EXPECT_EQ(socket.send("x"), -EDESTADDRREQ);
        EXPECT_EQ(socket.send_to("x", peer.ip, 0), -EINVAL);
        EXPECT_EQ(socket.send_to("x", sim::address("10.0.0.255"), 9), -EACCES);
        EXPECT_EQ(socket.send_to("x", 0xffffffff, 9), -EACCES);
        EXPECT_EQ(socket.send_to("x", sim::address("8.8.8.8"), 9), -ENETUNREACH);
        EXPECT_EQ(socket.send_to("x", peer.ip, 9, MSG_OOB), -EOPNOTSUPP);
        EXPECT_EQ(socket.listen(5), -EOPNOTSUPP);
        EXPECT_EQ(socket.shutdown(SHUT_RDWR), -ENOTCONN);
        EXPECT_EQ(socket.shutdown(7), -EINVAL);
        net::socket_address wrong;
        wrong.any.sa_family = AF_UNIX;
        wrong.length = sizeof(sockaddr_in);
        EXPECT_EQ(net::sock_connect(socket.get(), wrong).error().number, EAFNOSUPPORT);
        wrong.length = 3;
        EXPECT_EQ(net::sock_connect(socket.get(), wrong).error().number, EINVAL);
        EXPECT_EQ(socket.connect(peer.ip, 9), 0);
        EXPECT_EQ(socket.shutdown(SHUT_WR), 0);
        EXPECT_EQ(socket.send("x"), -EPIPE);
        EXPECT_EQ(world.sigpipes, 0u); // datagrams raise none
    });
}

TEST_F(udp_host, connect_filters_and_disconnect_opens_again) {
    program([&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        EXPECT_EQ(socket.connect(peer.ip, 9), 0);
        EXPECT_EQ(socket.local_address(), host.ip());
        const uint16_t port = socket.local_port();
        EXPECT_NE(port, 0);
        peer.inject_ip(sim::make_udp(fields, 8, port, "other port"));
        peer.inject_ip(sim::make_udp(fields, 9, port, "mine"));
        EXPECT_EQ(socket.recv().data, "mine");
        EXPECT_EQ(drops(net::drop_reason::udp_no_socket), 1u);
        EXPECT_EQ(socket.disconnect(), 0);
        EXPECT_EQ(socket.local_address(), 0u);
        EXPECT_EQ(socket.local_port(), 0); // nobody had chosen it
        EXPECT_EQ(socket.send("x"), -EDESTADDRREQ);
    });
}

TEST_F(udp_host, ancillary_data_tells_where_a_datagram_came_in) {
    program([&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        socket.bind("0.0.0.0", 7);
        for (int option : {IP_PKTINFO, IP_RECVTTL, IP_RECVTOS}) {
            EXPECT_EQ(socket.set_option(IPPROTO_IP, option, 1), 0);
            EXPECT_EQ(socket.get_option(IPPROTO_IP, option), 1);
        }
        socket.set_option(SOL_SOCKET, SO_TIMESTAMP, 1);
        fields.ttl = 33;
        fields.tos = 0x10;
        peer.inject_ip(sim::make_udp(fields, 1000, 7, "x"));
        const sim::received got = socket.recv();
        EXPECT_EQ(got.number(IPPROTO_IP, IP_TTL), 33);
        EXPECT_EQ(got.number(IPPROTO_IP, IP_TOS), 0x10);
        EXPECT_EQ(got.number(IPPROTO_IP, IP_PKTINFO), static_cast<int>(host.device().index));
        EXPECT_EQ(got.control.size(), 4u);
        // And the other way: TTL, TOS and source of one datagram.
        const int ttl = 5;
        const auto* bytes = reinterpret_cast<const uint8_t*>(&ttl);
        EXPECT_EQ(socket.send_to("x", peer.ip, 9, 0, {{IPPROTO_IP, IP_TTL, {bytes, bytes + 4}}}), 1);
        EXPECT_EQ(sim::ip_of(host.card->sent.back())->ttl, 5);
        EXPECT_EQ(socket.send_to("x", peer.ip, 9, 0, {{IPPROTO_IP, 99, {bytes, bytes + 4}}}), -EINVAL);
    });
}

// RFC 1122 §4.1.3.5, of a host where it makes a difference.
TEST_F(udp_host, of_two_addresses_each_is_told_and_can_be_chosen) {
    const uint32_t other = sim::address("192.168.5.1");
    sim::nic second_card(host.stack(), 99, 0);
    ASSERT_TRUE(net::dev_open(second_card.device).ok());
    ASSERT_TRUE(
        net::set_interface_address(host.stack(), second_card.device, other, 0xffffff00, other | 255).ok());
    program([&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        socket.bind("0.0.0.0", 7);
        socket.set_option(IPPROTO_IP, IP_PKTINFO, 1);
        for (const uint32_t asked : {host.ip(), other}) {
            fields.destination = asked;
            peer.inject_ip(sim::make_udp(fields, 1000, 7, "x"));
            const sim::received got = socket.recv();
            ASSERT_EQ(got.control.size(), 1u);
            in_pktinfo told = {};
            std::memcpy(&told, got.control[0].data.data(), sizeof(told));
            EXPECT_EQ(told.ipi_addr.s_addr, lib::swap_bytes(asked));
            told.ipi_spec_dst = told.ipi_addr;
            told.ipi_ifindex = 0;
            const auto* bytes = reinterpret_cast<const uint8_t*>(&told);
            EXPECT_EQ(
                socket.send_to("x", peer.ip, 9, 0, {{IPPROTO_IP, IP_PKTINFO, {bytes, bytes + sizeof(told)}}}),
                1);
            EXPECT_EQ(sim::ip_of(host.card->sent.back())->source, asked);
        }
        EXPECT_EQ(socket.send_to("x", peer.ip, 9), 1);
        EXPECT_EQ(sim::ip_of(host.card->sent.back())->source, host.ip());
        sim::user_socket bound(host, SOCK_DGRAM);
        bound.bind("192.168.5.1", 8);
        EXPECT_EQ(bound.send_to("x", peer.ip, 9), 1);
        EXPECT_EQ(sim::ip_of(host.card->sent.back())->source, other);
    });
}

TEST_F(udp_host, the_error_queue_tells_who_complained_about_what) {
    program([&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        socket.set_option(IPPROTO_IP, IP_RECVERR, 1);
        EXPECT_EQ(socket.send_to("traced", peer.ip, 33434), 6);
        const sim::frame sent = host.card->sent.back();
        sim::ip_fields from_router = {
            .source = sim::address("10.0.0.254"), .destination = host.ip(), .protocol = IPPROTO_ICMP};
        peer.inject_ip(
            sim::make_ip(from_router, sim::make_icmp(ICMP_TIME_EXCEEDED, 0, 0, 0,
                                                     {sent.begin() + 14, sent.begin() + 14 + 34})));
        EXPECT_EQ(socket.poll(POLLIN) & POLLERR, POLLERR);
        const sim::received got = socket.recv(100, MSG_ERRQUEUE);
        EXPECT_EQ(got.data, "traced");
        EXPECT_EQ(got.flags & MSG_ERRQUEUE, MSG_ERRQUEUE);
        EXPECT_EQ(got.from_address, peer.ip);
        EXPECT_EQ(got.from_port, 33434);
        ASSERT_EQ(got.control.size(), 1u);
        sock_extended_err error;
        std::memcpy(&error, got.control[0].data.data(), sizeof(error));
        EXPECT_EQ(error.ee_errno, static_cast<uint32_t>(EHOSTUNREACH));
        EXPECT_EQ(error.ee_origin, SO_EE_ORIGIN_ICMP);
        EXPECT_EQ(error.ee_type, ICMP_TIME_EXCEEDED);
        sockaddr_in offender;
        std::memcpy(&offender, got.control[0].data.data() + sizeof(error), sizeof(offender));
        EXPECT_EQ(lib::swap_bytes(offender.sin_addr.s_addr), from_router.source);
        EXPECT_EQ(socket.recv(100, MSG_ERRQUEUE).result, -EAGAIN);
        EXPECT_EQ(socket.get_option(SOL_SOCKET, SO_ERROR), 0); // told already
    });
}

TEST_F(udp_host, blocking_calls_end_by_timeout_signal_and_shutdown) {
    sim::fiber* waiter = &world.spawn("waiter", [&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        const int64_t tenth[2] = {0, 100'000};
        EXPECT_EQ(socket.set_option(SOL_SOCKET, SO_RCVTIMEO, tenth, sizeof(tenth)), 0);
        const time_ns before = world.now();
        EXPECT_EQ(socket.recv().result, -EAGAIN);
        EXPECT_GE(world.now() - before, 100 * millisecond);
        EXPECT_LT(world.now() - before, 110 * millisecond);
        const int64_t never[2] = {0, 0};
        socket.set_option(SOL_SOCKET, SO_RCVTIMEO, never, sizeof(never));
        EXPECT_EQ(socket.recv().result, -EINTR);
        socket.connect(peer.ip, 9);
        EXPECT_EQ(socket.shutdown(SHUT_RD), 0);
        EXPECT_EQ(socket.recv().result, 0);
    });
    world.after(second, [&] { world.interrupt(*waiter); });
    world.run();
}

TEST_F(udp_host, poll_sees_what_is_there) {
    program([&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        socket.bind("0.0.0.0", 7);
        EXPECT_EQ(socket.poll(POLLIN | POLLOUT), POLLOUT);
        EXPECT_EQ(socket.poll(POLLIN, 10 * millisecond), 0);
        world.after(5 * millisecond, [&] {
            host.card->receive(
                sim::make_ethernet(host.device().mac, peer.mac, 0x0800, sim::make_udp(fields, 1000, 7, "x")));
        });
        EXPECT_EQ(socket.poll(POLLIN, second), POLLIN);
        EXPECT_EQ(socket.recv().data, "x");
    });
}

TEST_F(udp_host, the_send_buffer_pushes_back) {
    program([&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        socket.set_option(SOL_SOCKET, SO_SNDBUF, 5000);
        ASSERT_EQ(socket.connect(peer.ip, 9), 0);
        EXPECT_EQ(socket.send("x"), 1);
        host.card->ring_full = true;
        int sent = 0;
        while (socket.send(std::string(1000, 'x'), MSG_DONTWAIT) == 1000) {
            ASSERT_LT(++sent, 100);
        }
        EXPECT_EQ(socket.send("x", MSG_DONTWAIT), -EAGAIN);
        EXPECT_EQ(socket.poll(POLLOUT, millisecond), 0);
        const uint64_t packets = host.stack().live_skbs;
        world.after(20 * millisecond, [&] {
            EXPECT_EQ(host.stack().live_skbs, packets); // who waits takes no memory
            host.card->ring_full = false;
            net::netif_wake_queue(host.device());
        });
        const time_ns before = world.now();
        EXPECT_EQ(socket.send("waits"), 5);
        EXPECT_GE(world.now() - before, 19 * millisecond);
        EXPECT_EQ(socket.poll(POLLOUT), POLLOUT);
    });
}

TEST_F(udp_host, bad_pointers_are_errors_and_leave_nothing_behind) {
    program([&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        ASSERT_EQ(socket.connect(peer.ip, 9), 0);
        const iovec bad = {.iov_base = reinterpret_cast<void*>(16), .iov_len = 100};
        net::message msg;
        msg.payload = net::iov_iter(&bad, 1, net::iov_iter::memory::user);
        EXPECT_EQ(net::sock_sendmsg(socket.get(), msg).error().number, EFAULT);
        peer.inject_ip(sim::make_udp(fields, 9, socket.local_port(), "x"));
        net::message into;
        into.payload = net::iov_iter(&bad, 1, net::iov_iter::memory::user);
        EXPECT_EQ(net::sock_recvmsg(socket.get(), into).error().number, EFAULT);
        EXPECT_EQ(socket.ioctl(SIOCINQ, reinterpret_cast<void*>(8)), -EFAULT);
    });
}

TEST_F(udp_host, a_socket_that_stopped_reading_still_gets_packets) {
    program([&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        socket.bind("0.0.0.0", 7);
        socket.connect(peer.ip, 1000);
        socket.shutdown(SHUT_RD);
        peer.inject_ip(sim::make_udp(fields, 1000, 7, "x"));
        EXPECT_EQ(socket.recv(100, MSG_DONTWAIT).data, "x");
        EXPECT_EQ(socket.recv(100, MSG_DONTWAIT).result, -EAGAIN);
        EXPECT_EQ(socket.recv().result, 0); // it does not wait either
    });
}

TEST_F(udp_host, a_packet_that_finds_its_socket_just_closed_is_dropped) {
    program([&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        const auto found = lib::ref<net::sock>::share(socket.get().sk);
        socket.close();
        EXPECT_FALSE(net::datagram_deliver(net::inet(*found), net::allocate_skb(host.stack(), 0, 1)));
        EXPECT_EQ(drops(net::drop_reason::socket_closed), 1u);
    });
}

TEST_F(udp_host, ip_minttl_keeps_packets_from_afar_away) {
    program([&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        socket.bind("0.0.0.0", 7);
        socket.set_option(IPPROTO_IP, IP_MINTTL, 255);
        fields.ttl = 254;
        peer.inject_ip(sim::make_udp(fields, 1000, 7, "far"));
        EXPECT_EQ(drops(net::drop_reason::ip_ttl_exceeded), 1u);
        fields.ttl = 255;
        peer.inject_ip(sim::make_udp(fields, 1000, 7, "near"));
        EXPECT_EQ(socket.recv().data, "near");
    });
}

TEST_F(udp_host, replies_without_a_way_back_are_dropped) {
    ASSERT_TRUE(net::set_interface_address(host.stack(), host.device(), host.ip(), 0xffffffff, 0).ok());
    peer.inject_ip(sim::make_udp(fields, 1000, 4242, "closed port")); // the answer has no route any more
    EXPECT_EQ(drops(net::drop_reason::ip_no_route), 1u);
}

TEST_F(udp_host, a_loopback_flood_is_bounded_and_counted) {
    program([&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        socket.connect("127.0.0.1", 4242);
        for (int i = 0; i < 5000; i++) { // the worker has no turn in between
            (void)socket.send("x");
        }
    });
    world.run_for(second);
    EXPECT_EQ(drops(net::drop_reason::device_backlog_full), 5000u - 4096u);
}

TEST_F(udp_host, a_flood_of_one_host_ends_with_memory) {
    world.fail_all_later_allocations = true;
    world.fail_allocation_after = 1;
    peer.inject_ip(sim::make_udp(fields, 1000, 4242, "x"));
    world.fail_allocation_after = 0;
    EXPECT_EQ(drops(net::drop_reason::no_memory), 1u);
}

TEST_F(udp_host, any_allocation_may_fail) {
    const uint64_t before = world.live_allocations;
    for (uint64_t nth = 1; nth < 30; nth++) {
        world.fail_allocation_after = nth;
        program([&] {
            sim::user_socket socket(host, SOCK_DGRAM);
            if (!socket.ok()) {
                EXPECT_EQ(socket.error(), ENOMEM);
                return;
            }
            const long sent = socket.send_to(std::string(4000, 'x'), host.ip(), 7);
            EXPECT_TRUE(sent == 4000 || sent == -ENOBUFS || sent == -ENOMEM) << sent;
        });
        world.run_for(second);
        world.fail_allocation_after = 0;
        EXPECT_EQ(host.stack().live_skbs, 0u) << nth;
        EXPECT_EQ(world.live_allocations, before) << nth;
    }
}

} // namespace
