/* mmap, munmap, mprotect, mremap, brk, madvise, and what a program may not do with memory. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { page = 4096 };

static sigjmp_buf out;

static void jump_out(int number) {
    siglongjmp(out, number);
}

/* The signal that touching this byte raises; 0 if it works. */
static int touch(volatile char* at, int write_too) {
    int number = sigsetjmp(out, 1);
    if (number == 0) {
        char value = *at;
        if (write_too) {
            *at = value;
        }
    }
    return number;
}

static char* anonymous(size_t length, int prot) {
    return mmap(NULL, length, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void test_anonymous(void) {
    char* area = anonymous(16 * page, PROT_READ | PROT_WRITE);
    CHECK("mmap.anonymous", area != MAP_FAILED && ((uintptr_t)area & (page - 1)) == 0);
    int nonzero = 0;
    for (int i = 0; i < 16 * page; i++) {
        nonzero += area[i] != 0;
    }
    CHECK("mmap.zeroed", nonzero == 0);
    area[5 * page] = 'x';
    CHECK("munmap.middle", munmap(area + 4 * page, 2 * page) == 0);
    CHECK("munmap.hole_faults", touch(area + 5 * page, 0) == SIGSEGV && touch(area + 3 * page, 1) == 0 &&
                                    touch(area + 6 * page, 1) == 0);
    CHECK("mmap.fixed", mmap(area + 4 * page, 2 * page, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == area + 4 * page);
    CHECK("mmap.fixed_is_fresh", area[5 * page] == 0);
    CHECK("munmap.all", munmap(area, 16 * page) == 0 && touch(area, 0) == SIGSEGV);
    CHECK_ERROR("munmap.unaligned", munmap(area + 1, page), EINVAL);
    CHECK_ERROR("munmap.length_0", munmap(area, 0), EINVAL);
}

static void test_errors(void) {
    int rw = PROT_READ | PROT_WRITE, pa = MAP_PRIVATE | MAP_ANONYMOUS;
    CHECK_ERROR("mmap.length_0", mmap(NULL, 0, rw, pa, -1, 0), EINVAL);
    CHECK_ERROR("mmap.no_type", mmap(NULL, page, rw, MAP_ANONYMOUS, -1, 0), EINVAL);
    CHECK_ERROR("mmap.huge", mmap(NULL, (size_t)1 << 60, rw, pa, -1, 0), ENOMEM);
    CHECK_ERROR("mmap.bad_fd", mmap(NULL, page, rw, MAP_PRIVATE, 999, 0), EBADF);
    CHECK_ERROR("mmap.offset", mmap(NULL, page, rw, MAP_PRIVATE, 0, 17), EINVAL);
    CHECK_ERROR("mmap.fixed_unaligned", mmap((void*)0x100000001, page, rw, pa | MAP_FIXED, -1, 0), EINVAL);
    CHECK_ERROR("mmap.fixed_kernel", mmap((void*)0xffff888000000000, page, rw, pa | MAP_FIXED, -1, 0),
                ENOMEM);
    CHECK_ERROR("mmap.fixed_last_page", mmap((void*)0x7ffffffff000, page, rw, pa | MAP_FIXED, -1, 0), ENOMEM);
    CHECK_ERROR("mprotect.unaligned", syscall(SYS_mprotect, 0x100001, page, rw), EINVAL);
    CHECK_ERROR("mprotect.unmapped", mprotect((void*)0x100000000, page, rw), ENOMEM);
    CHECK_ERROR("mremap.unmapped", mremap((void*)0x100000000, page, 2 * page, MREMAP_MAYMOVE), EFAULT);
    CHECK_ERROR("msync.unmapped", msync((void*)0x100000000, page, MS_SYNC), ENOMEM);
    CHECK_ERROR("madvise.unaligned", madvise((void*)0x100001, page, MADV_DONTNEED), EINVAL);
}

static void test_protect(void) {
    char* area = anonymous(4 * page, PROT_READ | PROT_WRITE);
    memset(area, 'p', 4 * page);
    CHECK("mprotect.read_only", mprotect(area + page, page, PROT_READ) == 0);
    CHECK("mprotect.rest_writable", touch(area, 1) == 0 && touch(area + 2 * page, 1) == 0);
    CHECK("mprotect.write_faults", touch(area + page, 1) == SIGSEGV && touch(area + page, 0) == 0);
    CHECK("mprotect.none", mprotect(area + page, page, PROT_NONE) == 0 && touch(area + page, 0) == SIGSEGV);
    CHECK("mprotect.back", mprotect(area, 4 * page, PROT_READ | PROT_WRITE) == 0 && area[page] == 'p' &&
                               touch(area + page, 1) == 0);
    munmap(area, 4 * page);
    char* reserved = mmap(NULL, 128 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK("mmap.reserve_128_MiB", reserved != MAP_FAILED);
    CHECK("mprotect.commit_part", mprotect(reserved + (1 << 20), page, PROT_READ | PROT_WRITE) == 0 &&
                                      touch(reserved + (1 << 20), 1) == 0 && touch(reserved, 0) == SIGSEGV);
    munmap(reserved, 128 << 20);
}

static void test_remap(void) {
    char* area = anonymous(2 * page, PROT_READ | PROT_WRITE);
    strcpy(area, "first");
    strcpy(area + page, "second");
    char* grown = mremap(area, 2 * page, 64 * page, MREMAP_MAYMOVE);
    CHECK("mremap.grow", grown != MAP_FAILED && strcmp(grown, "first") == 0 &&
                             strcmp(grown + page, "second") == 0 && grown[63 * page] == 0);
    char* blocked = anonymous(2 * page, PROT_READ | PROT_WRITE);
    strcpy(blocked, "stay");
    CHECK("mremap.shrink", mremap(grown, 64 * page, page, 0) == grown && touch(grown + page, 0) == SIGSEGV);
    munmap(grown, page);
    munmap(blocked, 2 * page);
}

static void test_discard(void) {
    char* area = anonymous(2 * page, PROT_READ | PROT_WRITE);
    memset(area, 'd', 2 * page);
    CHECK("madvise.dontneed", madvise(area, page, MADV_DONTNEED) == 0 && area[0] == 0 && area[page] == 'd');
    munmap(area, 2 * page);
}

/* By the bare call: C libraries differ in what sbrk may do. */
static void test_break(void) {
    char* end = (char*)syscall(SYS_brk, 0);
    CHECK("brk.grow", (char*)syscall(SYS_brk, end + 5 * page) == end + 5 * page);
    memset(end, 'b', 5 * page);
    CHECK("brk.shrink", (char*)syscall(SYS_brk, end + 2 * page) == end + 2 * page);
    CHECK("brk.fresh_again",
          (char*)syscall(SYS_brk, end + 5 * page) == end + 5 * page && end[4 * page] == 0 && end[0] == 'b');
    CHECK("brk.refused", (char*)syscall(SYS_brk, 0xffffffff80000000) == end + 5 * page);
    syscall(SYS_brk, end);
}

static void test_files(void) {
    char name[] = "/tmp/mapped";
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    char text[] = "written to the file";
    if (fd < 0 || ftruncate(fd, 2 * page) != 0 || write(fd, text, sizeof text) != sizeof text) {
        exit(2);
    }
    char* shared = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char* private = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK("mmap.file", shared != MAP_FAILED && private != MAP_FAILED && strcmp(shared, text) == 0);
    private[0] = 'W';
    CHECK("mmap.private_copy", private[0] == 'W' && shared[0] == 'w');
    shared[page] = 'S';
    char byte = 0;
    CHECK("mmap.shared_reaches_file", pread(fd, &byte, 1, page) == 1 && byte == 'S');
    byte = 'F';
    CHECK("mmap.file_reaches_shared", pwrite(fd, &byte, 1, page + 1) == 1 && shared[page + 1] == 'F');
    char* second = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, page);
    CHECK("mmap.offset_page", second != MAP_FAILED && second[0] == 'S');
    unlink(name);
    close(fd);
    pid_t child = fork();
    if (child == 0) {
        shared[2] = 'C';
        private[2] = 'C';
        _exit(0);
    }
    waitpid(child, NULL, 0);
    CHECK("mmap.shared_across_fork", shared[2] == 'C' && private[2] != 'C');
    munmap(shared, 2 * page);
    munmap(private, 2 * page);
    munmap(second, page);
    fd = open("/dev/null", O_RDONLY);
    CHECK_ERROR("mmap.no_pages", mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, 0), ENODEV);
    close(fd);
    fd = open(name, O_RDONLY | O_CREAT, 0600);
    CHECK_ERROR("mmap.EACCES", mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
    char* empty = mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK("mmap.beyond_end", empty != MAP_FAILED && touch(empty, 0) == SIGBUS);
    munmap(empty, page);
    close(fd);
    unlink(name);
}

static void test_shared_anonymous(void) {
    int* word = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *word = 1;
    pid_t child = fork();
    if (child == 0) {
        *word = 2;
        _exit(0);
    }
    waitpid(child, NULL, 0);
    CHECK("mmap.shared_anonymous", *word == 2);
    munmap(word, page);
}

static int recurse(int depth) {
    volatile char frame[4096];
    frame[0] = (char)depth;
    return depth == 0 ? frame[0] : recurse(depth - 1) + frame[0] - frame[0];
}

static void test_stack(void) {
    CHECK("stack.4_MiB", recurse(1000) == 0);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        _exit(recurse(100000));
    }
    int status;
    waitpid(child, &status, 0);
    CHECK("stack.overflow_is_SIGSEGV", WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

/* Copies must be independent however fork, write and read are ordered. */
static void test_fork_chain(void) {
    char* area = anonymous(32 * page, PROT_READ | PROT_WRITE);
    memset(area, 0, 32 * page);
    int wrong = 0;
    for (int round = 0; round < 20; round++) {
        pid_t child = fork();
        if (child == 0) {
            for (int i = 0; i < 32; i++) {
                wrong += area[i * page] != (char)round;
                area[i * page] = 99;
            }
            _exit(wrong);
        }
        for (int i = 0; i < 32; i++) {
            area[i * page] = (char)(round + 1);
        }
        int status;
        waitpid(child, &status, 0);
        /* The child may see pages the parent wrote first only as they were at fork. */
        wrong += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
    CHECK("fork.copies_independent", wrong == 0);
    munmap(area, 32 * page);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGSEGV, jump_out);
    signal(SIGBUS, jump_out);
    test_anonymous();
    test_errors();
    test_protect();
    test_remap();
    test_discard();
    test_break();
    test_files();
    test_shared_anonymous();
    test_stack();
    test_fork_chain();
    return finish();
}
