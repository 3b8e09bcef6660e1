#pragma once
// The kernel's network: the one stack, its worker thread, and its files in /proc and /dev.

#include "kernel/lib/result.hpp"

namespace net {
class stack;
}

namespace net::port {

/// Makes the stack, its files (/proc/net/*, /dev/trace), switches on the trace points that the word
/// `trace=` of the command line names, and starts the worker. Once, process context, after the scheduler,
/// devfs and procfs are there. ENOMEM.
lib::result<void> start_network();

/// The kernel's stack; valid after start_network().
stack& kernel_stack();

} // namespace net::port
