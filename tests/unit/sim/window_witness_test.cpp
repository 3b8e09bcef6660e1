// What a simulation sees of windows on the wire.

#include "sim/window_witness.hpp"

#include "sim/segment.hpp"

namespace {

/// A frame of the connection that the witness watches.
sim::frame segment(uint8_t flags, uint32_t ack, uint16_t window, bool from_client, int scale = -1,
                   uint32_t sequence = 0) {
    sim::segment what;
    what.source = from_client ? 0x0a000001 : 0x0a000002;
    what.destination = from_client ? 0x0a000002 : 0x0a000001;
    what.source_port = from_client ? 1000 : 80;
    what.destination_port = from_client ? 80 : 1000;
    what.flags = flags;
    what.seq = sequence;
    what.ack = ack;
    what.window = window;
    if (scale >= 0) {
        what.options.has_window_scale = true;
        what.options.window_scale = static_cast<uint8_t>(scale);
    }
    const uint8_t mac[6] = {};
    return sim::build_segment(what, mac, mac);
}

TEST(window_witness, sees_a_window_shrink) {
    using namespace net::wire;
    sim::window_witness witness;
    EXPECT_EQ(witness.sent(segment(tcp_syn, 0, 1000, true)), nullptr);
    EXPECT_EQ(witness.sent(segment(tcp_syn | tcp_ack, 1, 1000, false)), nullptr);
    EXPECT_EQ(witness.sent(segment(tcp_ack, 0xfffffff0, 1000, true)), nullptr);
    EXPECT_EQ(witness.sent(segment(tcp_ack, 10, 974, true)), nullptr); // 26 bytes read, the edge stays
    EXPECT_TRUE(std::string(witness.sent(segment(tcp_ack, 10, 973, true)))
                    .starts_with("an offered window has shrunk by 1 in"));
    EXPECT_EQ(witness.sent(segment(tcp_rst, 10, 0, true)), nullptr);
    EXPECT_EQ(witness.sent(segment(tcp_ack, 10, 1, false)), nullptr); // the other way has its own
    witness.forget(0x0a000001);
    EXPECT_EQ(witness.sent(segment(tcp_ack, 10, 1, true)), nullptr);
}

TEST(window_witness, knows_the_scale_that_both_offered) {
    using namespace net::wire;
    sim::window_witness witness;
    EXPECT_EQ(witness.sent(segment(tcp_syn, 0, 1000, true, 2)), nullptr);
    EXPECT_EQ(witness.sent(segment(tcp_syn | tcp_ack, 1, 1000, false, 0)), nullptr);
    EXPECT_EQ(witness.sent(segment(tcp_ack, 0, 1000, true)), nullptr);
    EXPECT_EQ(witness.sent(segment(tcp_ack, 400, 900, true)), nullptr);
    EXPECT_TRUE(std::string(witness.sent(segment(tcp_ack, 400, 899, true)))
                    .starts_with("an offered window has shrunk by 4 in"));
}

/// A late copy of the client's request is taken for the answer to a SYN cookie: the connection is there
/// again.
TEST(window_witness, lets_a_cookie_open_a_connection_anew) {
    using namespace net::wire;
    const auto server = [](uint32_t sequence, uint32_t ack) {
        return segment(tcp_ack, ack, 1000, false, -1, sequence);
    };
    sim::window_witness witness;
    EXPECT_EQ(witness.sent(segment(tcp_syn, 0, 1000, true)), nullptr);
    EXPECT_EQ(witness.sent(segment(tcp_syn | tcp_ack, 1, 1000, false)), nullptr);
    EXPECT_EQ(witness.sent(server(1, 501)), nullptr);
    EXPECT_EQ(witness.sent(server(301, 501)), nullptr); // its FIN
    EXPECT_EQ(witness.sent(server(1, 501)), nullptr);   // the answer once more
    EXPECT_EQ(witness.sent(server(1, 5)), nullptr);     // anew
    EXPECT_NE(witness.sent(server(1, 4)), nullptr);
}

} // namespace
