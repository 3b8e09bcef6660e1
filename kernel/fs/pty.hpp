#pragma once
// Pseudo-terminals: a terminal whose device is another program, for telnetd, ssh servers and the like.
// Opening /dev/ptmx makes a pair: the file itself is the master, /dev/pts/N the terminal (pts(4)).

#include "kernel/lib/result.hpp"

namespace fs {

/// Adds /dev/ptmx. Once, at boot. ENOMEM.
lib::result<void> initialize_ptys();

} // namespace fs
