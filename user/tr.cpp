// tr: replaces characters of one set by those of another, or deletes them (-d), or squeezes repetitions (-s).

#include "user/program.hpp"

static const char usage[] =
    "usage: tr [-ds] SET1 [SET2]\nSets are characters, ranges a-z and escapes \\n \\t \\\\.\n";

/// Spells a set out.
static size_t expand(const char* set, unsigned char (&result)[512]) {
    size_t count = 0;
    auto take = [&set] {
        unsigned char c = static_cast<unsigned char>(*set++);
        if (c == '\\' && *set != '\0') {
            c = static_cast<unsigned char>(*set++);
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == '0' ? '\0' : c;
        }
        return c;
    };
    while (*set != '\0' && count < 256) {
        unsigned char low = take();
        unsigned high = low;
        if (set[0] == '-' && set[1] != '\0') {
            set++;
            high = take();
        }
        for (unsigned c = low; c <= high && count < 512; c++) {
            result[count++] = static_cast<unsigned char>(c);
        }
    }
    return count;
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    bool remove = false;
    bool squeeze = false;
    for (int option; (option = getopt(argc, argv, "ds")) != -1;) {
        remove |= option == 'd';
        squeeze |= option == 's';
        if (option == '?') {
            usage_error(usage);
        }
    }
    int operands = argc - optind;
    if (operands < 1 || operands > 2 || (operands == 1 && !remove && !squeeze)) {
        usage_error(usage);
    }
    unsigned char from[512], to[512];
    size_t from_count = expand(argv[optind], from);
    size_t to_count = operands == 2 ? expand(argv[optind + 1], to) : 0;
    unsigned char map[256];
    bool member[256] = {};
    for (unsigned i = 0; i < 256; i++) {
        map[i] = static_cast<unsigned char>(i);
    }
    for (size_t i = 0; i < from_count; i++) {
        member[from[i]] = true;
        if (to_count > 0) {
            map[from[i]] = to[i < to_count ? i : to_count - 1];
        }
    }
    int previous = EOF;
    for (int c; (c = getchar()) != EOF;) {
        if (remove && member[c]) {
            continue;
        }
        int out = map[c];
        if (squeeze && member[c] && out == previous) {
            continue;
        }
        putchar(out);
        previous = out;
    }
    return finish(0);
}
