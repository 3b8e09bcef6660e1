// sleep: waits for a number of seconds, fractions allowed.

#include "user/program.hpp"

#include <time.h>

int main(int argc, char** argv) {
    static const char usage[] = "usage: sleep SECONDS\nWaits; 0.2 is a fifth of a second.\n";
    answer_help(argc, argv, usage);
    if (argc != 2) {
        usage_error(usage);
    }
    char* end = nullptr;
    double seconds = strtod(argv[1], &end);
    if (end == argv[1] || *end != '\0' || !(seconds >= 0) || seconds > 1e9) {
        errx(exit_usage, "not a time: '%s'", argv[1]);
    }
    struct timespec left;
    left.tv_sec = static_cast<time_t>(seconds);
    left.tv_nsec = static_cast<long>((seconds - static_cast<double>(left.tv_sec)) * 1e9);
    while (nanosleep(&left, &left) != 0) {
        if (errno != EINTR) {
            err(1, "nanosleep");
        }
    }
    return 0;
}
