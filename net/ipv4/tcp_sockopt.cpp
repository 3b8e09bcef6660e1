#include "net/ipv4/tcp_verbs.hpp"

// Options of level IPPROTO_TCP, and the ioctls of a stream. Values and errors are Linux's. The generic
// options (SOL_SOCKET) belong to the socket layer; SO_KEEPALIVE is passed on to here as well, because a timer
// hangs on it.

#include "kernel/abi/errno.h"
#include "kernel/abi/netdevice.h"
#include "kernel/abi/tcp.h"
#include "kernel/lib/minmax.hpp"
#include "kernel/lib/string.hpp"
#include "net/ipv4/tcp_ack_policy.hpp"
#include "net/ipv4/tcp_congestion.hpp"
#include "net/ipv4/tcp_output.hpp"
#include "net/ipv4/tcp_timer.hpp"
#include "net/ipv4/tcp_window.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

constexpr int longest_keepalive_seconds = 32767;
constexpr int most_keepalive_probes = 127;
constexpr int most_syn_retries = 127;
constexpr int longest_linger2_seconds = 120;
constexpr uint32_t congestion_name_bytes = 16;

bool is_connected(const tcp_sock& sk) {
    return !tcp_in(sk, tcp_state_bit(tcp_state::closed) | tcp_state_bit(tcp_state::listen) |
                           tcp_state_bit(tcp_state::syn_sent));
}

lib::result<void> check_range(int value, int lowest, int highest) {
    return value < lowest || value > highest ? lib::result<void>(lib::error{EINVAL}) : lib::result<void>();
}

void set_nagle_bit(tcp_sock& sk, uint8_t bit, bool on) {
    sk.nagle = static_cast<uint8_t>(on ? sk.nagle | bit : sk.nagle & ~bit);
}

/// Whether TCP_NODELAY goes on or TCP_CORK off: what waited may leave.
void release_held_back(tcp_sock& sk) {
    tcp_push_pending(sk, static_cast<uint8_t>(sk.nagle | tcp_nagle_push));
}

lib::result<void> set_keepalive_idle(tcp_sock& sk, int seconds) {
    TRY(check_range(seconds, 1, longest_keepalive_seconds));
    sk.keepalive_idle = static_cast<port::time_ns>(seconds) * port::second;
    if (sk.keep_alive && is_connected(sk)) {
        const port::time_ns silence = port::now() - lib::max(sk.last_data_received, sk.last_ack_received);
        tcp_arm_keepalive(sk, sk.keepalive_idle > silence ? sk.keepalive_idle - silence : 0);
    }
    return {};
}

constexpr uint8_t interactive = 3; ///< tcp_sock::pingpong: in the middle of a conversation

/// Not for ever: it says what the exchange looks like now, and the exchange may change that (tcp(7)). The ACK
/// that is owed leaves at once, and with an even number only that one (Linux).
void set_quick_ack(tcp_sock& sk, int value) {
    if (value == 0) {
        sk.pingpong = interactive;
        return;
    }
    sk.pingpong = 0;
    const bool open =
        tcp_in(sk, tcp_state_bit(tcp_state::established) | tcp_state_bit(tcp_state::close_wait));
    if (open && (sk.ack_pending & tcp_ack_scheduled) != 0) {
        sk.ack_pending |= tcp_ack_pushed;
        tcp_after_read(sk, 1);
        if ((value & 1) == 0) {
            sk.pingpong = interactive;
        }
    }
}

constexpr int first_period_seconds = 1; ///< of a SYN-ACK that is not answered
constexpr int longest_period_seconds = 120;

/// How many times a SYN-ACK is sent again within so many seconds, and back: TCP_DEFER_ACCEPT counts so.
uint8_t attempts_within(int seconds) {
    uint8_t attempts = seconds > 0 ? 1 : 0;
    int period = first_period_seconds;
    for (int end = period; seconds > end && attempts < UINT8_MAX; end += period) {
        attempts++;
        period = lib::min(period * 2, longest_period_seconds);
    }
    return attempts;
}
int seconds_of_attempts(uint8_t attempts) {
    int seconds = 0;
    int period = first_period_seconds;
    for (; attempts > 0; attempts--) {
        seconds += period;
        period = lib::min(period * 2, longest_period_seconds);
    }
    return seconds;
}

lib::result<void> set_congestion(tcp_sock& sk, const void* value, uint32_t length) {
    if (length < 1) {
        return lib::error{EINVAL};
    }
    const auto* name = static_cast<const char*>(value);
    size_t characters = 0;
    while (characters < lib::min(length, congestion_name_bytes - 1) && name[characters] != '\0') {
        characters++;
    }
    const tcp_congestion_ops* policy = tcp_find_congestion(name, characters);
    if (policy == nullptr) {
        return lib::error{ENOENT};
    }
    tcp_set_congestion(sk, *policy);
    sk.congestion_chosen = true;
    return {};
}

/// The options whose value is an int.
lib::result<void> set_number(tcp_sock& sk, int option, int value) {
    switch (option) {
    case TCP_NODELAY:
        set_nagle_bit(sk, tcp_nagle_off, value != 0);
        if (value != 0) {
            release_held_back(sk);
        }
        return {};
    case TCP_CORK:
        set_nagle_bit(sk, tcp_nagle_cork, value != 0);
        if (value == 0) {
            release_held_back(sk);
        }
        return {};
    case TCP_MAXSEG:
        if (value != 0) {
            TRY(check_range(value, 88, 32767));
        }
        sk.user_mss = static_cast<uint16_t>(value);
        return {};
    case TCP_KEEPIDLE:
        return set_keepalive_idle(sk, value);
    case TCP_KEEPINTVL:
        TRY(check_range(value, 1, longest_keepalive_seconds));
        sk.keepalive_interval = static_cast<port::time_ns>(value) * port::second;
        return {};
    case TCP_KEEPCNT:
        TRY(check_range(value, 1, most_keepalive_probes));
        sk.keepalive_probes = static_cast<uint8_t>(value);
        return {};
    case TCP_SYNCNT:
        TRY(check_range(value, 1, most_syn_retries));
        sk.syn_retries = static_cast<uint8_t>(value);
        return {};
    case TCP_LINGER2:
        sk.linger2_seconds = value < 0 ? -1 : lib::min(value, longest_linger2_seconds);
        return {};
    case TCP_DEFER_ACCEPT:
        sk.defer_accept_attempts = attempts_within(value);
        return {};
    case TCP_WINDOW_CLAMP:
        if (value == 0 && sk.state != tcp_state::closed) {
            return lib::error{EINVAL};
        }
        sk.window_clamp = value == 0 ? 0 : static_cast<uint32_t>(lib::max(value, 2304 / 2));
        sk.rcv_ssthresh = lib::min(sk.rcv_wnd, sk.window_clamp);
        return {};
    case TCP_QUICKACK:
        set_quick_ack(sk, value);
        return {};
    case TCP_USER_TIMEOUT:
        TRY(check_range(value, 0, INT32_MAX));
        sk.user_timeout_ms = static_cast<uint32_t>(value);
        return {};
    case TCP_NOTSENT_LOWAT:
        sk.not_sent_low_water = static_cast<uint32_t>(value);
        sk.write_space(sk);
        return {};
    default:
        return lib::error{ENOPROTOOPT};
    }
}

lib::result<int> get_number(tcp_sock& sk, int option) {
    switch (option) {
    case TCP_NODELAY:
        return (sk.nagle & tcp_nagle_off) != 0 ? 1 : 0;
    case TCP_CORK:
        return (sk.nagle & tcp_nagle_cork) != 0 ? 1 : 0;
    case TCP_MAXSEG: {
        const bool not_yet = tcp_in(sk, tcp_state_bit(tcp_state::closed) | tcp_state_bit(tcp_state::listen));
        return static_cast<int>(not_yet && sk.user_mss != 0 ? sk.user_mss : sk.mss_cache);
    }
    case TCP_KEEPIDLE:
        return static_cast<int>(tcp_keepalive_idle(sk) / port::second);
    case TCP_KEEPINTVL:
        return static_cast<int>(tcp_keepalive_interval(sk) / port::second);
    case TCP_KEEPCNT:
        return static_cast<int>(tcp_keepalive_limit(sk));
    case TCP_SYNCNT:
        return static_cast<int>(tcp_syn_retry_limit(sk));
    case TCP_LINGER2:
        return sk.linger2_seconds < 0 ? sk.linger2_seconds
                                      : static_cast<int>(tcp_fin_wait_limit(sk) / port::second);
    case TCP_DEFER_ACCEPT:
        return seconds_of_attempts(sk.defer_accept_attempts);
    case TCP_WINDOW_CLAMP:
        return static_cast<int>(sk.window_clamp);
    case TCP_QUICKACK:
        return sk.pingpong == 0 ? 1 : 0;
    case TCP_USER_TIMEOUT:
        return static_cast<int>(sk.user_timeout_ms);
    case TCP_NOTSENT_LOWAT:
        return static_cast<int>(sk.not_sent_low_water);
    case TCP_TIMESTAMP:
        return static_cast<int>(port::now() / port::millisecond) + static_cast<int>(sk.ts_offset);
    case TCP_FASTOPEN:
        return 0;
    default:
        return lib::error{ENOPROTOOPT};
    }
}

void give_back_bytes(void* value, uint32_t* length, const void* from, uint32_t bytes) {
    *length = lib::min(*length, bytes);
    memcpy(value, from, *length);
}

/// SO_KEEPALIVE was changed: the timer follows.
void keepalive_changed(tcp_sock& sk) {
    if (sk.keep_alive && is_connected(sk)) {
        tcp_arm_keepalive(sk, tcp_keepalive_idle(sk));
    } else if (!sk.keep_alive) {
        tcp_stop_keepalive(sk);
    }
}

/// SO_RCVLOWAT was changed: a buffer that never holds so much would make its reader wait for ever.
void bound_low_water(tcp_sock& sk) {
    const int largest = sk.receive_buffer_locked ? static_cast<int>(sk.receive_buffer_limit)
                                                 : int{sk.owner_stack->settings.tcp_rmem.maximum};
    sk.receive_low_water = lib::min(sk.receive_low_water, lib::max(largest / 2, 1));
}

lib::result<long> store_number(uintptr_t user, int value) {
    TRY(port::copy_to_user(user, &value, sizeof(value)));
    return 0l;
}

} // namespace

lib::result<void> tcp_setsockopt(sock& base, int level, int option, const void* value, uint32_t length) {
    tcp_sock& sk = as_tcp(base);
    if (level == SOL_SOCKET) {
        port::guard hold(sk.sock_lock);
        if (option == SO_KEEPALIVE) {
            keepalive_changed(sk);
        } else if (option == SO_RCVLOWAT) {
            bound_low_water(sk);
        }
        return {};
    }
    if (level == IPPROTO_IP) {
        return ip_setsockopt(sk, option, value, length);
    }
    if (level != IPPROTO_TCP) {
        return lib::error{ENOPROTOOPT};
    }
    port::guard hold(sk.sock_lock);
    if (option == TCP_CONGESTION) {
        return set_congestion(sk, value, length);
    }
    if (length < sizeof(int)) {
        return lib::error{EINVAL};
    }
    int number = 0;
    memcpy(&number, value, sizeof(number));
    return set_number(sk, option, number);
}

lib::result<void> tcp_getsockopt(sock& base, int level, int option, void* value, uint32_t* length) {
    tcp_sock& sk = as_tcp(base);
    if (level == IPPROTO_IP) {
        return ip_getsockopt(sk, option, value, length);
    }
    if (level != IPPROTO_TCP) {
        return lib::error{level == SOL_SOCKET ? ENOPROTOOPT
                                              : EOPNOTSUPP}; // setsockopt says ENOPROTOOPT to both
    }
    port::guard hold(sk.sock_lock);
    if (option == TCP_INFO) {
        ::tcp_info info = {};
        tcp_fill_info(sk, info);
        give_back_bytes(value, length, &info, sizeof(info));
        return {};
    }
    if (option == TCP_CONGESTION) {
        char name[congestion_name_bytes] = {};
        memcpy(name, sk.congestion->name, lib::min<size_t>(strlen(sk.congestion->name), sizeof(name) - 1));
        give_back_bytes(value, length, name, sizeof(name));
        return {};
    }
    const int number = TRY(get_number(sk, option));
    give_back_bytes(value, length, &number, sizeof(number));
    return {};
}

lib::result<long> tcp_ioctl(sock& base, unsigned command, uintptr_t argument) {
    tcp_sock& sk = as_tcp(base);
    int answer = 0;
    {
        port::guard hold(sk.sock_lock);
        if (sk.state == tcp_state::listen && (command == SIOCINQ || command == SIOCOUTQ)) {
            return lib::error{EINVAL};
        }
        switch (command) {
        case SIOCINQ:
            answer = static_cast<int>(tcp_readable_bytes(sk));
            break;
        case SIOCOUTQ: {
            const bool before = sk.state == tcp_state::closed || sk.state == tcp_state::syn_sent;
            answer = before ? 0 : sk.write_seq - sk.snd_una;
            break;
        }
        case SIOCATMARK:
            answer = sk.urgent_state != tcp_sock::urgent::none && sk.urgent_seq == sk.copied_seq ? 1 : 0;
            break;
        default:
            return lib::error{ENOTTY};
        }
    }
    return store_number(argument, answer);
}

} // namespace net
