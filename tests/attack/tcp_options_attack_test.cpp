// Headers and options that lie: ids T15 to T19 and T32.

#include "attack/tcp_bed.hpp"
#include "net/wire/checksum.hpp"

#include <cstring>

namespace {

using namespace attack;

struct attack_tcp_options : tcp_bed {
    void SetUp() override {
        tcp_bed::SetUp();
        accept_all();
    }

    /// A segment with these bytes between header and payload, summed right.
    sim::frame with_option_bytes(sim::segment what, const std::string& options) {
        const std::string payload = what.payload;
        what.options = {};
        what.payload = options + payload; // shifted in front of the data: the offset says where it starts
        sim::frame bytes = frame_of(what);
        auto& tcp = *reinterpret_cast<net::wire::tcp_header*>(&bytes[34]);
        tcp.set_header_bytes(static_cast<uint32_t>(20 + options.size()));
        fix_tcp_checksum(bytes);
        return bytes;
    }
    static void fix_tcp_checksum(sim::frame& bytes) {
        const auto& ip = *reinterpret_cast<const net::wire::ipv4_header*>(&bytes[14]);
        const size_t length = ip.total_length - 20u;
        std::memset(&bytes[34 + 16], 0, 2);
        const uint64_t sum =
            net::wire::pseudo_header_sum(ip.source, ip.destination, 6, static_cast<uint32_t>(length));
        const uint16_t checksum =
            net::wire::checksum_finish(net::wire::checksum_add(sum, &bytes[34], length));
        std::memcpy(&bytes[34 + 16], &checksum, 2);
    }
    sim::segment next_of(const sim::tcp_peer& peer, const std::string& payload) {
        sim::segment segment = segment_to(port, 1000, psh_ack, peer.seq, peer.received);
        segment.payload = payload;
        return segment;
    }
    /// Everything that the program of the first connection can read now.
    std::string read_all() {
        std::string all;
        while (true) {
            const sim::received got = children.at(0).recv(65536, MSG_DONTWAIT);
            if (got.result <= 0) {
                return all;
            }
            all += got.data;
        }
    }
    /// What the victim answers to a SYN with these option bytes. The half-open connection is ended.
    std::optional<sim::segment> syn_answer(const std::string& options) {
        forget_sent();
        source_port++;
        flood(with_option_bytes(segment_to(port, source_port, tcp_syn, 99), options));
        world.run_for(50 * microsecond);
        const std::vector<sim::segment> sent = segments_sent();
        flood(frame_of(segment_to(port, source_port, tcp_rst, 100)));
        world.run_for(50 * microsecond);
        if (sent.empty()) {
            return std::nullopt;
        }
        return sent[0];
    }
    tcp_info info_of(sim::user_socket& of) {
        tcp_info info = {};
        uint32_t length = sizeof(info);
        EXPECT_TRUE(net::sock_getsockopt(of.get(), IPPROTO_TCP, TCP_INFO, &info, &length).ok());
        return info;
    }

    uint16_t source_port = 2000;
};

TEST_F(attack_tcp_options, T15_every_kind_with_every_length_in_a_connection) {
    auto peer = make_peer();
    peer->syn_options.has_timestamp = true; // so that every option means something
    peer->syn_options.sack_permitted = true;
    peer->connect();
    std::string sent;
    std::string got;
    for (unsigned kind = 0; kind < 256; kind++) {
        for (unsigned length = 0; length <= 41; length++) {
            std::string options(40, kind % 2 != 0 ? '\x01' : '\x00');
            options[0] = static_cast<char>(kind);
            options[1] = static_cast<char>(length);
            // A timestamp out of nothing would be from the past (PAWS): keep it in front of ours.
            if (kind == 8 && length == 10) {
                std::memset(options.data() + 2, 0, 8);
            }
            const std::string byte(1, static_cast<char>('a' + sent.size() % 26));
            flood(with_option_bytes(next_of(*peer, byte), options));
            peer->seq++;
            sent += byte;
        }
        world.run_for(millisecond);
        got += read_all();
        ASSERT_EQ(got.size(), sent.size()) << "kind " << kind;
    }
    EXPECT_EQ(got, sent);
    EXPECT_EQ(state_of(), "01");
    EXPECT_EQ(all_drops(), 0u);
}

TEST_F(attack_tcp_options, T15_every_known_kind_at_every_place) {
    auto peer = make_peer();
    peer->connect();
    std::string sent;
    std::string got;
    for (unsigned words = 1; words <= 10; words++) {
        for (unsigned at = 0; at < 4 * words; at++) {
            for (const unsigned kind : {0u, 1u, 2u, 3u, 4u, 5u, 8u, 19u, 34u, 253u, 255u}) {
                for (const unsigned length : {0u, 1u, 2u, 3u, 4u, 10u, 18u, 34u, 39u, 40u, 41u, 255u}) {
                    std::string options(4 * words, '\x01');
                    options[at] = static_cast<char>(kind);
                    if (at + 1 < options.size()) {
                        options[at + 1] = static_cast<char>(length);
                    }
                    const std::string byte(1, static_cast<char>('a' + sent.size() % 26));
                    flood(with_option_bytes(next_of(*peer, byte), options));
                    peer->seq++;
                    sent += byte;
                }
            }
            world.run_for(millisecond);
            got += read_all();
        }
    }
    EXPECT_EQ(got, sent);
    EXPECT_EQ(state_of(), "01");
}

TEST_F(attack_tcp_options, T15_every_kind_with_every_length_in_a_syn) {
    for (unsigned kind = 0; kind < 256; kind++) {
        for (unsigned length = 0; length <= 41; length++) {
            std::string options(40, '\x01');
            options[0] = static_cast<char>(kind);
            options[1] = static_cast<char>(length);
            const std::optional<sim::segment> answer = syn_answer(options);
            ASSERT_TRUE(answer) << kind << " " << length;
            ASSERT_EQ(answer->flags, syn_ack);
            ASSERT_EQ(answer->options.sack_permitted, kind == 4 && length == 2);
            ASSERT_EQ(answer->options.has_window_scale, kind == 3 && length == 3);
            ASSERT_EQ(answer->options.has_timestamp, kind == 8 && length == 10);
            ASSERT_EQ(answer->options.sack_count, 0);
        }
    }
}

TEST_F(attack_tcp_options, T15_malformed_sack_blocks_are_not_believed) {
    auto peer = make_peer();
    peer->syn_options.sack_permitted = true;
    peer->connect();
    const uint32_t una = peer->received;
    world.spawn("writer", [this] { children[0].send(std::string(5000, 's')); });
    world.run_for(10 * millisecond);
    const uint32_t nxt = una + 5000;
    auto say_sack = [&](uint32_t start, uint32_t end) {
        net::wire::tcp_options options;
        options.sack_count = 1;
        options.sacks[0] = {net::wire::seq(start), net::wire::seq(end)};
        peer->send({.ack = una, .options = options});
    };
    for (const auto& [start, end] :
         std::vector<std::pair<uint32_t, uint32_t>>{{una + 100, una + 100},        // empty
                                                    {una + 200, una + 100},        // backwards
                                                    {nxt, nxt + 1000},             // never sent
                                                    {una + 100, nxt + 1},          // reaches beyond
                                                    {una + 0x80000000u, una + 10}, // half a world away
                                                    {0, 0xffffffff},
                                                    {0xffffffff, 0}}) {
        say_sack(start, end);
        EXPECT_EQ(info_of(children[0]).tcpi_sacked, 0u) << start << "-" << end;
    }
    // 15 blocks would not fit, 4 and a half are no SACK option at all.
    const std::string broken = std::string("\x05\x26", 2) + std::string(36, '\x7f') + std::string(2, '\x01');
    flood(with_option_bytes(segment_to(port, 1000, tcp_ack, peer->seq, una), broken));
    world.run_for(millisecond);
    EXPECT_EQ(info_of(children[0]).tcpi_sacked, 0u);
    say_sack(una + 536, una + 1072); // and a good one counts
    EXPECT_EQ(info_of(children[0]).tcpi_sacked, 1u);
}

TEST_F(attack_tcp_options, T16_data_offsets_that_lie_are_dropped_before_the_checksum_is_looked_at) {
    auto peer = make_peer();
    peer->connect();
    unsigned bad = 0;
    for (size_t payload = 0; payload <= 44; payload += 4) {
        for (unsigned words = 0; words < 16; words++) {
            sim::frame bytes = frame_of(next_of(*peer, std::string(payload, 'o')));
            bytes[34 + 12] = static_cast<uint8_t>(words << 4);
            if (words >= 5 && words * 4 <= 20 + payload) {
                continue; // possible
            }
            for (const bool summed : {false, true}) {
                if (summed) {
                    fix_tcp_checksum(bytes);
                }
                attacker->inject(bytes);
                bad++;
            }
        }
    }
    EXPECT_EQ(drops(drop_reason::tcp_bad_offset), bad);
    EXPECT_EQ(drops(drop_reason::tcp_bad_checksum), 0u);
    EXPECT_EQ(counted(mib::tcp_in_errors), bad);
    // Segments shorter than a header.
    for (size_t length = 0; length < 20; length++) {
        attacker->inject_ip(sim::make_ip(from_attacker(6), sim::frame(length, 0)));
    }
    EXPECT_EQ(drops(drop_reason::tcp_too_short), 20u);
    peer->expect_silence();
    EXPECT_EQ(state_of(), "01");
}

TEST_F(attack_tcp_options, T17_every_flipped_bit_is_seen) {
    ASSERT_EQ(victim->device().features, 0u); // no card sums for us
    auto peer = make_peer();
    peer->connect();
    const sim::frame good = frame_of(next_of(*peer, "checked"));
    unsigned wrong = 0;
    unsigned other = 0; // what another layer, or the offset check, has seen first
    for (size_t bit = 34 * 8; bit < good.size() * 8; bit++) {
        sim::frame broken = good;
        broken[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        attacker->inject(broken);
        (bit / 8 == 34 + 12 && bit % 8 >= 4 ? other : wrong)++;
    }
    EXPECT_EQ(drops(drop_reason::tcp_bad_checksum) + drops(drop_reason::tcp_bad_offset), wrong + other);
    EXPECT_GE(drops(drop_reason::tcp_bad_checksum), wrong);
    // The pseudo-header: another source, another length. (Another destination is not ours, another protocol
    // is not TCP.)
    const uint64_t before_it = drops(drop_reason::tcp_bad_checksum);
    for (int bit = 0; bit < 16; bit++) {
        sim::frame packet(good.begin() + 14, good.end());
        auto& ip = *reinterpret_cast<net::wire::ipv4_header*>(packet.data());
        ip.source = attacker->ip ^ 1u << bit;
        sim::fix_ip_checksum(packet);
        attacker->inject_ip(packet);
    }
    EXPECT_EQ(drops(drop_reason::tcp_bad_checksum) + drops(drop_reason::ip_martian_source), before_it + 16);
    for (size_t length = 40; length < good.size() - 14; length++) {
        sim::frame packet(good.begin() + 14, good.end());
        auto& ip = *reinterpret_cast<net::wire::ipv4_header*>(packet.data());
        ip.total_length = static_cast<uint16_t>(length);
        sim::fix_ip_checksum(packet);
        attacker->inject_ip(packet);
    }
    EXPECT_EQ(counted(mib::tcp_in_checksum_errors), drops(drop_reason::tcp_bad_checksum));
    peer->expect_silence();
    EXPECT_EQ(read_all(), "");
    attacker->inject(good);
    EXPECT_EQ(read_all(), "checked");
}

TEST_F(attack_tcp_options, T18_the_urgent_pointer_is_never_a_length) {
    auto peer = make_peer();
    peer->connect();
    children.at(0).set_option(SOL_SOCKET, SO_OOBINLINE, 1);
    std::string sent;
    std::string got;
    for (const unsigned pointer :
         {0u, 1u, 2u, 5u, 9u, 10u, 11u, 12u, 100u, 1000u, 32767u, 32768u, 65534u, 65535u}) {
        for (const size_t length : {0u, 1u, 2u, 10u, 500u}) {
            for (const uint8_t flags : {psh_ack, uint8_t{tcp_ack}}) {
                const std::string data(length, static_cast<char>('a' + sent.size() % 26));
                peer->send({.flags = static_cast<uint8_t>(flags | tcp_urg),
                            .payload = data,
                            .urgent = static_cast<uint16_t>(pointer)});
                sent += data;
                got += read_all();
            }
        }
    }
    world.run_for(second);
    got += read_all();
    EXPECT_EQ(got, sent);
    EXPECT_EQ(state_of(), "01");
}

TEST_F(attack_tcp_options, T18_set_aside_bytes_are_the_only_ones_missing) {
    auto peer = make_peer();
    peer->connect();
    std::string sent;
    std::string got;
    unsigned marks = 0;
    for (int i = 0; i < 3000; i++) {
        const size_t length = world.random()() % 40;
        std::string data(length, ' ');
        for (char& each : data) {
            each = static_cast<char>('a' + world.random()() % 26);
        }
        const bool urgent = world.random()() % 3 == 0;
        peer->send({.flags = static_cast<uint8_t>(urgent ? psh_ack | tcp_urg : psh_ack),
                    .payload = data,
                    .urgent = static_cast<uint16_t>(world.random()() % 60)});
        marks += urgent ? 1 : 0;
        sent += data;
        if (world.random()() % 2 == 0) {
            got += read_all();
            (void)children[0].recv(1, MSG_OOB | MSG_DONTWAIT);
        }
        if (peer->received != 0 && i % 100 == 0) {
            while (peer->try_next(microsecond)) {
            }
        }
    }
    world.run_for(second);
    for (std::string more = read_all(); !more.empty(); more = read_all()) {
        got += more;
    }
    // In order, and short of at most one byte for each mark.
    size_t at = 0;
    for (const char each : sent) {
        at += at < got.size() && got[at] == each ? 1 : 0;
    }
    EXPECT_EQ(at, got.size());
    EXPECT_LE(sent.size() - got.size(), marks);
    EXPECT_EQ(state_of(), "01");
}

TEST_F(attack_tcp_options, T19_transfers_across_the_wrap_are_exact) {
    auto peer = make_peer();
    peer->iss = peer->seq = 0xffffff00;
    peer->connect();
    std::string sent;
    std::string got;
    for (int i = 0; i < 200; i++) {
        const std::string data(1 + static_cast<size_t>(i) * 7 % 100, static_cast<char>('a' + i % 26));
        peer->send({.flags = psh_ack, .payload = data});
        sent += data;
        got += read_all();
    }
    EXPECT_EQ(got, sent);
    EXPECT_LT(peer->seq, 0xffffff00u); // the wrap was crossed
    // What lies 2^31 away is neither old nor new.
    for (const uint32_t jump : {0x7fffffffu, 0x80000000u, 0x80000001u, 0x40000000u, 0xc0000000u}) {
        world.run_for(second);
        peer->send({.flags = psh_ack, .payload = "jump", .seq = peer->seq + jump});
    }
    EXPECT_EQ(read_all(), "");
    EXPECT_EQ(drops(drop_reason::tcp_out_of_window), 5u);
    EXPECT_EQ(state_of(), "01");
}

TEST_F(attack_tcp_options, T19_old_timestamps_are_dropped_and_answered) {
    auto peer = make_peer();
    peer->syn_options.has_timestamp = true;
    peer->syn_options.timestamp_value = 0xfffffff0; // wraps soon, too
    auto stamped = [&](const std::string& data, uint32_t stamp) {
        net::wire::tcp_options options;
        options.has_timestamp = true;
        options.timestamp_value = stamp;
        peer->send({.flags = psh_ack, .payload = data, .options = options});
    };
    peer->send({.flags = tcp_syn, .options = peer->syn_options});
    EXPECT_EQ(peer->next().flags, syn_ack);
    stamped("", 0xfffffff1);
    stamped("one", 0xfffffff8);
    stamped("two", 5); // after the wrap, so later
    EXPECT_EQ(read_all(), "onetwo");
    while (peer->try_next(millisecond)) {
    }
    for (const uint32_t old : {4u, 0u, 0xffffffffu, 0x80000006u}) {
        const uint32_t seq = peer->seq;
        world.run_for(second);
        stamped("old", old);
        peer->seq = seq;
        const sim::segment answer = peer->next();
        EXPECT_EQ(answer.flags, tcp_ack);
        EXPECT_EQ(answer.ack, seq);
    }
    EXPECT_EQ(drops(drop_reason::tcp_paws), 4u);
    EXPECT_EQ(counted(mib::tcpext_paws_established), 4u);
    stamped("three", 6);
    EXPECT_EQ(read_all(), "three");
}

TEST_F(attack_tcp_options, T32_window_scale_is_clamped) {
    for (unsigned scale = 0; scale < 256; scale++) {
        const std::string options = std::string("\x03\x03", 2) + static_cast<char>(scale) + '\x01';
        const std::optional<sim::segment> answer = syn_answer(options);
        ASSERT_TRUE(answer && answer->options.has_window_scale);
    }
    // In the connection: a window field of 1 means 2^14 at most.
    sim::segment syn = segment_to(port, 1000, tcp_syn, 99);
    flood(with_option_bytes(syn, std::string("\x03\x03\xff\x01", 4)));
    world.run_for(millisecond);
    const uint32_t iss = segments_sent().back().seq;
    sim::segment ack = segment_to(port, 1000, tcp_ack, 100, iss + 1);
    ack.window = 1;
    flood(frame_of(ack));
    world.run_for(millisecond);
    ASSERT_EQ(state_of(), "01");
    EXPECT_EQ(info_of(children.back()).tcpi_snd_wscale, 14);
}

TEST_F(attack_tcp_options, T32_syn_options_in_other_segments_are_ignored) {
    auto peer = make_peer();
    peer->connect();
    const tcp_info before_it = info_of(children.at(0));
    for (const std::string& options : {std::string("\x03\x03\x0e\x01", 4), std::string("\x02\x04\x00\x30", 4),
                                       std::string("\x04\x02\x01\x01", 4)}) {
        flood(with_option_bytes(next_of(*peer, "x"), options));
        peer->seq++;
    }
    world.run_for(millisecond);
    EXPECT_EQ(read_all(), "xxx");
    const tcp_info after = info_of(children[0]);
    EXPECT_EQ(after.tcpi_snd_wscale, before_it.tcpi_snd_wscale);
    EXPECT_EQ(after.tcpi_snd_mss, before_it.tcpi_snd_mss);
    EXPECT_EQ(after.tcpi_options, before_it.tcpi_options);
}

TEST_F(attack_tcp_options, T32_timestamps_in_the_syn_only_do_not_stop_the_connection) {
    // Our peers may forget (RFC 7323 §3.2 says they MUST not; Linux takes such segments, and so do we).
    auto peer = make_peer();
    peer->syn_options.has_timestamp = true;
    peer->syn_options.timestamp_value = 1000;
    peer->connect();
    peer->send({.flags = psh_ack, .payload = "unstamped"});
    EXPECT_EQ(read_all(), "unstamped");
    // And one who never offered them may send them: they say nothing.
    auto other = make_peer(1001);
    other->connect();
    net::wire::tcp_options stray;
    stray.has_timestamp = true;
    stray.timestamp_value = 1;
    other->send({.flags = psh_ack, .payload = "a", .options = stray});
    stray.timestamp_value = 0x80000000;
    other->send({.flags = psh_ack, .payload = "b", .options = stray});
    EXPECT_EQ(children.at(1).recv(100, MSG_DONTWAIT).data, "ab");
}

TEST_F(attack_tcp_options, T32_of_options_given_twice_the_last_counts) {
    const std::string twice =
        std::string("\x02\x04\x00\x64\x02\x04\x05\xb4\x03\x03\x01\x03\x03\x07\x01\x01", 16);
    flood(with_option_bytes(segment_to(port, 1000, tcp_syn, 99), twice));
    world.run_for(millisecond);
    const uint32_t iss = segments_sent().back().seq;
    flood(frame_of(segment_to(port, 1000, tcp_ack, 100, iss + 1)));
    world.run_for(millisecond);
    EXPECT_EQ(info_of(children.back()).tcpi_snd_wscale, 7);
    EXPECT_EQ(info_of(children.back()).tcpi_snd_mss, 1460u);
}

TEST_F(attack_tcp_options, T32_every_extreme_mss) {
    for (const uint16_t mss : {0, 1, 7, 47, 48, 49, 88, 536, 1460, 1461, 9000, 65535}) {
        source_port++;
        const std::string options = {'\x02', '\x04', static_cast<char>(mss >> 8),
                                     static_cast<char>(mss & 0xff)};
        forget_sent();
        flood(with_option_bytes(segment_to(port, source_port, tcp_syn, 99), options));
        world.run_for(millisecond);
        const uint32_t iss = segments_sent().back().seq;
        sim::segment ack = segment_to(port, source_port, tcp_ack, 100, iss + 1);
        ack.window = 65535;
        flood(frame_of(ack));
        world.run_for(millisecond);
        const uint32_t used = info_of(children.back()).tcpi_snd_mss;
        // None, or zero, means 536 (RFC 9293 §3.7.1); below 48 headers would eat everything.
        const uint32_t wanted = mss == 0 ? 536 : std::clamp<uint32_t>(mss, 48, 1460);
        EXPECT_EQ(used, wanted) << mss;
    }
}

} // namespace
