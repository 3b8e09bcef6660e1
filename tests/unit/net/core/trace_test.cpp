// Tracepoints: off until asked for, in order, and honest about what was lost.

#include "net/core/trace.hpp"

#include "sim/host.hpp"
#include "sim/program.hpp"

namespace {

using net::trace_event;

struct traces : testing::Test {
    sim::world world;
    sim::host host{"10.0.0.1"};
    net::trace_ring& ring = host.stack().trace;

    std::vector<trace_record> read_all(uint64_t* position, uint64_t* lost) {
        std::vector<trace_record> all;
        trace_record some[64];
        *lost = 0;
        for (;;) {
            uint64_t missed = 0;
            const size_t count = ring.read(position, some, 64, &missed);
            *lost += missed;
            if (count == 0) {
                return all;
            }
            all.insert(all.end(), some, some + count);
        }
    }
};

TEST_F(traces, nothing_is_written_until_it_is_switched_on) {
    net::trace(host.stack(), trace_event::tcp_state, {.sock = 1});
    EXPECT_EQ(ring.written(), 0u);
    EXPECT_EQ(ring.enable("nonsense", true).error().number, EINVAL);
    EXPECT_EQ(ring.enable("tcp.nonsense", true).error().number, EINVAL);
    EXPECT_EQ(ring.enable("tc", true).error().number, EINVAL);
    ASSERT_TRUE(ring.enable("tcp", true).ok());
    EXPECT_TRUE(ring.enabled(trace_event::tcp_state));
    EXPECT_FALSE(ring.enabled(trace_event::udp_receive));
    ASSERT_TRUE(ring.enable("tcp.state", false).ok());
    EXPECT_FALSE(ring.enabled(trace_event::tcp_state));
    EXPECT_TRUE(ring.enabled(trace_event::tcp_transmit));
    ASSERT_TRUE(ring.enable("all", false).ok());
    EXPECT_FALSE(ring.enabled(trace_event::tcp_transmit));
}

TEST_F(traces, a_datagram_leaves_its_trail_in_order) {
    ASSERT_TRUE(ring.enable("all", true).ok());
    world.spawn("program", [&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        socket.bind("127.0.0.1", 7);
        socket.send_to("hello", sim::address("127.0.0.1"), 7);
        EXPECT_EQ(socket.recv().data, "hello");
    });
    world.run();
    uint64_t position = 0;
    uint64_t lost = 0;
    std::string trail;
    for (const trace_record& each : read_all(&position, &lost)) {
        const auto& event = net::describe(static_cast<trace_event>(each.event));
        trail += std::string(event.layer) + "." + event.name + " ";
    }
    EXPECT_EQ(trail,
              "socket.create socket.bind udp.transmit ip.output eth.transmit socket.sendmsg ip.receive "
              "udp.receive socket.wakeup socket.recvmsg socket.release ");
    EXPECT_EQ(lost, 0u);
}

TEST_F(traces, a_slow_reader_learns_how_much_it_missed) {
    ASSERT_TRUE(ring.enable("drop", true).ok());
    for (uint64_t i = 0; i < net::trace_ring::capacity + 100; i++) {
        net::trace(host.stack(), trace_event::drop, {.value = {i}});
    }
    uint64_t position = 0;
    uint64_t lost = 0;
    const auto all = read_all(&position, &lost);
    EXPECT_EQ(all.size(), net::trace_ring::capacity);
    EXPECT_EQ(lost, 100u);
    EXPECT_EQ(all.front().value[0], 100u);
    std::vector<uint64_t> last;
    ring.last(
        3,
        [](const trace_record& record, void* to) {
            static_cast<std::vector<uint64_t>*>(to)->push_back(record.value[0]);
        },
        &last);
    EXPECT_EQ(last, (std::vector<uint64_t>{4193, 4194, 4195}));
}

TEST_F(traces, the_list_of_events_can_be_read_by_programs) {
    const std::string text = host.report("trace_events");
    EXPECT_NE(text.find("9 tcp.state old_state new_state local_port remote_port\n"), std::string::npos);
    EXPECT_EQ(static_cast<size_t>(std::count(text.begin(), text.end(), '\n')),
              static_cast<size_t>(trace_event::count));
}

} // namespace
