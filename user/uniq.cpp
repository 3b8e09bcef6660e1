// uniq: prints runs of equal lines once; -c with their length, -d only repeated ones.

#include "user/lines.hpp"

static const char usage[] = "usage: uniq [-cd] [FILE]\n  -c  count  -d  only repeated lines\n";

static bool option_count, option_repeated;

static void print(const char* line, unsigned long count) {
    if (line == nullptr || (option_repeated && count < 2)) {
        return;
    }
    if (option_count) {
        printf("%7lu ", count);
    }
    puts(line);
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    for (int option; (option = getopt(argc, argv, "cd")) != -1;) {
        option_count |= option == 'c';
        option_repeated |= option == 'd';
        if (option == '?') {
            usage_error(usage);
        }
    }
    char* previous = nullptr;
    unsigned long count = 0;
    int status = each_line(argv + optind, [&](const char* line) {
        if (previous != nullptr && strcmp(previous, line) == 0) {
            count++;
            return;
        }
        print(previous, count);
        free(previous);
        previous = strdup(line);
        count = 1;
    });
    print(previous, count);
    return finish(status);
}
