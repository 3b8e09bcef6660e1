// TCP options: what is written is read back, and no bytes whatever lead the reader out of the header.

#include "net/wire/tcp_options.hpp"

#include <cstring>
#include <random>

namespace {

using namespace net::wire;

TEST(tcp_options, reads_back_what_it_wrote) {
    tcp_options said;
    said.has_mss = true;
    said.mss = 1460;
    said.sack_permitted = true;
    said.has_timestamp = true;
    said.timestamp_value = 0xfffffff0;
    said.timestamp_echo = 7;
    said.has_window_scale = true;
    said.window_scale = 7;
    uint8_t bytes[40] = {};
    ASSERT_EQ(tcp_options_bytes(said), 20u); // Linux's layout
    write_tcp_options(bytes, said);
    const tcp_options read = parse_tcp_options({bytes, 20}, tcp_options_of::syn);
    EXPECT_EQ(read.mss, 1460);
    EXPECT_TRUE(read.sack_permitted);
    EXPECT_EQ(read.timestamp_value, 0xfffffff0u);
    EXPECT_EQ(read.timestamp_echo, 7u);
    EXPECT_EQ(read.window_scale, 7);
    const tcp_options elsewhere = parse_tcp_options({bytes, 20}, tcp_options_of::other);
    EXPECT_FALSE(elsewhere.has_mss || elsewhere.sack_permitted || elsewhere.has_window_scale);
    EXPECT_TRUE(elsewhere.has_timestamp);
}

TEST(tcp_options, reads_sack_blocks_beside_a_timestamp) {
    tcp_options said;
    said.has_timestamp = true;
    said.sack_count = 3;
    for (unsigned i = 0; i < 3; i++) {
        said.sacks[i] = {seq(100 * i), seq(100 * i + 50)};
    }
    uint8_t bytes[40];
    ASSERT_EQ(tcp_options_bytes(said), 40u);
    write_tcp_options(bytes, said);
    const tcp_options read = parse_tcp_options({bytes, 40}, tcp_options_of::other);
    ASSERT_EQ(read.sack_count, 3);
    EXPECT_EQ(read.sacks[2], said.sacks[2]);
}

TEST(tcp_options, limits_the_window_scale) {
    const uint8_t bytes[] = {3, 3, 200};
    EXPECT_EQ(parse_tcp_options(bytes, tcp_options_of::syn).window_scale, tcp_max_window_scale);
}

TEST(tcp_options, ignores_wrong_lengths_and_reads_on) {
    const uint8_t bytes[] = {2, 3, 9, 4, 2, 8, 4, 0, 0, 3, 3, 5};
    const tcp_options read = parse_tcp_options(bytes, tcp_options_of::syn);
    EXPECT_FALSE(read.has_mss || read.has_timestamp);
    EXPECT_TRUE(read.sack_permitted);
    EXPECT_EQ(read.window_scale, 5);
}

TEST(tcp_options, ends_at_a_length_that_leads_nowhere) {
    const uint8_t zero[] = {2, 0, 5, 180};
    EXPECT_FALSE(parse_tcp_options(zero, tcp_options_of::syn).has_mss);
    const uint8_t past_end[] = {2, 5, 5, 180};
    EXPECT_FALSE(parse_tcp_options(past_end, tcp_options_of::syn).has_mss);
    const uint8_t no_length[] = {1, 1, 2};
    EXPECT_FALSE(parse_tcp_options(no_length, tcp_options_of::syn).has_mss);
}

TEST(tcp_options, every_kind_and_length_stays_inside) {
    std::mt19937 random(5);
    for (unsigned kind = 0; kind < 256; kind++) {
        for (size_t length = 0; length <= 40; length++) {
            std::vector<uint8_t> bytes(length); // exactly as long, so that a read past the end is seen
            for (uint8_t& byte : bytes) {
                byte = static_cast<uint8_t>(random());
            }
            if (length > 0) {
                bytes[random() % length] = static_cast<uint8_t>(kind);
            }
            const tcp_options read = parse_tcp_options(bytes, tcp_options_of::syn);
            EXPECT_LE(read.sack_count, 4);
            EXPECT_LE(parse_tcp_options(bytes, tcp_options_of::other).sack_count, 4);
        }
    }
}

} // namespace
