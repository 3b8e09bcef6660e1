/* What a mapping may become: the rights its descriptor gave, large shared memory, and mremap at the limit of
 * areas. Begins as root; the same on a Linux host. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>

enum { page = 4096 };

static const char* const path = "/tmp/mapping-rights";
static const int rw = PROT_READ | PROT_WRITE;

static int make_file(void) {
    int fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0644);
    for (int i = 0; i < 8 * page; i += 8) {
        if (write(fd, "contents", 8) != 8) {
            return -1;
        }
    }
    return fd;
}

/* A shared mapping of a file that was opened for reading stays a reader, whoever inherits or moves it. */
static void test_shared_readers(int writable) {
    int fd = open(path, O_RDONLY);
    char* map = mmap(NULL, 4 * page, PROT_READ, MAP_SHARED, fd, 0);
    CHECK("rights.map_reader", map != MAP_FAILED);
    CHECK_ERROR("rights.shared_reader", mprotect(map, 4 * page, rw), EACCES);
    CHECK_ERROR("rights.part_of_it", mprotect(map + page, page, PROT_WRITE), EACCES);
    CHECK("rights.may_have_less", mprotect(map, page, PROT_NONE) == 0 && mprotect(map, page, PROT_READ) == 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        _exit(mprotect(map, page, rw) == -1 && errno == EACCES ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    CHECK("rights.child", status == 0);
    char* moved = mremap(map, 4 * page, 8 * page, MREMAP_MAYMOVE);
    CHECK("rights.mremap", moved != MAP_FAILED);
    CHECK_ERROR("rights.moved", mprotect(moved, 8 * page, rw), EACCES);
    /* The next bytes of the file from a descriptor that may write: not one area with what lies before. */
    char* next = mmap(moved + page, page, PROT_READ, MAP_SHARED | MAP_FIXED, writable, page);
    CHECK("rights.writer_beside", next == moved + page && mprotect(next, page, rw) == 0);
    CHECK("rights.writer_like_reader", mprotect(next, page, PROT_READ) == 0);
    CHECK_ERROR("rights.not_joined", mprotect(moved, page, rw), EACCES);
    munmap(moved, 8 * page);
    close(fd);
}

static void test_private_readers(void) {
    int fd = open(path, O_RDONLY);
    char* map = mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK("rights.private_reader", map != MAP_FAILED && mprotect(map, page, rw) == 0);
    map[0] = 'C';
    char first = 0;
    CHECK("rights.private_is_private", pread(fd, &first, 1, 0) == 1 && first == 'c');
    munmap(map, page);
    close(fd);
}

/* O_PATH names a file that one may not be allowed to read. */
static void test_path_only(int writable) {
    int fd = open(path, O_PATH);
    CHECK("path_only.open", fd >= 0);
    CHECK_ERROR("path_only.mmap", (long)mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, 0), EBADF);
    CHECK_ERROR("path_only.mmap_shared", (long)mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0), EBADF);
    CHECK_ERROR("path_only.ftruncate", ftruncate(fd, 0), EBADF);
    CHECK_ERROR("path_only.sendfile", sendfile(writable, fd, NULL, 1), EBADF);
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    CHECK_ERROR("path_only.lock", fcntl(fd, F_SETLK, &lock), EBADF);
    close(fd);
}

static void test_large_shared(void) {
    const size_t length = (size_t)16 << 30;
    char* map = mmap(NULL, length, rw, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK("shared.16GiB", map != MAP_FAILED);
    if (map != MAP_FAILED) {
        map[0] = 'a';
        map[length - 1] = 'z';
        CHECK("shared.first_and_last", map[0] == 'a' && map[length - 1] == 'z' && map[length / 2] == 0);
        munmap(map, length);
    }
    int fd = open("/dev/zero", O_RDWR);
    map = mmap(NULL, 2 * page, rw, MAP_SHARED, fd, 0);
    CHECK("shared.dev_zero", map != MAP_FAILED);
    char* copy = mmap(NULL, page, rw, MAP_PRIVATE, fd, 0);
    CHECK("shared.dev_zero_private", copy != MAP_FAILED && copy[0] == 0);
    if (map != MAP_FAILED) {
        if (fork() == 0) {
            map[page] = 'x';
            _exit(0);
        }
        wait(NULL);
        CHECK("shared.dev_zero_with_child", map[page] == 'x' && map[0] == 0);
        munmap(map, 2 * page);
    }
    close(fd);
}

/* With no area left to be had, mremap either moves a mapping as a whole or leaves it. */
static void test_mremap_at_limit(void) {
    char* lowest = NULL;
    for (int i = 0;; i++) {
        char* made = mmap(NULL, page, i % 2 == 0 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (made == MAP_FAILED) {
            break;
        }
        lowest = made;
    }
    CHECK("mremap.limit", lowest != NULL && mprotect(lowest, page, rw) == 0);
    memcpy(lowest, "kept", 5);
    char* moved = mremap(lowest, page, 2 * page, MREMAP_MAYMOVE);
    CHECK("mremap.kept", strcmp(moved != MAP_FAILED ? moved : lowest, "kept") == 0);
}

int main(void) {
    int writable = make_file();
    CHECK("rights.file", writable >= 0);
    test_shared_readers(writable);
    test_private_readers();
    test_path_only(writable);
    close(writable);
    unlink(path);
    test_large_shared();
    fflush(stdout);
    if (fork() == 0) {
        failures = 0;
        test_mremap_at_limit();
        _exit(finish());
    }
    int status = -1;
    wait(&status);
    failures += status != 0;
    return finish();
}
