// The estimator of RFC 6298, in numbers: what each sample makes of the smoothed round trip, of its deviation
// and of the timeout.

#include "net/ipv4/tcp_rtt.hpp"

#include "net/ipv4/tcp.hpp"
#include "sim/host.hpp"
#include "sim/program.hpp"

namespace {

using net::port::millisecond;

struct tcp_rtt : testing::Test {
    sim::world world;
    sim::host host{"10.0.0.1"};
    sim::user_socket socket{host, SOCK_STREAM};
    net::tcp_sock& sk = net::as_tcp(*socket.get().sk);

    /// A sample, after which all is as expected; in milliseconds.
    void sample(uint32_t rtt, double smoothed, double deviation, double timeout) {
        SCOPED_TRACE(rtt);
        net::port::guard hold(sk.sock_lock);
        net::tcp_take_rtt_sample(sk, rtt * 1000);
        EXPECT_EQ(sk.srtt_us / 8 / 1e3, smoothed);
        EXPECT_EQ(sk.mdev_us / 4 / 1e3, deviation);
        EXPECT_EQ(static_cast<double>(sk.rto) / millisecond, timeout);
    }
};

TEST_F(tcp_rtt, the_first_sample_is_the_round_trip_and_half_of_it_the_deviation) {
    sample(400, 400, 200, 400 + 4 * 200); // (2.2)
}

TEST_F(tcp_rtt, an_eighth_of_the_error_and_a_quarter_of_the_deviation_are_taken_over) {
    sample(400, 400, 200, 1200);
    sample(480, 410, 170, 410 + 4 * 200); // (2.3); in the middle of a round trip the timeout falls no faster
    sample(890, 470, 247.5, 470 + 4 * 247.5);
    sample(470, 470, 185.625, 470 + 4 * 247.5);
}

} // namespace
