// Text that does not simply continue the stream: what of it is kept, and what the peer is told about it.

#include "sim/program.hpp"
#include "sim/sysctl.hpp"
#include "sim/tcp_peer.hpp"

namespace {

using namespace net::wire;
using net::port::millisecond;

struct tcp_reassembly : testing::Test {
    sim::world world;
    sim::host host{"10.0.0.1"};
    sim::tcp_peer peer{host, "10.0.0.9", 1000, 80};
    std::string got; ///< by the program, once it reads
    long last = 1;   ///< what its last read returned
    bool reads = false;

    /// A program connects to the peer, and reads all when told to.
    void call(int receive_buffer = 0) {
        world.spawn("client", [this, receive_buffer] {
            sim::user_socket client(host, SOCK_STREAM);
            if (receive_buffer != 0) {
                EXPECT_EQ(client.set_option(SOL_SOCKET, SO_RCVBUF, receive_buffer), 0);
            }
            EXPECT_EQ(client.connect("10.0.0.9", 1000), 0);
            while (!reads) {
                client.poll(POLLHUP, millisecond);
            }
            while (last > 0) {
                const sim::received more = client.recv();
                last = more.result;
                got += more.data;
            }
        });
        peer.syn_options.sack_permitted = true;
        peer.accept();
        world.run_for(millisecond);
        while (peer.try_next(millisecond)) {
        }
    }
    void TearDown() override {
        reads = true;
        world.run_for(2 * millisecond);
        peer.send({.flags = tcp_rst | tcp_ack});
        world.run();
    }
    /// Sends text at that distance from the start of the stream and returns the answer.
    sim::segment text(uint32_t at, uint32_t length, uint8_t flags = tcp_ack) {
        peer.send({.flags = flags, .payload = std::string(length, 'x'), .seq = start() + at});
        const sim::segment answer = peer.next(100 * millisecond);
        peer.seq = answer.ack;
        return answer;
    }
    sack_block block(uint32_t from, uint32_t to) { return {seq(start() + from), seq(start() + to)}; }
    uint32_t start() const { return peer.iss + 1; }
};

TEST_F(tcp_reassembly, a_duplicate_ahead_of_a_hole_is_followed_by_its_block) {
    call();
    text(1000, 500);
    text(2000, 500);
    const sim::segment answer = text(1000, 500);
    ASSERT_EQ(answer.options.sack_count, 3); // RFC 2883 §4 (3)
    EXPECT_EQ(answer.options.sacks[0], block(1000, 1500));
    EXPECT_EQ(answer.options.sacks[1], block(1000, 1500));
    EXPECT_EQ(answer.options.sacks[2], block(2000, 2500));
}

TEST_F(tcp_reassembly, the_first_block_holds_the_segment_that_came_last) {
    EXPECT_EQ(sim::write_sysctl(host, "ipv4/tcp_dsack", "0"), 0);
    call();
    text(1000, 500);
    text(2000, 500);
    const sim::segment answer = text(1100, 100);
    ASSERT_EQ(answer.options.sack_count, 2); // RFC 2018 §4
    EXPECT_EQ(answer.options.sacks[0], block(1000, 1500));
    EXPECT_EQ(answer.options.sacks[1], block(2000, 2500));
}

/// What is left of the window is small enough for one segment to reach over it.
struct tcp_right_edge : tcp_reassembly {
    static constexpr uint32_t first = 1500; ///< so much has come
    uint32_t edge = 0;                      ///< from the start of the stream
    void SetUp() override {
        call(2304);
        text(0, first - 500);
        const sim::segment answer = text(first - 500, 500);
        edge = answer.ack + answer.window - start();
        EXPECT_LT(edge - first, 1400u);
    }
    void read() {
        reads = true;
        world.run_for(5 * millisecond);
    }
};

TEST_F(tcp_right_edge, of_the_window_is_where_text_is_cut_off) {
    EXPECT_EQ(text(first, edge - first + 50, tcp_fin | tcp_ack).ack, start() + edge);
    read();
    EXPECT_EQ(got.size(), edge);
    EXPECT_GT(last, 0); // it is not at the end: the FIN was outside, too
}

TEST_F(tcp_right_edge, cuts_off_what_waits_behind_a_hole) {
    const sim::segment answer = text(edge - 100, 150, tcp_fin | tcp_ack);
    ASSERT_EQ(answer.options.sack_count, 1);
    EXPECT_EQ(answer.options.sacks[0], block(edge - 100, edge));
}

TEST_F(tcp_right_edge, lets_through_a_fin_that_needs_no_room) {
    EXPECT_EQ(text(first, edge - first, tcp_fin | tcp_ack).ack, start() + edge + 1);
    read();
    EXPECT_EQ(got.size(), edge);
    EXPECT_EQ(last, 0);
}

} // namespace
