#pragma once
/* The parts of a path; both may change it. */

#include <sys/cdefs.h>

__BEGIN_DECLS

/// The path without its last part.
char* dirname(char* path);
/// The last part, "." for an empty path, trailing slashes removed.
char* __xpg_basename(char* path);

__END_DECLS

#define basename __xpg_basename
