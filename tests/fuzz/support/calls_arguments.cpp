#include "fuzz/support/calls_arguments.hpp"

#include "fuzz/support/host.hpp"
#include "fuzz/support/world.hpp"
#include "kernel/lib/byte_order.hpp"

namespace fuzz {

namespace {

void put_inet(input& in, uint32_t own, net::socket_address& to) {
    const uint32_t addresses[] = {0,          own,         0x7f000001, network | 2, network | 254,
                                  0xe0000005, network | 9, 0xffffffff, 0xc0000201,  network | 255,
                                  0xf0000001, 0x7fffffff};
    static constexpr uint16_t ports[] = {0, 7, 80, 90, 2000, 5000, 5001, 68, 65535, 1023};
    to.in.sin_family = AF_INET;
    to.in.sin_addr.s_addr = lib::swap_bytes(in.one_of(addresses));
    to.in.sin_port = lib::swap_bytes(in.one_of(ports));
    to.length = sizeof(sockaddr_in);
}

void put_unix(input& in, net::socket_address& to) {
    auto& name = *reinterpret_cast<sockaddr_un*>(&to.storage);
    name.sun_family = AF_UNIX;
    const unsigned how = in.byte();
    size_t length = how >> 4;
    if (length == 15) {
        length = UNIX_PATH_MAX - (how & 1);
    }
    std::memset(name.sun_path, 'a' + static_cast<int>(how & 3), length);
    if ((how & 4) != 0 && length > 0) {
        name.sun_path[0] = '\0'; // an abstract name
    }
    to.length = static_cast<uint32_t>(offsetof(sockaddr_un, sun_path) + length);
}

void put_packet(input& in, net::socket_address& to) {
    static constexpr uint16_t protocols[] = {ETH_P_ALL, ETH_P_IP, ETH_P_ARP, 0};
    auto& place = *reinterpret_cast<sockaddr_ll*>(&to.storage);
    place.sll_family = AF_PACKET;
    place.sll_protocol = lib::swap_bytes(in.one_of(protocols));
    place.sll_ifindex = static_cast<int>(in.below(4));
    place.sll_halen = in.below(4) == 3 ? in.byte() : uint8_t{6};
    to.length = sizeof(sockaddr_ll);
}

} // namespace

void pick_socket_address(input& in, const net::socket& which, uint32_t own, net::socket_address& to) {
    const unsigned how = in.byte();
    const unsigned family = how < 224 ? which.family : how & 31;
    switch (family) {
    case AF_INET:
        put_inet(in, own, to);
        break;
    case AF_UNIX:
        put_unix(in, to);
        break;
    case AF_PACKET:
        put_packet(in, to);
        break;
    default: {
        const std::span<const uint8_t> bytes = in.bytes(in.below(40));
        std::memcpy(&to.storage, bytes.data(), bytes.size());
        to.any.sa_family = static_cast<sa_family_t>(family);
        to.length = sizeof(sockaddr);
    }
    }
    if (how >= 200 && how < 224) {
        to.length = in.byte() % (sizeof(to.storage) + 1);
    }
}

uintptr_t pick_user_address(input& in) {
    const unsigned how = in.byte();
    const auto start = reinterpret_cast<uintptr_t>(user_memory);
    if (how < 240) {
        return start + how * 64;
    }
    const uintptr_t edges[] = {0, 1, start + user_memory_bytes - 1, start + user_memory_bytes, ~uintptr_t{0}};
    return edges[how % std::size(edges)];
}

int pick_number(input& in) {
    static constexpr int table[] = {0,   1,     2,     -1,    3,       4,         8,         255,    256,
                                    536, 32767, 65535, 65536, 1 << 20, INT32_MAX, INT32_MIN, 100000, 68};
    const unsigned choice = in.byte();
    if (choice < 64) {
        return table[choice % std::size(table)];
    }
    return choice < 250 ? static_cast<int>(choice) - 64 : static_cast<int>(in.number());
}

} // namespace fuzz
