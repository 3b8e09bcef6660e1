// See program.hpp.

#include "sim/program.hpp"

#include "kernel/abi/errno.h"
#include "kernel/lib/result.hpp"
#include "net/ipv4/inet_sock.hpp"

#include <cstring>

namespace sim {
namespace {

net::socket_address to_address(uint32_t ip, uint16_t port) {
    net::socket_address out;
    net::fill_inet_address(out, {.address = ip, .port = port});
    return out;
}

net::socket_address to_address(const std::string& path) {
    net::socket_address out;
    sockaddr_un name = {};
    name.sun_family = AF_UNIX;
    path.copy(name.sun_path, sizeof(name.sun_path) - 1);
    std::memcpy(&out.storage, &name, sizeof(name));
    out.length = static_cast<uint32_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    return out;
}

std::vector<uint8_t> pack(const std::vector<control_message>& messages) {
    std::vector<uint8_t> bytes;
    for (const control_message& each : messages) {
        const size_t at = bytes.size();
        bytes.resize(at + CMSG_SPACE(each.data.size()));
        const cmsghdr header = {
            .cmsg_len = CMSG_LEN(each.data.size()), .cmsg_level = each.level, .cmsg_type = each.type};
        std::memcpy(bytes.data() + at, &header, sizeof(header));
        std::memcpy(bytes.data() + at + sizeof(header), each.data.data(), each.data.size());
    }
    return bytes;
}

std::vector<control_message> unpack(const uint8_t* bytes, size_t length) {
    std::vector<control_message> messages;
    size_t at = 0;
    while (length - at >= sizeof(cmsghdr)) {
        cmsghdr header;
        std::memcpy(&header, bytes + at, sizeof(header));
        if (header.cmsg_len < sizeof(cmsghdr) || header.cmsg_len > length - at) {
            break;
        }
        messages.push_back({.level = header.cmsg_level,
                            .type = header.cmsg_type,
                            .data = {bytes + at + sizeof(header), bytes + at + header.cmsg_len}});
        at += CMSG_ALIGN(header.cmsg_len);
        if (at > length) {
            break;
        }
    }
    return messages;
}

/// The result of a call, unless the caller was killed in it.
template <class Outcome>
long finish(const Outcome& outcome) {
    const long value = lib::as_syscall(outcome);
    leave_if_killed();
    return value;
}

} // namespace

int received::number(int level, int type) const {
    for (const control_message& each : control) {
        if (each.level == level && each.type == type) {
            int value = 0;
            std::memcpy(&value, each.data.data(), each.data.size() < 4 ? each.data.size() : 4);
            return value;
        }
    }
    return -1;
}

user_socket::user_socket(host& on, int type, int protocol, int family) {
    lib::result<net::socket*> made = net::sock_create(stack_of(on), family, type, protocol);
    if (made.ok()) {
        socket_ = made.value();
    } else {
        error_ = made.error().number;
    }
}

std::pair<user_socket, user_socket> user_socket::make_pair(host& on, int type) {
    std::pair<user_socket, user_socket> made{user_socket(on, type, 0, AF_UNIX),
                                             user_socket(on, type, 0, AF_UNIX)};
    auto& [first, second] = made;
    if (!first.ok() || !second.ok()) {
        const int why = first.ok() ? second.error() : first.error();
        return {user_socket(why), user_socket(why)};
    }
    const auto joined = net::sock_socketpair(first.get(), second.get());
    if (!joined.ok()) {
        return {user_socket(joined.error().number), user_socket(joined.error().number)};
    }
    return made;
}

void user_socket::close() {
    if (socket_ != nullptr) {
        net::sock_release(socket_);
        socket_ = nullptr;
    }
}

long user_socket::bind(const char* ip, uint16_t port) {
    return finish(net::sock_bind(*socket_, to_address(address(ip), port)));
}

long user_socket::connect(uint32_t ip, uint16_t port) {
    return finish(net::sock_connect(*socket_, to_address(ip, port)));
}

long user_socket::disconnect() {
    net::socket_address none;
    none.any.sa_family = AF_UNSPEC;
    none.length = sizeof(sockaddr);
    return finish(net::sock_connect(*socket_, none));
}

long user_socket::bind_path(const std::string& path) {
    return finish(net::sock_bind(*socket_, to_address(path)));
}

long user_socket::connect_path(const std::string& path) {
    return finish(net::sock_connect(*socket_, to_address(path)));
}

long user_socket::listen(int backlog) {
    return finish(net::sock_listen(*socket_, backlog));
}

user_socket user_socket::accept() {
    lib::result<net::socket*> accepted = net::sock_accept(*socket_);
    user_socket made = accepted.ok() ? user_socket(accepted.value()) : user_socket(accepted.error().number);
    leave_if_killed();
    return made;
}

long user_socket::send_bytes(const void* bytes, size_t length, int flags) {
    const iovec vector = {.iov_base = const_cast<void*>(bytes), .iov_len = length};
    return send_pieces({&vector, 1}, flags);
}

long user_socket::send_pieces(std::span<const iovec> pieces, int flags) {
    net::message msg;
    msg.payload = net::iov_iter(pieces.data(), pieces.size(), net::iov_iter::memory::user);
    msg.flags = flags;
    return finish(net::sock_sendmsg(*socket_, msg));
}

long user_socket::send_to(const std::string& data, uint32_t ip, uint16_t port, int flags,
                          std::vector<control_message> control) {
    const iovec vector = {.iov_base = const_cast<char*>(data.data()), .iov_len = data.size()};
    net::socket_address to = to_address(ip, port);
    std::vector<uint8_t> packed = pack(control);
    net::message msg;
    msg.address = &to;
    msg.payload = net::iov_iter(&vector, 1, net::iov_iter::memory::user);
    if (!packed.empty()) {
        msg.control = {.bytes = packed.data(), .capacity = packed.size(), .length = packed.size()};
    }
    msg.flags = flags;
    return finish(net::sock_sendmsg(*socket_, msg));
}

received user_socket::recv(size_t limit, int flags) {
    received out;
    out.data.resize(limit);
    const iovec vector = {.iov_base = out.data.data(), .iov_len = limit};
    uint8_t control[512];
    net::socket_address from;
    net::message msg;
    msg.address = &from;
    msg.payload = net::iov_iter(&vector, 1, net::iov_iter::memory::user);
    msg.control = {.bytes = control, .capacity = sizeof(control), .length = 0};
    msg.flags = flags;
    out.result = finish(net::sock_recvmsg(*socket_, msg));
    out.data.resize(limit - msg.payload.remaining());
    out.flags = msg.flags;
    out.control = unpack(control, msg.control.length);
    if (from.length != 0) {
        const lib::result<net::inet_endpoint> parsed = net::parse_inet_address(from);
        if (parsed.ok()) {
            out.from_address = parsed.value().address;
            out.from_port = parsed.value().port;
        }
    }
    return out;
}

long user_socket::recv(void* to, size_t length, int flags) {
    const iovec vector = {.iov_base = to, .iov_len = length};
    return recv_pieces({&vector, 1}, flags);
}

long user_socket::recv_pieces(std::span<const iovec> pieces, int flags) {
    net::message msg;
    msg.payload = net::iov_iter(pieces.data(), pieces.size(), net::iov_iter::memory::user);
    msg.flags = flags;
    return finish(net::sock_recvmsg(*socket_, msg));
}

long user_socket::shutdown(int how) {
    return finish(net::sock_shutdown(*socket_, how));
}

long user_socket::set_option(int level, int option, int value) {
    return set_option(level, option, &value, sizeof(value));
}

long user_socket::set_option(int level, int option, const void* value, uint32_t length) {
    return finish(net::sock_setsockopt(*socket_, level, option, value, length));
}

int user_socket::get_option(int level, int option) {
    int value = 0;
    uint32_t length = sizeof(value);
    const auto outcome = net::sock_getsockopt(*socket_, level, option, &value, &length);
    return outcome.ok() ? value : -outcome.error().number;
}

long user_socket::ioctl(unsigned command, void* argument) {
    return finish(net::sock_ioctl(*socket_, command, reinterpret_cast<uintptr_t>(argument)));
}

uint16_t user_socket::local_port() {
    net::socket_address name;
    (void)net::sock_getname(*socket_, name, net::proto_ops::which_name::own);
    const auto parsed = net::parse_inet_address(name);
    return parsed.ok() ? parsed.value().port : uint16_t{0};
}

uint32_t user_socket::local_address() {
    net::socket_address name;
    (void)net::sock_getname(*socket_, name, net::proto_ops::which_name::own);
    const auto parsed = net::parse_inet_address(name);
    return parsed.ok() ? parsed.value().address : 0;
}

short user_socket::poll(short events, net::port::time_ns timeout) {
    poll_entry self{.socket = socket_, .events = events};
    sim::poll({&self, 1}, timeout);
    leave_if_killed();
    return self.holds;
}

} // namespace sim
