// sendmsg and recvmsg with every kind of vector, address, flag and control message.

#include "fuzz/support/calls.hpp"
#include "fuzz/support/calls_arguments.hpp"
#include "fuzz/support/world.hpp"

namespace fuzz {

namespace {

constexpr unsigned most_pieces = 4;
constexpr size_t control_bytes = 256;

/// Up to four pieces of user memory, some of which may not be there.
size_t pick_vector(input& in, iovec (&vector)[most_pieces]) {
    static constexpr uint16_t lengths[] = {0,   1,    2,    8,    28,   42,   60,   100,
                                           536, 1460, 1472, 1473, 4000, 9000, 20000};
    const unsigned count = in.below(8) < 6 ? 1 : in.below(most_pieces + 1);
    for (unsigned i = 0; i < count; i++) {
        vector[i] = {.iov_base = reinterpret_cast<void*>(pick_user_address(in)),
                     .iov_len = in.one_of(lengths)};
    }
    return count;
}

int pick_flags(input& in) {
    const unsigned how = in.byte();
    int flags = MSG_NOSIGNAL | ((how & 1) != 0 ? 0 : MSG_DONTWAIT);
    static constexpr int bits[] = {MSG_OOB, MSG_PEEK, MSG_TRUNC, MSG_WAITALL, MSG_MORE, MSG_ERRQUEUE};
    for (unsigned i = 0; i < std::size(bits); i++) {
        flags |= (how >> (i + 1) & 1) != 0 ? bits[i] : 0;
    }
    if ((how & 128) != 0) {
        flags |= 1 << in.below(31);
    }
    return flags;
}

/// Ancillary data as a program writes it: messages of kinds that exist, with lengths that may lie.
size_t fill_control(input& in, uint8_t* to) {
    struct kind {
        int level;
        int type;
        uint8_t length;
    };
    static constexpr kind kinds[] = {{SOL_SOCKET, SCM_RIGHTS, 4},       {SOL_SOCKET, SCM_RIGHTS, 12},
                                     {SOL_SOCKET, SCM_CREDENTIALS, 12}, {IPPROTO_IP, IP_PKTINFO, 12},
                                     {IPPROTO_IP, IP_TTL, 4},           {IPPROTO_IP, IP_TOS, 4},
                                     {IPPROTO_IP, IP_TOS, 1},           {IPPROTO_UDP, UDP_SEGMENT, 2}};
    size_t length = 0;
    for (unsigned messages = in.below(4); messages > 0; messages--) {
        kind which = in.one_of(kinds);
        const unsigned how = in.byte();
        if ((how & 0xe0) == 0xe0) {
            which = {.level = static_cast<int>(in.byte()),
                     .type = static_cast<int>(in.byte()),
                     .length = in.byte()};
        }
        const size_t room = CMSG_SPACE(which.length);
        if (length + room > control_bytes) {
            break;
        }
        std::memset(to + length, 0, room);
        const cmsghdr header = {.cmsg_len =
                                    CMSG_LEN(which.length) + ((how & 0x1c) == 0x1c ? in.byte() - 128u : 0),
                                .cmsg_level = which.level,
                                .cmsg_type = which.type};
        std::memcpy(to + length, &header, sizeof(header));
        const std::span<const uint8_t> data = in.bytes((how & 3) == 3 ? which.length : 1);
        std::memcpy(to + length + sizeof(header), data.data(),
                    data.size() < which.length ? data.size() : which.length);
        length += room;
    }
    return length;
}

} // namespace

void caller::send(input& in) {
    net::socket* which = pick(in);
    if (which == nullptr) {
        return;
    }
    on_.checked = on_.checked && which->type != SOCK_RAW && which->family != AF_PACKET;
    const unsigned how = in.byte();
    iovec vector[most_pieces];
    const size_t count = pick_vector(in, vector);
    net::message msg;
    msg.payload = net::iov_iter(vector, count, net::iov_iter::memory::user);
    msg.flags = pick_flags(in);
    net::socket_address address;
    if ((how & 3) == 0) {
        pick_socket_address(in, *which, on_.ip(), address);
        msg.address = &address;
    }
    alignas(8) uint8_t control[control_bytes];
    if ((how & 12) == 12) {
        const size_t length = fill_control(in, control);
        msg.control = {.bytes = control, .capacity = length, .length = length};
    }
    if ((how & 16) != 0) { // what raw and packet sockets send is the fuzzer's
        const std::span<const uint8_t> bytes = in.bytes(60);
        std::memcpy(user_memory, bytes.data(), bytes.size());
    }
    const size_t offered = msg.payload.remaining();
    const auto outcome = net::sock_sendmsg(*which, msg);
    require(!outcome.ok() || outcome.value() <= offered, "more was sent than given");
}

void caller::receive(input& in) {
    net::socket* which = pick(in);
    if (which == nullptr) {
        return;
    }
    const unsigned how = in.byte();
    iovec vector[most_pieces];
    const size_t count = pick_vector(in, vector);
    net::message msg;
    msg.payload = net::iov_iter(vector, count, net::iov_iter::memory::user);
    msg.flags = pick_flags(in);
    const bool whole_length = (msg.flags & MSG_TRUNC) != 0;
    net::socket_address address;
    msg.address = (how & 1) != 0 ? nullptr : &address;
    alignas(8) uint8_t control[control_bytes];
    const size_t capacity = (how & 2) != 0 ? in.byte() : control_bytes;
    if ((how & 4) == 0) {
        msg.control = {.bytes = control, .capacity = capacity, .length = 0};
    }
    const size_t room = msg.payload.remaining();
    const auto outcome = net::sock_recvmsg(*which, msg);
    require(!outcome.ok() || whole_length || outcome.value() <= room,
            "more was received than there is room for");
    require(msg.control.length <= capacity, "more control data than room for it");
    require(address.length <= sizeof(address.storage), "a source longer than any address");
}

} // namespace fuzz
