#pragma once
/* Matching names with patterns. */

#include <sys/cdefs.h>

#define FNM_PATHNAME 1
#define FNM_NOESCAPE 2
#define FNM_PERIOD 4
#define FNM_LEADING_DIR 8
#define FNM_CASEFOLD 16
#define FNM_NOMATCH 1

__BEGIN_DECLS

/// 0 if `name` matches the pattern with * ? [a-z] and backslash, else FNM_NOMATCH.
int fnmatch(const char* pattern, const char* name, int flags);

__END_DECLS
