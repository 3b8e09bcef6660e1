// Attacks by ICMP: ids C1 to C10.

#include "attack/tcp_bed.hpp"
#include "kernel/abi/packet.h"
#include "net/ipv4/ip_fragment.hpp"
#include "net/ipv4/route.hpp"
#include "net/wire/checksum.hpp"

namespace {

using namespace attack;

struct attack_icmp : tcp_bed {
    sim::frame echo(const sim::ip_fields& fields, size_t length = 32) {
        sim::ip_fields icmp = fields;
        icmp.protocol = 1;
        return sim::make_ip(icmp, sim::make_icmp(ICMP_ECHO, 0, 77, 1, sim::frame(length, 'e')));
    }
    void inject_icmp(const sim::frame& message) {
        attacker->inject_ip(sim::make_ip(from_attacker(1), message));
    }
    /// A datagram that the victim may have sent.
    sim::frame quote_udp(uint16_t local_port, uint16_t remote_port) {
        return sim::make_udp({.source = victim_ip(), .destination = attacker->ip}, local_port, remote_port,
                             "abcdefgh");
    }
    size_t sent_of_type(uint8_t type) {
        return sim::count_sent(*victim, [type](const sim::frame& each) {
            const auto* icmp = sim::icmp_of(each);
            return icmp != nullptr && icmp->type == type;
        });
    }
    uint32_t path_mtu() {
        return net::route_output(victim->stack(), {.destination = attacker->ip}).value().mtu;
    }
    /// An open connection whose last 1000 bytes the attacker does not acknowledge.
    struct flight {
        std::unique_ptr<sim::tcp_peer> peer;
        uint32_t una; ///< the first byte of the flight
        uint32_t nxt;
    };
    flight open_with_flight() {
        accept_all();
        flight made;
        made.peer = make_peer();
        made.peer->syn_options.has_mss = true;
        made.peer->syn_options.mss = 1460;
        made.peer->connect();
        made.una = made.peer->received;
        world.spawn("writer", [this] { EXPECT_EQ(children.at(0).send(std::string(1000, 'f')), 1000); });
        EXPECT_EQ(made.peer->next().payload.size(), 1000u);
        made.nxt = made.peer->received;
        return made;
    }
};

TEST_F(attack_icmp, C1_smurf_broadcast_echo_is_ignored) {
    unsigned sent = 0;
    for (const char* destination : {"255.255.255.255", "10.0.255.255", "10.0.0.0", "224.0.0.1"}) {
        sim::ip_fields fields = from_attacker();
        fields.destination = address(destination);
        for (const size_t length : {0, 32, 1400}) {
            attacker->inject(sim::make_ethernet(net::wire::ethernet_broadcast, attacker->mac, ETH_P_IP,
                                                echo(fields, length)));
            attacker->inject_ip(echo(fields, length));
            sent += 2;
        }
    }
    EXPECT_EQ(drops(drop_reason::icmp_broadcast) + drops(drop_reason::ip_not_ours), sent);
    EXPECT_GE(drops(drop_reason::icmp_broadcast), 12u);
    EXPECT_EQ(counted(mib::icmp_out_messages), 0u);
    EXPECT_EQ(sent_to_others(), 0u);
}

TEST_F(attack_icmp, C2_ping_flood_is_answered_a_thousand_times_a_second) {
    constexpr unsigned flood_size = 100'000;
    const sim::frame packet = echo(from_attacker());
    uint64_t most_skbs = 0;
    for (unsigned i = 0; i < flood_size; i++) {
        flood_ip(packet);
        if (i % 100 == 99) {
            world.run_for(millisecond);
            most_skbs = std::max(most_skbs, victim->stack().live_skbs);
        }
    }
    const size_t replies = sent_of_type(ICMP_ECHOREPLY);
    EXPECT_LE(replies, 1050u);
    EXPECT_GE(replies, 950u);
    EXPECT_EQ(drops(drop_reason::icmp_rate_limited), flood_size - replies);
    EXPECT_EQ(counted(mib::icmp_out_rate_limit_global), flood_size - replies);
    EXPECT_LE(most_skbs, 64u); // nothing piles up
    expect_baseline_after(second);
}

TEST_F(attack_icmp, C2_errors_for_spoofed_sources_are_limited) {
    constexpr unsigned flood_size = 100'000;
    for (unsigned i = 0; i < flood_size; i++) {
        sim::ip_fields fields = from_attacker();
        fields.source = address("10.0.1.0") + static_cast<uint32_t>(world.random()() % 65000);
        flood_ip(sim::make_udp(fields, 1000, static_cast<uint16_t>(2000 + i % 60000), "x"));
        if (i % 100 == 99) {
            world.run_for(millisecond);
        }
    }
    EXPECT_EQ(drops(drop_reason::udp_no_socket), flood_size);
    EXPECT_EQ(counted(mib::udp_no_ports), flood_size);
    const uint64_t errors = counted(mib::icmp_out_unreachable);
    EXPECT_LE(errors, 1050u);
    EXPECT_GE(errors, 950u);
    EXPECT_EQ(drops(drop_reason::icmp_rate_limited), flood_size - errors);
    // Whom the errors are for does not answer ARP: what waits is bounded and goes.
    expect_baseline_after(10 * second);
}

// CVE-2020-25705: whoever counts how many errors are left over must not learn how many others have caused.
TEST_F(attack_icmp, C2_the_size_of_a_burst_is_random) {
    std::map<size_t, unsigned> bursts;
    for (int round = 0; round < 300; round++) {
        forget_sent();
        for (int i = 0; i < 80; i++) {
            flood_ip(sim::make_udp(from_attacker(), 1000, 9, "x"));
        }
        world.run_for(500 * microsecond);
        bursts[sent_of_type(ICMP_DEST_UNREACH)]++;
        world.run_for(second);
    }
    ASSERT_EQ(bursts.size(), 7u);
    EXPECT_EQ(bursts.begin()->first, 44u);
    EXPECT_EQ(bursts.rbegin()->first, 50u);
    for (const auto& [size, times] : bursts) {
        EXPECT_GT(times, 20u) << size; // 43 on average
    }
}

TEST_F(attack_icmp, C3_no_error_about_an_error) {
    const sim::frame quote = quote_udp(1, 2);
    unsigned sent = 0;
    for (unsigned type = 0; type < 256; type++) {
        const bool question = type == ICMP_ECHO || type == ICMP_ECHOREPLY ||
                              (type >= ICMP_TIMESTAMP && type <= ICMP_ADDRESSREPLY);
        const bool known_other = type == 9 || type == 10; // router discovery
        if (question || known_other) {
            continue; // about these an error is allowed
        }
        // Malformed options deserve a "parameter problem", unless the packet is an error, or perhaps one.
        sim::ip_fields fields = from_attacker(1);
        fields.options = std::string("\x07\x00\x00\x00", 4);
        attacker->inject_ip(sim::make_ip(fields, sim::make_icmp(static_cast<uint8_t>(type), 0, 0, 0, quote)));
        sent++;
        EXPECT_EQ(drops(drop_reason::ip_bad_options), sent);
        const bool is_error = type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH ||
                              type == ICMP_REDIRECT || type == ICMP_TIME_EXCEEDED ||
                              type == ICMP_PARAMETERPROB;
        const bool perhaps_one = type > ICMP_ADDRESSREPLY; // unknown to us
        EXPECT_EQ(sent_to_others(), is_error || perhaps_one ? 0u : 1u) << type;
        forget_sent();
    }
}

TEST_F(attack_icmp, C3_no_error_about_broadcasts_later_fragments_or_nobody) {
    auto bad_options = [](sim::ip_fields fields) {
        fields.options = std::string("\x07\x00\x00\x00", 4);
        return fields;
    };
    // By broadcast, at either layer.
    for (const char* destination : {"255.255.255.255", "10.0.255.255", "224.0.0.1"}) {
        sim::ip_fields fields = from_attacker();
        fields.destination = address(destination);
        sim::ip_fields unknown = fields;
        unknown.protocol = 99;
        for (const sim::frame& packet :
             {sim::make_udp(fields, 1000, 9, "closed"), sim::make_udp(bad_options(fields), 1000, 9, "x"),
              sim::make_ip(unknown, sim::frame(20, 0))}) {
            attacker->inject_ip(packet);
            attacker->inject(
                sim::make_ethernet(net::wire::ethernet_broadcast, attacker->mac, ETH_P_IP, packet));
        }
    }
    // A later fragment, whether its options are bad or its datagram times out.
    sim::ip_fields late = bad_options(from_attacker());
    late.flags_and_offset = 4;
    attacker->inject_ip(sim::make_ip(late, sim::frame(64, 'f')));
    late.options.clear();
    attacker->inject_ip(sim::make_ip(late, sim::frame(64, 'f')));
    world.run_for(31 * second);
    EXPECT_EQ(drops(drop_reason::ip_fragment_timeout), 1u);
    // From nobody.
    sim::ip_fields nobody = bad_options(from_attacker());
    for (const char* source : {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1"}) {
        nobody.source = address(source);
        attacker->inject_ip(sim::make_udp(nobody, 1000, 9, "x"));
    }
    EXPECT_EQ(sent_to_others(), 0u);
    EXPECT_EQ(counted(mib::icmp_out_messages), 0u);
    // A first fragment that times out is told, as RFC 792 wants.
    sim::ip_fields first = from_attacker();
    first.flags_and_offset = 0x2000;
    attacker->inject_ip(sim::make_ip(first, sim::frame(64, 'f')));
    world.run_for(31 * second);
    EXPECT_EQ(sent_of_type(ICMP_TIME_EXCEEDED), 1u);
}

TEST_F(attack_icmp, C4_hard_errors_do_not_end_a_connection) {
    flight attacked = open_with_flight();
    unsigned sent = 0;
    for (unsigned code = 0; code < 16; code++) {
        if (code == ICMP_FRAG_NEEDED) {
            continue;
        }
        for (uint32_t seq = attacked.una; seq != attacked.una + 1000; seq += 250) {
            flood_ip(icmp_about(ICMP_DEST_UNREACH, static_cast<uint8_t>(code), 0, seq));
            sent++;
        }
    }
    flood_ip(icmp_about(ICMP_PARAMETERPROB, 0, 0, attacked.una));
    flood_ip(icmp_about(ICMP_TIME_EXCEEDED, 0, 0, attacked.una));
    world.run_for(millisecond);
    EXPECT_EQ(counted(mib::icmp_in_unreachable), sent);
    EXPECT_EQ(counted(mib::tcpext_out_of_window_icmps), 0u);
    EXPECT_EQ(state_of(), "01");
    EXPECT_EQ(children[0].get_option(SOL_SOCKET, SO_ERROR), EHOSTUNREACH); // soft: told, and nothing more
    attacked.peer->send({});                                               // and goes on
    attacked.peer->send({.flags = psh_ack, .payload = "still here"});
    world.spawn("reader", [&] { EXPECT_EQ(children[0].recv().data, "still here"); });
    world.run();
}

TEST_F(attack_icmp, C4_errors_about_what_is_not_in_flight_count_for_nothing) {
    flight attacked = open_with_flight();
    unsigned sent = 0;
    for (const uint32_t seq : {attacked.una - 1, attacked.una - 100'000, attacked.nxt, attacked.nxt + 1,
                               attacked.nxt + 65535, attacked.una + 0x80000000u, uint32_t{0}}) {
        for (const uint8_t code : {ICMP_PROT_UNREACH, ICMP_PORT_UNREACH, ICMP_FRAG_NEEDED}) {
            flood_ip(icmp_about(ICMP_DEST_UNREACH, code, 600, seq));
            sent++;
        }
    }
    world.run_for(millisecond);
    EXPECT_EQ(counted(mib::tcpext_out_of_window_icmps), sent);
    EXPECT_EQ(path_mtu(), 1500u);
    EXPECT_EQ(state_of(), "01");
}

TEST_F(attack_icmp, C4_an_attempt_to_connect_ends_only_for_its_own_number) {
    long outcome = 1;
    world.spawn("client", [&] {
        sim::user_socket client(*victim, SOCK_STREAM);
        ASSERT_EQ(client.bind("0.0.0.0", 4000), 0);
        outcome = client.connect(attacker->ip, 1000);
    });
    world.run_for(millisecond);
    const uint32_t iss = segments_sent().at(0).seq;
    unsigned sent = 0;
    for (const uint32_t seq : {iss - 1, iss + 1, iss + 2, iss + 1000, iss + 0x80000000u}) {
        for (unsigned code = 0; code < 16; code++) {
            flood_ip(icmp_about(ICMP_DEST_UNREACH, static_cast<uint8_t>(code), 576, seq, 4000));
            sent++;
        }
    }
    world.run_for(millisecond);
    EXPECT_EQ(outcome, 1);
    EXPECT_EQ(counted(mib::tcpext_out_of_window_icmps), sent);
    flood_ip(icmp_about(ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, iss, 4000));
    world.run_for(millisecond);
    EXPECT_EQ(outcome, -ECONNREFUSED);
}

TEST_F(attack_icmp, C5_source_quench_is_ignored) {
    flight attacked = open_with_flight();
    const uint64_t before_it = counted(mib::icmp_in_source_quench);
    for (uint32_t i = 0; i < 1000; i++) {
        flood_ip(icmp_about(ICMP_SOURCE_QUENCH, 0, 0, attacked.una + i));
    }
    world.run_for(millisecond);
    EXPECT_EQ(counted(mib::icmp_in_source_quench), before_it + 1000);
    EXPECT_EQ(drops(drop_reason::icmp_ignored), 1000u);
    tcp_info info = {};
    uint32_t length = sizeof(info);
    ASSERT_TRUE(net::sock_getsockopt(children[0].get(), IPPROTO_TCP, TCP_INFO, &info, &length).ok());
    EXPECT_EQ(info.tcpi_snd_cwnd, 10u); // as it was
}

TEST_F(attack_icmp, C6_the_path_mtu_has_a_floor_and_comes_back) {
    flight attacked = open_with_flight();
    EXPECT_EQ(path_mtu(), 1500u);
    for (int i = 0; i < 1000; i++) {
        const uint16_t mtu = i % 3 == 0 ? 68 : i % 3 == 1 ? 0 : static_cast<uint16_t>(i % 552);
        flood_ip(icmp_about(ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtu, attacked.una));
    }
    world.run_for(10 * millisecond);
    EXPECT_EQ(path_mtu(), 552u);
    // What is in flight went again, cut to fit and no finer, once.
    size_t resent = 0;
    while (const auto segment = attacked.peer->try_next(10 * millisecond)) {
        EXPECT_LE(segment->payload.size(), 552u - 40);
        resent += segment->payload.size();
    }
    EXPECT_EQ(resent, 1000u);
    attacked.peer->send({});
    world.spawn("writer", [this] { EXPECT_EQ(children[0].send(std::string(4000, 'd')), 4000); });
    for (size_t got = 0; got < 4000;) {
        const sim::segment segment = attacked.peer->next();
        EXPECT_TRUE(segment.payload.size() == 512 || got + segment.payload.size() == 4000);
        got += segment.payload.size();
        attacked.peer->send({});
    }
    // A larger MTU than the device's, or than what is known, makes nothing larger.
    world.run_for(601 * second);
    EXPECT_EQ(path_mtu(), 1500u);
    world.spawn("writer", [this] { children[0].send(std::string(1000, 'e')); });
    const sim::segment last = attacked.peer->next();
    EXPECT_EQ(last.payload.size(), 1000u);
    flood_ip(icmp_about(ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 65535, last.seq));
    world.run_for(millisecond);
    EXPECT_EQ(path_mtu(), 1500u);
    flood_ip(icmp_about(ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 600, last.seq));
    flood_ip(icmp_about(ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1400, last.seq));
    world.run_for(millisecond);
    EXPECT_EQ(path_mtu(), 600u);
}

TEST_F(attack_icmp, C7_redirects_change_no_route) {
    const std::string routes = victim->report("route");
    for (uint8_t code = 0; code < 4; code++) {
        for (const char* gateway : {"10.0.0.66", "10.0.0.1", "8.8.8.8", "127.0.0.1", "255.255.255.255"}) {
            const uint32_t to = address(gateway);
            inject_icmp(sim::make_icmp(ICMP_REDIRECT, code, static_cast<uint16_t>(to >> 16),
                                       static_cast<uint16_t>(to), quote_udp(9, 9)));
        }
    }
    EXPECT_EQ(drops(drop_reason::icmp_ignored), 20u);
    EXPECT_EQ(victim->report("route"), routes);
    EXPECT_EQ(sent_to_others(), 0u);
}

TEST_F(attack_icmp, C8_malformed_messages_are_dropped) {
    const sim::frame message = sim::make_icmp(ICMP_ECHO, 0, 1, 1, sim::frame(56, 'e'));
    for (size_t length = 0; length < 8; length++) {
        inject_icmp({message.begin(), message.begin() + static_cast<long>(length)});
    }
    EXPECT_EQ(drops(drop_reason::icmp_too_short), 8u);
    for (size_t bit = 0; bit < message.size() * 8; bit++) {
        sim::frame broken = message;
        broken[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        inject_icmp(broken);
    }
    EXPECT_EQ(drops(drop_reason::icmp_bad_checksum), message.size() * 8);
    EXPECT_EQ(counted(mib::icmp_in_checksum_errors), message.size() * 8);
    EXPECT_EQ(counted(mib::icmp_in_errors), 8 + message.size() * 8);
    EXPECT_EQ(sent_to_others(), 0u);
}

TEST_F(attack_icmp, C8_quotes_that_lie_are_dropped) {
    const sim::frame quote = quote_udp(1, 2);
    uint64_t malformed = 0;
    auto expect_malformed = [&](uint8_t type, uint8_t code, const sim::frame& quoted, const char* what) {
        inject_icmp(sim::make_icmp(type, code, 0, 0, quoted));
        EXPECT_EQ(drops(drop_reason::icmp_malformed_quote), ++malformed) << what;
    };
    for (const uint8_t type : {ICMP_DEST_UNREACH, ICMP_TIME_EXCEEDED, ICMP_PARAMETERPROB}) {
        for (long length = 0; length < 28; length++) {
            expect_malformed(type, 0, {quote.begin(), quote.begin() + length}, "truncated");
        }
        for (unsigned words = 0; words < 16; words++) {
            sim::frame lies = quote;
            lies[0] = static_cast<uint8_t>(0x40 | words);
            if (words < 5 || 4 * words + 8 > quote.size()) {
                expect_malformed(type, 0, lies, "header length");
            }
        }
        for (unsigned version = 0; version < 16; version++) {
            sim::frame lies = quote;
            lies[0] = static_cast<uint8_t>(version << 4 | 5);
            if (version != 4) {
                expect_malformed(type, 0, lies, "version");
            }
        }
        sim::frame lies = quote;
        lies[15] = 99; // 10.0.0.99 is somebody else
        expect_malformed(type, 0, lies, "foreign source");
        lies = quote;
        lies[7] = 1; // a later fragment
        expect_malformed(type, 0, lies, "fragment");
    }
    for (unsigned code = 16; code < 256; code++) {
        expect_malformed(ICMP_DEST_UNREACH, static_cast<uint8_t>(code), quote, "code");
    }
    for (unsigned code = 2; code < 256; code++) {
        expect_malformed(ICMP_TIME_EXCEEDED, static_cast<uint8_t>(code), quote, "code");
    }
    EXPECT_EQ(counted(mib::icmp_in_errors), malformed);
    EXPECT_EQ(sent_to_others(), 0u);
}

TEST_F(attack_icmp, C9_the_largest_echo_comes_back_the_same_and_leaves_nothing) {
    constexpr size_t length = 65'507; // with two headers: 65,535 bytes
    sim::frame data(length);
    for (size_t i = 0; i < length; i++) {
        data[i] = static_cast<uint8_t>(i * 7 + i / 256);
    }
    const sim::frame message = sim::make_icmp(ICMP_ECHO, 0, 77, 1, data);
    uint32_t most_bytes = 0;
    for (size_t offset = 0; offset < message.size(); offset += 1480) {
        sim::ip_fields fields = from_attacker(1);
        const bool more = offset + 1480 < message.size();
        fields.flags_and_offset = static_cast<uint16_t>(offset / 8 | (more ? 0x2000 : 0));
        const auto end = message.begin() + static_cast<long>(std::min(offset + 1480, message.size()));
        flood_ip(sim::make_ip(fields, {message.begin() + static_cast<long>(offset), end}));
        world.run_for(microsecond);
        most_bytes = std::max(most_bytes, net::ip_reassembly_usage(victim->stack()).bytes);
    }
    world.run_for(millisecond);
    EXPECT_LE(most_bytes, net::reassembly_memory_limit / 4);
    sim::frame reply(message.size());
    for (const sim::frame& each : victim->card->sent) {
        const auto* ip = sim::ip_of(each);
        ASSERT_NE(ip, nullptr);
        ASSERT_EQ(ip->destination, attacker->ip);
        ASSERT_LE(ip->fragment_offset() + each.size() - 34, reply.size());
        std::copy(each.begin() + 34, each.end(), reply.begin() + static_cast<long>(ip->fragment_offset()));
    }
    EXPECT_EQ(reply[0], ICMP_ECHOREPLY);
    EXPECT_TRUE(net::wire::checksum_good(net::wire::checksum_add(0, reply.data(), reply.size())));
    EXPECT_TRUE(std::equal(data.begin(), data.end(), reply.begin() + 8));
    EXPECT_EQ(counted(mib::icmp_out_echo_reply), 1u);
    expect_baseline_after(second);
}

TEST_F(attack_icmp, C10_a_ping_socket_gets_the_replies_to_its_own_number_only) {
    world.spawn("ping", [&] {
        sim::user_socket ping(*victim, SOCK_DGRAM, IPPROTO_ICMP);
        ASSERT_TRUE(ping.ok());
        const std::string request("\x08\0\0\0\0\0\0\x01ping", 12);
        ASSERT_EQ(ping.send_to(request, attacker->ip, 0), 12);
        const uint16_t own = ping.local_port();
        for (unsigned id = 0; id < 65536; id++) {
            if (id != own) {
                flood_ip(sim::make_ip(from_attacker(1),
                                      sim::make_icmp(ICMP_ECHOREPLY, 0, static_cast<uint16_t>(id), 1, {})));
            }
            if (id % 1024 == 1023) {
                world.pass(millisecond);
            }
        }
        world.pass(millisecond);
        EXPECT_EQ(ping.recv(100, MSG_DONTWAIT).result, -EAGAIN);
        EXPECT_EQ(drops(drop_reason::icmp_ignored), 65535u);
        attacker->inject_ip(
            sim::make_ip(from_attacker(1), sim::make_icmp(ICMP_ECHOREPLY, 0, own, 1, sim::bytes_of("ping"))));
        EXPECT_EQ(ping.recv(100, MSG_DONTWAIT).result, 12);
    });
    world.run();
}

} // namespace
