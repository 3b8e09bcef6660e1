// sort: prints lines in order; -n by their number, -r backwards, -u without repetitions, -k from field K on.

#include "user/lines.hpp"

static const char usage[] = "usage: sort [-nru] [-k FIELD] [FILE...]\n";

static bool option_number, option_reverse, option_unique;
static long key_field = 1;

static const char* key_of(const char* line) {
    for (long field = 1; field < key_field; field++) {
        line += strspn(line, " \t");
        line += strcspn(line, " \t");
    }
    return key_field > 1 ? line + strspn(line, " \t") : line;
}

static int compare(const void* a, const void* b) {
    const char* left = *static_cast<char* const*>(a);
    const char* right = *static_cast<char* const*>(b);
    int order = 0;
    if (option_number) {
        double x = strtod(key_of(left), nullptr);
        double y = strtod(key_of(right), nullptr);
        order = (x > y) - (x < y);
    }
    if (order == 0) {
        order = strcmp(key_of(left), key_of(right));
    }
    return option_reverse ? -order : order;
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    for (int option; (option = getopt(argc, argv, "nruk:")) != -1;) {
        option_number |= option == 'n';
        option_reverse |= option == 'r';
        option_unique |= option == 'u';
        if (option == 'k') {
            key_field = parse_number(optarg, 1, 1000, "field");
        } else if (option == '?') {
            usage_error(usage);
        }
    }
    char** lines = nullptr;
    size_t count = 0;
    size_t capacity = 0;
    int status = each_line(argv + optind, [&](const char* line) {
        if (count == capacity) {
            capacity = capacity == 0 ? 256 : capacity * 2;
            lines = static_cast<char**>(realloc(lines, capacity * sizeof(char*)));
        }
        char* copy = lines != nullptr ? strdup(line) : nullptr;
        if (copy == nullptr) {
            err(2, "too much to sort");
        }
        lines[count++] = copy;
    });
    if (count > 0) {
        qsort(lines, count, sizeof(char*), compare);
    }
    for (size_t i = 0; i < count; i++) {
        if (!option_unique || i == 0 || compare(&lines[i - 1], &lines[i]) != 0) {
            puts(lines[i]);
        }
    }
    return finish(status);
}
