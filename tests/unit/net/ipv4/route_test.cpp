// Which way a packet goes, and what an address means to this host.

#include "net/ipv4/route.hpp"

#include "sim/host.hpp"

namespace {

using net::route_type;
using sim::address;

struct routes : testing::Test {
    sim::world world;
    sim::host host{"10.0.0.1"};
    sim::nic second{host.stack(), 99, 0};

    void SetUp() override {
        ASSERT_TRUE(net::dev_open(second.device).ok());
        ASSERT_TRUE(net::set_interface_address(host.stack(), second.device, address("192.168.5.1"),
                                               0xffffff00, address("192.168.5.255"))
                        .ok());
    }
    lib::result<net::route_entry> to(const char* destination, net::flow want = {}) {
        want.destination = address(destination);
        return net::route_output(host.stack(), want);
    }
    int add(const char* destination, unsigned prefix, const char* gateway, uint32_t metric = 0,
            bool reject = false) {
        const auto outcome = net::add_route(host.stack(), {.destination = address(destination),
                                                           .netmask = prefix == 0 ? 0 : ~0u << (32 - prefix),
                                                           .gateway = address(gateway),
                                                           .metric = metric,
                                                           .reject = reject});
        return outcome.ok() ? 0 : outcome.error().number;
    }
};

TEST_F(routes, subnets_are_on_link) {
    const auto route = to("192.168.5.77");
    ASSERT_TRUE(route.ok());
    EXPECT_EQ(route.value().device, &second.device);
    EXPECT_EQ(route.value().next_hop, address("192.168.5.77"));
    EXPECT_EQ(route.value().source, address("192.168.5.1"));
    EXPECT_EQ(route.value().type, route_type::unicast);
    EXPECT_EQ(route.value().mtu, 1500u);
}

TEST_F(routes, without_a_route_the_network_is_unreachable) {
    EXPECT_EQ(to("8.8.8.8").error().number, ENETUNREACH);
}

TEST_F(routes, the_longest_prefix_wins_then_the_lowest_metric) {
    EXPECT_EQ(add("0.0.0.0", 0, "10.0.0.254", 10), 0);
    EXPECT_EQ(add("0.0.0.0", 0, "192.168.5.254", 5), 0);
    EXPECT_EQ(add("8.8.0.0", 16, "10.0.0.253", 100), 0);
    EXPECT_EQ(to("9.9.9.9").value().next_hop, address("192.168.5.254"));
    EXPECT_EQ(to("8.8.8.8").value().next_hop, address("10.0.0.253"));
    EXPECT_EQ(to("8.8.8.8").value().source, address("10.0.0.1"));
    EXPECT_EQ(add("8.8.8.8", 32, "192.168.5.254"), 0);
    EXPECT_EQ(to("8.8.8.8").value().device, &second.device);
}

TEST_F(routes, errors_of_adding_and_removing) {
    EXPECT_EQ(add("0.0.0.0", 0, "172.16.0.1"), ENETUNREACH); // gateway not on link
    EXPECT_EQ(add("0.0.0.0", 0, "10.0.0.1"), ENETUNREACH);   // gateway is us
    EXPECT_EQ(add("8.8.8.8", 24, "10.0.0.254"), EINVAL);     // bits outside the mask
    EXPECT_EQ(add("0.0.0.0", 0, "10.0.0.254"), 0);
    EXPECT_EQ(add("0.0.0.0", 0, "10.0.0.253"), EEXIST);
    EXPECT_TRUE(net::remove_route(host.stack(), {}).ok());
    EXPECT_EQ(net::remove_route(host.stack(), {}).error().number, ESRCH);
}

TEST_F(routes, a_rejecting_route_says_so) {
    EXPECT_EQ(add("0.0.0.0", 0, "10.0.0.254"), 0);
    EXPECT_EQ(add("8.8.8.0", 24, "0.0.0.0", 0, true), 0);
    EXPECT_EQ(to("8.8.8.8").error().number, EHOSTUNREACH);
    EXPECT_TRUE(to("8.8.9.8").ok());
}

TEST_F(routes, our_own_addresses_lead_to_loopback) {
    for (const char* own : {"10.0.0.1", "192.168.5.1", "127.0.0.1", "127.3.2.1"}) {
        const auto route = to(own);
        ASSERT_TRUE(route.ok());
        EXPECT_EQ(route.value().type, route_type::local);
        EXPECT_EQ(route.value().device, host.stack().loopback);
        EXPECT_EQ(route.value().source, address(own));
    }
}

TEST_F(routes, wishes_of_the_sender_are_kept_or_refused) {
    EXPECT_EQ(to("10.0.0.9", {.source = address("1.2.3.4")}).error().number, EINVAL);
    EXPECT_EQ(to("10.0.0.9", {.source = address("127.0.0.1")}).error().number, EINVAL);
    EXPECT_EQ(to("10.0.0.9", {.source = address("192.168.5.1")}).value().source, address("192.168.5.1"));
    EXPECT_EQ(to("10.0.0.9", {.device = 4711}).error().number, ENODEV);
    // Bound to a device without a route there: the destination is taken to be on its link.
    EXPECT_EQ(to("8.8.8.8", {.device = second.device.index}).value().device, &second.device);
    EXPECT_EQ(add("0.0.0.0", 0, "10.0.0.254"), 0);
    EXPECT_EQ(to("8.8.8.8", {.on_link = true}).error().number, ENETUNREACH);
}

TEST_F(routes, broadcasts_and_groups_find_a_link) {
    EXPECT_EQ(to("255.255.255.255").value().type, route_type::broadcast);
    EXPECT_EQ(to("192.168.5.255").value().type, route_type::broadcast);
    EXPECT_EQ(to("192.168.5.255").value().device, &second.device);
    EXPECT_EQ(to("224.1.2.3").value().type, route_type::multicast);
    EXPECT_EQ(to("224.1.2.3", {.source = address("192.168.5.1")}).value().device, &second.device);
    EXPECT_EQ(to("255.255.255.255", {.device = second.device.index}).value().device, &second.device);
}

TEST_F(routes, addresses_mean_what_they_are) {
    auto classify = [&](const char* text) {
        return net::classify_destination(host.stack(), address(text), &host.device());
    };
    EXPECT_EQ(classify("10.0.0.1"), route_type::local);
    EXPECT_EQ(classify("10.0.0.2"), route_type::unicast);
    EXPECT_EQ(classify("10.0.0.255"), route_type::broadcast);
    EXPECT_EQ(classify("255.255.255.255"), route_type::broadcast);
    EXPECT_EQ(classify("192.168.5.255"), route_type::unicast); // of another link
    EXPECT_EQ(classify("239.0.0.1"), route_type::multicast);
    for (const char* bad : {"0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
                            "10.0.0.1", "10.0.0.255", "192.168.5.255"}) {
        EXPECT_TRUE(net::is_bad_source(host.stack(), address(bad))) << bad;
    }
    EXPECT_FALSE(net::is_bad_source(host.stack(), address("10.0.0.2")));
}

TEST_F(routes, kept_answers_end_with_a_change) {
    auto route = to("10.0.0.9");
    EXPECT_TRUE(net::route_valid(host.stack(), route.value()));
    EXPECT_EQ(add("0.0.0.0", 0, "10.0.0.254"), 0);
    EXPECT_FALSE(net::route_valid(host.stack(), route.value()));
}

TEST_F(routes, a_device_takes_its_routes_down_and_its_subnet_back_up) {
    EXPECT_EQ(add("0.0.0.0", 0, "10.0.0.254"), 0);
    net::dev_close(host.device());
    EXPECT_EQ(to("10.0.0.9").error().number, ENETUNREACH);
    EXPECT_EQ(to("8.8.8.8").error().number, ENETUNREACH);
    ASSERT_TRUE(net::dev_open(host.device()).ok());
    EXPECT_TRUE(to("10.0.0.9").ok());
    EXPECT_EQ(to("8.8.8.8").error().number, ENETUNREACH); // as on Linux, only the subnet comes back
}

TEST_F(routes, path_mtus_are_kept_for_ten_minutes_and_not_below_552) {
    net::route_update_mtu(host.stack(), address("10.0.0.9"), 1400);
    net::route_update_mtu(host.stack(), address("10.0.0.8"), 68);
    EXPECT_EQ(to("10.0.0.9").value().mtu, 1400u);
    EXPECT_EQ(to("10.0.0.8").value().mtu, 552u);
    EXPECT_EQ(to("10.0.0.7").value().mtu, 1500u);
    world.run_for(601 * net::port::second);
    EXPECT_EQ(to("10.0.0.9").value().mtu, 1500u);
    net::route_update_mtu(host.stack(), address("10.0.0.9"), 600);
    net::route_update_mtu(host.stack(), address("10.0.0.9"), 1400); // a claim raises nothing
    const net::route_entry kept = to("10.0.0.9").value();
    EXPECT_EQ(kept.mtu, 600u);
    EXPECT_TRUE(net::route_valid(host.stack(), kept));
    world.run_for(601 * net::port::second);
    EXPECT_FALSE(net::route_valid(host.stack(), kept)); // time does, for kept answers too
    for (unsigned i = 0; i < 1000; i++) {
        net::route_update_mtu(host.stack(), address("11.0.0.0") + i, 1300); // bounded
    }
    EXPECT_EQ(to("10.0.0.7").value().mtu, 1500u);
}

TEST_F(routes, a_new_address_replaces_the_old_one_and_its_subnet) {
    ASSERT_TRUE(net::set_interface_address(host.stack(), second.device, address("172.16.0.5"), 0xffff0000,
                                           address("172.16.255.255"))
                    .ok());
    EXPECT_EQ(to("172.16.9.9").value().source, address("172.16.0.5"));
    EXPECT_EQ(to("192.168.5.77").error().number, ENETUNREACH);
    ASSERT_TRUE(net::set_interface_address(host.stack(), second.device, 0, 0, 0).ok());
    EXPECT_EQ(to("172.16.9.9").error().number, ENETUNREACH);
    EXPECT_EQ(net::set_interface_address(host.stack(), second.device, address("10.9.9.9"), 0xff00ff00, 0)
                  .error()
                  .number,
              EINVAL);
}

TEST_F(routes, the_report_has_linux_columns) {
    EXPECT_EQ(add("0.0.0.0", 0, "10.0.0.254", 7), 0);
    const std::string text = host.report("route");
    EXPECT_NE(text.find("eth0\t00000000\tFE00000A\t0003\t0\t0\t7\t00000000\t0\t0\t0 "), std::string::npos);
    EXPECT_EQ(text.find('\n'), 127u);
}

} // namespace
