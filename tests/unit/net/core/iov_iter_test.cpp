// The user's buffers: pieces of any size, empty ones too, and what a fault leaves behind.

#include "net/core/iov_iter.hpp"

#include "sim/world.hpp"

namespace {

TEST(iov_iter, copies_across_pieces) {
    sim::world world;
    char first[3] = {'a', 'b', 'c'};
    char second[4] = {'d', 'e', 'f', 'g'};
    const iovec vector[] = {{first, 3}, {nullptr, 0}, {second, 4}};
    net::iov_iter iter(vector, 3, net::iov_iter::memory::user);
    EXPECT_EQ(iter.remaining(), 7u);
    char out[5] = {};
    ASSERT_TRUE(iter.copy_from(out, 5).ok());
    EXPECT_EQ(std::string(out, 5), "abcde");
    EXPECT_EQ(iter.remaining(), 2u);
    ASSERT_TRUE(iter.copy_to("XY", 2).ok());
    EXPECT_EQ(std::string(second, 4), "deXY");
    EXPECT_EQ(iter.remaining(), 0u);
}

TEST(iov_iter, a_fault_stops_after_the_last_whole_piece) {
    sim::world world;
    char good[4] = {};
    const iovec vector[] = {{good, 4}, {reinterpret_cast<void*>(64), 4}};
    net::iov_iter iter(vector, 2, net::iov_iter::memory::user);
    EXPECT_EQ(iter.copy_to("12345678", 8).error().number, EFAULT);
    EXPECT_EQ(std::string(good, 4), "1234");
    EXPECT_EQ(iter.remaining(), 4u);
}

TEST(iov_iter, skips_and_is_put_back) {
    sim::world world;
    char bytes[6] = {'0', '1', '2', '3', '4', '5'};
    const iovec vector[] = {{bytes, 2}, {bytes + 2, 4}};
    net::iov_iter iter(vector, 2, net::iov_iter::memory::kernel);
    const net::iov_iter start = iter;
    iter.skip(3);
    char out = 0;
    ASSERT_TRUE(iter.copy_from(&out, 1).ok());
    EXPECT_EQ(out, '3');
    iter = start;
    ASSERT_TRUE(iter.copy_from(&out, 1).ok());
    EXPECT_EQ(out, '0');
}

} // namespace
