/* splice(): files, sockets and pipes to and from pipes; what it refuses; that it loses nothing. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_NAME "/tmp/splice-test"

static volatile int pipe_signals;

static void count_signal(int number) {
    (void)number;
    pipe_signals++;
}

static int new_file(int flags) {
    unlink(FILE_NAME);
    return open(FILE_NAME, O_RDWR | O_CREAT | flags, 0600);
}

static void close_both(const int* ends) {
    close(ends[0]);
    close(ends[1]);
}

static void test_refused(void) {
    int ends[2], other[2], file = new_file(0), directory = open("/tmp", O_RDONLY), appended;
    off_t offset = 0, negative = -1, *nowhere = (off_t*)8;
    pipe(ends), pipe(other);
    write(file, "0123456789", 10), write(ends[1], "abc", 3);
    CHECK("nothing_of_nothing", splice(-1, NULL, -1, NULL, 0, 0) == 0);
    CHECK_ERROR("no_descriptor", splice(-1, NULL, ends[1], NULL, 1, 0), EBADF);
    CHECK_ERROR("no_target", splice(ends[0], NULL, -1, NULL, 1, 0), EBADF);
    CHECK_ERROR("unknown_flag", splice(ends[0], NULL, file, NULL, 1, 16), EINVAL);
    CHECK_ERROR("no_pipe", splice(file, NULL, directory, NULL, 1, 0), EBADF);
    CHECK_ERROR("no_pipe_writable", splice(file, NULL, file, NULL, 1, 0), EINVAL);
    CHECK_ERROR("same_pipe", splice(ends[0], NULL, ends[1], NULL, 1, 0), EINVAL);
    CHECK_ERROR("wrong_end", splice(ends[1], NULL, file, NULL, 1, 0), EBADF);
    CHECK_ERROR("wrong_end_of_target", splice(file, &offset, ends[0], NULL, 1, 0), EBADF);
    CHECK_ERROR("pipe_offset", splice(ends[0], &offset, file, NULL, 1, 0), ESPIPE);
    CHECK_ERROR("target_pipe_offset", splice(file, NULL, ends[1], &offset, 1, 0), ESPIPE);
    CHECK_ERROR("bad_offset", splice(file, nowhere, ends[1], NULL, 1, 0), EFAULT);
    CHECK_ERROR("negative_offset", splice(file, &negative, ends[1], NULL, 1, 0), EINVAL);
    CHECK_ERROR("negative_target_offset", splice(ends[0], NULL, file, &negative, 1, 0), EINVAL);
    CHECK_ERROR("directory", splice(directory, NULL, ends[1], NULL, 1, 0), EINVAL);
    CHECK_ERROR("negative_length", splice(file, NULL, ends[1], NULL, (size_t)-1, 0), EINVAL);
    appended = open(FILE_NAME, O_WRONLY | O_APPEND);
    CHECK_ERROR("append", splice(ends[0], NULL, appended, NULL, 1, 0), EINVAL);
    CHECK_ERROR("empty", splice(other[0], NULL, file, NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
    close(other[1]);
    CHECK("no_writer", splice(other[0], NULL, file, NULL, 1, 0) == 0);
    close(ends[0]);
    signal(SIGPIPE, count_signal);
    CHECK_ERROR("no_reader", splice(file, &offset, ends[1], NULL, 1, 0), EPIPE);
    CHECK("sigpipe", pipe_signals == 1);
    close(ends[1]), close(other[0]), close(file), close(directory), close(appended);
}

static void test_file(void) {
    int ends[2], file = new_file(0);
    char text[32] = "";
    off_t offset = 4;
    pipe(ends);
    write(file, "0123456789", 10);
    CHECK("from_offset", splice(file, &offset, ends[1], NULL, 3, 0) == 3 && offset == 7);
    CHECK("offset_is_the_callers", lseek(file, 0, SEEK_CUR) == 10);
    CHECK("end_of_file", splice(file, NULL, ends[1], NULL, 3, SPLICE_F_NONBLOCK) == 0);
    lseek(file, 8, SEEK_SET);
    CHECK("from_position", splice(file, NULL, ends[1], NULL, 100, 0) == 2 && lseek(file, 0, SEEK_CUR) == 10);
    CHECK("order", read(ends[0], text, 32) == 5 && memcmp(text, "45689", 5) == 0);
    write(ends[1], "abcdef", 6);
    offset = 1;
    CHECK("to_offset", splice(ends[0], NULL, file, &offset, 4, 0) == 4 && offset == 5);
    CHECK("to_position", splice(ends[0], NULL, file, NULL, 100, 0) == 2 && lseek(file, 0, SEEK_CUR) == 12);
    CHECK("content", pread(file, text, 32, 0) == 12 && memcmp(text, "0abcd56789ef", 12) == 0);
    close_both(ends), close(file);
}

static void test_capacity(void) {
    enum { size = 100000 };
    int ends[2], other[2], file = new_file(0), right = 1;
    char *content = malloc(size), *copy = malloc(size);
    off_t offset = 0;
    for (int i = 0; i < size; i++) {
        content[i] = (char)(i * 7 + i / 251);
    }
    pipe(ends), pipe(other);
    write(file, content, size);
    CHECK("fills", splice(file, &offset, ends[1], NULL, size, 0) == 65536 && offset == 65536);
    CHECK_ERROR("full", splice(file, &offset, ends[1], NULL, size, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK("pipe_to_pipe", splice(ends[0], NULL, other[1], NULL, 8192, 0) == 8192);
    CHECK("pipe_to_pipe_rest", splice(ends[0], NULL, other[1], NULL, size, 0) == 57344);
    CHECK_ERROR("target_full",
                (write(ends[1], "x", 1), splice(ends[0], NULL, other[1], NULL, 1, SPLICE_F_NONBLOCK)),
                EAGAIN);
    CHECK("some", read(other[0], copy, 5000) == 5000);
    CHECK("into_the_gap", splice(file, &offset, other[1], NULL, size, 0) > 0);
    for (int at = 5000, got; at < offset && right; at += got) {
        got = read(other[0], copy + at, size - at);
        right = got > 0;
    }
    CHECK("in_order", right && memcmp(copy, content, offset) == 0);
    close_both(ends), close_both(other), close(file);
    free(content), free(copy);
}

/* A stream through socket, pipe, pipe and socket, with a reader that takes odd pieces. */
static void test_relay(void) {
    enum { total = 3000000 };
    int in[2], out[2], first[2], second[2];
    unsigned sum = 0, at = 0;
    socketpair(AF_UNIX, SOCK_STREAM, 0, in), socketpair(AF_UNIX, SOCK_STREAM, 0, out);
    pipe(first), pipe(second);
    fflush(stdout);
    if (fork() == 0) {
        char* data = malloc(total);
        for (int i = 0; i < total; i++) {
            data[i] = (char)(i * 31 + i / 1021);
        }
        _exit(write(in[0], data, total) == total ? 0 : 1);
    }
    close(in[0]);
    if (fork() == 0) {
        close(first[0]);
        while (splice(in[1], NULL, first[1], NULL, 50000, 0) > 0) {
        }
        _exit(0);
    }
    close(first[1]);
    if (fork() == 0) {
        close(second[0]);
        while (splice(first[0], NULL, second[1], NULL, 30001, SPLICE_F_MOVE) > 0) {
        }
        _exit(0);
    }
    close(second[1]);
    if (fork() == 0) {
        close(out[1]);
        while (splice(second[0], NULL, out[0], NULL, 65536, SPLICE_F_MORE) > 0) {
        }
        _exit(0);
    }
    close(out[0]), close(second[0]);
    char block[7001];
    for (int got; (got = read(out[1], block, sizeof block)) > 0;) {
        for (int i = 0; i < got; i++, at++) {
            sum += block[i] == (char)(at * 31 + at / 1021);
        }
    }
    CHECK("relay", at == total && sum == total);
    for (int i = 0; i < 4; i++) {
        int status = 1;
        wait(&status);
        CHECK("relay_process", status == 0);
    }
    close(in[1]), close(out[1]), close(first[0]);
}

/* Several readers and splicers at one pipe of records: every record is read by one of them. */
static void test_competition(void) {
    enum { records = 3000, length = 8, takers = 4 };
    int ends[2], file = new_file(O_APPEND), total = 0;
    char record[length + 1];
    pipe(ends);
    fflush(stdout);
    for (int i = 0; i < takers; i++) {
        if (fork() == 0) {
            int own[2], got = 1, count = 0;
            char text[length];
            pipe(own);
            close(ends[1]);
            while (got > 0) {
                got = i % 2 ? read(ends[0], text, length) : splice(ends[0], NULL, own[1], NULL, length, 0);
                if (got > 0 && i % 2 == 0) {
                    got = read(own[0], text, length);
                }
                if (got > 0 && write(file, text, got) == got) {
                    count++;
                }
            }
            _exit(got == 0 ? 0 : 1);
        }
    }
    close(ends[0]);
    for (int i = 0; i < records; i++) {
        snprintf(record, sizeof record, "%07d\n", i);
        write(ends[1], record, length);
    }
    close(ends[1]);
    for (int i = 0, status; i < takers; i++) {
        wait(&status);
        CHECK("taker", status == 0);
    }
    static char seen[records];
    lseek(file, 0, SEEK_SET);
    while (read(file, record, length) == length) {
        int number = atoi(record);
        total += number >= 0 && number < records && seen[number]++ == 0;
    }
    CHECK("each_once", total == records);
    close(file);
}

static void test_blocking(void) {
    int ends[2], pair[2];
    char text[8];
    pipe(ends), socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    CHECK_ERROR("nonblocking_socket", splice(pair[0], NULL, ends[1], NULL, 8, 0), EAGAIN);
    CHECK("pipe_is_free_again", write(ends[1], "x", 1) == 1 && read(ends[0], text, 8) == 1);
    fcntl(pair[0], F_SETFL, 0);
    fflush(stdout);
    if (fork() == 0) {
        usleep(100000);
        _exit(write(pair[1], "late", 4) != 4);
    }
    CHECK("waits_for_socket", splice(pair[0], NULL, ends[1], NULL, 8, 0) == 4);
    fflush(stdout);
    wait(NULL);
    CHECK("has_it", read(ends[0], text, 8) == 4 && memcmp(text, "late", 4) == 0);
    struct sigaction action = {.sa_handler = count_signal};
    sigaction(SIGALRM, &action, NULL);
    alarm(1);
    CHECK_ERROR("interrupted", splice(ends[0], NULL, pair[0], NULL, 8, 0), EINTR);
    alarm(1);
    CHECK_ERROR("interrupted_at_the_socket", splice(pair[0], NULL, ends[1], NULL, 8, 0), EINTR);
    close_both(ends), close_both(pair);
}

/* What the other side does not take stays in the pipe. */
static void test_partly_taken(void) {
    int ends[2], pair[2], got, total = 0, moved = 0;
    char block[8192];
    memset(block, 'p', sizeof block);
    pipe(ends), socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    fcntl(pair[0], F_SETFL, O_NONBLOCK), fcntl(ends[1], F_SETFL, O_NONBLOCK);
    for (int stuck = 0; stuck < 2;) {
        while (write(ends[1], block, sizeof block) > 0) {
        }
        got = splice(ends[0], NULL, pair[0], NULL, 65536, SPLICE_F_NONBLOCK);
        stuck = got < 0 ? stuck + 1 : 0;
        moved += got > 0 ? got : 0;
    }
    CHECK("socket_full", errno == EAGAIN || moved > 0);
    fcntl(pair[1], F_SETFL, O_NONBLOCK);
    while ((got = read(pair[1], block, sizeof block)) > 0) {
        total += got;
    }
    CHECK("as_much_as_it_said", total == moved);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    CHECK("rest_in_the_pipe", read(ends[0], block, sizeof block) == sizeof block);
    shutdown(pair[0], SHUT_WR);
    pipe_signals = 0;
    CHECK_ERROR("no_peer", splice(ends[0], NULL, pair[0], NULL, 100, 0), EPIPE);
    CHECK("no_peer_signal", pipe_signals == 1);
    CHECK("nothing_lost", read(ends[0], block, sizeof block) == sizeof block);
    close_both(ends), close_both(pair);
}

int main(void) {
    test_refused();
    test_file();
    test_capacity();
    test_relay();
    test_competition();
    test_blocking();
    test_partly_taken();
    unlink(FILE_NAME);
    return finish();
}
