// The timer wheel: on time, never early, whatever the distance; and cheap to move.

#include "net/core/timer.hpp"

#include "sim/host.hpp"

namespace {

using namespace net::port;

struct alarm_clock : net::timer {
    explicit alarm_clock(std::vector<time_ns>* log)
        : net::timer([](net::timer& expired) {
              auto& self = static_cast<alarm_clock&>(expired);
              self.rang_at->push_back(sim::world::current().now());
          }),
          rang_at(log) {}
    std::vector<time_ns>* rang_at;
};

TEST(timer, rings_once_and_never_early_at_any_distance) {
    sim::world world;
    sim::host host("10.0.0.1");
    const time_ns start = world.now();
    std::vector<time_ns> rang;
    std::vector<std::unique_ptr<alarm_clock>> clocks;
    std::vector<time_ns> wanted;
    for (time_ns distance :
         {time_ns{1}, millisecond, 63 * millisecond, 64 * millisecond, 65 * millisecond, 4095 * millisecond,
          4096 * millisecond, 4097 * millisecond, 262'144 * millisecond, 1'000'000 * millisecond}) {
        clocks.push_back(std::make_unique<alarm_clock>(&rang));
        wanted.push_back(start + distance);
        EXPECT_TRUE(host.stack().timers.set(*clocks.back(), start + distance));
    }
    world.run_for(2'000 * second);
    ASSERT_EQ(rang.size(), wanted.size());
    for (size_t i = 0; i < wanted.size(); i++) {
        EXPECT_GE(rang[i], wanted[i]);
        EXPECT_LT(rang[i], wanted[i] + 2 * millisecond);
    }
    EXPECT_EQ(host.stack().timers.pending(), 0u);
}

TEST(timer, neighbours_in_a_slot_of_a_higher_wheel_do_not_delay_each_other) {
    sim::world world;
    sim::host host("10.0.0.1");
    const time_ns start = world.now();
    std::vector<time_ns> rang;
    std::vector<std::unique_ptr<alarm_clock>> clocks;
    constexpr time_ns count = 400;
    for (time_ns i = count; i > 0; i--) { // the latest first
        clocks.push_back(std::make_unique<alarm_clock>(&rang));
        host.stack().timers.set(*clocks.back(), start + (1000 + 10 * i) * millisecond);
    }
    world.run_for(10 * second);
    ASSERT_EQ(rang.size(), count);
    for (time_ns i = 1; i <= count; i++) {
        EXPECT_LT(rang[i - 1], start + (1000 + 10 * i + 2) * millisecond);
    }
}

TEST(timer, moves_and_cancels) {
    sim::world world;
    sim::host host("10.0.0.1");
    net::timer_wheel& wheel = host.stack().timers;
    std::vector<time_ns> rang;
    alarm_clock clock(&rang);
    const time_ns start = world.now();
    EXPECT_TRUE(wheel.set(clock, start + 10 * millisecond));
    EXPECT_FALSE(wheel.set(clock, start + 500 * millisecond)); // was pending already
    world.run_for(100 * millisecond);
    EXPECT_TRUE(rang.empty());
    EXPECT_TRUE(wheel.cancel(clock));
    EXPECT_FALSE(wheel.cancel(clock));
    world.run_for(second);
    EXPECT_TRUE(rang.empty());
    EXPECT_TRUE(wheel.set(clock, world.now() + 5 * millisecond));
    world.run_for(second);
    EXPECT_EQ(rang.size(), 1u);
}

TEST(timer, a_thousand_random_ones_ring_in_order) {
    sim::world world(42);
    sim::host host("10.0.0.1");
    std::vector<time_ns> rang;
    std::vector<std::unique_ptr<alarm_clock>> clocks;
    for (int i = 0; i < 1000; i++) {
        clocks.push_back(std::make_unique<alarm_clock>(&rang));
        host.stack().timers.set(*clocks.back(), world.now() + world.random()() % (600 * second));
    }
    for (int i = 0; i < 1000; i += 3) {
        host.stack().timers.cancel(*clocks[static_cast<size_t>(i)]);
    }
    world.run_for(601 * second);
    EXPECT_EQ(rang.size(), 666u);
    EXPECT_TRUE(std::is_sorted(rang.begin(), rang.end()));
}

} // namespace
