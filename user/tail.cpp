// tail: prints the last lines of a file (-n, 10; -n +N from line N on); -f waits for what is appended.

#include "user/program.hpp"

#include <limits.h>

static const char usage[] = "usage: tail [-f] [-n [+]LINES] [FILE]\n  -f  go on as the file grows\n";

/// A line of any length; null at the end. The caller frees it.
static char* read_line(FILE* file, size_t& length) {
    char* line = nullptr;
    size_t capacity = 0;
    ssize_t count = getline(&line, &capacity, file);
    if (count < 0) {
        free(line);
        return nullptr;
    }
    length = static_cast<size_t>(count);
    return line;
}

/// Keeps the last `count` lines in a ring while reading, then prints it.
static void print_end(FILE* file, size_t count) {
    struct kept {
        char* text;
        size_t length;
    };
    kept* ring = static_cast<kept*>(calloc(count + 1, sizeof(kept)));
    if (ring == nullptr) {
        err(1, "%zu lines", count);
    }
    size_t next = 0;
    size_t length = 0;
    while (char* line = read_line(file, length)) {
        free(ring[next].text);
        ring[next] = {line, length};
        next = next + 1 < count ? next + 1 : 0;
        if (count == 0) {
            free(ring[0].text);
            ring[0].text = nullptr;
        }
    }
    for (size_t i = 0; i < count; i++) {
        kept& one = ring[(next + i) % count];
        if (one.text != nullptr) {
            fwrite(one.text, 1, one.length, stdout);
        }
        free(one.text);
    }
    free(ring);
}

static void print_from(FILE* file, long first) {
    long line = 1;
    for (int c; (c = getc(file)) != EOF;) {
        if (line >= first) {
            putchar(c);
        }
        line += c == '\n';
    }
}

[[noreturn]] static void follow(FILE* file) {
    for (;;) {
        clearerr(file);
        for (int c; (c = getc(file)) != EOF;) {
            putchar(c);
        }
        fflush(stdout);
        sleep(1);
    }
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    long lines = 10;
    bool from_start = false;
    bool following = false;
    if (argc > 1 && argv[1][0] == '-' && argv[1][1] >= '0' && argv[1][1] <= '9') {
        lines = parse_number(argv[1] + 1, 0, INT_MAX, "lines");
        argv++;
        argc--;
    }
    for (int option; (option = getopt(argc, argv, "fn:")) != -1;) {
        if (option == 'n') {
            from_start = *optarg == '+';
            lines = parse_number(optarg + (*optarg == '+' || *optarg == '-'), 0, INT_MAX, "lines");
        } else if (option == 'f') {
            following = true;
        } else {
            usage_error(usage);
        }
    }
    if (argc - optind > 1) {
        usage_error(usage);
    }
    FILE* file = optind < argc ? fopen(argv[optind], "r") : stdin;
    if (file == nullptr) {
        err(1, "%s", argv[optind]);
    }
    from_start ? print_from(file, lines) : print_end(file, static_cast<size_t>(lines));
    if (following) {
        follow(file);
    }
    return finish(0);
}
