#pragma once
/* Locales: there is one, "C". */

#include <stddef.h>
#include <sys/cdefs.h>

#define LC_CTYPE 0
#define LC_NUMERIC 1
#define LC_TIME 2
#define LC_COLLATE 3
#define LC_MONETARY 4
#define LC_MESSAGES 5
#define LC_ALL 6

struct lconv {
    char *decimal_point, *thousands_sep, *grouping, *int_curr_symbol, *currency_symbol;
    char *mon_decimal_point, *mon_thousands_sep, *mon_grouping, *positive_sign, *negative_sign;
    char int_frac_digits, frac_digits, p_cs_precedes, p_sep_by_space, n_cs_precedes, n_sep_by_space;
    char p_sign_posn, n_sign_posn;
};

__BEGIN_DECLS

/// Chooses a locale: "C" for "C", "POSIX", "" and null; null for others.
char* setlocale(int category, const char* locale);
/// How numbers are written.
struct lconv* localeconv(void);

__END_DECLS
