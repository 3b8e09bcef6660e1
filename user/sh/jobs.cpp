// Jobs: the processes of one pipeline, and who owns the terminal.
//
// With job control every job is a process group of its own. The group in the foreground is the one that the
// terminal sends ^C and ^Z to; the shell lends the terminal and takes it back when the job ends or stops.
// Both parent and child call setpgid, because either may run first. Jobs without source text (command
// substitutions) belong to the shell's own group.

#include "user/sh/shell.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum class process_state { running, stopped, ended };

struct process {
    pid_t pid;
    int wait_status;
    process_state state;
};

struct job {
    int number;  // 0 until it goes to the background
    pid_t group; // 0 without job control
    bool grouped;
    placement where;
    char* source;
    list<process> members;
};

namespace {

list<job*> jobs; // the current job is the last one
int terminal = -1;
struct termios shell_modes;

process_state state_of(const job* which) {
    bool stopped = false;
    for (size_t i = 0; i < which->members.size(); i++) {
        if (which->members[i].state == process_state::running) {
            return process_state::running;
        }
        stopped |= which->members[i].state == process_state::stopped;
    }
    return stopped ? process_state::stopped : process_state::ended;
}

int last_status(const job* which) {
    size_t count = which->members.size();
    return count > 0 ? status_of(which->members[count - 1].wait_status) : 1;
}

void remove(job* which) {
    for (size_t i = 0; i < jobs.size(); i++) {
        if (jobs[i] == which) {
            jobs.remove(i);
            break;
        }
    }
    free(which->source);
    delete which;
}

void give_number(job* which) {
    for (int candidate = 1; which->number == 0; candidate++) {
        bool used = false;
        for (job* other : jobs) {
            used |= other->number == candidate;
        }
        which->number = used ? 0 : candidate;
    }
}

void record(process& member, int wait_status) {
    member.wait_status = wait_status;
    member.state = WIFSTOPPED(wait_status)     ? process_state::stopped
                   : WIFCONTINUED(wait_status) ? process_state::running
                                               : process_state::ended;
}

/// Waits for, or with WNOHANG looks at, the processes of a job. False when a signal came first.
bool update(job* which, int options) {
    for (process& member : which->members) {
        while (member.state == process_state::running) {
            int wait_status = 0;
            pid_t pid = waitpid(member.pid, &wait_status, options | (shell.job_control ? WUNTRACED : 0));
            if (pid == member.pid) {
                record(member, wait_status);
            } else if (pid == 0) {
                break;
            } else if (errno != EINTR) {
                member.state = process_state::ended; // somebody else has reaped it
            } else if (which->where == placement::background) {
                return false;
            }
        }
    }
    return true;
}

const char* describe(const job* which, char* buffer, size_t size) {
    if (state_of(which) == process_state::running) {
        return "Running";
    }
    if (state_of(which) == process_state::stopped) {
        return "Stopped";
    }
    int wait_status = which->members.size() > 0 ? which->members[which->members.size() - 1].wait_status : 0;
    if (WIFSIGNALED(wait_status)) {
        return strsignal(WTERMSIG(wait_status));
    }
    if (WEXITSTATUS(wait_status) == 0) {
        return "Done";
    }
    snprintf(buffer, size, "Done(%d)", WEXITSTATUS(wait_status));
    return buffer;
}

void print_job(const job* which, FILE* to) {
    char buffer[32];
    char sign = which == jobs[jobs.size() - 1] ? '+' : ' ';
    fprintf(to, "[%d]%c %-20s %s\n", which->number, sign, describe(which, buffer, sizeof buffer),
            which->source != nullptr ? which->source : "");
}

/// Says why a foreground job died, where its status alone would puzzle.
void explain_death(const job* which) {
    int wait_status = which->members.size() > 0 ? which->members[which->members.size() - 1].wait_status : 0;
    if (!WIFSIGNALED(wait_status)) {
        return;
    }
    int signal = WTERMSIG(wait_status);
    if (signal == SIGINT && shell.interactive) {
        fputc('\n', stderr);
        interrupt_pending = 1; // ^C ends the loop around the program too
    } else if (signal != SIGINT && signal != SIGPIPE) {
        fprintf(stderr, "%s\n", strsignal(signal));
    }
}

/// The job that %n, %%, %+, %text or a process id means; null, with a message, when there is none.
job* find_job(const char* name) {
    if (name == nullptr || strcmp(name, "%") == 0 || strcmp(name, "%%") == 0 || strcmp(name, "%+") == 0) {
        for (size_t i = jobs.size(); i-- > 0;) {
            if (jobs[i]->number != 0) {
                return jobs[i];
            }
        }
        complain(1, "no current job");
        return nullptr;
    }
    for (job* one : jobs) {
        bool percent = name[0] == '%';
        bool number = percent && atoi(name + 1) == one->number && one->number != 0;
        bool begins =
            percent && one->source != nullptr && strncmp(one->source, name + 1, strlen(name + 1)) == 0;
        bool process =
            !percent && one->members.size() > 0 && atoi(name) == one->members[one->members.size() - 1].pid;
        if (number || begins || process) {
            return one;
        }
    }
    complain(1, "%s: no such job", name);
    return nullptr;
}

void continue_job(job* which) {
    for (process& member : which->members) {
        if (member.state == process_state::stopped) {
            member.state = process_state::running;
        }
    }
    kill(-which->group, SIGCONT);
}

int wait_for_background(job* which) {
    while (state_of(which) == process_state::running) {
        if (!update(which, 0)) {
            return 128 + SIGINT;
        }
    }
    int status = last_status(which);
    if (state_of(which) == process_state::ended) {
        remove(which);
    }
    return status;
}

} // namespace

int status_of(int wait_status) {
    if (WIFEXITED(wait_status)) {
        return WEXITSTATUS(wait_status);
    }
    return 128 + (WIFSTOPPED(wait_status) ? WSTOPSIG(wait_status) : WTERMSIG(wait_status));
}

job* new_job(const char* source, placement where) {
    job* fresh = new job{};
    fresh->grouped = shell.job_control && source != nullptr;
    fresh->where = where;
    fresh->source = source != nullptr ? duplicate(source) : nullptr;
    jobs.add(fresh);
    return fresh;
}

pid_t fork_into(job* which) {
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) {
        complain(1, "fork: %s", strerror(errno));
        return pid;
    }
    if (pid == 0) {
        if (which->grouped) {
            setpgid(0, which->group);
            if (which->where == placement::foreground) {
                tcsetpgrp(terminal, getpgrp());
            }
        }
        bool unattended = which->where == placement::background && !shell.job_control;
        reset_signals_in_child();
        if (unattended) {
            signal(SIGINT, SIG_IGN); // ^C is meant for the program in the foreground
            signal(SIGQUIT, SIG_IGN);
        }
        forget_jobs();
        return 0;
    }
    if (which->grouped) {
        setpgid(pid, which->group);
        which->group = which->group != 0 ? which->group : pid;
    }
    which->members.add({pid, 0, process_state::running});
    if (which->where == placement::background) {
        give_number(which);
        if (shell.interactive) {
            fprintf(stderr, "[%d] %d\n", which->number, static_cast<int>(pid));
        }
    }
    return pid;
}

int wait_for_job(job* which) {
    if (which->grouped && which->group != 0) {
        tcsetpgrp(terminal, which->group);
    }
    while (state_of(which) == process_state::running) {
        update(which, 0);
    }
    if (which->grouped) {
        take_terminal();
    }
    int status = last_status(which);
    if (state_of(which) == process_state::stopped) {
        which->where = placement::background;
        give_number(which);
        fputc('\n', stderr);
        print_job(which, stderr);
        return status;
    }
    explain_death(which);
    remove(which);
    return status;
}

void take_terminal() {
    if (terminal < 0) {
        terminal = fcntl(0, F_DUPFD_CLOEXEC, 10);
        shell.job_control = terminal >= 0 && tcgetattr(terminal, &shell_modes) == 0;
        while (shell.job_control && tcgetpgrp(terminal) != getpgrp()) {
            if (tcgetpgrp(terminal) < 0) {
                shell.job_control = false;
            } else {
                kill(0, SIGTTIN); // started in the background: wait for our turn
            }
        }
        setpgid(0, 0); // fails for a session leader, which has its own group already
    }
    if (shell.job_control) {
        tcsetpgrp(terminal, getpgrp());
        tcsetattr(terminal, TCSADRAIN, &shell_modes);
    }
}

void report_finished_jobs() {
    for (size_t i = 0; i < jobs.size();) {
        job* one = jobs[i];
        process_state before = state_of(one);
        update(one, WNOHANG);
        bool ended = state_of(one) == process_state::ended;
        if (ended || state_of(one) != before) {
            print_job(one, stderr);
        }
        if (ended) {
            remove(one);
        } else {
            i++;
        }
    }
}

void forget_jobs() {
    while (jobs.size() > 0) {
        remove(jobs[0]);
    }
    shell.job_control = false;
    shell.interactive = false;
}

int builtin_jobs(int, char**) {
    for (size_t i = 0; i < jobs.size();) {
        job* one = jobs[i];
        update(one, WNOHANG);
        if (one->number != 0) {
            print_job(one, stdout);
        }
        if (one->number != 0 && state_of(one) == process_state::ended) {
            remove(one);
        } else {
            i++;
        }
    }
    return 0;
}

int builtin_fg(int, char** argv) {
    job* which = find_job(argv[1]);
    if (which == nullptr) {
        return 1;
    }
    if (!which->grouped) {
        return complain(1, "fg: no job control");
    }
    fprintf(stderr, "%s\n", which->source);
    which->where = placement::foreground;
    tcsetpgrp(terminal, which->group);
    continue_job(which);
    return wait_for_job(which);
}

int builtin_bg(int, char** argv) {
    job* which = find_job(argv[1]);
    if (which == nullptr) {
        return 1;
    }
    if (!which->grouped) {
        return complain(1, "bg: no job control");
    }
    continue_job(which);
    fprintf(stderr, "[%d] %s &\n", which->number, which->source);
    return 0;
}

int builtin_wait(int argc, char** argv) {
    int status = 0;
    if (argc == 1) {
        while (jobs.size() > 0 && state_of(jobs[0]) != process_state::stopped) {
            if ((status = wait_for_background(jobs[0])) > 128 && interrupt_pending) {
                return status;
            }
        }
        return 0;
    }
    for (int i = 1; i < argc; i++) {
        job* which = find_job(argv[i]);
        status = which != nullptr ? wait_for_background(which) : 127;
    }
    return status;
}

/// The process, or with job control the group, that %JOB or a number means; false after saying what is wrong.
static bool kill_target(const char* name, pid_t& target) {
    if (name[0] == '%') {
        job* which = find_job(name);
        if (which != nullptr) {
            target = which->grouped ? -which->group : which->members[0].pid;
        }
        return which != nullptr;
    }
    char* end = nullptr;
    target = static_cast<pid_t>(strtol(name, &end, 10));
    if (end == name || *end != '\0') {
        complain(1, "kill: %s: neither a process nor a job", name);
        return false;
    }
    return true;
}

int builtin_kill(int argc, char** argv) {
    int number = SIGTERM;
    int next = 1;
    if (argc > 1 && strcmp(argv[1], "-l") == 0) {
        for (int i = 1; i < 32; i++) {
            if (signal_name(i) != nullptr) {
                printf("%d %s\n", i, signal_name(i));
            }
        }
        return 0;
    }
    if (argc > 2 && strcmp(argv[1], "-s") == 0) {
        number = signal_number(argv[2]);
        next = 3;
    } else if (argc > 1 && argv[1][0] == '-' && argv[1][1] != '-') {
        number = signal_number(argv[1] + 1);
        next = 2;
    }
    if (number < 0 || next >= argc) {
        return complain(2, "usage: kill [-s SIGNAL | -SIGNAL] PID | %%JOB ...");
    }
    int status = 0;
    for (; next < argc; next++) {
        pid_t target = 0;
        if (!kill_target(argv[next], target)) {
            status = 1;
            continue;
        }
        if (kill(target, number) != 0) {
            status = complain(1, "kill: %s: %s", argv[next], strerror(errno));
        }
    }
    return status;
}
