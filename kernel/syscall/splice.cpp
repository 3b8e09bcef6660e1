// splice: bytes from a pipe to a file or a socket, from one of these to a pipe, or between two pipes. The
// pipe's pages are the buffer: the other side reads into them or writes from them, so nothing can be lost
// when it takes or gives less than was asked for.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/socket.h"
#include "kernel/fs/pipe.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/syscall/file.hpp"
#include "kernel/syscall/file_arguments.hpp"
#include "kernel/syscall/socket.hpp"

#include <cstddef>
#include <cstdint>

namespace syscall {

namespace {

constexpr unsigned splice_flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT;

/// One side of a splice. Without an offset of the caller's it moves at the file's own, if it has one.
struct splice_end {
    lib::ref<fs::file> file;
    mm::user_ptr<int64_t> user_offset;
    int64_t offset = 0;

    bool is_pipe() const { return fs::is_pipe(*file); }

    lib::result<void> load(int fd, uint64_t offset_address) {
        file = TRY(current_files().get(fd));
        user_offset = mm::user_ptr<int64_t>(offset_address);
        return {};
    }
    lib::result<void> load_offset() {
        if (user_offset.is_null()) {
            return {};
        }
        if (is_pipe()) {
            return lib::error{ESPIPE};
        }
        offset = TRY(mm::fetch(user_offset));
        return {};
    }
    /// What read_at and write_at would say, in splice's words.
    lib::result<void> check_offset() const {
        return user_offset.is_null() || (file->ops->seekable && offset >= 0) ? lib::result<void>{}
                                                                             : lib::error{EINVAL};
    }
    lib::result<void> store_offset() const {
        return user_offset.is_null() ? lib::result<void>{} : mm::store(user_offset, offset);
    }
};

lib::result<size_t> read_from(splice_end& in, fs::io_buffer& buffer) {
    if (in.user_offset.is_null()) {
        return fs::read(*in.file, buffer);
    }
    const size_t got = TRY(fs::read_at(*in.file, buffer, static_cast<uint64_t>(in.offset)));
    in.offset += static_cast<int64_t>(got);
    return got;
}

lib::result<size_t> write_to(splice_end& out, fs::io_buffer& buffer, bool more) {
    if (more && socket_of(*out.file).ok()) {
        return send_buffer(*out.file, buffer, MSG_MORE);
    }
    if (out.user_offset.is_null()) {
        return fs::write(*out.file, buffer);
    }
    const size_t put = TRY(fs::write_at(*out.file, buffer, static_cast<uint64_t>(out.offset)));
    out.offset += static_cast<int64_t>(put);
    return put;
}

/// One read, of what fits into the pipe.
lib::result<size_t> file_to_pipe(splice_end& in, fs::file& pipe, size_t length, bool nonblocking) {
    if (in.file->node->is_directory()) {
        return lib::error{EINVAL};
    }
    TRY(in.check_offset());
    const fs::pipe_loan room = TRY(fs::borrow_room(pipe, length, nonblocking));
    fs::io_buffer buffer(room.pieces, room.count, fs::io_memory::kernel);
    auto got = read_from(in, buffer);
    fs::return_room(pipe, got.ok() ? got.value() : 0);
    return got;
}

/// One write, of what is in the pipe. 0: nothing, and no writer any more.
lib::result<size_t> write_pipe_content(fs::file& pipe, splice_end& out, size_t length, bool nonblocking,
                                       bool more) {
    const fs::pipe_loan bytes = TRY(fs::borrow_bytes(pipe, length, nonblocking));
    if (bytes.count == 0) {
        return size_t{0};
    }
    fs::io_buffer buffer(bytes.pieces, bytes.count, fs::io_memory::kernel);
    auto put = write_to(out, buffer, more);
    fs::return_bytes(pipe, put.ok() ? put.value() : 0);
    return put;
}

/// Waits for the first bytes, then moves what is there.
lib::result<size_t> pipe_to_file(fs::file& pipe, splice_end& out, size_t length, bool nonblocking,
                                 bool more) {
    TRY(out.check_offset());
    if ((out.file->status_flags() & O_APPEND) != 0) {
        return lib::error{EINVAL};
    }
    size_t moved = 0;
    while (moved < length) {
        const auto step = write_pipe_content(pipe, out, length - moved, nonblocking || moved > 0, more);
        if (!step.ok()) {
            return moved > 0 ? lib::result<size_t>(moved) : step.error();
        }
        if (step.value() == 0) {
            break;
        }
        moved += step.value();
    }
    return moved;
}

lib::result<size_t> move(splice_end& in, splice_end& out, size_t length, unsigned flags) {
    if (!in.file->readable() || !out.file->writable()) {
        return lib::error{EBADF};
    }
    const bool nonblocking = (flags & SPLICE_F_NONBLOCK) != 0;
    if (in.is_pipe() && out.is_pipe()) {
        return fs::is_same_pipe(*in.file, *out.file)
                   ? lib::error{EINVAL}
                   : fs::move_between_pipes(*in.file, *out.file, length,
                                            nonblocking || in.file->nonblocking() || out.file->nonblocking());
    }
    if (static_cast<int64_t>(length) < 0 || (!in.is_pipe() && !out.is_pipe())) {
        return lib::error{EINVAL};
    }
    // Only the pipe obeys the flag; what a socket does depends on its own O_NONBLOCK.
    return in.is_pipe() ? pipe_to_file(*in.file, out, length, nonblocking || in.file->nonblocking(),
                                       (flags & SPLICE_F_MORE) != 0)
                        : file_to_pipe(in, *out.file, length, nonblocking || out.file->nonblocking());
}

lib::result<size_t> splice(const arguments& args) {
    const size_t length = args[4];
    const auto flags = static_cast<unsigned>(args[5]);
    if (length == 0) {
        return size_t{0};
    }
    if ((flags & ~splice_flags) != 0) {
        return lib::error{EINVAL};
    }
    splice_end in;
    splice_end out;
    TRY(in.load(args.as_int(0), args[1]));
    TRY(out.load(args.as_int(2), args[3]));
    TRY(in.load_offset());
    TRY(out.load_offset());
    const size_t moved = TRY(move(in, out, length, flags));
    TRY(in.store_offset());
    TRY(out.store_offset());
    return moved;
}

} // namespace

long sys_splice(const arguments& args) {
    return lib::as_syscall(splice(args));
}

} // namespace syscall
