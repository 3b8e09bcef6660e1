#include "kernel/lib/chacha20.hpp"

#include <gtest/gtest.h>

namespace {

// RFC 8439 2.3.2.
TEST(chacha20, gives_the_block_of_the_rfc) {
    const lib::chacha20_key key = {
        {0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c, 0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c}};
    const uint32_t nonce[3] = {0x09000000, 0x4a000000, 0x00000000};
    const uint32_t expected[16] = {0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
                                   0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
                                   0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
    uint32_t block[16];
    lib::chacha20_block(key, 1, nonce, block);
    for (int i = 0; i < 16; i++) {
        EXPECT_EQ(block[i], expected[i]) << "word " << i;
    }
}

TEST(chacha20, differs_with_every_input) {
    lib::chacha20_key key = {};
    uint32_t nonce[3] = {};
    uint32_t first[16], counter[16], keyed[16], nonced[16];
    lib::chacha20_block(key, 0, nonce, first);
    lib::chacha20_block(key, 1, nonce, counter);
    key.words[7] = 1;
    lib::chacha20_block(key, 0, nonce, keyed);
    key.words[7] = 0;
    nonce[2] = 1;
    lib::chacha20_block(key, 0, nonce, nonced);
    EXPECT_NE(first[0], counter[0]);
    EXPECT_NE(first[0], keyed[0]);
    EXPECT_NE(first[0], nonced[0]);
}

} // namespace
