// grep: prints lines that match a basic regular expression (POSIX 9.3): literals, . [set] * ^ $, GNU's \+ \?
// and \| between whole expressions; no groups. -F takes plain text. The matcher is Kernighan's and Pike's,
// grown by sets: it tries a repetition as often as possible and backs off.

#include "user/path.hpp"

#include <ctype.h>

static const char usage[] =
    "usage: grep [-ivncrlqwF] PATTERN [FILE...]\n"
    "  -i  ignore case      -v  lines that do not match  -n  line numbers  -c  only count\n"
    "  -r  search folders   -l  only file names          -q  only status   -w  whole words\n"
    "  -F  PATTERN is plain text\n"
    "Status: 0 found, 1 not found, 2 error.\n";

static bool option_ignore_case, option_invert, option_number, option_count, option_recursive, option_list,
    option_quiet, option_word, option_fixed, show_names;

static bool had_error;

static bool same(char a, char b) {
    if (option_ignore_case) {
        return tolower(static_cast<unsigned char>(a)) == tolower(static_cast<unsigned char>(b));
    }
    return a == b;
}

/// Matches a set at `pattern` (its `[`) against c; `rest` is what follows it.
static bool match_set(const char* pattern, char c, const char*& rest) {
    bool negated = pattern[1] == '^';
    const char* next = pattern + (negated ? 2 : 1);
    bool found = false;
    for (bool first = true; *next != '\0' && (*next != ']' || first); first = false) {
        char low = *next++;
        char high = low;
        if (next[0] == '-' && next[1] != ']' && next[1] != '\0') {
            high = next[1];
            next += 2;
        }
        char other = option_ignore_case && isupper(static_cast<unsigned char>(c))
                         ? static_cast<char>(tolower(static_cast<unsigned char>(c)))
                         : static_cast<char>(toupper(static_cast<unsigned char>(c)));
        found |= low <= c && c <= high;
        found |= option_ignore_case && low <= other && other <= high;
    }
    rest = *next == ']' ? next + 1 : next;
    return c != '\0' && found != negated;
}

/// Matches one element against one character; `rest` is the pattern after the element.
static bool match_one(const char* pattern, char c, const char*& rest) {
    if (*pattern == '[') {
        return match_set(pattern, c, rest);
    }
    bool escaped = *pattern == '\\' && pattern[1] != '\0';
    rest = pattern + (escaped ? 2 : 1);
    if (*pattern == '.' && !escaped) {
        return c != '\0';
    }
    return c != '\0' && same(pattern[escaped ? 1 : 0], c);
}

static bool at_alternative_end(const char* pattern) {
    return *pattern == '\0' || (pattern[0] == '\\' && pattern[1] == '|');
}

/// The end of the match of `pattern` at `text`, or null.
static const char* match_here(const char* pattern, const char* text) {
    if (at_alternative_end(pattern)) {
        return text;
    }
    if (pattern[0] == '$' && at_alternative_end(pattern + 1)) {
        return *text == '\0' ? text : nullptr;
    }
    const char* rest = pattern;
    bool matched = match_one(pattern, *text, rest);
    bool optional = rest[0] == '\\' && rest[1] == '?';
    bool plus = rest[0] == '\\' && rest[1] == '+';
    if (*rest != '*' && !optional && !plus) {
        return matched ? match_here(rest, text + 1) : nullptr;
    }
    const char* after = rest + (*rest == '*' ? 1 : 2);
    const char* furthest = text;
    const char* ignored;
    while (match_one(pattern, *furthest, ignored) && !(optional && furthest > text)) {
        furthest++;
    }
    for (const char* least = text + (plus ? 1 : 0); furthest >= least; furthest--) {
        if (const char* end = match_here(after, furthest)) {
            return end;
        }
    }
    return nullptr;
}

static bool is_word_character(char c) {
    return isalnum(static_cast<unsigned char>(c)) || c == '_';
}

/// True when the match [start, end) in `line` is allowed: with -w it must be a whole word.
static bool accepted(const char* line, const char* start, const char* end) {
    return !option_word || ((start == line || !is_word_character(start[-1])) && !is_word_character(*end));
}

static const char* match_fixed(const char* pattern, const char* text) {
    while (*pattern != '\0' && same(*pattern, *text)) {
        pattern++;
        text++;
    }
    return *pattern == '\0' ? text : nullptr;
}

static const char* next_alternative(const char* pattern) {
    for (; *pattern != '\0'; pattern++) {
        if (pattern[0] == '\\' && pattern[1] == '|') {
            return pattern + 2;
        }
        if (pattern[0] == '\\' && pattern[1] != '\0') {
            pattern++;
        }
    }
    return nullptr;
}

static bool matches(const char* pattern, const char* line) {
    for (const char* one = pattern; one != nullptr; one = option_fixed ? nullptr : next_alternative(one)) {
        bool anchored = !option_fixed && *one == '^';
        for (const char* start = line;; start++) {
            const char* end = option_fixed ? match_fixed(one, start) : match_here(one + anchored, start);
            if (end != nullptr && accepted(line, start, end)) {
                return true;
            }
            if (anchored || *start == '\0') {
                break;
            }
        }
    }
    return false;
}

static bool search_stream(const char* pattern, FILE* file, const char* name) {
    char* line = nullptr;
    size_t capacity = 0;
    unsigned long number = 0;
    unsigned long found = 0;
    for (ssize_t length; (length = getline(&line, &capacity, file)) >= 0;) {
        number++;
        if (length > 0 && line[length - 1] == '\n') {
            line[length - 1] = '\0';
        }
        if (matches(pattern, line) == option_invert) {
            continue;
        }
        found++;
        if (option_quiet || option_list) {
            break;
        }
        if (!option_count) {
            printf("%s%s", show_names ? name : "", show_names ? ":" : "");
            if (option_number) {
                printf("%lu:", number);
            }
            puts(line);
        }
    }
    free(line);
    if (option_count && !option_quiet) {
        printf("%s%s%lu\n", show_names ? name : "", show_names ? ":" : "", found);
    } else if (option_list && found > 0 && !option_quiet) {
        puts(name);
    }
    return found > 0;
}

static bool search_path(const char* pattern, const char* path) {
    if (is_folder(path)) {
        if (!option_recursive) {
            warnx("%s: is a folder (use -r)", path);
            had_error = true;
            return false;
        }
        bool found = false;
        each_entry(path, [pattern, &found](const char* entry) {
            found |= search_path(pattern, entry);
            return true;
        });
        return found;
    }
    FILE* file = fopen(path, "r");
    if (file == nullptr) {
        warn("%s", path);
        had_error = true;
        return false;
    }
    bool found = search_stream(pattern, file, path);
    fclose(file);
    return found;
}

static void read_options(int argc, char** argv) {
    static const struct {
        char letter;
        bool* flag;
    } flags[] = {{'i', &option_ignore_case}, {'v', &option_invert},    {'n', &option_number},
                 {'c', &option_count},       {'r', &option_recursive}, {'l', &option_list},
                 {'q', &option_quiet},       {'w', &option_word},      {'F', &option_fixed}};
    for (int option; (option = getopt(argc, argv, "ivncrlqwF")) != -1;) {
        if (option == '?') {
            usage_error(usage);
        }
        for (const auto& entry : flags) {
            *entry.flag |= entry.letter == option;
        }
    }
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    read_options(argc, argv);
    if (optind == argc) {
        usage_error(usage);
    }
    const char* pattern = argv[optind++];
    show_names = argc - optind > 1 || option_recursive;
    bool found = false;
    if (optind == argc) {
        found =
            option_recursive ? search_path(pattern, ".") : search_stream(pattern, stdin, "(standard input)");
    }
    for (int i = optind; i < argc; i++) {
        found |= search_path(pattern, argv[i]);
    }
    return finish(had_error ? 2 : found ? 0 : 1);
}
