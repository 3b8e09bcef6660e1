#pragma once
/* An old home of malloc(). */

#include <stdlib.h>

__BEGIN_DECLS

/// Bytes usable in a block from malloc().
size_t malloc_usable_size(void* block);

__END_DECLS
