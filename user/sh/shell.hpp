#pragma once
// The state of the shell and the calls between its parts: variables, expansion, execution, jobs, builtins.
// There is one shell per process; a subshell is a fork and so gets a copy of everything here.

#include "user/sh/parser.hpp"
#include "user/sh/syntax.hpp"

#include <signal.h>
#include <sys/types.h>

// ---- state -----------------------------------------------------------------------------------------------

enum class unwinding {
    none,
    break_loop,
    continue_loop,
    return_function,
    interrupted, // ^C: back to the prompt
};

struct shell_state {
    const char* name;      // $0
    int status;            // $?
    pid_t pid;             // $$, the same in subshells
    pid_t last_background; // $!
    bool interactive;
    bool job_control;
    bool login;
    bool option_errexit;   // set -e
    bool option_nounset;   // set -u
    bool option_xtrace;    // set -x
    bool option_noglob;    // set -f
    bool option_noclobber; // set -C
    int tested;            // > 0 while the status of commands is being tested: set -e stays quiet
    int loop_depth;
    int function_depth;
    unwinding unwind;
    int unwind_levels; // loops still to leave
    bool substituted;  // a command substitution set the status of an otherwise empty command
};

extern shell_state shell;
extern volatile sig_atomic_t interrupt_pending;

/// Prints "sh: what" on standard error and returns `status`.
int complain(int status, const char* format, ...) __attribute__((format(printf, 2, 3)));

/// Runs the EXIT trap and ends the process.
[[noreturn]] void exit_shell(int status);

// ---- variables (variables.cpp) ---------------------------------------------------------------------------

void import_environment();
/// The value, or null when unset. Valid until the variable is set again.
const char* get_variable(const char* name);
/// False, with a message, when the variable is read-only.
bool set_variable(const char* name, const char* value);
bool unset_variable(const char* name);
void export_variable(const char* name);
void make_read_only(const char* name);
/// Remembers the variable so that leave_scope restores it.
void make_local(const char* name);
size_t enter_scope();
void leave_scope(size_t scope);
void print_variables(bool exported_only);
/// The environment for execve, in scratch memory.
char** exported_environment();

struct parameters {
    int count;
    char** values; // count strings and a null, owned
};
extern parameters positional;
parameters copy_parameters(int count, char** values);
void free_parameters(parameters& which);

struct function_entry {
    function_entry* next;
    char* name;
    node* body;
    command_tree* tree;
};
function_entry* find_function(const char* name);
void define_function(const char* name, node* body, command_tree* tree);
bool remove_function(const char* name);

// ---- expansion (expand.cpp, glob.cpp, arithmetic.cpp) ----------------------------------------------------

/// Expands words into fields in scratch memory. False after an error, which has been reported.
bool expand_words(const word* words, list<char*>& fields);
/// Expands without splitting or globbing (assignments, redirections); null after an error.
char* expand_string(const char* raw);
/// Like expand_string, with quoted pattern characters escaped by a backslash.
char* expand_pattern(const char* raw);
/// Expands the text of a here-document, where quotes are ordinary characters.
char* expand_here_document(const char* raw);

bool matches(const char* pattern, const char* string);
bool has_pattern(const char* pattern);
/// Adds the sorted paths that match; false, adding nothing, when none does.
bool add_matching_paths(const char* pattern, list<char*>& fields);

/// False, with a message, when the text is no arithmetic expression.
bool evaluate_arithmetic(const char* expression, long& value);

// ---- execution (execute.cpp, run_input.cpp, programs.cpp, redirect.cpp) -----------------------------------

/// Whether the process ends after the command, so that a program may replace it without a fork.
enum class afterwards { go_on, exit_process };

/// The tree being run, for functions defined inside it.
extern command_tree* current_tree;

int run(node* command, afterwards then = afterwards::go_on);
/// Parses and runs all of `source`; the status of the last command.
int run_input(input& source);
int run_string(const char* commands);
/// Runs a file in this shell (`.` and /etc/profile).
int run_file(const char* path);
/// Replaces the process; returns only when the program cannot run, with 126 or 127.
int execute_program(char** argv);
/// Looks a program up in PATH; null with errno when there is none. In scratch memory.
char* find_program(const char* name);

struct saved_descriptor {
    int fd;
    int copy; // -1: it was closed
};
/// Opens files as asked; with `saved`, remembers what they replace. False after an error, reported.
bool redirect(const redirection* redirections, list<saved_descriptor>* saved);
void restore_descriptors(list<saved_descriptor>& saved);

// ---- jobs and signals (jobs.cpp, traps.cpp) --------------------------------------------------------------

enum class placement { foreground, background };

struct job;
job* new_job(const char* source, placement where);
/// Forks a member of the job. In the child (0 is returned) signals and the process group are set.
pid_t fork_into(job* which);
/// Waits until a foreground job ends or stops; its status.
int wait_for_job(job* which);
void take_terminal();
void report_finished_jobs();
/// Ends the bookkeeping of the parent's jobs in a fresh subshell.
void forget_jobs();
int status_of(int wait_status);

void init_signals();
/// What a fresh child must undo: traps are reset, ignored signals stay ignored (POSIX 2.12).
void reset_signals_in_child();
void run_pending_traps();
int set_trap(const char* action, const char* signal_name);
void print_traps();
void run_exit_trap();
/// Number of a signal given as INT, SIGINT or 2; -1 when there is none.
int signal_number(const char* name);
const char* signal_name(int number);

int builtin_jobs(int argc, char** argv);
int builtin_fg(int argc, char** argv);
int builtin_bg(int argc, char** argv);
int builtin_wait(int argc, char** argv);
int builtin_kill(int argc, char** argv);

// ---- builtins (builtins.cpp, builtin_*.cpp) -----------------------------------------------------------

struct builtin {
    const char* name;
    int (*run)(int argc, char** argv);
    bool special; // assignments before it stay (POSIX 2.14)
    const char* help;
};
const builtin* find_builtin(const char* name);
const builtin* all_builtins(size_t& count);
int builtin_read(int argc, char** argv);
int builtin_getopts(int argc, char** argv);

// ---- the prompt (line_editor.cpp) ------------------------------------------------------------------------

/// Reads a line with editing and appends it, newline included, to `line`. False at end of input (^D).
enum class edit_outcome { line, end, cancelled };
edit_outcome edit_line(const char* prompt, text& line);
void print_history();
