// cut: prints parts of lines: characters (-c) or fields (-f) between delimiters (-d, a tab).

#include "user/lines.hpp"

#include <limits.h>

static const char usage[] = "usage: cut -c LIST | -f LIST [-d CHARACTER] [FILE...]\nLIST is like 1,3-5,7-\n";

/// True when `number` is in the list.
static bool selected(const char* list, long number) {
    while (*list != '\0') {
        char* end = nullptr;
        long low = *list == '-' ? 1 : strtol(list, &end, 10);
        if (end == list) {
            errx(exit_usage, "bad list at '%s'", list);
        }
        long high = low;
        list = end != nullptr ? end : list;
        if (*list == '-') {
            bool open = list[1] == '\0' || list[1] == ',';
            high = open ? LONG_MAX : strtol(list + 1, &end, 10);
            list = open ? list + 1 : end;
        }
        if (low <= number && number <= high) {
            return true;
        }
        if (*list != '\0' && *list++ != ',') {
            errx(exit_usage, "bad list");
        }
    }
    return false;
}

static void cut_fields(const char* line, const char* list, char delimiter) {
    if (strchr(line, delimiter) == nullptr) {
        puts(line);
        return;
    }
    bool first = true;
    for (long number = 1; line != nullptr; number++) {
        const char* end = strchr(line, delimiter);
        if (selected(list, number)) {
            if (!first) {
                putchar(delimiter);
            }
            first = false;
            printf("%.*s", static_cast<int>(end != nullptr ? static_cast<size_t>(end - line) : strlen(line)),
                   line);
        }
        line = end != nullptr ? end + 1 : nullptr;
    }
    putchar('\n');
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    const char* fields = nullptr;
    const char* characters = nullptr;
    char delimiter = '\t';
    for (int option; (option = getopt(argc, argv, "c:f:d:")) != -1;) {
        if (option == 'c') {
            characters = optarg;
        } else if (option == 'f') {
            fields = optarg;
        } else if (option == 'd') {
            delimiter = *optarg;
        } else {
            usage_error(usage);
        }
    }
    if ((fields == nullptr) == (characters == nullptr)) {
        usage_error(usage);
    }
    return finish(each_line(argv + optind, [=](const char* line) {
        if (fields != nullptr) {
            cut_fields(line, fields, delimiter);
            return;
        }
        for (long i = 0; line[i] != '\0'; i++) {
            if (selected(characters, i + 1)) {
                putchar(line[i]);
            }
        }
        putchar('\n');
    }));
}
