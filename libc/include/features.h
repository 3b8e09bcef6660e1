#pragma once
/* Feature test macros are accepted and ignored: everything this library has is always declared. */

#include <sys/cdefs.h>

#define __LUMOS__ 1

/* Asked by the compiler's own C++ headers; no version of another library is here. */
#define __GLIBC_PREREQ(major, minor) 0
