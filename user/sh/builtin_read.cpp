// read: takes one line from standard input and splits it into variables. It reads byte by byte, because what
// follows the newline belongs to the next command.

#include "user/sh/shell.hpp"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum class backslash { escapes, ordinary };

/// Reads up to a newline. Escaped characters get a mark in `escaped`. False at end of input.
static bool read_one_line(text& line, text& escaped, backslash meaning) {
    bool after_backslash = false;
    for (;;) {
        char c = 0;
        ssize_t count = read(0, &c, 1);
        if (count < 0 && errno == EINTR && !interrupt_pending) {
            continue;
        }
        if (count <= 0) {
            return false;
        }
        if (!after_backslash && c == '\\' && meaning == backslash::escapes) {
            after_backslash = true;
            continue;
        }
        if (c == '\n' && !after_backslash) {
            return true;
        }
        if (c != '\n') {
            line.add(c);
            escaped.add(after_backslash ? '1' : '0');
        }
        after_backslash = false;
    }
}

class line_splitter {
public:
    line_splitter(const text& line, const text& escaped) : line_(line), escaped_(escaped) {
        const char* set = get_variable("IFS");
        separators_ = set != nullptr ? set : " \t\n";
    }

    void skip_blanks() {
        while (next_ < line_.size() && is_blank(next_)) {
            next_++;
        }
    }
    void take_field(text& field) {
        while (next_ < line_.size() && !is_separator(next_)) {
            field.add(line_[next_++]);
        }
        skip_blanks();
        if (next_ < line_.size() && is_separator(next_)) {
            next_++;
            skip_blanks();
        }
    }
    void take_rest(text& field) {
        size_t end = line_.size();
        while (end > next_ && is_blank(end - 1)) {
            end--;
        }
        field.add(line_.c_str() + next_, end - next_);
    }

private:
    bool is_separator(size_t at) const {
        return escaped_[at] == '0' && strchr(separators_, line_[at]) != nullptr;
    }
    bool is_blank(size_t at) const { return is_separator(at) && strchr(" \t\n", line_[at]) != nullptr; }

    const text& line_;
    const text& escaped_;
    const char* separators_;
    size_t next_ = 0;
};

int builtin_read(int argc, char** argv) {
    backslash meaning = backslash::escapes;
    int next = 1;
    for (; next < argc && argv[next][0] == '-'; next++) {
        if (strcmp(argv[next], "-r") == 0) {
            meaning = backslash::ordinary;
        } else if (strcmp(argv[next], "-p") == 0 && next + 1 < argc) {
            fputs(argv[++next], stderr);
        } else {
            return complain(2, "usage: read [-r] [-p PROMPT] [NAME...]");
        }
    }
    text line, escaped;
    bool complete = read_one_line(line, escaped, meaning);
    line_splitter splitter(line, escaped);
    splitter.skip_blanks();
    static char reply[] = "REPLY";
    char* default_names[] = {reply};
    char** names = next < argc ? argv + next : default_names;
    int count = next < argc ? argc - next : 1;
    for (int i = 0; i < count; i++) {
        text field;
        i + 1 < count ? splitter.take_field(field) : splitter.take_rest(field);
        if (!is_name(names[i], strlen(names[i])) || !set_variable(names[i], field.c_str())) {
            return complain(2, "read: %s: bad variable name", names[i]);
        }
    }
    return complete ? 0 : 1;
}
