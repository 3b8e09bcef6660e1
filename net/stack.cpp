// One network stack: makes the layers in order, connects them, and runs what the worker runs.
//
// Interface: stack.hpp. This file alone knows every layer.

#include "net/stack.hpp"

#include "kernel/abi/errno.h"
#include "kernel/lib/format.hpp"
#include "kernel/lib/string.hpp"
#include "net/core/dev.hpp"
#include "net/core/loopback.hpp"
#include "net/ethernet/ethernet.hpp"
#include "net/unix/unix.hpp"

#include <new>

namespace net {

namespace {

lib::result<void> make_layers(stack& in) {
    ethernet_init(in);
    in.loopback = TRY(create_loopback(in));
    TRY(unix_init(in));
    return dev_open(*in.loopback);
}

} // namespace

lib::result<stack*> stack::create() {
    void* memory = port::allocate(sizeof(stack), port::memory_tag::other);
    if (memory == nullptr) {
        return lib::error{ENOMEM};
    }
    auto* made = new (memory) stack;
    const auto outcome = make_layers(*made);
    if (!outcome.ok()) {
        destroy(made);
        return outcome.error();
    }
    return made;
}

void stack::destroy(stack* which) {
    unix_exit(*which);
    if (which->loopback != nullptr) {
        unregister_netdev(*which->loopback);
        destroy_loopback(which->loopback);
    }
    which->~stack();
    port::release(which);
}

port::time_ns stack::run() {
    const bool more = poll_devices(*this);
    const port::time_ns next = timers.run(port::now());
    return more ? port::now() : next;
}

lib::result<void> stack::register_family(const net_proto_family& family) {
    if (families_[family.family] != nullptr) {
        return lib::error{EEXIST};
    }
    families_[family.family] = &family;
    return {};
}

void stack::register_link_handler(const link_handler& handler) {
    for (const link_handler*& place : link_handlers_) {
        if (place == nullptr) {
            place = &handler;
            return;
        }
    }
}

void stack::register_packet_handler(const packet_handler& handler) {
    for (const packet_handler*& place : packet_handlers_) {
        if (place == nullptr) {
            place = &handler;
            return;
        }
    }
}

void stack::register_inet_protocol(const inet_protocol& protocol) {
    inet_protocols_[protocol.protocol] = &protocol;
}

const net_proto_family* stack::find_family(int family) const {
    return family >= 0 && static_cast<unsigned>(family) < max_families ? families_[family] : nullptr;
}

const link_handler* stack::find_link_handler(uint16_t hardware_type) const {
    for (const link_handler* handler : link_handlers_) {
        if (handler != nullptr && handler->hardware_type == hardware_type) {
            return handler;
        }
    }
    return nullptr;
}

const packet_handler* stack::find_packet_handler(uint16_t ethertype) const {
    for (const packet_handler* handler : packet_handlers_) {
        if (handler != nullptr && handler->ethertype == ethertype) {
            return handler;
        }
    }
    return nullptr;
}

net_device* stack::find_device(const char* name) {
    port::guard held(device_list_lock);
    for (net_device& device : devices) {
        if (strncmp(device.name, name, sizeof device.name) == 0) {
            return &device;
        }
    }
    return nullptr;
}

net_device* stack::find_device(unsigned index) {
    port::guard held(device_list_lock);
    for (net_device& device : devices) {
        if (device.index == index) {
            return &device;
        }
    }
    return nullptr;
}

void stack::notify_device(net_device&, device_event) {}

void report_writer::print(const char* text, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, text);
    const size_t length = lib::format_arguments(line, sizeof line, text, arguments);
    va_end(arguments);
    write(context, line, length < sizeof line ? length : sizeof line - 1);
}

const report reports[] = {
    {"unix", unix_report},
};
const size_t report_count = sizeof reports / sizeof reports[0];

} // namespace net
