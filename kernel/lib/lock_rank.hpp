#pragma once
// The lock order of the whole system, kernel and network stack, in one list. A lock may be taken only
// while every lock already held has a smaller rank (stands further up here). Debug builds check it: spin
// locks per CPU, mutexes per thread. Every lock has a rank of this list; two locks that are ever held
// together never share one.

#include <cstdint>

namespace lib {

enum class lock_rank : uint8_t {
    // Sleeping locks (task::mutex), outermost first. All of them come before every spin lock.
    file_position, ///< The offset of one open file.
    proc_text,     ///< The text of one open file of /proc.
    mount_tree,    ///< All names: the shape of the directory tree.
    inode,         ///< Size and pages of one file.
    file_lock,     ///< Advisory locks of all files.
    epoll,         ///< Interest and ready lists; held while other files are asked whether they are ready.
    pty,           ///< Which pseudo-terminals are in use.
    pipe,          ///< Buffer of one pipe.
    // The network stack's, in the order of net::port::lock_rank.
    socket_reader,    ///< One reader of a stream, or of an AF_UNIX sock, at a time.
    socket_writer,    ///< One writer of a stream at a time.
    socket_table,     ///< Names of AF_UNIX and the like.
    sock,             ///< State of one sock.
    sock_nested,      ///< The sock of a child, or the peer of an AF_UNIX sock.
    protocol_table,   ///< Ports.
    connection_table, ///< TCP connections.
    reassembly,       ///< Queues of IP fragments.
    neighbour,        ///< The ARP table.
    route,            ///< Routes and interface addresses.
    device_list,      ///< The list of network devices.
    net_device,       ///< Transmit queue and ring of one network device.
    net_timer,        ///< The timer wheel of one stack.
    net_trace,        ///< Readers of the trace ring.

    // Spin locks, never held while sleeping.
    process_table,    ///< Parents, children, groups, sessions, identifiers.
    process_details,  ///< Credentials, limits and pointers of one process.
    fd_table,         ///< Descriptor table of one process.
    signals,          ///< Pending signals and actions of one process.
    address_space,    ///< Areas and page tables of one address space.
    backing,          ///< Page table of one mapped object.
    device,           ///< Registers and rings of one device.
    futexes,          ///< One bucket of waiters for words of user memory.
    wait_queue,       ///< Sleepers of one queue.
    epoll_ready,      ///< The ready list of one epoll; taken by a wake-up.
    epoll_wait_queue, ///< Who waits for an epoll.
    run_queue,        ///< Threads ready to run on one CPU.
    timers,           ///< The queue of armed timers.
    irq_lines,        ///< Handlers and masks of the interrupt lines.
    vmap,             ///< Kernel stacks and device mappings.
    kmalloc,          ///< Slabs of one size class.
    frames,           ///< Free lists of page frames.
    random,           ///< State of the random generator.
    trace,            ///< Ring of trace records.
    log,              ///< Ring of log lines.
    console,          ///< Output registers of serial port and screen.
};

} // namespace lib
