#pragma once
// One host against a peer that the test plays. Sequence numbers start just below the wrap.

#include "sim/host.hpp"
#include "sim/program.hpp"
#include "sim/tcp_peer.hpp"
#include "sim/world.hpp"

constexpr uint8_t syn_ack = net::wire::tcp_syn | net::wire::tcp_ack;
constexpr uint8_t fin_ack = net::wire::tcp_fin | net::wire::tcp_ack;
constexpr uint8_t psh_ack = net::wire::tcp_psh | net::wire::tcp_ack;

struct tcp_states : testing::Test {
    sim::world world{11};
    std::unique_ptr<sim::host> host = std::make_unique<sim::host>("10.0.0.1");
    std::unique_ptr<sim::tcp_peer> peer = std::make_unique<sim::tcp_peer>(*host, "10.0.0.9", 1000, 80);
    std::vector<sim::user_socket> sockets; ///< what programs leave open; closed at the end

    void TearDown() override {
        sockets.clear();
        peer.reset();
        world.run_for(1000 * net::port::second);
        EXPECT_EQ(host->stack().live_socks, 0u);
        EXPECT_EQ(host->stack().live_skbs, 0u);
        host.reset();
        EXPECT_EQ(world.live_allocations, 0u);
    }

    /// A program on the host accepts one connection and goes on with it.
    void serve(std::function<void(sim::user_socket&)> body) {
        world.spawn("server", [this, body] {
            sim::user_socket listener(*host, SOCK_STREAM);
            ASSERT_EQ(listener.set_option(SOL_SOCKET, SO_REUSEADDR, 1), 0);
            ASSERT_EQ(listener.bind("10.0.0.1", 80), 0);
            ASSERT_EQ(listener.listen(5), 0);
            sim::user_socket child = listener.accept();
            ASSERT_TRUE(child.ok());
            body(child);
        });
        world.run_for(net::port::millisecond);
    }
    /// ... and keeps it open without doing anything.
    void serve_and_keep() {
        serve([this](sim::user_socket& child) { sockets.push_back(std::move(child)); });
    }
    /// ... and closes it at once; the peer says goodbye, too.
    void serve_until_time_wait() {
        serve([](sim::user_socket&) {});
        peer->connect();
        peer->next();
        peer->send({.flags = fin_ack});
        peer->next();
        EXPECT_EQ(state(), "06");
    }
    /// A program on the host connects to the peer and goes on with it.
    void call(std::function<void(sim::user_socket&)> body) {
        world.spawn("client", [this, body] {
            sim::user_socket client(*host, SOCK_STREAM);
            EXPECT_EQ(client.connect("10.0.0.9", 1000), 0);
            body(client);
        });
        world.run_for(net::port::millisecond);
    }
    std::string state() {
        const std::string text = host->report("tcp");
        std::string states;
        for (size_t at = text.find('\n'); at != std::string::npos && at + 35 < text.size();
             at = text.find('\n', at + 1)) {
            states += (states.empty() ? "" : " ") + text.substr(at + 35, 2);
        }
        return states;
    }
    uint64_t drops(net::drop_reason reason) { return host->drops(reason); }
};
