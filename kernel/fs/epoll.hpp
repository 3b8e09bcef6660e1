#pragma once
// epoll: a file that watches other files and says which of them are ready. See epoll.cpp.

#include "kernel/fs/file.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"

#include <cstddef>
#include <cstdint>

struct epoll_event;

namespace fs {

/// Watched descriptors of all epolls together at most; the last 1024 are root's.
constexpr size_t epoll_watch_limit = 16384;

/// epoll_create1(2) without the descriptor. Process context. ENOMEM, ENFILE.
lib::result<lib::ref<file>> make_epoll();

/// epoll_ctl(2): operation is EPOLL_CTL_ADD, DEL or MOD for the file under this number. EINVAL (not an epoll;
/// itself), EEXIST, ENOENT, ELOOP (an epoll in an epoll), EPERM (a file that cannot be watched), ENOMEM,
/// ENOSPC (too many watches).
lib::result<void> epoll_control(file& epoll, int operation, int fd, file& target, const epoll_event& event);

/// epoll_wait(2) into kernel memory: at least one event, or 0 at the deadline. EINVAL, EINTR.
lib::result<size_t> epoll_wait(file& epoll, epoll_event* events, size_t limit, uint64_t deadline_ns);

/// The file goes away: takes it out of all epolls that watch it.
void forget_watchers(file& f);

} // namespace fs
