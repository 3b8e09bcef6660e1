// Programs: finding one in PATH and becoming it.

#include "user/sh/shell.hpp"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

constexpr int not_executable = 126;
constexpr int not_found = 127;

/// Runs a script that has no #! line: the kernel refused it with ENOEXEC.
static void execute_script(const char* path, char** argv) {
    list<char*> arguments;
    char name[] = "/bin/sh";
    arguments.add(name);
    arguments.add(scratch.copy(path, strlen(path)));
    for (char** argument = argv + 1; *argument != nullptr; argument++) {
        arguments.add(*argument);
    }
    arguments.add(nullptr);
    execve(name, arguments.begin(), exported_environment());
}

char* find_program(const char* name) {
    if (strchr(name, '/') != nullptr) {
        return scratch.copy(name, strlen(name));
    }
    const char* path = get_variable("PATH");
    int why = ENOENT;
    for (const char* next = path != nullptr ? path : "/bin"; next != nullptr;) {
        size_t length = strcspn(next, ":");
        text candidate;
        candidate.add(next, length);
        candidate.add(length > 0 ? "/" : "./");
        candidate.add(name);
        struct stat status;
        if (stat(candidate.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
            if (access(candidate.c_str(), X_OK) == 0) {
                return scratch.copy(candidate.c_str(), candidate.size());
            }
            why = EACCES;
        }
        next = next[length] == ':' ? next + length + 1 : nullptr;
    }
    errno = why;
    return nullptr;
}

int execute_program(char** argv) {
    char* path = find_program(argv[0]);
    if (path != nullptr) {
        execve(path, argv, exported_environment());
        if (errno == ENOEXEC) {
            execute_script(path, argv);
        }
    } else if (errno == ENOENT) {
        return complain(not_found, "%s: not found", argv[0]);
    }
    return complain(errno == ENOENT ? not_found : not_executable, "%s: %s", argv[0], strerror(errno));
}
