#pragma once
// Pipes and FIFOs: 64 KiB of bytes between writers and readers. Writes of up to PIPE_BUF (4096) bytes are
// atomic; a write without readers raises SIGPIPE and fails with EPIPE.

#include "kernel/fs/file.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"

#include <cstdint>

namespace fs {

constexpr int pipe_capacity = 65536;

/// True for both ends of pipes and for open FIFOs.
bool is_pipe(const file& f);

struct pipe_ends {
    lib::ref<file> read_end;
    lib::ref<file> write_end;
};

/// pipe2(2) without the descriptors; flags: O_NONBLOCK, O_DIRECT is ignored. Process context. ENOMEM, ENFILE.
lib::result<pipe_ends> make_pipe(uint32_t flags);

/// Opens a FIFO node: blocks until the other side is opened too, unless O_NONBLOCK. ENXIO, EINTR, ENOMEM.
lib::result<void> open_fifo(inode& node, file& f);

/// Frees what open_fifo attached to a node that goes away.
void destroy_fifo(inode& node);

} // namespace fs
