#pragma once
/* Ranges of the integer types and limits of the system. */

#define CHAR_BIT 8
#define SCHAR_MIN (-128)
#define SCHAR_MAX 127
#define UCHAR_MAX 255
#define CHAR_MIN SCHAR_MIN
#define CHAR_MAX SCHAR_MAX
#define SHRT_MIN (-32768)
#define SHRT_MAX 32767
#define USHRT_MAX 65535
#define INT_MAX 2147483647
#define INT_MIN (-INT_MAX - 1)
#define UINT_MAX 4294967295u
#define LONG_MAX 9223372036854775807l
#define LONG_MIN (-LONG_MAX - 1)
#define ULONG_MAX 18446744073709551615ul
#define LLONG_MAX 9223372036854775807ll
#define LLONG_MIN (-LLONG_MAX - 1)
#define ULLONG_MAX 18446744073709551615ull
#define SSIZE_MAX LONG_MAX
#define MB_LEN_MAX 4
#define LONG_BIT 64
#define WORD_BIT 32

#ifndef PATH_MAX
#    define PATH_MAX 4096
#    define NAME_MAX 255
#    define PIPE_BUF 4096
#endif
#define IOV_MAX 1024
#define LINE_MAX 2048
#define HOST_NAME_MAX 64
#define LOGIN_NAME_MAX 256
#define TTY_NAME_MAX 32
#define ARG_MAX 131072
#define OPEN_MAX 1024
#define NGROUPS_MAX 32
#define PTHREAD_KEYS_MAX 64
#define PTHREAD_STACK_MIN 16384

#define _POSIX_PATH_MAX 256
#define _POSIX_HOST_NAME_MAX 255
#define _POSIX_OPEN_MAX 20
#define _POSIX2_LINE_MAX 2048
