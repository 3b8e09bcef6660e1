#pragma once
/* Marks for declarations: C linkage, checked formats, functions that do not return. */

#ifdef __cplusplus
#    define __BEGIN_DECLS extern "C" {
#    define __END_DECLS }
#else
#    define __BEGIN_DECLS
#    define __END_DECLS
#endif

#define __printf_format(format, first) __attribute__((__format__(__printf__, format, first)))
#define __scanf_format(format, first) __attribute__((__format__(__scanf__, format, first)))
#define __no_return __attribute__((__noreturn__))
