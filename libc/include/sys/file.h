#pragma once
/* Locks on whole files. */

#include <fcntl.h>

__BEGIN_DECLS

/// Locks or unlocks a file.
int flock(int fd, int operation);

__END_DECLS
