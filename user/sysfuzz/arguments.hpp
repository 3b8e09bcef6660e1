#pragma once
// Arguments of system calls: of the right kind and mostly sensible, then bent.

#include "user/sysfuzz/random.hpp"

/// What an argument of a call is. Structures lie in the thread's arena, filled as the kind says.
enum class kind : uint8_t {
    none,
    number,  ///< Small, or from the edges of integers.
    flags,   ///< A few bits.
    fd,      ///< A descriptor, mostly an open one.
    dir_fd,  ///< One of a directory, or AT_FDCWD.
    path,    ///< A name, mostly below the working directory.
    program, ///< A path to execute.
    in,      ///< Bytes to be read by the kernel.
    out,     ///< Room to be written to by the kernel.
    length,  ///< Of the buffer before it.
    offset,  ///< In a file.
    mode,    ///< Permissions.
    address, ///< Of the address space: mmap, mprotect.
    protection,
    process, ///< Ours, or none at all.
    signal,
    user, ///< A uid or gid.
    clock,
    time,       ///< timespec or timeval, short.
    interval,   ///< itimerval, short.
    signal_set, ///< Leaves the watchdog's signal alone.
    signal_action,
    socket_address,
    address_length, ///< A pointer to one.
    vector,         ///< iovec[4].
    vector_count,
    message,  ///< msghdr, complete.
    messages, ///< mmsghdr[2].
    poll_list,
    epoll_event,
    fd_set,
    futex_word,
    strings, ///< argv or envp.
    family,
    socket_type,
    socket_level,
    socket_option,
    ioctl_request,
    fcntl_command,
    futex_operation,
    open_flags,
    prctl_option,
    arch_prctl_code,
};

/// Makes arguments in memory of its own: pages of which one is read-only and the last is followed by a hole.
class arguments {
public:
    explicit arguments(random_source& numbers);
    ~arguments();
    arguments(const arguments&) = delete;
    arguments& operator=(const arguments&) = delete;

    /// A sensible one, or in one case of twelve anything().
    uint64_t make(kind what);
    /// Anything: an edge, an address that is good, bad or the kernel's, a random number.
    uint64_t anything();
    /// The place for the arguments of a socketcall.
    uint64_t place(const uint64_t (&values)[6]);

private:
    char* room(size_t size_bytes);
    uint64_t make_sensible(kind what);
    uint64_t make_socket_address();
    uint64_t make_vector();
    void fill_message(void* message);
    uint64_t make_time();
    uint64_t make_signal_set();
    uint64_t make_descriptor();

    random_source& random_;
    char* area_;
    uint64_t last_length_ = 0; ///< Of the buffer made last.
};

/// Opens descriptors of every kind, 0 to 31, in the working directory. For the start of a process.
void open_everything(random_source& numbers);

/// Signals that the fuzzer needs: nobody blocks or changes them for long.
constexpr int watchdog_signal = 10; // SIGUSR1
