// SOL_SOCKET: the options that every family understands. Values that do not fit are clamped or refused as on
// Linux; buffer sizes are doubled, because half of the memory is bookkeeping (socket(7)).

#include "kernel/abi/errno.h"
#include "kernel/abi/netdevice.h"
#include "kernel/abi/time.h"
#include "kernel/lib/minmax.hpp"
#include "kernel/lib/string.hpp"
#include "net/core/sock.hpp"
#include "net/core/socket.hpp"
#include "net/stack.hpp"

namespace net {
namespace {

constexpr uint32_t smallest_send_bytes = 4608;    ///< Linux: SOCK_MIN_SNDBUF
constexpr uint32_t smallest_receive_bytes = 2304; ///< Linux: SOCK_MIN_RCVBUF

/// What becomes of a wish for a buffer. As on Linux a negative one is a very large one.
uint32_t buffer_size(int wanted, int largest, uint32_t smallest) {
    const uint32_t bytes = lib::min(static_cast<uint32_t>(wanted), static_cast<uint32_t>(largest));
    return lib::max(lib::min(bytes, uint32_t{INT32_MAX / 2}) * 2, smallest);
}

lib::result<port::time_ns> read_timeout(const void* value, uint32_t length) {
    if (length < sizeof(timeval)) {
        return lib::error{EINVAL};
    }
    timeval time = {};
    memcpy(&time, value, sizeof(time));
    if (time.tv_usec < 0 || time.tv_usec >= 1'000'000) {
        return lib::error{EDOM};
    }
    if (time.tv_sec < 0) {
        return port::time_ns{0}; // Linux: a negative time does not wait at all
    }
    if ((time.tv_sec == 0 && time.tv_usec == 0) || time.tv_sec > 1'000'000'000) {
        return port::time_ns{port::never};
    }
    return static_cast<port::time_ns>(time.tv_sec) * port::second +
           static_cast<port::time_ns>(time.tv_usec) * port::microsecond;
}

lib::result<void> bind_to_device(sock& sk, const void* value, uint32_t length) {
    if (!port::may_administer()) {
        return lib::error{EPERM};
    }
    char name[IFNAMSIZ] = {};
    memcpy(name, value, length < IFNAMSIZ - 1 ? length : IFNAMSIZ - 1);
    unsigned index = 0;
    if (name[0] != '\0') {
        const net_device* device = sk.owner_stack->find_device(name);
        if (device == nullptr) {
            return lib::error{ENODEV};
        }
        index = device->index;
    }
    port::guard held(sk.sock_lock);
    sk.bound_device = index;
    return {};
}

lib::result<void> set_linger(sock& sk, const void* value, uint32_t length) {
    if (length < sizeof(linger)) {
        return lib::error{EINVAL};
    }
    linger wanted = {};
    memcpy(&wanted, value, sizeof(wanted));
    port::guard held(sk.sock_lock);
    sk.linger = wanted.l_onoff != 0;
    sk.linger_seconds = wanted.l_linger;
    return {};
}

lib::result<void> set_timeout(sock& sk, int option, const void* value, uint32_t length) {
    const port::time_ns timeout = TRY(read_timeout(value, length));
    port::guard held(sk.sock_lock);
    (option == SO_RCVTIMEO ? sk.receive_timeout : sk.send_timeout) = timeout;
    return {};
}

/// The options that are one switch in struct sock; nullptr for all others.
lib::relaxed<bool>* switch_of(sock& sk, int option) {
    switch (option) {
    case SO_DEBUG:
        return &sk.debug;
    case SO_REUSEADDR:
        return &sk.reuse_address;
    case SO_REUSEPORT:
        return &sk.reuse_port;
    case SO_KEEPALIVE:
        return &sk.keep_alive;
    case SO_BROADCAST:
        return &sk.broadcast;
    case SO_OOBINLINE:
        return &sk.out_of_band_inline;
    case SO_DONTROUTE:
        return &sk.dont_route;
    case SO_TIMESTAMP:
        return &sk.timestamp;
    case SO_PASSCRED:
        return &sk.passcred;
    case SO_NO_CHECK:
        return &sk.no_check;
    default:
        return nullptr;
    }
}

void set_send_buffer(sock& sk, uint32_t bytes) {
    sk.send_buffer_limit = bytes;
    sk.send_buffer_locked = true;
    sk.write_space(sk);
}

void set_receive_buffer(sock& sk, uint32_t bytes) {
    sk.receive_buffer_limit = bytes;
    sk.receive_buffer_locked = true;
}

/// Beyond what wmem_max and rmem_max allow to everybody.
lib::result<void> force_buffer(sock& sk, int option, int bytes) {
    if (!port::may_administer()) {
        return lib::error{EPERM};
    }
    if (option == SO_SNDBUFFORCE) {
        set_send_buffer(sk, buffer_size(bytes, INT32_MAX, smallest_send_bytes));
    } else {
        set_receive_buffer(sk, buffer_size(bytes, INT32_MAX, smallest_receive_bytes));
    }
    return {};
}

lib::result<void> set_number(sock& sk, int option, int value) {
    const parameters& settings = sk.owner_stack->settings;
    switch (option) {
    case SO_SNDBUF:
        set_send_buffer(sk, buffer_size(value, settings.wmem_max, smallest_send_bytes));
        return {};
    case SO_RCVBUF:
        set_receive_buffer(sk, buffer_size(value, settings.rmem_max, smallest_receive_bytes));
        return {};
    case SO_SNDBUFFORCE:
    case SO_RCVBUFFORCE:
        return force_buffer(sk, option, lib::max(value, 0));
    case SO_RCVLOWAT:
        // A negative one means as much as can be.
        sk.receive_low_water = value < 0 ? INT32_MAX : lib::max(value, 1);
        return {};
    case SO_PRIORITY:
        if ((value < 0 || value > 6) && !port::may_administer()) {
            return lib::error{EPERM};
        }
        sk.priority = value;
        return {};
    case SO_MARK:
        if (!port::may_administer()) {
            return lib::error{EPERM};
        }
        sk.mark = static_cast<uint32_t>(value);
        return {};
    case SO_BSDCOMPAT:
    case SO_BUSY_POLL:
        return {}; // accepted without effect
    default:
        return lib::error{ENOPROTOOPT};
    }
}

lib::result<void> copy_option(void* value, uint32_t* length, const void* from, uint32_t size) {
    *length = *length < size ? *length : size;
    memcpy(value, from, *length);
    return {};
}

lib::result<void> get_timeout(const sock& sk, int option, void* value, uint32_t* length) {
    const port::time_ns timeout = option == SO_RCVTIMEO ? sk.receive_timeout : sk.send_timeout;
    timeval time = {};
    if (timeout != port::never) {
        time.tv_sec = static_cast<decltype(time.tv_sec)>(timeout / port::second);
        time.tv_usec = static_cast<decltype(time.tv_usec)>(timeout % port::second / port::microsecond);
    }
    return copy_option(value, length, &time, sizeof(time));
}

lib::result<int> get_number(socket& which, int option) {
    sock& sk = *which.sk;
    if (const lib::relaxed<bool>* on = switch_of(sk, option); on != nullptr) {
        return *on ? 1 : 0;
    }
    switch (option) {
    case SO_TYPE:
        return int{which.type};
    case SO_PROTOCOL:
        return int{sk.protocol};
    case SO_DOMAIN:
        return int{which.family};
    case SO_ERROR: {
        const int error = sock_take_error(sk);
        return error != 0 ? error : std::exchange(sk.soft_error, 0);
    }
    case SO_SNDBUF:
        return static_cast<int>(sk.send_buffer_limit);
    case SO_RCVBUF:
        return static_cast<int>(sk.receive_buffer_limit);
    case SO_RCVLOWAT:
        return sk.receive_low_water;
    case SO_SNDLOWAT:
        return 1;
    case SO_PRIORITY:
        return sk.priority;
    case SO_MARK:
        return static_cast<int>(sk.mark);
    case SO_ACCEPTCONN:
        return sk.listening ? 1 : 0;
    case SO_BSDCOMPAT:
    case SO_BUSY_POLL:
    case SO_INCOMING_CPU:
        return 0;
    default:
        return lib::error{ENOPROTOOPT};
    }
}

lib::result<void> get_device_name(sock& sk, void* value, uint32_t* length) {
    const net_device* device = sk.bound_device != 0 ? sk.owner_stack->find_device(sk.bound_device) : nullptr;
    if (device == nullptr) {
        *length = 0;
        return {};
    }
    if (*length < IFNAMSIZ) {
        return lib::error{EINVAL};
    }
    return copy_option(value, length, device->name, static_cast<uint32_t>(strlen(device->name)) + 1);
}

lib::result<void> set_socket_option(sock& sk, int option, const void* value, uint32_t length) {
    switch (option) {
    case SO_BINDTODEVICE:
        return bind_to_device(sk, value, length);
    case SO_LINGER:
        return set_linger(sk, value, length);
    case SO_RCVTIMEO:
    case SO_SNDTIMEO:
        return set_timeout(sk, option, value, length);
    default:
        break;
    }
    if (length < sizeof(int)) {
        return lib::error{EINVAL};
    }
    int number = 0;
    memcpy(&number, value, sizeof(number));
    port::guard held(sk.sock_lock);
    if (lib::relaxed<bool>* on = switch_of(sk, option); on != nullptr) {
        *on = number != 0;
        return {};
    }
    return set_number(sk, option, number);
}

lib::result<void> get_socket_option(socket& which, int option, void* value, uint32_t* length) {
    sock& sk = *which.sk;
    port::guard held(sk.sock_lock);
    switch (option) {
    case SO_LINGER: {
        const linger now = {.l_onoff = sk.linger ? 1 : 0, .l_linger = sk.linger_seconds};
        return copy_option(value, length, &now, sizeof(now));
    }
    case SO_RCVTIMEO:
    case SO_SNDTIMEO:
        return get_timeout(sk, option, value, length);
    case SO_COOKIE:
        if (*length < sizeof(sk.id)) {
            return lib::error{EINVAL};
        }
        return copy_option(value, length, &sk.id, sizeof(sk.id));
    case SO_BINDTODEVICE:
        return get_device_name(sk, value, length);
    default: {
        const int number = TRY(get_number(which, option));
        return copy_option(value, length, &number, sizeof(number));
    }
    }
}

} // namespace

lib::result<void> sock_setsockopt(socket& which, int level, int option, const void* value, uint32_t length) {
    if (level == SOL_SOCKET && which.sk != nullptr) {
        const lib::result<void> outcome = set_socket_option(*which.sk, option, value, length);
        const bool of_interest = option == SO_KEEPALIVE || option == SO_RCVLOWAT;
        if (of_interest && outcome.ok() && which.ops->setsockopt != nullptr) {
            (void)which.ops->setsockopt(which, level, option, value,
                                        length); // TCP has its own thoughts on it
        }
        return outcome;
    }
    if (which.ops->setsockopt == nullptr) {
        return lib::error{EOPNOTSUPP};
    }
    return which.ops->setsockopt(which, level, option, value, length);
}

lib::result<void> sock_getsockopt(socket& which, int level, int option, void* value, uint32_t* length) {
    // SO_PEERCRED and the like belong to the family; everything else of SOL_SOCKET is answered here.
    const bool of_family = option == SO_PEERCRED || option == SO_PEERSEC;
    if (level == SOL_SOCKET && which.sk != nullptr && !of_family) {
        return get_socket_option(which, option, value, length);
    }
    if (which.ops->getsockopt == nullptr) {
        return lib::error{ENOPROTOOPT};
    }
    return which.ops->getsockopt(which, level, option, value, length);
}

} // namespace net
