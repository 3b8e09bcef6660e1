#pragma once
// A peer that a test plays by hand, segment by segment: it sends what it is told to and shows what comes
// back. It is driven from the test's body, outside every fiber; the program under test runs in fibers
// meanwhile.
//
//   sim::tcp_peer peer(host, "10.0.0.9", 1000, 80);
//   peer.send({.flags = tcp_syn});
//   EXPECT_EQ(peer.next().flags, tcp_syn | tcp_ack);

#include "sim/segment.hpp"
#include "sim/world.hpp"

#include <deque>

namespace sim {

class tcp_peer {
public:
    tcp_peer(host& against, const char* ip, uint16_t port, uint16_t host_port);

    /// What a test says about a segment to send; numbers are relative to nothing: as on the wire.
    struct say {
        uint8_t flags = net::wire::tcp_ack;
        std::string payload = {};
        std::optional<uint32_t> seq = {};    ///< else the next of this peer
        std::optional<uint32_t> ack = {};    ///< else everything received so far
        std::optional<uint16_t> window = {}; ///< else `window`
        uint16_t urgent = 0;
        net::wire::tcp_options options = {};
        bool bad_checksum = false;
        uint8_t tos = 0;
    };
    /// Sends a segment and counts it in `seq` unless its number was given.
    void send(const say& what);
    /// The next segment for this peer, waiting for at most so long; nothing when none comes.
    std::optional<segment> try_next(net::port::time_ns patience = 10 * net::port::second);
    /// The same, and it must come; adopts its end as what was received so far.
    segment next(net::port::time_ns patience = 10 * net::port::second);
    /// Fails the test if a segment comes within the time.
    void expect_silence(net::port::time_ns duration = net::port::second);

    /// The three steps of an open by this peer, to a listener.
    void connect();
    /// Answers the SYN of an active open by the host.
    void accept();

    uint32_t iss = 0xfffffff0; ///< just below the wrap
    uint32_t seq = iss;        ///< next to send
    uint32_t received = 0;     ///< next expected
    uint16_t window = 65535;
    net::wire::tcp_options syn_options;

private:
    std::optional<segment> take();
    void answer_arp(const frame& request);

    host& against_;
    uint32_t ip_;
    uint16_t port_;
    uint16_t host_port_;
    size_t looked_at_ = 0; ///< frames of the host's card
    std::deque<segment> seen_;
};

} // namespace sim
