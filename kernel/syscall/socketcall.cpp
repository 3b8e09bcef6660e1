// socketcall(call, args): one number for all socket calls, as on Linux's 32-bit machines. It copies as many
// words as the call has arguments, once, and then runs the very function that Linux's direct number runs.

#include "kernel/abi/socketcall.h"
#include "kernel/abi/errno.h"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/syscall/socket.hpp"

namespace syscall {

namespace {

struct socketcall_entry {
    const char* name;
    unsigned argument_count;
    handler run;
};

/// By the numbers of kernel/abi/socketcall.h. send and recv are sendto and recvfrom without an address: the
/// words that are not copied stay 0.
constexpr socketcall_entry socketcalls[] = {
    [0] = {nullptr, 0, nullptr},
    [SYS_SOCKET] = {"socket", 3, sys_socket},
    [SYS_BIND] = {"bind", 3, sys_bind},
    [SYS_CONNECT] = {"connect", 3, sys_connect},
    [SYS_LISTEN] = {"listen", 2, sys_listen},
    [SYS_ACCEPT] = {"accept", 3, sys_accept},
    [SYS_GETSOCKNAME] = {"getsockname", 3, sys_getsockname},
    [SYS_GETPEERNAME] = {"getpeername", 3, sys_getpeername},
    [SYS_SOCKETPAIR] = {"socketpair", 4, sys_socketpair},
    [SYS_SEND] = {"send", 4, sys_sendto},
    [SYS_RECV] = {"recv", 4, sys_recvfrom},
    [SYS_SENDTO] = {"sendto", 6, sys_sendto},
    [SYS_RECVFROM] = {"recvfrom", 6, sys_recvfrom},
    [SYS_SHUTDOWN] = {"shutdown", 2, sys_shutdown},
    [SYS_SETSOCKOPT] = {"setsockopt", 5, sys_setsockopt},
    [SYS_GETSOCKOPT] = {"getsockopt", 5, sys_getsockopt},
    [SYS_SENDMSG] = {"sendmsg", 3, sys_sendmsg},
    [SYS_RECVMSG] = {"recvmsg", 3, sys_recvmsg},
    [SYS_ACCEPT4] = {"accept4", 4, sys_accept4},
    [SYS_RECVMMSG] = {"recvmmsg", 5, sys_recvmmsg},
    [SYS_SENDMMSG] = {"sendmmsg", 4, sys_sendmmsg},
};
constexpr uint64_t socketcall_count = sizeof socketcalls / sizeof socketcalls[0];

/// index if it is below limit, else 0, without a branch that the CPU could guess wrong (Spectre, variant 1).
uint64_t confine(uint64_t index, uint64_t limit) {
    uint64_t mask;
    asm volatile("cmp %2, %1\n\tsbb %0, %0" : "=r"(mask) : "r"(index), "r"(limit) : "cc");
    return index & mask;
}

} // namespace

long sys_socketcall(const arguments& args) {
    const uint64_t call = static_cast<uint32_t>(args.as_int(0));
    if (call == 0 || call >= socketcall_count) {
        return -EINVAL;
    }
    const socketcall_entry& entry = socketcalls[confine(call, socketcall_count)];
    arguments inner = {{}, args.frame};
    const auto copied = mm::copy_from_user(inner.registers, mm::user_ptr<const void>(args[1]),
                                           entry.argument_count * sizeof inner.registers[0]);
    if (!copied.ok()) {
        return lib::as_syscall(copied);
    }
    return entry.run(inner);
}

} // namespace syscall
