// The transmit path of devices: full rings, batches, and the offloads that software takes over.

#include "net/core/dev_offload.hpp"
#include "net/core/skb_checksum.hpp"
#include "net/wire/checksum.hpp"
#include "sim/host.hpp"
#include "sim/packet.hpp"
#include "sim/program.hpp"

namespace {

using net::drop_reason;

struct device : testing::Test {
    sim::world world;
    sim::host host{"10.0.0.1"};
    sim::peer peer{host, "10.0.0.2"};

    net::skb_ptr frame_of(uint8_t mark) {
        net::skb_ptr skb = net::allocate_skb(host.stack(), 0, 60);
        std::fill_n(skb->put(60), 60, mark);
        skb->device = &host.device();
        return skb;
    }
};

TEST_F(device, a_full_ring_keeps_frames_in_order) {
    host.card->ring_full = true;
    for (uint8_t i = 0; i < 5; i++) {
        net::dev_queue_xmit(frame_of(i));
    }
    EXPECT_TRUE(host.card->sent.empty());
    host.card->ring_full = false;
    net::dev_queue_xmit(frame_of(5)); // goes behind the others, not past them
    EXPECT_TRUE(host.card->sent.empty());
    net::netif_wake_queue(host.device());
    ASSERT_EQ(host.card->sent.size(), 6u);
    for (uint8_t i = 0; i < 6; i++) {
        EXPECT_EQ(host.card->sent[i][0], i);
    }
    EXPECT_EQ(host.card->flushes, 1u);
}

TEST_F(device, the_queue_is_bounded) {
    host.card->ring_full = true;
    host.device().transmit_queue_limit = 3;
    for (uint8_t i = 0; i < 5; i++) {
        net::dev_queue_xmit(frame_of(i));
    }
    EXPECT_EQ(host.drops(drop_reason::device_queue_full), 2u);
    EXPECT_EQ(host.device().statistics.tx_dropped, 2u);
    net::dev_close(host.device());
    EXPECT_EQ(host.drops(drop_reason::device_down), 3u);
}

TEST_F(device, a_batch_tells_the_card_once) {
    {
        net::transmit_batch outer(&host.device());
        net::transmit_batch inner(&host.device());
        for (uint8_t i = 0; i < 8; i++) {
            net::dev_queue_xmit(frame_of(i));
        }
        EXPECT_EQ(host.card->flushes, 0u);
    }
    EXPECT_EQ(host.card->flushes, 1u);
    EXPECT_EQ(host.card->sent.size(), 8u);
}

/// A TCP packet of so many payload bytes behind Ethernet, IP and TCP headers, summed by whoever comes last.
net::skb_ptr tcp_packet(sim::host& host, uint32_t payload, uint16_t gso_size) {
    const uint32_t headers = 14 + 20 + 20;
    net::skb_ptr skb = net::allocate_skb(host.stack(), 32, headers + payload);
    uint8_t* bytes = skb->put(headers + payload);
    std::fill_n(bytes, headers, uint8_t{0});
    for (uint32_t i = 0; i < payload; i++) {
        bytes[headers + i] = static_cast<uint8_t>(i * 7);
    }
    bytes[12] = 0x08; // IPv4
    skb->network_header = bytes + 14;
    skb->transport_header = bytes + 34;
    auto& ip = *reinterpret_cast<net::wire::ipv4_header*>(skb->network_header);
    ip.version_and_length = 0x45;
    ip.protocol = 6;
    ip.source = 0x0a000001;
    ip.destination = 0x0a000002;
    skb->transport_header[12] = 5 << 4;
    skb->transport_header[13] = 0x01 | 0x08 | 0x10 | 0x80; // FIN PSH ACK CWR
    lib::be32 sequence = 0xfffffff0;
    std::copy_n(reinterpret_cast<uint8_t*>(&sequence), 4, skb->transport_header + 4);
    const uint16_t pseudo =
        net::wire::checksum_fold(net::wire::pseudo_header_sum(ip.source, ip.destination, 6, 20 + payload));
    std::copy_n(reinterpret_cast<const uint8_t*>(&pseudo), 2, skb->transport_header + 16);
    skb->checksum = net::checksum_state::partial;
    skb->checksum_start = static_cast<uint16_t>(skb->transport_header - skb->head);
    skb->checksum_offset = 16;
    skb->gso_size = gso_size;
    skb->device = &host.device();
    return skb;
}

bool tcp_checksum_good(const sim::frame& bytes) {
    const auto& ip = *sim::ip_of(bytes);
    const uint32_t length = static_cast<uint32_t>(bytes.size()) - 34;
    const uint64_t sum = net::wire::pseudo_header_sum(ip.source, ip.destination, 6, length);
    return net::wire::checksum_good(net::wire::checksum_add(sum, bytes.data() + 34, length));
}

TEST_F(device, software_completes_checksums) {
    net::dev_queue_xmit(tcp_packet(host, 101, 0));
    ASSERT_EQ(host.card->sent.size(), 1u);
    EXPECT_TRUE(tcp_checksum_good(host.card->sent[0]));
}

TEST_F(device, software_cuts_segments) {
    net::dev_queue_xmit(tcp_packet(host, 2500, 1000));
    ASSERT_EQ(host.card->sent.size(), 3u);
    uint32_t sequence = 0xfffffff0;
    for (size_t i = 0; i < 3; i++) {
        const sim::frame& bytes = host.card->sent[i];
        const uint32_t payload = i < 2 ? 1000 : 500;
        ASSERT_EQ(bytes.size(), 54u + payload);
        EXPECT_EQ(sim::ip_of(bytes)->total_length, 40 + payload);
        EXPECT_TRUE(net::wire::checksum_good(net::wire::checksum_add(0, bytes.data() + 14, 20)));
        EXPECT_TRUE(tcp_checksum_good(bytes)) << i;
        lib::be32 seq;
        std::copy_n(bytes.data() + 38, 4, reinterpret_cast<uint8_t*>(&seq));
        EXPECT_EQ(seq, sequence);
        sequence += payload;
        EXPECT_EQ(bytes[47], i == 0 ? 0x90 : i == 1 ? 0x10 : 0x19); // CWR first, FIN and PSH last
    }
    EXPECT_EQ(host.stack().live_skbs, 0u);
}

TEST_F(device, a_card_with_the_features_gets_the_packet_whole) {
    host.device().features = net::feature_segmentation | net::feature_transmit_checksum;
    net::dev_queue_xmit(tcp_packet(host, 2500, 1000));
    EXPECT_EQ(host.card->taken, 1u);
    EXPECT_EQ(host.card->sent.size(), 3u); // cut by the card
}

TEST_F(device, fragments_are_made_linear_for_a_card_without_scatter_gather) {
    net::skb_ptr packet = tcp_packet(host, 300, 0);
    net::skb_ptr skb = net::allocate_skb(host.stack(), 32, 54);
    std::copy_n(packet->data, 54, skb->put(54));
    ASSERT_TRUE(
        skb->add_fragment(packet->block, static_cast<uint32_t>(packet->data + 54 - packet->head), 300).ok());
    skb->device = &host.device();
    skb->checksum = net::checksum_state::partial;
    skb->checksum_start = static_cast<uint16_t>(skb->headroom() + 34);
    skb->checksum_offset = 16;
    packet.reset();
    net::dev_queue_xmit(std::move(skb));
    ASSERT_EQ(host.card->sent.size(), 1u);
    EXPECT_EQ(host.card->sent[0].size(), 354u);
    EXPECT_TRUE(tcp_checksum_good(host.card->sent[0]));
}

TEST_F(device, names_are_numbered_and_unique) {
    sim::nic second(host.stack(), 77, 0);
    EXPECT_STREQ(second.device.name, "eth1");
    EXPECT_EQ(host.stack().find_device("eth1"), &second.device);
    EXPECT_EQ(host.stack().find_device(second.device.index), &second.device);
    net::net_device same;
    same.ops = second.device.ops;
    EXPECT_EQ(net::register_netdev(host.stack(), same, "eth1").error().number, EEXIST);
}

} // namespace
