#include "net/wire/tcp.hpp"

// Checks of the fixed header. Everything that a peer can lie about in it is looked at here, once: the
// data offset must cover the fixed part and must not reach past the segment (RFC 9293 §3.1).

namespace net::wire {

tcp_header_check check_tcp_header(std::span<const uint8_t> linear, uint32_t segment_bytes) {
    if (linear.size() < sizeof(tcp_header) || segment_bytes < sizeof(tcp_header)) {
        return tcp_header_check::too_short;
    }
    const auto* header = reinterpret_cast<const tcp_header*>(linear.data());
    const uint32_t header_bytes = header->header_bytes();
    if (header_bytes < sizeof(tcp_header) || header_bytes > segment_bytes) {
        return tcp_header_check::bad_offset;
    }
    return tcp_header_check::ok;
}

void print_tcp_flags(uint8_t flags, char* to) {
    static constexpr char letters[] = "FSRPAUEC";
    for (unsigned bit = 0; bit < 8; bit++) {
        if ((flags >> bit & 1) != 0) {
            *to++ = letters[bit];
        }
    }
    *to = '\0';
}

} // namespace net::wire
