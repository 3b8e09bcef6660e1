// Reassembly: in any order, from any cut, and bounded against attackers (ids I7 to I11).

#include "net/ipv4/ip_fragment.hpp"

#include "net/core/snmp.hpp"
#include "sim/host.hpp"
#include "sim/packet.hpp"
#include "sim/program.hpp"

namespace {

using namespace net::port;
using net::drop_reason;
using net::mib;
using sim::address;

struct fragments : testing::Test {
    sim::world world{3};
    sim::host host{"10.0.0.1"};
    sim::peer peer{host, "10.0.0.2"};
    uint16_t identification = 100;
    uint32_t source = peer.ip;

    void SetUp() override { peer.introduce(); }
    void TearDown() override {
        world.run_for(40 * second);
        EXPECT_EQ(net::ip_reassembly_usage(host.stack()).datagrams, 0u);
        EXPECT_EQ(net::ip_reassembly_usage(host.stack()).bytes, 0u);
        EXPECT_EQ(host.stack().live_skbs, 0u);
    }
    sim::frame payload(size_t length) {
        // A UDP datagram without a checksum, so that its bytes can be anything.
        sim::frame bytes(length, 'd');
        const uint8_t header[8] = {
            3, 232, 0, 7, static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length), 0, 0};
        std::copy_n(header, 8, bytes.begin());
        return bytes;
    }
    void piece(const sim::frame& of, size_t offset, size_t length, bool more, uint8_t protocol = 17) {
        const sim::ip_fields fields = {.source = source,
                                       .destination = host.ip(),
                                       .protocol = protocol,
                                       .identification = identification,
                                       .flags_and_offset =
                                           static_cast<uint16_t>(offset / 8 | (more ? 0x2000 : 0))};
        sim::frame part(length, 0);
        for (size_t i = 0; i < length && offset + i < of.size(); i++) {
            part[i] = of[offset + i];
        }
        host.card->receive(
            sim::make_ethernet(host.device().mac, peer.mac, 0x0800, sim::make_ip(fields, part)));
        world.run_for(millisecond);
    }
    uint64_t whole() { return net::counted(host.stack(), mib::ip_reassembly_ok); }
    unsigned waiting() { return net::ip_reassembly_usage(host.stack()).datagrams; }
};

TEST_F(fragments, come_together_in_any_order) {
    const sim::frame bytes = payload(64);
    std::vector<size_t> order = {0, 8, 16, 24, 32, 40, 48, 56};
    world.spawn("server", [&] {
        sim::user_socket server(host, SOCK_DGRAM);
        server.bind("0.0.0.0", 7);
        for (int i = 0; i < 200; i++) {
            EXPECT_EQ(server.recv().data, std::string(56, 'd'));
        }
    });
    world.run_for(1);
    for (int i = 0; i < 200; i++) {
        std::shuffle(order.begin(), order.end(), world.random());
        for (size_t offset : order) {
            piece(bytes, offset, 8, offset != 56);
        }
        identification++;
    }
    world.run();
    EXPECT_EQ(whole(), 200u);
}

TEST_F(fragments, a_large_datagram_crosses_the_wire_and_comes_back) {
    sim::host other("10.0.0.3");
    sim::wire wire(host, other, {.jitter = 3 * millisecond});
    std::string text(60000, ' ');
    for (size_t i = 0; i < text.size(); i++) {
        text[i] = static_cast<char>('a' + i % 23);
    }
    world.spawn("server", [&] {
        sim::user_socket server(other, SOCK_DGRAM);
        server.bind("0.0.0.0", 7);
        const sim::received got = server.recv();
        EXPECT_EQ(got.data, text);
        server.send_to(got.data, got.from_address, got.from_port);
    });
    world.spawn("client", [&] {
        sim::user_socket client(host, SOCK_DGRAM);
        EXPECT_EQ(client.send_to(text, other.ip(), 7), 60000);
        EXPECT_EQ(client.recv().data, text);
    });
    world.run();
    EXPECT_EQ(net::counted(host.stack(), mib::ip_fragmented_ok), 1u);
    EXPECT_EQ(net::counted(host.stack(), mib::ip_fragments_created), 41u);
    EXPECT_EQ(whole(), 1u);
}

TEST_F(fragments, i7_any_overlap_ends_the_datagram) {
    const sim::frame bytes = payload(64);
    piece(bytes, 0, 32, true);
    piece(bytes, 24, 16, true); // teardrop
    EXPECT_EQ(host.drops(drop_reason::ip_fragment_overlap), 2u);
    EXPECT_EQ(waiting(), 0u);
    identification++;
    piece(bytes, 0, 40, true);
    piece(bytes, 8, 8, true); // inside
    EXPECT_EQ(waiting(), 0u);
    identification++;
    piece(bytes, 32, 32, false);
    piece(bytes, 0, 40, true); // reaches into what is there
    EXPECT_EQ(waiting(), 0u);
    identification++;
    piece(bytes, 56, 8, false);
    piece(bytes, 64, 8, true); // beyond the end
    EXPECT_EQ(waiting(), 0u);
    identification++;
    piece(bytes, 32, 32, false);
    piece(bytes, 8, 8, false); // a second end
    EXPECT_EQ(waiting(), 0u);
    EXPECT_EQ(whole(), 0u);
}

TEST_F(fragments, exact_repetitions_are_ignored) {
    const sim::frame bytes = payload(32);
    piece(bytes, 0, 16, true);
    piece(bytes, 0, 16, true);
    EXPECT_EQ(waiting(), 1u);
    piece(bytes, 16, 16, false);
    EXPECT_EQ(whole(), 1u);
}

TEST_F(fragments, i8_nothing_reaches_beyond_64_kib) {
    const sim::frame bytes = payload(64);
    piece(bytes, 65528, 64, false); // ping of death
    piece(bytes, 65504, 8, true);
    EXPECT_EQ(host.drops(drop_reason::ip_fragment_malformed), 1u);
    EXPECT_EQ(waiting(), 1u);
}

TEST_F(fragments, i11_tiny_and_odd_fragments_are_dropped) {
    const sim::frame bytes = payload(64);
    piece(bytes, 0, 0, true);
    piece(bytes, 8, 0, false);
    piece(bytes, 0, 13, true);
    piece(bytes, 0, 16, true, 6); // less than a TCP header
    EXPECT_EQ(host.drops(drop_reason::ip_fragment_malformed), 4u);
    EXPECT_EQ(waiting(), 0u);
}

TEST_F(fragments, i9_one_datagram_has_at_most_64_pieces) {
    const sim::frame bytes = payload(8);
    for (size_t i = 0; i < 65; i++) {
        piece(bytes, i * 16, 8, true);
    }
    EXPECT_EQ(waiting(), 0u);
    EXPECT_EQ(host.drops(drop_reason::ip_fragment_limit), 65u);
}

TEST_F(fragments, i10_one_source_fills_only_its_share) {
    const sim::frame bytes = payload(64);
    for (int i = 0; i < 100; i++) {
        identification++;
        piece(bytes, 56, 8, false);
    }
    EXPECT_EQ(waiting(), net::reassembly_per_source_limit);
    source = address("10.0.0.99");
    piece(bytes, 0, 32, true);
    piece(bytes, 32, 32, false);
    EXPECT_EQ(whole(), 1u);
}

TEST_F(fragments, i10_many_sources_push_the_oldest_out) {
    const sim::frame bytes = payload(64);
    for (uint32_t i = 0; i < 100; i++) {
        source = address("10.0.1.1") + i;
        piece(bytes, 56, 8, false);
    }
    EXPECT_EQ(waiting(), net::reassembly_datagram_limit);
    EXPECT_LE(net::ip_reassembly_usage(host.stack()).bytes, net::reassembly_memory_limit);
}

TEST_F(fragments, time_out_after_thirty_seconds_with_an_icmp_error_if_the_first_came) {
    const sim::frame bytes = payload(64);
    piece(bytes, 0, 32, true);
    identification++;
    piece(bytes, 32, 32, false);
    world.run_for(29 * second);
    EXPECT_EQ(waiting(), 2u);
    EXPECT_EQ(host.card->sent.size(), 0u);
    world.run_for(2 * second);
    EXPECT_EQ(waiting(), 0u);
    EXPECT_EQ(host.drops(drop_reason::ip_fragment_timeout), 2u);
    ASSERT_EQ(host.card->sent.size(), 1u);
    EXPECT_EQ(sim::icmp_of(host.card->sent[0])->type, ICMP_TIME_EXCEEDED);
    EXPECT_EQ(sim::icmp_of(host.card->sent[0])->code, ICMP_EXC_FRAGTIME);
}

TEST_F(fragments, fragments_of_different_protocols_do_not_mix) {
    const sim::frame bytes = payload(64);
    piece(bytes, 0, 32, true, 17);
    piece(bytes, 32, 32, false, 1);
    EXPECT_EQ(whole(), 0u);
    EXPECT_EQ(waiting(), 2u);
}

TEST_F(fragments, short_memory_loses_the_datagram_and_nothing_else) {
    const sim::frame bytes = payload(64);
    for (uint64_t nth = 1; nth < 8; nth++) {
        identification++;
        piece(bytes, 0, 32, true);
        world.fail_allocation_after = nth;
        piece(bytes, 32, 32, false);
        world.fail_allocation_after = 0;
    }
}

} // namespace
