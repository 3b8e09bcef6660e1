#pragma once
// AF_UNIX: sockets between processes of one machine. Nothing goes on a wire: a sent message is queued at the
// peer's sock at once, and its memory counts against the sender until the peer has read it.
//
// The family registers itself in the stack; no other layer knows it.

#include "kernel/lib/result.hpp"

namespace net {

class stack;
struct report_writer;

/// Registers the family and makes its table. Once per stack. ENOMEM, EEXIST.
lib::result<void> unix_init(stack& in);
/// Frees the table; no socket of the family is left.
void unix_exit(stack& in);

/// /proc/net/unix.
void unix_report(stack& in, report_writer& to);

} // namespace net
