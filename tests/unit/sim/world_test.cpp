// The simulation itself: one seed, one history.

#include "sim/host.hpp"
#include "sim/program.hpp"

namespace {

using namespace net::port;

/// Every frame that two hosts exchange over a bad wire, in order.
std::vector<sim::frame> history(uint64_t seed) {
    sim::world world(seed);
    sim::host client("10.0.0.1");
    sim::host server("10.0.0.2");
    sim::wire wire(
        client, server,
        {.delay = 2 * millisecond, .jitter = millisecond, .loss_percent = 5, .duplicate_percent = 3});
    std::vector<sim::frame> frames;
    wire.filter = [&](sim::host&, sim::frame& bytes) {
        frames.push_back(bytes);
        return true;
    };
    world.spawn("server", [&] {
        sim::user_socket listener(server, SOCK_STREAM);
        listener.bind("0.0.0.0", 80);
        listener.listen(1);
        sim::user_socket connection = listener.accept();
        ASSERT_TRUE(connection.ok());
        size_t total = 0;
        for (;;) {
            const sim::received got = connection.recv(4096);
            if (got.result <= 0) {
                break;
            }
            total += got.data.size();
        }
        EXPECT_EQ(total, 50'000u);
    });
    world.spawn("client", [&] {
        sim::user_socket socket(client, SOCK_STREAM);
        while (socket.connect("10.0.0.2", 80) != 0) {
            world.pass(10 * millisecond);
        }
        EXPECT_EQ(socket.send(std::string(50'000, 'x')), 50'000);
    });
    world.run();
    world.run_for(200 * second); // orphans and TIME_WAIT end by themselves
    return frames;
}

TEST(world, two_runs_with_one_seed_are_the_same_byte_for_byte) {
    const auto first = history(4);
    EXPECT_GT(first.size(), 40u);
    EXPECT_EQ(first, history(4));
    EXPECT_NE(first, history(5));
}

TEST(world, time_stands_still_while_somebody_works) {
    sim::world world;
    const time_ns start = world.now();
    world.spawn("worker", [&] {
        EXPECT_EQ(world.now(), start);
        world.pass(3 * second);
        EXPECT_EQ(world.now(), start + 3 * second);
    });
    world.run();
}

TEST(world, a_stack_that_cannot_be_made_leaves_nothing_behind) {
    for (uint64_t nth = 1; nth < 40; nth++) {
        sim::world world;
        world.fail_allocation_after = nth;
        lib::result<net::stack*> made = net::stack::create();
        if (made.ok()) {
            net::stack::destroy(made.value());
        } else {
            EXPECT_EQ(made.error().number, ENOMEM);
        }
        EXPECT_EQ(world.live_allocations, 0u) << nth;
    }
}

TEST(world_death, a_lock_taken_against_the_order_is_found) {
    EXPECT_DEATH(
        {
            sim::world world;
            lock device(lock_rank::device);
            lock sock(lock_rank::sock);
            device.acquire();
            sock.acquire();
        },
        "rank 3 taken while rank");
}

} // namespace
