#pragma once
// The ground on which every attack is tried: a victim, a friend on the same wire, and between them an echo
// connection that was opened before the attack. What an attacker sends is put into the victim's card by
// hand. Whatever a test does, afterwards
//
//   the echo connection transfers byte for byte,
//   no sock, packet or byte of packet memory is left once it is closed,
//   and ending the stacks gives back every allocation.

#include "net/core/snmp.hpp"
#include "net/stack.hpp"
#include "sim/host.hpp"
#include "sim/packet.hpp"
#include "sim/program.hpp"
#include "sim/world.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace attack {

using net::drop_reason;
using net::mib;
using net::port::microsecond;
using net::port::millisecond;
using net::port::second;
using sim::address;

constexpr uint16_t echo_port = 7;

struct bed : testing::Test {
    /// The victim is 10.0.0.1/16, so that an attacker has 65,000 addresses to lie with.
    static constexpr const char* victim_address = "10.0.0.1";
    static constexpr const char* friend_address = "10.0.0.2";
    static constexpr const char* attacker_address = "10.0.0.66";

    explicit bed(uint64_t seed = 2026);
    ~bed() override;
    void SetUp() override;
    void TearDown() override;

    /// Makes the victim know the attacker's hardware address for good; what it holds then is the baseline.
    void introduce_attacker();
    /// Sends a text over the old connection and compares what comes back. Also part of TearDown().
    void expect_alive();
    /// Closes the old connection; TearDown() then does not ask for it.
    void close_echo();

    /// What the victim holds. Compared with what it held before the attack.
    struct holdings {
        uint64_t socks;
        uint64_t skbs;
        uint64_t skb_bytes;
        uint64_t allocations; ///< of the whole world
    };
    holdings now_held() const;
    /// After so much time the victim holds no more than before the attack.
    void expect_baseline_after(net::port::time_ns time);

    uint64_t drops(drop_reason reason) const { return victim->drops(reason); }
    uint64_t all_drops() const;
    uint64_t counted(mib which) const { return net::counted(victim->stack(), which); }
    uint32_t victim_ip() const { return victim->ip(); }
    const uint8_t* victim_mac() { return victim->device().mac; }

    /// Frames that the victim has sent to anybody but its friend since forget_sent().
    size_t sent_to_others() const;
    void forget_sent() { victim->card->sent.clear(); }
    /// A frame into the victim's card, without time passing: for floods.
    void flood(sim::frame bytes) { victim->card->receive(std::move(bytes)); }
    void flood_ip(const sim::frame& packet) {
        flood(sim::make_ethernet(victim_mac(), attacker->mac, 0x0800, packet));
    }
    /// The header of an IP packet from the attacker to the victim.
    sim::ip_fields from_attacker(uint8_t protocol = 17) const {
        return {.source = attacker->ip, .destination = victim->ip(), .protocol = protocol};
    }

    sim::world world;
    std::unique_ptr<sim::host> victim;
    std::unique_ptr<sim::host> companion;
    std::unique_ptr<sim::wire> wire;
    std::unique_ptr<sim::peer> attacker; ///< not introduced: the victim knows nothing of it
    holdings before = {};

private:
    void serve_echo();

    std::unique_ptr<sim::user_socket> client_;
    std::string pattern_;
};

/// A frame with an ARP packet to everybody.
sim::frame arp_frame(const sim::peer& from, const net::wire::arp_packet& packet);

} // namespace attack
