// What IPv4 lets in, and what it does not (ids I1 to I6, I13, I14).

#include "net/core/snmp.hpp"
#include "sim/host.hpp"
#include "sim/packet.hpp"
#include "sim/program.hpp"

namespace {

using net::drop_reason;
using net::mib;
using sim::address;

struct ip : testing::Test {
    sim::world world;
    sim::host host{"10.0.0.1"};
    sim::peer peer{host, "10.0.0.2"};
    sim::ip_fields fields{.source = peer.ip, .destination = host.ip()};

    void SetUp() override { peer.introduce(); }
    sim::frame datagram() { return sim::make_udp(fields, 1000, 7, "x"); }
    size_t answers() { return host.card->sent.size(); }
    template <class Change>
    void inject_with(Change change) {
        sim::frame packet = datagram();
        change(*reinterpret_cast<net::wire::ipv4_header*>(packet.data()));
        sim::fix_ip_checksum(packet);
        peer.inject_ip(packet);
    }
};

TEST_F(ip, i3_bad_headers_are_dropped) {
    inject_with([](auto& header) { header.version_and_length = 0x65; });
    inject_with([](auto& header) { header.version_and_length = 0x44; });
    inject_with([](auto& header) { header.version_and_length = 0x40; });
    inject_with([](auto& header) { header.version_and_length = 0x4f; }); // longer than the packet
    inject_with([](auto& header) { header.total_length = 19; });
    inject_with([](auto& header) { header.ttl = 0; });
    inject_with([](auto& header) { header.flags_and_offset = 0x8000; });
    EXPECT_EQ(host.drops(drop_reason::ip_bad_header), 7u);
    EXPECT_EQ(net::counted(host.stack(), mib::ip_in_header_errors), 7u);
    EXPECT_EQ(answers(), 0u);
}

TEST_F(ip, i3_short_packets_are_dropped_at_every_length) {
    const sim::frame packet = datagram();
    for (size_t length = 0; length < packet.size(); length++) {
        peer.inject_ip({packet.begin(), packet.begin() + static_cast<long>(length)});
    }
    EXPECT_EQ(host.drops(drop_reason::ip_too_short), packet.size());
}

TEST_F(ip, i4_every_flipped_header_bit_is_seen) {
    const sim::frame packet = datagram();
    for (size_t bit = 0; bit < 160; bit++) {
        sim::frame broken = packet;
        broken[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        peer.inject_ip(broken);
    }
    EXPECT_EQ(net::counted(host.stack(), mib::ip_in_delivers), 0u);
    EXPECT_GT(host.drops(drop_reason::ip_bad_checksum), 100u);
    EXPECT_EQ(answers(), 0u);
}

TEST_F(ip, trailing_padding_is_cut_off) {
    world.spawn("server", [&] {
        sim::user_socket server(host, SOCK_DGRAM);
        server.bind("0.0.0.0", 7);
        EXPECT_EQ(server.recv().data, "x");
    });
    world.run_for(1);
    peer.inject_ip(sim::join(datagram(), sim::frame(30, 0xee)));
    world.run();
}

TEST_F(ip, i1_i2_martian_sources_are_dropped_without_an_answer) {
    for (const char* bad : {"10.0.0.1", "0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "240.0.0.1",
                            "255.255.255.255", "10.0.0.255"}) {
        fields.source = address(bad);
        peer.inject_ip(datagram());
    }
    EXPECT_EQ(host.drops(drop_reason::ip_martian_source), 8u);
    EXPECT_EQ(answers(), 0u);
}

TEST_F(ip, i2_loopback_destinations_do_not_come_from_the_wire) {
    fields.destination = address("127.0.0.1");
    peer.inject_ip(datagram());
    EXPECT_EQ(host.drops(drop_reason::ip_martian_destination), 1u);
    // A unicast address in a broadcast frame.
    fields.destination = host.ip();
    peer.inject(sim::make_ethernet(net::wire::ethernet_broadcast, peer.mac, 0x0800, datagram()));
    EXPECT_EQ(host.drops(drop_reason::ip_martian_destination), 2u);
}

TEST_F(ip, packets_for_others_are_not_forwarded) {
    fields.destination = address("10.0.0.77");
    peer.inject_ip(datagram());
    EXPECT_EQ(host.drops(drop_reason::ip_not_ours), 1u);
    EXPECT_EQ(answers(), 0u);
}

TEST_F(ip, i5_malformed_options_are_reported_once_by_icmp) {
    fields.options = std::string("\x07\x00\x00\x00", 4);
    peer.inject_ip(datagram());
    EXPECT_EQ(host.drops(drop_reason::ip_bad_options), 1u);
    ASSERT_EQ(answers(), 1u);
    EXPECT_EQ(sim::icmp_of(host.card->sent[0])->type, ICMP_PARAMETERPROB);
    EXPECT_EQ(sim::icmp_of(host.card->sent[0])->pointer(), 20);
    fields.options = std::string("\x01\x94\x04\x00\x00\x00\x00\x00", 8); // router alert
    peer.inject_ip(datagram());
    EXPECT_EQ(host.drops(drop_reason::ip_bad_options), 1u);
}

TEST_F(ip, i6_source_routes_are_dropped) {
    for (const char type : {'\x83', '\x89'}) {
        fields.options = std::string(1, type) + std::string("\x07\x04\x0a\x00\x00\x09\x00", 7);
        peer.inject_ip(datagram());
    }
    EXPECT_EQ(host.drops(drop_reason::ip_source_route), 2u);
    EXPECT_EQ(answers(), 0u);
}

TEST_F(ip, i13_unknown_protocols_are_unreachable) {
    for (uint8_t protocol : {4, 41, 47, 132, 255}) {
        fields.protocol = protocol;
        peer.inject_ip(sim::make_ip(fields, sim::frame(20, 0)));
    }
    EXPECT_EQ(host.drops(drop_reason::ip_unknown_protocol), 5u);
    EXPECT_EQ(answers(), 5u);
    EXPECT_EQ(sim::icmp_of(host.card->sent[0])->code, ICMP_PROT_UNREACH);
}

TEST_F(ip, i14_nothing_is_said_about_broadcasts) {
    fields.destination = address("10.0.0.255");
    fields.protocol = 99;
    peer.inject(sim::make_ethernet(net::wire::ethernet_broadcast, peer.mac, 0x0800,
                                   sim::make_ip(fields, sim::frame(20, 0))));
    EXPECT_EQ(host.drops(drop_reason::ip_unknown_protocol), 1u);
    EXPECT_EQ(answers(), 0u);
}

TEST_F(ip, i12_identifications_do_not_repeat_soon_and_differ_by_destination) {
    world.spawn("sender", [&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        socket.set_option(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
        for (int i = 0; i < 1000; i++) {
            socket.send_to("x", peer.ip, 9);
        }
    });
    world.run();
    std::map<uint16_t, int> seen;
    unsigned steps_of_one = 0;
    uint16_t before = 0;
    for (const sim::frame& each : host.card->sent) {
        const uint16_t id = sim::ip_of(each)->identification;
        seen[id]++;
        steps_of_one += static_cast<uint16_t>(id - before) == 1 ? 1 : 0;
        before = id;
    }
    EXPECT_EQ(seen.size(), 1000u);
    EXPECT_LT(steps_of_one, 300u);
}

TEST_F(ip, a_packet_that_may_not_be_cut_is_refused) {
    world.spawn("sender", [&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        socket.set_option(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
        EXPECT_EQ(socket.send_to(std::string(2000, 'x'), peer.ip, 9), -EMSGSIZE);
        EXPECT_EQ(socket.send_to(std::string(65508, 'x'), peer.ip, 9), -EMSGSIZE);
        EXPECT_EQ(socket.send_to("x", address("8.8.8.8"), 9), -ENETUNREACH);
    });
    world.run();
    EXPECT_EQ(host.drops(drop_reason::ip_too_big), 1u);
    EXPECT_EQ(host.stack().live_skbs, 0u);
}

} // namespace
