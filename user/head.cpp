// head: prints the first lines (-n, 10) or bytes (-c) of files.

#include "user/program.hpp"

#include <limits.h>

static const char usage[] = "usage: head [-n LINES | -c BYTES] [FILE...]\n";

static void print_start(FILE* file, long lines, long bytes) {
    for (int c; (lines > 0 || bytes > 0) && (c = getc(file)) != EOF;) {
        putchar(c);
        lines -= lines > 0 && c == '\n';
        bytes -= bytes > 0;
    }
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    long lines = 10;
    long bytes = 0;
    if (argc > 1 && argv[1][0] == '-' && argv[1][1] >= '0' && argv[1][1] <= '9') {
        lines = parse_number(argv[1] + 1, 0, LONG_MAX, "lines");
        argv++;
        argc--;
    }
    for (int option; (option = getopt(argc, argv, "n:c:")) != -1;) {
        if (option == 'n') {
            lines = parse_number(optarg, 0, LONG_MAX, "lines");
        } else if (option == 'c') {
            bytes = parse_number(optarg, 0, LONG_MAX, "bytes");
            lines = 0;
        } else {
            usage_error(usage);
        }
    }
    if (optind == argc) {
        print_start(stdin, lines, bytes);
        return finish(0);
    }
    int status = 0;
    for (int i = optind; i < argc; i++) {
        FILE* file = fopen(argv[i], "r");
        if (file == nullptr) {
            warn("%s", argv[i]);
            status = 1;
            continue;
        }
        if (argc - optind > 1) {
            printf("%s==> %s <==\n", i > optind ? "\n" : "", argv[i]);
        }
        print_start(file, lines, bytes);
        fclose(file);
    }
    return finish(status);
}
