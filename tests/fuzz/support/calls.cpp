// See calls.hpp. Options and ioctls, the long lists, are in calls_options.cpp; messages in calls_message.cpp.

#include "fuzz/support/calls.hpp"

#include "fuzz/support/calls_arguments.hpp"
#include "fuzz/support/world.hpp"
#include "kernel/lib/format.hpp"
#include "kernel/lib/minmax.hpp"
#include "net/core/sysctl.hpp"

#include <cstring>

namespace fuzz {

namespace {

constexpr int families[] = {AF_INET, AF_INET, AF_UNIX, AF_UNIX, AF_PACKET, AF_INET6, AF_UNSPEC, 45};
constexpr int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, 0, 10};
constexpr int protocols[] = {0,  IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_RAW,
                             99, 0x0300,      0x0008,      255,          -1};

} // namespace

void caller::act(input& in) {
    static constexpr void (caller::*kinds[])(input&) = {
        &caller::make,       &caller::make,       &caller::make_pair,  &caller::bind,
        &caller::connect,    &caller::listen,     &caller::accept,     &caller::name,
        &caller::send,       &caller::send,       &caller::send,       &caller::receive,
        &caller::receive,    &caller::receive,    &caller::set_option, &caller::set_option,
        &caller::ioctl,      &caller::get_option, &caller::poll,       &caller::shutdown,
        &caller::close,      &caller::ioctl,      &caller::report,     &caller::surroundings,
        &caller::set_option,
    };
    (this->*in.one_of(kinds))(in);
    require(the_world.held_ranks == 0, "a call came back with a lock held");
}

/// One of the open sockets; nullptr when none is near.
net::socket* caller::pick(input& in) {
    const unsigned wanted = in.below(program::most_sockets);
    for (unsigned i = 0; i < program::most_sockets; i++) {
        if (net::socket* found = user_.sockets[(wanted + i) % program::most_sockets]) {
            return found;
        }
    }
    return nullptr;
}

void caller::make(input& in) {
    const unsigned how = in.byte();
    const int family = families[how & 7];
    const int type = types[(how >> 3 & 15) % std::size(types)];
    auto made = net::sock_create(on_.stack(), family, type, in.one_of(protocols));
    if (made.ok()) {
        made.value()->non_blocking = (how & 128) == 0;
        user_.keep(in.below(program::most_sockets), made.value());
    }
}

void caller::make_pair(input& in) {
    const unsigned how = in.byte();
    const int family = families[(how & 4) != 0 ? how & 3 : 2];
    const int type = types[how >> 3 & 3];
    auto first = net::sock_create(on_.stack(), family, type, 0);
    if (!first.ok()) {
        return;
    }
    auto second = net::sock_create(on_.stack(), family, type, 0);
    if (!second.ok()) {
        net::sock_release(first.value());
        return;
    }
    first.value()->non_blocking = second.value()->non_blocking = (how & 128) == 0;
    if (net::sock_socketpair(*first.value(), *second.value()).ok()) {
        const unsigned place = in.below(program::most_sockets);
        user_.keep(place, first.value());
        user_.keep((place + 1) % program::most_sockets, second.value());
    } else {
        net::sock_release(first.value());
        net::sock_release(second.value());
    }
}

void caller::bind(input& in) {
    if (net::socket* which = pick(in)) {
        net::socket_address address;
        pick_socket_address(in, *which, on_.ip(), address);
        (void)net::sock_bind(*which, address);
    }
}

void caller::connect(input& in) {
    if (net::socket* which = pick(in)) {
        net::socket_address address;
        pick_socket_address(in, *which, on_.ip(), address);
        (void)net::sock_connect(*which, address);
    }
}

void caller::listen(input& in) {
    if (net::socket* which = pick(in)) {
        (void)net::sock_listen(*which, static_cast<int8_t>(in.byte()));
    }
}

void caller::accept(input& in) {
    if (net::socket* which = pick(in)) {
        auto accepted = net::sock_accept(*which);
        if (accepted.ok()) {
            const unsigned how = in.byte();
            accepted.value()->non_blocking = (how & 128) == 0;
            user_.keep(how % program::most_sockets, accepted.value());
        }
    }
}

void caller::name(input& in) {
    if (net::socket* which = pick(in)) {
        net::socket_address address;
        const auto side = in.flip() ? net::proto_ops::which_name::own : net::proto_ops::which_name::peer;
        if (net::sock_getname(*which, address, side).ok()) {
            require(address.length <= sizeof(address.storage), "a name longer than any address");
        }
    }
}

void caller::poll(input& in) {
    if (net::socket* which = pick(in)) {
        net::port::poll_table* const nobody = nullptr;
        (void)net::sock_poll(*which, nobody);
    }
}

void caller::shutdown(input& in) {
    if (net::socket* which = pick(in)) {
        (void)net::sock_shutdown(*which, static_cast<int>(in.below(5)) - 1);
    }
}

void caller::close(input& in) {
    user_.close(in.below(program::most_sockets));
}

/// What a program meets besides its own arguments.
void caller::surroundings(input& in) {
    switch (in.below(5)) {
    case 0:
        the_world.administrator = in.flip();
        break;
    case 1:
        the_world.fail_allocation = in.byte();
        the_world.fail_later_too = in.below(8) == 7;
        break;
    case 2: {
        const size_t start = in.word() % user_memory_bytes;
        const size_t length = in.word() % (user_memory_bytes - start);
        the_world.hole = {user_memory + start, length};
        break;
    }
    case 3:
        if (net::socket* which = pick(in)) {
            which->non_blocking = in.flip();
            which->asynchronous = in.flip();
            net::sock_set_owner(*which, static_cast<int8_t>(in.byte()));
        }
        break;
    default:
        pass_some_time(in);
        break;
    }
}

void caller::report(input& in) {
    constexpr unsigned parameters_from = 128;
    size_t bytes = 0;
    net::report_writer writer = {.context = &bytes, .write = [](void* context, const char*, size_t length) {
                                     *static_cast<size_t*>(context) += length;
                                 }};
    const unsigned which = in.byte();
    if (which < parameters_from) {
        net::reports[which % net::report_count].write(on_.stack(), writer);
        require(bytes < 1 << 20, "a report without end");
        return;
    }
    const net::sysctl& file = net::sysctls[(which - parameters_from) % net::sysctl_count];
    net::sysctl_read(on_.stack(), file, writer);
    require(bytes > 0, "a parameter that tells nothing");
    set_parameter(file, in);
}

/// Writes numbers, or any text, into a file below /proc/sys/net.
void caller::set_parameter(const net::sysctl& file, input& in) {
    if (!file.writable()) {
        return;
    }
    char text[64];
    size_t length = 0;
    if (const unsigned numbers = in.below(4); numbers != 0) {
        for (unsigned i = 0; i < numbers; i++) {
            length += lib::format(text + length, sizeof(text) - length, "%d ", pick_number(in));
        }
    } else {
        const std::span<const uint8_t> bytes = in.bytes(sizeof(text));
        length = bytes.size();
        std::memcpy(text, bytes.data(), length);
    }
    (void)net::sysctl_write(on_.stack(), file, text, length);
    net::parameter& longest_orphan = on_.stack().settings.tcp_fin_timeout;
    longest_orphan = lib::min<int>(longest_orphan, 120); // or the input would end days later
}

} // namespace fuzz
