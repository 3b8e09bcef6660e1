// A recursive-descent parser: one function per rule of the grammar (POSIX 2.10.2), each leaving the lexer at
// the first token it did not use. After an error the lexer yields only token::end, so every rule returns
// soon; the tree is then thrown away.

#include "user/sh/parser.hpp"
#include "user/sh/lexer.hpp"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace {

class parser {
public:
    parser(input& source, arena& memory) : lexer_(source, memory), memory_(memory) {}

    node* complete_command();
    node* compound_list(const char* closer);
    bool failed() const { return lexer_.failed(); }
    lexer& tokens() { return lexer_; }

private:
    enum class newlines { separate, end_list };

    node* make(node_kind kind) {
        node* fresh = memory_.make<node>();
        fresh->kind = kind;
        return fresh;
    }
    node* list_of(newlines meaning);
    node* and_or();
    node* pipeline();
    node* command();
    node* simple_command();
    node* function_definition(char* name);
    node* if_clause();
    node* loop(node_kind kind);
    node* for_clause();
    node* case_clause();
    case_item* one_case_item();
    node* enclosed(node_kind kind);
    bool redirection_to(redirection**& tail);
    void redirections(node* target);
    bool at_word(const char* expected);
    bool at_command_end();
    void expect_word(const char* expected);
    char* take_word(const char* what);
    void skip_newlines();
    void unexpected();

    lexer lexer_;
    arena& memory_;
};

bool is_closer(const char* word) {
    static const char* const closers[] = {"then", "else", "elif", "fi", "do", "done", "esac", "}"};
    for (const char* closer : closers) {
        if (strcmp(word, closer) == 0) {
            return true;
        }
    }
    return false;
}

bool is_assignment(const char* raw) {
    const char* equals = strchr(raw, '=');
    return equals != nullptr && is_name(raw, static_cast<size_t>(equals - raw));
}

bool parser::at_word(const char* expected) {
    return lexer_.peek() == token::word && strcmp(lexer_.word_text(), expected) == 0;
}

void parser::unexpected() {
    char what[80];
    switch (lexer_.peek()) {
    case token::end:
        snprintf(what, sizeof what, "unexpected end of input");
        break;
    case token::newline:
        snprintf(what, sizeof what, "unexpected newline");
        break;
    case token::word:
        snprintf(what, sizeof what, "unexpected '%.50s'", lexer_.word_text());
        break;
    default:
        snprintf(what, sizeof what, "unexpected operator");
    }
    lexer_.fail(what);
}

void parser::expect_word(const char* expected) {
    if (at_word(expected)) {
        lexer_.next();
    } else if (!failed()) {
        unexpected();
    }
}

char* parser::take_word(const char* what) {
    if (lexer_.peek() != token::word) {
        lexer_.fail(what);
        return memory_.copy("", 0);
    }
    lexer_.next();
    return lexer_.word_text();
}

void parser::skip_newlines() {
    while (lexer_.peek() == token::newline) {
        lexer_.next();
    }
}

/// True where no further command can begin.
bool parser::at_command_end() {
    switch (lexer_.peek()) {
    case token::end:
    case token::right_paren:
    case token::double_semicolon:
    case token::newline:
        return true;
    case token::word:
        return is_closer(lexer_.word_text());
    default:
        return false;
    }
}

node* parser::complete_command() {
    node* root = at_command_end() ? nullptr : list_of(newlines::end_list);
    if (lexer_.peek() != token::newline && lexer_.peek() != token::end) {
        unexpected();
    }
    lexer_.next();
    return root;
}

/// Commands up to a reserved word or parenthesis that the caller expects; at least one is needed.
node* parser::compound_list(const char* closer) {
    skip_newlines();
    if (at_command_end()) {
        unexpected();
        return nullptr;
    }
    node* commands = list_of(newlines::separate);
    if (closer != nullptr) {
        expect_word(closer);
    }
    return commands;
}

node* parser::list_of(newlines meaning) {
    node* commands = nullptr;
    for (;;) {
        node* one = and_or();
        token separator = lexer_.peek();
        if (separator == token::ampersand) {
            node* background = make(node_kind::background);
            background->left = one;
            background->source = one != nullptr ? one->source : nullptr;
            one = background;
        }
        if (commands == nullptr) {
            commands = one;
        } else {
            node* sequence = make(node_kind::sequence);
            sequence->left = commands;
            sequence->right = one;
            commands = sequence;
        }
        if (separator == token::ampersand || separator == token::semicolon) {
            lexer_.next();
        } else if (separator != token::newline || meaning == newlines::end_list) {
            return commands;
        }
        if (meaning == newlines::separate) {
            skip_newlines();
        }
        if (at_command_end()) {
            return commands;
        }
    }
}

node* parser::and_or() {
    lexer_.peek();
    size_t start = lexer_.position();
    node* left = pipeline();
    while (lexer_.peek() == token::and_and || lexer_.peek() == token::or_or) {
        node* both = make(lexer_.next() == token::and_and ? node_kind::and_then : node_kind::or_else);
        skip_newlines();
        both->left = left;
        both->right = pipeline();
        left = both;
    }
    if (left != nullptr) {
        left->source = lexer_.copy_source(start, lexer_.position());
    }
    return left;
}

node* parser::pipeline() {
    if (at_word("!")) {
        lexer_.next();
        node* negation = make(node_kind::negation);
        negation->left = pipeline();
        return negation;
    }
    size_t start = lexer_.position();
    node* first = command();
    if (lexer_.peek() != token::pipe) {
        return first;
    }
    node* all = make(node_kind::pipeline);
    all->left = first;
    for (node* last = first; lexer_.peek() == token::pipe && last != nullptr; last = last->next) {
        lexer_.next();
        skip_newlines();
        last->next = command();
    }
    all->source = lexer_.copy_source(start, lexer_.position());
    return all;
}

node* parser::command() {
    static const struct {
        const char* word;
        node* (*parse)(parser&);
    } reserved[] = {
        {"{", [](parser& self) { return self.enclosed(node_kind::group); }},
        {"if", [](parser& self) { return self.if_clause(); }},
        {"while", [](parser& self) { return self.loop(node_kind::while_do); }},
        {"until", [](parser& self) { return self.loop(node_kind::until_do); }},
        {"for", [](parser& self) { return self.for_clause(); }},
        {"case", [](parser& self) { return self.case_clause(); }},
    };
    size_t start = (lexer_.peek(), lexer_.position());
    node* compound = nullptr;
    if (lexer_.peek() == token::left_paren) {
        lexer_.next();
        compound = enclosed(node_kind::subshell);
    } else {
        for (const auto& entry : reserved) {
            if (compound == nullptr && at_word(entry.word)) {
                lexer_.next();
                compound = entry.parse(*this);
                break;
            }
        }
        if (compound == nullptr && !failed()) {
            return simple_command();
        }
    }
    if (compound == nullptr) {
        return nullptr;
    }
    redirections(compound);
    compound->source = lexer_.copy_source(start, lexer_.position());
    return compound;
}

node* parser::simple_command() {
    lexer_.peek();
    size_t start = lexer_.position();
    node* simple = make(node_kind::simple);
    word** next_assignment = &simple->assignments;
    word** next_word = &simple->words;
    redirection** next_redirection = &simple->redirections;
    bool any = false;
    for (;; any = true) {
        if (redirection_to(next_redirection)) {
            continue;
        }
        if (lexer_.peek() != token::word || (!any && is_closer(lexer_.word_text()))) {
            break;
        }
        lexer_.next();
        word* entry = memory_.make<word>();
        entry->raw = lexer_.word_text();
        if (simple->words == nullptr && is_assignment(entry->raw)) {
            *next_assignment = entry;
            next_assignment = &entry->next;
            continue;
        }
        if (!any && is_name(entry->raw, strlen(entry->raw)) && lexer_.peek() == token::left_paren) {
            return function_definition(entry->raw);
        }
        *next_word = entry;
        next_word = &entry->next;
    }
    if (!any) {
        unexpected();
    }
    simple->has_words = simple->words != nullptr;
    simple->source = lexer_.copy_source(start, lexer_.position());
    return simple;
}

node* parser::function_definition(char* name) {
    lexer_.next();
    if (lexer_.next() != token::right_paren) {
        lexer_.fail("expected ) after the name of a function");
    }
    skip_newlines();
    node* function = make(node_kind::function);
    function->name = name;
    function->left = command();
    return function;
}

/// The list of a group or subshell and its closing character.
node* parser::enclosed(node_kind kind) {
    node* result = make(kind);
    result->left = compound_list(kind == node_kind::group ? "}" : nullptr);
    if (kind == node_kind::subshell && lexer_.next() != token::right_paren) {
        lexer_.fail("missing )");
    }
    return result;
}

/// After `if` or `elif`.
node* parser::if_clause() {
    node* result = make(node_kind::if_then);
    result->left = compound_list("then");
    result->right = compound_list(nullptr);
    if (at_word("elif")) {
        lexer_.next();
        result->otherwise = if_clause();
        return result;
    }
    if (at_word("else")) {
        lexer_.next();
        result->otherwise = compound_list(nullptr);
    }
    expect_word("fi");
    return result;
}

node* parser::loop(node_kind kind) {
    node* result = make(kind);
    result->left = compound_list("do");
    result->right = compound_list("done");
    return result;
}

node* parser::for_clause() {
    node* result = make(node_kind::for_in);
    result->name = take_word("expected a name after for");
    if (!is_name(result->name, strlen(result->name))) {
        lexer_.fail("bad variable name after for");
    }
    skip_newlines();
    if (at_word("in")) {
        lexer_.next();
        result->has_words = true;
        for (word** tail = &result->words; lexer_.peek() == token::word; tail = &(*tail)->next) {
            lexer_.next();
            *tail = memory_.make<word>();
            (*tail)->raw = lexer_.word_text();
        }
    }
    if (lexer_.peek() == token::semicolon) {
        lexer_.next();
    }
    skip_newlines();
    expect_word("do");
    result->left = compound_list("done");
    return result;
}

node* parser::case_clause() {
    node* result = make(node_kind::case_of);
    result->name = take_word("expected a word after case");
    skip_newlines();
    expect_word("in");
    skip_newlines();
    for (case_item** tail = &result->items; !at_word("esac") && !failed(); tail = &(*tail)->next) {
        *tail = one_case_item();
        if (lexer_.peek() == token::double_semicolon) {
            lexer_.next();
            skip_newlines();
        } else if (!at_word("esac")) {
            unexpected();
        }
    }
    expect_word("esac");
    return result;
}

case_item* parser::one_case_item() {
    case_item* item = memory_.make<case_item>();
    if (lexer_.peek() == token::left_paren) {
        lexer_.next();
    }
    for (word** tail = &item->patterns;; tail = &(*tail)->next) {
        *tail = memory_.make<word>();
        (*tail)->raw = take_word("expected a pattern");
        if (lexer_.peek() != token::pipe) {
            break;
        }
        lexer_.next();
    }
    if (lexer_.next() != token::right_paren) {
        lexer_.fail("expected ) after a pattern");
    }
    skip_newlines();
    if (!at_command_end()) {
        item->body = compound_list(nullptr);
    }
    return item;
}

/// Takes one redirection, if there is one, and appends it at `tail`.
bool parser::redirection_to(redirection**& tail) {
    static const struct {
        token symbol;
        redirect_kind kind;
        int default_fd;
    } operators[] = {
        {token::less, redirect_kind::input, 0},
        {token::greater, redirect_kind::output, 1},
        {token::greater_pipe, redirect_kind::clobber, 1},
        {token::greater_greater, redirect_kind::append, 1},
        {token::less_greater, redirect_kind::both, 0},
        {token::less_and, redirect_kind::duplicate, 0},
        {token::greater_and, redirect_kind::duplicate, 1},
        {token::less_less, redirect_kind::here_text, 0},
        {token::less_less_dash, redirect_kind::here_text, 0},
    };
    int fd = -1;
    if (lexer_.peek() == token::io_number) {
        fd = atoi(lexer_.word_text());
        lexer_.next();
    }
    for (const auto& entry : operators) {
        if (lexer_.peek() != entry.symbol) {
            continue;
        }
        lexer_.next();
        redirection* fresh = memory_.make<redirection>();
        fresh->kind = entry.kind;
        fresh->fd = fd >= 0 ? fd : entry.default_fd;
        fresh->word = take_word("expected a word after a redirection");
        if (entry.kind == redirect_kind::here_text) {
            lexer_.expect_here_document(fresh, entry.symbol == token::less_less_dash);
        }
        *tail = fresh;
        tail = &fresh->next;
        return true;
    }
    return false;
}

void parser::redirections(node* target) {
    redirection** tail = &target->redirections;
    while (redirection_to(tail)) {
    }
}

} // namespace

bool is_name(const char* string, size_t length) {
    if (length == 0 || isdigit(static_cast<unsigned char>(string[0]))) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!isalnum(static_cast<unsigned char>(string[i])) && string[i] != '_') {
            return false;
        }
    }
    return true;
}

parse_outcome parse_command(input& source, command_tree& tree) {
    parser one(source, tree.memory);
    if (one.tokens().peek() == token::end && !one.failed()) {
        return parse_outcome::end;
    }
    tree.root = one.complete_command();
    return one.failed() ? parse_outcome::error : parse_outcome::command;
}

size_t substitution_length(const char* string) {
    input source;
    source.buffer.add(string);
    source.position = 1;
    source.quiet = true;
    arena memory;
    parser one(source, memory);
    while (one.tokens().peek() == token::newline) {
        one.tokens().next();
    }
    if (one.tokens().peek() != token::right_paren) {
        one.compound_list(nullptr);
    }
    bool closed = one.tokens().next() == token::right_paren && !one.failed();
    return closed ? source.position : 0;
}
