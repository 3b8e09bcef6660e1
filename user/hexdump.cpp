// hexdump: shows bytes in hexadecimal, 16 to a line; -C adds the characters (the form used here anyway).

#include "user/program.hpp"

#include <ctype.h>
#include <limits.h>

static const char usage[] =
    "usage: hexdump [-C] [-n BYTES] [-s SKIP] [FILE]\n  -C  characters beside the bytes\n";

constexpr size_t per_line = 16;

static void print_line(unsigned long offset, const unsigned char* bytes, size_t count, bool characters) {
    printf("%08lx", offset);
    for (size_t i = 0; i < per_line; i++) {
        printf(i % 8 == 0 ? "  " : " ");
        i < count ? printf("%02x", bytes[i]) : printf("  ");
    }
    if (characters) {
        printf("  |");
        for (size_t i = 0; i < count; i++) {
            putchar(isprint(bytes[i]) ? bytes[i] : '.');
        }
        putchar('|');
    }
    putchar('\n');
}

static void dump(FILE* file, unsigned long offset, unsigned long limit, bool characters) {
    unsigned char line[per_line];
    unsigned char previous[per_line];
    unsigned long end = offset + limit;
    bool starred = false;
    for (bool first = true; offset < end; first = false) {
        size_t wanted = end - offset < per_line ? end - offset : per_line;
        size_t count = fread(line, 1, wanted, file);
        if (count == 0) {
            break;
        }
        bool repeated = !first && count == per_line && memcmp(line, previous, per_line) == 0;
        if (!repeated) {
            print_line(offset, line, count, characters);
        } else if (!starred) {
            puts("*");
        }
        starred = repeated;
        memcpy(previous, line, per_line);
        offset += count;
    }
    printf("%08lx\n", offset);
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    bool characters = false;
    unsigned long limit = LONG_MAX / 2;
    unsigned long skip = 0;
    for (int option; (option = getopt(argc, argv, "Cn:s:")) != -1;) {
        if (option == 'C') {
            characters = true;
        } else if (option == 'n') {
            limit = static_cast<unsigned long>(parse_number(optarg, 0, LONG_MAX / 2, "bytes"));
        } else if (option == 's') {
            skip = static_cast<unsigned long>(parse_number(optarg, 0, LONG_MAX / 2, "skip"));
        } else {
            usage_error(usage);
        }
    }
    FILE* file = optind < argc ? fopen(argv[optind], "r") : stdin;
    if (file == nullptr) {
        err(1, "%s", argv[optind]);
    }
    for (unsigned long i = 0; i < skip && getc(file) != EOF; i++) {
    }
    dump(file, skip, limit, characters);
    if (ferror(file)) {
        err(1, "%s", optind < argc ? argv[optind] : "standard input");
    }
    return finish(0);
}
