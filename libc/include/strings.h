#pragma once
/* BSD's strings: case-blind comparison, bit search, old names of memory functions. */

#include <stddef.h>
#include <sys/cdefs.h>

__BEGIN_DECLS

/// Compares without regard to case.
int strcasecmp(const char* left, const char* right);
/// Compares at most `size` bytes without regard to case.
int strncasecmp(const char* left, const char* right, size_t size);
/// memcmp() by its old name.
int bcmp(const void* left, const void* right, size_t size);
/// memmove() with source and destination exchanged.
void bcopy(const void* from, void* to, size_t size);
/// Zeroes `size` bytes.
void bzero(void* to, size_t size);
/// Number of the lowest set bit, counted from 1; 0 when there is none.
int ffs(int value);
/// The same for a long.
int ffsl(long value);
/// strchr() by its old name.
char* index(const char* text, int character);
/// strrchr() by its old name.
char* rindex(const char* text, int character);

__END_DECLS
