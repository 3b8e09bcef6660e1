// Commands that the shell runs itself, because they change the shell or because a process would be a waste.

#include "user/printf_format.hpp"
#include "user/sh/shell.hpp"
#include "user/test_expression.hpp"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

int builtin_true(int, char**) {
    return 0;
}

int builtin_false(int, char**) {
    return 1;
}

int builtin_cd(int argc, char** argv) {
    const char* target = argc > 1 ? argv[1] : get_variable("HOME");
    bool back = target != nullptr && strcmp(target, "-") == 0;
    if (back) {
        target = get_variable("OLDPWD");
    }
    if (target == nullptr) {
        return complain(1, "cd: %s not set", back ? "OLDPWD" : "HOME");
    }
    const char* previous = get_variable("PWD");
    char* old = scratch.copy(previous != nullptr ? previous : "", previous != nullptr ? strlen(previous) : 0);
    if (chdir(target) != 0) {
        return complain(1, "cd: %s: %s", target, strerror(errno));
    }
    char here[PATH_MAX];
    if (getcwd(here, sizeof here) != nullptr) {
        if (back) {
            puts(here);
        }
        set_variable("OLDPWD", old);
        set_variable("PWD", here);
    }
    return 0;
}

int builtin_pwd(int, char**) {
    char here[PATH_MAX];
    if (getcwd(here, sizeof here) == nullptr) {
        return complain(1, "pwd: %s", strerror(errno));
    }
    puts(here);
    return 0;
}

int builtin_exit(int argc, char** argv) {
    exit_shell(argc > 1 ? atoi(argv[1]) & 255 : shell.status);
}

/// export, readonly and local: NAME or NAME=VALUE each.
int declare(int argc, char** argv, void (*apply)(const char*)) {
    int status = 0;
    for (int i = 1; i < argc; i++) {
        const char* equals = strchr(argv[i], '=');
        size_t length = equals != nullptr ? static_cast<size_t>(equals - argv[i]) : strlen(argv[i]);
        if (!is_name(argv[i], length)) {
            status = complain(1, "%s: %s: bad variable name", argv[0], argv[i]);
            continue;
        }
        const char* name = scratch.copy(argv[i], length);
        bool local = apply == make_local;
        if (local) {
            apply(name);
        }
        if (equals != nullptr && !set_variable(name, equals + 1)) {
            status = 1;
        }
        if (!local) {
            apply(name);
        }
    }
    return status;
}

int builtin_export(int argc, char** argv) {
    if (argc == 1 || strcmp(argv[1], "-p") == 0) {
        print_variables(true);
        return 0;
    }
    return declare(argc, argv, export_variable);
}

int builtin_readonly(int argc, char** argv) {
    return declare(argc, argv, make_read_only);
}

int builtin_local(int argc, char** argv) {
    return shell.function_depth > 0 ? declare(argc, argv, make_local)
                                    : complain(1, "local: not in a function");
}

int builtin_unset(int argc, char** argv) {
    int status = 0;
    bool functions = argc > 1 && strcmp(argv[1], "-f") == 0;
    for (int i = functions || (argc > 1 && strcmp(argv[1], "-v") == 0) ? 2 : 1; i < argc; i++) {
        if (functions) {
            remove_function(argv[i]);
        } else if (!unset_variable(argv[i])) {
            status = 1;
        }
    }
    return status;
}

bool* option_flag(char letter) {
    switch (letter) {
    case 'e':
        return &shell.option_errexit;
    case 'u':
        return &shell.option_nounset;
    case 'x':
        return &shell.option_xtrace;
    case 'f':
        return &shell.option_noglob;
    case 'C':
        return &shell.option_noclobber;
    default:
        return nullptr;
    }
}

bool* option_by_name(const char* name) {
    static const char* const names[] = {"errexit", "unounset", "xtrace", "fnoglob", "Cnoclobber"};
    for (const char* entry : names) {
        if (strcmp(entry, name) == 0 || strcmp(entry + 1, name) == 0) {
            return option_flag(entry[0]);
        }
    }
    return nullptr;
}

int builtin_set(int argc, char** argv) {
    if (argc == 1) {
        print_variables(false);
        return 0;
    }
    int next = 1;
    for (; next < argc && (argv[next][0] == '-' || argv[next][0] == '+') && argv[next][1] != '\0'; next++) {
        if (strcmp(argv[next], "--") == 0) {
            break;
        }
        for (const char* letter = argv[next] + 1; *letter != '\0'; letter++) {
            bool named = *letter == 'o' && next + 1 < argc;
            bool* flag = named ? option_by_name(argv[++next]) : option_flag(*letter);
            if (flag == nullptr) {
                return complain(2, "set: no such option: %s", argv[next]);
            }
            *flag = argv[next - (named ? 1 : 0)][0] == '-';
            if (named) {
                break;
            }
        }
    }
    bool dashes = next < argc && strcmp(argv[next], "--") == 0;
    if (dashes || next < argc) {
        next += dashes;
        parameters fresh = copy_parameters(argc - next, argv + next);
        free_parameters(positional);
        positional = fresh;
    }
    return 0;
}

int builtin_shift(int argc, char** argv) {
    int count = argc > 1 ? atoi(argv[1]) : 1;
    if (count < 0 || count > positional.count) {
        return complain(1, "shift: only %d parameters", positional.count);
    }
    parameters rest = copy_parameters(positional.count - count, positional.values + count);
    free_parameters(positional);
    positional = rest;
    return 0;
}

int builtin_eval(int argc, char** argv) {
    text commands;
    for (int i = 1; i < argc; i++) {
        commands.add(i > 1 ? " " : "");
        commands.add(argv[i]);
    }
    return run_string(commands.c_str());
}

int builtin_exec(int argc, char** argv) {
    if (argc == 1) {
        return 0; // its redirections stay
    }
    reset_signals_in_child();
    int status = execute_program(argv + 1);
    if (!shell.interactive) {
        exit_shell(status);
    }
    init_signals();
    return status;
}

int builtin_source(int argc, char** argv) {
    if (argc < 2) {
        return complain(2, "usage: . FILE [ARGUMENT...]");
    }
    const char* path = find_program(argv[1]);
    parameters outer = positional;
    if (argc > 2) {
        positional = copy_parameters(argc - 2, argv + 2);
    }
    int status = run_file(path != nullptr ? path : argv[1]);
    if (shell.unwind == unwinding::return_function) {
        shell.unwind = unwinding::none;
        status = shell.status;
    }
    if (argc > 2) {
        free_parameters(positional);
        positional = outer;
    }
    return status;
}

int leave_loops(int argc, char** argv, unwinding how) {
    int levels = argc > 1 ? atoi(argv[1]) : 1;
    if (levels < 1) {
        return complain(1, "%s: bad number: %s", argv[0], argv[1]);
    }
    if (shell.loop_depth > 0) {
        shell.unwind = how;
        shell.unwind_levels = levels < shell.loop_depth ? levels : shell.loop_depth;
    }
    return 0;
}

int builtin_break(int argc, char** argv) {
    return leave_loops(argc, argv, unwinding::break_loop);
}

int builtin_continue(int argc, char** argv) {
    return leave_loops(argc, argv, unwinding::continue_loop);
}

int builtin_return(int argc, char** argv) {
    if (argc > 1) {
        shell.status = atoi(argv[1]) & 255;
    }
    shell.unwind = unwinding::return_function;
    return shell.status;
}

int builtin_trap(int argc, char** argv) {
    int first = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;
    if (argc == first) {
        print_traps();
        return 0;
    }
    bool reset = strcmp(argv[first], "-") == 0;
    bool no_action = argc == first + 1 && signal_number(argv[first]) >= 0; // `trap INT` resets too
    int status = 0;
    for (int i = no_action ? first : first + 1; i < argc; i++) {
        status |= set_trap(reset || no_action ? nullptr : argv[first], argv[i]);
    }
    return status;
}

int builtin_umask(int argc, char** argv) {
    if (argc > 1) {
        umask(static_cast<mode_t>(strtol(argv[1], nullptr, 8)));
        return 0;
    }
    mode_t mask = umask(0);
    umask(mask);
    printf("%04o\n", static_cast<unsigned>(mask));
    return 0;
}

enum class describe_as { sentence, command };

int describe_command(const char* name, describe_as style) {
    bool sentence = style == describe_as::sentence;
    const builtin* own = find_builtin(name);
    if (find_function(name) != nullptr) {
        printf(sentence ? "%s is a function\n" : "%s\n", name);
    } else if (own != nullptr) {
        printf(sentence ? "%s is a shell builtin\n" : "%s\n", name);
    } else if (const char* path = find_program(name); path != nullptr && access(path, X_OK) == 0) {
        sentence ? printf("%s is %s\n", name, path) : printf("%s\n", path);
    } else {
        return sentence ? complain(127, "%s: not found", name) : 127;
    }
    return 0;
}

int builtin_type(int argc, char** argv) {
    int status = 0;
    for (int i = 1; i < argc; i++) {
        status |= describe_command(argv[i], describe_as::sentence);
    }
    return status;
}

int builtin_command(int argc, char** argv) {
    if (argc > 2 && (strcmp(argv[1], "-v") == 0 || strcmp(argv[1], "-V") == 0)) {
        return describe_command(argv[2], argv[1][1] == 'v' ? describe_as::command : describe_as::sentence);
    }
    if (argc < 2) {
        return 0;
    }
    if (const builtin* own = find_builtin(argv[1])) {
        return own->run(argc - 1, argv + 1);
    }
    job* program = new_job(argv[1], placement::foreground);
    if (fork_into(program) == 0) {
        _exit(execute_program(argv + 1));
    }
    return wait_for_job(program);
}

int builtin_history(int, char**) {
    print_history();
    return 0;
}

int builtin_help(int, char**) {
    size_t count = 0;
    const builtin* table = all_builtins(count);
    for (size_t i = 0; i < count; i++) {
        printf("  %-10s %s\n", table[i].name, table[i].help);
    }
    puts("Also: if while until for case { } ( ) ! functions, | && || ; &, < > >> <<, $var ${var:-x} $(cmd) "
         "$((1+1)).\n"
         "Programs are in /bin; each answers --help.");
    return 0;
}

constexpr builtin table[] = {
    {".", builtin_source, true, "FILE: run a file in this shell"},
    {":", builtin_true, true, "do nothing"},
    {"[", run_test, false, "EXPRESSION ]: see test"},
    {"bg", builtin_bg, false, "[%JOB]: continue a job in the background"},
    {"break", builtin_break, true, "[N]: leave a loop"},
    {"cd", builtin_cd, false, "[DIR | -]: change the directory"},
    {"command", builtin_command, false, "[-v] NAME: run or find a command that is no function"},
    {"continue", builtin_continue, true, "[N]: next round of a loop"},
    {"echo", run_echo, false, "[-n] [-e] WORD...: print"},
    {"eval", builtin_eval, true, "WORD...: run words as a command"},
    {"exec", builtin_exec, true, "[COMMAND]: become a program, or keep redirections"},
    {"exit", builtin_exit, true, "[STATUS]: leave the shell"},
    {"export", builtin_export, true, "[NAME[=VALUE]...]: give variables to programs"},
    {"false", builtin_false, false, "fail"},
    {"fg", builtin_fg, false, "[%JOB]: continue a job in the foreground"},
    {"getopts", builtin_getopts, false, "LETTERS NAME [WORD...]: next option of a script"},
    {"help", builtin_help, false, "this list"},
    {"history", builtin_history, false, "list the lines typed"},
    {"jobs", builtin_jobs, false, "list jobs"},
    {"kill", builtin_kill, false, "[-SIGNAL] PID | %JOB...: send a signal"},
    {"local", builtin_local, false, "NAME[=VALUE]...: variables of a function"},
    {"printf", run_printf, false, "FORMAT [WORD...]: print formatted"},
    {"pwd", builtin_pwd, false, "print the directory"},
    {"read", builtin_read, false, "[-r] [-p PROMPT] NAME...: read a line"},
    {"readonly", builtin_readonly, true, "NAME[=VALUE]...: forbid changes"},
    {"return", builtin_return, true, "[STATUS]: leave a function"},
    {"set", builtin_set, true, "[-eufxC] [--] [WORD...]: options and parameters"},
    {"shift", builtin_shift, true, "[N]: drop parameters"},
    {"source", builtin_source, true, "FILE: run a file in this shell"},
    {"test", run_test, false, "EXPRESSION: files, strings, numbers"},
    {"trap", builtin_trap, true, "[ACTION | -] SIGNAL...: act on signals"},
    {"true", builtin_true, false, "succeed"},
    {"type", builtin_type, false, "NAME...: what a command is"},
    {"umask", builtin_umask, false, "[MASK]: permissions of new files"},
    {"unset", builtin_unset, true, "[-f] NAME...: forget variables"},
    {"wait", builtin_wait, false, "[PID | %JOB...]: wait for jobs"},
};

} // namespace

const builtin* find_builtin(const char* name) {
    for (const builtin& entry : table) {
        if (strcmp(entry.name, name) == 0) {
            return &entry;
        }
    }
    return nullptr;
}

const builtin* all_builtins(size_t& count) {
    count = sizeof table / sizeof table[0];
    return table;
}
