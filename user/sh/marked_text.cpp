// Field splitting, pathname expansion and quote removal, on text that knows where it came from.

#include "user/sh/marked_text.hpp"
#include "user/sh/shell.hpp"

#include <string.h>

char* marked_text::plain_of(size_t from, size_t until) const {
    text result;
    for (size_t i = from; i < until; i++) {
        if (mark_at(i) != mark::empty_quotes) {
            result.add(chars_[i]);
        }
    }
    return scratch.copy(result.c_str(), result.size());
}

char* marked_text::pattern_of(size_t from, size_t until) const {
    text result;
    for (size_t i = from; i < until; i++) {
        if (mark_at(i) == mark::empty_quotes) {
            continue;
        }
        if (chars_[i] == '\\' || (mark_at(i) == mark::quoted && strchr("*?[]-!^", chars_[i]) != nullptr)) {
            result.add('\\');
        }
        result.add(chars_[i]);
    }
    return scratch.copy(result.c_str(), result.size());
}

/// A field is a pattern first; one that matches nothing, or is none, stands for itself.
void marked_text::flush_field(list<char*>& to, size_t from, size_t until) const {
    char* as_pattern = pattern_of(from, until);
    if (shell.option_noglob || !has_pattern(as_pattern) || !add_matching_paths(as_pattern, to)) {
        to.add(plain_of(from, until));
    }
}

/// Splits at IFS (POSIX 2.6.5): blanks separate however many they are; any other separator, with the blanks
/// around it, ends exactly one field, which may be empty.
void marked_text::fields(list<char*>& to) const {
    const char* separators = get_variable("IFS");
    if (separators == nullptr) {
        separators = " \t\n";
    }
    size_t start = 0;
    bool in_field = false;
    bool after_blank = false; // blanks have just ended a field: the separator after them ends the same one
    for (size_t i = 0; i < size(); i++) {
        bool separator = mark_at(i) == mark::from_expansion && strchr(separators, chars_[i]) != nullptr;
        if (!separator && mark_at(i) != mark::field_break) {
            start = in_field ? start : i;
            in_field = true;
            continue;
        }
        bool blank = separator && strchr(" \t\n", chars_[i]) != nullptr;
        if (in_field) {
            flush_field(to, start, i);
            after_blank = blank;
        } else if (separator && !blank) {
            if (!after_blank) {
                to.add(scratch.copy("", 0));
            }
            after_blank = false;
        }
        in_field = false;
    }
    if (in_field) {
        flush_field(to, start, size());
    }
}
