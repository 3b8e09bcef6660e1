// sysagent: makes socket calls for a tester at the other end of a serial line, so that a program outside can
// see both sides of the stack: packets on the wire, and what the calls return.
//
// Frames are delimited as in SLIP (RFC 1055). A request names a system call by its Linux number and carries
// its arguments; the reply carries the result, or minus the error number. All integers are little-endian.
//
//     request                                   reply
//     0  u8  'S'                                0  u8  'R', or 'A': begun
//     1  u8  flags                              1  u8  0
//     2  u16 id                                 2  u16 id
//     4  u16 op                                 4  s32 result
//     6  u8  n, number of arguments, 0..6       8  ... "out" bytes
//     7  u8  0
//     8  s32 a[n]
//     .. ... "in" bytes
//
// A request marked `blocking` is answered with 'A' and made by a second thread, which shares the descriptors;
// there is at most one. Everything else is made by the main thread between two frames.

#include "user/program.hpp"
#include "user/sysagent/calls.hpp"
#include "user/sysagent/line.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

namespace {

constexpr const char* default_line = "/dev/ttyS1";
constexpr int protocol_version = 1;

struct blocking_call {
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
    pthread_t thread;
    // Guarded by lock.
    bool busy = false;
    bool cancelled = false; ///< a reset ended it: no reply is due
    request what;
} second;

/// Ends the sleeping call of the second thread. A signal may come just before the call goes to sleep and be
/// lost, so it is sent until the call has returned.
void cancel_blocking_call() {
    pthread_mutex_lock(&second.lock);
    second.cancelled = true;
    while (second.busy) {
        pthread_kill(second.thread, SIGUSR1);
        timespec soon;
        clock_gettime(CLOCK_REALTIME, &soon);
        soon.tv_nsec += 1'000'000;
        if (soon.tv_nsec >= 1'000'000'000) {
            soon.tv_sec++;
            soon.tv_nsec -= 1'000'000'000;
        }
        pthread_cond_timedwait(&second.changed, &second.lock, &soon);
    }
    pthread_mutex_unlock(&second.lock);
}

constexpr int standard_streams = STDERR_FILENO + 1;
struct stat given[standard_streams]; ///< what the first three descriptors were at the start

/// Whether it is one of the first three and still what it was: not the tester's to lose.
bool was_given(int fd) {
    struct stat now;
    return fd < standard_streams && fstat(fd, &now) == 0 && now.st_dev == given[fd].st_dev &&
           now.st_ino == given[fd].st_ino;
}

/// Connections end with a RST, and nothing waits.
void abort_and_close(int fd) {
    const linger abort = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    close(fd);
}

/// Closes what the tester has opened. He may have left no descriptor free, so every number is tried: a look
/// into /proc/self/fd would need one.
void close_everything() {
    const int limit = getdtablesize();
    for (int fd = 0; fd < limit; fd++) {
        if (fd != line_fd() && !was_given(fd)) {
            abort_and_close(fd);
        }
    }
    for (int fd = 0; fd < standard_streams; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            open("/dev/null", O_RDWR); // it gets the lowest number that is free
        }
    }
}

long reset(output& out) {
    cancel_blocking_call();
    close_everything();
    utsname names = {};
    uname(&names);
    char text[2 * sizeof names.sysname];
    out.append(text, static_cast<size_t>(snprintf(text, sizeof text, "%s %s", names.sysname, names.release)));
    return protocol_version;
}

void* serve_blocking_calls(void*) {
    static output out;
    for (;;) {
        pthread_mutex_lock(&second.lock);
        while (!second.busy) {
            pthread_cond_wait(&second.changed, &second.lock);
        }
        pthread_mutex_unlock(&second.lock);
        out.length = 0;
        long result = perform(second.what, out);
        pthread_mutex_lock(&second.lock);
        if (!second.cancelled) {
            send_frame('R', second.what.id, result, out);
        }
        second.busy = false;
        pthread_cond_signal(&second.changed);
        pthread_mutex_unlock(&second.lock);
    }
}

/// Hands a request to the second thread; EBUSY when that one sleeps in an earlier one.
void begin_blocking_call(const request& r) {
    static constexpr output nothing{};
    pthread_mutex_lock(&second.lock);
    if (second.busy) {
        send_frame('R', r.id, -EBUSY, nothing);
    } else {
        second.what = r;
        second.what.in = second.what.frame + (r.in - r.frame);
        second.cancelled = false;
        second.busy = true;
        send_frame('A', r.id, 0, nothing);
        pthread_cond_signal(&second.changed);
    }
    pthread_mutex_unlock(&second.lock);
}

void interrupt_call(int) {}

} // namespace

int main(int argc, char** argv) {
    answer_help(argc, argv,
                "usage: sysagent [LINE]\nMakes socket calls for a tester at the other end of a serial line "
                "(/dev/ttyS1).\n");
    for (int fd = 0; fd < standard_streams; fd++) {
        fstat(fd, &given[fd]);
    }
    open_line(argc > 1 ? argv[1] : default_line);
    signal(SIGPIPE, SIG_IGN);
    struct sigaction ending = {}; // without SA_RESTART: it ends a sleeping call
    ending.sa_handler = interrupt_call;
    sigaction(SIGUSR1, &ending, nullptr);
    if (int why = pthread_create(&second.thread, nullptr, serve_blocking_calls, nullptr); why != 0) {
        errx(1, "second thread: %s", strerror(why));
    }
    static request r;
    static output out;
    for (;;) {
        read_request(r);
        if ((r.flags & blocking) != 0) {
            begin_blocking_call(r);
        } else {
            out.length = 0;
            const long result = r.op == op_reset ? reset(out) : perform(r, out);
            send_frame('R', r.id, result, out);
        }
    }
}
