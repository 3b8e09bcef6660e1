// See window_witness.hpp.

#include "sim/window_witness.hpp"

#include "sim/packet.hpp"
#include "sim/segment.hpp"

namespace sim {

const char* window_witness::sent(const frame& bytes) {
    using namespace net::wire;
    const ipv4_header* ip = ip_of(bytes);
    if (ip == nullptr || ip->protocol != 6 || (ip->flags_and_offset & 0x1fff) != 0) {
        return nullptr;
    }
    const size_t at = sizeof(ethernet_header) + ip->header_length();
    if (bytes.size() < at + sizeof(tcp_header)) {
        return nullptr;
    }
    const auto& tcp = *reinterpret_cast<const tcp_header*>(bytes.data() + at);
    const uint32_t from_port = tcp.source_port;
    const uint32_t to_port = tcp.destination_port;
    const uint32_t from = ip->source;
    const uint32_t to = ip->destination;
    flow& its = flows_[{from, to, from_port << 16 | to_port}];
    if ((tcp.flags & tcp_syn) != 0) {
        const size_t option_bytes = tcp.header_bytes() - sizeof(tcp_header);
        if (bytes.size() < at + tcp.header_bytes()) {
            return nullptr;
        }
        const tcp_options options =
            parse_tcp_options({bytes.data() + at + sizeof(tcp_header), option_bytes}, tcp_options_of::syn);
        its.offered_scale = options.has_window_scale ? options.window_scale : -1;
        its.edge_known = its.got_on = false;
        its.first = tcp.sequence + 1;
        return nullptr;
    }
    flow& others = flows_[{to, from, to_port << 16 | from_port}];
    if ((tcp.flags & tcp_rst) != 0) {
        its.edge_known = others.edge_known = false;
        return nullptr;
    }
    if ((tcp.flags & tcp_ack) == 0) {
        return nullptr;
    }
    const bool scaled = its.offered_scale >= 0 && others.offered_scale >= 0;
    const seq acknowledged(static_cast<uint32_t>(tcp.acknowledgment));
    const seq edge = acknowledged + (uint32_t{tcp.window} << (scaled ? its.offered_scale : 0));
    // Back at the numbers of the handshake: a late copy of one of its segments has opened the connection
    // anew, by its cookie. In a keepalive they are one less.
    const bool at_start = tcp.sequence + 1 - its.first <= 1;
    const bool again = its.got_on && at_start && acknowledged < its.acknowledged;
    if (its.edge_known && edge < its.edge && !again) {
        broken_ = "an offered window has shrunk by " + std::to_string(its.edge - edge) + " in " +
                  parse_segment(bytes).value_or(segment{}).text();
        return broken_.c_str();
    }
    its.got_on = !again && (its.got_on || !at_start);
    its.acknowledged = acknowledged;
    its.edge = edge;
    its.edge_known = true;
    return nullptr;
}

void window_witness::forget(uint32_t address) {
    std::erase_if(flows_, [address](const auto& each) {
        return each.first.from == address || each.first.to == address;
    });
}

} // namespace sim
