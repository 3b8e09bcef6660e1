#pragma once
// The structs and numbers of kernel/abi beside the host's own headers, which define the same names: structs
// of the system-call interface, and macros with equal values. Include it behind every header of the host;
// those of kernel/abi that clash get another name here, which nothing in the tests uses.
#pragma GCC system_header

#define timespec abi_timespec
#define timeval abi_timeval
#define timezone abi_timezone
#define itimerval abi_itimerval
#define itimerspec abi_itimerspec
#define stat abi_stat
#define stat64 abi_stat64
#define tm abi_tm
#define fd_set abi_fd_set
#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/inet.h"
#include "kernel/abi/netdevice.h"
#include "kernel/abi/packet.h"
#include "kernel/abi/socket.h"
#include "kernel/abi/tcp.h"
#include "kernel/abi/time.h"
#include "kernel/abi/trace.h"
#include "kernel/abi/udp.h"
#include "kernel/abi/un.h"
#undef timespec
#undef timeval
#undef timezone
#undef itimerval
#undef itimerspec
#undef stat
#undef stat64
#undef tm
#undef fd_set
