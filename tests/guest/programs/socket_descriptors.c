/* Calls that make descriptors when there is none left: they fail before they did anything, so that a
 * connection still waits to be accepted, and a number that a sleeping call has for itself names nothing yet.
 */
#define _GNU_SOURCE
#include "socket_test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static union {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_un un;
} where;
static socklen_t where_length;

static int listener_of(int family) {
    int fd = socket(family, SOCK_STREAM, 0);
    memset(&where, 0, sizeof where);
    where.any.sa_family = (sa_family_t)family;
    where_length = sizeof where.in;
    if (family == AF_INET) {
        where.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
        memcpy(where.un.sun_path, "\0descriptors", 12);
        where_length = offsetof(struct sockaddr_un, sun_path) + 12;
    }
    if (bind(fd, &where.any, where_length) != 0 || listen(fd, 5) != 0) {
        return -1;
    }
    socklen_t length = sizeof where;
    getsockname(fd, &where.any, &length);
    return fd;
}

static rlim_t limit_descriptors(rlim_t limit) {
    struct rlimit now;
    getrlimit(RLIMIT_NOFILE, &now);
    rlim_t before = now.rlim_cur;
    now.rlim_cur = limit;
    setrlimit(RLIMIT_NOFILE, &now);
    return before;
}

/* Allows no descriptor more than there are: all numbers below the last one are in use. */
static rlim_t allow_no_more(void) {
    int last = dup(0);
    close(last);
    return limit_descriptors((rlim_t)last);
}

static int is_readable(int fd) {
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    return poll(&entry, 1, 1000) == 1 && (entry.revents & POLLIN) != 0;
}

static void test_accept(const char* name, int family) {
    char buffer[16];
    int listener = listener_of(family), client = socket(family, SOCK_STREAM, 0), spare = dup(0);
    printf("# %s\n", name);
    fcntl(listener, F_SETFL, O_NONBLOCK);
    CHECK("accept.connect", connect(client, &where.any, where_length) == 0);
    CHECK("accept.send", send(client, "hello", 5, 0) == 5);
    rlim_t before = allow_no_more();
    CHECK("accept.waits", is_readable(listener));
    CHECK_ERROR("accept.EMFILE", accept(listener, NULL, NULL), EMFILE);
    CHECK_ERROR("accept.EMFILE_again", accept4(listener, NULL, NULL, SOCK_NONBLOCK), EMFILE);
    CHECK("accept.still_waits", is_readable(listener));
    CHECK("accept.client_lives", recv(client, buffer, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
    close(spare);
    int server = accept(listener, NULL, NULL);
    CHECK("accept.takes_the_free_one", server == spare);
    CHECK("accept.data", recv(server, buffer, sizeof buffer, 0) == 5 && memcmp(buffer, "hello", 5) == 0);
    CHECK("accept.both_ways", send(server, "x", 1, 0) == 1 && recv(client, buffer, sizeof buffer, 0) == 1);
    limit_descriptors(before);
    /* A failed accept gives back what it had for itself. */
    int free_one = dup(0);
    close(free_one);
    CHECK_ERROR("accept.nobody", accept(listener, NULL, NULL), EAGAIN);
    CHECK("accept.number_is_free_again", dup(0) == free_one);
    close(free_one);
    close(server);
    close(client);
    close(listener);
}

static void test_pairs(void) {
    int pair[2] = {-1, -1}, spare = dup(0);
    int* volatile nowhere = (int*)8;
    rlim_t before = allow_no_more();
    CHECK_ERROR("pair.none", socketpair(AF_UNIX, SOCK_STREAM, 0, pair), EMFILE);
    CHECK_ERROR("socket.none", socket(AF_INET, SOCK_STREAM, 0), EMFILE);
    close(spare);
    CHECK_ERROR("pair.only_one", socketpair(AF_UNIX, SOCK_STREAM, 0, pair), EMFILE);
    CHECK("pair.gives_back", socket(AF_INET, SOCK_STREAM, 0) == spare);
    limit_descriptors(before);
    CHECK_ERROR("pair.bad_pointer", socketpair(AF_UNIX, SOCK_STREAM, 0, nowhere), EFAULT);
    CHECK_ERROR("pair.bad_family", socketpair(AF_INET, SOCK_STREAM, 0, pair), EOPNOTSUPP);
    CHECK("pair.works",
          socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pair[0] == spare + 1 && pair[1] == spare + 2);
    close(pair[0]);
    close(pair[1]);
    close(spare);
}

static void* accept_one(void* listener) {
    return (void*)(long)accept(*(int*)listener, NULL, NULL);
}

/* While accept() sleeps its number is taken, but is no file. */
static void test_reserved_number(void) {
    int listener = listener_of(AF_INET), client = socket(AF_INET, SOCK_STREAM, 0);
    int expected = dup(0);
    close(expected);
    pthread_t thread;
    void* accepted = NULL;
    CHECK("reserved.thread", pthread_create(&thread, NULL, accept_one, &listener) == 0);
    usleep(100000);
    int other = dup(0);
    CHECK("reserved.not_given_twice", other == expected + 1);
    CHECK_ERROR("reserved.is_no_file", fcntl(expected, F_GETFD), EBADF);
    CHECK_ERROR("reserved.close", close(expected), EBADF);
    CHECK_ERROR("reserved.dup2", syscall(SYS_dup2, 0, expected), EBUSY); /* musl's own tries for ever */
    CHECK("reserved.connect", connect(client, &where.any, where_length) == 0);
    pthread_join(thread, &accepted);
    CHECK("reserved.accepted", (long)accepted == expected && fcntl(expected, F_GETFD) == 0);
    close(expected);
    close(other);
    close(client);
    close(listener);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    test_accept("AF_INET", AF_INET);
    test_accept("AF_UNIX", AF_UNIX);
    test_pairs();
    test_reserved_number();
    return finish();
}
