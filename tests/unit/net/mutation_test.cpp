// Thousands of damaged frames into a live host: whatever they say, nothing is read that is not there (the
// sanitizers watch), nothing leaks, and the host still answers.

#include "kernel/abi/packet.h"
#include "net/core/snmp.hpp"
#include "net/ipv4/ip_fragment.hpp"
#include "net/wire/checksum.hpp"
#include "sim/host.hpp"
#include "sim/packet.hpp"
#include "sim/program.hpp"

namespace {

using namespace net::port;

struct mutation : testing::Test {
    sim::world world{2026};
    sim::host host{"10.0.0.1"};
    sim::peer peer{host, "10.0.0.2"};
    std::vector<sim::frame> seeds;

    void SetUp() override {
        peer.introduce();
        const sim::ip_fields ip{.source = peer.ip, .destination = host.ip()};
        auto add = [&](const sim::frame& packet) {
            seeds.push_back(sim::make_ethernet(host.device().mac, peer.mac, ETH_P_IP, packet));
        };
        add(sim::make_udp(ip, 1000, 7, std::string(40, 'u')));
        add(sim::make_udp(ip, 1000, 4242, "closed"));
        sim::ip_fields icmp = ip;
        icmp.protocol = IPPROTO_ICMP;
        add(sim::make_ip(icmp, sim::make_icmp(ICMP_ECHO, 0, 1, 1, sim::frame(30, 'e'))));
        const sim::frame quote =
            sim::make_udp({.source = host.ip(), .destination = peer.ip}, 7, 1000, "quoted");
        for (uint8_t code : {ICMP_PORT_UNREACH, ICMP_FRAG_NEEDED}) {
            add(sim::make_ip(icmp, sim::make_icmp(ICMP_DEST_UNREACH, code, 0, 1000, quote)));
        }
        sim::ip_fields options = ip;
        options.options = std::string("\x07\x0b\x04\0\0\0\0\0\0\0\0\0", 12);
        add(sim::make_udp(options, 1000, 7, "with options"));
        sim::ip_fields piece = ip;
        piece.flags_and_offset = 0x2000;
        add(sim::make_ip(piece, sim::frame(64, 'f')));
        sim::frame syn(40, 0); // ports 1000 → 80, MSS, window scale, SACK, timestamps
        const uint8_t tcp[] = {3, 232, 0, 80,   0, 0, 0, 1,  0, 0, 0, 0, 0xa0, 2, 255, 255, 0, 0, 0, 0,
                               2, 4,   5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0,    0, 0,   0,   1, 3, 3, 7};
        std::copy(std::begin(tcp), std::end(tcp), syn.begin());
        sim::ip_fields stream = ip;
        stream.protocol = IPPROTO_TCP;
        add(sim::make_ip(stream, syn));
        const auto arp = peer.arp(net::wire::arp_request, peer.ip, host.ip());
        const auto* bytes = reinterpret_cast<const uint8_t*>(&arp);
        seeds.push_back(sim::make_ethernet(net::wire::ethernet_broadcast, peer.mac, ETH_P_ARP,
                                           {bytes, bytes + sizeof(arp)}));
    }

    uint32_t random(uint32_t below) { return static_cast<uint32_t>(world.random()() % below); }

    /// Changes a few bytes and the length; sums are repaired half of the time, so that damage gets deeper.
    sim::frame damaged() {
        sim::frame bytes = seeds[random(static_cast<uint32_t>(seeds.size()))];
        for (uint32_t i = random(4); i-- > 0;) {
            bytes[14 + random(static_cast<uint32_t>(bytes.size()) - 14)] = static_cast<uint8_t>(random(256));
        }
        switch (random(6)) {
        case 0:
            bytes.resize(random(static_cast<uint32_t>(bytes.size()) + 1));
            break;
        case 1:
            bytes.resize(bytes.size() + random(60), 0xee);
            break;
        default:
            break;
        }
        if (random(4) != 0) {
            repair_sums(bytes);
        }
        return bytes;
    }

    static void repair_sums(sim::frame& bytes) {
        const auto* ip = sim::ip_of(bytes);
        if (ip == nullptr) {
            return;
        }
        sim::frame packet(bytes.begin() + 14, bytes.end());
        const size_t header = ip->header_length();
        const size_t total = std::min<size_t>(ip->total_length, packet.size());
        const size_t offset = ip->protocol == IPPROTO_TCP ? 16 : ip->protocol == IPPROTO_UDP ? 6 : 2;
        if (header >= 20 && header + offset + 2 <= total && !ip->is_fragment()) {
            uint64_t sum = ip->protocol == IPPROTO_ICMP
                               ? 0
                               : net::wire::pseudo_header_sum(ip->source, ip->destination, ip->protocol,
                                                              static_cast<uint32_t>(total - header));
            packet[header + offset] = packet[header + offset + 1] = 0;
            sum = net::wire::checksum_add(sum, packet.data() + header, total - header);
            const uint16_t checksum = net::wire::checksum_finish(sum);
            std::copy_n(reinterpret_cast<const uint8_t*>(&checksum), 2,
                        packet.begin() + static_cast<long>(header + offset));
        }
        sim::fix_ip_checksum(packet);
        std::copy(packet.begin(), packet.end(), bytes.begin() + 14);
    }
};

TEST_F(mutation, thirty_thousand_damaged_frames_do_no_harm) {
    world.spawn("programs", [&] {
        sim::user_socket udp(host, SOCK_DGRAM);
        udp.bind("0.0.0.0", 7);
        sim::user_socket raw(host, SOCK_RAW, IPPROTO_ICMP);
        sim::user_socket listener(host, SOCK_STREAM);
        listener.bind("0.0.0.0", 80);
        listener.listen(16);
        for (int round = 0; round < 300; round++) {
            for (int i = 0; i < 100; i++) {
                host.card->receive(damaged());
            }
            world.pass(50 * millisecond);
            while (udp.recv(100, MSG_DONTWAIT).result >= 0) {
            }
            while (raw.recv(100, MSG_DONTWAIT).result >= 0) {
            }
            host.card->sent.clear();
        }
        world.pass(2 * second);
        peer.inject_ip(sim::make_udp({.source = peer.ip, .destination = host.ip()}, 1000, 7, "alive"));
        EXPECT_EQ(udp.recv(100, MSG_DONTWAIT).data, "alive");
    });
    world.run();
    world.run_for(300 * second);
    // The damage has reached every layer, not only the first check.
    for (net::mib reached : {net::mib::icmp_in_echo, net::mib::udp_in_datagrams, net::mib::tcp_in_segments,
                             net::mib::ip_reassembly_required, net::mib::icmp_in_unreachable}) {
        EXPECT_GT(net::counted(host.stack(), reached), 300u);
    }
    EXPECT_EQ(host.stack().live_socks, 0u);
    EXPECT_EQ(host.stack().live_skbs, 0u);
    EXPECT_EQ(host.stack().skb_bytes, 0u);
    EXPECT_EQ(net::ip_reassembly_usage(host.stack()).datagrams, 0u);
}

} // namespace
