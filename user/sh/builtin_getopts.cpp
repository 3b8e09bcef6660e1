// getopts: takes a script's options apart, one per call (POSIX.1-2017, getopts). OPTIND says which word comes
// next; how far the current word has been read, as in `-abc`, is remembered here.

#include "user/sh/shell.hpp"

#include <stdlib.h>
#include <string.h>

namespace {

struct reading_position {
    int index = 1;     // of the word, counted from 1
    size_t offset = 0; // of the next letter in it; 0 when the word has not been begun
};

reading_position next;

void store_index() {
    text number;
    number.add_number(next.index);
    set_variable("OPTIND", number.c_str());
}

/// No more options: OPTIND stays at the first operand.
int end_of_options(const char* name) {
    next.offset = 0;
    store_index();
    set_variable(name, "?");
    return 1;
}

enum class reports { messages, silent }; // silent: the letters began with a colon

/// An option that is none, or lacks its argument.
void report(const char* name, char letter, const char* what, const char* silent_result, reports how) {
    const char option[] = {letter, '\0'};
    set_variable(name, how == reports::silent ? silent_result : "?");
    if (how == reports::silent) {
        set_variable("OPTARG", option);
    } else {
        complain(1, "%s: -%s", what, option);
    }
}

/// The argument of the option that has just been read: the rest of its word or the next one; null if missing.
const char* take_argument(char** words, int count) {
    if (next.offset != 0) {
        const char* rest = words[next.index - 1] + next.offset;
        next = {next.index + 1, 0};
        return rest;
    }
    return next.index <= count ? words[next.index++ - 1] : nullptr;
}

} // namespace

int builtin_getopts(int argc, char** argv) {
    if (argc < 3 || !is_name(argv[2], strlen(argv[2]))) {
        return complain(2, "usage: getopts LETTERS NAME [WORD...]");
    }
    reports how = argv[1][0] == ':' ? reports::silent : reports::messages;
    char** words = argc > 3 ? argv + 3 : positional.values;
    int count = argc > 3 ? argc - 3 : positional.count;
    const char* stored = get_variable("OPTIND");
    int index = stored != nullptr ? atoi(stored) : 1;
    if (index != next.index) { // the script has set it: it starts over
        next = {index > 0 ? index : 1, 0};
    }
    if (next.offset == 0) {
        const char* word = next.index <= count ? words[next.index - 1] : "";
        if (word[0] != '-' || word[1] == '\0') {
            return end_of_options(argv[2]);
        }
        if (strcmp(word, "--") == 0) {
            next.index++;
            return end_of_options(argv[2]);
        }
        next.offset = 1;
    }
    char letter = words[next.index - 1][next.offset++];
    if (words[next.index - 1][next.offset] == '\0') {
        next = {next.index + 1, 0};
    }
    const char* known = letter != ':' ? strchr(argv[1] + (how == reports::silent), letter) : nullptr;
    unset_variable("OPTARG");
    const char result[] = {letter, '\0'};
    if (known == nullptr) {
        report(argv[2], letter, "no such option", "?", how);
    } else if (known[1] != ':') {
        set_variable(argv[2], result);
    } else if (const char* argument = take_argument(words, count)) {
        set_variable("OPTARG", argument);
        set_variable(argv[2], result);
    } else {
        report(argv[2], letter, "an argument is missing", ":", how);
    }
    store_index();
    return 0;
}
