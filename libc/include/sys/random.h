#pragma once
/* Random bytes from the kernel. */

#include <kernel/abi/process.h>
#include <sys/cdefs.h>
#include <sys/types.h>

__BEGIN_DECLS

/// Fills a buffer; how many bytes.
ssize_t getrandom(void* buffer, size_t size, unsigned int flags);

__END_DECLS
