#pragma once
/* Memory, numbers, sorting, environment, the end of a program. */

#include <stddef.h>
#include <sys/cdefs.h>
#include <sys/types.h>

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1
#define RAND_MAX 0x7fffffff
#define MB_CUR_MAX 1ul

#include <kernel/abi/process.h>

#define alloca(size) __builtin_alloca(size)

typedef struct {
    int quot, rem;
} div_t;

typedef struct {
    long quot, rem;
} ldiv_t;

typedef struct {
    long long quot, rem;
} lldiv_t;

__BEGIN_DECLS

/// Memory of `size` bytes, aligned to 16; null with ENOMEM when there is none. Thread-safe.
void* malloc(size_t size) __attribute__((__malloc__));
/// Zeroed memory for `count` elements; null with ENOMEM, also when the product overflows.
void* calloc(size_t count, size_t size) __attribute__((__malloc__));
/// Changes a block's size, moving it if need be. The old block stays when it fails.
void* realloc(void* block, size_t size);
/// realloc() of `count * size` bytes, ENOMEM when the product overflows.
void* reallocarray(void* block, size_t count, size_t size);
/// Gives a block back. A block freed twice, or never given, ends the program with a message.
void free(void* block);
/// Memory aligned to a power of two.
void* aligned_alloc(size_t alignment, size_t size);
/// The same, by its old name.
void* memalign(size_t alignment, size_t size);
/// The same; 0, EINVAL or ENOMEM, errno untouched.
int posix_memalign(void** block, size_t alignment, size_t size);

/// Decimal number at the beginning of `text`, 0 if there is none.
int atoi(const char* text);
/// The same as long.
long atol(const char* text);
/// The same as long long.
long long atoll(const char* text);
/// The same as double.
double atof(const char* text);
/// Number in `base` (0: by its prefix). `*end` is the place after it. ERANGE when it does not fit.
long strtol(const char* text, char** end, int base);
/// The same, unsigned.
unsigned long strtoul(const char* text, char** end, int base);
/// The same as long long.
long long strtoll(const char* text, char** end, int base);
/// The same as unsigned long long.
unsigned long long strtoull(const char* text, char** end, int base);
/// Correctly rounded floating-point number: decimal, hexadecimal, inf, nan. ERANGE when out of range.
double strtod(const char* text, char** end);
/// The same as float.
float strtof(const char* text, char** end);
/// The same as long double.
long double strtold(const char* text, char** end);

/// Absolute value.
int abs(int value);
/// Absolute value.
long labs(long value);
/// Absolute value.
long long llabs(long long value);
/// Quotient and remainder.
div_t div(int numerator, int denominator);
/// Quotient and remainder.
ldiv_t ldiv(long numerator, long denominator);
/// Quotient and remainder.
lldiv_t lldiv(long long numerator, long long denominator);

/// Pseudo-random number in 0..RAND_MAX; not for secrets, see getrandom().
int rand(void);
/// The same with its state in `*seed`.
int rand_r(unsigned int* seed);
/// Seeds rand().
void srand(unsigned int seed);
/// Pseudo-random number in 0..2^31-1.
long random(void);
/// Seeds random().
void srandom(unsigned int seed);
/// Uniform in [0, 1).
double drand48(void);
/// Uniform in 0..2^31-1.
long lrand48(void);
/// Seeds drand48() and lrand48().
void srand48(long seed);
/// Unpredictable number from the kernel.
uint32_t arc4random(void);
/// Unpredictable number below `bound`, without bias.
uint32_t arc4random_uniform(uint32_t bound);
/// Unpredictable bytes from the kernel.
void arc4random_buf(void* buffer, size_t size);

/// Sorts an array in place (introsort: n log n in the worst case, not stable).
void qsort(void* base, size_t count, size_t size, int (*compare)(const void*, const void*));
/// The same, handing `argument` to the comparison.
void qsort_r(void* base, size_t count, size_t size, int (*compare)(const void*, const void*, void*),
             void* argument);
/// An element equal to `key` in a sorted array, or null.
void* bsearch(const void* key, const void* base, size_t count, size_t size,
              int (*compare)(const void*, const void*));

/// Value of an environment variable, or null. Valid until the variable is changed.
char* getenv(const char* name);
/// The same, null in set-user-id programs.
char* secure_getenv(const char* name);
/// Sets a variable; an existing one only if `overwrite`.
int setenv(const char* name, const char* value, int overwrite);
/// Removes a variable.
int unsetenv(const char* name);
/// Puts a "NAME=value" string itself, not a copy, into the environment.
int putenv(char* assignment);
/// Empties the environment.
int clearenv(void);

/// Ends the program: atexit() functions in reverse order, buffered output written, then _exit().
void exit(int status) __no_return;
/// Ends the program at once.
void _Exit(int status) __no_return;
/// Ends the program at once after at_quick_exit() functions.
void quick_exit(int status) __no_return;
/// Ends the program with SIGABRT.
void abort(void) __no_return;
/// Has a function called by exit().
int atexit(void (*function)(void));
/// Has a function called by quick_exit().
int at_quick_exit(void (*function)(void));
/// Has a function called by exit() with its status.
int on_exit(void (*function)(int, void*), void* argument);

/// Runs a shell command and waits; its wait status, or -1. With null: whether there is a shell.
int system(const char* command);
/// Makes a file from a name ending in XXXXXX, opened for reading and writing.
int mkstemp(char* name);
/// The same with more open flags.
int mkostemp(char* name, int flags);
/// Makes a folder from a name ending in XXXXXX.
char* mkdtemp(char* name);
/// A name ending in XXXXXX made one that does not exist; empty on failure. Prefer mkstemp().
char* mktemp(char* name);
/// Absolute path without links, "." and "..". `resolved` holds PATH_MAX bytes or is null.
char* realpath(const char* path, char* resolved);
/// Number of CPUs' load averages stored: 1, 5 and 15 minutes.
int getloadavg(double* averages, int count);
/// Parses comma-separated suboptions.
int getsubopt(char** option, char* const* tokens, char** value);

/// A pseudo-terminal's controlling side.
int posix_openpt(int flags);
/// Gives the user the terminal's other side.
int grantpt(int fd);
/// Unlocks the terminal's other side.
int unlockpt(int fd);
/// Name of the terminal's other side, in a static buffer.
char* ptsname(int fd);

/// Length of a multibyte character; the "C" locale has one byte each.
int mblen(const char* text, size_t size);
/// Multibyte to wide character.
int mbtowc(wchar_t* wide, const char* text, size_t size);
/// Wide to multibyte character.
int wctomb(char* text, wchar_t wide);
/// Multibyte to wide string.
size_t mbstowcs(wchar_t* wide, const char* text, size_t count);
/// Wide to multibyte string.
size_t wcstombs(char* text, const wchar_t* wide, size_t count);

__END_DECLS
