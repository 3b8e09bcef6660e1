// Parameters as text: what is read, what is accepted, what is refused. What each parameter does is tested
// where it is used.

#include "net/stack.hpp"
#include "sim/host.hpp"
#include "sim/program.hpp"
#include "sim/sysctl.hpp"
#include "sim/world.hpp"

#include <set>

namespace {

struct sysctls : testing::Test {
    sim::world world;
    sim::host host{"10.0.0.1"};

    std::string read(const char* name) { return sim::read_sysctl(host, name); }
    int write(const char* name, const char* text) { return sim::write_sysctl(host, name, text); }
};

TEST_F(sysctls, every_file_has_a_name_of_its_own_and_can_be_read) {
    std::set<std::string> names;
    for (size_t i = 0; i < net::sysctl_count; i++) {
        const net::sysctl& which = net::sysctls[i];
        EXPECT_TRUE(names.insert(which.name).second) << which.name;
        const std::string text = read(which.name);
        ASSERT_FALSE(text.empty()) << which.name;
        EXPECT_EQ(text.back(), '\n') << which.name;
        EXPECT_EQ(text.find('\n'), text.size() - 1) << which.name;
    }
}

TEST_F(sysctls, what_was_read_can_be_written) {
    for (size_t i = 0; i < net::sysctl_count; i++) {
        if (net::sysctls[i].writable()) {
            EXPECT_EQ(write(net::sysctls[i].name, read(net::sysctls[i].name).c_str()), 0)
                << net::sysctls[i].name;
        }
    }
}

TEST_F(sysctls, takes_numbers_as_linux_does) {
    EXPECT_EQ(write("ipv4/tcp_retries2", "8"), 0);
    EXPECT_EQ(read("ipv4/tcp_retries2"), "8\n");
    EXPECT_EQ(write("ipv4/tcp_retries2", " 0x10\n"), 0);
    EXPECT_EQ(read("ipv4/tcp_retries2"), "16\n");
    EXPECT_EQ(write("ipv4/tcp_retries2", "010"), 0);
    EXPECT_EQ(read("ipv4/tcp_retries2"), "8\n");
    EXPECT_EQ(write("ipv4/tcp_retries2", "7 words after it"), 0);
    EXPECT_EQ(read("ipv4/tcp_retries2"), "7\n");
    for (const char* wrong :
         {"", " ", "x", "7x", "0x", "0xg", "-", "- 1", "-1", "256", "99999999999999999999"}) {
        EXPECT_EQ(write("ipv4/tcp_retries2", wrong), -EINVAL) << '"' << wrong << '"';
    }
    EXPECT_EQ(read("ipv4/tcp_retries2"), "7\n");
}

TEST_F(sysctls, takes_fewer_numbers_than_there_are) {
    EXPECT_EQ(read("ipv4/tcp_rmem"), "4096\t131072\t6291456\n");
    EXPECT_EQ(write("ipv4/tcp_rmem", "5000 60000"), 0);
    EXPECT_EQ(read("ipv4/tcp_rmem"), "5000\t60000\t6291456\n");
    EXPECT_EQ(write("ipv4/tcp_rmem", "1\t2\t3\n"), 0);
    EXPECT_EQ(read("ipv4/tcp_rmem"), "1\t2\t3\n");
    EXPECT_EQ(write("ipv4/tcp_rmem", "4 0 6"), -EINVAL);
    EXPECT_EQ(write("ipv4/tcp_rmem", "4 5 x"), -EINVAL);
    EXPECT_EQ(read("ipv4/tcp_rmem"), "1\t2\t3\n"); // all or nothing
}

TEST_F(sysctls, keeps_the_ranges_of_linux) {
    const struct {
        const char* name;
        const char* lowest;
        const char* highest;
        const char* too_low;
        const char* too_high;
    } ranges[] = {
        {"core/rmem_max", "2304", "2147483647", "2303", "2147483648"},
        {"core/somaxconn", "0", "2147483647", "-1", "2147483648"},
        {"core/wmem_default", "4608", "2147483647", "4607", "2147483648"},
        {"ipv4/icmp_echo_ignore_all", "0", "1", "-1", "2"},
        {"ipv4/ip_default_ttl", "1", "255", "0", "256"},
        {"ipv4/tcp_fin_timeout", "0", "2147483", "-1", "2147484"},
        {"ipv4/tcp_sack", "0", "255", "-1", "256"},
        {"ipv4/tcp_syn_retries", "1", "127", "0", "128"},
    };
    for (const auto& range : ranges) {
        SCOPED_TRACE(range.name);
        EXPECT_EQ(write(range.name, range.lowest), 0);
        EXPECT_EQ(write(range.name, range.highest), 0);
        EXPECT_EQ(write(range.name, range.too_low), -EINVAL);
        EXPECT_EQ(write(range.name, range.too_high), -EINVAL);
        EXPECT_EQ(read(range.name), std::string(range.highest) + "\n");
    }
}

TEST_F(sysctls, a_port_range_must_make_sense) {
    EXPECT_EQ(write("ipv4/ip_local_port_range", "50000 40000"), -EINVAL);
    EXPECT_EQ(write("ipv4/ip_local_port_range", "1000 40000"), -EINVAL); // privileged ones in it
    EXPECT_EQ(write("ipv4/ip_unprivileged_port_start", "32769"), -EINVAL);
    EXPECT_EQ(write("ipv4/ip_unprivileged_port_start", "500"), 0);
    EXPECT_EQ(write("ipv4/ip_local_port_range", "1000 40000"), 0);
    EXPECT_EQ(read("ipv4/ip_local_port_range"), "1000\t40000\n");
}

TEST_F(sysctls, congestion_control_goes_by_name) {
    EXPECT_EQ(read("ipv4/tcp_available_congestion_control"), "cubic reno\n");
    EXPECT_EQ(write("ipv4/tcp_available_congestion_control", "reno"), -EPERM);
    EXPECT_EQ(read("ipv4/tcp_congestion_control"), "cubic\n");
    EXPECT_EQ(write("ipv4/tcp_congestion_control", "vegas"), -ENOENT);
    EXPECT_EQ(write("ipv4/tcp_congestion_control", ""), -ENOENT);
    EXPECT_EQ(write("ipv4/tcp_congestion_control", "reno\n"), 0);
    EXPECT_EQ(read("ipv4/tcp_congestion_control"), "reno\n");
}

// ---- the parameters of net/core --------------------------------------------------------------------------

TEST_F(sysctls, buffers_of_sockets) {
    EXPECT_EQ(write("core/rmem_default", "50000"), 0);
    EXPECT_EQ(write("core/wmem_default", "60000"), 0);
    EXPECT_EQ(write("core/rmem_max", "100000"), 0);
    EXPECT_EQ(write("core/wmem_max", "200000"), 0);
    sim::user_socket socket(host, SOCK_DGRAM);
    EXPECT_EQ(socket.get_option(SOL_SOCKET, SO_RCVBUF), 50000);
    EXPECT_EQ(socket.get_option(SOL_SOCKET, SO_SNDBUF), 60000);
    for (const int wanted : {1 << 20, INT32_MAX, -1}) {
        EXPECT_EQ(socket.set_option(SOL_SOCKET, SO_RCVBUF, wanted), 0);
        EXPECT_EQ(socket.get_option(SOL_SOCKET, SO_RCVBUF), 200000);
        EXPECT_EQ(socket.set_option(SOL_SOCKET, SO_SNDBUF, wanted), 0);
        EXPECT_EQ(socket.get_option(SOL_SOCKET, SO_SNDBUF), 400000);
    }
    EXPECT_EQ(socket.set_option(SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20), 0);
    EXPECT_EQ(socket.get_option(SOL_SOCKET, SO_RCVBUF), 2 << 20);
    world.administrator = false;
    EXPECT_EQ(socket.set_option(SOL_SOCKET, SO_SNDBUFFORCE, 1 << 20), -EPERM);
    EXPECT_EQ(socket.get_option(SOL_SOCKET, SO_SNDBUF), 400000);
}

TEST_F(sysctls, somaxconn_bounds_the_backlog) {
    EXPECT_EQ(write("core/somaxconn", "3"), 0);
    sim::user_socket listener(host, SOCK_STREAM);
    ASSERT_EQ(listener.bind("10.0.0.1", 80), 0);
    for (const int wanted : {100, -1, 2}) {
        ASSERT_EQ(listener.listen(wanted), 0);
        tcp_info info = {};
        uint32_t length = sizeof(info);
        EXPECT_TRUE(net::sock_getsockopt(listener.get(), IPPROTO_TCP, TCP_INFO, &info, &length).ok());
        EXPECT_EQ(info.tcpi_sacked, wanted == 2 ? 2u : 3u);
    }
}

} // namespace
