// Waiting for descriptors: poll, select, epoll, and counters, timers and signals as descriptors.

#include "libc/src/internal/syscall.hpp"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

using libc::checked_int;

extern "C" {

int poll(struct pollfd* descriptors, nfds_t count, int timeout_ms) {
    return checked_int(SYS_poll, descriptors, count, timeout_ms);
}
int ppoll(struct pollfd* descriptors, nfds_t count, const struct timespec* timeout, const sigset_t* mask) {
    struct timespec copy =
        timeout != nullptr ? *timeout : timespec{}; // The kernel writes what is left into it.
    return checked_int(SYS_ppoll, descriptors, count, timeout != nullptr ? &copy : nullptr, mask,
                       sizeof(sigset_t));
}

int select(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, struct timeval* timeout) {
    return checked_int(SYS_select, count, readable, writable, exceptional, timeout);
}
int pselect(int count, fd_set* readable, fd_set* writable, fd_set* exceptional,
            const struct timespec* timeout, const sigset_t* mask) {
    struct timespec copy = timeout != nullptr ? *timeout : timespec{};
    unsigned long with_size[2] = {reinterpret_cast<unsigned long>(mask), sizeof(sigset_t)};
    return checked_int(SYS_pselect6, count, readable, writable, exceptional,
                       timeout != nullptr ? &copy : nullptr, with_size);
}

int epoll_create(int size) {
    return size > 0 ? epoll_create1(0) : static_cast<int>(libc::check(-EINVAL));
}
int epoll_create1(int flags) {
    return checked_int(SYS_epoll_create1, flags);
}
int epoll_ctl(int list, int operation, int fd, struct epoll_event* event) {
    return checked_int(SYS_epoll_ctl, list, operation, fd, event);
}
int epoll_wait(int list, struct epoll_event* events, int count, int timeout_ms) {
    return checked_int(SYS_epoll_wait, list, events, count, timeout_ms);
}
int epoll_pwait(int list, struct epoll_event* events, int count, int timeout_ms, const sigset_t* mask) {
    return checked_int(SYS_epoll_pwait, list, events, count, timeout_ms, mask, sizeof(sigset_t));
}

int eventfd(unsigned int initial, int flags) {
    return checked_int(SYS_eventfd2, initial, flags);
}
int eventfd_read(int fd, eventfd_t* value) {
    return read(fd, value, sizeof *value) == sizeof *value ? 0 : -1;
}
int eventfd_write(int fd, eventfd_t value) {
    return write(fd, &value, sizeof value) == sizeof value ? 0 : -1;
}

int timerfd_create(int clock, int flags) {
    return checked_int(SYS_timerfd_create, clock, flags);
}
int timerfd_settime(int fd, int flags, const struct itimerspec* wanted, struct itimerspec* old) {
    return checked_int(SYS_timerfd_settime, fd, flags, wanted, old);
}
int timerfd_gettime(int fd, struct itimerspec* result) {
    return checked_int(SYS_timerfd_gettime, fd, result);
}
int signalfd(int fd, const sigset_t* set, int flags) {
    return checked_int(SYS_signalfd4, fd, set, sizeof *set, flags);
}

} // extern "C"
