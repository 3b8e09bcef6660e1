#pragma once
// A regular expression as a program for a set of states: what regcomp() makes and regexec() runs.
//
// Each instruction consumes one byte, tests a place, remembers a place, or branches. All branches are
// followed at once, byte by byte (Thompson's method), so the time is bounded by length of text times length
// of program whatever the expression: there is no pattern that takes forever. The price is that
// back-references, which need another method, are refused.

#include <regex.h>
#include <stddef.h>
#include <stdint.h>

namespace libc::regex {

enum class operation : unsigned char {
    byte,  // consumes `value`
    any,   // consumes any byte
    set,   // consumes a byte of set number `value`
    begin, // at the beginning of the text (or of a line)
    end,   // at its end
    save,  // remembers the place in slot `value`
    split, // goes on at `first`, and with less preference at `second`
    jump,  // goes on at `first`
    match, // done
};

struct instruction {
    operation what;
    int value;
    int first;
    int second;
};

struct byte_set {
    uint64_t bits[4];

    void add(unsigned char byte) { bits[byte / 64] |= 1ull << (byte % 64); }
    bool has(unsigned char byte) const { return (bits[byte / 64] >> (byte % 64) & 1) != 0; }
};

inline constexpr int most_instructions = 20000; // bounds repetition counts such as a{1000}{1000}
inline constexpr int most_groups = 32;

struct program {
    instruction* code;
    int length;
    int room;
    byte_set* sets;
    int set_count;
    int groups; // without the whole match
    int flags;  // of regcomp()
};

} // namespace libc::regex
