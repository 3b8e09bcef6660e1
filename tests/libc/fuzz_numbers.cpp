// Number formatting and parsing compiled for this machine with address and undefined sanitizers: what is
// printed must be what the host prints, damaged numbers must not lead outside their text, and the longest
// possible ones must fit.
//
//     fuzz_numbers [ROUNDS]

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdlib.h>
#include <strings.h>

// Under other names, beside the host's own.
#define strtod lumos_strtod
#define strtof lumos_strtof
#define strtold lumos_strtold
#define atof lumos_atof
extern "C" {
double lumos_strtod(const char* text, char** end);
float lumos_strtof(const char* text, char** end);
long double lumos_strtold(const char* text, char** end);
double lumos_atof(const char* text);
}

#include "libc/src/big_decimal.cpp"
#include "libc/src/strtod.cpp"

#include "libc/src/format.cpp"
#include "libc/src/format_floating.cpp"
#include "tests/libc/random.h"

namespace {

struct string_sink : libc::text_sink {
    char text[60000];
};

/// Formats with our formatter.
const char* format_ours(const char* format, ...) {
    static string_sink sink;
    sink.length = 0;
    sink.write = [](libc::text_sink& base, const char* data, size_t size) {
        memcpy(static_cast<string_sink&>(base).text + base.length - size, data, size);
    };
    va_list arguments;
    va_start(arguments, format);
    libc::format(sink, format, arguments);
    va_end(arguments);
    sink.text[sink.length] = '\0';
    return sink.text;
}

/// Parses a text that lies in an allocation of exactly its size.
void parse(const char* text) {
    size_t size = strlen(text) + 1;
    std::unique_ptr<char[]> exact(new char[size]);
    memcpy(exact.get(), text, size);
    char* end;
    lumos_strtod(exact.get(), &end);
    lumos_strtof(exact.get(), &end);
    lumos_strtold(exact.get(), &end);
}

bool compare(const char* format, int precision, double value) {
    char host[60000];
    snprintf(host, sizeof host, format, precision, value);
    bool same = strcmp(host, format_ours(format, precision, value)) == 0;
    parse(host);
    host[random_below(static_cast<unsigned>(strlen(host)))] = static_cast<char>(random_bits());
    parse(host);
    return same;
}

void parse_long_numbers() {
    char text[8000];
    for (size_t length = 1; length < 7000; length += 97) {
        memset(text, '9', length);
        text[length] = '\0';
        parse(text);
        text[length / 2] = '.';
        parse(text);
        memset(text, '0', length);
        text[0] = '.';
        text[length - 1] = '7';
        parse(text);
    }
    format_ours("%.5000Lf %.20000Lf", __LDBL_MAX__, __LDBL_DENORM_MIN__);
}

} // namespace

int main(int count, char** arguments) {
    long rounds = count > 1 ? atol(arguments[1]) : 60000;
    long wrong = 0;
    for (long i = 0; i < rounds; i++) {
        static const char* const formats[] = {"%.*e", "%.*g", "%.*f", "%.*a", "%#.*g", "%+-40.*e", "%030.*f"};
        int precision = static_cast<int>(random_below(random_below(50) == 0 ? 1200 : 30));
        wrong += !compare(formats[random_below(7)], precision, random_double());
    }
    parse_long_numbers();
    printf("%s fuzz_numbers: %ld numbers, %ld wrong\n", wrong != 0 ? "FAIL" : "ok", rounds, wrong);
    return wrong != 0;
}
