/* epoll and eventfd: level and edge, one-shot, files that go away, waiting. */
#include "check.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

static int watch(int epoll, int operation, int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data = {.fd = fd}};
    return epoll_ctl(epoll, operation, fd, &event);
}

static void test_level(void) {
    int ends[2], epoll = epoll_create1(EPOLL_CLOEXEC);
    char byte;
    struct epoll_event got[4];
    pipe(ends);
    CHECK("create", epoll >= 0 && fcntl(epoll, F_GETFD) == FD_CLOEXEC);
    CHECK("add", watch(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN) == 0);
    CHECK_ERROR("add_twice", watch(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN), EEXIST);
    CHECK_ERROR("modify_absent", watch(epoll, EPOLL_CTL_MOD, ends[1], EPOLLIN), ENOENT);
    CHECK_ERROR("delete_absent", watch(epoll, EPOLL_CTL_DEL, ends[1], 0), ENOENT);
    CHECK_ERROR("add_itself", watch(epoll, EPOLL_CTL_ADD, epoll, EPOLLIN), EINVAL);
    CHECK_ERROR("not_an_epoll", watch(ends[0], EPOLL_CTL_ADD, ends[1], EPOLLIN), EINVAL);
    CHECK_ERROR("wait_for_none", epoll_wait(epoll, got, 0, 0), EINVAL);
    CHECK("idle", epoll_wait(epoll, got, 4, 0) == 0);
    write(ends[1], "xy", 2);
    CHECK("ready",
          epoll_wait(epoll, got, 4, -1) == 1 && got[0].events == EPOLLIN && got[0].data.fd == ends[0]);
    read(ends[0], &byte, 1);
    CHECK("still_ready", epoll_wait(epoll, got, 4, 0) == 1);
    read(ends[0], &byte, 1);
    CHECK("emptied", epoll_wait(epoll, got, 4, 0) == 0);
    close(ends[1]);
    CHECK("hang_up", epoll_wait(epoll, got, 4, -1) == 1 && (got[0].events & EPOLLHUP) != 0);
    close(ends[0]);
    CHECK("closed_is_gone", epoll_wait(epoll, got, 4, 0) == 0);
    close(epoll);
}

static void test_edge(void) {
    int ends[2], epoll = epoll_create1(0);
    struct epoll_event got[4];
    pipe(ends);
    watch(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN | EPOLLET);
    write(ends[1], "a", 1);
    CHECK("edge", epoll_wait(epoll, got, 4, -1) == 1);
    CHECK("edge_once", epoll_wait(epoll, got, 4, 0) == 0);
    write(ends[1], "b", 1);
    CHECK("edge_again", epoll_wait(epoll, got, 4, 0) == 1);
    CHECK("one_shot_set", watch(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT) == 0);
    CHECK("one_shot", epoll_wait(epoll, got, 4, 0) == 1 && epoll_wait(epoll, got, 4, 0) == 0);
    write(ends[1], "c", 1);
    CHECK("one_shot_stays_off", epoll_wait(epoll, got, 4, 0) == 0);
    CHECK("one_shot_armed", watch(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLONESHOT) == 0 &&
                                epoll_wait(epoll, got, 4, 0) == 1);
    close(ends[0]), close(ends[1]), close(epoll);
}

static void test_many(void) {
    enum { count = 200 };
    static struct epoll_event got[count];
    static int ends[count][2];
    int epoll = epoll_create1(0), seen = 0;
    for (int i = 0; i < count; i++) {
        pipe(ends[i]);
        watch(epoll, EPOLL_CTL_ADD, ends[i][0], EPOLLIN);
    }
    for (int i = 0; i < count; i += 2) {
        write(ends[i][1], "x", 1);
    }
    for (int round = 0; round < 10; round++) { /* No one starves although only a few fit at a time. */
        int ready = epoll_wait(epoll, got, 10, 0);
        for (int i = 0; i < ready; i++) {
            char byte;
            seen += read(got[i].data.fd, &byte, 1);
        }
    }
    CHECK("fair", seen == count / 2 && epoll_wait(epoll, got, count, 0) == 0);
    for (int i = 0; i < count; i++) {
        close(ends[i][0]), close(ends[i][1]);
    }
    close(epoll);
}

static void test_wake(void) {
    int ends[2], epoll = epoll_create1(0), status;
    struct epoll_event got[1];
    pipe(ends);
    watch(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        usleep(50000);
        _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
    }
    CHECK("woken", epoll_wait(epoll, got, 1, 5000) == 1 && got[0].data.fd == ends[0]);
    waitpid(child, &status, 0);
    CHECK("timeout", watch(epoll, EPOLL_CTL_DEL, ends[0], 0) == 0 && epoll_wait(epoll, got, 1, 20) == 0);
    int file = open("/tmp", O_RDONLY);
    CHECK_ERROR("regular_file", watch(epoll, EPOLL_CTL_ADD, file, EPOLLIN), EPERM);
    close(file), close(ends[0]), close(ends[1]), close(epoll);
}

static void test_eventfd(void) {
    uint64_t value = 0;
    int fd = eventfd(3, EFD_NONBLOCK);
    CHECK("eventfd", fd >= 0 && read(fd, &value, 8) == 8 && value == 3);
    CHECK_ERROR("eventfd_empty", read(fd, &value, 8), EAGAIN);
    value = 5;
    CHECK("eventfd_adds",
          write(fd, &value, 8) == 8 && write(fd, &value, 8) == 8 && read(fd, &value, 8) == 8 && value == 10);
    CHECK_ERROR("eventfd_short", read(fd, &value, 4), EINVAL);
    value = UINT64_MAX;
    CHECK_ERROR("eventfd_too_large", write(fd, &value, 8), EINVAL);
    value = UINT64_MAX - 1;
    CHECK("eventfd_full", write(fd, &value, 8) == 8);
    value = 1;
    CHECK_ERROR("eventfd_overflow", write(fd, &value, 8), EAGAIN);
    close(fd);
    fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    CHECK("eventfd_semaphore",
          read(fd, &value, 8) == 8 && value == 1 && read(fd, &value, 8) == 8 && value == 1);
    CHECK_ERROR("eventfd_semaphore_empty", read(fd, &value, 8), EAGAIN);
    close(fd);
}

/* One file watched under many descriptors by many epolls. The bound is of the system: more than this program
   can use up on a host. */
static void test_bound(void) {
    enum { epoll_count = 40, descriptors = 512 };
    static int epolls[epoll_count], fds[descriptors];
    char text[32] = "";
    int ends[2], refused = 0, limit_file = open("/proc/sys/fs/epoll/max_user_watches", O_RDONLY);
    long limit = read(limit_file, text, sizeof text - 1) > 0 ? atol(text) : 0, watches = 0;
    close(limit_file);
    pipe(ends);
    for (int i = 0; i < descriptors; i++) {
        fds[i] = dup(ends[0]);
    }
    for (int i = 0; i < epoll_count; i++) {
        epolls[i] = epoll_create1(0);
        for (int j = 0; j < descriptors && refused == 0; j++) {
            refused = watch(epolls[i], EPOLL_CTL_ADD, fds[j], EPOLLIN) == 0 ? 0 : errno;
            watches += refused == 0;
        }
    }
    int bounded = limit < epoll_count * descriptors;
    CHECK("bound", limit > 0 && watches <= limit && refused == (bounded ? ENOSPC : 0));
    CHECK("bound_wakes", write(ends[1], "x", 1) == 1);
    struct epoll_event got[1];
    CHECK("bound_woken", epoll_wait(epolls[0], got, 1, 1000) == 1);
    CHECK("bound_removal", watch(epolls[0], EPOLL_CTL_DEL, fds[0], 0) == 0);
    CHECK("bound_room_again", watch(epolls[0], EPOLL_CTL_ADD, fds[1], EPOLLIN) == -1 && errno == EEXIST &&
                                  watch(epolls[0], EPOLL_CTL_ADD, fds[0], EPOLLIN) == 0);
    for (int i = 0; i < epoll_count; i++) {
        close(epolls[i]);
    }
    for (int i = 0; i < descriptors; i++) {
        close(fds[i]);
    }
    close(ends[0]), close(ends[1]);
}

int main(void) {
    test_level();
    test_edge();
    test_many();
    test_wake();
    test_eventfd();
    test_bound();
    return finish();
}
