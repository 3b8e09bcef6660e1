// Attacks on IPv4's header, options and addresses: ids I1 to I6 and I12 to I14. Fragments are in
// fragment_attack_test.cpp.

#include "attack/bed.hpp"
#include "kernel/abi/packet.h"
#include "net/wire/checksum.hpp"
#include "sim/segment.hpp"

#include <cstring>

namespace {

using namespace attack;

struct attack_ip : bed {
    void SetUp() override {
        bed::SetUp();
        introduce_attacker();
        listener = std::make_unique<sim::user_socket>(*victim, SOCK_STREAM);
        listener->bind("0.0.0.0", 80);
        listener->listen(16);
        before = now_held();
    }
    void TearDown() override {
        listener.reset();
        bed::TearDown();
    }

    /// One packet of each protocol that would be answered if the addresses were good.
    std::vector<sim::frame> tempting(uint32_t source, uint32_t destination, uint16_t source_port = 1000) {
        sim::segment syn;
        syn.source = source;
        syn.destination = destination;
        syn.source_port = source_port;
        syn.destination_port = 80;
        syn.flags = net::wire::tcp_syn;
        sim::segment stray = syn;
        stray.destination_port = 81;
        stray.flags = net::wire::tcp_ack;
        sim::ip_fields fields = {.source = source, .destination = destination};
        sim::ip_fields icmp = fields;
        icmp.protocol = 1;
        sim::ip_fields unknown = fields;
        unknown.protocol = 99;
        auto packet_of = [&](const sim::segment& segment) {
            const sim::frame bytes = sim::build_segment(segment, attacker->mac, victim_mac());
            return sim::frame(bytes.begin() + 14, bytes.end());
        };
        return {packet_of(syn), packet_of(stray), sim::make_udp(fields, source_port, 9, "closed"),
                sim::make_ip(icmp, sim::make_icmp(8, 0, 1, 1, sim::frame(20, 'e'))),
                sim::make_ip(unknown, sim::frame(20, 0))};
    }
    sim::frame echo_request(const sim::ip_fields& fields) {
        return sim::make_ip(fields, sim::make_icmp(8, 0, 1, 1, sim::frame(20, 'e')));
    }
    size_t echo_replies() {
        return sim::count_sent(*victim, [](const sim::frame& each) {
            const auto* icmp = sim::icmp_of(each);
            return icmp != nullptr && icmp->type == 0;
        });
    }

    std::unique_ptr<sim::user_socket> listener;
};

TEST_F(attack_ip, I1_land_our_own_address_from_the_wire_is_a_martian) {
    for (const uint16_t port : {uint16_t{80}, echo_port, uint16_t{1000}}) {
        const uint64_t before_it = drops(drop_reason::ip_martian_source);
        unsigned sent = 0;
        for (const sim::frame& packet : tempting(victim_ip(), victim_ip(), port)) {
            attacker->inject_ip(packet);
            sent++;
        }
        EXPECT_EQ(drops(drop_reason::ip_martian_source), before_it + sent);
    }
    EXPECT_EQ(counted(mib::ip_in_address_errors), drops(drop_reason::ip_martian_source));
    EXPECT_EQ(sent_to_others(), 0u);
    expect_baseline_after(second);
}

TEST_F(attack_ip, I2_martian_sources_are_dropped_without_a_word) {
    unsigned sent = 0;
    for (const char* source :
         {"0.0.0.0", "0.0.0.1", "0.255.255.255", "127.0.0.1", "127.1.2.3", "127.255.255.255", "224.0.0.1",
          "224.0.0.251", "239.255.255.255", "240.0.0.1", "250.1.2.3", "255.255.255.254", "255.255.255.255",
          "10.0.0.1", "10.0.255.255"}) {
        for (const sim::frame& packet : tempting(address(source), victim_ip())) {
            attacker->inject_ip(packet);
            sent++;
        }
        EXPECT_EQ(drops(drop_reason::ip_martian_source), sent) << source;
    }
    EXPECT_EQ(sent_to_others(), 0u);
}

TEST_F(attack_ip, I2_martian_destinations_are_dropped_without_a_word) {
    unsigned sent = 0;
    for (const char* destination : {"127.0.0.1", "127.0.0.2", "127.255.255.255", "0.0.0.0", "0.1.2.3"}) {
        for (const sim::frame& packet : tempting(attacker->ip, address(destination))) {
            attacker->inject_ip(packet);
            sent++;
        }
        EXPECT_EQ(drops(drop_reason::ip_martian_destination), sent) << destination;
    }
    // A host that forwards nothing says nothing about what is not for it, either.
    sent = 0;
    for (const char* destination : {"10.0.0.3", "8.8.8.8", "240.0.0.1", "10.0.0.0"}) {
        for (const sim::frame& packet : tempting(attacker->ip, address(destination))) {
            attacker->inject_ip(packet);
            sent++;
        }
    }
    EXPECT_EQ(drops(drop_reason::ip_not_ours) + drops(drop_reason::ip_unknown_protocol) +
                  drops(drop_reason::tcp_not_unicast) + drops(drop_reason::udp_no_socket) +
                  drops(drop_reason::icmp_broadcast),
              sent);
    EXPECT_EQ(sent_to_others(), 0u);
}

TEST_F(attack_ip, I3_bad_header_fields_are_dropped_and_counted) {
    const sim::frame good = sim::make_udp(from_attacker(), 1000, 9, "closed");
    uint64_t errors = counted(mib::ip_in_header_errors);
    auto expect_error = [&](const sim::frame& packet, const char* what, unsigned value) {
        attacker->inject_ip(packet);
        EXPECT_EQ(counted(mib::ip_in_header_errors), ++errors) << what << " " << value;
    };
    auto with = [&](auto change) {
        sim::frame packet = good;
        change(*reinterpret_cast<net::wire::ipv4_header*>(packet.data()));
        sim::fix_ip_checksum(packet);
        return packet;
    };
    for (unsigned version = 0; version < 16; version++) {
        if (version != 4) {
            expect_error(with([&](auto& header) {
                             header.version_and_length = static_cast<uint8_t>(version << 4 | 5);
                         }),
                         "version", version);
        }
    }
    for (unsigned words = 0; words < 5; words++) {
        expect_error(
            with([&](auto& header) { header.version_and_length = static_cast<uint8_t>(0x40 | words); }),
            "header length", words);
    }
    // 34 bytes of packet: a header of 9 words or more is longer than what the packet says it is.
    for (unsigned words = 9; words < 16; words++) {
        expect_error(
            with([&](auto& header) { header.version_and_length = static_cast<uint8_t>(0x40 | words); }),
            "header length", words);
    }
    for (unsigned total = 0; total < 20; total++) {
        expect_error(with([&](auto& header) { header.total_length = static_cast<uint16_t>(total); }),
                     "total length", total);
    }
    for (unsigned total = static_cast<unsigned>(good.size()) + 1; total < 65536; total += 97) {
        expect_error(with([&](auto& header) { header.total_length = static_cast<uint16_t>(total); }),
                     "total length", total);
    }
    expect_error(with([](auto& header) { header.total_length = 65535; }), "total length", 65535);
    expect_error(with([](auto& header) { header.ttl = 0; }), "ttl", 0);
    for (const uint16_t flags : {0x8000, 0xc000, 0xa000, 0xe000, 0x8001}) {
        expect_error(with([&](auto& header) { header.flags_and_offset = flags; }), "reserved flag", flags);
    }
    EXPECT_EQ(errors, drops(drop_reason::ip_bad_header) + drops(drop_reason::ip_too_short));
    EXPECT_EQ(sent_to_others(), 0u);
}

TEST_F(attack_ip, I3_what_follows_the_packet_in_its_frame_is_never_looked_at) {
    std::string got;
    world.spawn("server", [&] {
        sim::user_socket server(*victim, SOCK_DGRAM);
        server.bind("0.0.0.0", 9);
        for (size_t pad = 0; pad <= 1400; pad++) {
            flood_ip(sim::join(sim::make_udp(from_attacker(), 1000, 9, "x"), sim::frame(pad, 0xee)));
            ASSERT_EQ(server.recv().data, "x") << pad;
        }
    });
    world.run();
    // TCP too: padding is no data.
    sim::segment segment;
    segment.source = attacker->ip;
    segment.destination = victim_ip();
    segment.source_port = 1000;
    segment.destination_port = 81;
    segment.flags = net::wire::tcp_syn;
    sim::frame padded = sim::build_segment(segment, attacker->mac, victim_mac());
    padded.resize(padded.size() + 500, 0xee);
    forget_sent();
    attacker->inject(padded);
    ASSERT_EQ(victim->card->sent.size(), 1u);
    EXPECT_EQ(sim::parse_segment(victim->card->sent[0])->ack, 1u);
}

TEST_F(attack_ip, I4_every_flipped_bit_of_a_header_is_seen) {
    for (const size_t option_bytes : {0u, 4u, 40u}) {
        sim::ip_fields fields = from_attacker();
        fields.options = std::string(option_bytes, '\x01');
        const sim::frame packet = sim::make_udp(fields, 1000, 9, "closed");
        const uint64_t errors_before = counted(mib::ip_in_header_errors);
        const size_t bits = 8 * (20 + option_bytes);
        for (size_t bit = 0; bit < bits; bit++) {
            sim::frame broken = packet;
            broken[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
            attacker->inject_ip(broken);
        }
        EXPECT_EQ(counted(mib::ip_in_header_errors), errors_before + bits);
    }
    EXPECT_EQ(counted(mib::ipext_in_checksum_errors), drops(drop_reason::ip_bad_checksum));
    EXPECT_EQ(sent_to_others(), 0u);
}

TEST_F(attack_ip, I4_every_wrong_checksum_is_seen) {
    sim::frame packet = sim::make_udp(from_attacker(), 1000, 9, "closed");
    auto& header = *reinterpret_cast<net::wire::ipv4_header*>(packet.data());
    const uint16_t right = header.checksum;
    ASSERT_NE(right % 0xffff, 0); // then 0x0000 and 0xffff would both be right
    unsigned sent = 0;
    for (unsigned value = 0; value < 65536; value++) {
        if (value != right) {
            header.checksum = static_cast<uint16_t>(value);
            flood_ip(packet);
            sent++;
        }
        if (value % 4096 == 4095) {
            world.run_for(millisecond);
        }
    }
    world.run_for(millisecond);
    EXPECT_EQ(drops(drop_reason::ip_bad_checksum), sent);
    EXPECT_EQ(sent_to_others(), 0u);
}

// RFC 791 §3.1, read by hand: what is to become of 40 option bytes.
enum class fate { accepted, malformed, source_route };
fate fate_of(const std::string& options) {
    fate result = fate::accepted;
    for (size_t at = 0; at < options.size();) {
        const auto type = static_cast<uint8_t>(options[at]);
        if (type == 0) {
            break;
        }
        if (type == 1) {
            at++;
            continue;
        }
        const size_t length = at + 1 < options.size() ? static_cast<uint8_t>(options[at + 1]) : 0;
        if (length < 2 || at + length > options.size()) {
            return fate::malformed;
        }
        result = type == 131 || type == 137 ? fate::source_route : result;
        at += length;
    }
    return result;
}

TEST_F(attack_ip, I5_every_option_type_with_every_length) {
    std::map<fate, uint64_t> expected;
    unsigned sent = 0;
    for (unsigned type = 0; type < 256; type++) {
        for (unsigned length = 0; length <= 41; length++) {
            for (const char filler : {'\x00', '\x01', '\xff'}) {
                sim::ip_fields fields = from_attacker(1);
                fields.options = std::string(40, filler);
                fields.options[0] = static_cast<char>(type);
                fields.options[1] = static_cast<char>(length);
                expected[fate_of(fields.options)]++;
                flood_ip(echo_request(fields));
                world.run_for(1200 * microsecond); // slow enough for every answer
                sent++;
            }
        }
    }
    EXPECT_EQ(sent, 256u * 42 * 3);
    EXPECT_EQ(drops(drop_reason::ip_bad_options), expected[fate::malformed]);
    EXPECT_EQ(drops(drop_reason::ip_source_route), expected[fate::source_route]);
    EXPECT_EQ(echo_replies(), expected[fate::accepted]);
    EXPECT_EQ(counted(mib::icmp_out_parameter_problem) + drops(drop_reason::icmp_rate_limited),
              expected[fate::malformed]);
    // Nothing of what came as an option goes back as one.
    EXPECT_EQ(sim::count_sent(*victim,
                              [](const sim::frame& each) {
                                  const auto* ip = sim::ip_of(each);
                                  return ip != nullptr && ip->header_length() != 20;
                              }),
              0u);
}

TEST_F(attack_ip, I5_an_option_at_every_place_up_to_the_very_end) {
    std::map<fate, uint64_t> expected;
    for (size_t words = 1; words <= 10; words++) {
        for (size_t at = 0; at < words * 4; at++) {
            for (const unsigned length : {0u, 1u, 2u, 3u, 4u, 39u, 40u, 41u, 255u}) {
                sim::ip_fields fields = from_attacker(1);
                fields.options = std::string(words * 4, '\x01');
                fields.options[at] = '\x52';
                if (at + 1 < fields.options.size()) {
                    fields.options[at + 1] = static_cast<char>(length);
                }
                expected[fate_of(fields.options)]++;
                flood_ip(echo_request(fields));
                world.run_for(1200 * microsecond);
            }
        }
    }
    EXPECT_EQ(drops(drop_reason::ip_bad_options), expected[fate::malformed]);
    EXPECT_EQ(echo_replies(), expected[fate::accepted]);
}

TEST_F(attack_ip, I6_source_routes_are_dropped_and_never_reversed) {
    unsigned routed = 0;
    for (const char type : {'\x83', '\x89'}) {
        for (unsigned pointer = 0; pointer < 16; pointer++) {
            sim::ip_fields fields = from_attacker(1);
            fields.options = std::string("\x01\x01\x0b\x04\x0a\x00\x00\x09\x0a\x00\x00\x0a", 12);
            fields.options = std::string(1, type) + "\x0b" + static_cast<char>(pointer) +
                             std::string("\x0a\x00\x00\x09\x0a\x00\x00\x0a\x00", 9);
            attacker->inject_ip(echo_request(fields));
            routed++;
        }
    }
    EXPECT_EQ(drops(drop_reason::ip_source_route), routed);
    EXPECT_EQ(counted(mib::ip_in_header_errors), routed);
    EXPECT_EQ(sent_to_others(), 0u);
    // Record route and timestamp are let in, but neither filled in nor sent back.
    for (const char type : {'\x07', '\x44'}) {
        sim::ip_fields fields = from_attacker(1);
        fields.options =
            std::string(1, type) + std::string("\x0b\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00", 11);
        attacker->inject_ip(echo_request(fields));
    }
    ASSERT_EQ(echo_replies(), 2u);
    for (const sim::frame& reply : victim->card->sent) {
        EXPECT_EQ(sim::ip_of(reply)->header_length(), 20u);
        EXPECT_EQ(sim::ip_of(reply)->destination, attacker->ip);
    }
}

TEST_F(attack_ip, I12_tcp_sends_no_identification_at_all) {
    expect_alive();
    size_t segments = 0;
    for (const sim::frame& each : victim->card->sent) {
        if (sim::parse_segment(each)) {
            segments++;
            EXPECT_EQ(sim::ip_of(each)->identification, 0);
            EXPECT_EQ(sim::ip_of(each)->flags_and_offset & 0x4000, 0x4000);
        }
    }
    EXPECT_GT(segments, 10u);
}

TEST_F(attack_ip, I12_identifications_towards_others_are_told_to_nobody) {
    // 10^4 datagrams to one host, and the same time one now and then to the observer.
    constexpr unsigned datagrams = 10'000;
    sim::peer other(*victim, "10.0.0.77");
    other.mac[5] = 0x77;
    other.introduce();
    forget_sent();
    world.spawn("sender", [&] {
        sim::user_socket socket(*victim, SOCK_DGRAM);
        socket.set_option(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
        for (unsigned i = 0; i < datagrams; i++) {
            socket.send_to("x", other.ip, 9);
            if (i % 10 == 0) {
                socket.send_to("x", attacker->ip, 9);
            }
        }
    });
    world.run();
    std::map<uint32_t, std::vector<uint16_t>> seen;
    for (const sim::frame& each : victim->card->sent) {
        if (sim::udp_of(each) != nullptr) {
            seen[sim::ip_of(each)->destination].push_back(sim::ip_of(each)->identification);
        }
    }
    ASSERT_EQ(seen[other.ip].size(), datagrams);
    ASSERT_EQ(seen[attacker->ip].size(), datagrams / 10);
    // Towards one host: no repetition while 64 s of old fragments may be about, and steps that vary.
    std::map<uint16_t, unsigned> steps;
    for (const auto& [destination, ids] : seen) {
        std::map<uint16_t, size_t> last;
        for (size_t i = 0; i < ids.size(); i++) {
            const auto found = last.find(ids[i]);
            EXPECT_TRUE(found == last.end() || i - found->second > 5000);
            last[ids[i]] = i;
            if (i > 0) {
                steps[static_cast<uint16_t>(ids[i] - ids[i - 1])]++;
            }
        }
    }
    ASSERT_EQ(steps.size(), 7u); // 1 to 7, each equally often
    for (const auto& [step, times] : steps) {
        EXPECT_NEAR(times, datagrams * 1.1 / 7, 200) << step;
    }
    // What the observer sees between two of its own is a random step, not the ten that went elsewhere.
    for (size_t i = 1; i < seen[attacker->ip].size(); i++) {
        EXPECT_LE(static_cast<uint16_t>(seen[attacker->ip][i] - seen[attacker->ip][i - 1]), 7);
    }
    EXPECT_NE(seen[attacker->ip][0], seen[other.ip][0]);
}

TEST_F(attack_ip, I13_packets_in_packets_are_unreachable_at_a_limited_rate) {
    constexpr unsigned flood_size = 2000;
    sim::ip_fields fields = from_attacker(4);
    const sim::frame inner = sim::make_udp(from_attacker(), 1000, 9, "inner");
    for (unsigned i = 0; i < flood_size; i++) {
        flood_ip(sim::make_ip(fields, inner));
    }
    world.run_for(millisecond);
    EXPECT_EQ(drops(drop_reason::ip_unknown_protocol), flood_size);
    EXPECT_EQ(counted(mib::ip_in_unknown_protocols), flood_size);
    EXPECT_EQ(drops(drop_reason::udp_no_socket), 0u); // the inner packet was not looked at
    const size_t answers = sent_to_others();
    EXPECT_GE(answers, 43u); // a burst of 50, less up to a seventh
    EXPECT_LE(answers, 51u);
    EXPECT_EQ(drops(drop_reason::icmp_rate_limited), flood_size - answers);
    for (const sim::frame& each : victim->card->sent) {
        ASSERT_NE(sim::icmp_of(each), nullptr);
        EXPECT_EQ(sim::icmp_of(each)->type, ICMP_DEST_UNREACH);
        EXPECT_EQ(sim::icmp_of(each)->code, ICMP_PROT_UNREACH);
    }
}

TEST_F(attack_ip, I14_a_connection_cannot_be_opened_by_broadcast) {
    unsigned sent = 0;
    for (const char* destination : {"255.255.255.255", "10.0.255.255", "224.0.0.1"}) {
        for (const uint16_t port : {80, 81}) {
            for (const uint8_t flags : {net::wire::tcp_syn, net::wire::tcp_ack, net::wire::tcp_rst}) {
                sim::segment segment;
                segment.source = attacker->ip;
                segment.destination = address(destination);
                segment.source_port = 1000;
                segment.destination_port = port;
                segment.flags = flags;
                const uint8_t all_hosts[6] = {1, 0, 0x5e, 0, 0, 1};
                const bool group = segment.destination == address("224.0.0.1");
                attacker->inject(sim::build_segment(segment, attacker->mac,
                                                    group ? all_hosts : net::wire::ethernet_broadcast));
                attacker->inject(sim::build_segment(segment, attacker->mac, victim_mac()));
                sent += 2;
            }
        }
    }
    EXPECT_EQ(drops(drop_reason::tcp_not_unicast) + drops(drop_reason::eth_other_host) +
                  drops(drop_reason::ip_not_ours),
              sent);
    EXPECT_GE(drops(drop_reason::tcp_not_unicast), 24u);
    EXPECT_EQ(counted(mib::tcp_passive_opens), 1u); // the old connection's
    EXPECT_EQ(sent_to_others(), 0u);
}

TEST_F(attack_ip, I14_a_unicast_packet_in_a_broadcast_frame_is_not_taken) {
    unsigned sent = 0;
    for (const sim::frame& packet : tempting(attacker->ip, victim_ip())) {
        attacker->inject(sim::make_ethernet(net::wire::ethernet_broadcast, attacker->mac, ETH_P_IP, packet));
        sent++;
    }
    EXPECT_EQ(drops(drop_reason::ip_martian_destination), sent);
    EXPECT_EQ(sent_to_others(), 0u);
}

} // namespace
