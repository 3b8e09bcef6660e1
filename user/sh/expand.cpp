// From a raw word to strings (POSIX 2.6): tilde, parameters, command substitution, arithmetic; then field
// splitting, then pathnames, then quotes go.
//
// An expander builds two strings of equal length: the characters and, for each, a mark that says where it
// came from. The later steps need nothing else: splitting looks at marks `from_expansion`, globbing escapes
// what is `quoted`, and quote removal is already done.

#include "user/sh/marked_text.hpp"
#include "user/sh/raw_word.hpp"
#include "user/sh/shell.hpp"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace {

enum class context { unquoted, double_quoted, here_document };

class expander {
public:
    /// Expands all of `raw`; false after an error.
    bool expand(const char* raw, context where) {
        const char* next = raw;
        if (where == context::unquoted) {
            next = tilde(raw);
        }
        run(next, next + strlen(next), where);
        return !failed_;
    }
    const marked_text& result() const { return result_; }

private:
    void run(const char* next, const char* end, context where);
    const char* tilde(const char* raw);
    const char* piece(const char* next, const char* end, context where);
    const char* double_quotes(const char* next, const char* end);
    const char* escape(const char* next, const char* end, context where);
    const char* dollar(const char* next, const char* end, context where);
    const char* braces(const char* next, context where);
    const char* back_quotes(const char* next, context where);
    void parameter(const char* name, size_t length, context where);
    void every_parameter(char which, context where);
    void with_operator(const char* name, size_t length, const char* operation, const char* end,
                       context where);
    void trimmed(const char* value, const char* operation, const char* end, context where);
    void substitute(const char* commands, context where);
    void arithmetic(const char* expression, size_t length, context where);
    void put(const char* string, context where);
    void add(char character, mark its_mark) { result_.add(character, its_mark); }
    mark typed(context where) const { return where == context::unquoted ? literal_mark_ : mark::quoted; }

    marked_text result_;
    mark literal_mark_ = mark::literal; // from_expansion inside ${name:-word}
    bool failed_ = false;
};

/// The value of a special parameter or variable; null when unset. `digits` holds numbers.
const char* parameter_value(const char* name, text& digits) {
    switch (name[0]) {
    case '?':
        digits.add_number(shell.status);
        return digits.c_str();
    case '#':
        digits.add_number(positional.count);
        return digits.c_str();
    case '$':
        digits.add_number(shell.pid);
        return digits.c_str();
    case '!':
        digits.add_number(shell.last_background);
        return shell.last_background != 0 ? digits.c_str() : nullptr;
    case '-':
        digits.add(shell.option_errexit ? "e" : "");
        digits.add(shell.interactive ? "i" : "");
        digits.add(shell.option_nounset ? "u" : "");
        digits.add(shell.option_xtrace ? "x" : "");
        return digits.c_str();
    case '0':
        return shell.name;
    default:
        break;
    }
    if (name[0] >= '1' && name[0] <= '9') {
        int index = atoi(name);
        return index <= positional.count ? positional.values[index - 1] : nullptr;
    }
    return get_variable(name);
}

void expander::put(const char* string, context where) {
    for (; *string != '\0'; string++) {
        add(*string, where == context::unquoted ? mark::from_expansion : mark::quoted);
    }
}

/// ~ and ~user at the start of a word; what follows it.
const char* expander::tilde(const char* raw) {
    if (*raw != '~') {
        return raw;
    }
    size_t length = strcspn(raw, "/:\"'$\\`");
    if (raw[length] != '/' && raw[length] != '\0' && raw[length] != ':') {
        return raw;
    }
    const char* home = nullptr;
    if (length == 1) {
        home = get_variable("HOME");
    } else if (struct passwd* user = getpwnam(scratch.copy(raw + 1, length - 1))) {
        home = user->pw_dir;
    }
    if (home == nullptr) {
        return raw;
    }
    put(home, context::double_quoted);
    return raw + length;
}

void expander::run(const char* next, const char* end, context where) {
    while (next < end && !failed_) {
        next = piece(next, end, where);
    }
}

const char* expander::piece(const char* next, const char* end, context where) {
    switch (*next) {
    case '\\':
        return escape(next, end, where);
    case '$':
        return dollar(next, end, where);
    case '`':
        return back_quotes(next, where);
    case '\'':
        if (where == context::unquoted) {
            const char* close = skip_piece(next);
            if (close == next + 2) {
                add(' ', mark::empty_quotes);
            }
            for (next++; next < close - 1; next++) {
                add(*next, mark::quoted);
            }
            return close;
        }
        break;
    case '"':
        if (where == context::unquoted) {
            return double_quotes(next, end);
        }
        if (where == context::double_quoted) {
            return next + 1; // inside "${name:-"word"}"
        }
        break;
    default:
        break;
    }
    add(*next, typed(where));
    return next + 1;
}

const char* expander::double_quotes(const char* next, const char* end) {
    const char* close = skip_piece(next);
    size_t before = result_.size();
    run(next + 1, close - 1 < end ? close - 1 : end, context::double_quoted);
    // "$@" without parameters is no field at all, any other "" is an empty one.
    bool nothing = strncmp(next, "\"$@\"", 4) == 0 || strncmp(next, "\"${@}\"", 6) == 0;
    if (result_.size() == before && !nothing) {
        add(' ', mark::empty_quotes);
    }
    return close;
}

const char* expander::escape(const char* next, const char* end, context where) {
    if (next + 1 == end) {
        add('\\', mark::quoted);
        return next + 1;
    }
    if (next[1] == '\n') {
        return next + 2;
    }
    const char* special = where == context::double_quoted ? "$`\"\\}" : "$`\\";
    if (where != context::unquoted && strchr(special, next[1]) == nullptr) {
        add('\\', mark::quoted);
    }
    add(next[1], mark::quoted);
    return next + 2;
}

const char* expander::dollar(const char* next, const char* end, context where) {
    const char* name = next + 1;
    if (name < end && *name == '{') {
        return braces(next, where);
    }
    if (name < end && *name == '(') {
        size_t length = name[1] == '(' ? arithmetic_length(name) : 0;
        if (length > 0) {
            arithmetic(name + 2, length - 4, where);
            return name + length;
        }
        length = substitution_length(name);
        if (length == 0) { // only a text that the parser did not check, such as a here-document
            failed_ = true;
            complain(2, "missing )");
            return end;
        }
        substitute(scratch.copy(name + 1, length - 2), where);
        return name + length;
    }
    size_t length = name < end ? parameter_length(name) : 0;
    if (length == 0) {
        add('$', typed(where));
        return name;
    }
    parameter(name, length, where);
    return name + length;
}

/// "$@" and $@ are one field each; "$*" is one field joined by the first character of IFS.
void expander::every_parameter(char which, context where) {
    const char* separators = get_variable("IFS");
    for (int i = 0; i < positional.count; i++) {
        if (i > 0) {
            if (which == '@' || where == context::unquoted) {
                add(' ', mark::field_break);
            } else if (separators == nullptr || *separators != '\0') {
                add(separators != nullptr ? *separators : ' ', mark::quoted);
            }
        }
        put(positional.values[i], where);
        if (*positional.values[i] == '\0' && where == context::double_quoted) {
            add(' ', mark::empty_quotes);
        }
    }
}

void expander::parameter(const char* name, size_t length, context where) {
    if (*name == '@' || *name == '*') {
        return every_parameter(*name, where);
    }
    text digits;
    const char* value = parameter_value(scratch.copy(name, length), digits);
    if (value != nullptr) {
        put(value, where);
    } else if (shell.option_nounset) {
        failed_ = true;
        complain(2, "%.*s: parameter not set", static_cast<int>(length), name);
    }
}

/// `${name}`, `${#name}` and `${name OPERATOR word}`.
const char* expander::braces(const char* next, context where) {
    const char* close = skip_piece(next);
    const char* end = close - 1;
    const char* name = next + 2;
    bool length_wanted = *name == '#' && name + 1 < end && parameter_length(name + 1) > 0;
    if (length_wanted) {
        name++;
    }
    size_t length = parameter_length(name);
    while (length > 0 && name[0] >= '0' && name[0] <= '9' && name[length] >= '0' && name[length] <= '9') {
        length++;
    }
    if (length == 0 || (length_wanted && name + length != end)) {
        failed_ = true;
        complain(2, "%.*s: bad substitution", static_cast<int>(close - next), next);
    } else if (length_wanted) {
        text digits, number;
        bool all = *name == '@' || *name == '*';
        const char* value = all ? nullptr : parameter_value(scratch.copy(name, length), digits);
        number.add_number(all ? positional.count : value != nullptr ? static_cast<long>(strlen(value)) : 0);
        put(number.c_str(), where);
    } else if (name + length == end) {
        parameter(name, length, where);
    } else {
        with_operator(name, length, name + length, end, where);
    }
    return close;
}

void expander::with_operator(const char* name, size_t length, const char* operation, const char* end,
                             context where) {
    text digits;
    bool all = *name == '@' || *name == '*';
    char* copy = scratch.copy(name, length);
    const char* value = all ? (positional.count > 0 ? "x" : nullptr) : parameter_value(copy, digits);
    bool colon = *operation == ':';
    const char* word = operation + (colon ? 2 : 1);
    bool set = value != nullptr && !(colon && *value == '\0');
    mark outer_mark = literal_mark_;
    switch (operation[colon ? 1 : 0]) {
    case '-':
    case '+':
        if (set == (operation[colon ? 1 : 0] == '-')) {
            if (set) {
                parameter(name, length, where);
            }
            return;
        }
        literal_mark_ = mark::from_expansion;
        run(word, end, where);
        literal_mark_ = outer_mark;
        return;
    case '=':
        if (!set) {
            value = expand_string(scratch.copy(word, static_cast<size_t>(end - word)));
            failed_ |= value == nullptr || !set_variable(copy, value);
        }
        return failed_ ? void() : put(value, where);
    case '?':
        if (!set) {
            const char* why = expand_string(scratch.copy(word, static_cast<size_t>(end - word)));
            complain(2, "%s: %s", copy, why != nullptr && *why != '\0' ? why : "parameter not set");
            failed_ = true;
            if (!shell.interactive) {
                exit_shell(2);
            }
            return;
        }
        return put(value, where);
    case '%':
    case '#':
        return trimmed(value != nullptr ? value : "", operation, end, where);
    default:
        failed_ = true;
        complain(2, "${%.*s}: bad substitution", static_cast<int>(end - name), name);
    }
}

/// ${name%pattern} and its kin: the shortest or (doubled) longest match at the end (%) or start (#) goes.
void expander::trimmed(const char* value, const char* operation, const char* end, context where) {
    bool longest = operation[1] == operation[0];
    const char* word = operation + (longest ? 2 : 1);
    const char* unwanted = expand_pattern(scratch.copy(word, static_cast<size_t>(end - word)));
    if (unwanted == nullptr) {
        failed_ = true;
        return;
    }
    size_t size = strlen(value);
    for (size_t i = 0; i <= size; i++) {
        size_t count = longest ? size - i : i; // characters to remove
        if (*operation == '%' && matches(unwanted, value + size - count)) {
            return put(scratch.copy(value, size - count), where);
        }
        if (*operation == '#' && matches(unwanted, scratch.copy(value, count))) {
            return put(value + count, where);
        }
    }
    put(value, where);
}

void expander::arithmetic(const char* expression, size_t length, context where) {
    expander inner;
    long value = 0;
    if (!inner.expand(scratch.copy(expression, length), context::double_quoted) ||
        !evaluate_arithmetic(inner.result().plain(), value)) {
        failed_ = true;
        return;
    }
    text digits;
    digits.add_number(value);
    put(digits.c_str(), where);
}

/// `commands`: inside, \ quotes only $ ` \ (and " within double quotes).
const char* expander::back_quotes(const char* next, context where) {
    const char* close = skip_piece(next);
    text commands;
    for (next++; next < close - 1; next++) {
        if (*next == '\\' &&
            (strchr("$`\\", next[1]) != nullptr || (where != context::unquoted && next[1] == '"'))) {
            next++;
        }
        commands.add(*next);
    }
    substitute(commands.c_str(), where);
    return close;
}

/// Runs commands in a child and takes what they print, without the newlines at its end.
void expander::substitute(const char* commands, context where) {
    int ends[2];
    if (pipe(ends) != 0) {
        failed_ = true;
        complain(2, "pipe: %s", strerror(errno));
        return;
    }
    job* worker = new_job(nullptr, placement::foreground);
    pid_t pid = fork_into(worker);
    if (pid == 0) {
        close(ends[0]);
        if (ends[1] != 1) {
            dup2(ends[1], 1);
            close(ends[1]);
        }
        exit_shell(run_string(commands));
    }
    close(ends[1]);
    text output;
    char piece[4096];
    ssize_t count = 0;
    while (pid > 0 && ((count = read(ends[0], piece, sizeof piece)) > 0 || (count < 0 && errno == EINTR))) {
        output.add(piece, count > 0 ? static_cast<size_t>(count) : 0);
    }
    close(ends[0]);
    shell.status = wait_for_job(worker);
    shell.substituted = true;
    while (output.last() == '\n') {
        output.truncate(output.size() - 1);
    }
    put(output.c_str(), where);
}

} // namespace

bool expand_words(const word* words, list<char*>& fields) {
    for (; words != nullptr; words = words->next) {
        expander one;
        if (!one.expand(words->raw, context::unquoted)) {
            return false;
        }
        one.result().fields(fields);
    }
    return true;
}

char* expand_string(const char* raw) {
    expander one;
    return one.expand(raw, context::unquoted) ? one.result().plain() : nullptr;
}

char* expand_pattern(const char* raw) {
    expander one;
    return one.expand(raw, context::unquoted) ? one.result().pattern() : nullptr;
}

char* expand_here_document(const char* raw) {
    expander one;
    return one.expand(raw, context::here_document) ? one.result().plain() : nullptr;
}
