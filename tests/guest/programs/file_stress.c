/* Many processes at once on one small tree, by chance: create, rename, link, remove, walk, read, map, poll.
 * Nothing may break, and in the end nothing may be left, neither in the tree nor of the kernel's memory. */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { workers = 6, rounds = 1500, names = 12, slack = 4096 };

#define ROOT "/tmp/stress"

static unsigned seed;

static unsigned pick(unsigned limit) {
    seed = seed * 1103515245 + 12345;
    return (seed >> 16) % limit;
}

/* A path of one to three of the same few names, so that the processes meet. */
static const char* any_path(void) {
    static char paths[2][64];
    static int turn;
    char* path = paths[turn ^= 1];
    int used = snprintf(path, 64, ROOT);
    for (unsigned i = 0; i <= pick(3); i++) {
        used += snprintf(path + used, 64 - used, "/%c", 'a' + pick(names));
    }
    return path;
}

static void use_file(void) {
    char text[100];
    int fd = open(any_path(), O_RDWR | O_CREAT | (pick(2) ? O_TRUNC : O_APPEND), 0644);
    if (fd < 0) {
        return;
    }
    memset(text, 'x', sizeof text);
    for (unsigned i = 0; i < pick(60); i++) {
        if (write(fd, text, sizeof text) < 0) {
            break;
        }
    }
    char* mapped = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    struct stat status;
    if (mapped != MAP_FAILED) {
        if (fstat(fd, &status) == 0 && status.st_size > 0 && pick(4) == 0) {
            lseek(fd, 0, SEEK_SET);
            if (read(fd, text, sizeof text) < 0) {
                text[0] = 0;
            }
        }
        munmap(mapped, 8192);
    }
    if (pick(3) == 0 && ftruncate(fd, pick(9000)) != 0) {
        text[0] = 0;
    }
    close(fd);
}

static void list_directory(void) {
    DIR* directory = opendir(any_path());
    while (directory != NULL && readdir(directory) != NULL) {
    }
    if (directory != NULL) {
        closedir(directory);
    }
}

static void look_around(void) {
    struct stat status;
    char path[256];
    stat(any_path(), &status);
    if (pick(8) == 0 && chdir(any_path()) == 0 && getcwd(path, sizeof path) == NULL) {
        chdir("/");
    }
    access(any_path(), W_OK);
    snprintf(path, sizeof path, "/proc/%d/fd", (int)getppid());
    if (pick(10) == 0) {
        DIR* directory = opendir(path);
        while (directory != NULL && readdir(directory) != NULL) {
        }
        closedir(directory);
    }
}

static void use_fifo(void) {
    const char* path = any_path();
    mkfifo(path, 0644);
    int fd = open(path, O_RDWR | O_NONBLOCK);
    struct pollfd waiting = {fd, POLLIN | POLLOUT, 0};
    if (fd >= 0) {
        poll(&waiting, 1, 0);
        if (write(fd, "fifo", 4) == 4 && pick(2)) {
            char text[4];
            if (read(fd, text, 4) < 0) {
                text[0] = 0;
            }
        }
        close(fd);
    }
}

static int work(int number) {
    seed = 1000 + number;
    for (int i = 0; i < rounds; i++) {
        switch (pick(10)) {
        case 0:
        case 1:
            use_file();
            break;
        case 2:
            mkdir(any_path(), 0755);
            break;
        case 3:
            rmdir(any_path());
            break;
        case 4:
            unlink(any_path());
            break;
        case 5:
            rename(any_path(), any_path());
            break;
        case 6:
            if (link(any_path(), any_path()) != 0 && symlink(any_path(), any_path()) != 0) {
                unlink(any_path());
            }
            break;
        case 7:
            list_directory();
            break;
        case 8:
            look_around();
            break;
        default:
            use_fifo();
        }
    }
    return 0;
}

/* The kernel's memory for names and open files, where /proc/meminfo tells it; else 0. */
static long file_memory(void) {
    static char text[4096];
    int fd = open("/proc/meminfo", O_RDONLY);
    int length = read(fd, text, sizeof text - 1);
    close(fd);
    text[length > 0 ? length : 0] = 0;
    const char* line = strstr(text, "Tag:file");
    return line != NULL ? atol(line + 8) : 0;
}

int main(void) {
    system("rm -rf " ROOT);
    long before = file_memory();
    CHECK("mkdir", mkdir(ROOT, 0755) == 0);
    fflush(stdout);
    for (int i = 0; i < workers; i++) {
        if (fork() == 0) {
            alarm(60);
            _exit(work(i));
        }
    }
    int status, ended = 0;
    while (wait(&status) > 0) {
        ended += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    CHECK("workers", ended == workers);
    CHECK("remove_all", system("rm -rf " ROOT) == 0 && access(ROOT, F_OK) != 0);
    /* Other programs of the machine open and close files too, and what has ended is freed a little later. */
    for (int i = 0; i < 100 && file_memory() > before + slack; i++) {
        usleep(20000);
    }
    CHECK("nothing_left", file_memory() <= before + slack);
    return finish();
}
