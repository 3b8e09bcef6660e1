#pragma once
// Frames under construction, and the plainest Internet checksum: what the harness repairs in frames to the
// stack and checks in frames from it must not come from the code under test.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace fuzz {

/// 16-bit words, one by one (RFC 1071 §4.1). 0 over a message that carries its right checksum.
uint16_t plain_checksum(std::span<const uint8_t> bytes, uint32_t start = 0);
/// The start of a UDP or TCP sum, from the addresses of the IP header in front.
uint32_t pseudo_header(const uint8_t* ip_header, uint32_t transport_bytes);

/// A frame that grows at its end. What does not fit is left out.
struct frame {
    static constexpr size_t most_bytes = 1518;

    uint16_t length = 0;
    uint8_t bytes[most_bytes];

    std::span<const uint8_t> all() const { return {bytes, length}; }
    uint8_t* at(size_t offset) { return bytes + offset; }
    /// Room for so many more bytes; what was in it before is left there.
    uint8_t* grow(size_t more) {
        more = more < most_bytes - length ? more : most_bytes - length;
        uint8_t* place = bytes + length;
        length = static_cast<uint16_t>(length + more);
        return place;
    }
    void add(std::span<const uint8_t> more) {
        const size_t room = most_bytes - length;
        const size_t fitting = more.size() < room ? more.size() : room;
        std::memcpy(grow(fitting), more.data(), fitting);
    }
    void put8(unsigned value) { *grow(1) = static_cast<uint8_t>(value); }
    void put16(unsigned value) {
        put8(value >> 8);
        put8(value);
    }
    void put32(uint32_t value) {
        put16(value >> 16);
        put16(value);
    }
    /// Bytes of a pattern, as payload.
    void fill(size_t count) {
        for (size_t i = 0; i < count && length < most_bytes; i++) {
            bytes[length++] = static_cast<uint8_t>(i * 7 + count);
        }
    }
    void set16(size_t offset, unsigned value) {
        bytes[offset] = static_cast<uint8_t>(value >> 8);
        bytes[offset + 1] = static_cast<uint8_t>(value);
    }
};

constexpr size_t link_bytes = 14;

/// Makes lengths and checksums of an IPv4 frame right, as far as its header makes sense: the IP header's, and
/// that of UDP, TCP, ICMP behind it (not in fragments). Which of them is chosen by bits of `what`.
enum repair : uint8_t { repair_length = 1, repair_ip = 2, repair_transport = 4, repair_all = 7 };
void repair_frame(frame& broken, uint8_t what);

/// Fails unless the frame is one that a correct host may send: lengths, checksums, header lengths.
void check_sent_frame(std::span<const uint8_t> bytes);

} // namespace fuzz
