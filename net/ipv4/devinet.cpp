// Interface ioctls. Every struct is copied in once, looked at, filled, and copied out once.
//
// Setting an address gives the interface the netmask of the address's class first, as Linux does; the
// netmask and broadcast are then changed by requests of their own.

#include "net/ipv4/devinet.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/inet.h"
#include "kernel/abi/netdevice.h"
#include "kernel/abi/time.h"
#include "kernel/lib/byte_order.hpp"
#include "kernel/lib/string.hpp"
#include "net/core/dev.hpp"
#include "net/ipv4/arp.hpp"
#include "net/ipv4/route_table.hpp"
#include "net/stack.hpp"
#include "net/wire/ethernet.hpp"

namespace net {
namespace {

uint32_t address_of(const sockaddr& from) {
    sockaddr_in in = {};
    memcpy(&in, &from, sizeof(in));
    return lib::swap_bytes(in.sin_addr.s_addr);
}

sockaddr to_sockaddr(uint32_t address) {
    sockaddr_in in = {};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = lib::swap_bytes(address);
    sockaddr out;
    memcpy(&out, &in, sizeof(out));
    return out;
}

uint32_t class_netmask(uint32_t address) {
    if (address == 0) {
        return 0;
    }
    if ((address >> 31) == 0) {
        return 0xff000000;
    }
    return (address >> 30) == 2 ? 0xffff0000 : 0xffffff00;
}

/// The flags that users see: what was set, and whether the link works.
short visible_flags(const net_device& device) {
    uint32_t flags = device.flags & ~static_cast<uint32_t>(IFF_RUNNING);
    if ((flags & IFF_UP) != 0 && __atomic_load_n(&device.carrier, __ATOMIC_ACQUIRE)) {
        flags |= IFF_RUNNING;
    }
    return static_cast<short>(flags);
}

// ---- one interface ---------------------------------------------------------------------------------------

lib::result<interface_address> current_address(stack& in, net_device& device) {
    return find_interface_address(in, device);
}

lib::result<void> set_address(stack& in, net_device& device, uint32_t address) {
    const uint32_t netmask = class_netmask(address);
    return set_interface_address(in, device, address, netmask, address | ~netmask);
}

lib::result<void> set_netmask(stack& in, net_device& device, uint32_t netmask) {
    const interface_address now = TRY(current_address(in, device));
    return set_interface_address(in, device, now.address, netmask, now.address | ~netmask);
}

lib::result<void> set_broadcast(stack& in, net_device& device, uint32_t broadcast) {
    const interface_address now = TRY(current_address(in, device));
    return set_interface_address(in, device, now.address, now.netmask, broadcast);
}

lib::result<void> set_flags(net_device& device, short wanted) {
    constexpr uint32_t changeable = IFF_PROMISC | IFF_ALLMULTI | IFF_DEBUG | IFF_NOTRAILERS;
    const auto flags = static_cast<uint32_t>(static_cast<unsigned short>(wanted));
    {
        port::guard held(device.device_lock);
        const uint32_t before = device.flags;
        device.flags = (before & ~changeable) | (flags & changeable);
        const bool filter_changed = ((before ^ device.flags) & (IFF_PROMISC | IFF_ALLMULTI)) != 0;
        if (filter_changed && device.ops->set_receive_mode != nullptr && (before & IFF_UP) != 0) {
            device.ops->set_receive_mode(device);
        }
    }
    if ((flags & IFF_UP) == 0) {
        dev_close(device);
        return {};
    }
    return dev_open(device);
}

lib::result<void> set_mtu(net_device& device, int mtu) {
    constexpr int smallest = 68; // RFC 791
    if (mtu < smallest || mtu > 65536) {
        return lib::error{EINVAL};
    }
    {
        port::guard held(device.device_lock);
        if (device.ops->change_mtu != nullptr) {
            TRY(device.ops->change_mtu(device, static_cast<uint32_t>(mtu)));
        } else if (device.hardware_type == ARPHRD_ETHER && mtu > 1500) {
            return lib::error{EINVAL};
        }
        device.mtu = static_cast<uint32_t>(mtu);
    }
    routes_forget_answers(*device.owner_stack);
    return {};
}

lib::result<void> set_mac(net_device& device, const sockaddr& address) {
    if (device.ops->set_mac == nullptr) {
        return lib::error{EOPNOTSUPP};
    }
    const auto* mac = reinterpret_cast<const uint8_t*>(address.sa_data);
    if (address.sa_family != device.hardware_type) {
        return lib::error{EINVAL};
    }
    if (wire::mac_is_group(mac) || wire::mac_is_zero(mac)) {
        return lib::error{EADDRNOTAVAIL};
    }
    port::guard held(device.device_lock);
    TRY(device.ops->set_mac(device, mac));
    memcpy(device.mac, mac, sizeof(device.mac));
    return {};
}

lib::result<void> get_hardware_address(const net_device& device, ifreq& request) {
    request.ifr_hwaddr = {};
    request.ifr_hwaddr.sa_family = device.hardware_type;
    memcpy(request.ifr_hwaddr.sa_data, device.mac, sizeof(device.mac));
    return {};
}

lib::result<void> get_from_device(stack& in, net_device& device, unsigned command, ifreq& request) {
    switch (command) {
    case SIOCGIFFLAGS:
        request.ifr_flags = visible_flags(device);
        return {};
    case SIOCGIFINDEX:
        request.ifr_ifindex = static_cast<int>(device.index);
        return {};
    case SIOCGIFMTU:
        request.ifr_mtu = static_cast<int>(device.mtu);
        return {};
    case SIOCGIFMETRIC:
        request.ifr_metric = 0;
        return {};
    case SIOCGIFTXQLEN:
        request.ifr_qlen = static_cast<int>(device.transmit_queue_limit);
        return {};
    case SIOCGIFHWADDR:
        return get_hardware_address(device, request);
    case SIOCGIFMAP:
        request.ifr_map = {};
        return {};
    case SIOCGIFSLAVE: // no interface is a bundle of others
        return lib::error{EINVAL};
    default:
        break;
    }
    const interface_address now = TRY(current_address(in, device));
    switch (command) {
    case SIOCGIFADDR:
    case SIOCGIFDSTADDR:
        request.ifr_addr = to_sockaddr(now.address);
        return {};
    case SIOCGIFBRDADDR:
        request.ifr_broadaddr = to_sockaddr(now.broadcast);
        return {};
    case SIOCGIFNETMASK:
        request.ifr_netmask = to_sockaddr(now.netmask);
        return {};
    default:
        return lib::error{EINVAL};
    }
}

lib::result<void> set_on_device(stack& in, net_device& device, unsigned command, const ifreq& request) {
    switch (command) {
    case SIOCSIFFLAGS:
        return set_flags(device, request.ifr_flags);
    case SIOCSIFADDR:
        return set_address(in, device, address_of(request.ifr_addr));
    case SIOCSIFNETMASK:
        return set_netmask(in, device, address_of(request.ifr_netmask));
    case SIOCSIFBRDADDR:
        return set_broadcast(in, device, address_of(request.ifr_broadaddr));
    case SIOCSIFMTU:
        return set_mtu(device, request.ifr_mtu);
    case SIOCSIFHWADDR:
        return set_mac(device, request.ifr_hwaddr);
    case SIOCSIFTXQLEN: {
        if (request.ifr_qlen < 0) {
            return lib::error{EINVAL};
        }
        port::guard held(device.device_lock);
        device.transmit_queue_limit = static_cast<uint32_t>(request.ifr_qlen);
        return {};
    }
    case SIOCADDMULTI:
        return dev_add_multicast(device, reinterpret_cast<const uint8_t*>(request.ifr_hwaddr.sa_data));
    case SIOCDELMULTI:
        dev_remove_multicast(device, reinterpret_cast<const uint8_t*>(request.ifr_hwaddr.sa_data));
        return {};
    case SIOCSIFSLAVE:
        return lib::error{EINVAL};
    default:
        return lib::error{EOPNOTSUPP};
    }
}

enum class request_kind : uint8_t { gets, sets };

/// What a request does to an interface; or the error with which Linux answers it, whatever its argument is.
lib::result<request_kind> kind_of(unsigned command) {
    switch (command) {
    case SIOCGIFNAME:
    case SIOCGIFFLAGS:
    case SIOCGIFADDR:
    case SIOCGIFDSTADDR:
    case SIOCGIFBRDADDR:
    case SIOCGIFNETMASK:
    case SIOCGIFMETRIC:
    case SIOCGIFMTU:
    case SIOCGIFHWADDR:
    case SIOCGIFSLAVE:
    case SIOCGIFINDEX:
    case SIOCGIFTXQLEN:
    case SIOCGIFMAP:
        return request_kind::gets;
    case SIOCSIFFLAGS:
    case SIOCSIFADDR:
    case SIOCSIFDSTADDR:
    case SIOCSIFBRDADDR:
    case SIOCSIFNETMASK:
    case SIOCSIFMETRIC:
    case SIOCSIFMTU:
    case SIOCSIFNAME:
    case SIOCSIFHWADDR:
    case SIOCSIFSLAVE:
    case SIOCSIFHWBROADCAST:
    case SIOCSIFTXQLEN:
    case SIOCSIFMAP:
    case SIOCADDMULTI:
    case SIOCDELMULTI:
        return request_kind::sets;
    case SIOCGIFPFLAGS:
    case SIOCSIFPFLAGS:
        return lib::error{EINVAL};
    case SIOCGIFBR:
    case SIOCSIFBR:
        return lib::error{EOPNOTSUPP};
    default:
        return lib::error{ENOTTY};
    }
}

lib::result<void> device_request(stack& in, unsigned command, uintptr_t argument) {
    ifreq request = {};
    TRY(port::copy_from_user(&request, argument, sizeof(request)));
    request.ifr_name[IFNAMSIZ - 1] = '\0';
    const bool sets = TRY(kind_of(command)) == request_kind::sets;
    if (sets && !port::may_administer()) {
        return lib::error{EPERM};
    }
    if (command == SIOCGIFNAME) {
        const net_device* device = in.find_device(static_cast<unsigned>(request.ifr_ifindex));
        if (device == nullptr) {
            return lib::error{ENODEV};
        }
        memcpy(request.ifr_name, device->name, IFNAMSIZ);
        return port::copy_to_user(argument, &request, sizeof(request));
    }
    // "eth0:1" names an alias of eth0 in old programs; there is one address per interface here.
    net_device* device = in.find_device(request.ifr_name);
    if (device == nullptr) {
        return lib::error{ENODEV};
    }
    if (sets) {
        return set_on_device(in, *device, command, request);
    }
    TRY(get_from_device(in, *device, command, request));
    return port::copy_to_user(argument, &request, sizeof(request));
}

// ---- all interfaces --------------------------------------------------------------------------------------

/// SIOCGIFCONF: one ifreq per address. A null buffer asks how long the answer would be.
lib::result<void> list_addresses(stack& in, uintptr_t argument) {
    ifconf request = {};
    TRY(port::copy_from_user(&request, argument, sizeof(request)));
    ifreq entries[route_table::max_addresses];
    unsigned count = 0;
    {
        port::guard held(in.routes->lock);
        for (const interface_address& address : in.routes->addresses_in_use()) {
            ifreq& entry = entries[count++];
            entry = {};
            memcpy(entry.ifr_name, address.device->name, IFNAMSIZ);
            entry.ifr_addr = to_sockaddr(address.address);
        }
    }
    size_t bytes = count * sizeof(ifreq);
    const auto buffer = reinterpret_cast<uintptr_t>(request.ifc_buf);
    if (buffer != 0) {
        const size_t room = request.ifc_len < 0 ? 0 : static_cast<size_t>(request.ifc_len);
        bytes = bytes < room ? bytes : room - room % sizeof(ifreq);
        TRY(port::copy_to_user(buffer, entries, bytes));
    }
    request.ifc_len = static_cast<int>(bytes);
    return port::copy_to_user(argument, &request, sizeof(request));
}

// ---- neighbours ------------------------------------------------------------------------------------------

lib::result<void> arp_request_ioctl(stack& in, unsigned command, uintptr_t argument) {
    arpreq request = {};
    TRY(port::copy_from_user(&request, argument, sizeof(request)));
    request.arp_dev[sizeof(request.arp_dev) - 1] = '\0';
    if (command != SIOCGARP && !port::may_administer()) {
        return lib::error{EPERM};
    }
    if (request.arp_pa.sa_family != AF_INET) {
        return lib::error{EPFNOSUPPORT};
    }
    const uint32_t address = address_of(request.arp_pa);
    net_device* device = nullptr;
    if (request.arp_dev[0] != '\0') {
        device = in.find_device(request.arp_dev);
        if (device == nullptr) {
            return lib::error{ENODEV};
        }
    }
    if (command == SIOCDARP) {
        return arp_delete(in, address, device);
    }
    if (command == SIOCSARP) {
        if (device == nullptr) {
            device = TRY(route_output(in, {.destination = address, .on_link = true})).device;
        }
        arp_entry entry = {.address = address,
                           .device = device,
                           .permanent = (request.arp_flags & ATF_PERM) != 0,
                           .complete = true};
        memcpy(entry.mac, request.arp_ha.sa_data, sizeof(entry.mac));
        return arp_set(in, entry);
    }
    const arp_entry found = TRY(arp_get(in, address, device));
    request.arp_ha = {};
    request.arp_ha.sa_family = found.device->hardware_type;
    memcpy(request.arp_ha.sa_data, found.mac, sizeof(found.mac));
    request.arp_flags = (found.complete ? ATF_COM : 0) | (found.permanent ? ATF_PERM : 0);
    memcpy(request.arp_dev, found.device->name, sizeof(request.arp_dev));
    return port::copy_to_user(argument, &request, sizeof(request));
}

// ---- routes ----------------------------------------------------------------------------------------------

/// The device whose name stands in user memory. Byte by byte, for it may end just before a page does.
lib::result<net_device*> device_named_by_user(stack& in, uintptr_t name_at) {
    char name[IFNAMSIZ] = {};
    for (unsigned i = 0; i + 1 < IFNAMSIZ; i++) {
        TRY(port::copy_from_user(&name[i], name_at + i, 1));
        if (name[i] == '\0') {
            break;
        }
    }
    net_device* device = in.find_device(name);
    if (device == nullptr) {
        return lib::error{ENODEV};
    }
    return device;
}

lib::result<void> route_ioctl(stack& in, unsigned command, uintptr_t argument) {
    if (!port::may_administer()) {
        return lib::error{EPERM};
    }
    rtentry request = {};
    TRY(port::copy_from_user(&request, argument, sizeof(request)));
    if (request.rt_dst.sa_family != AF_INET) {
        return lib::error{EAFNOSUPPORT};
    }
    route_key key = {.destination = address_of(request.rt_dst),
                     .netmask =
                         (request.rt_flags & RTF_HOST) != 0 ? 0xffffffff : address_of(request.rt_genmask),
                     .metric = request.rt_metric > 0 ? static_cast<uint32_t>(request.rt_metric - 1) : 0,
                     .reject = (request.rt_flags & RTF_REJECT) != 0};
    if ((request.rt_flags & RTF_GATEWAY) != 0) {
        key.gateway = address_of(request.rt_gateway);
        if (key.gateway == 0) {
            return lib::error{EINVAL};
        }
    }
    if (request.rt_dev != nullptr) {
        key.device = TRY(device_named_by_user(in, reinterpret_cast<uintptr_t>(request.rt_dev)));
    }
    return command == SIOCADDRT ? add_route(in, key) : remove_route(in, key);
}

} // namespace

bool is_interface_request(unsigned command) {
    const bool route = command == SIOCADDRT || command == SIOCDELRT;
    const bool arp = command >= SIOCDARP && command <= SIOCSARP;
    const bool interface = command >= SIOCGIFNAME && command <= SIOCETHTOOL;
    return route || arp || interface || command == SIOCGIFMAP || command == SIOCSIFMAP;
}

lib::result<long> interface_ioctl(stack& in, unsigned command, uintptr_t argument) {
    switch (command) {
    case SIOCADDRT:
    case SIOCDELRT:
        TRY(route_ioctl(in, command, argument));
        return 0;
    case SIOCGIFCONF:
        TRY(list_addresses(in, argument));
        return 0;
    case SIOCSARP:
    case SIOCGARP:
    case SIOCDARP:
        TRY(arp_request_ioctl(in, command, argument));
        return 0;
    case SIOCETHTOOL:
        return lib::error{EOPNOTSUPP};
    default:
        TRY(device_request(in, command, argument));
        return 0;
    }
}

lib::result<long> report_last_stamp(sock& sk, uintptr_t argument) {
    port::time_ns stamp = 0;
    {
        port::guard held(sk.sock_lock);
        stamp = sk.last_stamp;
    }
    if (stamp == 0) {
        return lib::error{ENOENT};
    }
    const port::time_ns wall = port::wall_clock() - (port::now() - stamp);
    timeval time = {};
    time.tv_sec = static_cast<decltype(time.tv_sec)>(wall / port::second);
    time.tv_usec = static_cast<decltype(time.tv_usec)>(wall % port::second / port::microsecond);
    TRY(port::copy_to_user(argument, &time, sizeof(time)));
    return 0;
}

} // namespace net
