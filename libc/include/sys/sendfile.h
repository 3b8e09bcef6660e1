#pragma once
/* Copying between descriptors inside the kernel. */

#include <sys/cdefs.h>
#include <sys/types.h>

__BEGIN_DECLS

/// Copies from a file to a descriptor; how many bytes.
ssize_t sendfile(int to, int from, off_t* offset, size_t count);

__END_DECLS
