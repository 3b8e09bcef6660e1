#pragma once
/* Paths that match a pattern. */

#include <sys/cdefs.h>
#include <sys/types.h>

typedef struct {
    size_t gl_pathc;
    char** gl_pathv;
    size_t gl_offs;
    int gl_flags;
} glob_t;

#define GLOB_ERR 1
#define GLOB_MARK 2
#define GLOB_NOSORT 4
#define GLOB_DOOFFS 8
#define GLOB_NOCHECK 16
#define GLOB_APPEND 32
#define GLOB_NOESCAPE 64
#define GLOB_PERIOD 128

#define GLOB_NOSPACE 1
#define GLOB_ABORTED 2
#define GLOB_NOMATCH 3

__BEGIN_DECLS

/// All paths that match, in `*result`; 0 or a GLOB_ value.
int glob(const char* pattern, int flags, int (*failed)(const char* path, int error), glob_t* result);
/// Frees what glob() stored.
void globfree(glob_t* result);

__END_DECLS
