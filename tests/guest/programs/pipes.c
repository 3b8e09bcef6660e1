/* Pipes and FIFOs: capacity, atomic writes, ends that go away, blocking. */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIFO "/tmp/pipes-test"

static volatile int pipe_signals;

static void count_signal(int number) {
    (void)number;
    pipe_signals++;
}

static void set_nonblocking(int fd) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void test_ends(void) {
    int ends[2];
    char text[16];
    CHECK("pipe", pipe(ends) == 0);
    CHECK("through",
          write(ends[1], "abc", 3) == 3 && read(ends[0], text, 16) == 3 && memcmp(text, "abc", 3) == 0);
    CHECK_ERROR("seek", lseek(ends[0], 0, SEEK_SET), ESPIPE);
    CHECK_ERROR("read_write_end", read(ends[1], text, 1), EBADF);
    CHECK_ERROR("write_read_end", write(ends[0], text, 1), EBADF);
    set_nonblocking(ends[0]);
    CHECK_ERROR("read_empty", read(ends[0], text, 1), EAGAIN);
    CHECK("rest_survives_writer",
          write(ends[1], "x", 1) == 1 && close(ends[1]) == 0 && read(ends[0], text, 16) == 1);
    CHECK("end_of_file", read(ends[0], text, 16) == 0);
    close(ends[0]);
    pipe(ends);
    signal(SIGPIPE, count_signal);
    close(ends[0]);
    CHECK_ERROR("write_without_reader", write(ends[1], "x", 1), EPIPE);
    CHECK("sigpipe", pipe_signals == 1);
    close(ends[1]);
    int* volatile nowhere = (int*)8;
    CHECK_ERROR("bad_pointer", pipe(nowhere), EFAULT);
}

static void test_capacity(void) {
    int ends[2], written = 0, got;
    char block[4096];
    memset(block, 'b', sizeof block);
    pipe(ends);
    set_nonblocking(ends[0]), set_nonblocking(ends[1]);
    while ((got = write(ends[1], block, sizeof block)) > 0) {
        written += got;
    }
    int reason = errno;
    CHECK("capacity", got == -1 && reason == EAGAIN && written == 65536);
    CHECK("room", read(ends[0], block, sizeof block) == sizeof block);
    CHECK("fits_exactly", write(ends[1], block, sizeof block) == sizeof block);
    CHECK_ERROR("does_not_fit", write(ends[1], block, 1), EAGAIN);
    int total = 0;
    while ((got = read(ends[0], block, sizeof block)) > 0) {
        total += got;
    }
    reason = errno;
    CHECK("drained", got == -1 && reason == EAGAIN && total == 65536);
    close(ends[0]), close(ends[1]);
}

/* Several writers of records; none may be torn. */
static void test_atomic(void) {
    enum { writers = 4, records = 40, length = 3000 };
    int ends[2], whole = 1, count = 0;
    char record[length];
    pipe(ends);
    fflush(stdout);
    for (int i = 0; i < writers; i++) {
        if (fork() == 0) {
            memset(record, 'A' + i, length);
            for (int j = 0; j < records; j++) {
                if (write(ends[1], record, length) != length) {
                    _exit(1);
                }
            }
            _exit(0);
        }
    }
    close(ends[1]);
    for (;;) {
        int have = 0, got = 1;
        while (have < length && (got = read(ends[0], record + have, length - have)) > 0) {
            have += got;
        }
        if (have == 0) {
            break;
        }
        count++;
        for (int i = 0; i < length; i++) {
            whole = whole && record[i] == record[0];
        }
    }
    int status, failed = 0;
    while (wait(&status) > 0) {
        failed += status != 0;
    }
    CHECK("atomic", whole);
    CHECK("atomic_count", count == writers * records);
    CHECK("atomic_writers", failed == 0);
    close(ends[0]);
}

/* More than the pipe holds, in one write. */
static void test_stream(void) {
    enum { total = 1000000 };
    int ends[2], sum = 0, got;
    pipe(ends);
    fflush(stdout);
    if (fork() == 0) {
        char* data = malloc(total);
        memset(data, 's', total);
        close(ends[0]);
        _exit(write(ends[1], data, total) == total ? 0 : 1);
    }
    close(ends[1]);
    char block[7001];
    while ((got = read(ends[0], block, sizeof block)) > 0) {
        sum += got;
    }
    int status;
    wait(&status);
    CHECK("stream", sum == total && status == 0);
    close(ends[0]);
}

static void test_fifo(void) {
    char text[8];
    unlink(FIFO);
    CHECK("mkfifo", mkfifo(FIFO, 0644) == 0);
    CHECK_ERROR("fifo_no_reader", open(FIFO, O_WRONLY | O_NONBLOCK), ENXIO);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int fd = open(FIFO, O_WRONLY);
        _exit(write(fd, "fifo", 4) == 4 ? 0 : 1);
    }
    int fd = open(FIFO, O_RDONLY);
    CHECK("fifo_through", fd >= 0 && read(fd, text, 8) == 4 && memcmp(text, "fifo", 4) == 0);
    CHECK("fifo_end", read(fd, text, 8) == 0);
    close(fd);
    int status;
    waitpid(child, &status, 0);
    CHECK("fifo_writer", status == 0);
    fd = open(FIFO, O_RDONLY | O_NONBLOCK);
    CHECK("fifo_nonblocking_reader", fd >= 0 && read(fd, text, 8) == 0);
    close(fd);
    unlink(FIFO);
}

static void interrupt(int number) {
    (void)number;
}

static void test_interrupted(void) {
    int ends[2];
    char byte;
    struct sigaction action = {.sa_handler = interrupt};
    sigaction(SIGALRM, &action, NULL);
    pipe(ends);
    alarm(1);
    CHECK_ERROR("read_interrupted", read(ends[0], &byte, 1), EINTR);
    close(ends[0]), close(ends[1]);
}

int main(void) {
    test_ends();
    test_capacity();
    test_atomic();
    test_stream();
    test_fifo();
    test_interrupted();
    return finish();
}
