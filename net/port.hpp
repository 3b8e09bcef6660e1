#pragma once
// Everything that net/ asks of the world: time, randomness, memory, locks, sleeping, user memory, and
// a hand-over of file references for AF_UNIX. Small concrete types whose members are defined outside:
// exactly one of kernel/net_port.cpp (the kernel), tests/port_sim.cpp (virtual clock, fibers, seeded
// random) and tests/port_threads.cpp (real threads) is linked. Nothing else leaves net/.

#include "kernel/lib/result.hpp"

#include <cstddef>
#include <cstdint>

namespace net {
class stack;
struct socket;
} // namespace net

namespace net::port {

// ---- time ------------------------------------------------------------------------------------------------

using time_ns = uint64_t; ///< Nanoseconds of a clock that starts at boot and never jumps.
constexpr time_ns never = UINT64_MAX;
constexpr time_ns microsecond = 1'000;
constexpr time_ns millisecond = 1'000'000;
constexpr time_ns second = 1'000'000'000;

/// The monotonic clock. Any context.
time_ns now();
/// Nanoseconds since 1970, for time stamps that users see. Any context.
time_ns wall_clock();

// ---- randomness and memory -------------------------------------------------------------------------------

/// Fills the buffer with unpredictable bytes (seeded ones in a simulation). Worker and process context.
void random_bytes(void* to, size_t length);
uint32_t random_u32();

/// What an allocation is for; counted apart.
enum class memory_tag : uint8_t { skb, skb_data, socket, table, other };

/// Memory aligned to 16 bytes and contiguous for DMA, or nullptr. Any context but irq. Not zeroed.
void* allocate(size_t length_bytes, memory_tag tag);
/// Gives back what allocate() returned; nullptr is allowed.
void release(void* memory);

// ---- locks -----------------------------------------------------------------------------------------------

/// The order in which net's locks are taken: a lock may only be taken while locks of lower rank are
/// held. docs/locking.md explains each; debug builds and the simulator check it.
enum class lock_rank : uint8_t {
    socket_reader,    ///< one reader of a stream or AF_UNIX sock at a time; held while copying to user memory
    socket_writer,    ///< one writer of a stream at a time; held while copying from user memory
    socket_table,     ///< AF_UNIX names and the like, taken before the sockets in them
    sock,             ///< the state of one sock
    sock_nested,      ///< the sock of a child while its listener is held, or the peer of an AF_UNIX sock
    protocol_table,   ///< hash tables of ports
    connection_table, ///< hash table of TCP connections; asked while a port is being chosen
    reassembly,       ///< queues of IP fragments
    neighbour,        ///< the ARP table
    route,            ///< routes and interface addresses
    device_list,      ///< the list of devices
    device,           ///< one device's transmit queue and ring
    timer,            ///< the timer wheel
    trace,            ///< readers of the trace ring
};

/// A lock that sleeps when it is taken. Worker and process context, never irq. Not recursive.
class lock {
public:
    explicit lock(lock_rank rank);
    ~lock();
    lock(const lock&) = delete;
    lock& operator=(const lock&) = delete;

    void acquire();
    void give_back();
    /// Whether the calling thread holds it; for assertions.
    bool held() const;

private:
    friend class wait_queue;
    alignas(16) unsigned char storage_[96];
};

/// Holds a lock for a scope.
class [[nodiscard]] guard {
public:
    explicit guard(lock& target) : lock_(target) { lock_.acquire(); }
    ~guard() { lock_.give_back(); }
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;

private:
    lock& lock_;
};

// ---- sleeping --------------------------------------------------------------------------------------------

class poll_table; ///< The waiter of a poll(), select() or epoll; only the port looks inside.

/// Threads that wait for a condition on the state that a lock guards.
class wait_queue {
public:
    wait_queue();
    ~wait_queue();
    wait_queue(const wait_queue&) = delete;
    wait_queue& operator=(const wait_queue&) = delete;

    /// Sleeps until done() holds. `held` is given back while asleep and held again whenever done() runs
    /// and on return. Fails with EINTR when a signal is pending and with ETIMEDOUT at the deadline; done()
    /// is asked first, so a condition that already holds never fails. Process context.
    template <class Predicate>
    lib::result<void> wait(lock& held, Predicate done, time_ns deadline = never) {
        return wait_erased(
            held, [](void* predicate) { return (*static_cast<Predicate*>(predicate))(); }, &done, deadline);
    }

    /// Wakes who waits or polls. Any context, with or without the lock.
    void wake_all();
    /// Wakes one waiter (an accept, say) and every poller.
    void wake_one();
    /// Adds the poller to this queue until its poll returns.
    void add_poller(poll_table& table);

private:
    lib::result<void> wait_erased(lock& held, bool (*done)(void*), void* predicate, time_ns deadline);

    alignas(16) unsigned char storage_[96];
};

/// Makes the worker of this stack call stack::run() soon. Any context, irq included.
void wake_worker(stack& of);

// ---- the calling process ---------------------------------------------------------------------------------

/// Reads or writes user memory of the calling process: EFAULT when it is not there. Process context; may
/// sleep for a page, so no lock of rank sock or above is held. On the host plain memory.
lib::result<void> copy_from_user(void* to, uintptr_t user_from, size_t length);
lib::result<void> copy_to_user(uintptr_t user_to, const void* from, size_t length);

struct credentials {
    int pid;
    uint32_t uid;
    uint32_t gid;
};
credentials current_credentials();
/// Whether the caller may configure the network, use raw sockets and bind ports below 1024.
bool may_administer();
/// Sends SIGPIPE to the caller: a write to a stream that the peer no longer reads.
void raise_sigpipe();
/// Whom F_SETOWN named, and who did: a signal goes only where that user may send one.
struct signal_target {
    int id = 0; ///< process (> 0), group (< 0) or nobody
    uint32_t uid = 0;
    uint32_t effective_uid = 0;
};
/// The target in the name of the calling process's user.
signal_target signal_target_of_caller(int id);
/// Sends SIGURG or SIGIO.
void signal_owner(const signal_target& owner, int signal_number);
/// A number that names the running task in traces.
uint32_t current_task_id();
uint32_t current_cpu();

// ---- files, for AF_UNIX ----------------------------------------------------------------------------------

struct passed_file; ///< A counted reference to an open file; only the port looks inside.
/// Takes a reference to the caller's descriptor (EBADF), installs it as a new one in the caller, drops it.
lib::result<passed_file*> take_file(int descriptor);
lib::result<int> install_file(passed_file* file, bool close_on_exec);
void drop_file(passed_file* file);
/// The socket whose file it is, or nullptr; valid as long as the reference. How many references the file has.
socket* socket_of_file(passed_file* file);
uint32_t file_references(const passed_file* file);

/// Creates the file-system node of a bound AF_UNIX name (EADDRINUSE when the path exists), or finds it.
/// The number identifies the node as long as it exists.
lib::result<uint64_t> create_socket_node(const char* path);
lib::result<uint64_t> find_socket_node(const char* path);

} // namespace net::port
