#include "attack/tcp_bed.hpp"

#include "net/ipv4/tcp_listen.hpp"
#include "net/ipv4/tcp_table.hpp"

#include <cstdio>
#include <cstring>

namespace attack {

void tcp_bed::SetUp() {
    bed::SetUp();
    introduce_attacker();
}

void tcp_bed::TearDown() {
    children.clear();
    stop_accepting();
    world.run_for(400 * second);
    bed::TearDown();
}

void tcp_bed::accept_all(int backlog) {
    listener_ = std::make_unique<sim::user_socket>(*victim, SOCK_STREAM);
    listener = listener_.get();
    ASSERT_EQ(listener->bind("0.0.0.0", port), 0);
    ASSERT_EQ(listener->listen(backlog), 0);
    world.spawn_daemon("accepter", [this] {
        while (true) {
            sim::user_socket child = listener_->accept();
            if (!child.ok() || stop_) {
                break;
            }
            children.push_back(std::move(child));
        }
    });
    world.run_for(microsecond);
    before = now_held();
}

void tcp_bed::stop_accepting() {
    if (listener_ != nullptr) {
        stop_ = true;
        listener_->shutdown(SHUT_RDWR);
        world.run_for(millisecond);
        listener_.reset();
        children.clear();
    }
}

std::unique_ptr<sim::tcp_peer> tcp_bed::make_peer(uint16_t source_port) {
    return std::make_unique<sim::tcp_peer>(*victim, attacker_address, source_port, port);
}

std::string tcp_bed::state_of(uint16_t remote_port, uint16_t local_port) {
    const net::tcp_key key = {victim_ip(), attacker->ip, local_port, remote_port};
    const net::tcp_found found = net::tcp_find_connection(victim->stack(), key);
    net::tcp_state state = net::tcp_state::closed;
    if (found.connection) {
        state = found.connection->state;
    } else if (found.remains) {
        state = found.remains->substate;
    } else if (const auto listening = net::tcp_find_listener(victim->stack(), key, 0);
               listening && net::tcp_find_request(*listening, key) != nullptr) {
        state = net::tcp_state::syn_received;
    }
    char number[8];
    std::snprintf(number, sizeof(number), "%02X", static_cast<unsigned>(state));
    return state == net::tcp_state::closed ? "" : number;
}

sim::segment tcp_bed::segment_to(uint16_t destination_port, uint16_t source_port, uint8_t flags, uint32_t seq,
                                 uint32_t ack) {
    sim::segment segment;
    segment.source = attacker->ip;
    segment.destination = victim_ip();
    segment.source_port = source_port;
    segment.destination_port = destination_port;
    segment.flags = flags;
    segment.seq = seq;
    segment.ack = ack;
    return segment;
}

std::vector<sim::segment> tcp_bed::segments_sent() {
    std::vector<sim::segment> found;
    for (const sim::frame& each : victim->card->sent) {
        if (std::optional<sim::segment> segment = sim::parse_segment(each)) {
            if (segment->destination != companion->ip()) {
                found.push_back(std::move(*segment));
            }
        }
    }
    return found;
}

sim::frame tcp_bed::icmp_about(uint8_t type, uint8_t code, uint16_t mtu, uint32_t quoted_seq,
                               uint16_t local_port, uint16_t remote_port) {
    sim::segment quoted;
    quoted.source = victim_ip();
    quoted.destination = attacker->ip;
    quoted.source_port = local_port;
    quoted.destination_port = remote_port;
    quoted.seq = quoted_seq;
    quoted.flags = tcp_ack;
    const sim::frame bytes = sim::build_segment(quoted, attacker->mac, victim_mac());
    const sim::frame quote(bytes.begin() + 14, bytes.begin() + 14 + 28);
    return sim::make_ip(from_attacker(1), sim::make_icmp(type, code, 0, mtu, quote));
}

} // namespace attack
