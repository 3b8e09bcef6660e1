// What may leave: a FIN takes a number, for which there must be room in the peer's window as for a byte.

#include "sim/program.hpp"
#include "sim/tcp_peer.hpp"

namespace {

using namespace net::wire;
using net::port::millisecond;
using net::port::second;

struct tcp_fin_and_window : testing::Test {
    static constexpr uint32_t size = 1000;
    sim::world world;
    sim::host host{"10.0.0.1"};
    sim::tcp_peer peer{host, "10.0.0.9", 1000, 80};

    /// A program connects, waits a moment, writes so much and closes.
    void write_and_close(uint16_t first_window) {
        world.spawn("client", [this] {
            sim::user_socket client(host, SOCK_STREAM);
            EXPECT_EQ(client.connect("10.0.0.9", 1000), 0);
            client.poll(POLLHUP, second / 10);
            EXPECT_EQ(client.send(std::string(size, 'x')), long{size});
        });
        peer.syn_options.has_mss = true;
        peer.syn_options.mss = 1460;
        peer.window = first_window;
        peer.accept();
    }
    /// The data come, and nothing else.
    void expect_data_only() {
        const uint32_t start = peer.received;
        while (peer.received - start < size) {
            EXPECT_EQ(peer.next().flags & tcp_fin, 0);
        }
        EXPECT_EQ(peer.received - start, size);
        peer.expect_silence(100 * millisecond);
    }
    /// The FIN comes when there is room for it.
    void open_for_the_fin() {
        peer.send({.window = 1});
        const sim::segment fin = peer.next(millisecond);
        EXPECT_EQ(fin.flags & ~tcp_psh, tcp_fin | tcp_ack);
        EXPECT_EQ(fin.payload, "");
        peer.send({.flags = tcp_rst | tcp_ack});
        world.run();
    }
};

TEST_F(tcp_fin_and_window, behind_data_that_have_left_it_waits_and_the_window_is_probed) {
    write_and_close(size);
    expect_data_only();
    peer.send({.window = 0});
    const sim::segment probe = peer.next();
    EXPECT_EQ(probe.flags, tcp_ack);
    EXPECT_EQ(probe.seq, peer.received - 1);
    peer.send({.window = 0});
    EXPECT_EQ(peer.next().seq, peer.received - 1);
    open_for_the_fin();
}

TEST_F(tcp_fin_and_window, it_is_cut_off_a_segment_that_just_fits) {
    write_and_close(65535);
    peer.send({.window = 0});
    world.run_for(second / 5);
    peer.send({.window = size});
    expect_data_only();
    open_for_the_fin();
}

TEST_F(tcp_fin_and_window, it_is_cut_off_several_segments_that_just_fit) {
    write_and_close(0);
    world.run_for(second / 5);
    peer.send({.window = size});
    expect_data_only();
    open_for_the_fin();
}

} // namespace
