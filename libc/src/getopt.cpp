// Parsing command lines: getopt(), getopt_long(), getopt_long_only().
//
// Operands met on the way are moved behind the options (GNU's habit), unless the option string begins with
// '+' or POSIXLY_CORRECT is set; with '-' each operand is returned as option 1. "--" ends the options.

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern "C" {

char* optarg;
int optind = 1;
int opterr = 1;
int optopt;

} // extern "C"

namespace {

int place; // in a group such as "-abc": the next letter's index

struct command_line {
    int count;
    char** words;
    const char* options;
    const option* longs;
    int* index;
    bool one_dash;

    /// '?' after a message; ':' instead when the options ask for it.
    int complain(const char* text, const char* what, int size, bool missing_argument) const {
        const char* first = options + (*options == '+' || *options == '-');
        if (opterr && *first != ':') {
            fprintf(stderr, "%s: %s -- '%.*s'\n", words[0], text, size, what);
        }
        return missing_argument && *first == ':' ? ':' : '?';
    }
};

/// Moves word `from` in front of word `to`, the ones between up by one.
void move_word(char** words, int to, int from) {
    char* moved = words[from];
    for (int i = from; i > to; i--) {
        words[i] = words[i - 1];
    }
    words[to] = moved;
}

bool is_option(const char* word) {
    return word[0] == '-' && word[1] != '\0';
}

int short_option(const command_line& line) {
    const char* word = line.words[optind];
    char letter = word[place];
    const char* found = letter == ':' ? nullptr : strchr(line.options, letter);
    bool last = word[place + 1] == '\0';
    const char* rest = word + place + 1;
    place++;
    if (last) {
        optind++;
        place = 0;
    }
    optopt = static_cast<unsigned char>(letter);
    if (found == nullptr) {
        return line.complain("invalid option", &letter, 1, false);
    }
    optarg = nullptr;
    if (found[1] != ':') {
        return optopt;
    }
    bool optional = found[2] == ':';
    if (!last) {
        optarg = const_cast<char*>(rest);
        optind++;
        place = 0;
    } else if (!optional) {
        if (optind >= line.count) {
            return line.complain("option requires an argument", &letter, 1, true);
        }
        optarg = line.words[optind++];
    }
    return optopt;
}

/// The long option a name stands for: exact, or the only one it begins. -1 none, -2 several.
int find_long(const option* longs, const char* name, size_t length) {
    int found = -1;
    for (int i = 0; longs[i].name != nullptr; i++) {
        if (strncmp(longs[i].name, name, length) != 0) {
            continue;
        }
        if (longs[i].name[length] == '\0') {
            return i;
        }
        found = found == -1 ? i : -2;
    }
    return found;
}

int long_option(const command_line& line, const char* name, int found) {
    const option& chosen = line.longs[found];
    auto length = static_cast<int>(strcspn(name, "="));
    const char* value = name[length] == '=' ? name + length + 1 : nullptr;
    optind++;
    optopt = chosen.val;
    optarg = const_cast<char*>(value);
    if (value != nullptr && chosen.has_arg == no_argument) {
        return line.complain("option takes no argument", name, length, false);
    }
    if (value == nullptr && chosen.has_arg == required_argument) {
        if (optind >= line.count) {
            return line.complain("option requires an argument", name, length, true);
        }
        optarg = line.words[optind++];
    }
    if (line.index != nullptr) {
        *line.index = found;
    }
    if (chosen.flag != nullptr) {
        *chosen.flag = chosen.val;
        return 0;
    }
    return chosen.val;
}

/// The word at optind begins an option.
int next_option(const command_line& line) {
    const char* word = line.words[optind];
    bool two_dashes = word[1] == '-';
    if (place == 0 && line.longs != nullptr && (two_dashes || line.one_dash)) {
        const char* name = word + (two_dashes ? 2 : 1);
        size_t length = strcspn(name, "=");
        int found = find_long(line.longs, name, length);
        if (found >= 0) {
            return long_option(line, name, found);
        }
        if (two_dashes || found == -2) {
            optind++;
            optopt = 0;
            return line.complain(found == -2 ? "ambiguous option" : "unrecognized option", name,
                                 static_cast<int>(length), false);
        }
    }
    if (place == 0) {
        place = 1;
    }
    return short_option(line);
}

int parse(command_line line) {
    if (optind == 0) { // GNU's way of starting over
        optind = 1;
        place = 0;
    }
    optarg = nullptr;
    char mode = *line.options;
    bool keep_order = mode == '+' || (mode != '-' && getenv("POSIXLY_CORRECT") != nullptr);
    if (place == 0) {
        int next = optind;
        while (next < line.count && !is_option(line.words[next]) && !keep_order && mode != '-') {
            next++;
        }
        if (next >= line.count || line.words[next] == nullptr) {
            return -1;
        }
        if (!is_option(line.words[next])) {
            if (mode != '-') {
                return -1;
            }
            optarg = line.words[optind++];
            return 1;
        }
        if (strcmp(line.words[next], "--") == 0) {
            move_word(line.words, optind++, next);
            return -1;
        }
        if (next > optind) { // Operands before the option: bring its words to the front.
            int first_operand = optind;
            optind = next;
            int result = next_option(line);
            if (place != 0) { // A group of letters must move as a whole, so it is finished where it is put.
                move_word(line.words, first_operand, next);
                optind = first_operand;
                return result;
            }
            int used = optind - next;
            for (int i = 0; i < used; i++) {
                move_word(line.words, first_operand + i, next + i);
            }
            optind = first_operand + used;
            return result;
        }
    }
    return next_option(line);
}

} // namespace

extern "C" {

int getopt(int count, char* const* arguments, const char* options) {
    return parse({count, const_cast<char**>(arguments), options, nullptr, nullptr, false});
}

int getopt_long(int count, char* const* arguments, const char* options, const struct option* longs,
                int* index) {
    return parse({count, const_cast<char**>(arguments), options, longs, index, false});
}

int getopt_long_only(int count, char* const* arguments, const char* options, const struct option* longs,
                     int* index) {
    return parse({count, const_cast<char**>(arguments), options, longs, index, true});
}

} // extern "C"
