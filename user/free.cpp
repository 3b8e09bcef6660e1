// free: shows how much memory is used, from /proc/meminfo.

#include "user/program.hpp"

static unsigned long field(const char* text, const char* name) {
    const char* found = strstr(text, name);
    return found != nullptr ? strtoul(found + strlen(name), nullptr, 10) : 0;
}

int main(int argc, char** argv) {
    answer_help(argc, argv, "usage: free\nShows memory in KiB.\n");
    FILE* file = fopen("/proc/meminfo", "r");
    if (file == nullptr) {
        err(1, "/proc/meminfo");
    }
    char text[8192];
    size_t length = fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    fclose(file);
    unsigned long total = field(text, "MemTotal:");
    unsigned long unused = field(text, "MemFree:");
    unsigned long available = field(text, "MemAvailable:");
    unsigned long cached = field(text, "\nCached:");
    printf("%12s %12s %12s %12s %12s\n", "", "total", "used", "free", "cached");
    printf("%12s %12lu %12lu %12lu %12lu\n", "Memory KiB", total,
           total - (available > 0 ? available : unused), unused, cached);
    return finish(0);
}
