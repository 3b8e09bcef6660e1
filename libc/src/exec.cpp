// Becoming another program: the exec family, and running commands with system(), popen() and daemon().

#include "libc/src/internal/syscall.hpp"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <paths.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

size_t count_arguments(va_list list) {
    size_t count = 1;
    while (va_arg(list, const char*) != nullptr) {
        count++;
    }
    return count;
}

/// Gathers an execl() argument list into an array with room for `count` strings and the null.
void collect_arguments(char** to, const char* first, va_list list, size_t count) {
    to[0] = const_cast<char*>(first);
    for (size_t i = 1; i <= count; i++) {
        to[i] = va_arg(list, char*);
    }
}

/// A file the kernel does not know how to start is a shell script.
void execute_script(const char* path, char* const* arguments, char* const* environment) {
    size_t count = 0;
    while (arguments[count] != nullptr) {
        count++;
    }
    auto** longer = static_cast<char**>(__builtin_alloca((count + 3) * sizeof(char*)));
    longer[0] = const_cast<char*>("sh");
    longer[1] = const_cast<char*>(path);
    for (size_t i = 1; i <= count; i++) {
        longer[i + 1] = arguments[i];
    }
    longer[count == 0 ? 2 : count + 1] = nullptr;
    execve(_PATH_BSHELL, longer, environment);
}

void execute(const char* path, char* const* arguments, char* const* environment) {
    execve(path, arguments, environment);
    if (errno == ENOEXEC) {
        execute_script(path, arguments, environment);
    }
}

} // namespace

extern "C" {

int execve(const char* path, char* const* arguments, char* const* environment) {
    return libc::checked_int(SYS_execve, path, arguments, environment);
}

int fexecve(int fd, char* const* arguments, char* const* environment) {
    return libc::checked_int(SYS_execveat, fd, "", arguments, environment, AT_EMPTY_PATH);
}

int execv(const char* path, char* const* arguments) {
    return execve(path, arguments, environ);
}

int execvpe(const char* file, char* const* arguments, char* const* environment) {
    if (*file == '\0') {
        errno = ENOENT;
        return -1;
    }
    if (strchr(file, '/') != nullptr) {
        execute(file, arguments, environment);
        return -1;
    }
    const char* folders = getenv("PATH");
    folders = folders != nullptr ? folders : _PATH_DEFPATH;
    int error = ENOENT;
    for (bool more = true; more;) {
        size_t length = static_cast<size_t>(strchrnul(folders, ':') - folders);
        char path[PATH_MAX];
        if (length + strlen(file) + 2 <= sizeof path) {
            memcpy(path, folders, length);
            strcpy(stpcpy(path + length, length > 0 ? "/" : ""), file);
            execute(path, arguments, environment);
            if (errno == EACCES) {
                error = EACCES; // Remembered: a later folder may still have it.
            } else if (errno != ENOENT && errno != ENOTDIR) {
                return -1;
            }
        }
        more = folders[length] == ':';
        folders += length + 1;
    }
    errno = error;
    return -1;
}

int execvp(const char* file, char* const* arguments) {
    return execvpe(file, arguments, environ);
}

int execl(const char* path, const char* argument, ...) {
    va_list list;
    va_start(list, argument);
    size_t count = count_arguments(list);
    va_end(list);
    auto** arguments = static_cast<char**>(__builtin_alloca((count + 1) * sizeof(char*)));
    va_start(list, argument);
    collect_arguments(arguments, argument, list, count);
    va_end(list);
    return execv(path, arguments);
}

int execlp(const char* file, const char* argument, ...) {
    va_list list;
    va_start(list, argument);
    size_t count = count_arguments(list);
    va_end(list);
    auto** arguments = static_cast<char**>(__builtin_alloca((count + 1) * sizeof(char*)));
    va_start(list, argument);
    collect_arguments(arguments, argument, list, count);
    va_end(list);
    return execvp(file, arguments);
}

int execle(const char* path, const char* argument, ...) {
    va_list list;
    va_start(list, argument);
    size_t count = count_arguments(list);
    va_end(list);
    auto** arguments = static_cast<char**>(__builtin_alloca((count + 1) * sizeof(char*)));
    va_start(list, argument);
    collect_arguments(arguments, argument, list, count);
    char** environment = va_arg(list, char**);
    va_end(list);
    return execve(path, arguments, environment);
}

int system(const char* command) {
    if (command == nullptr) {
        return access(_PATH_BSHELL, X_OK) == 0;
    }
    struct sigaction ignore = {}, old_interrupt, old_quit;
    ignore.sa_handler = SIG_IGN;
    sigset_t child, old_mask;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigaction(SIGINT, &ignore, &old_interrupt);
    sigaction(SIGQUIT, &ignore, &old_quit);
    sigprocmask(SIG_BLOCK, &child, &old_mask);
    pid_t pid = fork();
    if (pid == 0) {
        sigaction(SIGINT, &old_interrupt, nullptr);
        sigaction(SIGQUIT, &old_quit, nullptr);
        sigprocmask(SIG_SETMASK, &old_mask, nullptr);
        execl(_PATH_BSHELL, "sh", "-c", command, nullptr);
        _exit(127);
    }
    int status = -1;
    while (pid > 0 && waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            status = -1;
            break;
        }
    }
    sigaction(SIGINT, &old_interrupt, nullptr);
    sigaction(SIGQUIT, &old_quit, nullptr);
    sigprocmask(SIG_SETMASK, &old_mask, nullptr);
    return status;
}

int daemon(int keep_folder, int keep_descriptors) {
    pid_t pid = fork();
    if (pid != 0) {
        if (pid > 0) {
            _exit(0);
        }
        return -1;
    }
    if (setsid() < 0 || (!keep_folder && chdir("/") < 0)) {
        return -1;
    }
    if (!keep_descriptors) {
        int fd = open(_PATH_DEVNULL, O_RDWR);
        for (int standard = 0; fd >= 0 && standard <= 2; standard++) {
            dup2(fd, standard);
        }
        if (fd > 2) {
            close(fd);
        }
    }
    return 0;
}

} // extern "C"
