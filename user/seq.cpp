// seq: prints the numbers from FIRST to LAST.

#include "user/program.hpp"

#include <limits.h>

int main(int argc, char** argv) {
    static const char usage[] = "usage: seq [FIRST [STEP]] LAST\n";
    answer_help(argc, argv, usage);
    if (argc < 2 || argc > 4) {
        usage_error(usage);
    }
    long first = argc > 2 ? parse_number(argv[1], LONG_MIN / 2, LONG_MAX / 2, "first") : 1;
    long step = argc > 3 ? parse_number(argv[2], LONG_MIN / 2, LONG_MAX / 2, "step") : 1;
    long last = parse_number(argv[argc - 1], LONG_MIN / 2, LONG_MAX / 2, "last");
    if (step == 0) {
        errx(exit_usage, "the step is zero");
    }
    for (long number = first; step > 0 ? number <= last : number >= last; number += step) {
        printf("%ld\n", number);
    }
    return finish(0);
}
