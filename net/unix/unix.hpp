#pragma once
// AF_UNIX: sockets between processes of one machine. Nothing goes on a wire: a sent message is queued at
// the peer's sock at once, so that its truesize counts against the sender until it is read.
//
// Names are looked up in the stack's unix_table: a path by the number of its file-system node, an abstract
// name (first byte 0) by its bytes. The table holds no references: a sock takes its name out before it
// dies, under the table's lock.
//
// Locks: unix_table::lock (socket_table) > sock_lock of one sock > that of its peer (sock_nested), and two
// socks are locked together only through lock_pair, in the order of their ids.

#include "kernel/abi/un.h"
#include "kernel/lib/list.hpp"
#include "net/core/sock.hpp"
#include "net/stack.hpp"

#include <cstdint>

namespace net {

/// Registers the family and makes its table. Once per stack. ENOMEM.
lib::result<void> unix_init(stack& in);
/// Frees the table.
void unix_exit(stack& in);

/// /proc/net/unix.
void unix_report(stack& in, report_writer& to);

} // namespace net
