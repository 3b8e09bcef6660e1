// ICMP: echo, errors out and in (ids C1 to C10).

#include "net/ipv4/icmp.hpp"

#include "net/core/snmp.hpp"
#include "net/wire/checksum.hpp"
#include "sim/host.hpp"
#include "sim/packet.hpp"
#include "sim/program.hpp"
#include "sim/sysctl.hpp"

namespace {

using namespace net::port;
using net::drop_reason;
using net::mib;
using sim::address;

struct icmp : testing::Test {
    sim::world world;
    sim::host host{"10.0.0.1"};
    sim::peer peer{host, "10.0.0.2"};
    sim::ip_fields fields{.source = peer.ip, .destination = host.ip(), .protocol = IPPROTO_ICMP};

    void SetUp() override { peer.introduce(); }
    void inject(const sim::frame& message) { peer.inject_ip(sim::make_ip(fields, message)); }
    sim::frame echo(size_t length = 32) {
        return sim::make_icmp(ICMP_ECHO, 0, 77, 1, sim::frame(length, 'e'));
    }
    size_t answers() { return host.card->sent.size(); }
    /// The start of a packet that the host might have sent.
    sim::frame quote_udp(uint16_t local_port, uint16_t remote_port) {
        return sim::make_udp({.source = host.ip(), .destination = peer.ip}, local_port, remote_port, "abcd");
    }
};

TEST_F(icmp, echo_is_answered_with_the_same_bytes) {
    inject(echo(301));
    ASSERT_EQ(answers(), 1u);
    const sim::frame& reply = host.card->sent[0];
    EXPECT_EQ(sim::icmp_of(reply)->type, ICMP_ECHOREPLY);
    EXPECT_EQ(sim::icmp_of(reply)->identifier, 77);
    EXPECT_EQ(sim::ip_of(reply)->source, host.ip());
    EXPECT_EQ(sim::ip_of(reply)->destination, peer.ip);
    EXPECT_EQ(reply.size(), 14u + 20 + 8 + 301);
    EXPECT_TRUE(net::wire::checksum_good(net::wire::checksum_add(0, reply.data() + 34, reply.size() - 34)));
    EXPECT_TRUE(std::all_of(reply.begin() + 42, reply.end(), [](uint8_t byte) { return byte == 'e'; }));
}

TEST_F(icmp, an_echo_of_another_code_or_of_zeros_is_answered_with_a_right_checksum) {
    for (const uint8_t code : {uint8_t{0}, uint8_t{77}}) {
        host.card->sent.clear();
        inject(sim::make_icmp(ICMP_ECHO, code, 0, 0, sim::frame(20, 0)));
        ASSERT_EQ(answers(), 1u);
        const sim::frame& reply = host.card->sent[0];
        EXPECT_EQ(sim::icmp_of(reply)->code, 0);
        EXPECT_TRUE(
            net::wire::checksum_good(net::wire::checksum_add(0, reply.data() + 34, reply.size() - 34)));
    }
}

TEST_F(icmp, c1_broadcast_echo_is_ignored) {
    fields.destination = address("10.0.0.255");
    peer.inject(
        sim::make_ethernet(net::wire::ethernet_broadcast, peer.mac, 0x0800, sim::make_ip(fields, echo())));
    EXPECT_EQ(host.drops(drop_reason::icmp_broadcast), 1u);
    EXPECT_EQ(answers(), 0u);
}

TEST_F(icmp, broadcast_echo_is_answered_if_the_parameter_says_so) {
    ASSERT_EQ(sim::write_sysctl(host, "ipv4/icmp_echo_ignore_broadcasts", "0"), 0);
    fields.destination = address("10.0.0.255");
    peer.inject(
        sim::make_ethernet(net::wire::ethernet_broadcast, peer.mac, 0x0800, sim::make_ip(fields, echo())));
    ASSERT_EQ(answers(), 1u);
    EXPECT_EQ(sim::ip_of(host.card->sent[0])->source, host.ip()); // RFC 1122 3.2.2.6: never the broadcast's
}

TEST_F(icmp, echo_is_ignored_if_the_parameter_says_so) {
    ASSERT_EQ(sim::write_sysctl(host, "ipv4/icmp_echo_ignore_all", "1"), 0);
    inject(echo());
    EXPECT_EQ(answers(), 0u);
    EXPECT_EQ(host.drops(drop_reason::icmp_ignored), 1u);
}

TEST_F(icmp, c2_answers_are_limited) {
    for (int i = 0; i < 200; i++) {
        host.card->receive(
            sim::make_ethernet(host.device().mac, peer.mac, 0x0800, sim::make_ip(fields, echo())));
    }
    world.run_for(millisecond / 2);
    EXPECT_LE(answers(), 51u);
    EXPECT_GE(answers(), 40u);
    EXPECT_GE(host.drops(drop_reason::icmp_rate_limited), 149u);
    world.run_for(second);
    host.card->sent.clear();
    inject(echo());
    EXPECT_EQ(answers(), 1u);
}

TEST_F(icmp, c2_errors_are_limited_apart_from_echoes) {
    for (int i = 0; i < 200; i++) {
        const sim::frame packet = sim::make_udp({.source = peer.ip, .destination = host.ip()}, 9, 4242, "x");
        host.card->receive(sim::make_ethernet(host.device().mac, peer.mac, 0x0800, packet));
    }
    world.run_for(millisecond / 2);
    EXPECT_LE(answers(), 51u);
    EXPECT_GT(net::counted(host.stack(), mib::icmp_out_rate_limit_global), 100u);
    host.card->sent.clear();
    inject(echo());
    EXPECT_EQ(answers(), 1u);
}

TEST_F(icmp, c3_no_error_about_errors_or_later_fragments) {
    fields.protocol = IPPROTO_ICMP;
    inject(sim::make_icmp(ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, 0, 0, quote_udp(1, 2)));
    EXPECT_EQ(answers(), 0u);
    // Malformed options deserve a "parameter problem", were it not about an error or a later fragment.
    fields.options = std::string("\x07\x00\x00\x00", 4);
    inject(sim::make_icmp(ICMP_TIME_EXCEEDED, 0, 0, 0, quote_udp(1, 2)));
    fields.flags_and_offset = 10;
    inject(echo());
    EXPECT_EQ(host.drops(drop_reason::ip_bad_options), 2u);
    EXPECT_EQ(answers(), 0u);
    fields.flags_and_offset = 0;
    inject(echo());
    ASSERT_EQ(answers(), 1u);
    EXPECT_EQ(sim::icmp_of(host.card->sent[0])->type, ICMP_PARAMETERPROB);
}

TEST_F(icmp, c5_c7_quench_and_redirects_are_ignored) {
    inject(sim::make_icmp(ICMP_SOURCE_QUENCH, 0, 0, 0, quote_udp(1, 2)));
    inject(sim::make_icmp(ICMP_REDIRECT, 1, 0, 0, quote_udp(1, 2)));
    inject(sim::make_icmp(ICMP_TIMESTAMP, 0, 0, 0, sim::frame(12, 0)));
    EXPECT_EQ(host.drops(drop_reason::icmp_ignored), 3u);
    inject(sim::make_icmp(42, 0, 0, 0, {}));
    EXPECT_EQ(host.drops(drop_reason::icmp_unknown_type), 1u);
    EXPECT_EQ(answers(), 0u);
}

TEST_F(icmp, c8_malformed_messages_are_dropped) {
    const sim::frame message = echo(0);
    for (size_t length = 0; length < 8; length++) {
        inject({message.begin(), message.begin() + static_cast<long>(length)});
    }
    EXPECT_EQ(host.drops(drop_reason::icmp_too_short), 8u);
    sim::frame broken = echo(10);
    for (size_t bit = 0; bit < broken.size() * 8; bit++) {
        broken[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        inject(broken);
        broken[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    }
    EXPECT_EQ(host.drops(drop_reason::icmp_bad_checksum), broken.size() * 8);
    const sim::frame quote = quote_udp(1, 2);
    for (size_t length = 0; length < 28; length++) {
        inject(sim::make_icmp(ICMP_DEST_UNREACH, 3, 0, 0,
                              {quote.begin(), quote.begin() + static_cast<long>(length)}));
    }
    EXPECT_EQ(host.drops(drop_reason::icmp_malformed_quote), 28u);
    sim::frame lies = quote;
    lies[0] = 0x4f; // a header of 60 bytes that is not there
    inject(sim::make_icmp(ICMP_DEST_UNREACH, 3, 0, 0, lies));
    lies = quote;
    lies[15] = 99; // not sent by us
    inject(sim::make_icmp(ICMP_DEST_UNREACH, 3, 0, 0, lies));
    inject(sim::make_icmp(ICMP_DEST_UNREACH, 16, 0, 0, quote)); // no such code
    EXPECT_EQ(host.drops(drop_reason::icmp_malformed_quote), 31u);
    EXPECT_EQ(answers(), 0u);
}

TEST_F(icmp, c9_a_large_echo_comes_back_whole) {
    sim::host other("10.0.0.3");
    sim::wire wire(host, other);
    world.spawn("ping", [&] {
        sim::user_socket ping(host, SOCK_DGRAM, IPPROTO_ICMP);
        ASSERT_TRUE(ping.ok());
        std::string request = std::string("\x08\0\0\0\0\0\0\x05", 8) + std::string(60000, 'p');
        EXPECT_EQ(ping.send_to(request, other.ip(), 0), 60008);
        const sim::received reply = ping.recv(70000);
        ASSERT_EQ(reply.result, 60008);
        EXPECT_EQ(reply.data[0], '\0');
        EXPECT_EQ(reply.data.substr(8), request.substr(8));
        EXPECT_EQ(reply.from_address, other.ip());
    });
    world.run();
}

TEST_F(icmp, c10_ping_sockets_get_their_own_replies_only) {
    world.spawn("ping", [&] {
        sim::user_socket first(host, SOCK_DGRAM, IPPROTO_ICMP);
        sim::user_socket second(host, SOCK_DGRAM, IPPROTO_ICMP);
        const std::string request("\x08\0\0\0\0\0\0\x01ping", 12);
        EXPECT_EQ(first.send_to(request, address("127.0.0.1"), 0), 12);
        EXPECT_EQ(first.recv().result, 12);
        EXPECT_EQ(second.recv(100, MSG_DONTWAIT).result, -EAGAIN);
        EXPECT_EQ(first.send_to(std::string(8, '\x03'), address("127.0.0.1"), 0), -EINVAL);
        EXPECT_EQ(first.send_to("short", address("127.0.0.1"), 0), -EINVAL);
    });
    world.run();
    inject(sim::make_icmp(ICMP_ECHOREPLY, 0, 4711, 1, {}));
    EXPECT_EQ(host.drops(drop_reason::icmp_ignored), 1u);
}

TEST_F(icmp, a_closed_port_is_unreachable_and_the_quote_is_right) {
    const sim::frame packet =
        sim::make_udp({.source = peer.ip, .destination = host.ip()}, 1000, 4242, "payload");
    peer.inject_ip(packet);
    ASSERT_EQ(answers(), 1u);
    const sim::frame& error = host.card->sent[0];
    EXPECT_EQ(sim::icmp_of(error)->type, ICMP_DEST_UNREACH);
    EXPECT_EQ(sim::icmp_of(error)->code, ICMP_PORT_UNREACH);
    EXPECT_EQ(sim::ip_of(error)->tos, 0xc0);
    EXPECT_EQ(sim::frame(error.begin() + 42, error.begin() + 42 + static_cast<long>(packet.size())), packet);
    EXPECT_EQ(host.drops(drop_reason::udp_no_socket), 1u);
    EXPECT_EQ(net::counted(host.stack(), mib::udp_no_ports), 1u);
}

TEST_F(icmp, errors_reach_a_connected_socket) {
    world.spawn("client", [&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        ASSERT_EQ(socket.connect(peer.ip, 9), 0);
        const uint16_t port = socket.local_port();
        inject(sim::make_icmp(ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, 0, quote_udp(port, 9)));
        EXPECT_EQ(socket.recv(100, MSG_DONTWAIT).result, -ECONNREFUSED);
        EXPECT_EQ(socket.recv(100, MSG_DONTWAIT).result, -EAGAIN); // told once
        inject(sim::make_icmp(ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0, 0, quote_udp(port, 9)));
        EXPECT_EQ(socket.recv(100, MSG_DONTWAIT).result, -EAGAIN); // soft: not told
        inject(sim::make_icmp(ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, 0, quote_udp(port, 8)));
        EXPECT_EQ(socket.get_option(SOL_SOCKET, SO_ERROR), 0); // of another flow
    });
    world.run();
}

} // namespace
