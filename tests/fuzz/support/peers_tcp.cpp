// The segments of the peers. See peers.hpp.

#include "fuzz/support/peers.hpp"
#include "fuzz/support/world.hpp"

namespace fuzz {

namespace {

enum flag : uint8_t { fin = 1, syn = 2, rst = 4, psh = 8, ack = 16, urg = 32 };

constexpr uint32_t first_peer = network | 2;

uint32_t get32(const uint8_t* at) {
    return static_cast<uint32_t>(at[0]) << 24 | static_cast<uint32_t>(at[1] << 16 | at[2] << 8 | at[3]);
}

uint16_t get16(const uint8_t* at) {
    return static_cast<uint16_t>(at[0] << 8 | at[1]);
}

/// A distance between sequence numbers: mostly none or little, the ends of the window, half the circle.
uint32_t pick_distance(input& in, uint32_t window) {
    const uint32_t choice = in.byte();
    if (choice < 64) {
        return choice < 32 ? choice : 31 - choice;
    }
    if (choice < 128) {
        const uint32_t far = (choice & 31) * 536;
        return choice < 96 ? far : 0 - far;
    }
    const uint32_t edges[] = {window, window - 1, window + 1, 0x7fffffff, 0x80000000, 0 - 65535u};
    return choice < 128 + std::size(edges) ? edges[choice - 128] : in.number();
}

size_t pick_payload(input& in) {
    static constexpr uint16_t table[] = {0, 1, 2, 100, 536, 1000, 1448, 1460};
    const unsigned choice = in.byte();
    return choice < std::size(table) ? table[choice] : choice;
}

} // namespace

connection& peers::open(uint16_t local_port, uint16_t remote_port) {
    latest_ = next_slot_;
    next_slot_ = (next_slot_ + 1) % most_connections;
    connections_[latest_] =
        connection{.remote_address = first_peer, .remote_port = remote_port, .local_port = local_port};
    return connections_[latest_];
}

void peers::hear_segment(std::span<const uint8_t> bytes) {
    const uint8_t* ip = &bytes[link_bytes];
    const size_t header = (ip[0] & 0xfu) * 4;
    if ((get16(ip + 6) & 0x3fff) != 0) {
        return;
    }
    const uint8_t* tcp = ip + header;
    const size_t tcp_bytes = (tcp[12] >> 4) * 4u;
    const uint32_t remote = get32(ip + 16);
    connection* found = nullptr;
    for (connection& each : connections_) {
        if (each.remote_port == get16(tcp + 2) && each.local_port == get16(tcp) &&
            each.remote_address == remote) {
            found = &each;
        }
    }
    if (found == nullptr) {
        found = &open(get16(tcp), get16(tcp + 2));
        found->remote_address = remote;
        found->acked = get32(tcp + 4);
    }
    latest_ = static_cast<unsigned>(found - connections_);
    const uint8_t flags = tcp[13];
    const auto payload = static_cast<uint32_t>(get16(ip + 2) - header - tcp_bytes);
    const uint32_t end = get32(tcp + 4) + payload + ((flags & syn) != 0) + ((flags & fin) != 0);
    if ((flags & syn) != 0) {
        found->acked = get32(tcp + 4);
        found->sent_end = end;
    }
    if (static_cast<int32_t>(end - found->sent_end) > 0) {
        found->sent_end = end;
    }
    if ((flags & ack) != 0) {
        found->seq = get32(tcp + 8);
    }
    found->window = get16(tcp + 14);
    // The only layouts in which Lumos sends a timestamp: behind two bytes, in a SYN behind the MSS too.
    for (const size_t place : {size_t{22}, size_t{26}}) {
        if (tcp_bytes >= place + 10 && tcp[place] == 8 && tcp[place + 1] == 10) {
            found->their_timestamp = get32(tcp + place + 2);
            found->timestamps = found->timestamps || (flags & syn) == 0;
        }
    }
}

segment peers::next_segment(const connection& of, uint8_t flags) const {
    segment fresh;
    fresh.flags = flags;
    fresh.seq = of.seq;
    fresh.ack = of.sent_end;
    if (of.timestamps) {
        fresh.option32(0x0101080a);
        fresh.option32(static_cast<uint32_t>(the_world.now / net::port::millisecond));
        fresh.option32(of.their_timestamp);
    }
    return fresh;
}

void peers::syn_options(segment& syn_segment, uint16_t mss, bool all) {
    syn_segment.option_bytes = 0;
    syn_segment.option32(0x02040000u | mss);
    if (all) {
        syn_segment.option32(0x0402080a);
        syn_segment.option32(static_cast<uint32_t>(the_world.now / net::port::millisecond));
        syn_segment.option32(0);
        syn_segment.option32(0x01030307);
    }
}

void peers::send(connection& on, const segment& what) {
    const size_t option_bytes = (what.option_bytes + 3u) / 4 * 4 % 44;
    start_ip(on.remote_address, of_.ip(), 6);
    built_.put16(on.remote_port);
    built_.put16(on.local_port);
    built_.put32(what.seq);
    built_.put32((what.flags & ack) != 0 ? what.ack : 0);
    built_.put8(static_cast<unsigned>((20 + option_bytes) / 4 << 4));
    built_.put8(what.flags);
    built_.put16(what.window);
    built_.put16(0);
    built_.put16(what.urgent);
    for (size_t i = 0; i < option_bytes; i++) {
        built_.put8(i < what.option_bytes ? what.options[i] : 0);
    }
    built_.fill(what.payload_bytes);
    if ((what.flags & ack) != 0 && what.ack == on.sent_end) {
        on.acked = what.ack;
    }
    deliver();
}

void peers::reset_all() {
    for (connection& each : connections_) {
        if (each.remote_port != 0) {
            send(each, next_segment(each, rst | ack));
        }
    }
}

void peers::tcp(input& in) {
    enum shape : uint8_t { data, pure_ack, end, reset, fresh_syn, detail };
    static constexpr shape shapes[] = {detail, data, pure_ack, end, detail, fresh_syn, reset, detail};
    const unsigned how = in.byte();
    connection* on = &connections_[how & 3];
    const shape kind = shapes[how >> 2 & 7];
    if (on->remote_port == 0 || kind == fresh_syn) {
        on = &open((how & 32) != 0 ? 81 : 80, static_cast<uint16_t>(2000 + (how >> 6)));
    }
    switch (kind) {
    case data: {
        segment what = next_segment(*on, ack | psh);
        what.payload_bytes = pick_payload(in);
        send(*on, what);
        break;
    }
    case pure_ack:
        send(*on, next_segment(*on, ack));
        break;
    case end:
        send(*on, next_segment(*on, ack | fin));
        break;
    case reset:
        send(*on, next_segment(*on, rst | ack));
        break;
    case fresh_syn: {
        segment what = next_segment(*on, syn);
        syn_options(what, in.flip() ? 536 : 1460, in.flip());
        send(*on, what);
        break;
    }
    case detail:
        tcp_in_detail(in, *on);
        break;
    }
}

void peers::tcp_in_detail(input& in, connection& on) {
    segment what = next_segment(on, in.byte());
    what.seq += pick_distance(in, on.window);
    const unsigned how = in.byte();
    if ((how & 1) != 0) {
        what.ack += pick_distance(in, 0);
    } else if ((how & 2) != 0) {
        what.ack = on.acked + pick_distance(in, on.sent_end - on.acked);
    }
    if ((how & 4) != 0) {
        const unsigned choice = in.byte();
        what.window = static_cast<uint16_t>(choice < 2 ? choice : choice * 257);
    }
    if ((how & 8) != 0) {
        options_in_detail(in, on, what);
    }
    if ((how & 16) != 0) {
        what.payload_bytes = pick_payload(in);
    }
    if ((what.flags & urg) != 0) {
        what.urgent = in.byte();
    }
    send(on, what);
    if ((how & 32) != 0) { // with a changed byte, say a data offset or a checksum that is wrong
        const size_t place = link_bytes + in.byte();
        built_.bytes[place % built_.length] = in.byte();
        of_.receive(built_.all());
    }
}

void peers::options_in_detail(input& in, const connection& on, segment& what) {
    const unsigned which = in.byte();
    what.option_bytes = 0;
    if ((which & 1) != 0) {
        what.option32(0x02040000u | in.word());
    }
    if ((which & 2) != 0) {
        what.option32(0x01030300u | in.byte());
    }
    if ((which & 4) != 0) {
        what.option32(0x01010402);
    }
    if ((which & 8) != 0) {
        what.option32(0x0101080a);
        what.option32(static_cast<uint32_t>(the_world.now / net::port::millisecond) + pick_distance(in, 1));
        what.option32(on.their_timestamp + pick_distance(in, 1));
    }
    if ((which & 16) != 0) {
        const unsigned blocks = 1 + in.below(3);
        what.option32(0x01010500u | (2 + 8 * blocks));
        for (unsigned i = 0; i < blocks && what.option_bytes <= 32; i++) {
            const uint32_t start = on.acked + pick_distance(in, on.sent_end - on.acked);
            what.option32(start);
            what.option32(start + pick_distance(in, on.sent_end - start));
        }
    }
    if ((which & 32) != 0) {
        for (const uint8_t each : in.bytes(in.below(21))) {
            what.option8(each);
        }
    }
    what.option_bytes = what.option_bytes > 40 ? 40 : what.option_bytes;
}

} // namespace fuzz
