// wc: counts lines, words and bytes.

#include "user/program.hpp"

#include <ctype.h>
#include <fcntl.h>

static const char usage[] =
    "usage: wc [-lwc] [FILE...]\n  -l lines  -w words  -c bytes; all three without options\n";

struct counts {
    unsigned long lines, words, bytes;
};

static bool option_lines, option_words, option_bytes;

static bool count_in(int fd, counts& result) {
    static char buffer[65536];
    bool in_word = false;
    ssize_t length;
    while ((length = read(fd, buffer, sizeof buffer)) > 0) {
        result.bytes += static_cast<unsigned long>(length);
        for (ssize_t i = 0; i < length; i++) {
            bool space = isspace(static_cast<unsigned char>(buffer[i])) != 0;
            result.lines += buffer[i] == '\n';
            result.words += !space && !in_word;
            in_word = !space;
        }
    }
    return length == 0;
}

static void print(const counts& result, const char* name) {
    bool only_one = option_lines + option_words + option_bytes == 1;
    const struct {
        bool wanted;
        unsigned long value;
    } columns[] = {{option_lines, result.lines}, {option_words, result.words}, {option_bytes, result.bytes}};
    bool first = true;
    for (const auto& column : columns) {
        if (column.wanted) {
            printf("%s%*lu", first ? "" : " ", only_one ? 0 : 7, column.value);
            first = false;
        }
    }
    printf("%s%s\n", name != nullptr ? " " : "", name != nullptr ? name : "");
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    for (int option; (option = getopt(argc, argv, "lwc")) != -1;) {
        option_lines |= option == 'l';
        option_words |= option == 'w';
        option_bytes |= option == 'c';
        if (option == '?') {
            usage_error(usage);
        }
    }
    if (!option_lines && !option_words && !option_bytes) {
        option_lines = option_words = option_bytes = true;
    }
    counts total = {};
    if (optind == argc) {
        if (!count_in(0, total)) {
            err(1, "standard input");
        }
        print(total, nullptr);
        return finish(0);
    }
    int status = 0;
    for (int i = optind; i < argc; i++) {
        counts one = {};
        int fd = open(argv[i], O_RDONLY);
        if (fd < 0 || !count_in(fd, one)) {
            warn("%s", argv[i]);
            status = 1;
        } else {
            print(one, argv[i]);
        }
        if (fd >= 0) {
            close(fd);
        }
        total = {total.lines + one.lines, total.words + one.words, total.bytes + one.bytes};
    }
    if (argc - optind > 1) {
        print(total, "total");
    }
    return finish(status);
}
