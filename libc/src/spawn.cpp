// posix_spawn(): a child that shares our memory until it becomes another program.
//
// clone(CLONE_VM | CLONE_VFORK) on a stack of its own suspends the caller until the child has executed or
// ended, so no memory is copied and the child can leave its errno in the caller's variable: the caller learns
// why a program could not be started. All signals are blocked meanwhile, since a handler must not run in the
// child.

#include "libc/src/internal/syscall.hpp"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" long libc_clone(unsigned long flags, void* stack, int* parent_id, int* child_id, void* control,
                           long (*entry)(void*), void* argument);

enum class spawn_step { open, close, duplicate, change_folder };

struct __spawn_action {
    spawn_step step;
    int fd;
    int from;
    int flags;
    mode_t mode;
    char* path;
};

namespace {

constexpr size_t stack_bytes = 64 * 1024;

struct request {
    const char* path;
    bool search;
    const posix_spawn_file_actions_t* actions;
    const posix_spawnattr_t* attributes;
    char* const* arguments;
    char* const* environment;
    sigset_t mask; // the caller's
    int error;
};

bool move_to(int fd, int wanted) {
    if (fd == wanted) {
        return fcntl(fd, F_SETFD, 0) == 0;
    }
    return dup2(fd, wanted) >= 0;
}

bool carry_out(const __spawn_action& action) {
    switch (action.step) {
    case spawn_step::close:
        close(action.fd); // A descriptor that is not open does not matter.
        return true;
    case spawn_step::duplicate:
        return move_to(action.from, action.fd);
    case spawn_step::change_folder:
        return chdir(action.path) == 0;
    case spawn_step::open: {
        int fd = open(action.path, action.flags, action.mode);
        bool moved = fd >= 0 && move_to(fd, action.fd);
        if (fd >= 0 && fd != action.fd) {
            close(fd);
        }
        return moved;
    }
    }
    return false;
}

bool apply_attributes(const request& wanted, sigset_t& mask) {
    const posix_spawnattr_t none = {};
    const posix_spawnattr_t& attributes = wanted.attributes != nullptr ? *wanted.attributes : none;
    bool to_default = (attributes.flags & POSIX_SPAWN_SETSIGDEF) != 0;
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action = {};
        bool caught = sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_DFL &&
                      action.sa_handler != SIG_IGN;
        if (caught || (to_default && sigismember(&attributes.defaults, number) == 1)) {
            action = {};
            sigaction(number, &action, nullptr); // Our handlers must not run in the child.
        }
    }
    mask = (attributes.flags & POSIX_SPAWN_SETSIGMASK) != 0 ? attributes.mask : wanted.mask;
    if ((attributes.flags & POSIX_SPAWN_SETSID) != 0 && setsid() < 0) {
        return false;
    }
    if ((attributes.flags & POSIX_SPAWN_SETPGROUP) != 0 && setpgid(0, attributes.group) < 0) {
        return false;
    }
    bool reset = (attributes.flags & POSIX_SPAWN_RESETIDS) != 0;
    return !reset || (setegid(getgid()) == 0 && seteuid(getuid()) == 0);
}

/// The child: prepares and becomes the program. What it returns is its exit status.
long run_child(void* argument) {
    auto& wanted = *static_cast<request*>(argument);
    sigset_t mask;
    bool ready = apply_attributes(wanted, mask);
    for (int i = 0; ready && wanted.actions != nullptr && i < wanted.actions->count; i++) {
        ready = carry_out(wanted.actions->actions[i]);
    }
    if (ready) {
        sigprocmask(SIG_SETMASK, &mask, nullptr);
        wanted.search ? execvpe(wanted.path, wanted.arguments, wanted.environment)
                      : execve(wanted.path, wanted.arguments, wanted.environment);
    }
    wanted.error = errno;
    return 127;
}

int spawn(pid_t* pid, request& wanted) {
    void* stack =
        mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) {
        return errno;
    }
    int saved = errno;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &wanted.mask);
    long child = libc_clone(CLONE_VM | CLONE_VFORK | SIGCHLD, static_cast<char*>(stack) + stack_bytes,
                            nullptr, nullptr, nullptr, run_child, &wanted);
    if (child > 0 && wanted.error != 0) {
        waitpid(static_cast<pid_t>(child), nullptr, 0);
    }
    sigprocmask(SIG_SETMASK, &wanted.mask, nullptr);
    munmap(stack, stack_bytes);
    errno = saved;
    if (child < 0) {
        return static_cast<int>(-child);
    }
    if (wanted.error == 0 && pid != nullptr) {
        *pid = static_cast<pid_t>(child);
    }
    return wanted.error;
}

/// Appends an action; the list owns `path`.
int add(posix_spawn_file_actions_t* list, __spawn_action added) {
    auto count = static_cast<size_t>(list->count);
    auto* grown =
        static_cast<__spawn_action*>(reallocarray(list->actions, count + 1, sizeof(__spawn_action)));
    if (grown == nullptr) {
        free(added.path);
        return ENOMEM;
    }
    grown[count] = added;
    list->actions = grown;
    list->count++;
    return 0;
}

int add_with_path(posix_spawn_file_actions_t* list, __spawn_action added, const char* path) {
    added.path = strdup(path);
    return added.path != nullptr ? add(list, added) : ENOMEM;
}

} // namespace

extern "C" {

int posix_spawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions,
                const posix_spawnattr_t* attributes, char* const* arguments, char* const* environment) {
    request wanted = {path, false, actions, attributes, arguments, environment, {}, 0};
    return spawn(pid, wanted);
}

int posix_spawnp(pid_t* pid, const char* file, const posix_spawn_file_actions_t* actions,
                 const posix_spawnattr_t* attributes, char* const* arguments, char* const* environment) {
    request wanted = {file, true, actions, attributes, arguments, environment, {}, 0};
    return spawn(pid, wanted);
}

int posix_spawnattr_init(posix_spawnattr_t* attributes) {
    *attributes = {};
    return 0;
}
int posix_spawnattr_destroy(posix_spawnattr_t*) {
    return 0;
}
int posix_spawnattr_setflags(posix_spawnattr_t* attributes, short flags) {
    attributes->flags = flags;
    return 0;
}
int posix_spawnattr_setpgroup(posix_spawnattr_t* attributes, pid_t group) {
    attributes->group = group;
    return 0;
}
int posix_spawnattr_setsigmask(posix_spawnattr_t* attributes, const sigset_t* mask) {
    attributes->mask = *mask;
    return 0;
}
int posix_spawnattr_setsigdefault(posix_spawnattr_t* attributes, const sigset_t* signals) {
    attributes->defaults = *signals;
    return 0;
}

int posix_spawn_file_actions_init(posix_spawn_file_actions_t* actions) {
    *actions = {};
    return 0;
}
int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t* actions) {
    for (int i = 0; i < actions->count; i++) {
        free(actions->actions[i].path);
    }
    free(actions->actions);
    *actions = {};
    return 0;
}
int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t* actions, int fd, const char* path, int flags,
                                     mode_t mode) {
    return add_with_path(actions, {spawn_step::open, fd, -1, flags, mode, nullptr}, path);
}
int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t* actions, int fd) {
    return add(actions, {spawn_step::close, fd, -1, 0, 0, nullptr});
}
int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t* actions, int fd, int to) {
    return add(actions, {spawn_step::duplicate, to, fd, 0, 0, nullptr});
}
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t* actions, const char* path) {
    return add_with_path(actions, {spawn_step::change_folder, -1, -1, 0, 0, nullptr}, path);
}

} // extern "C"
