#pragma once
/* Interfaces and their numbers. */

#include <kernel/abi/netdevice.h>
#include <sys/cdefs.h>
#include <sys/socket.h>

struct if_nameindex {
    unsigned int if_index;
    char* if_name;
};

__BEGIN_DECLS

/// The number of an interface; 0 with errno if there is none.
unsigned int if_nametoindex(const char* name);
/// The name of an interface into a buffer of IF_NAMESIZE; null with ENXIO if there is none.
char* if_indextoname(unsigned int index, char* name);
/// All interfaces, the last one all zero; memory for if_freenameindex().
struct if_nameindex* if_nameindex(void);
/// Frees that list.
void if_freenameindex(struct if_nameindex* list);

__END_DECLS
