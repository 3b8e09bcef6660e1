#pragma once
// One host against a peer that the test plays, for UDP.

#include "sim/host.hpp"
#include "sim/packet.hpp"
#include "sim/program.hpp"

struct udp_host : testing::Test {
    sim::world world{11};
    sim::host host{"10.0.0.1"};
    sim::peer peer{host, "10.0.0.2"};
    sim::ip_fields fields{.source = peer.ip, .destination = host.ip()};

    void SetUp() override { peer.introduce(); }
    void TearDown() override {
        EXPECT_EQ(host.stack().live_socks, 0u);
        EXPECT_EQ(host.stack().live_skbs, 0u);
    }
    void program(std::function<void()> body) {
        world.spawn("program", std::move(body));
        world.run();
    }
    uint64_t drops(net::drop_reason reason) { return host.drops(reason); }
};
