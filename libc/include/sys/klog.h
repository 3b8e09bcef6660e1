#pragma once
/* The kernel's log. */

#include <sys/cdefs.h>

__BEGIN_DECLS

/// Reads (3), clears (5) or measures (10) the kernel's log; how many bytes.
int klogctl(int operation, char* buffer, int size);

__END_DECLS
