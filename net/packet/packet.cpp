// AF_PACKET's sockets: made, bound to a protocol and an interface, closed; options and readiness.
//
// Interface: packet_init() registers packet_family; the rest is reached through packet_ops and stack::tap.

#include "net/packet/packet.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/netdevice.h"
#include "kernel/lib/byte_order.hpp"
#include "kernel/lib/string.hpp"
#include "net/packet/packet_sock.hpp"

#include <new>

namespace net {

namespace {

void destroy_packet_sock(sock* sk) {
    auto* self = static_cast<packet_sock*>(sk);
    sock_purge_queues(*self);
    self->~packet_sock();
    port::release(self);
}

constexpr proto packet_prot = {
    .name = "PACKET",
    .create = nullptr,
    .destroy = destroy_packet_sock,
    .close = nullptr,
    .bind = nullptr,
    .connect = nullptr,
    .disconnect = nullptr,
    .listen = nullptr,
    .accept = nullptr,
    .shutdown = nullptr,
    .poll = nullptr,
    .ioctl = nullptr,
    .setsockopt = nullptr,
    .getsockopt = nullptr,
    .sendmsg = nullptr,
    .recvmsg = nullptr,
};

lib::result<void> packet_release(socket& which) {
    if (which.sk == nullptr) {
        return {};
    }
    packet_sock& self = packet_of(which);
    stack& in = *self.owner_stack;
    {
        port::guard table(in.packets->lock);
        in.packets->all.remove(self);
        __atomic_fetch_sub(&in.tap_users, 1, __ATOMIC_RELAXED);
        port::guard held(self.sock_lock);
        self.user_socket = nullptr;
        self.shutdown = both_shutdown;
        packet_leave_all(self);
    }
    which.sk = nullptr;
    lib::ref<sock>::adopt(&self).reset();
    return {};
}

lib::result<void> packet_bind(socket& which, const socket_address& address) {
    packet_sock& self = packet_of(which);
    sockaddr_ll wanted;
    if (address.length < sizeof wanted || address.any.sa_family != AF_PACKET) {
        return lib::error{EINVAL};
    }
    memcpy(&wanted, &address.storage, sizeof wanted);
    stack& in = *self.owner_stack;
    const auto index = static_cast<unsigned>(wanted.sll_ifindex);
    if (index != 0 && in.find_device(index) == nullptr) {
        return lib::error{ENODEV};
    }
    port::guard table(in.packets->lock);
    self.device_index = index;
    if (wanted.sll_protocol != 0) {
        self.protocol_wanted = lib::swap_bytes(wanted.sll_protocol);
    }
    return {};
}

lib::result<void> packet_getname(socket& which, socket_address& address, proto_ops::which_name wanted) {
    if (wanted != proto_ops::which_name::own) {
        return lib::error{EOPNOTSUPP};
    }
    packet_sock& self = packet_of(which);
    sockaddr_ll own = {};
    own.sll_family = AF_PACKET;
    {
        port::guard table(self.owner_stack->packets->lock);
        own.sll_protocol = lib::swap_bytes(self.protocol_wanted);
        own.sll_ifindex = static_cast<int>(self.device_index);
    }
    if (const net_device* device = self.owner_stack->find_device(self.device_index)) {
        own.sll_hatype = device->hardware_type;
        own.sll_halen = sizeof device->mac;
        memcpy(own.sll_addr, device->mac, sizeof device->mac);
    }
    memcpy(&address.storage, &own, sizeof own);
    address.length = sizeof own;
    return {};
}

short packet_poll(socket& which, port::poll_table* table) {
    packet_sock& self = packet_of(which);
    if (table != nullptr) {
        self.wait.add_poller(*table);
    }
    port::guard held(self.sock_lock);
    int mask = self.pending_error != 0 ? POLLERR : 0;
    mask |= self.receive_queue.empty() ? 0 : POLLIN | POLLRDNORM;
    mask |= sock_has_send_space(self) ? POLLOUT | POLLWRNORM | POLLWRBAND : 0;
    return static_cast<short>(mask);
}

lib::result<long> packet_ioctl(socket& which, unsigned command, uintptr_t argument) {
    packet_sock& self = packet_of(which);
    if (command != SIOCINQ && command != SIOCOUTQ) {
        return self.owner_stack->device_ioctl(*self.owner_stack, command, argument);
    }
    int answer = static_cast<int>(__atomic_load_n(&self.send_memory, __ATOMIC_RELAXED));
    if (command == SIOCINQ) {
        port::guard held(self.sock_lock);
        const sk_buff* first = self.receive_queue.front();
        answer = first != nullptr ? static_cast<int>(first->length()) : 0;
    }
    TRY(port::copy_to_user(argument, &answer, sizeof answer));
    return 0L;
}

lib::result<void> packet_setsockopt(socket& which, int level, int option, const void* value,
                                    uint32_t length) {
    if (level != SOL_PACKET || (option != PACKET_ADD_MEMBERSHIP && option != PACKET_DROP_MEMBERSHIP)) {
        return lib::error{ENOPROTOOPT};
    }
    packet_mreq request;
    if (length < sizeof request) {
        return lib::error{EINVAL};
    }
    memcpy(&request, value, sizeof request);
    packet_sock& self = packet_of(which);
    return option == PACKET_ADD_MEMBERSHIP ? packet_join(self, request) : packet_leave(self, request);
}

lib::result<void> packet_getsockopt(socket& which, int level, int option, void* value, uint32_t* length) {
    if (level != SOL_PACKET || option != PACKET_STATISTICS) {
        return lib::error{ENOPROTOOPT};
    }
    packet_sock& self = packet_of(which);
    port::guard held(self.sock_lock);
    const uint32_t statistics[2] = {std::exchange(self.packets, 0), std::exchange(self.losses, 0)};
    *length = *length < sizeof statistics ? *length : static_cast<uint32_t>(sizeof statistics);
    memcpy(value, statistics, *length);
    return {};
}

constexpr proto_ops packet_ops = {
    .family = AF_PACKET,
    .release = packet_release,
    .bind = packet_bind,
    .connect = nullptr,
    .socketpair = nullptr,
    .accept = nullptr,
    .getname = packet_getname,
    .poll = packet_poll,
    .ioctl = packet_ioctl,
    .listen = nullptr,
    .shutdown = nullptr,
    .setsockopt = packet_setsockopt,
    .getsockopt = packet_getsockopt,
    .sendmsg = packet_sendmsg,
    .recvmsg = packet_recvmsg,
};

lib::result<void> packet_create(stack& in, socket& fresh, int protocol) {
    if (!port::may_administer()) {
        return lib::error{EPERM};
    }
    if (fresh.type != SOCK_RAW && fresh.type != SOCK_DGRAM) {
        return lib::error{ESOCKTNOSUPPORT};
    }
    void* memory = port::allocate(sizeof(packet_sock), port::memory_tag::socket);
    if (memory == nullptr) {
        return lib::error{ENOMEM};
    }
    auto* made = new (memory) packet_sock(in, fresh.type);
    made->user_socket = &fresh;
    made->protocol_wanted = lib::swap_bytes(static_cast<uint16_t>(protocol)); // given in network order
    fresh.ops = &packet_ops;
    fresh.sk = made;
    port::guard table(in.packets->lock);
    in.packets->all.push_back(*made);
    __atomic_fetch_add(&in.tap_users, 1, __ATOMIC_RELAXED);
    return {};
}

constexpr net_proto_family packet_family = {.family = AF_PACKET, .create = packet_create};

/// stack::tap. A received frame is delivered at once, the copy of an outgoing one by the worker.
void tap_frame(stack& in, sk_buff& frame, net_device& device, frame_direction direction) {
    if (direction == frame_direction::received) {
        packet_see(in, frame, device, direction);
        return;
    }
    skb_ptr copy = clone_skb(frame, 0);
    if (!copy) {
        return;
    }
    copy->device = &device;
    port::guard held(in.packets->outgoing_lock);
    if (in.packets->outgoing.count() < packet_table::outgoing_limit) {
        in.packets->outgoing.push_back(std::move(copy));
        port::wake_worker(in);
    }
}

} // namespace

packet_sock::packet_sock(stack& in, uint16_t type_number) : sock(in, packet_prot, AF_PACKET, type_number, 0) {
    owner_uid = port::current_credentials().uid;
}

lib::result<void> packet_init(stack& in) {
    void* memory = port::allocate(sizeof(packet_table), port::memory_tag::table);
    if (memory == nullptr) {
        return lib::error{ENOMEM};
    }
    in.packets = new (memory) packet_table;
    in.tap = tap_frame;
    return in.register_family(packet_family);
}

void packet_exit(stack& in) {
    if (in.packets != nullptr) {
        in.packets->~packet_table();
        port::release(in.packets);
        in.packets = nullptr;
    }
}

void packet_deliver_outgoing(stack& in) {
    for (;;) {
        skb_ptr next;
        {
            port::guard held(in.packets->outgoing_lock);
            next = in.packets->outgoing.pop_front();
        }
        if (!next) {
            return;
        }
        packet_see(in, *next, *next->device, frame_direction::sent);
    }
}

void packet_report(stack& in, report_writer& to) {
    to.print("sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n");
    port::guard table(in.packets->lock);
    for (packet_sock& self : in.packets->all) {
        port::guard held(self.sock_lock);
        const uint64_t inode = self.user_socket != nullptr ? self.user_socket->inode : 0;
        to.print("%016lx %-6u %-4u %04x   %-5u %u %-6u %-6u %-6lu\n", static_cast<unsigned long>(self.id),
                 self.count(), self.type, self.protocol_wanted, self.device_index, 1u, self.receive_memory,
                 self.owner_uid, static_cast<unsigned long>(inode));
    }
}

} // namespace net
