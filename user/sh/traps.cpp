// Signals and traps. A handler only notes that its signal came; the action runs between two commands, where
// the shell's data is consistent.

#include "user/sh/shell.hpp"
#include "user/signal_names.hpp"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

volatile sig_atomic_t interrupt_pending;

namespace {

constexpr int signals = 65;
constexpr int exit_trap = 0;

// An interactive shell survives these itself; its programs get the default back.
constexpr int shielded[] = {SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU};

char* actions[signals]; // null: default; empty: ignored
volatile sig_atomic_t arrived[signals];
volatile sig_atomic_t any_arrived;
bool running_trap;

void note_signal(int number) {
    arrived[number] = 1;
    any_arrived = 1;
}

void note_interrupt(int) {
    interrupt_pending = 1;
}

void set_handler(int number, void (*handler)(int)) {
    struct sigaction action = {};
    action.sa_handler = handler; // without SA_RESTART: a waiting shell has to look at its traps
    sigaction(number, &action, nullptr);
}

bool is_shielded(int number) {
    for (int one : shielded) {
        if (one == number) {
            return true;
        }
    }
    return false;
}

void set_default(int number) {
    if (number == SIGINT && shell.interactive) {
        set_handler(number, note_interrupt);
    } else {
        set_handler(number, shell.interactive && is_shielded(number) ? SIG_IGN : SIG_DFL);
    }
}

} // namespace

int signal_number(const char* name) {
    return strcmp(name, "EXIT") == 0 ? exit_trap : signal_number_of(name);
}

const char* signal_name(int number) {
    return number == exit_trap ? "EXIT" : signal_name_of(number);
}

void init_signals() {
    if (!shell.interactive) {
        return;
    }
    set_handler(SIGINT, note_interrupt);
    for (int number : shielded) {
        set_handler(number, SIG_IGN);
    }
}

void reset_signals_in_child() {
    for (int number = 0; number < signals; number++) {
        bool ignored = actions[number] != nullptr && *actions[number] == '\0';
        bool was_caught = actions[number] != nullptr && !ignored;
        bool was_shell = shell.interactive && (number == SIGINT || is_shielded(number));
        if (was_caught) {
            free_memory(actions[number]);
            actions[number] = nullptr;
        }
        arrived[number] = 0;
        if (number != exit_trap && !ignored && (was_caught || was_shell)) {
            set_handler(number, SIG_DFL);
        }
    }
    any_arrived = 0;
    interrupt_pending = 0;
}

int set_trap(const char* action, const char* name) {
    int number = signal_number(name);
    if (number < 0 || number >= signals) {
        return complain(1, "trap: %s: no such signal", name);
    }
    free_memory(actions[number]);
    actions[number] = action != nullptr ? duplicate(action) : nullptr;
    if (number == exit_trap) {
        return 0;
    }
    if (action == nullptr) {
        set_default(number);
    } else {
        set_handler(number, *action != '\0' ? note_signal : SIG_IGN);
    }
    return 0;
}

void print_traps() {
    for (int number = 0; number < signals; number++) {
        if (actions[number] != nullptr) {
            const char* name = signal_name(number);
            printf("trap -- '%s' %s\n", actions[number], name != nullptr ? name : "?");
        }
    }
}

void run_pending_traps() {
    if (!any_arrived || running_trap) {
        return;
    }
    any_arrived = 0;
    running_trap = true;
    int status = shell.status;
    for (int number = 1; number < signals; number++) {
        if (arrived[number] && actions[number] != nullptr) {
            arrived[number] = 0;
            scratch_scope temporary;
            run_string(scratch.copy(actions[number], strlen(actions[number])));
        }
    }
    shell.status = status;
    running_trap = false;
}

void run_exit_trap() {
    if (actions[exit_trap] != nullptr) {
        char* action = actions[exit_trap];
        actions[exit_trap] = nullptr;
        run_string(action);
    }
}
