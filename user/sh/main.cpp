// sh: a shell after POSIX.1-2017, chapter 2.
//
// The parts, in the order a command meets them:
//   line_editor, completion   read a line from the terminal
//   lexer, parser             turn it into a tree (syntax.hpp)
//   run_input, execute        walk the tree; programs finds and becomes programs, redirect opens files
//   expand, marked_text       turn words into strings; raw_word, glob and arithmetic help
//   jobs, traps               processes, the terminal, signals
//   builtins, builtin_*       commands without a process
//   variables, memory         names, parameters, functions; where everything lives
//
// Not here: aliases, arrays, process substitution.

#include "user/program.hpp"
#include "user/sh/shell.hpp"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>

shell_state shell;

static const char usage[] =
    "usage: sh [-eufxCil] [-c COMMANDS [NAME [ARGUMENT...]] | FILE [ARGUMENT...] | -s]\n"
    "Runs commands from a string, a file or standard input. `help` lists the builtins.\n";

int complain(int status, const char* format, ...) {
    fflush(stdout);
    fputs("sh: ", stderr);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return status;
}

void exit_shell(int status) {
    shell.status = status;
    run_exit_trap();
    fflush(stdout);
    _exit(status);
}

/// The prompt, parameters in it expanded.
static const char* prompt(bool continued) {
    const char* raw = get_variable(continued ? "PS2" : "PS1");
    const char* expanded = raw != nullptr ? expand_here_document(raw) : nullptr;
    return expanded != nullptr ? expanded : continued ? "> " : "# ";
}

/// Lines typed at a terminal.
static bool more_from_terminal(input& source, bool continued) {
    if (!continued) {
        source.buffer.truncate(0);
        source.position = 0;
        report_finished_jobs();
    }
    for (;;) {
        scratch_scope temporary;
        interrupt_pending = 0;
        edit_outcome outcome = edit_line(prompt(continued), source.buffer);
        if (outcome == edit_outcome::cancelled && !continued) {
            continue;
        }
        if (outcome == edit_outcome::cancelled) {
            source.quiet = true; // what was open now ends in an error, which is what ^C asked for
            return false;
        }
        return outcome == edit_outcome::line;
    }
}

/// Lines from a pipe or file on standard input, byte by byte: the rest belongs to the commands.
static bool more_from_input(input& source, bool continued) {
    if (!continued) {
        source.buffer.truncate(0);
        source.position = 0;
    }
    bool any = false;
    char c = 0;
    while (read(0, &c, 1) == 1) {
        if (c != '\0') {
            source.buffer.add(c);
        }
        any = true;
        if (c == '\n') {
            break;
        }
    }
    return any;
}

static int run_standard_input() {
    input source;
    source.more = shell.interactive ? more_from_terminal : more_from_input;
    int status = run_input(source);
    if (shell.interactive) {
        fputs("exit\n", stderr);
    }
    return status;
}

/// Sets options; the index of the first argument that is none. `commands` is what -c runs.
static int read_options(int argc, char** argv, const char*& commands, bool& from_input) {
    int next = 1;
    for (; next < argc && (argv[next][0] == '-' || argv[next][0] == '+') && argv[next][1] != '\0'; next++) {
        if (strcmp(argv[next], "--") == 0) {
            return next + 1;
        }
        for (const char* letter = argv[next] + 1; *letter != '\0'; letter++) {
            static const struct {
                char letter;
                bool shell_state::*flag;
            } flags[] = {
                {'e', &shell_state::option_errexit},
                {'u', &shell_state::option_nounset},
                {'x', &shell_state::option_xtrace},
                {'f', &shell_state::option_noglob},
                {'C', &shell_state::option_noclobber},
                {'i', &shell_state::interactive},
                {'l', &shell_state::login},
            };
            bool known = *letter == 'c' || *letter == 's';
            for (const auto& entry : flags) {
                if (entry.letter == *letter) {
                    shell.*entry.flag = argv[next][0] == '-';
                    known = true;
                }
            }
            if (!known) {
                usage_error(usage);
            }
            if (*letter == 'c') {
                commands = ""; // the first operand
            }
            from_input |= *letter == 's';
        }
    }
    return next;
}

static void init_variables() {
    import_environment();
    char here[PATH_MAX];
    if (getcwd(here, sizeof here) != nullptr) {
        set_variable("PWD", here);
        export_variable("PWD");
    }
    text parent;
    parent.add_number(getppid());
    set_variable("PPID", parent.c_str());
    set_variable("IFS", " \t\n");
    set_variable("OPTIND", "1");
}

static int run_script(const char* path) {
    if (access(path, F_OK) != 0) {
        return complain(127, "%s: %s", path, strerror(errno));
    }
    return run_file(path);
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    shell.pid = getpid();
    shell.login = argv[0][0] == '-';
    shell.name = argv[0];
    const char* commands = nullptr;
    bool from_input = false;
    int next = read_options(argc, argv, commands, from_input);
    if (commands != nullptr) {
        if (next >= argc) {
            usage_error(usage);
        }
        commands = argv[next++];
    }
    const char* script = commands == nullptr && !from_input && next < argc ? argv[next] : nullptr;
    if ((commands != nullptr || script != nullptr) && next < argc) {
        shell.name = argv[next++];
    }
    shell.interactive |= commands == nullptr && script == nullptr && isatty(0) && isatty(2);
    positional = copy_parameters(argc - next, argv + next);
    init_variables();
    init_signals();
    if (shell.interactive) {
        take_terminal();
    }
    if (shell.login && access("/etc/profile", R_OK) == 0) {
        run_file("/etc/profile");
    }
    if (commands != nullptr) {
        exit_shell(run_string(commands));
    }
    exit_shell(script != nullptr ? run_script(script) : run_standard_input());
}
