// What the simulation's routers do with packets that are too large.

#include "sim/router.hpp"

#include "kernel/abi/inet.h"
#include "kernel/abi/packet.h"
#include "sim/packet.hpp"

namespace {

const uint8_t here[6] = {2, 0, 0, 0, 0, 1};
const uint8_t there[6] = {2, 0, 0, 0, 0, 2};

sim::frame packet(size_t payload_bytes, uint16_t flags_and_offset) {
    sim::frame payload(payload_bytes);
    for (size_t i = 0; i < payload_bytes; i++) {
        payload[i] = static_cast<uint8_t>(i % 251);
    }
    return sim::make_ethernet(
        there, here, ETH_P_IP,
        sim::make_ip({.source = 0x0a000001, .destination = 0x0a000002, .flags_and_offset = flags_and_offset},
                     payload));
}

TEST(router, looks_at_whole_and_undamaged_packets) {
    EXPECT_FALSE(sim::is_too_large(packet(680, 0), 700));
    EXPECT_TRUE(sim::is_too_large(packet(681, 0), 700));
    sim::frame damaged = packet(681, 0);
    damaged[14 + 12] ^= 1;
    EXPECT_FALSE(sim::is_too_large(damaged, 700));
    sim::frame truncated = packet(681, 0);
    truncated.pop_back();
    EXPECT_FALSE(sim::is_too_large(truncated, 700));
    EXPECT_FALSE(sim::is_too_large(sim::frame(20), 700));
}

TEST(router, cuts_what_may_be_cut) {
    const uint16_t place = 10 | net::wire::ipv4_more_fragments; // it is a fragment already
    const sim::frame whole = packet(1000, place);
    const std::vector<sim::frame> fragments = sim::cut(whole, 600);
    ASSERT_EQ(fragments.size(), 2u);
    EXPECT_EQ(fragments[0].size(), 14u + 20 + 576);
    EXPECT_EQ(fragments[1].size(), 14u + 20 + 424);
    EXPECT_EQ(sim::ip_of(fragments[0])->flags_and_offset, place);
    EXPECT_EQ(sim::ip_of(fragments[1])->flags_and_offset, place + 576 / 8);
    for (const sim::frame& each : fragments) {
        EXPECT_TRUE(sim::is_too_large(each, 100)); // lengths and checksum are right
    }
    sim::frame together = fragments[0];
    together.insert(together.end(), fragments[1].begin() + 34, fragments[1].end());
    EXPECT_TRUE(std::equal(together.begin() + 34, together.end(), whole.begin() + 34, whole.end()));
}

TEST(router, says_what_fits_when_a_packet_must_not_be_cut) {
    const sim::frame whole = packet(1000, net::wire::ipv4_dont_fragment);
    EXPECT_TRUE(sim::must_stay_whole(whole));
    const sim::frame answer = sim::fragmentation_needed(whole, 600);
    const net::wire::icmp_header* icmp = sim::icmp_of(answer);
    ASSERT_NE(icmp, nullptr);
    EXPECT_EQ(icmp->type, ICMP_DEST_UNREACH);
    EXPECT_EQ(icmp->code, ICMP_FRAG_NEEDED);
    EXPECT_EQ(icmp->next_hop_mtu(), 600u);
    EXPECT_EQ(sim::ip_of(answer)->destination, 0x0a000001u);
    EXPECT_EQ(answer.size(), 14u + 20 + 8 + 28);
    EXPECT_TRUE(std::equal(answer.begin() + 14 + 28, answer.end(), whole.begin() + 14));
}

} // namespace
