// Neighbours: resolving, ageing, failing, and not believing strangers (ids of docs: L4 to L7).

#include "net/ipv4/arp.hpp"

#include "kernel/abi/packet.h"
#include "sim/host.hpp"
#include "sim/packet.hpp"
#include "sim/program.hpp"

#include <cstring>

namespace {

using namespace net::port;
using net::drop_reason;
using sim::address;

bool is_request_for(const sim::frame& bytes, uint32_t target) {
    const auto* arp = sim::arp_of(bytes);
    return arp != nullptr && arp->operation == net::wire::arp_request && arp->target_address == target;
}

struct arp : testing::Test {
    sim::world world;
    sim::host host{"10.0.0.1"};
    sim::peer peer{host, "10.0.0.2"};

    size_t requests(uint32_t target) {
        return sim::count_sent(host, [&](const sim::frame& each) { return is_request_for(each, target); });
    }
    size_t datagrams() {
        return sim::count_sent(host, [](const sim::frame& each) { return sim::udp_of(each) != nullptr; });
    }
    long send(uint32_t to, const std::string& text = "x") {
        long result = -1;
        world.spawn("sender", [&] {
            sim::user_socket socket(host, SOCK_DGRAM);
            result = socket.send_to(text, to, 9);
        });
        world.run();
        return result;
    }
    lib::result<net::arp_entry> entry(uint32_t of) { return net::arp_get(host.stack(), of, nullptr); }
};

TEST_F(arp, resolves_and_sends_what_waited) {
    EXPECT_EQ(send(peer.ip), 1);
    EXPECT_EQ(requests(peer.ip), 1u);
    EXPECT_EQ(datagrams(), 0u);
    peer.inject_arp(peer.arp(net::wire::arp_reply, peer.ip, host.ip()));
    EXPECT_EQ(datagrams(), 1u);
    EXPECT_TRUE(net::wire::mac_equal(sim::ethernet_of(host.card->sent.back())->destination, peer.mac));
    EXPECT_EQ(send(peer.ip), 1);
    EXPECT_EQ(datagrams(), 2u);
    EXPECT_EQ(requests(peer.ip), 1u);
}

TEST_F(arp, answers_requests_and_learns_the_asker) {
    peer.inject_arp(peer.arp(net::wire::arp_request, peer.ip, host.ip()));
    ASSERT_EQ(host.card->sent.size(), 1u);
    const auto* reply = sim::arp_of(host.card->sent[0]);
    EXPECT_EQ(reply->operation, net::wire::arp_reply);
    EXPECT_EQ(reply->sender_address, host.ip());
    EXPECT_TRUE(net::wire::mac_equal(reply->sender_mac, host.device().mac));
    EXPECT_TRUE(net::wire::mac_equal(reply->target_mac, peer.mac));
    EXPECT_TRUE(entry(peer.ip).ok());
}

TEST_F(arp, gives_up_after_three_questions_and_tells_the_sender) {
    int error = 0;
    world.spawn("sender", [&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        ASSERT_EQ(socket.connect(peer.ip, 9), 0);
        socket.set_option(IPPROTO_IP, IP_RECVERR, 1);
        EXPECT_EQ(socket.send("lost"), 4);
        error = static_cast<int>(socket.recv().result);
    });
    world.run();
    EXPECT_EQ(error, -EHOSTUNREACH);
    EXPECT_EQ(requests(peer.ip), 3u);
    EXPECT_EQ(host.drops(drop_reason::arp_unresolved), 1u);
    EXPECT_FALSE(entry(peer.ip).ok());
}

TEST_F(arp, only_three_packets_wait) {
    for (int i = 0; i < 5; i++) {
        EXPECT_EQ(send(peer.ip, std::string(1, static_cast<char>('a' + i))), 1);
    }
    EXPECT_EQ(host.drops(drop_reason::arp_queue_full), 2u);
    peer.inject_arp(peer.arp(net::wire::arp_reply, peer.ip, host.ip()));
    EXPECT_EQ(datagrams(), 3u);
}

TEST_F(arp, l6_absent_neighbours_cost_bounded_memory) {
    world.spawn("sender", [&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        for (uint32_t i = 0; i < 200; i++) {
            socket.send_to("x", address("10.0.0.10") + i, 9);
        }
    });
    world.run();
    EXPECT_LE(host.stack().live_skbs, 3u * net::arp_incomplete_limit + 200u);
    EXPECT_GE(host.drops(drop_reason::arp_table_full), 136u);
    world.run_for(10 * second);
    EXPECT_EQ(host.stack().live_skbs, 0u);
    EXPECT_EQ(host.drops(drop_reason::arp_unresolved), 64u);
}

TEST_F(arp, l4_unasked_replies_create_nothing) {
    peer.inject_arp(peer.arp(net::wire::arp_reply, peer.ip, host.ip()));
    peer.inject_arp(peer.arp(net::wire::arp_request, peer.ip, peer.ip)); // gratuitous
    EXPECT_FALSE(entry(peer.ip).ok());
    EXPECT_EQ(host.drops(drop_reason::arp_not_ours), 1u);
}

TEST_F(arp, l4_an_address_that_just_changed_does_not_change_again) {
    peer.introduce();
    sim::peer thief = peer;
    thief.mac[5] = 0x66;
    thief.inject_arp(thief.arp(net::wire::arp_reply, peer.ip, host.ip()));
    EXPECT_EQ(0, std::memcmp(entry(peer.ip).value().mac, peer.mac, 6));
    world.run_for(2 * second);
    // After the lock time a changed card is believed.
    thief.inject_arp(thief.arp(net::wire::arp_reply, peer.ip, host.ip()));
    EXPECT_EQ(0, std::memcmp(entry(peer.ip).value().mac, thief.mac, 6));
}

TEST_F(arp, l4_our_own_address_is_defended_every_ten_seconds) {
    for (int i = 0; i < 5; i++) {
        peer.inject_arp(peer.arp(net::wire::arp_request, host.ip(), host.ip()));
    }
    EXPECT_EQ(host.drops(drop_reason::arp_bad_address), 5u);
    EXPECT_EQ(requests(host.ip()), 1u); // the announcement
    world.run_for(11 * second);
    peer.inject_arp(peer.arp(net::wire::arp_request, host.ip(), host.ip()));
    EXPECT_EQ(requests(host.ip()), 2u);
}

TEST_F(arp, a_probe_for_our_address_is_answered_but_not_learnt) {
    peer.inject_arp(peer.arp(net::wire::arp_request, 0, host.ip()));
    EXPECT_EQ(host.card->sent.size(), 1u);
    EXPECT_FALSE(entry(0).ok());
}

TEST_F(arp, l5_a_flood_of_strangers_fills_no_more_than_the_table) {
    sim::peer stranger = peer;
    for (uint32_t i = 0; i < 2000; i++) {
        stranger.mac[4] = static_cast<uint8_t>(i >> 8);
        stranger.mac[5] = static_cast<uint8_t>(i);
        sim::host& to = host;
        net::wire::arp_packet packet =
            stranger.arp(net::wire::arp_request, address("10.0.0.2") + i % 250, to.ip());
        to.card->receive(sim::make_ethernet(
            net::wire::ethernet_broadcast, stranger.mac, ETH_P_ARP,
            {reinterpret_cast<uint8_t*>(&packet), reinterpret_cast<uint8_t*>(&packet) + sizeof(packet)}));
    }
    world.run_for(second);
    EXPECT_GT(host.drops(drop_reason::arp_rate_limited), 1000u);
}

TEST_F(arp, l7_malformed_packets_are_dropped) {
    const auto good = peer.arp(net::wire::arp_request, peer.ip, host.ip());
    auto inject_with = [&](auto change) {
        net::wire::arp_packet packet = good;
        change(packet);
        peer.inject_arp(packet);
    };
    inject_with([](auto& packet) { packet.hardware_type = 6; });
    inject_with([](auto& packet) { packet.protocol_type = 0x86dd; });
    inject_with([](auto& packet) { packet.hardware_length = 8; });
    inject_with([](auto& packet) { packet.protocol_length = 16; });
    inject_with([](auto& packet) { packet.operation = 0; });
    inject_with([](auto& packet) { packet.operation = 3; });
    inject_with([](auto& packet) { packet.sender_mac[0] |= 1; });
    inject_with([](auto& packet) { std::memset(packet.sender_mac, 0, 6); });
    inject_with([&](auto& packet) { std::memcpy(packet.sender_mac, host.device().mac, 6); });
    EXPECT_EQ(host.drops(drop_reason::arp_malformed), 9u);
    for (const char* bad : {"10.0.0.255", "255.255.255.255", "127.0.0.1", "224.0.0.1"}) {
        inject_with([&](auto& packet) { packet.sender_address = address(bad); });
    }
    EXPECT_EQ(host.drops(drop_reason::arp_bad_address), 4u);
    for (size_t length = 0; length < sizeof(good); length++) {
        const auto* bytes = reinterpret_cast<const uint8_t*>(&good);
        peer.inject(sim::make_ethernet(host.device().mac, peer.mac, ETH_P_ARP, {bytes, bytes + length}));
    }
    EXPECT_EQ(host.drops(drop_reason::arp_malformed), 9u + sizeof(good));
    EXPECT_EQ(host.card->sent.size(), 0u);
}

TEST_F(arp, entries_age_and_are_probed_before_they_are_thrown_away) {
    EXPECT_EQ(send(peer.ip), 1);
    peer.inject_arp(peer.arp(net::wire::arp_reply, peer.ip, host.ip()));
    world.run_for(50 * second); // reachable ends after at most 45 s
    host.card->sent.clear();
    EXPECT_EQ(send(peer.ip), 1); // stale: used, and probed five seconds later
    EXPECT_EQ(datagrams(), 1u);
    world.run_for(5500 * millisecond);
    EXPECT_EQ(requests(peer.ip), 1u);
    EXPECT_TRUE(net::wire::mac_equal(sim::ethernet_of(host.card->sent.back())->destination, peer.mac));
    peer.inject_arp(peer.arp(net::wire::arp_reply, peer.ip, host.ip()));
    world.run_for(5 * second);
    EXPECT_EQ(requests(peer.ip), 1u); // answered: no more probes
    EXPECT_TRUE(entry(peer.ip).ok());
    world.run_for(300 * second); // nobody uses it any more
    EXPECT_FALSE(entry(peer.ip).ok());
}

TEST_F(arp, a_neighbour_that_is_gone_is_noticed) {
    EXPECT_EQ(send(peer.ip), 1);
    peer.inject_arp(peer.arp(net::wire::arp_reply, peer.ip, host.ip()));
    world.run_for(50 * second);
    EXPECT_EQ(send(peer.ip), 1);
    world.run_for(20 * second);
    EXPECT_FALSE(entry(peer.ip).ok());
}

TEST_F(arp, static_entries_stay_and_are_believed) {
    net::arp_entry fixed = {.address = peer.ip, .device = &host.device(), .permanent = true};
    std::memcpy(fixed.mac, peer.mac, 6);
    ASSERT_TRUE(net::arp_set(host.stack(), fixed).ok());
    EXPECT_EQ(send(peer.ip), 1);
    EXPECT_EQ(datagrams(), 1u);
    EXPECT_EQ(requests(peer.ip), 0u);
    sim::peer thief = peer;
    thief.mac[5] = 0x66;
    world.run_for(5 * second);
    thief.inject_arp(thief.arp(net::wire::arp_reply, peer.ip, host.ip()));
    EXPECT_EQ(0, std::memcmp(entry(peer.ip).value().mac, peer.mac, 6));
    world.run_for(1000 * second);
    EXPECT_TRUE(entry(peer.ip).value().permanent);
    EXPECT_NE(host.report("arp").find(
                  "10.0.0.2         0x1         0x6         02:ee:00:00:00:01     *        eth0"),
              std::string::npos);
    EXPECT_TRUE(net::arp_delete(host.stack(), peer.ip, nullptr).ok());
    EXPECT_EQ(net::arp_delete(host.stack(), peer.ip, nullptr).error().number, ENXIO);
}

TEST_F(arp, a_new_address_is_announced) {
    ASSERT_TRUE(
        net::set_interface_address(host.stack(), host.device(), address("10.0.0.7"), 0xffffff00, 0).ok());
    EXPECT_EQ(requests(address("10.0.0.7")), 1u);
}

TEST_F(arp, a_device_that_goes_down_forgets) {
    EXPECT_EQ(send(peer.ip), 1);
    net::dev_close(host.device());
    EXPECT_EQ(host.stack().live_skbs, 0u);
    EXPECT_FALSE(entry(peer.ip).ok());
}

} // namespace
