// Attacks by fragments: ids I7 to I11, and I13 where it is about fragments.

#include "attack/bed.hpp"
#include "net/ipv4/ip_fragment.hpp"

#include <cstring>

namespace {

using namespace attack;

struct attack_fragment : bed {
    void SetUp() override {
        bed::SetUp();
        introduce_attacker();
    }

    /// The payload of a UDP datagram to a closed port, of so many bytes with its header.
    sim::frame datagram(size_t bytes) {
        const sim::frame packet = sim::make_udp(fields, 1000, 9, std::string(bytes - 8, 'd'));
        return {packet.begin() + 20, packet.end()};
    }
    sim::frame piece(const sim::frame& of, size_t offset, size_t length, bool more) {
        sim::ip_fields header = fields;
        header.flags_and_offset = static_cast<uint16_t>(offset / 8 | (more ? 0x2000 : 0));
        const auto begin = of.begin() + static_cast<long>(std::min(offset, of.size()));
        const auto end = of.begin() + static_cast<long>(std::min(offset + length, of.size()));
        sim::frame bytes(begin, end);
        bytes.resize(length, 'p');
        return sim::make_ip(header, bytes);
    }
    net::reassembly_usage usage() { return net::ip_reassembly_usage(victim->stack()); }
    uint64_t whole() { return counted(mib::ip_reassembly_ok); }

    sim::ip_fields fields = from_attacker();
};

// All pairs of fragments within 48 bytes, each as a middle and as a last one, against the rules written as
// plainly as can be.
TEST_F(attack_fragment, I7_teardrop_every_pair_that_overlaps_ends_its_datagram) {
    struct span {
        unsigned start, end;
        bool last;
    };
    constexpr unsigned units = 6;
    const sim::frame bytes = datagram(units * 8);
    std::vector<span> spans;
    for (unsigned start = 0; start < units; start++) {
        for (unsigned end = start + 1; end <= units; end++) {
            spans.push_back({start, end, false});
            spans.push_back({start, end, true});
        }
    }
    unsigned overlaps = 0;
    for (const span& a : spans) {
        for (const span& b : spans) {
            if (a.start == 0 && a.last) {
                continue; // no fragment at all
            }
            const bool same = a.start == b.start && a.end == b.end;
            const bool overlap = !same && a.start < b.end && b.start < a.end;
            const bool beyond =
                (a.last && (b.end > a.end || (b.last && b.end != a.end))) || (b.last && a.end > b.end);
            const bool ends = !(b.start == 0 && b.last) && (overlap || beyond);
            const bool complete = !ends && ((a.start == 0 && b.last && b.start == a.end) ||
                                            (b.start == 0 && a.last && !b.last && a.start == b.end));
            const bool whole_alone = b.start == 0 && b.last; // delivered by itself, has no part in this
            const uint64_t whole_before = whole();
            fields.identification++;
            flood_ip(piece(bytes, a.start * 8, (a.end - a.start) * 8, !a.last));
            flood_ip(piece(bytes, b.start * 8, (b.end - b.start) * 8, !b.last));
            world.run_for(millisecond);
            EXPECT_EQ(usage().datagrams, ends || complete ? 0u : 1u)
                << a.start << "-" << a.end << (a.last ? "L " : " ") << b.start << "-" << b.end
                << (b.last ? "L" : "");
            EXPECT_EQ(whole(), whole_before + (complete ? 1 : 0));
            overlaps += ends && !whole_alone ? 1 : 0;
            world.run_for(31 * second);
            EXPECT_EQ(usage().datagrams, 0u);
        }
    }
    EXPECT_GT(overlaps, 500u);
    EXPECT_EQ(usage().bytes, 0u);
    EXPECT_GE(drops(drop_reason::ip_fragment_overlap), 2 * overlaps);
}

TEST_F(attack_fragment, I8_ping_of_death_nothing_reaches_beyond_64_kib) {
    fields.protocol = 1;
    const sim::frame bytes(1480, 'e');
    unsigned malformed = 0;
    // A whole chain up to the edge, and then a last fragment over it: every length.
    for (size_t offset = 0; offset + 1480 <= 65528; offset += 1480) {
        flood_ip(piece(bytes, offset, 1480, true));
    }
    for (size_t length = 1; length <= 1480; length++) {
        const bool fits = 65528 + length <= 65535 - 20;
        EXPECT_FALSE(fits);
        flood_ip(piece(bytes, 65528, length, false));
        malformed++;
    }
    for (size_t offset = 65512 - 1480; offset <= 65528; offset += 8) {
        if (offset + 1480 > 65535 - 20) {
            flood_ip(piece(bytes, offset, 1480, false));
            malformed++;
        }
    }
    world.run_for(millisecond);
    EXPECT_EQ(drops(drop_reason::ip_fragment_malformed), malformed);
    EXPECT_EQ(usage().datagrams, 1u);
    EXPECT_EQ(whole(), 0u);
    EXPECT_EQ(sent_to_others(), 0u);
    world.run_for(31 * second);
    EXPECT_EQ(usage().datagrams, 0u);
    expect_baseline_after(second);
}

TEST_F(attack_fragment, I9_fragmentsmack_random_offsets_that_never_complete) {
    constexpr unsigned flood_size = 65'536;
    const sim::frame bytes = datagram(8);
    unsigned most_datagrams = 0;
    uint32_t most_bytes = 0;
    uint64_t most_skbs = 0;
    for (unsigned i = 0; i < flood_size; i++) {
        fields.source = address("10.0.1.0") + static_cast<uint32_t>(world.random()() % 256);
        fields.identification = static_cast<uint16_t>(world.random()() % 16);
        flood_ip(piece(bytes, 8 + 16 * (world.random()() % 4000), 8, true));
        if (i % 64 == 63) {
            world.run_for(millisecond); // 64,000 a second
            most_datagrams = std::max(most_datagrams, usage().datagrams);
            most_bytes = std::max(most_bytes, usage().bytes);
            most_skbs = std::max(most_skbs, victim->stack().live_skbs);
        }
    }
    EXPECT_EQ(most_datagrams, net::reassembly_datagram_limit);
    EXPECT_LE(most_bytes, net::reassembly_memory_limit);
    EXPECT_LE(most_skbs, net::reassembly_datagram_limit * net::reassembly_fragment_limit);
    EXPECT_EQ(drops(drop_reason::ip_fragment_limit) + drops(drop_reason::ip_fragment_overlap) +
                  drops(drop_reason::ip_fragment_timeout) + victim->stack().live_skbs - before.skbs,
              flood_size);
    expect_baseline_after(31 * second);
    EXPECT_EQ(usage().datagrams, 0u);
}

TEST_F(attack_fragment, I9_large_fragments_stay_within_a_mebibyte) {
    const sim::frame bytes = datagram(1480);
    uint32_t most_bytes = 0;
    for (unsigned i = 0; i < 4000; i++) {
        fields.source = address("10.0.1.0") + i / 20 % 256;
        fields.identification = static_cast<uint16_t>(i / 20);
        flood_ip(piece(bytes, 1480 * (1 + i % 20), 1480, true));
        world.run_for(100 * microsecond);
        most_bytes = std::max(most_bytes, usage().bytes);
    }
    EXPECT_LE(most_bytes, net::reassembly_memory_limit);
    EXPECT_GT(most_bytes, net::reassembly_memory_limit / 2);
    expect_baseline_after(31 * second);
}

TEST_F(attack_fragment, I9_a_datagram_has_at_most_64_pieces) {
    const sim::frame bytes = datagram(8);
    for (unsigned i = 0; i < net::reassembly_fragment_limit; i++) {
        flood_ip(piece(bytes, 16 + 16 * i, 8, true));
    }
    world.run_for(millisecond);
    EXPECT_EQ(usage().datagrams, 1u);
    flood_ip(piece(bytes, 8, 8, true));
    world.run_for(millisecond);
    EXPECT_EQ(usage().datagrams, 0u);
    EXPECT_EQ(drops(drop_reason::ip_fragment_limit), net::reassembly_fragment_limit + 1u);
    expect_baseline_after(second);
}

TEST_F(attack_fragment, I10_rose_last_fragments_of_one_source_leave_room_for_others) {
    constexpr unsigned flood_size = 300'000;
    const sim::frame bytes = datagram(8);
    const sim::frame honest = datagram(64);
    unsigned rounds = 0;
    unsigned most = 0;
    for (unsigned i = 0; i < flood_size; i++) {
        fields = from_attacker();
        fields.identification = static_cast<uint16_t>(i);
        flood_ip(piece(bytes, 8 + i % 8000 * 8, 8, false));
        if (i % 1000 != 999) {
            continue;
        }
        world.run_for(10 * millisecond);
        most = std::max(most, usage().datagrams);
        // Somebody else's datagram in two pieces, 5 ms apart.
        fields.source = address("10.0.0.3");
        fields.identification = static_cast<uint16_t>(rounds++);
        flood_ip(piece(honest, 0, 32, true));
        world.run_for(5 * millisecond);
        flood_ip(piece(honest, 32, 32, false));
        world.run_for(5 * millisecond);
        ASSERT_EQ(whole(), rounds);
    }
    EXPECT_EQ(most, net::reassembly_per_source_limit);
    expect_baseline_after(31 * second);
}

// A datagram that has begun may not grow at the cost of others either.
TEST_F(attack_fragment, I10_a_source_that_fills_what_it_began_pushes_only_its_own_out) {
    constexpr unsigned honest_hosts = 20;
    const sim::frame bytes = datagram(1480 * 40);
    const auto honest = [&](unsigned host, size_t offset, bool more) {
        fields = from_attacker();
        fields.source = address("10.0.0.30") + host;
        flood_ip(piece(bytes, offset, 32, more));
        world.run_for(100 * microsecond);
    };
    for (unsigned host = 0; host < honest_hosts; host++) { // older than all of the attacker's
        honest(host, 0, true);
    }
    fields = from_attacker();
    uint32_t most_bytes = 0;
    for (unsigned part = 0; part < 40; part++) {
        for (uint16_t number = 0; number < net::reassembly_per_source_limit; number++) {
            fields.identification = number;
            flood_ip(piece(bytes, 1480 * part + (part == 0 ? 8 : 0), part == 0 ? 8 : 1480, true));
            world.run_for(100 * microsecond);
            most_bytes = std::max(most_bytes, usage().bytes);
        }
    }
    EXPECT_LE(most_bytes, net::reassembly_memory_limit / 4 + honest_hosts * 2048);
    for (unsigned host = 0; host < honest_hosts; host++) {
        honest(host, 32, false);
    }
    EXPECT_EQ(whole(), honest_hosts);
    expect_baseline_after(31 * second);
}

TEST_F(attack_fragment, I10_a_source_gets_a_quarter_of_the_memory) {
    const sim::frame bytes = datagram(1480);
    uint32_t most_bytes = 0;
    for (unsigned i = 0; i < 16 * 40; i++) {
        fields.identification = static_cast<uint16_t>(i / 40);
        flood_ip(piece(bytes, 1480 * (1 + i % 40), 1480, true));
        world.run_for(100 * microsecond);
        most_bytes = std::max(most_bytes, usage().bytes);
    }
    EXPECT_LE(most_bytes, net::reassembly_memory_limit / 4);
    EXPECT_GT(most_bytes, net::reassembly_memory_limit / 4 - 8192);
    EXPECT_GT(drops(drop_reason::ip_fragment_limit), 0u);
    expect_baseline_after(31 * second);
}

TEST_F(attack_fragment, I10_first_fragments_from_everywhere_push_the_oldest_out) {
    const sim::frame bytes = datagram(64);
    for (uint32_t i = 0; i < 20'000; i++) {
        fields.source = address("10.0.1.0") + i % 60'000;
        fields.identification = static_cast<uint16_t>(i);
        flood_ip(piece(bytes, 0, 32, true));
        if (i % 100 == 99) {
            world.run_for(millisecond);
        }
    }
    EXPECT_EQ(usage().datagrams, net::reassembly_datagram_limit);
    EXPECT_EQ(drops(drop_reason::ip_fragment_limit), 20'000 - net::reassembly_datagram_limit);
    // The newcomer's datagram still becomes whole.
    fields.source = address("10.0.0.3");
    flood_ip(piece(bytes, 0, 32, true));
    flood_ip(piece(bytes, 32, 32, false));
    world.run_for(millisecond);
    EXPECT_EQ(whole(), 1u);
    forget_sent();
    world.run_for(31 * second);
    EXPECT_EQ(usage().datagrams, 0u);
    // Time exceeded is told for first fragments, at the rate of all errors.
    EXPECT_LE(counted(mib::icmp_out_time_exceeded), net::reassembly_datagram_limit);
}

TEST_F(attack_fragment, I11_tiny_empty_and_odd_fragments_are_dropped) {
    const sim::frame bytes(2000, 'x');
    uint64_t malformed = 0;
    auto expect_malformed = [&](uint8_t protocol, size_t offset, size_t length, bool more) {
        fields.protocol = protocol;
        flood_ip(piece(bytes, offset, length, more));
        world.run_for(100 * microsecond);
        EXPECT_EQ(drops(drop_reason::ip_fragment_malformed), ++malformed)
            << unsigned{protocol} << " at " << offset << ", " << length << " bytes";
    };
    for (size_t offset = 0; offset < 64; offset += 8) {
        expect_malformed(17, offset, 0, true);
        expect_malformed(17, offset + 8, 0, false);
    }
    for (size_t length = 0; length < 64; length++) {
        if (length % 8 != 0) {
            expect_malformed(17, 8, length, true);
        }
    }
    for (size_t length = 8; length < 20; length += 8) {
        expect_malformed(6, 0, length, true); // does not hold the whole TCP header (RFC 1858)
    }
    EXPECT_EQ(usage().datagrams, 0u);
    EXPECT_EQ(sent_to_others(), 0u);
}

TEST_F(attack_fragment, I13_fragments_of_different_protocols_never_mix) {
    const sim::frame bytes = datagram(64);
    const std::vector<uint8_t> protocols = {1, 4, 6, 17, 255};
    for (const uint8_t early : protocols) {
        for (const uint8_t late : protocols) {
            fields.identification++;
            fields.protocol = early;
            flood_ip(piece(bytes, 0, 32, true));
            fields.protocol = late;
            const uint64_t whole_before = whole();
            flood_ip(piece(bytes, 32, 32, false));
            world.run_for(millisecond);
            EXPECT_EQ(whole(), whole_before + (early == late ? 1 : 0))
                << unsigned{early} << " and " << unsigned{late};
            world.run_for(31 * second);
        }
    }
}

TEST_F(attack_fragment, I13_options_of_later_fragments_are_not_taken_over) {
    std::string got;
    world.spawn("server", [&] {
        sim::user_socket server(*victim, SOCK_DGRAM);
        server.bind("0.0.0.0", 9);
        got = server.recv().data;
    });
    const sim::frame bytes = datagram(64);
    flood_ip(piece(bytes, 0, 32, true));
    fields.options = std::string("\x07\x27\x04", 3) + std::string(37, '\x00'); // record route, 39 bytes
    flood_ip(piece(bytes, 32, 32, false));
    world.run();
    EXPECT_EQ(got, std::string(56, 'd'));
    // A source route in any fragment ends that fragment, so the datagram never becomes whole.
    fields.identification++;
    fields.options.clear();
    flood_ip(piece(bytes, 0, 32, true));
    fields.options = std::string("\x83\x07\x04\x0a\x00\x00\x09\x00", 8);
    flood_ip(piece(bytes, 32, 32, false));
    world.run_for(millisecond);
    EXPECT_EQ(drops(drop_reason::ip_source_route), 1u);
    EXPECT_EQ(whole(), 1u);
}

} // namespace
