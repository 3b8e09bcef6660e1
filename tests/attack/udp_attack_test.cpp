// Attacks on UDP: ids U1 to U5. U6 (DNS) and U7 (DHCP) are about parsers of libc and of programs: see
// README.md.

#include "attack/bed.hpp"
#include "net/wire/checksum.hpp"

#include <cstring>

namespace {

using namespace attack;

struct attack_udp : bed {
    void SetUp() override {
        bed::SetUp();
        introduce_attacker();
    }
    net::wire::udp_header& header_of(sim::frame& packet) {
        return *reinterpret_cast<net::wire::udp_header*>(packet.data() + 20);
    }
    /// Runs a program with a socket bound to port 9.
    void with_socket(std::function<void(sim::user_socket&)> body) {
        world.spawn("receiver", [this, body] {
            sim::user_socket socket(*victim, SOCK_DGRAM);
            ASSERT_EQ(socket.bind("0.0.0.0", 9), 0);
            body(socket);
        });
        world.run();
    }
};

TEST_F(attack_udp, U1_every_length_field) {
    constexpr unsigned whole = 8 + 20;
    with_socket([&](sim::user_socket& socket) {
        for (unsigned length = 0; length < 65536; length++) {
            sim::frame packet = sim::make_udp(from_attacker(), 1000, 9, "twenty bytes of data");
            header_of(packet).length = static_cast<uint16_t>(length);
            std::memset(packet.data() + 26, 0, 2); // no checksum: the length alone decides
            flood_ip(packet);
            if (length >= 8 && length <= whole) {
                const sim::received got = socket.recv();
                EXPECT_EQ(got.data, std::string("twenty bytes of data").substr(0, length - 8));
            } else if (length % 1024 == 0) {
                world.pass(millisecond);
            }
        }
        world.pass(millisecond);
        EXPECT_EQ(socket.recv(100, MSG_DONTWAIT).result, -EAGAIN);
    });
    EXPECT_EQ(drops(drop_reason::udp_bad_length), 65536u - (whole - 8 + 1));
    EXPECT_EQ(counted(mib::udp_in_errors), drops(drop_reason::udp_bad_length));
    EXPECT_EQ(counted(mib::udp_in_datagrams), whole - 8 + 1);
    for (size_t length = 0; length < 8; length++) {
        attacker->inject_ip(sim::make_ip(from_attacker(), sim::frame(length, 1)));
    }
    EXPECT_EQ(drops(drop_reason::udp_too_short), 8u);
    EXPECT_EQ(sent_to_others(), 0u);
}

TEST_F(attack_udp, U1_the_checksum_covers_what_the_length_says) {
    with_socket([&](sim::user_socket& socket) {
        // Right over the eight bytes that the header claims, with 12 more in the packet: taken, and cut.
        sim::frame packet = sim::make_udp(from_attacker(), 1000, 9, "eight by");
        packet.resize(packet.size() + 12, 0xee);
        auto& ip = *reinterpret_cast<net::wire::ipv4_header*>(packet.data());
        ip.total_length = static_cast<uint16_t>(packet.size());
        sim::fix_ip_checksum(packet);
        attacker->inject_ip(packet);
        EXPECT_EQ(socket.recv(100, MSG_DONTWAIT).data, "eight by");
        packet[28] ^= 1;
        attacker->inject_ip(packet);
        EXPECT_EQ(socket.recv(100, MSG_DONTWAIT).result, -EAGAIN);
    });
    EXPECT_EQ(drops(drop_reason::udp_bad_checksum), 1u);
}

TEST_F(attack_udp, U2_every_checksum_but_the_right_one_and_none) {
    with_socket([&](sim::user_socket& socket) {
        sim::frame packet = sim::make_udp(from_attacker(), 1000, 9, "data");
        const uint16_t right = header_of(packet).checksum;
        for (unsigned value = 1; value < 65536; value++) {
            header_of(packet).checksum = static_cast<uint16_t>(value);
            if (value != right) {
                flood_ip(packet);
            }
            if (value % 1024 == 0) {
                world.pass(millisecond);
            }
        }
        world.pass(millisecond);
        EXPECT_EQ(socket.recv(100, MSG_DONTWAIT).result, -EAGAIN);
        EXPECT_EQ(drops(drop_reason::udp_bad_checksum), 65534u);
        EXPECT_EQ(counted(mib::udp_in_checksum_errors), 65534u);
        for (const uint16_t good : {right, uint16_t{0}}) {
            header_of(packet).checksum = good;
            attacker->inject_ip(packet);
            EXPECT_EQ(socket.recv(100, MSG_DONTWAIT).data, "data");
        }
        // Every bit of the datagram and of the addresses in the pseudo-header.
        header_of(packet).checksum = right;
        for (size_t bit = 12 * 8; bit < packet.size() * 8; bit++) {
            const bool length_field = bit / 8 == 24 || bit / 8 == 25;
            const bool destination = bit / 8 >= 16 && bit / 8 < 20;
            if (length_field || destination) {
                continue; // U1, and not for this host
            }
            sim::frame broken = packet;
            broken[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
            sim::fix_ip_checksum(broken);
            attacker->inject_ip(broken);
        }
        EXPECT_EQ(socket.recv(100, MSG_DONTWAIT).result, -EAGAIN);
    });
}

TEST_F(attack_udp, U2_a_sum_of_zero_is_sent_and_taken_as_ffff) {
    // Two bytes of data that make the sum of everything else come out as zero.
    sim::ip_fields fields = from_attacker();
    sim::frame packet = sim::make_udp(fields, 1000, 9, std::string(2, '\0'));
    const uint16_t rest = header_of(packet).checksum;
    packet = sim::make_udp(fields, 1000, 9, {static_cast<char>(rest >> 8), static_cast<char>(rest & 0xff)});
    with_socket([&](sim::user_socket& socket) {
        header_of(packet).checksum = 0xffff;
        attacker->inject_ip(packet);
        EXPECT_EQ(socket.recv(100, MSG_DONTWAIT).result, 2);
        // And we never send 0 for a datagram that was summed.
        ASSERT_EQ(socket.connect(attacker->ip, 1000), 0);
        for (unsigned value = 0; value < 65536; value++) {
            socket.send({static_cast<char>(value >> 8), static_cast<char>(value & 0xff)});
            if (value % 1024 == 0) {
                world.pass(millisecond);
            }
        }
    });
    unsigned all_ones = 0;
    for (const sim::frame& each : victim->card->sent) {
        const auto* udp = sim::udp_of(each);
        ASSERT_NE(udp, nullptr);
        EXPECT_NE(udp->checksum, 0);
        all_ones += udp->checksum == 0xffff ? 1 : 0;
    }
    EXPECT_GE(all_ones, 1u);
    EXPECT_EQ(drops(drop_reason::udp_bad_checksum), 0u);
}

// The stack has no echo service of its own; what it must do is not to answer by itself what could be a loop.
TEST_F(attack_udp, U3_nothing_answers_a_datagram_that_claims_to_be_from_a_broadcast) {
    unsigned sent = 0;
    for (const char* source : {"10.0.255.255", "255.255.255.255", "10.0.0.1", "127.0.0.1"}) {
        for (const uint16_t port : {7, 19, 9}) {
            sim::ip_fields fields = from_attacker();
            fields.source = address(source);
            attacker->inject_ip(sim::make_udp(fields, port, 7, "loop"));
            sent++;
        }
    }
    EXPECT_EQ(drops(drop_reason::ip_martian_source), sent);
    EXPECT_EQ(sent_to_others(), 0u);
}

TEST_F(attack_udp, U4_a_flooded_socket_holds_its_buffer_and_no_more) {
    constexpr unsigned flood_size = 200'000;
    uint64_t most_bytes = 0;
    std::string first;
    unsigned delivered = 0;
    with_socket([&](sim::user_socket& socket) {
        const auto limit = static_cast<uint32_t>(socket.get_option(SOL_SOCKET, SO_RCVBUF));
        sim::user_socket other(*victim, SOCK_DGRAM);
        ASSERT_EQ(other.bind("0.0.0.0", 10), 0);
        for (unsigned i = 0; i < flood_size; i++) {
            flood_ip(sim::make_udp(from_attacker(), 1000, 9, std::to_string(i)));
            if (i % 200 == 199) {
                world.pass(millisecond); // 200,000 a second
                most_bytes = std::max(most_bytes, victim->stack().skb_bytes);
            }
            if (i % 10'000 == 9'999) {
                // Another socket gets its datagrams in the midst of it.
                flood_ip(sim::make_udp(from_attacker(), 1000, 10, "hello"));
                EXPECT_EQ(other.recv().data, "hello");
            }
        }
        EXPECT_LE(most_bytes, before.skb_bytes + limit + 65536);
        // The oldest are kept, the newest dropped.
        for (; socket.recv(100, MSG_DONTWAIT).data == std::to_string(delivered); delivered++) {
        }
        EXPECT_EQ(socket.recv(100, MSG_DONTWAIT).result, -EAGAIN);
    });
    EXPECT_GT(delivered, 50u);
    EXPECT_EQ(drops(drop_reason::socket_receive_full), flood_size - delivered);
    EXPECT_EQ(counted(mib::udp_receive_buffer_errors), flood_size - delivered);
    expect_baseline_after(second);
}

TEST_F(attack_udp, U4_truesize_counts_not_payload) {
    with_socket([&](sim::user_socket& socket) {
        ASSERT_EQ(socket.set_option(SOL_SOCKET, SO_RCVBUF, 32768), 0);
        const auto limit = static_cast<uint64_t>(socket.get_option(SOL_SOCKET, SO_RCVBUF));
        for (unsigned i = 0; i < 100'000; i++) {
            flood_ip(sim::make_udp(from_attacker(), 1000, 9, ""));
            if (i % 1000 == 999) {
                world.pass(millisecond);
                EXPECT_LE(victim->stack().skb_bytes, before.skb_bytes + limit + 4096);
            }
        }
    });
    EXPECT_GT(drops(drop_reason::socket_receive_full), 90'000u);
}

/// Whether counts of equally likely classes look like it: the upper 1 % of chi square by Wilson and Hilferty.
bool looks_uniform(const std::vector<unsigned>& counts, unsigned total) {
    const double expected = static_cast<double>(total) / static_cast<double>(counts.size());
    double chi = 0;
    for (const unsigned each : counts) {
        chi += (each - expected) * (each - expected) / expected;
    }
    const auto freedom = static_cast<double>(counts.size() - 1);
    const double root = 1 - 2 / (9 * freedom) + 2.326 * std::sqrt(2 / (9 * freedom));
    return chi < freedom * root * root * root;
}

TEST_F(attack_udp, U5_ephemeral_ports_are_uniform_and_unrelated) {
    constexpr unsigned binds = 10'000;
    constexpr unsigned first = 32768;
    constexpr unsigned last = 60999;
    constexpr unsigned classes = 100;
    std::vector<unsigned> counts(classes);
    std::vector<unsigned> steps(classes);
    world.spawn("binder", [&] {
        unsigned before_it = 0;
        for (unsigned i = 0; i < binds; i++) {
            sim::user_socket socket(*victim, SOCK_DGRAM);
            ASSERT_EQ(socket.bind("0.0.0.0", 0), 0);
            const unsigned chosen = socket.local_port();
            ASSERT_GE(chosen, first);
            ASSERT_LE(chosen, last);
            constexpr unsigned range = last - first + 1;
            counts[(chosen - first) * classes / range]++;
            steps[(chosen + range - before_it) % range * classes / range]++;
            before_it = chosen;
        }
    });
    world.run();
    EXPECT_TRUE(looks_uniform(counts, binds));
    EXPECT_TRUE(looks_uniform(steps, binds)); // the next cannot be told from the last
}

TEST_F(attack_udp, U5_two_hosts_do_not_choose_alike) {
    unsigned same = 0;
    world.spawn("binder", [&] {
        for (unsigned i = 0; i < 1000; i++) {
            sim::user_socket here(*victim, SOCK_STREAM);
            sim::user_socket there(*companion, SOCK_STREAM);
            here.set_non_blocking(true);
            there.set_non_blocking(true);
            const uint32_t to = address("10.0.9.0") + i % 200;
            here.connect(to, 80);
            there.connect(to, 80);
            same += here.local_port() == there.local_port() ? 1 : 0;
        }
    });
    world.run();
    EXPECT_LE(same, 3u);
    expect_baseline_after(600 * second);
}

} // namespace
