#pragma once
/* Feature test macros are accepted and ignored: everything this library has is always declared. */

#include <sys/cdefs.h>

#define __LUMOS__ 1
