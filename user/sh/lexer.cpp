// Cutting input into tokens. A word is copied as written: `"a $(b "c")"` is one word, quotes and all. The
// input grows line by line while a quote, a parenthesis or a here-document is open.

#include "user/sh/lexer.hpp"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/// The character at the position, pulling in lines as needed; -1 at the end of input.
int lexer::current() {
    while (source_.position >= source_.buffer.size()) {
        if (source_.more == nullptr || !source_.more(source_, started_)) {
            return -1;
        }
    }
    return static_cast<unsigned char>(source_.buffer[source_.position]);
}

/// The character after the current one, within what has been read (lines end in a newline, so that is
/// enough).
int lexer::ahead() {
    size_t next = source_.position + 1;
    return next < source_.buffer.size() ? static_cast<unsigned char>(source_.buffer[next]) : -1;
}

bool lexer::take(char expected) {
    if (current() != expected) {
        return false;
    }
    source_.position++;
    return true;
}

void lexer::fail(const char* what) {
    if (!failed_ && !source_.quiet) {
        fprintf(stderr, "sh: syntax error: %s\n", what);
    }
    failed_ = true;
}

char* lexer::copy_source(size_t from, size_t to) {
    while (to > from && isspace(static_cast<unsigned char>(source_.buffer[to - 1]))) {
        to--;
    }
    return memory_.copy(source_.buffer.c_str() + from, to - from);
}

token lexer::peek() {
    if (!have_token_) {
        token_ = scan();
        have_token_ = true;
        started_ = true;
    }
    return failed_ ? token::end : token_;
}

token lexer::next() {
    token result = peek();
    have_token_ = false;
    return result;
}

/// Skips blanks, escaped newlines and a comment. False at the end of input.
bool lexer::skip_blanks() {
    for (;;) {
        int c = current();
        if (c == ' ' || c == '\t') {
            source_.position++;
        } else if (c == '\\' && ahead() == '\n') {
            source_.position += 2;
        } else if (c == '#') {
            while ((c = current()) >= 0 && c != '\n') {
                source_.position++;
            }
        } else {
            return c >= 0;
        }
    }
}

token lexer::scan() {
    if (failed_ || !skip_blanks()) {
        token_start_ = source_.position;
        return token::end;
    }
    token_start_ = source_.position;
    int c = current();
    if (c == '\n') {
        source_.position++;
        read_here_documents();
        return token::newline;
    }
    if (strchr(";&|<>()", c) != nullptr) {
        source_.position++;
        return scan_operator(static_cast<char>(c));
    }
    return scan_word();
}

token lexer::scan_operator(char first) {
    // The rest of an operator is never on another line: look only at what has been read already.
    auto follows = [this](char expected) {
        if (source_.position >= source_.buffer.size() || source_.buffer[source_.position] != expected) {
            return false;
        }
        source_.position++;
        return true;
    };
    switch (first) {
    case ';':
        return follows(';') ? token::double_semicolon : token::semicolon;
    case '&':
        return follows('&') ? token::and_and : token::ampersand;
    case '|':
        return follows('|') ? token::or_or : token::pipe;
    case '(':
        return token::left_paren;
    case ')':
        return token::right_paren;
    case '<':
        if (follows('<')) {
            return follows('-') ? token::less_less_dash : token::less_less;
        }
        return follows('&') ? token::less_and : follows('>') ? token::less_greater : token::less;
    default:
        return follows('>')   ? token::greater_greater
               : follows('&') ? token::greater_and
               : follows('|') ? token::greater_pipe
                              : token::greater;
    }
}

token lexer::scan_word() {
    text raw;
    for (;;) {
        bool at_end = source_.position >= source_.buffer.size();
        int c = at_end ? -1 : static_cast<unsigned char>(source_.buffer[source_.position]);
        if (c < 0 || failed_ || strchr(" \t\n;&|<>()", c) != nullptr) {
            break;
        }
        if (c == '\\' && ahead() == '\n') {
            source_.position += 2;
            current();
        } else {
            copy_one(raw);
        }
    }
    word_ = memory_.copy(raw.c_str(), raw.size());
    int after = source_.position < source_.buffer.size() ? source_.buffer[source_.position] : -1;
    bool digits = !raw.empty() && raw.size() < 4 && strspn(word_, "0123456789") == raw.size();
    return digits && (after == '<' || after == '>') ? token::io_number : token::word;
}

/// Copies one character, or one quoted or expanded piece, of a word.
void lexer::copy_one(text& to) {
    int c = current();
    switch (c) {
    case -1:
        return;
    case '\\':
        to.add('\\');
        source_.position++;
        if (current() >= 0) {
            to.add(static_cast<char>(current()));
            source_.position++;
        }
        return;
    case '\'':
        return copy_single_quoted(to);
    case '"':
        return copy_double_quoted(to);
    case '`':
        return copy_back_quoted(to);
    case '$':
        return copy_dollar(to);
    default:
        to.add(static_cast<char>(c));
        source_.position++;
    }
}

void lexer::copy_single_quoted(text& to) {
    do {
        to.add(static_cast<char>(current()));
        source_.position++;
        if (current() < 0) {
            return fail("unterminated quote '");
        }
    } while (current() != '\'');
    to.add('\'');
    source_.position++;
}

void lexer::copy_double_quoted(text& to) {
    to.add('"');
    source_.position++;
    while (!failed_) {
        int c = current();
        if (c < 0) {
            return fail("unterminated quote \"");
        }
        if (c == '"') {
            to.add('"');
            source_.position++;
            return;
        }
        if (c == '\'') {
            to.add('\'');
            source_.position++;
        } else {
            copy_one(to);
        }
    }
}

void lexer::copy_back_quoted(text& to) {
    do {
        if (current() == '\\') {
            to.add('\\');
            source_.position++;
        }
        if (current() < 0) {
            return fail("unterminated quote `");
        }
        to.add(static_cast<char>(current()));
        source_.position++;
        if (current() < 0) {
            return fail("unterminated quote `");
        }
    } while (current() != '`');
    to.add('`');
    source_.position++;
}

void lexer::copy_dollar(text& to) {
    to.add('$');
    source_.position++;
    int c = source_.position < source_.buffer.size() ? current() : -1;
    if (c == '{') {
        copy_braces(to);
    } else if (c == '(') {
        if (ahead() != '(' || !copy_arithmetic(to)) {
            copy_substitution(to);
        }
    }
}

void lexer::copy_braces(text& to) {
    to.add('{');
    source_.position++;
    while (!failed_) {
        int c = current();
        if (c < 0) {
            return fail("missing }");
        }
        if (c == '}') {
            to.add('}');
            source_.position++;
            return;
        }
        copy_one(to);
    }
}

/// `$((...))`: true when the parentheses close as arithmetic does; otherwise nothing has been consumed.
bool lexer::copy_arithmetic(text& to) {
    size_t start = source_.position;
    int depth = 0;
    for (int c = current(); c >= 0; c = current()) {
        source_.position++;
        if (c == '(') {
            depth++;
        } else if (c == ')' && --depth == 1) {
            if (current() != ')') {
                break;
            }
            source_.position++;
            to.add(source_.buffer.c_str() + start, source_.position - start);
            return true;
        }
    }
    source_.position = start;
    return false;
}

/// `$(...)`: parses the commands inside to learn where they end, then copies them as text.
void lexer::copy_substitution(text& to) {
    size_t start = source_.position;
    size_t length = 0;
    do {
        length = substitution_length(source_.buffer.c_str() + start);
        source_.position = source_.buffer.size();
    } while (length == 0 && current() >= 0);
    if (length == 0) {
        return fail("missing )");
    }
    source_.position = start + length;
    to.add(source_.buffer.c_str() + start, length);
}

void lexer::expect_here_document(redirection* target, bool strip_tabs) {
    pending_.add({target, strip_tabs});
}

void lexer::read_here_documents() {
    for (const pending_here& here : pending_) {
        read_here_document(here);
    }
    pending_.clear();
}

/// Reads lines up to the delimiter; a delimiter with any quote in it makes the text exact.
void lexer::read_here_document(const pending_here& here) {
    text delimiter;
    bool quoted = false;
    for (const char* c = here.target->word; *c != '\0'; c++) {
        if (*c == '\'' || *c == '"' || *c == '\\') {
            quoted = true;
        } else {
            delimiter.add(*c);
        }
    }
    text body;
    while (current() >= 0) {
        if (here.strip_tabs) {
            while (take('\t')) {
            }
        }
        const char* line = source_.buffer.c_str() + source_.position;
        size_t length = strcspn(line, "\n");
        size_t whole = length + (line[length] == '\n' ? 1 : 0);
        source_.position += whole;
        if (length == delimiter.size() && memcmp(line, delimiter.c_str(), length) == 0) {
            break;
        }
        body.add(line, whole);
    }
    here.target->kind = quoted ? redirect_kind::here_exact : redirect_kind::here_text;
    here.target->word = memory_.copy(body.c_str(), body.size());
}
