/* Bad pointers, lengths and descriptors for every socket call: the error that Linux gives, and nothing else
 * happens. Each call is made by its C function, and so by socketcall where that is the way into the kernel.
 */
#define _GNU_SOURCE
#include "socket_test.h"

#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static char* page;     /* one page that is there ... */
static char* page_end; /* ... and the first byte after it, which is not */
static int dgram, stream, pair[2], not_a_socket;

/* Addresses that no user memory is at. */
static void* bad_pointers[] = {
    (void*)1,
    (void*)4096,
    (void*)0x7fffffffffff,     /* the last byte below the hole */
    (void*)0x800000000000,     /* not canonical */
    (void*)0xffff888000100000, /* the kernel's view of memory */
    (void*)0xffffffff80100000, /* the kernel */
    (void*)-1,
};
enum { bad_pointer_count = sizeof bad_pointers / sizeof bad_pointers[0] };

/* A call that must fail with EFAULT for every bad pointer in place of `p`. */
#define CHECK_POINTERS(name, call)                                                                           \
    do {                                                                                                     \
        int wrong = 0, seen = 0;                                                                             \
        void* at = NULL;                                                                                     \
        for (int index = 0; index < bad_pointer_count; index++) {                                            \
            void* p = bad_pointers[index];                                                                   \
            errno = 0;                                                                                       \
            long returned = (long)(call);                                                                    \
            if (returned != -1 || errno != EFAULT) {                                                         \
                wrong++;                                                                                     \
                seen = errno;                                                                                \
                at = p;                                                                                      \
            }                                                                                                \
        }                                                                                                    \
        if (wrong == 0) {                                                                                    \
            printf("ok %s\n", name);                                                                         \
        } else {                                                                                             \
            printf("FAIL %s: %d pointers, last %p errno %d\n", name, wrong, at, seen);                       \
            failures++;                                                                                      \
        }                                                                                                    \
    } while (0)

/* A libc may read the header itself or hide a refusal (musl does), so these calls go to the kernel directly.
 */
#ifdef SYS_socketcall
static long message_call(int call, long a, const void* b, long c, long d, const void* e) {
    unsigned long words[] = {(unsigned long)a, (unsigned long)b, (unsigned long)c, (unsigned long)d,
                             (unsigned long)e};
    return syscall(SYS_socketcall, call, words);
}
#    define try_accept4(fd, flags) message_call(18, fd, NULL, 0, flags, NULL)
#    define try_sendmsg(fd, message, flags) message_call(16, fd, message, flags, 0, NULL)
#    define try_recvmsg(fd, message, flags) message_call(17, fd, message, flags, 0, NULL)
#    define try_recvmmsg(fd, batch, count, flags, timeout) message_call(19, fd, batch, count, flags, timeout)
#    define try_sendmmsg(fd, batch, count, flags) message_call(20, fd, batch, count, flags, NULL)
#else
#    define try_accept4(fd, flags) syscall(SYS_accept4, fd, NULL, NULL, flags)
#    define try_sendmsg(fd, message, flags) syscall(SYS_sendmsg, fd, message, flags)
#    define try_recvmsg(fd, message, flags) syscall(SYS_recvmsg, fd, message, flags)
#    define try_recvmmsg(fd, batch, count, flags, timeout)                                                   \
        syscall(SYS_recvmmsg, fd, batch, count, flags, timeout)
#    define try_sendmmsg(fd, batch, count, flags) syscall(SYS_sendmmsg, fd, batch, count, flags)
#endif

static void prepare(void) {
    long size = sysconf(_SC_PAGESIZE);
    page = mmap(NULL, (size_t)size * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page + size, (size_t)size);
    page_end = page + size;
    dgram = socket(AF_UNIX, SOCK_DGRAM, 0);
    stream = socket(AF_UNIX, SOCK_STREAM, 0);
    socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
    not_a_socket = open("/dev/null", O_RDWR);
}

static void test_addresses(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/tmp/nowhere"};
    socklen_t length = sizeof address;
    CHECK_POINTERS("bind.address", bind(dgram, p, 16));
    CHECK_POINTERS("connect.address", connect(dgram, p, 16));
    CHECK_ERROR("bind.straddling", bind(dgram, (void*)(page_end - 8), 16), EFAULT);
    CHECK_ERROR("bind.length", bind(dgram, (void*)&address, -1), EINVAL);
    CHECK_ERROR("bind.too_long", bind(dgram, (void*)page, 129), EINVAL);
    CHECK_ERROR("connect.length", connect(dgram, (void*)&address, INT_MIN), EINVAL);
    CHECK_POINTERS("getsockname.address", (length = sizeof address, getsockname(dgram, p, &length)));
    CHECK_POINTERS("getsockname.length", getsockname(dgram, (void*)&address, p));
    CHECK_POINTERS("getpeername.address", (length = sizeof address, getpeername(pair[0], p, &length)));
    CHECK_POINTERS("getpeername.length", getpeername(pair[0], (void*)&address, p));
    length = (socklen_t)-1;
    CHECK_ERROR("getsockname.negative", getsockname(dgram, (void*)&address, &length), EINVAL);
    length = 0;
    CHECK("getsockname.nothing", getsockname(dgram, NULL, &length) == 0 && length == sizeof(sa_family_t));
    CHECK_POINTERS("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, p));
    CHECK_ERROR("socketpair.straddling", socketpair(AF_UNIX, SOCK_STREAM, 0, (void*)(page_end - 4)), EFAULT);
    int next = dup(0);
    close(next);
    for (int i = 0; i < 8; i++) {
        (void)!socketpair(AF_UNIX, SOCK_STREAM, 0, NULL);
    }
    int after = dup(0);
    close(after);
    CHECK("socketpair.no_descriptor_left", next == after);
}

static void test_accept(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, "\0pointers", 9);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    socklen_t length = sizeof(sa_family_t) + 9;
    CHECK("accept.bind", bind(listener, (void*)&address, length) == 0 && listen(listener, 64) == 0);
    for (int i = 0; i < 2 * bad_pointer_count + 1; i++) {
        int client = socket(AF_UNIX, SOCK_STREAM, 0);
        (void)!connect(client, (void*)&address, sizeof(sa_family_t) + 9);
        close(client);
    }
    CHECK_POINTERS("accept.length", accept(listener, (void*)&address, p));
    CHECK_POINTERS("accept.address", (length = sizeof address, accept(listener, p, &length)));
    CHECK_ERROR("accept4.flags", try_accept4(listener, 1), EINVAL);
    int last = accept(listener, NULL, NULL);
    CHECK("accept.still_works", last >= 0);
    fcntl(listener, F_SETFL, O_NONBLOCK);
    CHECK_ERROR("accept.none_left", accept(listener, NULL, NULL), EAGAIN);
    close(last);
    close(listener);
}

static void test_data(void) {
    struct sockaddr_un address;
    socklen_t length = sizeof address;
    CHECK_POINTERS("send.buffer", send(pair[0], p, 16, 0));
    CHECK_POINTERS("write.buffer", write(pair[0], p, 16));
    CHECK_ERROR("send.straddling", send(pair[0], page_end - 8, 16, 0), EFAULT);
    CHECK_POINTERS("sendto.address", sendto(pair[0], page, 1, 0, p, 16));
    CHECK_ERROR("sendto.length", sendto(pair[0], page, 1, 0, (void*)&address, -1), EINVAL);
    CHECK_ERROR("recv.nothing_sent", recv(pair[1], page, 1, MSG_DONTWAIT), EAGAIN);
    for (int i = 0; i < bad_pointer_count; i++) {
        (void)!send(pair[0], "x", 1, 0);
    }
    CHECK_POINTERS("recv.buffer", recv(pair[1], p, 16, MSG_PEEK | MSG_DONTWAIT));
    CHECK_POINTERS("recvfrom.length",
                   recvfrom(pair[1], page, 16, MSG_PEEK | MSG_DONTWAIT, (void*)&address, p));
    (void)length;
    while (recv(pair[1], page, 16, MSG_DONTWAIT) > 0) {
    }
}

static void test_messages(void) {
    struct iovec piece = {page, 4};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    CHECK_POINTERS("sendmsg.header", try_sendmsg(pair[0], p, 0));
    CHECK_POINTERS("recvmsg.header", try_recvmsg(pair[1], p, MSG_DONTWAIT));
    CHECK_ERROR("sendmsg.straddling", try_sendmsg(pair[0], (void*)(page_end - 16), 0), EFAULT);
    CHECK_POINTERS("sendmsg.vector", (message.msg_iov = p, try_sendmsg(pair[0], &message, 0)));
    CHECK_POINTERS("recvmsg.vector", (message.msg_iov = p, try_recvmsg(pair[1], &message, MSG_DONTWAIT)));
    message.msg_iov = &piece;
    CHECK_POINTERS("sendmsg.piece", (piece.iov_base = p, try_sendmsg(pair[0], &message, 0)));
    piece.iov_base = page;
    CHECK_POINTERS("sendmsg.name",
                   (message.msg_name = p, message.msg_namelen = 16, try_sendmsg(pair[0], &message, 0)));
    message.msg_name = NULL;
    CHECK_POINTERS("sendmsg.control",
                   (message.msg_control = p, message.msg_controllen = 24, try_sendmsg(pair[0], &message, 0)));
    message.msg_control = NULL;
    message.msg_controllen = 0;
    struct iovec* many = calloc(1025, sizeof *many);
    message.msg_iov = many;
    message.msg_iovlen = 1025;
    CHECK_ERROR("sendmsg.too_many_pieces", try_sendmsg(pair[0], &message, 0), EMSGSIZE);
    message.msg_iovlen = -1;
    CHECK_ERROR("sendmsg.endless_pieces", try_sendmsg(pair[0], &message, 0), EMSGSIZE);
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    piece.iov_len = SIZE_MAX;
    CHECK_ERROR("sendmsg.negative_length", try_sendmsg(pair[0], &message, 0), EINVAL);
    piece.iov_len = 4;
    message.msg_name = page;
    message.msg_namelen = (socklen_t)-1;
    CHECK_ERROR("sendmsg.negative_name", try_sendmsg(pair[0], &message, 0), EINVAL);
    message.msg_name = NULL;
    message.msg_control = page;
    message.msg_controllen = 1 << 30;
    CHECK_ERROR("sendmsg.endless_control", try_sendmsg(pair[0], &message, 0), ENOBUFS);
    message.msg_controllen = 24;
    memset(page, 0, 64);
    *(size_t*)page = 8; /* cmsg_len below its own header */
    CHECK_ERROR("sendmsg.short_control", try_sendmsg(pair[0], &message, 0), EINVAL);
    *(size_t*)page = SIZE_MAX;
    CHECK_ERROR("sendmsg.long_control", try_sendmsg(pair[0], &message, 0), EINVAL);
    message.msg_control = NULL;
    message.msg_controllen = 0;
    CHECK_ERROR("messages.nothing_sent", recv(pair[1], page, 64, MSG_DONTWAIT), EAGAIN);
    CHECK("sendmsg.still_works",
          try_sendmsg(pair[0], &message, 0) == 4 && try_recvmsg(pair[1], &message, 0) == 4);

    struct mmsghdr batch[2];
    memset(batch, 0, sizeof batch);
    batch[0].msg_hdr = message;
    batch[1].msg_hdr.msg_iov = (void*)1;
    batch[1].msg_hdr.msg_iovlen = 1;
    CHECK_POINTERS("sendmmsg.vector", try_sendmmsg(pair[0], p, 1, 0));
    CHECK_POINTERS("recvmmsg.vector", try_recvmmsg(pair[1], p, 1, MSG_DONTWAIT, NULL));
    CHECK("sendmmsg.first_counts", try_sendmmsg(pair[0], batch, 2, 0) == 1 && batch[0].msg_len == 4);
    CHECK_ERROR("sendmmsg.then_fails", try_sendmmsg(pair[0], batch + 1, 1, 0), EFAULT);
    CHECK_POINTERS("recvmmsg.timeout", try_recvmmsg(pair[1], batch, 1, MSG_DONTWAIT, p));
    struct timespec wrong = {.tv_sec = 0, .tv_nsec = 1000000000};
    CHECK_ERROR("recvmmsg.wrong_time", try_recvmmsg(pair[1], batch, 1, MSG_DONTWAIT, &wrong), EINVAL);
    batch[1].msg_hdr.msg_iov = &piece;
    CHECK("recvmmsg.one",
          try_recvmmsg(pair[1], batch, 2, MSG_WAITFORONE, NULL) == 1 && batch[0].msg_len == 4);
    free(many);
}

static void test_options(void) {
    int value = 1;
    socklen_t length = sizeof value;
    CHECK_POINTERS("setsockopt.value", setsockopt(dgram, SOL_SOCKET, SO_REUSEADDR, p, 4));
    CHECK_ERROR("setsockopt.null", setsockopt(dgram, SOL_SOCKET, SO_REUSEADDR, NULL, 4), EFAULT);
    CHECK_ERROR("setsockopt.negative", setsockopt(dgram, SOL_SOCKET, SO_REUSEADDR, &value, -1), EINVAL);
    CHECK_ERROR("setsockopt.short", setsockopt(dgram, SOL_SOCKET, SO_REUSEADDR, &value, 3), EINVAL);
    CHECK_ERROR("setsockopt.unknown", setsockopt(dgram, SOL_SOCKET, 9999, &value, 4), ENOPROTOOPT);
    CHECK_POINTERS("getsockopt.value", (length = 4, getsockopt(dgram, SOL_SOCKET, SO_TYPE, p, &length)));
    CHECK_POINTERS("getsockopt.length", getsockopt(dgram, SOL_SOCKET, SO_TYPE, &value, p));
    length = (socklen_t)-1;
    CHECK_ERROR("getsockopt.negative", getsockopt(dgram, SOL_SOCKET, SO_TYPE, &value, &length), EINVAL);
    length = sizeof value;
    CHECK_ERROR("getsockopt.unknown", getsockopt(dgram, SOL_SOCKET, 9999, &value, &length), ENOPROTOOPT);
    char bytes[8];
    memset(bytes, 0x5a, sizeof bytes);
    length = 2;
    CHECK("getsockopt.cut", getsockopt(dgram, SOL_SOCKET, SO_TYPE, bytes, &length) == 0 && length == 2 &&
                                bytes[0] == SOCK_DGRAM && bytes[2] == 0x5a);
    length = 1 << 30;
    CHECK("getsockopt.long",
          getsockopt(dgram, SOL_SOCKET, SO_TYPE, &value, &length) == 0 && length == 4 && value == SOCK_DGRAM);
    CHECK("sndbuf.negative", (value = -1, setsockopt(dgram, SOL_SOCKET, SO_SNDBUF, &value, 4)) == 0);
    length = 4;
    CHECK("sndbuf.minimum", getsockopt(dgram, SOL_SOCKET, SO_SNDBUF, &value, &length) == 0 && value >= 2048);
}

static void test_descriptors(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct msghdr message = {0};
    struct mmsghdr batch = {0};
    socklen_t length = sizeof address;
    int value = 0;
    const int fds[] = {-1, 9999, not_a_socket};
    const int errors[] = {EBADF, EBADF, ENOTSOCK};
    for (int i = 0; i < 3; i++) {
        int fd = fds[i], error = errors[i];
        CHECK_ERROR("descriptor.bind", bind(fd, (void*)&address, length), error);
        CHECK_ERROR("descriptor.connect", connect(fd, (void*)&address, length), error);
        CHECK_ERROR("descriptor.listen", listen(fd, 1), error);
        CHECK_ERROR("descriptor.accept", accept(fd, NULL, NULL), error);
        CHECK_ERROR("descriptor.getsockname", getsockname(fd, (void*)&address, &length), error);
        CHECK_ERROR("descriptor.getpeername", getpeername(fd, (void*)&address, &length), error);
        CHECK_ERROR("descriptor.send", send(fd, "x", 1, 0), error);
        CHECK_ERROR("descriptor.recv", recv(fd, page, 1, 0), error);
        CHECK_ERROR("descriptor.shutdown", shutdown(fd, SHUT_RD), error);
        CHECK_ERROR("descriptor.setsockopt", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, 4), error);
        CHECK_ERROR("descriptor.getsockopt", getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &length), error);
        CHECK_ERROR("descriptor.sendmsg", try_sendmsg(fd, &message, 0), error);
        CHECK_ERROR("descriptor.recvmsg", try_recvmsg(fd, &message, 0), error);
        CHECK_ERROR("descriptor.sendmmsg", try_sendmmsg(fd, &batch, 1, 0), error);
        CHECK_ERROR("descriptor.recvmmsg", try_recvmmsg(fd, &batch, 1, 0, NULL), error);
    }
}

static void test_creation(void) {
    int fd[2];
    CHECK_ERROR("socket.family", socket(9999, SOCK_STREAM, 0), EAFNOSUPPORT);
    CHECK_ERROR("socket.negative_family", socket(-1, SOCK_STREAM, 0), EAFNOSUPPORT);
    CHECK_ERROR("socket.type", socket(AF_UNIX, 9, 0), ESOCKTNOSUPPORT);
    CHECK_ERROR("socket.type_flags", socket(AF_UNIX, SOCK_STREAM | 0x100, 0), EINVAL);
    CHECK_ERROR("socket.protocol", socket(AF_UNIX, SOCK_STREAM, 6), EPROTONOSUPPORT);
    CHECK_ERROR("socketpair.family", socketpair(9999, SOCK_STREAM, 0, fd), EAFNOSUPPORT);
    CHECK_ERROR("shutdown.how", shutdown(pair[0], 3), EINVAL);
    CHECK_ERROR("listen.datagram", listen(dgram, 1), EOPNOTSUPP);
    CHECK_ERROR("accept.datagram", accept(dgram, NULL, NULL), EOPNOTSUPP);
    CHECK_ERROR("accept.not_listening", accept(stream, NULL, NULL), EINVAL);
    CHECK_ERROR("recv.stream_unconnected", recv(stream, page, 1, 0), EINVAL);
    int last = -1, count = 0;
    for (int one; (one = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0; last = one) {
        count++;
    }
    CHECK("socket.descriptors_end", errno == EMFILE && count > 200);
    for (; count > 0; last--) {
        count -= close(last) == 0;
    }
    CHECK("socket.works_again", (last = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0);
    CHECK("socket.cloexec", fcntl(last, F_GETFD) == FD_CLOEXEC);
    close(last);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    prepare();
    test_creation();
    test_addresses();
    test_accept();
    test_data();
    test_messages();
    test_options();
    test_descriptors();
    return finish();
}
