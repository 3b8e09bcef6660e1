// Random bytes as regular expressions and file name patterns, compiled for this machine with address and
// undefined sanitizers: nothing beyond pattern or text may be read, and what is found must lie in the text.
//
//     fuzz_patterns [ROUNDS]

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

// Under other names, beside the host's own.
#define regcomp lumos_regcomp
#define regexec lumos_regexec
#define regfree lumos_regfree
#define regerror lumos_regerror
#define fnmatch lumos_fnmatch

static size_t strlcpy(char* to, const char* from, size_t size) {
    return static_cast<size_t>(snprintf(to, size, "%s", from));
}

#include "libc/src/fnmatch.cpp"
#include "libc/src/regcomp.cpp"
#include "libc/src/regexec.cpp"
#include "tests/libc/random.h"

namespace {

/// A random string in an allocation of exactly its size, so that the sanitizer sees one byte too many.
std::unique_ptr<char[]> random_text(unsigned most) {
    static constexpr char alphabet[] = "ab()[]{}*+?.|^$\\,:-1239=x!/\n";
    unsigned length = random_below(most);
    std::unique_ptr<char[]> text(new char[length + 1]);
    for (unsigned i = 0; i < length; i++) {
        text[i] = alphabet[random_below(sizeof alphabet - 1)];
    }
    text[length] = '\0';
    return text;
}

bool sane(const regmatch_t& found, size_t length) {
    bool unset = found.rm_so == -1 && found.rm_eo == -1;
    return unset ||
           (found.rm_so >= 0 && found.rm_so <= found.rm_eo && found.rm_eo <= static_cast<long>(length));
}

} // namespace

int main(int count, char** arguments) {
    long rounds = count > 1 ? atol(arguments[1]) : 150000;
    long valid = 0, matched = 0, wrong = 0;
    for (long i = 0; i < rounds; i++) {
        auto pattern = random_text(24);
        auto text = random_text(20);
        regex_t expression;
        regmatch_t found[5];
        if (regcomp(&expression, pattern.get(), static_cast<int>(random_below(8))) == 0) {
            valid++;
            if (regexec(&expression, text.get(), 5, found, static_cast<int>(random_below(4))) == 0) {
                matched++;
                for (const regmatch_t& each : found) {
                    wrong += !sane(each, strlen(text.get()));
                }
            }
            regfree(&expression);
        }
        fnmatch(pattern.get(), text.get(), static_cast<int>(random_below(32)));
    }
    bool failed = wrong != 0 || valid < rounds / 4 || matched < rounds / 20;
    printf("%s fuzz_patterns: %ld patterns, %ld valid, %ld matched, %ld wrong\n", failed ? "FAIL" : "ok",
           rounds, valid, matched, wrong);
    return failed;
}
