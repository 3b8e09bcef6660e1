#pragma once
// The ground of the attacks on TCP: besides the old echo connection a listener on port 80 whose children are
// kept, and attackers that speak TCP segment by segment.

#include "attack/bed.hpp"
#include "net/ipv4/tcp.hpp"
#include "sim/segment.hpp"
#include "sim/tcp_peer.hpp"

namespace attack {

using namespace net::wire;

constexpr uint8_t syn_ack = tcp_syn | tcp_ack;
constexpr uint8_t fin_ack = tcp_fin | tcp_ack;
constexpr uint8_t psh_ack = tcp_psh | tcp_ack;

struct tcp_bed : bed {
    static constexpr uint16_t port = 80;

    void SetUp() override;
    void TearDown() override;

    /// Accepts for ever and keeps what comes in `children`.
    void accept_all(int backlog = 128);
    /// Ends the accepting program and closes the listener.
    void stop_accepting();
    /// An attacker's end of a connection to port 80, not open yet. It finds its own segments among all that
    /// the victim sends, so forget_sent() must not be called while one is in use.
    std::unique_ptr<sim::tcp_peer> make_peer(uint16_t source_port = 1000);
    /// The state of the connection with the attacker's port as /proc/net/tcp prints it ("01" is ESTABLISHED),
    /// half-open ones and TIME_WAIT included; empty when there is none.
    std::string state_of(uint16_t remote_port = 1000, uint16_t local_port = port);

    /// A segment from the attacker, for floods of them.
    sim::segment segment_to(uint16_t destination_port, uint16_t source_port = 1000, uint8_t flags = tcp_syn,
                            uint32_t seq = 0, uint32_t ack = 0);
    sim::frame frame_of(const sim::segment& what) {
        return sim::build_segment(what, attacker->mac, victim_mac());
    }
    /// Every segment that the victim has sent to anybody but its friend since forget_sent().
    std::vector<sim::segment> segments_sent();
    /// An ICMP error to the victim that quotes a segment of it to the attacker.
    sim::frame icmp_about(uint8_t type, uint8_t code, uint16_t mtu, uint32_t quoted_seq,
                          uint16_t local_port = port, uint16_t remote_port = 1000);

    std::vector<sim::user_socket> children;
    sim::user_socket* listener = nullptr;

private:
    std::unique_ptr<sim::user_socket> listener_;
    bool stop_ = false;
};

/// The number in a line of /proc/net/netstat or snmp is mib's; this is one of /proc/net/sockstat: "TCP:
/// inuse".
int sockstat(sim::host& of, const std::string& protocol, const std::string& what);

} // namespace attack
