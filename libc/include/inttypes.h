#pragma once
/* Formats and conversions for <stdint.h>. */

#include <stdint.h>
#include <sys/cdefs.h>

#if !defined __cplusplus
#    include <stddef.h>
#endif

typedef struct {
    intmax_t quot, rem;
} imaxdiv_t;

#define PRId8 "d"
#define PRId16 "d"
#define PRId32 "d"
#define PRId64 "ld"
#define PRIi8 "i"
#define PRIi16 "i"
#define PRIi32 "i"
#define PRIi64 "li"
#define PRIo8 "o"
#define PRIo16 "o"
#define PRIo32 "o"
#define PRIo64 "lo"
#define PRIu8 "u"
#define PRIu16 "u"
#define PRIu32 "u"
#define PRIu64 "lu"
#define PRIx8 "x"
#define PRIx16 "x"
#define PRIx32 "x"
#define PRIx64 "lx"
#define PRIX8 "X"
#define PRIX16 "X"
#define PRIX32 "X"
#define PRIX64 "lX"
#define PRIdMAX "ld"
#define PRIiMAX "li"
#define PRIuMAX "lu"
#define PRIxMAX "lx"
#define PRIXMAX "lX"
#define PRIoMAX "lo"
#define PRIdPTR "ld"
#define PRIiPTR "li"
#define PRIuPTR "lu"
#define PRIxPTR "lx"
#define PRIXPTR "lX"
#define PRIdLEAST64 "ld"
#define PRIuLEAST64 "lu"
#define PRIdFAST64 "ld"
#define PRIuFAST64 "lu"
#define SCNd8 "hhd"
#define SCNd16 "hd"
#define SCNd32 "d"
#define SCNd64 "ld"
#define SCNi32 "i"
#define SCNi64 "li"
#define SCNu8 "hhu"
#define SCNu16 "hu"
#define SCNu32 "u"
#define SCNu64 "lu"
#define SCNx8 "hhx"
#define SCNx16 "hx"
#define SCNx32 "x"
#define SCNx64 "lx"
#define SCNo32 "o"
#define SCNo64 "lo"
#define SCNdMAX "ld"
#define SCNuMAX "lu"
#define SCNxMAX "lx"
#define SCNuPTR "lu"
#define SCNxPTR "lx"

__BEGIN_DECLS

/// strtoll() by its long name.
intmax_t strtoimax(const char* text, char** end, int base);
/// strtoull() by its long name.
uintmax_t strtoumax(const char* text, char** end, int base);
/// Absolute value.
intmax_t imaxabs(intmax_t value);
/// Quotient and remainder.
imaxdiv_t imaxdiv(intmax_t numerator, intmax_t denominator);

__END_DECLS
