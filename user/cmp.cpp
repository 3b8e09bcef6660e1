// cmp: compares two files byte by byte.

#include "user/program.hpp"

static const char usage[] =
    "usage: cmp [-s] FILE FILE\n  -s  only the status\nStatus: 0 equal, 1 different, 2 error.\n";

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    bool silent = argc > 1 && strcmp(argv[1], "-s") == 0;
    char** names = argv + (silent ? 2 : 1);
    if (argc - (silent ? 2 : 1) != 2) {
        usage_error(usage);
    }
    FILE* files[2];
    for (int i = 0; i < 2; i++) {
        files[i] = strcmp(names[i], "-") == 0 ? stdin : fopen(names[i], "r");
        if (files[i] == nullptr) {
            err(2, "%s", names[i]);
        }
    }
    unsigned long byte = 1;
    unsigned long line = 1;
    for (;; byte++) {
        int a = getc(files[0]);
        int b = getc(files[1]);
        if (a == EOF && b == EOF) {
            return 0;
        }
        if (a != b) {
            break;
        }
        line += a == '\n';
    }
    if (!silent) {
        printf("%s %s differ: byte %lu, line %lu\n", names[0], names[1], byte, line);
    }
    return finish(1);
}
