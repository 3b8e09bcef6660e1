// The socket layer and SOL_SOCKET: what can be made, what can be set, and Linux's errno for the rest.

#include "net/core/socket.hpp"

#include "sim/host.hpp"
#include "sim/program.hpp"

#include <cstring>

namespace {

using namespace net::port;

struct sockets : testing::Test {
    sim::world world;
    sim::host host{"10.0.0.1"};

    int create(int family, int type, int protocol) {
        auto made = net::sock_create(host.stack(), family, type, protocol);
        if (!made.ok()) {
            return made.error().number;
        }
        net::sock_release(made.value());
        return 0;
    }
};

TEST_F(sockets, only_what_exists_can_be_made) {
    EXPECT_EQ(create(AF_INET, SOCK_STREAM, 0), 0);
    EXPECT_EQ(create(AF_INET, SOCK_STREAM, IPPROTO_TCP), 0);
    EXPECT_EQ(create(AF_INET, SOCK_DGRAM, IPPROTO_UDP), 0);
    EXPECT_EQ(create(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), 0);
    EXPECT_EQ(create(AF_INET, SOCK_RAW, IPPROTO_ICMP), 0);
    EXPECT_EQ(create(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
    EXPECT_EQ(create(AF_INET, SOCK_DGRAM, IPPROTO_TCP), EPROTONOSUPPORT);
    EXPECT_EQ(create(AF_INET, SOCK_RAW, 0), EPROTONOSUPPORT);
    EXPECT_EQ(create(AF_INET, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
    EXPECT_EQ(create(AF_INET, 99, 0), EINVAL);
    EXPECT_EQ(create(AF_INET, SOCK_STREAM, -1), EINVAL);
    EXPECT_EQ(create(AF_INET, SOCK_RAW, 4711), EINVAL);
    EXPECT_EQ(create(AF_INET6, SOCK_STREAM, 0), EAFNOSUPPORT);
    EXPECT_EQ(create(-1, SOCK_STREAM, 0), EAFNOSUPPORT);
    EXPECT_EQ(create(AF_MAX, SOCK_STREAM, 0), EAFNOSUPPORT);
    world.administrator = false;
    EXPECT_EQ(create(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
    EXPECT_EQ(create(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), 0);
    EXPECT_EQ(host.stack().live_socks, 0u);
}

TEST_F(sockets, switches_are_kept) {
    sim::user_socket socket(host, SOCK_DGRAM);
    for (int option : {SO_REUSEADDR, SO_REUSEPORT, SO_KEEPALIVE, SO_BROADCAST, SO_OOBINLINE, SO_DONTROUTE,
                       SO_TIMESTAMP, SO_NO_CHECK}) {
        EXPECT_EQ(socket.get_option(SOL_SOCKET, option), 0);
        EXPECT_EQ(socket.set_option(SOL_SOCKET, option, 7), 0);
        EXPECT_EQ(socket.get_option(SOL_SOCKET, option), 1);
    }
    EXPECT_EQ(socket.get_option(SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
    EXPECT_EQ(socket.get_option(SOL_SOCKET, SO_PROTOCOL), IPPROTO_UDP);
    EXPECT_EQ(socket.get_option(SOL_SOCKET, SO_DOMAIN), AF_INET);
    EXPECT_EQ(socket.get_option(SOL_SOCKET, SO_ACCEPTCONN), 0);
    EXPECT_EQ(socket.get_option(SOL_SOCKET, SO_ERROR), 0);
    EXPECT_EQ(socket.get_option(SOL_SOCKET, 4711), -ENOPROTOOPT);
    EXPECT_EQ(socket.set_option(SOL_SOCKET, 4711, 1), -ENOPROTOOPT);
    EXPECT_EQ(socket.set_option(4711, 1, 1), -ENOPROTOOPT);
    const uint8_t one = 1;
    EXPECT_EQ(socket.set_option(SOL_SOCKET, SO_REUSEADDR, &one, 1), -EINVAL);
}

TEST_F(sockets, buffer_sizes_are_doubled_and_bounded) {
    sim::user_socket socket(host, SOCK_DGRAM);
    EXPECT_EQ(socket.get_option(SOL_SOCKET, SO_SNDBUF), 212992);
    EXPECT_EQ(socket.set_option(SOL_SOCKET, SO_SNDBUF, 10000), 0);
    EXPECT_EQ(socket.get_option(SOL_SOCKET, SO_SNDBUF), 20000);
    socket.set_option(SOL_SOCKET, SO_SNDBUF, 0);
    EXPECT_EQ(socket.get_option(SOL_SOCKET, SO_SNDBUF), 4608);
    socket.set_option(SOL_SOCKET, SO_RCVBUF, 0);
    EXPECT_EQ(socket.get_option(SOL_SOCKET, SO_RCVBUF), 2304);
    for (int large : {INT32_MAX, -1, INT32_MIN}) { // negative ones are read as unsigned, as Linux does
        socket.set_option(SOL_SOCKET, SO_SNDBUF, large);
        EXPECT_EQ(socket.get_option(SOL_SOCKET, SO_SNDBUF), 8 << 20);
        socket.set_option(SOL_SOCKET, SO_RCVBUF, large);
        EXPECT_EQ(socket.get_option(SOL_SOCKET, SO_RCVBUF), 8 << 20);
    }
}

TEST_F(sockets, timeouts_are_checked_and_told) {
    sim::user_socket socket(host, SOCK_DGRAM);
    const int64_t good[2] = {3, 250'000};
    EXPECT_EQ(socket.set_option(SOL_SOCKET, SO_RCVTIMEO, good, sizeof(good)), 0);
    int64_t told[2] = {};
    uint32_t length = sizeof(told);
    ASSERT_TRUE(net::sock_getsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, told, &length).ok());
    EXPECT_EQ(told[0], 3);
    EXPECT_EQ(told[1], 250'000);
    const int64_t bad[2] = {3, 1'000'000};
    EXPECT_EQ(socket.set_option(SOL_SOCKET, SO_RCVTIMEO, bad, sizeof(bad)), -EDOM);
    EXPECT_EQ(socket.set_option(SOL_SOCKET, SO_RCVTIMEO, good, 8), -EINVAL);
}

TEST_F(sockets, a_device_can_be_chosen_by_name) {
    sim::user_socket socket(host, SOCK_DGRAM);
    EXPECT_EQ(socket.set_option(SOL_SOCKET, SO_BINDTODEVICE, "eth0", 5), 0);
    char name[16] = {};
    uint32_t length = sizeof(name);
    ASSERT_TRUE(net::sock_getsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, name, &length).ok());
    EXPECT_STREQ(name, "eth0");
    EXPECT_EQ(socket.set_option(SOL_SOCKET, SO_BINDTODEVICE, "eth9", 5), -ENODEV);
    EXPECT_EQ(socket.set_option(SOL_SOCKET, SO_BINDTODEVICE, "", 1), 0);
    world.administrator = false;
    EXPECT_EQ(socket.set_option(SOL_SOCKET, SO_BINDTODEVICE, "eth0", 5), -EPERM);
}

TEST_F(sockets, ip_options_are_kept_within_their_bounds) {
    sim::user_socket socket(host, SOCK_DGRAM);
    struct {
        int option;
        int good;
        int bad;
    } const cases[] = {
        {IP_TTL, 5, 256},
        {IP_TTL, 255, 0},
        {IP_MINTTL, 255, -1},
        {IP_MULTICAST_TTL, 0, 256},
        {IP_MTU_DISCOVER, IP_PMTUDISC_PROBE, 9},
    };
    for (const auto& each : cases) {
        EXPECT_EQ(socket.set_option(IPPROTO_IP, each.option, each.good), 0);
        EXPECT_EQ(socket.get_option(IPPROTO_IP, each.option), each.good);
        EXPECT_EQ(socket.set_option(IPPROTO_IP, each.option, each.bad), -EINVAL);
    }
    EXPECT_EQ(socket.set_option(IPPROTO_IP, IP_TTL, -1), 0);
    EXPECT_EQ(socket.get_option(IPPROTO_IP, IP_TTL), 64);
    EXPECT_EQ(socket.set_option(IPPROTO_IP, IP_HDRINCL, 1), -ENOPROTOOPT);
    EXPECT_EQ(socket.get_option(IPPROTO_IP, IP_MTU), -ENOTCONN);
    socket.connect("10.0.0.2", 9);
    EXPECT_EQ(socket.get_option(IPPROTO_IP, IP_MTU), 1500);
    const uint8_t byte = 9; // BSD programs give a byte
    EXPECT_EQ(socket.set_option(IPPROTO_IP, IP_MULTICAST_TTL, &byte, 1), 0);
    EXPECT_EQ(socket.get_option(IPPROTO_IP, IP_MULTICAST_TTL), 9);
    EXPECT_EQ(socket.set_option(IPPROTO_IP, IP_TTL, &byte, 0), -EINVAL);
}

TEST_F(sockets, ancillary_data_that_does_not_fit_is_cut_and_said_so) {
    uint8_t bytes[40];
    int flags = 0;
    net::control_buffer control{.bytes = bytes, .capacity = sizeof(bytes), .length = 0};
    const uint64_t value = 0x1122334455667788;
    control.append(1, 2, &value, sizeof(value), &flags);
    EXPECT_EQ(control.length, CMSG_SPACE(8));
    EXPECT_EQ(flags, 0);
    control.append(1, 3, &value, sizeof(value), &flags); // 16 bytes left: a header without data
    EXPECT_EQ(flags, MSG_CTRUNC);
    EXPECT_EQ(control.length, 40u);
    net::control_buffer none;
    flags = 0;
    none.append(1, 2, &value, sizeof(value), &flags);
    EXPECT_EQ(flags, MSG_CTRUNC);
}

TEST_F(sockets, data_is_told_to_the_owner_who_asked_for_it) {
    world.spawn("program", [&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        socket.bind("127.0.0.1", 7);
        net::sock_set_owner(socket.get(), -42);
        socket.get().asynchronous = true;
        EXPECT_EQ(socket.send_to("x", sim::address("127.0.0.1"), 7), 1);
        EXPECT_EQ(socket.recv().data, "x");
    });
    world.run();
    ASSERT_GE(world.signals.size(), 1u);
    EXPECT_EQ(world.signals[0].first, -42);
}

} // namespace
