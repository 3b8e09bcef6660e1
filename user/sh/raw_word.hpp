#pragma once
// Finding the ends of things in a raw word, whose quotes and brackets are known to close.

#include <stddef.h>

/// End of the quoted or expanded piece, or of the single character, that starts at `next`.
const char* skip_piece(const char* next);

/// Length of an arithmetic `((...))` at `next`; 0 when the parentheses do not close as one.
size_t arithmetic_length(const char* next);

/// Length of a parameter name without braces: a variable, one digit or one special character; 0 for none.
size_t parameter_length(const char* name);
