// Running a tree. run() is a table of contents: one function per kind of command. A status is an int as in
// $?; break, continue, return and ^C are recorded in shell.unwind and every list and loop checks it.

#include "user/sh/shell.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

command_tree* current_tree;

namespace {

/// While it lives, a failing command does not end the shell under set -e.
struct tested_scope {
    tested_scope() { shell.tested++; }
    ~tested_scope() { shell.tested--; }
};

int run_tested(node* command) {
    tested_scope tested;
    return run(command);
}

/// Under set -e an untested failure ends the shell.
int checked(int status) {
    if (status != 0 && shell.option_errexit && shell.tested == 0 && shell.unwind == unwinding::none) {
        exit_shell(status);
    }
    return status;
}

void trace(const list<char*>& fields) {
    fputs("+", stderr);
    for (size_t i = 0; i < fields.size(); i++) {
        fprintf(stderr, " %s", fields[i]);
    }
    fputc('\n', stderr);
}

// ---- simple commands -------------------------------------------------------------------------------------

enum class assign_to { shell, environment };

bool assign(const word* assignments, assign_to where) {
    for (; assignments != nullptr; assignments = assignments->next) {
        const char* equals = strchr(assignments->raw, '=');
        char* name = scratch.copy(assignments->raw, static_cast<size_t>(equals - assignments->raw));
        char* value = expand_string(equals + 1);
        if (value == nullptr || !set_variable(name, value)) {
            return false;
        }
        if (where == assign_to::environment) {
            export_variable(name);
        }
    }
    return true;
}

int call_function(function_entry* function, int argc, char** argv) {
    constexpr int deepest = 1000; // endless recursion should end in a message
    if (shell.function_depth >= deepest) {
        return complain(2, "%s: functions nested too deeply", function->name);
    }
    parameters outer = positional;
    positional = copy_parameters(argc - 1, argv + 1);
    command_tree* outer_tree = current_tree;
    command_tree* tree = function->tree;
    keep(tree); // the function may redefine itself
    current_tree = tree;
    size_t scope = enter_scope();
    int outer_loops = shell.loop_depth;
    shell.loop_depth = 0;
    shell.function_depth++;
    int status = run(function->body);
    if (shell.unwind == unwinding::return_function) {
        shell.unwind = unwinding::none;
        status = shell.status;
    }
    shell.function_depth--;
    shell.loop_depth = outer_loops;
    leave_scope(scope);
    current_tree = outer_tree;
    drop(tree);
    free_parameters(positional);
    positional = outer;
    return status;
}

/// Runs a builtin or function in this process, with its redirections undone afterwards.
int run_inside(node* command, int argc, char** argv, const builtin* command_builtin,
               function_entry* function) {
    list<saved_descriptor> saved;
    bool keeps_descriptors = command_builtin != nullptr && strcmp(argv[0], "exec") == 0;
    if (!redirect(command->redirections, keeps_descriptors ? nullptr : &saved)) {
        restore_descriptors(saved);
        return 1;
    }
    size_t scope = enter_scope();
    bool keeps_variables = command_builtin != nullptr && command_builtin->special;
    for (const word* one = command->assignments; one != nullptr && !keeps_variables; one = one->next) {
        make_local(scratch.copy(one->raw, strcspn(one->raw, "=")));
    }
    int status = 1;
    if (assign(command->assignments, keeps_variables ? assign_to::shell : assign_to::environment)) {
        status = command_builtin != nullptr ? command_builtin->run(argc, argv)
                                            : call_function(function, argc, argv);
    }
    if ((fflush(stdout) != 0 || ferror(stdout)) && command_builtin != nullptr) {
        status = complain(1, "%s: %s", argv[0], strerror(errno));
        clearerr(stdout); // the next command has another, perhaps
    }
    if (command->assignments != nullptr) { // otherwise what `local` has declared belongs to the function
        leave_scope(scope);
    }
    restore_descriptors(saved);
    return status;
}

[[noreturn]] void become_program(node* command, char** argv) {
    if (!redirect(command->redirections, nullptr) || !assign(command->assignments, assign_to::environment)) {
        _exit(1);
    }
    _exit(execute_program(argv));
}

int run_program(node* command, char** argv, afterwards then) {
    if (then == afterwards::exit_process) {
        become_program(command, argv);
    }
    job* program = new_job(command->source, placement::foreground);
    if (fork_into(program) == 0) {
        become_program(command, argv);
    }
    return wait_for_job(program);
}

/// An error of expansion or assignment ends a script (POSIX 2.8.1), and only the command at a prompt.
int expansion_error() {
    if (!shell.interactive) {
        exit_shell(2);
    }
    return 1;
}

/// Assignments and redirections without a command word.
int run_wordless(node* command) {
    list<saved_descriptor> saved;
    bool fine = redirect(command->redirections, &saved);
    restore_descriptors(saved);
    if (!assign(command->assignments, assign_to::shell)) {
        return expansion_error();
    }
    if (!fine) {
        return 1;
    }
    return shell.substituted ? shell.status : 0;
}

int run_simple(node* command, afterwards then) {
    list<char*> fields;
    shell.substituted = false;
    if (!expand_words(command->words, fields)) {
        return expansion_error();
    }
    if (fields.size() == 0) {
        return run_wordless(command);
    }
    if (shell.option_xtrace) {
        trace(fields);
    }
    int argc = static_cast<int>(fields.size());
    fields.add(nullptr);
    char** argv = fields.begin();
    const builtin* own = find_builtin(argv[0]);
    function_entry* function = own != nullptr && own->special ? nullptr : find_function(argv[0]);
    if (own != nullptr || function != nullptr) {
        return run_inside(command, argc, argv, function != nullptr ? nullptr : own, function);
    }
    return run_program(command, argv, then);
}

// ---- compound commands -----------------------------------------------------------------------------------

[[noreturn]] void run_child(node* command) {
    exit_shell(run(command, afterwards::exit_process));
}

int run_pipeline(node* command) {
    job* members = new_job(command->source, placement::foreground);
    int previous = -1;
    for (node* member = command->left; member != nullptr; member = member->next) {
        int ends[2] = {-1, -1};
        if (member->next != nullptr && pipe(ends) != 0) {
            complain(1, "pipe: %s", strerror(errno));
            break;
        }
        pid_t pid = fork_into(members);
        if (pid == 0) {
            if (previous >= 0) {
                dup2(previous, 0);
                close(previous);
            }
            if (ends[1] >= 0) {
                close(ends[0]);
                if (ends[1] != 1) {
                    dup2(ends[1], 1);
                    close(ends[1]);
                }
            }
            run_child(member);
        }
        if (previous >= 0) {
            close(previous);
        }
        if (ends[1] >= 0) {
            close(ends[1]);
        }
        previous = ends[0];
        if (pid < 0) {
            break;
        }
    }
    if (previous >= 0) {
        close(previous);
    }
    return wait_for_job(members);
}

int run_background(node* command) {
    job* background = new_job(command->source, placement::background);
    pid_t pid = fork_into(background);
    if (pid == 0) {
        if (!shell.job_control) {
            int nothing = open("/dev/null", O_RDONLY);
            if (nothing > 0) {
                dup2(nothing, 0);
                close(nothing);
            }
        }
        run_child(command->left);
    }
    shell.last_background = pid;
    return pid < 0 ? 1 : 0;
}

int run_subshell(node* command, afterwards then) {
    if (then == afterwards::exit_process) {
        return run(command->left, then);
    }
    job* child = new_job(command->source, placement::foreground);
    if (fork_into(child) == 0) {
        run_child(command->left);
    }
    return wait_for_job(child);
}

/// After the body of a loop: true when the loop must end.
bool loop_ends() {
    if (shell.unwind == unwinding::break_loop || shell.unwind == unwinding::continue_loop) {
        bool mine = --shell.unwind_levels == 0;
        bool stop = !mine || shell.unwind == unwinding::break_loop;
        if (mine) {
            shell.unwind = unwinding::none;
        }
        return stop;
    }
    return shell.unwind != unwinding::none;
}

int run_while(node* command) {
    int status = 0;
    shell.loop_depth++;
    for (;;) {
        bool condition = run_tested(command->left) == 0;
        if (loop_ends() || condition != (command->kind == node_kind::while_do)) {
            break;
        }
        status = run(command->right);
        if (loop_ends()) {
            break;
        }
    }
    shell.loop_depth--;
    return status;
}

int run_for(node* command) {
    list<char*> values;
    if (command->has_words) {
        if (!expand_words(command->words, values)) {
            return 1;
        }
    } else {
        for (int i = 0; i < positional.count; i++) {
            values.add(scratch.copy(positional.values[i], strlen(positional.values[i])));
        }
    }
    int status = 0;
    shell.loop_depth++;
    for (char* value : values) {
        if (!set_variable(command->name, value)) {
            status = 1;
            break;
        }
        status = run(command->left);
        if (loop_ends()) {
            break;
        }
    }
    shell.loop_depth--;
    return status;
}

int run_case(node* command, afterwards then) {
    const char* subject = expand_string(command->name);
    if (subject == nullptr) {
        return 1;
    }
    for (case_item* item = command->items; item != nullptr; item = item->next) {
        for (word* pattern = item->patterns; pattern != nullptr; pattern = pattern->next) {
            const char* expanded = expand_pattern(pattern->raw);
            if (expanded == nullptr) {
                return 1;
            }
            if (matches(expanded, subject)) {
                return item->body != nullptr ? run(item->body, then) : 0;
            }
        }
    }
    return 0;
}

int run_if(node* command, afterwards then) {
    int condition = run_tested(command->left);
    if (shell.unwind != unwinding::none) {
        return condition;
    }
    node* branch = condition == 0 ? command->right : command->otherwise;
    return branch != nullptr ? run(branch, then) : 0;
}

int run_and_or(node* command, afterwards then) {
    int status = run_tested(command->left);
    bool wanted = command->kind == node_kind::and_then ? status == 0 : status != 0;
    return wanted && shell.unwind == unwinding::none ? run(command->right, then) : status;
}

int run_by_kind(node* command, afterwards then) {
    switch (command->kind) {
    case node_kind::simple:
        return checked(run_simple(command, then));
    case node_kind::pipeline:
        return checked(run_pipeline(command));
    case node_kind::negation:
        return !run_tested(command->left);
    case node_kind::and_then:
    case node_kind::or_else:
        return run_and_or(command, then);
    case node_kind::sequence: {
        int status = run(command->left);
        return shell.unwind == unwinding::none ? run(command->right, then) : status;
    }
    case node_kind::background:
        return run_background(command);
    case node_kind::subshell:
        return checked(run_subshell(command, then));
    case node_kind::group:
        return run(command->left, then);
    case node_kind::if_then:
        return run_if(command, then);
    case node_kind::while_do:
    case node_kind::until_do:
        return run_while(command);
    case node_kind::for_in:
        return run_for(command);
    case node_kind::case_of:
        return run_case(command, then);
    case node_kind::function:
        define_function(command->name, command->left, current_tree);
        return 0;
    }
    return 0;
}

} // namespace

int run(node* command, afterwards then) {
    if (command == nullptr) {
        return shell.status;
    }
    if (interrupt_pending && shell.interactive) {
        shell.unwind = unwinding::interrupted;
        return shell.status = 130;
    }
    scratch_scope temporary;
    bool compound = command->kind != node_kind::simple && command->redirections != nullptr;
    list<saved_descriptor> saved;
    if (compound && !redirect(command->redirections, &saved)) {
        restore_descriptors(saved);
        return shell.status = 1;
    }
    int status = run_by_kind(command, compound ? afterwards::go_on : then);
    restore_descriptors(saved);
    if (shell.unwind != unwinding::return_function) {
        shell.status = status;
    }
    run_pending_traps();
    return shell.status;
}
