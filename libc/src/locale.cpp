// The one locale, "C".

#include <limits.h>
#include <locale.h>
#include <string.h>

namespace {

char empty[] = "";
char point[] = ".";

struct lconv conventions = {point,    empty,    empty,    empty,    empty,    empty,
                            empty,    empty,    empty,    empty,    CHAR_MAX, CHAR_MAX,
                            CHAR_MAX, CHAR_MAX, CHAR_MAX, CHAR_MAX, CHAR_MAX, CHAR_MAX};

} // namespace

extern "C" {

char* setlocale(int category, const char* locale) {
    static char name[] = "C";
    bool known =
        locale == nullptr || *locale == '\0' || strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0;
    return known && category >= LC_CTYPE && category <= LC_ALL ? name : nullptr;
}

struct lconv* localeconv(void) {
    return &conventions;
}

} // extern "C"
