#pragma once
/* Signals as bytes of a descriptor. */

#include <kernel/abi/files.h>
#include <kernel/abi/signal.h>
#include <sys/cdefs.h>

#define SFD_NONBLOCK O_NONBLOCK
#define SFD_CLOEXEC O_CLOEXEC

struct signalfd_siginfo {
    uint32_t ssi_signo;
    int32_t ssi_errno;
    int32_t ssi_code;
    uint32_t ssi_pid;
    uint32_t ssi_uid;
    int32_t ssi_fd;
    uint32_t ssi_tid;
    uint32_t ssi_band;
    uint32_t ssi_overrun;
    uint32_t ssi_trapno;
    int32_t ssi_status;
    int32_t ssi_int;
    uint64_t ssi_ptr;
    uint64_t ssi_utime;
    uint64_t ssi_stime;
    uint64_t ssi_addr;
    uint8_t ssi_padding[48];
};

__BEGIN_DECLS

/// A descriptor (a new one for -1) that delivers the signals of a set, which must be blocked.
int signalfd(int fd, const sigset_t* set, int flags);

__END_DECLS
