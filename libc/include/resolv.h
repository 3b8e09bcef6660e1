#pragma once
/* The resolver's state. It reads /etc/resolv.conf for each look-up, so there is little to initialise. */

#include <sys/cdefs.h>

#define MAXNS 3
#define NAMESERVER_PORT 53

__BEGIN_DECLS

/// Always 0.
int res_init(void);
/// Asks the configured servers; the answer's length, or -1 with h_errno.
int res_query(const char* name, int query_class, int type, unsigned char* answer, int size);

__END_DECLS
