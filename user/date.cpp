// date: prints the time, in a format of strftime when one is given.

#include "user/program.hpp"

#include <time.h>

int main(int argc, char** argv) {
    static const char usage[] =
        "usage: date [-u] [+FORMAT]\nPrints the time; FORMAT as for strftime, %s seconds since 1970.\n";
    answer_help(argc, argv, usage);
    const char* format = "%a %b %e %H:%M:%S UTC %Y";
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '+') {
            format = argv[i] + 1;
        } else if (strcmp(argv[i], "-u") != 0) {
            usage_error(usage);
        }
    }
    time_t now = time(nullptr);
    if (strcmp(format, "%s") == 0) {
        printf("%lld\n", static_cast<long long>(now));
        return finish(0);
    }
    char text[256];
    struct tm* utc = gmtime(&now);
    if (utc == nullptr || strftime(text, sizeof text, format, utc) == 0) {
        errx(1, "nothing to print for '%s'", format);
    }
    puts(text);
    return finish(0);
}
