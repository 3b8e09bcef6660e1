#pragma once
// struct sock: the half of a socket that the protocols know. It outlives its struct socket: a closed TCP
// connection still sends its last bytes. tcp_sock and udp_sock are inet_socks, which are socks.
//
// Ownership is counted. The socket holds one reference, each table that finds the sock by its address one,
// each pending timer one. The last one to go calls prot->destroy.

#include "kernel/abi/errno.h"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/relaxed.hpp"
#include "net/core/sk_buff.hpp"
#include "net/core/socket.hpp"

#include <cstdint>

namespace net {

struct proto;

/// Which halves of a connection are closed.
enum sock_shutdown_bits : uint8_t { receive_shutdown = 1, send_shutdown = 2, both_shutdown = 3 };

struct sock : lib::ref_counted {
    explicit sock(stack& in, const proto& protocol_ops, uint16_t family_number, uint16_t type_number,
                  uint8_t protocol_number);
    ~sock();

    // Fixed.
    stack* const owner_stack;
    const proto* const prot;
    const uint64_t id; ///< counts up from 1 per stack; what traces, /proc and gdb show
    const uint16_t family;
    const uint16_t type;
    const uint8_t protocol;
    uint32_t owner_uid = 0;

    /// Guards everything below and what the derived socks add.
    port::lock sock_lock{port::lock_rank::sock};

    socket* user_socket = nullptr; ///< nullptr once the file is closed (an orphan)
    port::wait_queue wait;         ///< readers, writers, accepters, pollers
    uint8_t shutdown = 0;          ///< sock_shutdown_bits
    int pending_error = 0;         ///< SO_ERROR: a positive errno, told once
    int soft_error = 0;            ///< last error that did not end the connection (ICMP)

    skb_queue receive_queue;
    skb_queue error_queue;       ///< MSG_ERRQUEUE
    uint32_t receive_memory = 0; ///< truesize of what waits to be read
    uint32_t send_memory = 0;    ///< truesize of what waits to leave; atomic, also touched without the lock
    uint32_t dropped = 0;        ///< packets that found the receive queue full
    bool send_space_wanted = false;    ///< atomic: somebody waits for send_memory to fall
    uint32_t receive_buffer_limit = 0; ///< SO_RCVBUF
    uint32_t send_buffer_limit = 0;    ///< SO_SNDBUF

    // Options (SOL_SOCKET). The switches are set under the lock and read without it, too.
    lib::relaxed<bool> reuse_address;
    lib::relaxed<bool> reuse_port;
    lib::relaxed<bool> debug; ///< SO_DEBUG: kept, without effect
    lib::relaxed<bool> keep_alive;
    lib::relaxed<bool> broadcast;
    lib::relaxed<bool> out_of_band_inline;
    lib::relaxed<bool> dont_route;
    lib::relaxed<bool> timestamp;
    lib::relaxed<bool> passcred;
    lib::relaxed<bool> no_check;
    bool linger = false;
    bool receive_buffer_locked = false; ///< set by the user: no automatic tuning
    bool send_buffer_locked = false;
    lib::relaxed<bool> listening; ///< SO_ACCEPTCONN
    int linger_seconds = 0;
    int receive_low_water = 1;
    int priority = 0;
    uint32_t mark = 0;
    lib::relaxed<unsigned> bound_device; ///< SO_BINDTODEVICE: interface index, 0 = any; see above
    port::time_ns receive_timeout = port::never;
    port::time_ns send_timeout = port::never;
    port::time_ns last_stamp = 0;

    // Called by the protocols when something changed; set by the family. sock_lock held.
    void (*data_ready)(sock& sk);
    void (*write_space)(sock& sk);
    void (*state_change)(sock& sk);
    void (*error_report)(sock& sk);

    static void release_last(sock* sk); ///< calls prot->destroy, which frees memory and takes no lock
};

/// What a transport protocol does for the sockets of its family. Process context; no lock is held when they
/// are called, each takes sock_lock itself (poll and the option calls too). Whether they may sleep is said
/// by may_wait, and for messages by MSG_DONTWAIT, which the socket layer sets for O_NONBLOCK.
///
/// connect() keeps user_socket->state: a datagram sock is connected at once; a stream sock is `connecting`
/// until its handshake ends. It answers EISCONN and EALREADY, and EINPROGRESS when it may not wait; called
/// again while connecting it waits for, or tells, the outcome of the first call.
struct proto {
    const char* name;
    lib::result<sock*> (*create)(stack& in, int protocol); ///< allocates the derived sock
    void (*destroy)(sock* sk); ///< frees its memory; takes no lock, for any may be held
    /// The user's close: the protocol may keep the sock alive until the peer agrees. No lock held.
    void (*close)(sock& sk);
    lib::result<void> (*bind)(sock& sk, const socket_address& address);
    lib::result<void> (*connect)(sock& sk, const socket_address& address, bool may_wait);
    lib::result<void> (*disconnect)(sock& sk);
    lib::result<void> (*listen)(sock& sk, int backlog);
    lib::result<lib::ref<sock>> (*accept)(sock& sk, bool may_wait);
    lib::result<void> (*shutdown)(sock& sk, int how);
    short (*poll)(sock& sk, port::poll_table* table);
    lib::result<long> (*ioctl)(sock& sk, unsigned command, uintptr_t argument);
    lib::result<void> (*setsockopt)(sock& sk, int level, int option, const void* value, uint32_t length);
    lib::result<void> (*getsockopt)(sock& sk, int level, int option, void* value, uint32_t* length);
    lib::result<size_t> (*sendmsg)(sock& sk, message& msg);
    lib::result<size_t> (*recvmsg)(sock& sk, message& msg);
};

// ---- helpers shared by the protocols ---------------------------------------------------------------------

/// Takes the pending error (and clears it), or 0. sock_lock held.
int sock_take_error(sock& sk);
/// Sets the pending error and wakes everybody. sock_lock held.
void sock_report_error(sock& sk, int error_number);

/// Charges a packet to the receive memory, queues it and tells the readers. ENOBUFS, and the packet is still
/// the caller's, when what waits has reached the limit by truesize. sock_lock held.
lib::result<void> sock_queue_receive(sock& sk, skb_ptr& skb);
/// Takes the oldest packet out of the receive queue and off its account; empty when there is none. Locked.
skb_ptr sock_dequeue_receive(sock& sk);
/// Empties the receive and error queues.
void sock_purge_queues(sock& sk);
/// Charges a packet to the send memory until it is freed (by the driver, at the latest).
void sock_charge_send(sock& sk, sk_buff& skb);
/// Whether there is room to send. If not, whoever waits on sk.wait is woken once there is.
bool sock_has_send_space(sock& sk);
/// Waits until there is room to send, a signal, an error, the shutdown or the timeout. sock_lock held, given
/// back while waiting. EAGAIN when not allowed to wait.
lib::result<void> sock_wait_send_space(sock& sk, bool may_wait);
/// Waits for the next datagram and takes it (or shares it with MSG_PEEK). Empty when the receiving half is
/// shut down. EAGAIN, EINTR, the pending error. Takes the lock itself.
lib::result<skb_ptr> sock_receive_datagram(sock& sk, message& msg);
/// Waits on sk.wait for a condition under sock_lock, at most for timeout_ns: EAGAIN then, EINTR on a signal.
template <class Predicate>
lib::result<void> sock_wait(sock& sk, Predicate done, port::time_ns timeout_ns) {
    const port::time_ns deadline = timeout_ns == port::never ? port::never : port::now() + timeout_ns;
    lib::result<void> outcome = sk.wait.wait(sk.sock_lock, done, deadline);
    if (!outcome.ok() && outcome.error().number == ETIMEDOUT) {
        return lib::error{EAGAIN};
    }
    return outcome;
}

/// The default callbacks: wake the wait queue, signal the owner when asked to.
void sock_default_data_ready(sock& sk);
void sock_default_write_space(sock& sk);
void sock_default_state_change(sock& sk);
void sock_default_error_report(sock& sk);

} // namespace net
