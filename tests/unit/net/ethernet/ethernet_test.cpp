// Frames that go no further than the link layer.

#include "kernel/abi/packet.h"
#include "sim/host.hpp"
#include "sim/packet.hpp"
#include "sim/program.hpp"

namespace {

using net::drop_reason;

struct ethernet : testing::Test {
    sim::world world;
    sim::host host{"10.0.0.1"};
    sim::peer peer{host, "10.0.0.2"};
    const sim::frame payload = sim::frame(46, 0);
};

TEST_F(ethernet, runts_are_dropped_at_every_length) {
    for (size_t length = 0; length < 14; length++) {
        peer.inject(sim::frame(length, 2));
    }
    EXPECT_EQ(host.drops(drop_reason::eth_too_short), 14u);
    EXPECT_EQ(host.device().statistics.rx_length_errors, 14u);
}

TEST_F(ethernet, a_group_address_cannot_send) {
    const uint8_t group[6] = {1, 0, 0x5e, 0, 0, 1};
    peer.inject(sim::make_ethernet(host.device().mac, group, ETH_P_IP, payload));
    EXPECT_EQ(host.drops(drop_reason::eth_bad_source), 1u);
}

TEST_F(ethernet, frames_for_others_and_foreign_groups_are_ignored) {
    const uint8_t other[6] = {2, 9, 9, 9, 9, 9};
    const uint8_t group[6] = {1, 0, 0x5e, 1, 2, 3};
    peer.inject(sim::make_ethernet(other, peer.mac, ETH_P_IP, payload));
    peer.inject(sim::make_ethernet(group, peer.mac, ETH_P_IP, payload));
    EXPECT_EQ(host.drops(drop_reason::eth_other_host), 2u);
}

TEST_F(ethernet, unknown_types_tags_and_lengths_are_counted) {
    for (uint16_t type : {0x86dd, 0x8100, 0x1234, 0x002e, 0x05ff}) {
        peer.inject(sim::make_ethernet(host.device().mac, peer.mac, type, payload));
    }
    EXPECT_EQ(host.drops(drop_reason::eth_unknown_protocol), 5u);
}

TEST_F(ethernet, short_frames_are_padded_with_zeros) {
    peer.inject_arp(peer.arp(net::wire::arp_request, peer.ip, host.ip()));
    ASSERT_EQ(host.card->sent.size(), 1u);
    const sim::frame& reply = host.card->sent[0];
    ASSERT_EQ(reply.size(), 60u);
    EXPECT_TRUE(std::all_of(reply.begin() + 14 + 28, reply.end(), [](uint8_t byte) { return byte == 0; }));
}

TEST_F(ethernet, a_device_that_is_down_neither_sends_nor_receives) {
    peer.introduce();
    net::dev_close(host.device());
    peer.inject(sim::make_ethernet(host.device().mac, peer.mac, ETH_P_IP, payload));
    EXPECT_EQ(host.drops(drop_reason::device_down), 1u);
}

} // namespace
