// See peers.hpp. The frames of TCP are in peers_tcp.cpp.

#include "fuzz/support/peers.hpp"

#include "fuzz/support/world.hpp"

namespace fuzz {

namespace {

constexpr unsigned type_ipv4 = 0x0800;
constexpr unsigned type_arp = 0x0806;
constexpr uint8_t peer_mac[6] = {0x02, 0xee, 0, 0, 0, 1};
constexpr uint32_t first_peer = network | 2;
constexpr uint32_t gateway = network | 254;
constexpr uint32_t silent_from = network | 200; ///< from here on to the gateway nobody answers ARP

uint32_t get32(const uint8_t* at) {
    return static_cast<uint32_t>(at[0]) << 24 | static_cast<uint32_t>(at[1] << 16 | at[2] << 8 | at[3]);
}

/// Addresses that matter to a host, the usual one first.
uint32_t pick_address(input& in, uint32_t usual, uint32_t own) {
    const uint32_t table[] = {usual,       usual,      usual,      usual,      own,        first_peer,
                              network | 3, gateway,    0xc0000201, 0,          0xffffffff, network | 255,
                              network,     0x7f000001, 0xe0000001, 0xe0000005, 0xf0000001, network | 201};
    const unsigned choice = in.byte();
    return choice < std::size(table) ? table[choice] : choice < 250 ? usual : in.number();
}

/// Lengths at which something changes.
size_t pick_length(input& in) {
    static constexpr uint16_t table[] = {0, 1, 7, 8, 9, 28, 64, 536, 1000, 1448, 1460, 1472, 1480};
    const unsigned choice = in.byte();
    return choice < std::size(table) ? table[choice] : choice;
}

} // namespace

peers::peers(host& of) : of_(of) {
    of.on_sent = hear;
    of.context = this;
}

// ---- listening -------------------------------------------------------------------------------------------

void peers::hear(void* self, host&, std::span<const uint8_t> bytes) {
    auto& us = *static_cast<peers*>(self);
    us.heard_.length = 0;
    us.heard_.add(bytes);
    const unsigned type = static_cast<unsigned>(bytes[12] << 8 | bytes[13]);
    if (type == type_arp && bytes[21] == 1) {
        us.answer_arp(bytes);
    } else if (type == type_ipv4 && bytes[link_bytes + 9] == 6) {
        us.hear_segment(bytes);
    }
}

void peers::answer_arp(std::span<const uint8_t> request) {
    const uint32_t wanted = get32(&request[38]);
    const uint32_t asking = get32(&request[28]);
    if (wanted == asking || asking == 0 || wanted >> 8 != network >> 8 ||
        (wanted >= silent_from && wanted != gateway)) {
        return;
    }
    frame reply;
    reply.add({&request[6], 6});
    reply.add(peer_mac);
    reply.put16(type_arp);
    reply.add({&request[14], 7});
    reply.put8(2);
    reply.add(peer_mac);
    reply.put32(wanted);
    reply.add({&request[22], 10});
    of_.receive(reply.all());
}

// ---- frames ----------------------------------------------------------------------------------------------

void peers::start_ethernet(unsigned type) {
    built_.length = 0;
    built_.add(of_.device.mac);
    built_.add(peer_mac);
    built_.put16(type);
}

/// Without options; length and checksum are filled in by deliver().
void peers::start_ip(uint32_t source, uint32_t destination, uint8_t protocol) {
    start_ethernet(type_ipv4);
    if (destination >> 28 == 0xe || destination == 0xffffffff || destination == (network | 255)) {
        std::memset(built_.at(0), 0xff, 6);
    }
    built_.put16(0x4500);
    built_.put16(0);
    built_.put32(0x00014000);
    built_.put8(64);
    built_.put8(protocol);
    built_.put16(0);
    built_.put32(source);
    built_.put32(destination);
}

void peers::deliver() {
    repair_frame(built_, repair_all);
    of_.receive(built_.all());
}

void peers::introduce() {
    start_ethernet(type_arp);
    built_.put32(0x00010800);
    built_.put32(0x06040001);
    built_.add(peer_mac);
    built_.put32(first_peer);
    built_.put32(0);
    built_.put16(0);
    built_.put32(of_.ip());
    of_.receive(built_.all());
    the_world.settle();
}

void peers::act(input& in) {
    static constexpr void (peers::*kinds[])(input&) = {
        &peers::tcp, &peers::tcp,      &peers::tcp,    &peers::tcp,       &peers::udp,    &peers::icmp,
        &peers::arp, &peers::fragment, &peers::any_ip, &peers::any_frame, &peers::change, &peers::bounce};
    (this->*in.one_of(kinds))(in);
}

void peers::udp(input& in) {
    static constexpr uint16_t ports[] = {7, 9, 68, 80, 5353, 0};
    start_ip(pick_address(in, first_peer, of_.ip()), pick_address(in, of_.ip(), of_.ip()), 17);
    built_.put16(in.one_of(ports));
    built_.put16(in.one_of(ports));
    built_.put32(0);
    const unsigned how = in.byte();
    built_.fill(pick_length(in));
    repair_frame(built_, repair_all);
    const size_t header = link_bytes + 20;
    if ((how & 0xf0) == 0xf0) { // a length that lies
        built_.set16(header + 4, in.word());
    }
    if ((how & 3) == 3) { // the sender computed no checksum, or a wrong one
        built_.set16(header + 6, (how & 4) != 0 ? 0 : in.word());
    }
    of_.receive(built_.all());
}

void peers::icmp(input& in) {
    static constexpr uint8_t types[] = {3, 11, 12, 5, 4, 8, 0, 13};
    start_ip(pick_address(in, first_peer, of_.ip()), pick_address(in, of_.ip(), of_.ip()), 1);
    const unsigned choice = in.byte();
    const unsigned type = choice < 64 ? types[choice % std::size(types)] : choice;
    built_.put8(type);
    built_.put8(in.byte());
    built_.put16(0);
    built_.put32(in.number());
    if (type == 8 || type == 0) {
        built_.fill(pick_length(in));
    } else if (heard_.length > link_bytes) { // quotes what the stack has sent
        const size_t quoted = heard_.length - link_bytes;
        const size_t length = in.byte();
        built_.add({heard_.at(link_bytes), length == 0 || length > quoted ? quoted : length});
        if (in.below(4) == 3) {
            const size_t place = link_bytes + 28 + in.byte();
            built_.bytes[place % built_.length] = in.byte();
        }
    }
    deliver();
}

void peers::arp(input& in) {
    start_ethernet(type_arp);
    const unsigned how = in.byte();
    if ((how & 1) != 0) {
        std::memset(built_.at(0), 0xff, 6);
    }
    built_.put32(0x00010800);
    built_.put16(0x0604);
    built_.put16(1 + (how >> 1 & 1));
    built_.add(peer_mac);
    built_.bytes[built_.length - 1] = static_cast<uint8_t>(how >> 2 & 3);
    built_.put32(pick_address(in, first_peer, of_.ip()));
    built_.add(of_.device.mac);
    built_.put32(pick_address(in, of_.ip(), of_.ip()));
    if ((how & 0xf0) == 0xf0) { // one byte is not what it should be
        built_.bytes[link_bytes + in.byte() % 28] = in.byte();
    }
    of_.receive(built_.all());
}

/// Pieces of UDP datagrams without checksum, so that every whole one reaches its socket.
void peers::fragment(input& in) {
    const unsigned how = in.byte();
    const unsigned units = in.byte();
    const size_t length = (how & 8) != 0 ? pick_length(in) : size_t{8} * (1 + in.below(64));
    start_ip((how & 16) != 0 ? pick_address(in, first_peer, of_.ip()) : first_peer, of_.ip(),
             (how & 32) != 0 ? 1 : 17);
    built_.set16(link_bytes + 4, 1 + (how & 3));
    built_.set16(link_bytes + 6, ((how & 4) != 0 ? 0 : 0x2000u) | ((how & 64) != 0 ? units * 32 : units));
    if (units == 0) {
        built_.put16(9);
        built_.put16(7);
        built_.put16((how & 128) != 0 ? in.word() : 8u * (1 + in.below(64)));
        built_.put16(0);
    }
    built_.fill(length);
    deliver();
}

/// Any protocol, with options and odd header fields.
void peers::any_ip(input& in) {
    static constexpr uint8_t protocols[] = {1, 2, 6, 17, 99, 255};
    start_ip(pick_address(in, first_peer, of_.ip()), pick_address(in, of_.ip(), of_.ip()),
             in.one_of(protocols));
    const unsigned option_bytes = in.below(11) * 4;
    built_.bytes[link_bytes] = static_cast<uint8_t>(0x45 + option_bytes / 4);
    const std::span<const uint8_t> options = in.bytes(option_bytes);
    built_.add(options);
    std::memset(built_.grow(option_bytes - options.size()), 0, option_bytes - options.size());
    built_.bytes[link_bytes + 1] = in.byte();
    built_.bytes[link_bytes + 8] = in.byte();
    const unsigned how = in.byte();
    if ((how & 1) != 0) {
        built_.fill(pick_length(in));
    } else {
        built_.add(in.bytes(in.below(41)));
    }
    repair_frame(built_, static_cast<uint8_t>((how & 0x0e) == 0x0e ? in.byte() : repair_all));
    of_.receive(built_.all());
}

void peers::any_frame(input& in) {
    static constexpr uint16_t types[] = {type_ipv4, type_arp, 0x86dd, 0x0100};
    start_ethernet(in.one_of(types));
    const unsigned how = in.byte();
    if ((how & 8) != 0) {
        built_.bytes[0] = in.byte();
    }
    built_.add(in.bytes(in.byte()));
    built_.length = (how & 16) != 0 ? static_cast<uint16_t>(in.below(15)) : built_.length;
    repair_frame(built_, how & repair_all);
    of_.receive(built_.all());
}

/// The last frame again, with some bytes changed, or none.
void peers::change(input& in) {
    if (built_.length == 0) {
        return;
    }
    const unsigned how = in.byte();
    for (unsigned changes = how >> 5; changes > 0; changes--) {
        const size_t place = in.byte() % built_.length;
        built_.bytes[place] = in.byte();
    }
    if ((how & 8) != 0) {
        built_.length = static_cast<uint16_t>(in.word() % built_.length + 1);
    }
    if ((how & 16) != 0) {
        built_.fill(in.byte());
    }
    repair_frame(built_, how & repair_all);
    of_.receive(built_.all());
}

/// What the stack has sent comes back to it: as it is, or as if by the other end.
void peers::bounce(input& in) {
    if (heard_.length < link_bytes + 20) {
        return;
    }
    const unsigned how = in.byte();
    built_.length = 0;
    built_.add(heard_.all());
    std::memcpy(built_.at(0), of_.device.mac, 6);
    std::memcpy(built_.at(6), peer_mac, 6);
    if ((how & 8) != 0) {
        uint8_t source[4];
        std::memcpy(source, built_.at(link_bytes + 12), 4);
        std::memcpy(built_.at(link_bytes + 12), built_.at(link_bytes + 16), 4);
        std::memcpy(built_.at(link_bytes + 16), source, 4);
    }
    repair_frame(built_, how & repair_all);
    of_.receive(built_.all());
}

} // namespace fuzz
