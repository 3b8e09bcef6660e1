#pragma once
// The other ends: everybody that a host can hear. They exist only as frames, made from the fuzzer's bytes but
// always plausible: a segment's numbers are told relative to what the stack said last, an ICMP error quotes
// what it has sent, checksums are right unless the fuzzer says otherwise. So few bytes reach deep.

#include "fuzz/support/frame.hpp"
#include "fuzz/support/host.hpp"
#include "fuzz/support/input.hpp"

#include <cstdint>

namespace fuzz {

/// One TCP connection as its peer sees it. Numbers in host order.
struct connection {
    uint32_t remote_address = 0;
    uint16_t remote_port = 0; ///< the peer's; 0: unused
    uint16_t local_port = 0;
    uint32_t seq = 0xfffffff0; ///< what the stack expects next
    uint32_t sent_end = 0;     ///< one past the last byte that the stack has sent
    uint32_t acked = 0;        ///< what the peer has acknowledged last
    uint16_t window = 0;       ///< the stack's, as in the header
    bool timestamps = false;
    uint32_t their_timestamp = 0;
};

/// What a segment says besides the numbers of its connection.
struct segment {
    uint8_t flags = 0;
    uint32_t seq = 0;
    uint32_t ack = 0;
    uint16_t window = 0xffff;
    uint16_t urgent = 0;
    size_t payload_bytes = 0;
    uint8_t options[40];
    uint8_t option_bytes = 0;

    void option8(unsigned value) { options[option_bytes++ % sizeof(options)] = static_cast<uint8_t>(value); }
    void option32(uint32_t value) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            option8(value >> shift);
        }
    }
};

class peers {
public:
    explicit peers(host& of);

    /// Sends one frame that the input describes.
    void act(input& in);

    // For setting a scene.
    connection& open(uint16_t local_port, uint16_t remote_port);
    /// The connection of the frame that the stack sent last, if it was a segment.
    connection& latest() { return connections_[latest_]; }
    /// A segment with the next numbers of the connection.
    segment next_segment(const connection& of, uint8_t flags) const;
    void send(connection& on, const segment& what);
    /// The options of a SYN: MSS, and all others if wanted.
    static void syn_options(segment& syn, uint16_t mss, bool all);
    void introduce();
    /// Resets every connection that was seen.
    void reset_all();

private:
    static constexpr unsigned most_connections = 4;

    static void hear(void* self, host& from, std::span<const uint8_t> bytes);
    void hear_segment(std::span<const uint8_t> bytes);
    void answer_arp(std::span<const uint8_t> request);
    void start_ethernet(unsigned type);
    void start_ip(uint32_t source, uint32_t destination, uint8_t protocol);
    void deliver();

    void tcp(input& in);
    void tcp_in_detail(input& in, connection& on);
    void options_in_detail(input& in, const connection& on, segment& what);
    void udp(input& in);
    void icmp(input& in);
    void arp(input& in);
    void fragment(input& in);
    void any_ip(input& in);
    void any_frame(input& in);
    void change(input& in);
    void bounce(input& in);

    host& of_;
    connection connections_[most_connections];
    unsigned latest_ = 0;
    unsigned next_slot_ = 0;
    frame built_; ///< the last frame to the stack
    frame heard_; ///< the last frame from it
};

} // namespace fuzz
