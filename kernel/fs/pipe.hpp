#pragma once
// Pipes and FIFOs: 64 KiB of bytes between writers and readers. Writes of up to PIPE_BUF (4096) bytes are
// atomic; a write without readers raises SIGPIPE and fails with EPIPE.

#include "kernel/fs/file.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"
#include "kernel/mm/layout.hpp"

#include <cstdint>

namespace fs {

constexpr int pipe_capacity = 65536;

/// True for both ends of pipes and for open FIFOs.
bool is_pipe(const file& f);
/// Whether two such files are ends of one pipe.
bool is_same_pipe(const file& f, const file& other);

struct pipe_ends {
    lib::ref<file> read_end;
    lib::ref<file> write_end;
};

/// pipe2(2) without the descriptors; flags: O_NONBLOCK, O_DIRECT is ignored. Process context. ENOMEM, ENFILE.
lib::result<pipe_ends> make_pipe(uint32_t flags);

/// A part of a pipe's memory that is lent to one caller, for an io_buffer of kernel memory.
struct pipe_loan {
    io_piece pieces[pipe_capacity / mm::page_size + 1];
    size_t count = 0;

    /// Adds what lies between position and end on this page; how many bytes.
    size_t add(char* page, uint64_t position, uint64_t end);
};

/// Lends the first bytes in the pipe, at most so many; other readers wait for them. Nothing is lent when the
/// pipe is empty and has no writers. Process context, may sleep. EAGAIN (nonblocking), EINTR.
lib::result<pipe_loan> borrow_bytes(file& f, size_t most, bool nonblocking);
/// Ends the loan: the first `used` bytes are read, the others stay. Not if nothing was lent.
void return_bytes(file& f, size_t used);

/// Lends room behind the last byte, at least one byte and at most so many; other writers wait for it.
/// Process context, may sleep. EAGAIN (nonblocking), EINTR, EPIPE (no reader; SIGPIPE was sent), ENOMEM.
lib::result<pipe_loan> borrow_room(file& f, size_t most, bool nonblocking);
/// Ends the loan: its first `used` bytes have been written.
void return_room(file& f, size_t used);

/// Moves what is in one pipe to another one, as much as there is room for. 0: the first is empty and has no
/// writers. Errors as above.
lib::result<size_t> move_between_pipes(file& from, file& to, size_t most, bool nonblocking);

/// Opens a FIFO node: blocks until the other side is opened too, unless O_NONBLOCK. ENXIO, EINTR, ENOMEM.
lib::result<void> open_fifo(inode& node, file& f);

/// Frees what open_fifo attached to a node that goes away.
void destroy_fifo(inode& node);

} // namespace fs
