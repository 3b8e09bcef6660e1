#pragma once
// The AF_UNIX half of a sock, and what the files of net/unix share.
//
//   client unix_sock --peer--> server unix_sock        each holds a reference to the other until it is closed
//                    <--peer--
//   listener --pending--> server unix_socks that nobody accepted yet
//
// Locks: never two sock_locks at once. unix_table::lock comes before any of them and is held whenever who is
// whose peer, who listens, or who has which name changes; sending and receiving only take one sock_lock after
// the other. So `peer` and `name` are written with both locks held and may be read with either. read_lock
// comes before both: whoever takes messages out of the queue of a sock that a program uses holds it.

#include "kernel/abi/un.h"
#include "kernel/lib/list.hpp"
#include "kernel/lib/ref.hpp"
#include "net/core/sock.hpp"
#include "net/stack.hpp"

#include <cstddef>
#include <cstdint>

namespace net {

/// The address of a bound sock. Messages keep it alive after the sock has gone, to tell who sent them.
struct unix_name : lib::ref_counted {
    uint64_t node = 0;   ///< of a path: number of its file-system node; 0: abstract
    uint32_t length = 0; ///< of the address with its family
    sockaddr_un address = {};

    static lib::ref<unix_name> create(const sockaddr_un& from, uint32_t length_bytes); ///< Empty: no memory.
    static void release_last(unix_name* name);
};

constexpr uint32_t unix_path_offset = offsetof(sockaddr_un, sun_path);

/// Files on their way to another process (SCM_RIGHTS). Owned by one message.
struct unix_files {
    static constexpr size_t limit = 253; ///< per message; Linux: SCM_MAX_FD

    size_t count = 0;
    unix_files* next = nullptr; ///< of those that are being dropped
    port::passed_file* files[limit];
};

/// What travels with a message besides its bytes; in sk_buff::scratch.
struct unix_skb_notes {
    unix_name* sender; ///< one reference, or nullptr
    unix_files* files; ///< owned, or nullptr
    port::credentials who;
};

inline unix_skb_notes& notes_of(sk_buff& skb) {
    static_assert(sizeof(unix_skb_notes) <= sizeof skb.scratch);
    return *reinterpret_cast<unix_skb_notes*>(skb.scratch);
}

struct unix_sock : sock {
    unix_sock(stack& in, uint16_t type_number);

    /// One reader at a time: it looks at the front of the queue, copies without sock_lock, then takes it off.
    /// Held too by a connect() that empties the queue.
    port::lock read_lock{port::lock_rank::socket_reader};

    // See above for the locks of these.
    lib::ref<unix_name> name;
    lib::ref<unix_sock> peer;

    // Guarded by unix_table::lock.
    lib::list_link all_link;
    lib::list_link name_link;
    lib::list_link gc_link;       ///< This and the next three: see unix_gc.cpp.
    uint32_t times_carried = 0;   ///< messages that its file lies in
    uint32_t file_references = 0; ///< all references to its file
    bool reached = false;

    // Guarded by sock_lock.
    bool connected = false;
    lib::list_link pending_link; ///< in the listener's list, guarded by the listener's lock
    lib::list<unix_sock, &unix_sock::pending_link> pending; ///< each holds one reference
    unsigned pending_count = 0;
    lib::relaxed<bool> awaits_accept; ///< in the list of a listener; false before it leaves that
    unsigned backlog = 0;
    port::credentials own_credentials = {.pid = 0, .uid = ~0u, .gid = ~0u};  ///< what the peer is told
    port::credentials peer_credentials = {.pid = 0, .uid = ~0u, .gid = ~0u}; ///< SO_PEERCRED

    bool has_connections() const { return type != SOCK_DGRAM; }
};

inline unix_sock& unix_of(socket& which) {
    return static_cast<unix_sock&>(*which.sk);
}

struct unix_table {
    static constexpr unsigned buckets = 64;
    using name_list = lib::list<unix_sock, &unix_sock::name_link>;

    port::lock lock{port::lock_rank::socket_table};
    name_list names[buckets];
    lib::list<unix_sock, &unix_sock::all_link> all;
    uint32_t next_automatic_name = 0;
    unix_files* doomed = nullptr; ///< to be closed, by whoever set `dropping`
    bool dropping = false;
    uint32_t files_in_flight = 0;   ///< atomic
    uint32_t sockets_in_flight = 0; ///< of them, sockets of the family; atomic
    uint32_t taken = 0;             ///< times that files may have left a queue; atomic
};

// ---- unix.cpp --------------------------------------------------------------------------------------------

/// A sock of the family, already in unix_table::all. Empty: no memory. Takes the table's lock.
lib::ref<unix_sock> create_unix_sock(stack& in, uint16_t type);
/// Takes a sock that no socket owns out of everything and wakes its peer: with ECONNRESET if data was not
/// read, or if nobody ever accepted the connection. No lock held; may sleep.
enum class unix_ending : uint8_t { closed, never_accepted };
void close_unix_sock(unix_sock& self, unix_ending why);

// ---- unix_names.cpp --------------------------------------------------------------------------------------

lib::result<void> unix_bind(socket& which, const socket_address& address);
lib::result<void> unix_getname(socket& which, socket_address& address, proto_ops::which_name name);
/// EINVAL unless it is an AF_UNIX address with a name.
lib::result<void> check_unix_address(const socket_address& address);
/// The sock that listens to, or receives at, the address: ECONNREFUSED, ENOENT, EACCES, EINVAL. No lock held.
lib::result<lib::ref<unix_sock>> find_unix_sock(stack& in, const socket_address& address, uint16_t type);
/// Takes the sock out of the table of names. Table lock held.
void forget_name(unix_sock& self);
/// Writes a name, or the address of a sock without one, for the user.
void fill_address(const unix_name* name, socket_address& address);

// ---- unix_connect.cpp ------------------------------------------------------------------------------------

lib::result<void> unix_listen(socket& which, int backlog);
lib::result<void> unix_connect_stream(socket& which, const socket_address& address);
lib::result<void> unix_connect_datagram(socket& which, const socket_address& address);
lib::result<void> unix_accept(socket& listener, socket& accepted);
lib::result<void> unix_socketpair(socket& first, socket& second);
lib::result<void> unix_shutdown(socket& which, int how);

// ---- unix_send.cpp, unix_receive.cpp ---------------------------------------------------------------------

lib::result<size_t> unix_send_stream(socket& which, message& msg);
lib::result<size_t> unix_send_datagram(socket& which, message& msg);
lib::result<size_t> unix_send_seqpacket(socket& which, message& msg);
lib::result<size_t> unix_receive_stream(socket& which, message& msg);
lib::result<size_t> unix_receive_message(socket& which, message& msg);
/// Frees a message of the family with what travels with it. No lock held: closing a file may sleep.
void free_unix_message(skb_ptr skb);

// ---- unix_control.cpp ------------------------------------------------------------------------------------

/// The sender's control data, taken apart: files and credentials.
class unix_control {
public:
    explicit unix_control(stack& in) : in_(in) {}
    ~unix_control();
    unix_control(const unix_control&) = delete;
    unix_control& operator=(const unix_control&) = delete;

    /// EINVAL, EBADF, EPERM, ETOOMANYREFS, ENOMEM.
    lib::result<void> parse(const control_buffer& control);
    /// Hands what was found to a message; the files go with the first one.
    void attach(sk_buff& skb);

private:
    lib::result<void> take_files(const uint8_t* descriptors, size_t count);

    stack& in_;
    unix_files* files_ = nullptr;
    port::credentials who_ = port::current_credentials();
};

/// Takes the files off a message in a queue. sock_lock held.
unix_files* take_carried(stack& in, sk_buff& skb);
/// Closes files that nobody took. No lock held: closing may sleep.
void drop_files(stack& in, unix_files* files);
/// Tells the receiver what came with the message: credentials if it wants them, files as new descriptors.
void tell_control(const unix_sock& self, const unix_skb_notes& notes, message& msg);

// ---- unix_gc.cpp -----------------------------------------------------------------------------------------

/// The sock of the family whose file this is, or nullptr.
unix_sock* carried_unix_sock(const stack& in, port::passed_file* file);
/// Frees what only sockets that nobody has any more carry. No lock held; may sleep.
void unix_collect_garbage(stack& in);

} // namespace net
