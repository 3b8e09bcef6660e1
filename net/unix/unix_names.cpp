// Names: a path in the file system, or an abstract name whose first byte is 0 and which exists only here.
//
// A path is looked up in the file system (the port does that, before any lock of ours is taken) and then by
// the number of the node it leads to, so links to a socket work as they should. The node outlives its socket:
// connecting to a left-over node is refused, and binding to its path fails with EADDRINUSE.

#include "kernel/abi/errno.h"
#include "kernel/lib/format.hpp"
#include "kernel/lib/string.hpp"
#include "net/unix/unix_sock.hpp"

#include <new>

namespace net {

namespace {

constexpr uint32_t automatic_names = 1 << 20; // five hexadecimal digits, as Linux

bool is_path(const socket_address& address) {
    return address.length > unix_path_offset && address.any.sa_data[0] != 0;
}

/// Copies the address and ends a path with a NUL.
lib::result<lib::ref<unix_name>> parse_name(const socket_address& address) {
    TRY(check_unix_address(address));
    sockaddr_un given = {};
    memcpy(&given, &address.storage, address.length);
    uint32_t length = address.length;
    if (is_path(address)) {
        // A path of all 108 bytes has no NUL; it may use them all.
        uint32_t letters = 0;
        while (letters < length - unix_path_offset && given.sun_path[letters] != 0) {
            letters++;
        }
        length = unix_path_offset + letters + (letters < UNIX_PATH_MAX ? 1 : 0);
    }
    lib::ref<unix_name> name = unix_name::create(given, length);
    if (!name) {
        return lib::error{ENOMEM};
    }
    return name;
}

/// The path with its NUL, for the port.
struct path_text {
    char text[UNIX_PATH_MAX + 1] = {};
    explicit path_text(const unix_name& name) {
        memcpy(text, name.address.sun_path, name.length - unix_path_offset);
    }
};

unsigned bucket_of(const unix_name& name) {
    uint64_t hash = name.node;
    if (name.node == 0) {
        // FNV-1a; who fills one bucket slows down only names of this machine
        hash = 0xcbf29ce484222325;
        for (uint32_t index = 0; index < name.length - unix_path_offset; index++) {
            hash = (hash ^ static_cast<uint8_t>(name.address.sun_path[index])) * 0x100000001b3;
        }
    }
    return static_cast<unsigned>((hash ^ hash >> 32) % unix_table::buckets);
}

bool same_name(const unix_name& left, const unix_name& right) {
    if (left.node != 0 || right.node != 0) {
        return left.node == right.node;
    }
    return left.length == right.length && memcmp(&left.address, &right.address, left.length) == 0;
}

/// Abstract names are apart for each type of socket, as on Linux; a node is one thing. Table lock held.
unix_sock* find_by_name(unix_table& table, const unix_name& name, uint16_t type) {
    for (unix_sock& candidate : table.names[bucket_of(name)]) {
        if (same_name(*candidate.name, name) && (name.node != 0 || candidate.type == type)) {
            return &candidate;
        }
    }
    return nullptr;
}

/// Gives the sock its name. Table lock held. EADDRINUSE, EINVAL (it has one already).
lib::result<void> enter_name(unix_table& table, unix_sock& self, lib::ref<unix_name> name) {
    if (self.name) {
        return lib::error{EINVAL};
    }
    if (find_by_name(table, *name, self.type) != nullptr) {
        return lib::error{EADDRINUSE};
    }
    table.names[bucket_of(*name)].push_back(self);
    port::guard held(self.sock_lock);
    self.name = std::move(name);
    return {};
}

/// A free abstract name of five digits. ENOSPC, ENOMEM; nothing to do if the sock has a name.
lib::result<void> bind_automatically(unix_table& table, unix_sock& self) {
    port::guard topology(table.lock);
    if (self.name) {
        return {};
    }
    for (uint32_t attempt = 0; attempt < automatic_names; attempt++) {
        sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
        const uint32_t number = table.next_automatic_name++ % automatic_names;
        lib::format(address.sun_path + 1, sizeof address.sun_path - 1, "%05x", number);
        lib::ref<unix_name> name = unix_name::create(address, unix_path_offset + 6);
        if (!name) {
            return lib::error{ENOMEM};
        }
        if (find_by_name(table, *name, self.type) == nullptr) {
            return enter_name(table, self, std::move(name));
        }
    }
    return lib::error{ENOSPC};
}

} // namespace

lib::result<void> check_unix_address(const socket_address& address) {
    const bool named = address.length > unix_path_offset && address.length <= sizeof(sockaddr_un) &&
                       address.any.sa_family == AF_UNIX;
    return named ? lib::result<void>() : lib::error{EINVAL};
}

lib::ref<unix_name> unix_name::create(const sockaddr_un& from, uint32_t length_bytes) {
    void* memory = port::allocate(sizeof(unix_name), port::memory_tag::socket);
    if (memory == nullptr) {
        return nullptr;
    }
    auto made = lib::ref<unix_name>::adopt(new (memory) unix_name);
    made->address = from;
    made->length = length_bytes;
    return made;
}

void unix_name::release_last(unix_name* name) {
    name->~unix_name();
    port::release(name);
}

lib::result<void> unix_bind(socket& which, const socket_address& address) {
    unix_sock& self = unix_of(which);
    unix_table& table = *self.owner_stack->unix_sockets;
    if (address.length == unix_path_offset && address.any.sa_family == AF_UNIX) {
        return bind_automatically(table, self);
    }
    lib::ref<unix_name> name = TRY(parse_name(address));
    {
        // Before a node is made in vain; enter_name looks again.
        port::guard topology(table.lock);
        if (self.name) {
            return lib::error{EINVAL};
        }
    }
    if (is_path(address)) {
        name->node = TRY(port::create_socket_node(path_text(*name).text));
    }
    port::guard topology(table.lock);
    return enter_name(table, self, std::move(name));
}

void forget_name(unix_sock& self) {
    if (self.name_link.linked()) {
        unix_table::name_list::remove(self);
    }
}

lib::result<lib::ref<unix_sock>> find_unix_sock(stack& in, const socket_address& address, uint16_t type) {
    lib::ref<unix_name> name = TRY(parse_name(address));
    if (is_path(address)) {
        name->node = TRY(port::find_socket_node(path_text(*name).text));
    }
    unix_table& table = *in.unix_sockets;
    port::guard topology(table.lock);
    unix_sock* found = find_by_name(table, *name, type);
    if (found == nullptr) {
        return lib::error{ECONNREFUSED};
    }
    return lib::ref<unix_sock>::share(found);
}

void fill_address(const unix_name* name, socket_address& address) {
    if (name == nullptr) {
        address.any.sa_family = AF_UNIX;
        address.length = unix_path_offset;
        return;
    }
    memcpy(&address.storage, &name->address, name->length);
    address.length = name->length;
}

lib::result<void> unix_getname(socket& which, socket_address& address, proto_ops::which_name wanted) {
    unix_sock& self = unix_of(which);
    port::guard topology(self.owner_stack->unix_sockets->lock);
    const unix_sock* told = &self;
    if (wanted != proto_ops::which_name::own) {
        told = self.peer.get();
        if (told == nullptr) {
            return lib::error{ENOTCONN};
        }
    }
    fill_address(told->name.get(), address);
    return {};
}

} // namespace net
