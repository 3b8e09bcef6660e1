#pragma once
/* Regular expressions: POSIX basic and extended (POSIX.1-2017 chapter 9) in the "C" locale. */

#include <stddef.h>
#include <sys/cdefs.h>
#include <sys/types.h>

typedef long regoff_t;

typedef struct {
    size_t re_nsub; /* groups in the expression */
    void* program;
} regex_t;

typedef struct {
    regoff_t rm_so; /* first byte, or -1 */
    regoff_t rm_eo; /* byte after the last */
} regmatch_t;

#define REG_EXTENDED 1
#define REG_ICASE 2
#define REG_NEWLINE 4
#define REG_NOSUB 8
#define REG_NOTBOL 1
#define REG_NOTEOL 2

#define REG_NOMATCH 1
#define REG_BADPAT 2
#define REG_ECOLLATE 3
#define REG_ECTYPE 4
#define REG_EESCAPE 5
#define REG_ESUBREG 6
#define REG_EBRACK 7
#define REG_EPAREN 8
#define REG_EBRACE 9
#define REG_BADBR 10
#define REG_ERANGE 11
#define REG_ESPACE 12
#define REG_BADRPT 13

__BEGIN_DECLS

/// Prepares an expression; 0 or a REG_ value.
int regcomp(regex_t* expression, const char* pattern, int flags);
/// Looks for the leftmost match; 0 and where it and its groups are, or REG_NOMATCH.
int regexec(const regex_t* expression, const char* text, size_t count, regmatch_t* matches, int flags);
/// Frees what regcomp() prepared.
void regfree(regex_t* expression);
/// The message of a REG_ value; the length it needs.
size_t regerror(int error, const regex_t* expression, char* buffer, size_t size);

__END_DECLS
