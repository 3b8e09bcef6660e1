// ps: lists processes from /proc/N/stat and /proc/N/cmdline (proc(5)).

#include "user/program.hpp"

#include <ctype.h>
#include <dirent.h>

struct process {
    int pid, parent, group, session;
    char state;
    unsigned long user_ticks, system_ticks, memory_bytes;
    char name[64];
};

/// Reads /proc/PID/stat; the name stands in parentheses and may contain anything, a `)` too.
static bool read_process(const char* pid, process& result) {
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE* file = fopen(path, "r");
    if (file == nullptr) {
        return false; // it has ended meanwhile
    }
    bool read = fgets(line, sizeof line, file) != nullptr;
    fclose(file);
    char* open = read ? strchr(line, '(') : nullptr;
    char* close = read ? strrchr(line, ')') : nullptr;
    if (open == nullptr || close == nullptr) {
        return false;
    }
    *close = '\0';
    result = {};
    result.pid = atoi(line);
    snprintf(result.name, sizeof result.name, "%s", open + 1);
    return sscanf(close + 1,
                  " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u %lu",
                  &result.state, &result.parent, &result.group, &result.session, &result.user_ticks,
                  &result.system_ticks, &result.memory_bytes) >= 4;
}

static void print_command(const process& one) {
    char path[64], command[256];
    snprintf(path, sizeof path, "/proc/%d/cmdline", one.pid);
    FILE* file = fopen(path, "r");
    size_t length = file != nullptr ? fread(command, 1, sizeof command - 1, file) : 0;
    if (file != nullptr) {
        fclose(file);
    }
    while (length > 0 && command[length - 1] == '\0') {
        length--;
    }
    if (length == 0) {
        printf("[%s]\n", one.name); // a kernel thread
        return;
    }
    for (size_t i = 0; i < length; i++) {
        command[i] = command[i] == '\0' ? ' ' : command[i];
    }
    printf("%.*s\n", static_cast<int>(length), command);
}

int main(int argc, char** argv) {
    answer_help(argc, argv,
                "usage: ps\nLists processes: id, parent, group, state, processor time, size, command.\n");
    DIR* open = opendir("/proc");
    if (open == nullptr) {
        err(1, "/proc");
    }
    long ticks = sysconf(_SC_CLK_TCK);
    printf("%5s %5s %5s %s %9s %8s %s\n", "PID", "PPID", "PGID", "S", "TIME", "SIZE", "COMMAND");
    while (struct dirent* entry = readdir(open)) {
        process one;
        if (isdigit(static_cast<unsigned char>(entry->d_name[0])) && read_process(entry->d_name, one)) {
            double seconds =
                static_cast<double>(one.user_ticks + one.system_ticks) / static_cast<double>(ticks);
            printf("%5d %5d %5d %c %9.2f %7luK ", one.pid, one.parent, one.group, one.state, seconds,
                   one.memory_bytes / 1024);
            print_command(one);
        }
    }
    closedir(open);
    return finish(0);
}
