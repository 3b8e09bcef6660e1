// uptime: prints how long the system has been running.

#include "user/program.hpp"

int main(int argc, char** argv) {
    answer_help(argc, argv, "usage: uptime\n");
    FILE* file = fopen("/proc/uptime", "r");
    char line[128];
    if (file == nullptr || fgets(line, sizeof line, file) == nullptr) {
        err(1, "/proc/uptime");
    }
    double seconds = strtod(line, nullptr);
    long minutes = static_cast<long>(seconds) / 60;
    printf("up %ld days, %02ld:%02ld:%05.2f\n", minutes / 1440, minutes / 60 % 24, minutes % 60,
           seconds - static_cast<double>(minutes * 60));
    return finish(0);
}
