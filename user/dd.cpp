// dd: copies blocks, for making files of an exact size: if= of= bs= count= skip= seek=.

#include "user/program.hpp"

#include <fcntl.h>
#include <limits.h>
#include <time.h>

static const char usage[] =
    "usage: dd [if=FILE] [of=FILE] [bs=BYTES] [count=BLOCKS] [skip=BLOCKS] [seek=BLOCKS]\n"
    "BYTES may end in k or M.\n";

static long size_value(const char* text) {
    char* end = nullptr;
    long value = strtol(text, &end, 10);
    long unit = *end == 'k' || *end == 'K' ? 1024 : *end == 'M' ? 1024 * 1024 : 1;
    end += unit > 1;
    if (end == text || *end != '\0' || value < 0 || value > LONG_MAX / unit) {
        errx(exit_usage, "not a size: '%s'", text);
    }
    return value * unit;
}

/// Reads until the block is full or the input ends.
static ssize_t read_block(int fd, char* block, size_t size) {
    size_t have = 0;
    while (have < size) {
        ssize_t count = read(fd, block + have, size - have);
        if (count < 0) {
            return -1;
        }
        if (count == 0) {
            break;
        }
        have += static_cast<size_t>(count);
    }
    return static_cast<ssize_t>(have);
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    const char* input = nullptr;
    const char* output = nullptr;
    long size = 512, count = LONG_MAX, skip = 0, seek = 0;
    for (int i = 1; i < argc; i++) {
        const struct {
            const char* name;
            long* value;
        } numbers[] = {{"bs=", &size}, {"count=", &count}, {"skip=", &skip}, {"seek=", &seek}};
        bool known = strncmp(argv[i], "if=", 3) == 0 || strncmp(argv[i], "of=", 3) == 0;
        if (known) {
            (argv[i][0] == 'i' ? input : output) = argv[i] + 3;
        }
        for (const auto& entry : numbers) {
            if (strncmp(argv[i], entry.name, strlen(entry.name)) == 0) {
                *entry.value = size_value(argv[i] + strlen(entry.name));
                known = true;
            }
        }
        if (!known || size == 0) {
            usage_error(usage);
        }
    }
    int from = input != nullptr ? open(input, O_RDONLY) : 0;
    if (from < 0 || (skip > 0 && lseek(from, skip * size, SEEK_SET) < 0)) {
        err(1, "%s", input != nullptr ? input : "standard input");
    }
    int to = output != nullptr ? open(output, O_WRONLY | O_CREAT | (seek == 0 ? O_TRUNC : 0), 0666) : 1;
    if (to < 0 || (seek > 0 && lseek(to, seek * size, SEEK_SET) < 0)) {
        err(1, "%s", output != nullptr ? output : "standard output");
    }
    char* block = static_cast<char*>(malloc(static_cast<size_t>(size)));
    if (block == nullptr) {
        err(1, "a block of %ld bytes", size);
    }
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    long long total = 0;
    for (long i = 0; i < count; i++) {
        ssize_t length = read_block(from, block, static_cast<size_t>(size));
        if (length < 0) {
            err(1, "%s", input != nullptr ? input : "standard input");
        }
        if (length == 0) {
            break;
        }
        if (!write_all(to, block, static_cast<size_t>(length))) {
            err(1, "%s", output != nullptr ? output : "standard output");
        }
        total += length;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds = static_cast<double>(end.tv_sec - start.tv_sec) +
                     static_cast<double>(end.tv_nsec - start.tv_nsec) / 1e9;
    fprintf(stderr, "%lld bytes in %.3f s, %.1f MB/s\n", total, seconds,
            seconds > 0 ? static_cast<double>(total) / seconds / 1e6 : 0.0);
    return 0;
}
