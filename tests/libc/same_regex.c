/* Random regular expressions on random texts. The whole match must be where the host's library finds it. */
#include "random.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

static char* next;

static void put(const char* text) {
    while (*text != '\0') {
        *next++ = *text++;
    }
}

static void alternatives(int depth, int extended);

static void atom(int depth, int extended) {
    static const char* const simple[] = {"a", "b",   "c",    ".", "[ab]", "[^a]", "[a-c]", "[[:digit:]b]",
                                         "1", "\\.", "[]x]", "ab"};
    if (depth > 0 && random_below(4) == 0) {
        put(extended ? "(" : "\\(");
        alternatives(depth - 1, extended);
        put(extended ? ")" : "\\)");
        return;
    }
    put(simple[random_below(12)]);
}

static void branch(int depth, int extended) {
    static const char* const extended_repeats[] = {"*", "+", "?", "{2}", "{1,3}", "{2,}", "{0,2}"};
    static const char* const basic_repeats[] = {"*",         "\\+",      "\\?",      "\\{2\\}",
                                                "\\{1,3\\}", "\\{2,\\}", "\\{0,2\\}"};
    if (depth == 1 && random_below(8) == 0) { /* Inside repeated groups the host's library is wrong. */
        put("^");
    }
    for (unsigned pieces = 1 + random_below(4); pieces > 0; pieces--) {
        atom(depth, extended);
        if (random_below(3) == 0) {
            put((extended ? extended_repeats : basic_repeats)[random_below(7)]);
        }
    }
    if (depth == 1 && random_below(8) == 0) { /* Inside repeated groups the host's library is wrong. */
        put("$");
    }
}

static void alternatives(int depth, int extended) {
    branch(depth, extended);
    while (random_below(4) == 0) {
        put(extended ? "|" : "\\|");
        branch(depth, extended);
    }
}

static void run(const char* pattern, int flags, const char* text, int groups) {
    regex_t expression;
    regmatch_t found[4];
    int error = regcomp(&expression, pattern, flags);
    printf("%s /%s/ %d: %d", text, pattern, flags, error != 0);
    if (error == 0) {
        int result = regexec(&expression, text, 4, found, 0);
        printf(" %d", result);
        for (int i = 0; result == 0 && i < groups; i++) {
            printf(" %d-%d", (int)found[i].rm_so, (int)found[i].rm_eo);
        }
        regfree(&expression);
    }
    putchar('\n');
}

int main(void) {
    char pattern[2000], text[40];
    for (int i = 0; i < 20000; i++) {
        int extended = (int)random_below(2);
        next = pattern;
        alternatives(1, extended);
        *next = '\0';
        for (int j = 0; j < 4; j++) {
            unsigned length = random_below(20);
            for (unsigned k = 0; k < length; k++) {
                text[k] = "aabbc1.A]"[random_below(9)];
            }
            text[length] = '\0';
            run(pattern, (extended ? REG_EXTENDED : 0) | (random_below(4) == 0 ? REG_ICASE : 0), text, 1);
        }
    }
    run("([a-z]+)@([a-z.]+)", REG_EXTENDED, "to user@example.org now", 3);
    run("^\\([0-9]*\\)\\.\\([0-9]*\\)$", 0, "12.345", 3);
    run("(a)|(b)", REG_EXTENDED, "b", 3);
    run("a*", 0, "", 1);
    run("*a", 0, "*a", 1);
    run("[", 0, "", 1);
    run("(", REG_EXTENDED, "", 1);
    run("a{1", REG_EXTENDED, "", 1);
    run("a{2,1}", REG_EXTENDED, "", 1);
    run("[z-a]", 0, "", 1);
    run("[[:nothing:]]", 0, "", 1);
    run("a\\", 0, "", 1);
    run("^b$", REG_NEWLINE, "a\nb\nc", 1);
    run("a.b", REG_NEWLINE | REG_EXTENDED, "a\nb", 1);
    run("a[^x]b", REG_NEWLINE | REG_EXTENDED, "a\nb", 1);
    run("(a*)*(b|ab)*x", REG_EXTENDED, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 1);
    return 0;
}
