// The Internet checksum against a plain one, at every length, offset and cut.

#include "net/wire/checksum.hpp"

#include "net/wire/ipv4.hpp"

namespace {

using namespace net::wire;

/// RFC 1071 §4.1, word by word in network order.
uint16_t plain_checksum(const std::vector<uint8_t>& bytes) {
    uint32_t sum = 0;
    for (size_t i = 0; i < bytes.size(); i += 2) {
        const uint32_t low = i + 1 < bytes.size() ? bytes[i + 1] : 0;
        sum += uint32_t{bytes[i]} << 8 | low;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<uint16_t>(~sum);
}

std::vector<uint8_t> random_bytes(size_t length, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<uint8_t> bytes(length);
    for (uint8_t& byte : bytes) {
        byte = static_cast<uint8_t>(random());
    }
    return bytes;
}

uint16_t host_order(uint16_t raw) {
    return lib::be16::from_raw(raw);
}

TEST(checksum, the_example_of_rfc_1071) {
    const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    EXPECT_EQ(host_order(checksum_fold(checksum_add(0, bytes, sizeof(bytes)))), 0xddf2);
}

TEST(checksum, equals_the_plain_one_at_every_length) {
    for (size_t length = 0; length < 200; length++) {
        const auto bytes = random_bytes(length, static_cast<unsigned>(length));
        EXPECT_EQ(host_order(checksum_finish(checksum_add(0, bytes.data(), length))), plain_checksum(bytes))
            << length;
    }
}

TEST(checksum, all_ones_do_not_lose_a_carry) {
    const std::vector<uint8_t> bytes(65535, 0xff);
    EXPECT_EQ(host_order(checksum_finish(checksum_add(0, bytes.data(), bytes.size()))),
              plain_checksum(bytes));
    EXPECT_EQ(checksum_fold(checksum_add(UINT64_MAX, bytes.data(), 64)), 0xffff);
}

TEST(checksum, may_be_cut_anywhere) {
    const auto bytes = random_bytes(97, 3);
    const uint16_t whole = checksum_fold(checksum_add(0, bytes.data(), bytes.size()));
    for (size_t cut = 0; cut <= bytes.size(); cut++) {
        uint64_t sum = checksum_add_at(0, bytes.data(), cut, 0);
        sum = checksum_add_at(sum, bytes.data() + cut, bytes.size() - cut, cut);
        EXPECT_EQ(checksum_fold(sum), whole) << cut;
    }
}

TEST(checksum, follows_a_changed_word) {
    auto bytes = random_bytes(40, 5);
    const uint16_t before = checksum_finish(checksum_add(0, bytes.data(), bytes.size()));
    for (unsigned value : {0u, 1u, 0x8000u, 0xffffu, 0x1234u}) {
        uint16_t old_word;
        const auto new_word = static_cast<uint16_t>(value);
        auto changed = bytes;
        std::copy_n(bytes.data() + 8, 2, reinterpret_cast<uint8_t*>(&old_word));
        std::copy_n(reinterpret_cast<const uint8_t*>(&new_word), 2, changed.data() + 8);
        EXPECT_EQ(checksum_update(before, old_word, new_word),
                  checksum_finish(checksum_add(0, changed.data(), changed.size())));
    }
}

TEST(checksum, every_flipped_bit_is_seen) {
    auto bytes = random_bytes(60, 9);
    const uint16_t right = checksum_finish(checksum_add(0, bytes.data(), bytes.size()));
    bytes.push_back(static_cast<uint8_t>(right));
    bytes.push_back(static_cast<uint8_t>(right >> 8));
    EXPECT_TRUE(checksum_good(checksum_add(0, bytes.data(), bytes.size())));
    for (size_t bit = 0; bit < bytes.size() * 8; bit++) {
        bytes[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        EXPECT_FALSE(checksum_good(checksum_add(0, bytes.data(), bytes.size()))) << bit;
        bytes[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    }
}

TEST(checksum, pseudo_header_is_that_of_udp) {
    // A datagram taken from a wire: 192.168.0.1:1 → 192.168.0.2:2, "hi".
    const std::vector<uint8_t> pseudo = {192, 168, 0, 1, 192, 168, 0, 2, 0, 17, 0, 10};
    EXPECT_EQ(checksum_fold(pseudo_header_sum(0xc0a80001, 0xc0a80002, 17, 10)),
              checksum_fold(checksum_add(0, pseudo.data(), pseudo.size())));
}

TEST(ipv4_options, every_type_and_length_is_walked_within_bounds) {
    for (unsigned type = 0; type < 256; type++) {
        for (unsigned length = 0; length <= 41; length++) {
            std::vector<uint8_t> options(40, 0);
            options[0] = static_cast<uint8_t>(type);
            options[1] = static_cast<uint8_t>(length);
            const ipv4_options_report report = ipv4_check_options(options.data(), options.size());
            if (type == 0) {
                EXPECT_TRUE(report.well_formed); // the end of the list
            } else if (type != 1) {              // after a "no operation" the length is read as a type
                EXPECT_EQ(report.well_formed, length >= 2 && length <= 40) << type << " " << length;
            }
        }
    }
}

TEST(ipv4_options, source_routes_are_seen_behind_padding) {
    const uint8_t options[] = {1, 1, 1, 131, 7, 4, 10, 0, 0, 9, 0, 0};
    EXPECT_TRUE(ipv4_check_options(options, sizeof(options)).source_route);
    const uint8_t truncated[] = {1, 1, 1, 131};
    EXPECT_FALSE(ipv4_check_options(truncated, sizeof(truncated)).well_formed);
    EXPECT_EQ(ipv4_check_options(truncated, sizeof(truncated)).bad_offset, 23);
}

} // namespace
