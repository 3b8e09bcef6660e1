/* Regular files: reading, writing, offsets, sizes, modes of opening, locks, mappings. */
#include "check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH "/tmp/files-test"
#define LARGE (300 * 1024)

static int size_of(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 ? (int)status.st_size : -1;
}

static void test_open(void) {
    unlink(PATH);
    CHECK_ERROR("open_absent", open(PATH, O_RDONLY), ENOENT);
    int fd = open(PATH, O_CREAT | O_EXCL | O_RDWR, 0640);
    CHECK("open_create", fd >= 0);
    CHECK_ERROR("open_exclusive", open(PATH, O_CREAT | O_EXCL | O_RDWR, 0640), EEXIST);
    CHECK_ERROR("open_not_directory", open(PATH, O_RDONLY | O_DIRECTORY), ENOTDIR);
    CHECK_ERROR("open_directory_for_writing", open("/tmp", O_WRONLY), EISDIR);
    CHECK_ERROR("open_below_file", open(PATH "/x", O_RDONLY), ENOTDIR);
    struct stat status;
    umask(022);
    CHECK("mode", fstat(fd, &status) == 0 && (status.st_mode & 0777) == 0640 && S_ISREG(status.st_mode));
    CHECK("fgetfl", (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
    close(fd);
    CHECK_ERROR("read_closed", read(fd, &status, 1), EBADF);
    fd = open(PATH, O_RDONLY);
    CHECK_ERROR("write_to_read_only", write(fd, "x", 1), EBADF);
    close(fd);
}

static void test_offsets(void) {
    char text[32] = {0};
    int fd = open(PATH, O_CREAT | O_TRUNC | O_RDWR, 0644);
    CHECK("write", write(fd, "hello, world", 12) == 12);
    CHECK("seek_set", lseek(fd, 7, SEEK_SET) == 7);
    CHECK("read_rest", read(fd, text, sizeof text) == 5 && memcmp(text, "world", 5) == 0);
    CHECK("read_end", read(fd, text, sizeof text) == 0);
    CHECK("seek_end", lseek(fd, -5, SEEK_END) == 7);
    CHECK_ERROR("seek_before_start", lseek(fd, -100, SEEK_CUR), EINVAL);
    CHECK("pread", pread(fd, text, 4, 1) == 4 && memcmp(text, "ello", 4) == 0 && lseek(fd, 0, SEEK_CUR) == 7);
    CHECK("pwrite",
          pwrite(fd, "HELLO", 5, 0) == 5 && pread(fd, text, 6, 0) == 6 && memcmp(text, "HELLO,", 6) == 0);
    CHECK("sparse", lseek(fd, 100000, SEEK_SET) == 100000 && write(fd, "z", 1) == 1 && size_of(fd) == 100001);
    char zeros[100];
    memset(zeros, 1, sizeof zeros);
    CHECK("hole", pread(fd, zeros, 100, 50000) == 100 && zeros[0] == 0 && zeros[99] == 0);
    CHECK("shrink", ftruncate(fd, 3) == 0 && size_of(fd) == 3);
    CHECK("grow", ftruncate(fd, 10) == 0 && pread(fd, text, 10, 0) == 10 &&
                      memcmp(text, "HEL\0\0\0\0\0\0\0", 10) == 0);
    int same = dup(fd);
    lseek(fd, 1, SEEK_SET);
    CHECK("dup_shares_offset", lseek(same, 0, SEEK_CUR) == 1);
    close(same);
    close(fd);
    fd = open(PATH, O_WRONLY | O_APPEND);
    CHECK("append", write(fd, "end", 3) == 3 && size_of(fd) == 13);
    close(fd);
}

static void test_vectors(void) {
    char a[3], b[10];
    struct iovec out[3] = {{"one", 3}, {"", 0}, {"twothree", 8}};
    struct iovec in[2] = {{a, 3}, {b, 10}};
    int fd = open(PATH, O_CREAT | O_TRUNC | O_RDWR, 0644);
    CHECK("writev", writev(fd, out, 3) == 11);
    lseek(fd, 0, SEEK_SET);
    CHECK("readv", readv(fd, in, 2) == 11 && memcmp(a, "one", 3) == 0 && memcmp(b, "twothree", 8) == 0);
    volatile int negative = -1;
    char* volatile nowhere = (char*)8;
    CHECK_ERROR("writev_count", writev(fd, out, negative), EINVAL);
    CHECK_ERROR("write_bad_pointer", write(fd, nowhere, 10), EFAULT);
    CHECK_ERROR("read_bad_pointer", pread(fd, nowhere, 10, 0), EFAULT);
    close(fd);
}

static void test_large(void) {
    unsigned char *data = malloc(LARGE), *copy = malloc(LARGE);
    unsigned seed = 1;
    for (int i = 0; i < LARGE; i++) {
        seed = seed * 1103515245 + 12345;
        data[i] = seed >> 16;
    }
    int fd = open(PATH, O_CREAT | O_TRUNC | O_RDWR, 0644);
    CHECK("write_large", write(fd, data, LARGE) == LARGE);
    CHECK("read_large", pread(fd, copy, LARGE, 0) == LARGE && memcmp(data, copy, LARGE) == 0);
    CHECK("read_unaligned", pread(fd, copy, 10000, 4093) == 10000 && memcmp(data + 4093, copy, 10000) == 0);
    unsigned char* shared = mmap(0, LARGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK("map_shared", shared != MAP_FAILED && memcmp(shared, data, LARGE) == 0);
    unsigned char* private = mmap(0, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK("map_private", private != MAP_FAILED && memcmp(private, data, LARGE) == 0);
    if (shared != MAP_FAILED && private != MAP_FAILED) {
        shared[5000] ^= 0xff;
        CHECK("map_is_the_file", pread(fd, copy, 1, 5000) == 1 && copy[0] == shared[5000]);
        private[9000] ^= 0xff;
        CHECK("private_is_private", pread(fd, copy, 1, 9000) == 1 && copy[0] == data[9000]);
        CHECK("unlink_mapped", unlink(PATH) == 0 && shared[100] == data[100]);
        munmap(shared, LARGE);
        munmap(private, LARGE);
    }
    close(fd);
    free(data);
    free(copy);
}

static void test_descriptors(void) {
    struct rlimit limit = {1024, 1024};
    setrlimit(RLIMIT_NOFILE, &limit);
    int fd = open(PATH, O_CREAT | O_TRUNC | O_RDWR, 0644);
    CHECK("lowest_descriptor", dup(fd) == fd + 1);
    CHECK("dup2", dup2(fd, fd + 10) == fd + 10 && fcntl(fd + 10, F_GETFD) == 0);
    CHECK("dup2_same", dup2(fd, fd) == fd);
    CHECK_ERROR("dup2_bad", dup2(900, 5), EBADF);
    CHECK_ERROR("dup2_range", dup2(fd, 5000), EBADF);
    CHECK("dupfd", fcntl(fd, F_DUPFD, 50) == 50);
    CHECK("dupfd_cloexec", fcntl(fd, F_DUPFD_CLOEXEC, 60) == 60 && fcntl(60, F_GETFD) == FD_CLOEXEC);
    CHECK("setfd", fcntl(50, F_SETFD, FD_CLOEXEC) == 0 && fcntl(50, F_GETFD) == FD_CLOEXEC);
    CHECK("setfl", fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && (fcntl(50, F_GETFL) & O_NONBLOCK) != 0);
    int count = 0;
    while (dup(fd) >= 0) {
        count++;
    }
    int reason = errno;
    CHECK("descriptors_run_out", reason == EMFILE && count > 900 && count < 1024);
    for (int i = fd; i < 1024; i++) {
        close(i);
    }
    CHECK_ERROR("close_closed", close(fd), EBADF);
}

static void test_locks(void) {
    int fd = open(PATH, O_CREAT | O_TRUNC | O_RDWR, 0644);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 10};
    CHECK("lock", fcntl(fd, F_SETLK, &lock) == 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct flock mine = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 15, .l_len = 1};
        int refused = fcntl(fd, F_SETLK, &mine) == -1 && (errno == EAGAIN || errno == EACCES);
        int told = fcntl(fd, F_GETLK, &mine) == 0 && mine.l_type == F_WRLCK && mine.l_start == 10 &&
                   mine.l_len == 10 && mine.l_pid == getppid();
        struct flock beside = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 20, .l_len = 5};
        int granted = fcntl(fd, F_SETLK, &beside) == 0;
        _exit(refused && told && granted ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    CHECK("lock_conflict", status == 0);
    struct flock freed = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 20, .l_len = 5};
    CHECK("exit_unlocks", fcntl(fd, F_GETLK, &freed) == 0 && freed.l_type == F_UNLCK);
    close(fd);
}

static void test_devices(void) {
    char bytes[64];
    int fd = open("/dev/null", O_RDWR);
    CHECK("null", write(fd, "x", 1) == 1 && read(fd, bytes, 1) == 0);
    close(fd);
    fd = open("/dev/zero", O_RDONLY);
    memset(bytes, 1, sizeof bytes);
    CHECK("zero", read(fd, bytes, 64) == 64 && bytes[0] == 0 && bytes[63] == 0);
    close(fd);
    fd = open("/dev/full", O_WRONLY);
    CHECK_ERROR("full", write(fd, "x", 1), ENOSPC);
    close(fd);
    fd = open("/dev/urandom", O_RDONLY);
    char others[64];
    CHECK("urandom",
          read(fd, bytes, 64) == 64 && read(fd, others, 64) == 64 && memcmp(bytes, others, 64) != 0);
    close(fd);
}

int main(void) {
    test_open();
    test_offsets();
    test_vectors();
    test_large();
    test_descriptors();
    test_locks();
    test_devices();
    unlink(PATH);
    return finish();
}
