#pragma once
// Names of signals, as `kill` and `trap` take and print them.

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct signal_entry {
    int number;
    const char* name;
};

constexpr signal_entry signal_table[] = {
    {SIGHUP, "HUP"},   {SIGINT, "INT"},   {SIGQUIT, "QUIT"},   {SIGILL, "ILL"},   {SIGTRAP, "TRAP"},
    {SIGABRT, "ABRT"}, {SIGBUS, "BUS"},   {SIGFPE, "FPE"},     {SIGKILL, "KILL"}, {SIGUSR1, "USR1"},
    {SIGSEGV, "SEGV"}, {SIGUSR2, "USR2"}, {SIGPIPE, "PIPE"},   {SIGALRM, "ALRM"}, {SIGTERM, "TERM"},
    {SIGCHLD, "CHLD"}, {SIGCONT, "CONT"}, {SIGSTOP, "STOP"},   {SIGTSTP, "TSTP"}, {SIGTTIN, "TTIN"},
    {SIGTTOU, "TTOU"}, {SIGURG, "URG"},   {SIGWINCH, "WINCH"},
};

constexpr int highest_signal = 64;

/// The number of a signal written as TERM, SIGTERM or 15; -1 when there is none.
inline int signal_number_of(const char* text) {
    char* end = nullptr;
    long number = strtol(text, &end, 10);
    if (end != text && *end == '\0') {
        return number >= 0 && number <= highest_signal ? static_cast<int>(number) : -1;
    }
    const char* name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
    for (const signal_entry& entry : signal_table) {
        if (strcasecmp(name, entry.name) == 0) {
            return entry.number;
        }
    }
    return -1;
}

/// The name without SIG; null for a number that has none.
inline const char* signal_name_of(int number) {
    for (const signal_entry& entry : signal_table) {
        if (entry.number == number) {
            return entry.name;
        }
    }
    return nullptr;
}
