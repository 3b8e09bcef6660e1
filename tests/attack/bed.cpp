#include "attack/bed.hpp"

#include "kernel/abi/packet.h"
#include "net/ipv4/arp.hpp"

#include <cstring>

namespace attack {

namespace {

constexpr unsigned prefix = 16;
constexpr size_t pattern_bytes = 20'000;

std::string make_pattern() {
    std::string text(pattern_bytes, ' ');
    for (size_t i = 0; i < text.size(); i++) {
        text[i] = static_cast<char>('a' + i % 23 + i / 1000 % 3);
    }
    return text;
}

} // namespace

bed::bed(uint64_t seed) : world(seed), pattern_(make_pattern()) {
    victim = std::make_unique<sim::host>(victim_address, prefix);
    companion = std::make_unique<sim::host>(friend_address, prefix);
    wire = std::make_unique<sim::wire>(*victim, *companion);
    attacker = std::make_unique<sim::peer>(*victim, attacker_address);
}

bed::~bed() = default;

void bed::serve_echo() {
    world.spawn_daemon("echo", [this] {
        sim::user_socket listener(*victim, SOCK_STREAM);
        ASSERT_EQ(listener.bind("0.0.0.0", echo_port), 0);
        ASSERT_EQ(listener.listen(1), 0);
        sim::user_socket child = listener.accept();
        listener.close();
        ASSERT_TRUE(child.ok());
        while (true) {
            const sim::received got = child.recv();
            if (got.result <= 0) {
                break;
            }
            child.send(got.data, MSG_NOSIGNAL);
        }
    });
}

void bed::SetUp() {
    serve_echo();
    world.spawn("client", [this] {
        client_ = std::make_unique<sim::user_socket>(*companion, SOCK_STREAM);
        ASSERT_EQ(client_->connect(victim->ip(), echo_port), 0);
    });
    world.run();
    expect_alive();
    world.run_for(second);
    forget_sent();
    before = now_held();
}

void bed::introduce_attacker() {
    net::arp_entry entry = {.address = attacker->ip, .device = &victim->device(), .permanent = true};
    std::memcpy(entry.mac, attacker->mac, sizeof(entry.mac));
    ASSERT_TRUE(net::arp_set(victim->stack(), entry).ok());
    before = now_held();
}

void bed::expect_alive() {
    bool came_back = false;
    world.spawn("sender", [this] {
        EXPECT_EQ(client_->send(pattern_, MSG_NOSIGNAL), static_cast<long>(pattern_.size()));
    });
    world.spawn("receiver", [&] {
        std::string back;
        while (back.size() < pattern_.size()) {
            const sim::received got = client_->recv();
            ASSERT_GT(got.result, 0) << "the echo connection is dead";
            back += got.data;
        }
        came_back = back == pattern_;
    });
    world.run(60 * second);
    EXPECT_TRUE(came_back) << "the echo connection garbles";
}

void bed::close_echo() {
    client_.reset();
    world.run_for(200 * second);
}

void bed::TearDown() {
    if (client_ != nullptr) {
        expect_alive();
        close_echo();
    }
    EXPECT_EQ(victim->stack().live_socks, 0u);
    EXPECT_EQ(victim->stack().live_skbs, 0u);
    EXPECT_EQ(victim->stack().skb_bytes, 0u);
    wire.reset();
    victim->destroy();
    companion->destroy();
    EXPECT_EQ(world.live_allocations, 0u);
}

bed::holdings bed::now_held() const {
    const net::stack& stack = victim->stack();
    return {.socks = stack.live_socks,
            .skbs = stack.live_skbs,
            .skb_bytes = stack.skb_bytes,
            .allocations = world.live_allocations};
}

void bed::expect_baseline_after(net::port::time_ns time) {
    world.run_for(time);
    const holdings now = now_held();
    EXPECT_LE(now.socks, before.socks);
    EXPECT_LE(now.skbs, before.skbs);
    EXPECT_LE(now.skb_bytes, before.skb_bytes);
    EXPECT_LE(now.allocations, before.allocations);
}

uint64_t bed::all_drops() const {
    uint64_t sum = 0;
    for (const uint64_t each : victim->stack().drops) {
        sum += each;
    }
    return sum;
}

size_t bed::sent_to_others() const {
    return sim::count_sent(*victim, [this](const sim::frame& each) {
        return std::memcmp(each.data(), companion->device().mac, 6) != 0;
    });
}

sim::frame arp_frame(const sim::peer& from, const net::wire::arp_packet& packet) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&packet);
    return sim::make_ethernet(net::wire::ethernet_broadcast, from.mac, ETH_P_ARP,
                              {bytes, bytes + sizeof(packet)});
}

} // namespace attack
