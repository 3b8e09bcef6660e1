// Moving bytes: read and write in their eight forms, sendfile, and the size of files.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/signal.h"
#include "kernel/fs/file.hpp"
#include "kernel/fs/path.hpp"
#include "kernel/fs/scratch.hpp"
#include "kernel/mm/layout.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/syscall/file.hpp"
#include "kernel/syscall/file_arguments.hpp"
#include "kernel/task/signal.hpp"

namespace syscall {

namespace {

using io_function = lib::result<size_t> (*)(fs::file& f, fs::io_buffer& buffer);
using io_at_function = lib::result<size_t> (*)(fs::file& f, fs::io_buffer& buffer, uint64_t offset);

lib::result<size_t> transfer(const arguments& args, io_function move) {
    const auto f = TRY(current_files().get(args.as_int(0)));
    if (static_cast<int64_t>(args[2]) < 0) {
        return lib::error{EINVAL};
    }
    fs::io_buffer buffer(reinterpret_cast<void*>(args[1]), args[2], fs::io_memory::user);
    return move(*f, buffer);
}

lib::result<size_t> transfer_vector(const arguments& args, io_function move) {
    const auto f = TRY(current_files().get(args.as_int(0)));
    iovec_argument vector;
    TRY(vector.load(args[1], args[2]));
    fs::io_buffer buffer(vector.pieces(), vector.count(), fs::io_memory::user);
    return move(*f, buffer);
}

lib::result<size_t> transfer_at(const arguments& args, io_at_function move) {
    const auto f = TRY(current_files().get(args.as_int(0)));
    if (static_cast<int64_t>(args[3]) < 0 || static_cast<int64_t>(args[2]) < 0) {
        return lib::error{EINVAL};
    }
    fs::io_buffer buffer(reinterpret_cast<void*>(args[1]), args[2], fs::io_memory::user);
    return move(*f, buffer, args[3]);
}

lib::result<size_t> transfer_vector_at(const arguments& args, io_at_function move) {
    const auto f = TRY(current_files().get(args.as_int(0)));
    if (static_cast<int64_t>(args[3]) < 0) {
        return lib::error{EINVAL};
    }
    iovec_argument vector;
    TRY(vector.load(args[1], args[2]));
    fs::io_buffer buffer(vector.pieces(), vector.count(), fs::io_memory::user);
    return move(*f, buffer, args[3]);
}

} // namespace

long sys_read(const arguments& args) {
    return lib::as_syscall(transfer(args, fs::read));
}
long sys_write(const arguments& args) {
    return lib::as_syscall(transfer(args, fs::write));
}
long sys_readv(const arguments& args) {
    return lib::as_syscall(transfer_vector(args, fs::read));
}
long sys_writev(const arguments& args) {
    return lib::as_syscall(transfer_vector(args, fs::write));
}
long sys_pread64(const arguments& args) {
    return lib::as_syscall(transfer_at(args, fs::read_at));
}
long sys_pwrite64(const arguments& args) {
    return lib::as_syscall(transfer_at(args, fs::write_at));
}
long sys_preadv(const arguments& args) {
    return lib::as_syscall(transfer_vector_at(args, fs::read_at));
}
long sys_pwritev(const arguments& args) {
    return lib::as_syscall(transfer_vector_at(args, fs::write_at));
}

long sys_lseek(const arguments& args) {
    const auto f = current_files().get(args.as_int(0));
    if (!f.ok()) {
        return -f.error().number;
    }
    return lib::as_syscall(fs::seek(*f.value(), static_cast<int64_t>(args[1]), args.as_int(2)));
}

namespace {

constexpr size_t sendfile_step = 4 * mm::page_size;

/// Moves one piece from in (at the offset) to out; 0 at the end of the file.
lib::result<size_t> send_piece(fs::file& out, fs::file& in, uint64_t offset, fs::scratch& piece,
                               size_t length) {
    const size_t got = TRY(fs::read_kernel(in, piece.data(), length, offset));
    if (got == 0) {
        return size_t{0};
    }
    fs::io_buffer data(piece.data(), got, fs::io_memory::kernel);
    return fs::write(out, data);
}

lib::result<size_t> send_file(fs::file& out, fs::file& in, uint64_t& offset, size_t count) {
    fs::scratch piece(sendfile_step);
    if (!piece) {
        return lib::error{ENOMEM};
    }
    size_t sent = 0;
    while (sent < count) {
        const size_t step = count - sent < piece.size() ? count - sent : piece.size();
        const auto moved = send_piece(out, in, offset, piece, step);
        if (!moved.ok()) {
            return sent > 0 ? lib::result<size_t>(sent) : moved.error();
        }
        offset += moved.value();
        sent += moved.value();
        if (moved.value() < step || task::signal_pending()) {
            break;
        }
    }
    return sent;
}

uint64_t position_of(fs::file& f) {
    task::mutex_guard guard(f.position_lock);
    return f.offset;
}

lib::result<size_t> sendfile(const arguments& args) {
    const auto out = TRY(current_files().get(args.as_int(0)));
    const auto in = TRY(current_files().get(args.as_int(1)));
    if (!in->readable() || !out->writable()) {
        return lib::error{EBADF};
    }
    if (!in->ops->seekable || in->node->is_directory()) {
        return lib::error{EINVAL};
    }
    const size_t count = args[3] < fs::io_length_limit ? args[3] : fs::io_length_limit;
    const mm::user_ptr<int64_t> where(args[2]);
    if (where.is_null()) {
        // The lock is not held while sending, which may sleep for long or take the other file's lock.
        uint64_t offset = position_of(*in);
        const size_t sent = TRY(send_file(*out, *in, offset, count));
        task::mutex_guard guard(in->position_lock);
        in->offset = offset;
        return sent;
    }
    const int64_t start = TRY(mm::fetch(where));
    if (start < 0) {
        return lib::error{EINVAL};
    }
    auto offset = static_cast<uint64_t>(start);
    const size_t sent = TRY(send_file(*out, *in, offset, count));
    TRY(mm::store(where, static_cast<int64_t>(offset)));
    return sent;
}

lib::result<void> resize(fs::inode& node, uint64_t length) {
    if (node.is_directory()) {
        return lib::error{EISDIR};
    }
    if (node.ops->truncate == nullptr || static_cast<int64_t>(length) < 0) {
        return lib::error{EINVAL};
    }
    task::mutex_guard guard(node.lock);
    return node.ops->truncate(node, length);
}

lib::result<void> truncate(const arguments& args) {
    path_argument path;
    TRY(path.load(AT_FDCWD, args[0]));
    const auto entry = TRY(fs::walk(path.start(), path.text()));
    TRY(fs::check_access(*entry->node, fs::may_write));
    return resize(*entry->node, args[1]);
}

lib::result<void> ftruncate(const arguments& args) {
    const auto f = TRY(current_files().get(args.as_int(0)));
    if (!f->writable()) {
        return lib::error{f->path_only() ? EBADF : EINVAL};
    }
    return resize(*f->node, args[1]);
}

/// Plain preallocation: what matters to programs is that the file is that long afterwards.
lib::result<void> fallocate(const arguments& args) {
    const auto f = TRY(current_files().get(args.as_int(0)));
    const int mode = args.as_int(1);
    uint64_t end = 0;
    if (static_cast<int64_t>(args[2]) < 0 || static_cast<int64_t>(args[3]) <= 0) {
        return lib::error{EINVAL};
    }
    if (__builtin_add_overflow(args[2], args[3], &end) || static_cast<int64_t>(end) < 0) {
        return lib::error{EFBIG};
    }
    if (!f->writable()) {
        return lib::error{EBADF};
    }
    if ((mode & ~FALLOC_FL_KEEP_SIZE) != 0) {
        return lib::error{EOPNOTSUPP};
    }
    if (f->node->ops->truncate == nullptr) {
        return lib::error{f->ops->seekable ? ENODEV : ESPIPE};
    }
    if ((mode & FALLOC_FL_KEEP_SIZE) != 0) {
        return {};
    }
    task::mutex_guard guard(f->node->lock);
    return end > f->node->size ? f->node->ops->truncate(*f->node, end) : lib::result<void>{};
}

/// All files are in memory: what was written is as durable as it will get.
lib::result<void> check_descriptor(const arguments& args) {
    const auto f = TRY(current_files().get(args.as_int(0)));
    return f->ops->seekable || f->node->is_directory() ? lib::result<void>{} : lib::error{EINVAL};
}

} // namespace

long sys_sendfile(const arguments& args) {
    return lib::as_syscall(sendfile(args));
}
long sys_truncate(const arguments& args) {
    return lib::as_syscall(truncate(args));
}
long sys_ftruncate(const arguments& args) {
    return lib::as_syscall(ftruncate(args));
}
long sys_fallocate(const arguments& args) {
    return lib::as_syscall(fallocate(args));
}
long sys_fsync(const arguments& args) {
    return lib::as_syscall(check_descriptor(args));
}
long sys_fdatasync(const arguments& args) {
    return lib::as_syscall(check_descriptor(args));
}
long sys_syncfs(const arguments& args) {
    return lib::as_syscall(check_descriptor(args));
}
long sys_fadvise64(const arguments& args) {
    return lib::as_syscall(check_descriptor(args));
}
long sys_sync(const arguments&) {
    return 0;
}

} // namespace syscall
