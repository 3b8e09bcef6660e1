#pragma once
// What Tab offers: commands for the first word of a command, files for every other.

#include "user/sh/memory.hpp"

/// Collects, sorted and in scratch memory, what the word that ends at `cursor` can become. Returns how many
/// characters of each match have been typed.
size_t find_completions(const text& line, size_t cursor, list<char*>& matches);

/// How many characters all matches have in common; there is at least one.
size_t common_length(const list<char*>& matches);
