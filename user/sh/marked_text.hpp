#pragma once
// The result of expanding a word: characters, and for each a mark that says where it came from. Field
// splitting looks only at `from_expansion`, globbing escapes what is `quoted`, and quotes are already gone.

#include "user/sh/memory.hpp"

enum class mark : char {
    literal = 'l',        // typed, unquoted: may be a pattern, is never split
    quoted = 'q',         // exactly this character
    from_expansion = 's', // result of an unquoted expansion: may be a pattern, may be split
    field_break = 'b',    // between two parameters of "$@"
    empty_quotes = 'e',   // "" keeps an otherwise empty field alive
};

class marked_text {
public:
    void add(char character, mark its_mark) {
        chars_.add(character);
        marks_.add(static_cast<char>(its_mark));
    }
    size_t size() const { return chars_.size(); }

    /// Splits into fields and these into paths (POSIX 2.6.5, 2.6.6); all results are in scratch memory.
    void fields(list<char*>& to) const;
    /// All characters as one string.
    char* plain() const { return plain_of(0, size()); }
    /// All characters as a pattern: whatever was quoted is escaped.
    char* pattern() const { return pattern_of(0, size()); }

private:
    mark mark_at(size_t index) const { return static_cast<mark>(marks_[index]); }
    void flush_field(list<char*>& to, size_t from, size_t until) const;
    char* plain_of(size_t from, size_t until) const;
    char* pattern_of(size_t from, size_t until) const;

    text chars_;
    text marks_;
};
