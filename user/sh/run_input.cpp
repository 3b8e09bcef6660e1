// Reading and running command after command, from a terminal, a file or a string. Each command has a tree of
// its own, which is freed when the command ends unless a function defined in it lives on.

#include "user/sh/shell.hpp"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

constexpr int not_found = 127;

int run_input(input& source) {
    for (bool any = false;;) {
        command_tree* tree = new command_tree;
        parse_outcome outcome = parse_command(source, *tree);
        if (outcome == parse_outcome::end) {
            drop(tree);
            return any ? shell.status : 0;
        }
        if (outcome == parse_outcome::error) {
            shell.status = 2;
            if (!shell.interactive) {
                drop(tree);
                return 2;
            }
            source.position = source.buffer.size();
            source.quiet = false;
        } else if (tree->root != nullptr) {
            command_tree* outer = current_tree;
            current_tree = tree;
            run(tree->root);
            any = true;
            current_tree = outer;
        }
        drop(tree);
        if (shell.unwind == unwinding::interrupted && source.more != nullptr) {
            shell.unwind = unwinding::none;
            interrupt_pending = 0;
        }
        if (shell.unwind != unwinding::none) {
            return shell.status;
        }
    }
}

int run_string(const char* commands) {
    input source;
    source.buffer.add(commands);
    return run_input(source);
}

int run_file(const char* path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return complain(not_found, "%s: %s", path, strerror(errno));
    }
    input source;
    char piece[4096];
    ssize_t count = 0;
    while ((count = read(fd, piece, sizeof piece)) > 0) {
        source.buffer.add(piece, static_cast<size_t>(count));
    }
    int why = errno;
    close(fd);
    if (count < 0) {
        return complain(not_found, "%s: %s", path, strerror(why));
    }
    return run_input(source);
}
