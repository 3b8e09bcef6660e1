#pragma once
// The lower half of the parser: cuts the input into operators and words, follows quotes and collects
// here-documents. It does not know the grammar, except that `$(` asks the upper half where it ends.

#include "user/sh/parser.hpp"

enum class token {
    word,
    io_number,
    newline,
    end,
    and_and,
    or_or,
    semicolon,
    double_semicolon,
    ampersand,
    pipe,
    left_paren,
    right_paren,
    less,
    less_less,
    less_less_dash,
    less_and,
    less_greater,
    greater,
    greater_greater,
    greater_and,
    greater_pipe,
};

class lexer {
public:
    lexer(input& source, arena& memory) : source_(source), memory_(memory) {}

    /// The next token, without consuming it; its text (for words and numbers) is in `word_text()`.
    token peek();
    token next();
    char* word_text() const { return word_; }

    /// Notes that the body of a here-document follows the current line.
    void expect_here_document(redirection* target, bool strip_tabs);

    /// Reports once; afterwards only token::end comes, so that every loop of the parser ends.
    void fail(const char* what);
    bool failed() const { return failed_; }

    size_t position() const { return have_token_ ? token_start_ : source_.position; }
    char* copy_source(size_t from, size_t to);

private:
    struct pending_here {
        redirection* target;
        bool strip_tabs;
    };

    token scan();
    token scan_operator(char first);
    token scan_word();
    int current();
    int ahead();
    bool skip_blanks();
    bool take(char expected);
    void copy_one(text& to);
    void copy_single_quoted(text& to);
    void copy_double_quoted(text& to);
    void copy_back_quoted(text& to);
    void copy_dollar(text& to);
    void copy_braces(text& to);
    void copy_substitution(text& to);
    bool copy_arithmetic(text& to);
    void read_here_documents();
    void read_here_document(const pending_here& here);

    input& source_;
    arena& memory_;
    token token_ = token::end;
    size_t token_start_ = 0;
    bool have_token_ = false;
    bool started_ = false;
    bool failed_ = false;
    char* word_ = nullptr;
    list<pending_here> pending_;
};
