// Options and ioctls: all that exist, and some that do not.

#include "fuzz/support/calls.hpp"
#include "fuzz/support/calls_arguments.hpp"
#include "fuzz/support/world.hpp"

#include <memory>

namespace fuzz {

namespace {

constexpr int levels[] = {SOL_SOCKET,  SOL_SOCKET,  IPPROTO_IP, IPPROTO_IP, IPPROTO_TCP,
                          IPPROTO_TCP, IPPROTO_UDP, SOL_PACKET, SOL_RAW,    SOL_IPV6};

constexpr unsigned commands[] = {
    SIOCADDRT,      SIOCDELRT,      SIOCGIFNAME,    SIOCSIFLINK,    SIOCGIFCONF,    SIOCGIFFLAGS,
    SIOCSIFFLAGS,   SIOCGIFADDR,    SIOCSIFADDR,    SIOCGIFDSTADDR, SIOCSIFDSTADDR, SIOCGIFBRDADDR,
    SIOCSIFBRDADDR, SIOCGIFNETMASK, SIOCSIFNETMASK, SIOCGIFMETRIC,  SIOCSIFMETRIC,  SIOCGIFMTU,
    SIOCSIFMTU,     SIOCSIFNAME,    SIOCSIFHWADDR,  SIOCGIFHWADDR,  SIOCADDMULTI,   SIOCDELMULTI,
    SIOCGIFINDEX,   SIOCGIFTXQLEN,  SIOCSIFTXQLEN,  SIOCETHTOOL,    SIOCDARP,       SIOCGARP,
    SIOCSARP,       SIOCGIFMAP,     SIOCSIFMAP,     SIOCATMARK,     SIOCGSTAMP,     SIOCINQ,
    SIOCOUTQ};

constexpr const char* device_names[] = {"eth0", "eth0", "lo", "eth1", "", "a name of sixteen"};

/// A value for setsockopt: what the option wants, or anything.
uint32_t pick_value(input& in, uint8_t (&value)[64]) {
    const unsigned how = in.byte();
    std::memset(value, 0, sizeof(value));
    switch (how & 7) {
    case 0:
    case 1:
    case 2: {
        const int number = pick_number(in);
        std::memcpy(value, &number, sizeof(number));
        return (how & 0xf0) == 0xf0 ? how >> 3 & 1 : sizeof(number);
    }
    case 3: { // a group, or a timeout, or a linger
        const int first = pick_number(in);
        const int second = pick_number(in);
        std::memcpy(value, &first, sizeof(first));
        std::memcpy(value + 8, &second, sizeof(second));
        return 16;
    }
    case 4: {
        static constexpr const char* names[] = {"cubic", "reno", "lo", "eth0", "none", ""};
        const char* name = in.one_of(names);
        std::memcpy(value, name, std::strlen(name));
        return (how & 8) != 0 ? static_cast<uint32_t>(std::strlen(name)) : 16;
    }
    case 5: { // a membership of AF_INET
        static constexpr uint32_t groups[] = {0x050000e0, 0x010000e0, 0x010000ef, 0x0100000a, 0};
        const uint32_t group = in.one_of(groups);
        std::memcpy(value, &group, sizeof(group));
        value[8] = static_cast<uint8_t>(in.below(4));
        return (how & 8) != 0 ? 8 : 12;
    }
    case 6: { // a membership of AF_PACKET
        const packet_mreq wanted = {.mr_ifindex = static_cast<int>(in.below(4)),
                                    .mr_type = static_cast<unsigned short>(in.below(4)),
                                    .mr_alen = 6,
                                    .mr_address = {1, 0, 0x5e, 0, 0, in.byte()}};
        std::memcpy(value, &wanted, sizeof(wanted));
        return sizeof(wanted);
    }
    default: {
        const std::span<const uint8_t> bytes = in.bytes(in.below(65));
        std::memcpy(value, bytes.data(), bytes.size());
        return static_cast<uint32_t>(bytes.size());
    }
    }
}

void put_inet(sockaddr& to, input& in, uint32_t own) {
    const uint32_t addresses[] = {own,         0,          network | 2,   network | 254, network,
                                  0xffffff00,  0xffffffff, network | 250, 0x7f000001,    0x0a010000,
                                  0xffff0000u, 0xe0000001, 0xc0a80001};
    auto& address = reinterpret_cast<sockaddr_in&>(to);
    address.sin_family = in.below(16) == 15 ? in.byte() : uint16_t{AF_INET};
    address.sin_addr.s_addr = __builtin_bswap32(in.one_of(addresses));
}

/// The structure that a command takes, in user memory.
void fill_argument(input& in, unsigned command, uint32_t own, uint8_t* to) {
    if (command == SIOCADDRT || command == SIOCDELRT) {
        rtentry route = {};
        put_inet(route.rt_dst, in, own);
        put_inet(route.rt_gateway, in, own);
        put_inet(route.rt_genmask, in, own);
        route.rt_flags =
            static_cast<unsigned short>(RTF_UP | (in.byte() & ~1u) | (in.below(8) == 7 ? RTF_REJECT : 0));
        route.rt_metric = static_cast<short>(in.below(4));
        if (in.flip()) {
            route.rt_dev = reinterpret_cast<char*>(to + sizeof(route));
            std::strncpy(reinterpret_cast<char*>(to + sizeof(route)), in.one_of(device_names), IFNAMSIZ);
        }
        std::memcpy(to, &route, sizeof(route));
    } else if (command == SIOCSARP || command == SIOCGARP || command == SIOCDARP) {
        arpreq entry = {};
        put_inet(entry.arp_pa, in, own);
        entry.arp_ha.sa_family = ARPHRD_ETHER;
        entry.arp_ha.sa_data[0] = 2;
        entry.arp_ha.sa_data[5] = static_cast<char>(in.byte());
        entry.arp_flags = in.flip() ? ATF_PERM | ATF_COM : in.byte();
        std::strncpy(entry.arp_dev, in.flip() ? "eth0" : "", sizeof(entry.arp_dev));
        std::memcpy(to, &entry, sizeof(entry));
    } else if (command == SIOCGIFCONF) {
        ifconf all = {};
        all.ifc_len = pick_number(in);
        all.ifc_buf = reinterpret_cast<char*>(pick_user_address(in));
        std::memcpy(to, &all, sizeof(all));
    } else {
        ifreq request = {};
        std::strncpy(request.ifr_name, in.one_of(device_names), IFNAMSIZ);
        const unsigned how = in.byte();
        if ((how & 3) == 0) {
            put_inet(request.ifr_addr, in, own);
        } else if ((how & 3) == 1) {
            request.ifr_mtu = pick_number(in);
        } else if ((how & 3) == 2) {
            request.ifr_flags = static_cast<short>(in.word() | (how >> 2 & 1));
        } else {
            const std::span<const uint8_t> bytes = in.bytes(sizeof(request.ifr_ifru));
            std::memcpy(&request.ifr_ifru, bytes.data(), bytes.size());
        }
        std::memcpy(to, &request, sizeof(request));
    }
}

} // namespace

void caller::set_option(input& in) {
    net::socket* which = pick(in);
    if (which == nullptr) {
        return;
    }
    const int level = in.one_of(levels);
    const int option = in.byte() % 128;
    uint8_t value[64];
    const uint32_t length = pick_value(in, value);
    const std::unique_ptr<uint8_t[]> exact(new uint8_t[length]); // one byte too many is noticed
    std::memcpy(exact.get(), value, length);
    (void)net::sock_setsockopt(*which, level, option, exact.get(), length);
}

void caller::get_option(input& in) {
    net::socket* which = pick(in);
    if (which == nullptr) {
        return;
    }
    const int level = in.one_of(levels);
    const int option = in.byte() % 128;
    static constexpr uint16_t rooms[] = {4, 512, 0, 1, 3, 8, 16, 15, 104};
    const uint32_t room = in.one_of(rooms);
    const std::unique_ptr<uint8_t[]> exact(new uint8_t[room]);
    uint32_t length = room;
    if (net::sock_getsockopt(*which, level, option, exact.get(), &length).ok()) {
        require(length <= room, "an option longer than the room for it");
    }
}

void caller::ioctl(input& in) {
    net::socket* which = pick(in);
    if (which == nullptr) {
        return;
    }
    const unsigned choice = in.byte();
    const unsigned command = choice < 250 ? commands[choice % std::size(commands)] : in.word();
    uintptr_t argument = reinterpret_cast<uintptr_t>(user_memory);
    if (in.below(8) == 7) {
        argument = pick_user_address(in);
    } else {
        fill_argument(in, command, on_.ip(), user_memory);
    }
    (void)net::sock_ioctl(*which, command, argument);
}

} // namespace fuzz
