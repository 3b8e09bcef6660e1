// See scene.hpp.

#include "fuzz/support/scene.hpp"

#include "fuzz/support/arena.hpp"
#include "fuzz/support/world.hpp"
#include "net/ipv4/inet_sock.hpp"

#include <new>

namespace fuzz {

using net::port::millisecond;
using net::port::second;

namespace {

enum flag : uint8_t { fin = 1, syn = 2, rst = 4, psh = 8, ack = 16, urg = 32 };

/// What the lower half of the setup byte chooses: the state of the stream socket.
enum class goal : uint8_t {
    nothing,
    listen,
    syn_sent,
    half_open,    ///< a request at the listener
    syn_received, ///< by SYNs that crossed
    accepted,
    established,
    fin_wait_1,
    fin_wait_2,
    close_wait,
    closing,
    last_ack,
    time_wait,
    window_closed, ///< with data waiting for a window
    unread,        ///< holes in what was received, and an urgent byte
    cookies,       ///< the listener's backlog is full
};

/// The other bits of the setup byte.
enum setup_bits : uint8_t {
    all_tcp_options = 0x10,
    other_sockets = 0x20,
    offloads = 0x40,
    no_stream_file = 0x80
};

constexpr uint32_t all_features =
    net::feature_transmit_checksum | net::feature_segmentation | net::feature_scatter_gather;
constexpr uint32_t first_peer = network | 2;

net::socket* make(host& on, int family, int type, int protocol) {
    auto made = net::sock_create(on.stack(), family, type, protocol);
    require(made.ok(), "a socket of the scene cannot be made");
    made.value()->non_blocking = true;
    return made.value();
}

net::socket_address to_address(uint32_t ip, uint16_t port) {
    net::socket_address out;
    net::fill_inet_address(out, {.address = ip, .port = port});
    return out;
}

void switch_on(net::socket& which, int level, int option) {
    const int on = 1;
    require(net::sock_setsockopt(which, level, option, &on, sizeof(on)).ok(), "an option of the scene");
}

void send_bytes(net::socket& from, size_t length, int flags = MSG_NOSIGNAL | MSG_DONTWAIT) {
    const iovec vector = {.iov_base = user_memory, .iov_len = length};
    net::message msg;
    msg.payload = net::iov_iter(&vector, 1, net::iov_iter::memory::user);
    msg.flags = flags;
    (void)net::sock_sendmsg(from, msg);
}

bool receive_bytes(net::socket& from, size_t length, int flags) {
    const iovec vector = {.iov_base = user_memory, .iov_len = length};
    net::socket_address source;
    alignas(8) uint8_t control[256];
    net::message msg;
    msg.address = &source;
    msg.payload = net::iov_iter(&vector, 1, net::iov_iter::memory::user);
    msg.control = {.bytes = control, .capacity = sizeof(control), .length = 0};
    msg.flags = flags | MSG_DONTWAIT;
    auto outcome = net::sock_recvmsg(from, msg);
    return outcome.ok() && outcome.value() > 0;
}

} // namespace

void program::keep(unsigned place, net::socket* fresh) {
    close(place);
    sockets[place] = fresh;
}

void program::close(unsigned place) {
    if (net::socket* gone = sockets[place]) {
        sockets[place] = nullptr;
        net::sock_release(gone);
    }
}

void program::abort_all() {
    const linger at_once = {.l_onoff = 1, .l_linger = 0};
    for (unsigned i = 0; i < most_sockets; i++) {
        if (sockets[i] != nullptr) {
            (void)net::sock_setsockopt(*sockets[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
            close(i);
        }
    }
}

// ---- setting up ------------------------------------------------------------------------------------------

scene::scene(uint8_t setup) : machine(1, (setup & offloads) != 0 ? all_features : 0), others(machine) {
    others.introduce();
    if ((setup & other_sockets) != 0) {
        open_others();
    }
    set_up_tcp(setup & 15, (setup & all_tcp_options) != 0);
    if ((setup & no_stream_file) != 0) {
        user.close(stream_place);
    }
    the_world.settle();
}

void scene::open_others() {
    net::socket* udp = make(machine, AF_INET, SOCK_DGRAM, 0);
    require(net::sock_bind(*udp, to_address(0, 7)).ok(), "bind");
    for (const int option : {IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, IP_RECVERR, IP_RECVORIGDSTADDR}) {
        switch_on(*udp, IPPROTO_IP, option);
    }
    switch_on(*udp, SOL_SOCKET, SO_TIMESTAMP);
    const ip_mreq group = {.imr_multiaddr = {.s_addr = 0x050000e0}, .imr_interface = {.s_addr = 0}};
    require(net::sock_setsockopt(*udp, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)).ok(), "join");
    user.keep(udp_place, udp);
    net::socket* connected = make(machine, AF_INET, SOCK_DGRAM, 0);
    require(net::sock_bind(*connected, to_address(0, 68)).ok(), "bind");
    require(net::sock_connect(*connected, to_address(first_peer, 7)).ok(), "connect");
    send_bytes(*connected, 32);
    user.keep(connected_udp_place, connected);
    user.keep(icmp_place, make(machine, AF_INET, SOCK_RAW, IPPROTO_ICMP));
    net::socket* raw = make(machine, AF_INET, SOCK_RAW, 99);
    switch_on(*raw, IPPROTO_IP, IP_RECVERR);
    user.keep(raw_place, raw);
    user.keep(packet_place, make(machine, AF_PACKET, SOCK_RAW, 0x0300)); // ETH_P_ALL
    net::socket* ping = make(machine, AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    require(net::sock_connect(*ping, to_address(first_peer, 0)).ok(), "connect");
    std::memcpy(user_memory, "\x08\0\0\0\0\0\0\1", 8);
    send_bytes(*ping, 40);
    user.keep(ping_place, ping);
}

connection& scene::listen_and_connect(bool all_options, bool finish) {
    connection& peer = others.open(80, 2000);
    segment hello = others.next_segment(peer, syn);
    peers::syn_options(hello, 1460, all_options);
    others.send(peer, hello);
    the_world.settle();
    if (finish) {
        peer.timestamps = all_options;
        others.send(peer, others.next_segment(peer, ack));
        the_world.settle();
        auto accepted = net::sock_accept(*user.sockets[listener_place]);
        require(accepted.ok(), "accept");
        accepted.value()->non_blocking = true;
        user.keep(stream_place, accepted.value());
    }
    return peer;
}

connection& scene::connect_out() {
    net::socket* stream = make(machine, AF_INET, SOCK_STREAM, 0);
    user.keep(stream_place, stream);
    (void)net::sock_connect(*stream, to_address(first_peer, 90));
    the_world.settle();
    connection& peer = others.latest();
    require(peer.remote_port == 90, "no SYN was sent");
    return peer;
}

void scene::set_up_tcp(unsigned number, bool all_options) {
    const auto wanted = static_cast<goal>(number);
    if (wanted == goal::nothing) {
        return;
    }
    net::socket* listener = make(machine, AF_INET, SOCK_STREAM, 0);
    require(net::sock_bind(*listener, to_address(0, 80)).ok() && net::sock_listen(*listener, 2).ok(),
            "listen");
    user.keep(listener_place, listener);
    switch (wanted) {
    case goal::nothing:
    case goal::listen:
        return;
    case goal::half_open:
        listen_and_connect(all_options, false);
        return;
    case goal::cookies:
        for (uint16_t port = 3000; port < 3140; port++) {
            connection& peer = others.open(80, port);
            segment hello = others.next_segment(peer, syn);
            peers::syn_options(hello, 1460, all_options);
            others.send(peer, hello);
            the_world.settle();
        }
        return;
    case goal::syn_sent:
        connect_out();
        return;
    case goal::syn_received: {
        connection& peer = connect_out();
        segment crossing = others.next_segment(peer, syn);
        peers::syn_options(crossing, 1460, all_options);
        others.send(peer, crossing);
        return;
    }
    case goal::accepted:
        listen_and_connect(all_options, true);
        return;
    default:
        break;
    }
    connection& peer = connect_out();
    segment answer = others.next_segment(peer, syn | ack);
    peers::syn_options(answer, 1460, all_options);
    answer.window = wanted == goal::window_closed ? 0 : answer.window;
    others.send(peer, answer);
    the_world.settle();
    peer.timestamps = all_options;
    net::socket& stream = *user.sockets[stream_place];
    const auto peer_says = [&](uint8_t flags, uint32_t skip = 0, size_t bytes = 0) {
        segment what = others.next_segment(peer, flags);
        what.seq += skip;
        what.ack -= wanted == goal::closing && (flags & fin) != 0 ? 1 : 0;
        what.payload_bytes = bytes;
        what.urgent = 1;
        others.send(peer, what);
        the_world.settle();
    };
    switch (wanted) {
    case goal::fin_wait_1:
    case goal::fin_wait_2:
    case goal::closing:
    case goal::time_wait:
        (void)net::sock_shutdown(stream, SHUT_WR);
        the_world.settle();
        if (wanted == goal::fin_wait_2) {
            peer_says(ack);
        } else if (wanted != goal::fin_wait_1) {
            peer_says(ack | fin);
        }
        return;
    case goal::close_wait:
    case goal::last_ack:
        peer_says(ack | fin);
        if (wanted == goal::last_ack) {
            (void)net::sock_shutdown(stream, SHUT_WR);
        }
        return;
    case goal::window_closed:
        send_bytes(stream, 8000);
        return;
    case goal::unread:
        peer_says(ack | psh, 0, 100);
        peer_says(ack | psh, 200, 100);
        peer_says(ack | psh, 500, 100);
        peer_says(ack | urg, 0, 10);
        return;
    default:
        send_bytes(stream, 3000);
        return;
    }
}

scene& scene::begin(uint8_t setup) {
    static kept<scene> scenes[256];
    return scenes[setup].begin(setup);
}

void scene::end() {
    the_world.fail_allocation = 0;
    user.abort_all();
    the_world.settle();
    if (machine.stack().live_socks != 0) {
        others.reset_all();
        the_world.settle();
    }
    host* const all[] = {&machine};
    check_end(all);
}

// ---- what happens ----------------------------------------------------------------------------------------

void pass_some_time(input& in) {
    static constexpr net::port::time_ns table[] = {
        0,           millisecond, 40 * millisecond, 200 * millisecond, second,       3 * second,
        10 * second, 31 * second, 61 * second,      130 * second,      601 * second, 7300 * second};
    const unsigned choice = in.byte();
    the_world.pass(choice < std::size(table) ? table[choice] : choice * 10 * millisecond);
}

void scene::user_reads() {
    for (unsigned i = 0; i < program::most_sockets; i++) {
        if (net::socket* from = user.sockets[i]; from != nullptr && i != listener_place) {
            receive_bytes(*from, 4000, 0);
            receive_bytes(*from, 100, i == stream_place ? MSG_OOB : MSG_ERRQUEUE);
        }
    }
}

void scene::user_writes(input& in) {
    static constexpr uint16_t lengths[] = {1, 100, 1460, 3000, 6000};
    net::socket* to = user.sockets[stream_place];
    if (to != nullptr) {
        const unsigned how = in.byte();
        send_bytes(*to, lengths[how % std::size(lengths)],
                   MSG_NOSIGNAL | MSG_DONTWAIT | ((how & 64) != 0 ? MSG_OOB : 0) |
                       ((how & 128) != 0 ? MSG_MORE : 0));
    }
}

void scene::user_acts(input& in) {
    switch (in.below(8)) {
    case 0:
    case 1:
        user_reads();
        break;
    case 2:
    case 3:
        user_writes(in);
        break;
    case 4:
        if (net::socket* stream = user.sockets[stream_place]) {
            (void)net::sock_shutdown(*stream, in.below(3));
        }
        break;
    case 5:
        user.close(stream_place);
        break;
    case 6:
        if (net::socket* listener = user.sockets[listener_place]) {
            auto accepted = net::sock_accept(*listener);
            if (accepted.ok()) {
                accepted.value()->non_blocking = true;
                user.keep(8 + in.below(4), accepted.value());
            }
        }
        break;
    default:
        user.close(in.below(program::most_sockets));
        break;
    }
}

void scene::trouble(input& in) {
    switch (in.below(5)) {
    case 0:
        the_world.fail_allocation = in.byte();
        the_world.fail_later_too = false;
        break;
    case 1:
        machine.ring_full = true;
        break;
    case 2:
        machine.ring_full = false;
        net::netif_wake_queue(machine.device);
        break;
    case 3:
        net::netif_set_carrier(machine.device, in.flip());
        break;
    default:
        net::dev_close(machine.device);
        the_world.settle();
        (void)net::dev_open(machine.device);
        break;
    }
}

void scene::act(input& in) {
    const unsigned kind = in.byte();
    if (kind < 192) {
        others.act(in);
        if ((kind & 3) == 0) {
            return; // the next frame comes in the same batch
        }
    } else if (kind < 216) {
        pass_some_time(in);
    } else if (kind < 248) {
        user_acts(in);
    } else {
        trouble(in);
    }
    the_world.settle();
}

} // namespace fuzz
