// Two whole stacks on a wire: what users of TCP see. Connections open and close in every order, bytes arrive
// exactly as they were sent, whatever the wire does, and nothing is left behind.

#include "net/stack.hpp"
#include "sim/host.hpp"
#include "sim/program.hpp"
#include "sim/world.hpp"

namespace {

using net::port::millisecond;
using net::port::second;

/// Bytes that tell their place, so that a shift or a mix-up shows.
std::string pattern(size_t length, uint32_t seed = 1) {
    std::string bytes(length, '\0');
    uint32_t state = seed;
    for (char& byte : bytes) {
        state = state * 1664525 + 1013904223;
        byte = static_cast<char>(state >> 24);
    }
    return bytes;
}

long send_all(sim::user_socket& to, const std::string& data, size_t piece = 65536) {
    size_t done = 0;
    while (done < data.size()) {
        const long sent = to.send(data.substr(done, piece));
        if (sent < 0) {
            return sent;
        }
        done += static_cast<size_t>(sent);
    }
    return static_cast<long>(done);
}

std::string receive_all(sim::user_socket& from, size_t piece = 65536) {
    std::string all;
    while (true) {
        const sim::received got = from.recv(piece);
        if (got.result <= 0) {
            EXPECT_EQ(got.result, 0);
            return all;
        }
        all += got.data;
    }
}

struct tcp_transfer : testing::Test {
    sim::world world{7};
    std::unique_ptr<sim::host> a = std::make_unique<sim::host>("10.0.0.1");
    std::unique_ptr<sim::host> b = std::make_unique<sim::host>("10.0.0.2");
    std::unique_ptr<sim::wire> wire = std::make_unique<sim::wire>(*a, *b);

    /// Everything is gone once TIME_WAIT is over.
    void TearDown() override {
        world.run_for(200 * second);
        EXPECT_EQ(a->stack().live_socks, 0u);
        EXPECT_EQ(b->stack().live_socks, 0u);
        EXPECT_EQ(a->stack().live_skbs, 0u);
        EXPECT_EQ(b->stack().live_skbs, 0u);
        wire.reset();
        a.reset();
        b.reset();
        EXPECT_EQ(world.live_allocations, 0u);
    }

    /// b sends `data` to a, which checks it; both close.
    void transfer(const std::string& data) {
        world.spawn("server", [&] {
            sim::user_socket listener(*a, SOCK_STREAM);
            ASSERT_EQ(listener.bind("10.0.0.1", 80), 0);
            ASSERT_EQ(listener.listen(5), 0);
            sim::user_socket child = listener.accept();
            ASSERT_TRUE(child.ok());
            EXPECT_TRUE(receive_all(child) == data);
        });
        world.spawn("client", [&] {
            sim::user_socket client(*b, SOCK_STREAM);
            ASSERT_EQ(client.connect("10.0.0.1", 80), 0);
            EXPECT_EQ(send_all(client, data), static_cast<long>(data.size()));
        });
        world.run();
    }
};

TEST_F(tcp_transfer, carries_a_few_bytes_both_ways) {
    world.spawn("server", [&] {
        sim::user_socket listener(*a, SOCK_STREAM);
        ASSERT_EQ(listener.bind("10.0.0.1", 7), 0);
        ASSERT_EQ(listener.listen(1), 0);
        sim::user_socket child = listener.accept();
        ASSERT_TRUE(child.ok());
        EXPECT_EQ(child.recv().data, "hello");
        EXPECT_EQ(child.send("world"), 5);
        EXPECT_EQ(child.recv().result, 0);
    });
    world.spawn("client", [&] {
        sim::user_socket client(*b, SOCK_STREAM);
        ASSERT_EQ(client.connect("10.0.0.1", 7), 0);
        EXPECT_EQ(client.send("hello"), 5);
        EXPECT_EQ(client.recv().data, "world");
    });
    world.run();
}

TEST_F(tcp_transfer, carries_megabytes) {
    transfer(pattern(8 << 20));
}

TEST_F(tcp_transfer, survives_loss) {
    wire->options.loss_percent = 3;
    wire->options.delay = 5 * millisecond;
    transfer(pattern(1 << 20));
}

TEST_F(tcp_transfer, survives_reordering_and_duplication) {
    wire->options.delay = 5 * millisecond;
    wire->options.jitter = 10 * millisecond;
    wire->options.duplicate_percent = 10;
    transfer(pattern(1 << 20));
}

TEST_F(tcp_transfer, survives_everything_at_once) {
    wire->options.delay = 10 * millisecond;
    wire->options.jitter = 10 * millisecond;
    wire->options.duplicate_percent = 5;
    wire->options.loss_percent = 10;
    transfer(pattern(256 << 10));
}

} // namespace
