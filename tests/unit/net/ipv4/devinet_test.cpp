// The ioctl requests by which ifconfig, route and arp work.

#include "net/ipv4/devinet.hpp"

#include "net/ipv4/route.hpp"

#include "sim/host.hpp"
#include "sim/packet.hpp"
#include "sim/program.hpp"

#include <cstring>

namespace {

struct interface_requests : testing::Test {
    sim::world world;
    sim::host host{"10.0.0.1"};

    long call(unsigned command, void* argument) {
        return lib::as_syscall(
            net::interface_ioctl(host.stack(), command, reinterpret_cast<uintptr_t>(argument)));
    }
    static ifreq named(const char* name) {
        ifreq request = {};
        std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
        return request;
    }
    static sockaddr to_sockaddr(const char* text) {
        sockaddr_in in = {};
        in.sin_family = AF_INET;
        in.sin_addr.s_addr = lib::swap_bytes(sim::address(text));
        sockaddr out;
        std::memcpy(&out, &in, sizeof(out));
        return out;
    }
    static uint32_t from_sockaddr(const sockaddr& from) {
        sockaddr_in in;
        std::memcpy(&in, &from, sizeof(in));
        return lib::swap_bytes(in.sin_addr.s_addr);
    }
    uint32_t get(const char* name, unsigned command) {
        ifreq request = named(name);
        EXPECT_EQ(call(command, &request), 0);
        return from_sockaddr(request.ifr_addr);
    }
};

TEST_F(interface_requests, addresses_are_told) {
    EXPECT_EQ(get("eth0", SIOCGIFADDR), sim::address("10.0.0.1"));
    EXPECT_EQ(get("eth0", SIOCGIFNETMASK), sim::address("255.255.255.0"));
    EXPECT_EQ(get("eth0", SIOCGIFBRDADDR), sim::address("10.0.0.255"));
    EXPECT_EQ(get("lo", SIOCGIFADDR), sim::address("127.0.0.1"));
    ifreq request = named("eth9");
    EXPECT_EQ(call(SIOCGIFADDR, &request), -ENODEV);
    EXPECT_EQ(call(SIOCGIFADDR, reinterpret_cast<void*>(16)), -EFAULT);
}

TEST_F(interface_requests, an_address_brings_the_mask_of_its_class) {
    ifreq request = named("eth0");
    request.ifr_addr = to_sockaddr("192.168.7.3");
    EXPECT_EQ(call(SIOCSIFADDR, &request), 0);
    EXPECT_EQ(get("eth0", SIOCGIFNETMASK), sim::address("255.255.255.0"));
    request.ifr_addr = to_sockaddr("255.255.0.0");
    EXPECT_EQ(call(SIOCSIFNETMASK, &request), 0);
    EXPECT_EQ(get("eth0", SIOCGIFNETMASK), sim::address("255.255.0.0"));
    EXPECT_EQ(get("eth0", SIOCGIFBRDADDR), sim::address("192.168.255.255"));
    EXPECT_TRUE(net::route_output(host.stack(), {.destination = sim::address("192.168.200.1")}).ok());
    request.ifr_addr = to_sockaddr("255.0.255.0");
    EXPECT_EQ(call(SIOCSIFNETMASK, &request), -EINVAL);
    request.ifr_addr = to_sockaddr("0.0.0.0");
    EXPECT_EQ(call(SIOCSIFADDR, &request), 0);
    EXPECT_EQ(call(SIOCGIFADDR, &request), -EADDRNOTAVAIL);
}

TEST_F(interface_requests, flags_bring_a_card_down_and_up) {
    ifreq request = named("eth0");
    EXPECT_EQ(call(SIOCGIFFLAGS, &request), 0);
    EXPECT_EQ(request.ifr_flags, IFF_UP | IFF_BROADCAST | IFF_RUNNING | IFF_MULTICAST);
    request.ifr_flags = 0;
    EXPECT_EQ(call(SIOCSIFFLAGS, &request), 0);
    EXPECT_EQ(call(SIOCGIFFLAGS, &request), 0);
    EXPECT_EQ(request.ifr_flags, IFF_BROADCAST | IFF_MULTICAST);
    request.ifr_flags = IFF_UP | IFF_PROMISC;
    EXPECT_EQ(call(SIOCSIFFLAGS, &request), 0);
    EXPECT_EQ(call(SIOCGIFFLAGS, &request), 0);
    EXPECT_EQ(request.ifr_flags, IFF_UP | IFF_BROADCAST | IFF_RUNNING | IFF_MULTICAST | IFF_PROMISC);
    world.administrator = false;
    EXPECT_EQ(call(SIOCSIFFLAGS, &request), -EPERM);
    EXPECT_EQ(call(SIOCGIFFLAGS, &request), 0);
}

TEST_F(interface_requests, hardware_index_and_mtu) {
    ifreq request = named("eth0");
    EXPECT_EQ(call(SIOCGIFHWADDR, &request), 0);
    EXPECT_EQ(request.ifr_hwaddr.sa_family, ARPHRD_ETHER);
    EXPECT_EQ(0, std::memcmp(request.ifr_hwaddr.sa_data, host.device().mac, 6));
    EXPECT_EQ(call(SIOCSIFHWADDR, &request), -EOPNOTSUPP);
    EXPECT_EQ(call(SIOCGIFINDEX, &request), 0);
    const int index = request.ifr_ifindex;
    ifreq by_index = {};
    by_index.ifr_ifindex = index;
    EXPECT_EQ(call(SIOCGIFNAME, &by_index), 0);
    EXPECT_STREQ(by_index.ifr_name, "eth0");
    by_index.ifr_ifindex = 4711;
    EXPECT_EQ(call(SIOCGIFNAME, &by_index), -ENODEV);
    request.ifr_mtu = 1400;
    EXPECT_EQ(call(SIOCSIFMTU, &request), 0);
    EXPECT_EQ(call(SIOCGIFMTU, &request), 0);
    EXPECT_EQ(request.ifr_mtu, 1400);
    for (int bad : {-1, 0, 67, 1501, 1 << 20}) {
        request.ifr_mtu = bad;
        EXPECT_EQ(call(SIOCSIFMTU, &request), -EINVAL);
    }
}

TEST_F(interface_requests, what_nobody_knows_is_refused_and_writes_nothing) {
    const auto refused = [this](unsigned command, const char* name, int expected) {
        ifreq request = named(name);
        const ifreq before = request;
        EXPECT_EQ(call(command, &request), -expected) << std::hex << command << " of " << name;
        EXPECT_EQ(0, std::memcmp(&request, &before, sizeof(request))) << std::hex << command;
    };
    // SIOCSIFLINK, SIOCGIFMEM, SIOCSIFMEM, SIOCGIFENCAP, SIOCSIFENCAP, SIOCDIFADDR, SIOCGIFCOUNT, and gaps.
    for (const unsigned command : {0x8911u, 0x891fu, 0x8920u, 0x8925u, 0x8926u, 0x8928u, 0x892au, 0x892fu,
                                   0x8936u, 0x8938u, 0x893fu, 0x8944u, 0x8945u}) {
        refused(command, "eth0", ENOTTY);
        refused(command, "eth9", ENOTTY);
        EXPECT_EQ(call(command, reinterpret_cast<void*>(16)), -EFAULT);
    }
    refused(0x8929, "eth0", EINVAL); // SIOCGIFSLAVE
    refused(0x8929, "eth9", ENODEV);
    refused(0x8930, "eth0", EINVAL);     // SIOCSIFSLAVE
    refused(0x8934, "eth9", EINVAL);     // SIOCSIFPFLAGS
    refused(0x8935, "eth9", EINVAL);     // SIOCGIFPFLAGS
    refused(0x8940, "eth9", EOPNOTSUPP); // SIOCGIFBR, of a kernel without bridges
    refused(0x8941, "eth9", EOPNOTSUPP); // SIOCSIFBR
    world.administrator = false;
    refused(0x8930, "eth9", EPERM);
    refused(SIOCSIFMETRIC, "eth9", EPERM);
    refused(SIOCSIFHWBROADCAST, "eth9", EPERM);
    refused(0x8936, "eth0", ENOTTY);
    EXPECT_EQ(get("eth0", SIOCGIFNETMASK), sim::address("255.255.255.0"));
}

TEST_F(interface_requests, all_addresses_are_listed) {
    ifconf request = {};
    EXPECT_EQ(call(SIOCGIFCONF, &request), 0);
    EXPECT_EQ(request.ifc_len, static_cast<int>(2 * sizeof(ifreq)));
    ifreq entries[4] = {};
    request.ifc_req = entries;
    request.ifc_len = sizeof(entries);
    EXPECT_EQ(call(SIOCGIFCONF, &request), 0);
    ASSERT_EQ(request.ifc_len, static_cast<int>(2 * sizeof(ifreq)));
    EXPECT_STREQ(entries[0].ifr_name, "lo");
    EXPECT_STREQ(entries[1].ifr_name, "eth0");
    EXPECT_EQ(from_sockaddr(entries[1].ifr_addr), host.ip());
    for (int length : {-1, 0, 10, static_cast<int>(sizeof(ifreq)) + 5}) {
        request.ifc_len = length;
        EXPECT_EQ(call(SIOCGIFCONF, &request), 0);
        EXPECT_LE(request.ifc_len, std::max(length, 0));
    }
}

TEST_F(interface_requests, routes_are_added_and_removed) {
    char device[] = "eth0";
    rtentry request = {};
    request.rt_dst = to_sockaddr("0.0.0.0");
    request.rt_genmask = to_sockaddr("0.0.0.0");
    request.rt_gateway = to_sockaddr("10.0.0.254");
    request.rt_flags = RTF_UP | RTF_GATEWAY;
    request.rt_dev = device;
    EXPECT_EQ(call(SIOCADDRT, &request), 0);
    EXPECT_EQ(call(SIOCADDRT, &request), -EEXIST);
    EXPECT_EQ(net::route_output(host.stack(), {.destination = sim::address("8.8.8.8")}).value().next_hop,
              sim::address("10.0.0.254"));
    EXPECT_EQ(call(SIOCDELRT, &request), 0);
    EXPECT_EQ(call(SIOCDELRT, &request), -ESRCH);
    request.rt_gateway = to_sockaddr("172.16.0.1");
    EXPECT_EQ(call(SIOCADDRT, &request), -ENETUNREACH);
    request.rt_dst.sa_family = AF_UNIX;
    EXPECT_EQ(call(SIOCADDRT, &request), -EAFNOSUPPORT);
    device[0] = 'x';
    request.rt_dst.sa_family = AF_INET;
    EXPECT_EQ(call(SIOCADDRT, &request), -ENODEV);
    world.administrator = false;
    EXPECT_EQ(call(SIOCADDRT, &request), -EPERM);
}

TEST_F(interface_requests, neighbours_are_set_told_and_deleted) {
    arpreq request = {};
    request.arp_pa = to_sockaddr("10.0.0.9");
    request.arp_ha.sa_family = ARPHRD_ETHER;
    std::memcpy(request.arp_ha.sa_data, "\x02\x01\x02\x03\x04\x05", 6);
    request.arp_flags = ATF_PERM | ATF_COM;
    EXPECT_EQ(call(SIOCGARP, &request), -ENXIO);
    EXPECT_EQ(call(SIOCSARP, &request), 0);
    arpreq told = {};
    told.arp_pa = request.arp_pa;
    EXPECT_EQ(call(SIOCGARP, &told), 0);
    EXPECT_EQ(told.arp_flags, ATF_PERM | ATF_COM);
    EXPECT_STREQ(told.arp_dev, "eth0");
    EXPECT_EQ(0, std::memcmp(told.arp_ha.sa_data, request.arp_ha.sa_data, 6));
    EXPECT_EQ(call(SIOCDARP, &request), 0);
    EXPECT_EQ(call(SIOCGARP, &told), -ENXIO);
    world.administrator = false;
    EXPECT_EQ(call(SIOCSARP, &request), -EPERM);
}

TEST_F(interface_requests, reports_have_linux_columns) {
    const std::string dev = host.report("dev");
    EXPECT_NE(dev.find("  eth0:       0       0    0    0    0     0          0         0       "),
              std::string::npos);
    const std::string snmp = host.report("snmp");
    EXPECT_EQ(snmp.find("Ip: Forwarding DefaultTTL InReceives"), 0u);
    EXPECT_NE(snmp.find("\nTcp: 1 200 120000 -1 "), std::string::npos);
    EXPECT_NE(host.report("netstat").find("\nIpExt: InNoRoutes"), std::string::npos);
    EXPECT_NE(host.report("sockstat").find("FRAG: inuse 0 memory 0\n"), std::string::npos);
    EXPECT_NE(host.report("drops").find("arp_malformed            0\n"), std::string::npos);
}

/// A host without an address gets one by broadcast, as a DHCP client does it.
TEST(interface, a_host_without_an_address_can_ask_for_one) {
    sim::world world;
    sim::host client{sim::host::unconfigured{}};
    sim::host server{"10.0.0.1"};
    sim::wire wire(client, server);
    world.spawn("server", [&] {
        sim::user_socket socket(server, SOCK_DGRAM);
        socket.bind("0.0.0.0", 67);
        socket.set_option(SOL_SOCKET, SO_BROADCAST, 1);
        const sim::received got = socket.recv();
        EXPECT_EQ(got.data, "discover");
        EXPECT_EQ(got.from_address, 0u);
        EXPECT_EQ(socket.send_to("offer", 0xffffffff, 68), 5);
    });
    world.spawn("client", [&] {
        sim::user_socket socket(client, SOCK_DGRAM);
        socket.set_option(SOL_SOCKET, SO_BROADCAST, 1);
        socket.set_option(SOL_SOCKET, SO_BINDTODEVICE, "eth0", 5);
        socket.bind("0.0.0.0", 68);
        EXPECT_EQ(socket.send_to("discover", 0xffffffff, 67), 8);
        EXPECT_EQ(socket.recv().data, "offer");
    });
    world.run();
}

} // namespace
