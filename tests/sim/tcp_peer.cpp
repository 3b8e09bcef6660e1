#include "sim/tcp_peer.hpp"

#include <cstring>

namespace sim {

namespace {

constexpr uint8_t peer_mac[6] = {0x02, 0, 0, 0, 0xee, 1};
constexpr net::port::time_ns step = 100 * net::port::microsecond;

} // namespace

tcp_peer::tcp_peer(host& against, const char* ip, uint16_t port, uint16_t host_port)
    : against_(against), ip_(address(ip)), port_(port), host_port_(host_port) {}

void tcp_peer::send(const say& what) {
    segment out;
    out.source = ip_;
    out.destination = against_.ip();
    out.source_port = port_;
    out.destination_port = host_port_;
    out.flags = what.flags;
    out.payload = what.payload;
    out.seq = what.seq.value_or(seq);
    out.ack = (what.flags & net::wire::tcp_ack) != 0 ? what.ack.value_or(received) : 0;
    out.window = what.window.value_or(window);
    out.urgent = what.urgent;
    out.options = what.options;
    out.bad_checksum = what.bad_checksum;
    out.tos = what.tos;
    if (!what.seq.has_value()) {
        seq = out.end();
    }
    const frame bytes = build_segment(out, peer_mac, against_.device().mac);
    dump(bytes);
    against_.card->receive(bytes);
    world::current().run_for(step);
}

void tcp_peer::answer_arp(const frame& request) {
    frame reply(60);
    std::memcpy(&reply[0], &request[6], 6);
    std::memcpy(&reply[6], peer_mac, 6);
    std::memcpy(&reply[12], &request[12], 8); // type, hardware, protocol, lengths
    reply[21] = 2;
    std::memcpy(&reply[22], peer_mac, 6);
    std::memcpy(&reply[28], &request[38], 4);
    std::memcpy(&reply[32], &request[22], 10);
    against_.card->receive(reply);
}

std::optional<segment> tcp_peer::take() {
    for (; looked_at_ < against_.card->sent.size(); looked_at_++) {
        const frame& bytes = against_.card->sent[looked_at_];
        const bool arp_request = bytes.size() >= 42 && bytes[12] == 8 && bytes[13] == 6 && bytes[21] == 1;
        if (arp_request) {
            answer_arp(frame(bytes));
        } else if (std::optional<segment> found = parse_segment(bytes);
                   found && found->destination == ip_ && found->destination_port == port_) {
            seen_.push_back(*found);
        }
    }
    if (seen_.empty()) {
        return std::nullopt;
    }
    segment first = seen_.front();
    seen_.pop_front();
    return first;
}

std::optional<segment> tcp_peer::try_next(net::port::time_ns patience) {
    const net::port::time_ns limit = world::current().now() + patience;
    while (true) {
        if (std::optional<segment> found = take()) {
            return found;
        }
        if (world::current().now() >= limit) {
            return std::nullopt;
        }
        world::current().run_for(step);
    }
}

segment tcp_peer::next(net::port::time_ns patience) {
    std::optional<segment> found = try_next(patience);
    EXPECT_TRUE(found.has_value()) << "no segment came";
    if (!found) {
        return {};
    }
    EXPECT_FALSE(found->bad_checksum);
    host_port_ = found->source_port;
    if (static_cast<int32_t>(found->end() - received) > 0 || (found->flags & net::wire::tcp_syn) != 0) {
        received = found->end();
    }
    return *found;
}

void tcp_peer::expect_silence(net::port::time_ns duration) {
    if (const std::optional<segment> found = try_next(duration)) {
        ADD_FAILURE() << "unexpected: " << found->text();
    }
}

void tcp_peer::connect() {
    send({.flags = net::wire::tcp_syn, .options = syn_options});
    const segment answer = next();
    EXPECT_EQ(answer.flags, net::wire::tcp_syn | net::wire::tcp_ack);
    EXPECT_EQ(answer.ack, seq);
    send({});
}

void tcp_peer::accept() {
    const segment syn = next();
    EXPECT_EQ(syn.flags, net::wire::tcp_syn);
    send({.flags = net::wire::tcp_syn | net::wire::tcp_ack, .options = syn_options});
    const segment ack = next();
    EXPECT_EQ(ack.flags & ~net::wire::tcp_psh, net::wire::tcp_ack);
    EXPECT_EQ(ack.ack, seq);
}

} // namespace sim
