#pragma once
// From characters to a tree (POSIX.1-2017, Shell Command Language, 2.10).

#include "user/sh/syntax.hpp"

/// Where commands come from. `more` appends at least one line to the buffer and returns true, or returns
/// false at the end; `continued` tells it that a command has begun (for the second prompt).
struct input {
    text buffer;
    size_t position = 0;
    bool (*more)(input& self, bool continued) = nullptr;
    void* context = nullptr;
    bool quiet = false; // errors are expected: only the end of a substitution is wanted, or ^C was typed
};

enum class parse_outcome { command, end, error };

/// Reads one complete command (up to its newline). On `command`, `tree.root` is it, or null for an empty
/// line.
parse_outcome parse_command(input& source, command_tree& tree);

/// Length of the command substitution `$(...)` that starts at `string`, its parentheses included.
size_t substitution_length(const char* string);

/// True for a name that a variable or function may have, up to `length`.
bool is_name(const char* string, size_t length);
