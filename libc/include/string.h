#pragma once
/* Strings and memory blocks. */

#include <stddef.h>
#include <strings.h>
#include <sys/cdefs.h>

__BEGIN_DECLS

/// Copies `size` bytes between blocks that do not overlap.
void* memcpy(void* to, const void* from, size_t size);
/// Copies `size` bytes; the end of the copy is returned.
void* mempcpy(void* to, const void* from, size_t size);
/// Copies `size` bytes between blocks that may overlap.
void* memmove(void* to, const void* from, size_t size);
/// Copies up to and including the first `stop`; the place after it, or null when there was none.
void* memccpy(void* to, const void* from, int stop, size_t size);
/// Fills `size` bytes.
void* memset(void* to, int byte, size_t size);
/// Compares as unsigned bytes.
int memcmp(const void* left, const void* right, size_t size);
/// First `byte`, or null.
void* memchr(const void* data, int byte, size_t size);
/// Last `byte`, or null.
void* memrchr(const void* data, int byte, size_t size);
/// First `byte`, which must be there.
void* rawmemchr(const void* data, int byte);
/// First place where the second block occurs in the first, or null.
void* memmem(const void* data, size_t size, const void* part, size_t part_size);
/// Zeroes a secret; never optimised away.
void explicit_bzero(void* to, size_t size);

/// Bytes before the terminating zero.
size_t strlen(const char* text);
/// The same, looking at no more than `limit` bytes.
size_t strnlen(const char* text, size_t limit);
/// Copies a string.
char* strcpy(char* to, const char* from);
/// Copies a string; the place of the copied zero is returned.
char* stpcpy(char* to, const char* from);
/// Copies at most `size` bytes and fills up with zeros; no terminating zero when `from` is longer.
char* strncpy(char* to, const char* from, size_t size);
/// As strncpy(); the place of the first zero, or `to + size`.
char* stpncpy(char* to, const char* from, size_t size);
/// Copies what fits and always terminates; the length of `from`.
size_t strlcpy(char* to, const char* from, size_t size);
/// Appends.
char* strcat(char* to, const char* from);
/// Appends at most `size` bytes and a zero.
char* strncat(char* to, const char* from, size_t size);
/// Appends what fits in a buffer of `size` bytes; the length it tried to make.
size_t strlcat(char* to, const char* from, size_t size);
/// Compares two strings.
int strcmp(const char* left, const char* right);
/// Compares at most `size` bytes of two strings.
int strncmp(const char* left, const char* right, size_t size);
/// Compares in the locale's order; the locale is always "C".
int strcoll(const char* left, const char* right);
/// Transforms for strcoll(); the length needed.
size_t strxfrm(char* to, const char* from, size_t size);
/// Compares names with numbers in them by the numbers' value.
int strverscmp(const char* left, const char* right);
/// First place of a character, or null.
char* strchr(const char* text, int character);
/// First place of a character, or the terminating zero.
char* strchrnul(const char* text, int character);
/// Last place of a character, or null.
char* strrchr(const char* text, int character);
/// First place where `part` occurs, or null.
char* strstr(const char* text, const char* part);
/// The same, without regard to case.
char* strcasestr(const char* text, const char* part);
/// Length of the beginning made of characters in `set`.
size_t strspn(const char* text, const char* set);
/// Length of the beginning made of characters not in `set`.
size_t strcspn(const char* text, const char* set);
/// First character that is in `set`, or null.
char* strpbrk(const char* text, const char* set);
/// Cuts the next piece between delimiters; `text` at first, then null. Keeps its place in a static variable.
char* strtok(char* text, const char* delimiters);
/// The same with its place in `*rest`.
char* strtok_r(char* text, const char* delimiters, char** rest);
/// Cuts the next field, which may be empty, from `*text`.
char* strsep(char** text, const char* delimiters);
/// A copy from malloc(), or null.
char* strdup(const char* text);
/// A copy of at most `size` bytes from malloc(), or null.
char* strndup(const char* text, size_t size);
/// The message of an errno value.
char* strerror(int error);
/// The message of an errno value copied to a buffer; 0 or ERANGE.
int strerror_r(int error, char* buffer, size_t size);
/// The name of an errno value, such as "EINVAL", or null.
const char* strerrorname_np(int error);
/// The description of a signal.
char* strsignal(int signal_number);
#ifndef basename /* <libgen.h> has another one */
/// The part after the last slash.
char* basename(const char* path);
#endif

#define strdupa(text) strcpy((char*)__builtin_alloca(strlen(text) + 1), text)

__END_DECLS
