// Getting descriptors and giving them back.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/fs/epoll.hpp"
#include "kernel/fs/eventfd.hpp"
#include "kernel/fs/path.hpp"
#include "kernel/fs/pipe.hpp"
#include "kernel/fs/ramfs.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/syscall/file.hpp"
#include "kernel/syscall/file_arguments.hpp"

namespace syscall {

namespace {

fs::fd_flags fd_flags_of(uint32_t flags) {
    return (flags & O_CLOEXEC) != 0 ? fs::fd_flags::close_on_exec : fs::fd_flags::none;
}

lib::result<int> open_at(int dirfd, uint64_t address, uint32_t flags, uint32_t mode) {
    path_argument path;
    TRY(path.load(dirfd, address));
    auto f = TRY(fs::open(path.start(), path.text(), flags, mode & 07777));
    return current_files().install(std::move(f), fd_flags_of(flags));
}

lib::result<void> close_range(const arguments& args) {
    constexpr uint32_t cloexec_instead = 4;
    const uint32_t first = args.as_u32(0);
    const uint32_t last = args.as_u32(1) < fs::fd_limit ? args.as_u32(1) : fs::fd_limit - 1;
    if (args.as_u32(0) > args.as_u32(1) || (args.as_u32(2) & ~cloexec_instead) != 0) {
        return lib::error{EINVAL};
    }
    fs::fd_table& files = current_files();
    if (first >= fs::fd_limit) {
        return {};
    }
    if ((args.as_u32(2) & cloexec_instead) == 0) {
        files.close_range(first, last);
        return {};
    }
    for (int fd = files.next_used(static_cast<int>(first)); fd >= 0 && fd <= static_cast<int>(last);
         fd = files.next_used(fd + 1)) {
        (void)files.set_flags(fd, fs::fd_flags::close_on_exec);
    }
    return {};
}

lib::result<void> make_pipe(uint64_t address, uint32_t flags) {
    if ((flags & ~static_cast<uint32_t>(O_CLOEXEC | O_NONBLOCK | O_DIRECT)) != 0) {
        return lib::error{EINVAL};
    }
    fs::pipe_ends ends = TRY(fs::make_pipe(flags & O_NONBLOCK));
    fs::fd_table& files = current_files();
    int fds[2];
    fds[0] = TRY(files.install(std::move(ends.read_end), fd_flags_of(flags)));
    const auto second = files.install(std::move(ends.write_end), fd_flags_of(flags));
    if (!second.ok()) {
        (void)files.close(fds[0]);
        return second.error();
    }
    fds[1] = second.value();
    const auto copied = mm::copy_to_user(mm::user_ptr<void>(address), fds, sizeof fds);
    if (!copied.ok()) {
        (void)files.close(fds[0]);
        (void)files.close(fds[1]);
    }
    return copied;
}

lib::result<int> memfd_create(const arguments& args) {
    constexpr uint32_t close_on_exec = 1;
    constexpr uint32_t allow_sealing = 2;
    char name[250];
    if ((args.as_u32(1) & ~(close_on_exec | allow_sealing)) != 0) {
        return lib::error{EINVAL};
    }
    const auto length = mm::copy_string_from_user(name, mm::user_ptr<const char>(args[0]), sizeof name);
    if (!length.ok()) {
        return lib::error{length.error().number == ENAMETOOLONG ? EINVAL : length.error().number};
    }
    auto node = TRY(fs::new_unnamed_file(0777));
    auto entry = TRY(fs::new_dentry(std::move(node), nullptr, {name, length.value()}));
    auto f = TRY(fs::open_entry(std::move(entry), O_RDWR));
    return current_files().install(std::move(f), (args.as_u32(1) & close_on_exec) != 0
                                                     ? fs::fd_flags::close_on_exec
                                                     : fs::fd_flags::none);
}

lib::result<int> epoll_create(uint32_t flags) {
    if ((flags & ~static_cast<uint32_t>(EPOLL_CLOEXEC)) != 0) {
        return lib::error{EINVAL};
    }
    return current_files().install(TRY(fs::make_epoll()), fd_flags_of(flags));
}

lib::result<int> eventfd(uint32_t count, uint32_t flags) {
    if ((flags & ~static_cast<uint32_t>(EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE)) != 0) {
        return lib::error{EINVAL};
    }
    return current_files().install(TRY(fs::make_eventfd(count, flags)), fd_flags_of(flags));
}

} // namespace

long sys_open(const arguments& args) {
    return lib::as_syscall(open_at(AT_FDCWD, args[0], args.as_u32(1), args.as_u32(2)));
}
long sys_openat(const arguments& args) {
    return lib::as_syscall(open_at(args.as_int(0), args[1], args.as_u32(2), args.as_u32(3)));
}
long sys_creat(const arguments& args) {
    return lib::as_syscall(open_at(AT_FDCWD, args[0], O_CREAT | O_WRONLY | O_TRUNC, args.as_u32(1)));
}
long sys_close(const arguments& args) {
    return lib::as_syscall(current_files().close(args.as_int(0)));
}
long sys_close_range(const arguments& args) {
    return lib::as_syscall(close_range(args));
}
long sys_pipe(const arguments& args) {
    return lib::as_syscall(make_pipe(args[0], 0));
}
long sys_pipe2(const arguments& args) {
    return lib::as_syscall(make_pipe(args[0], args.as_u32(1)));
}
long sys_memfd_create(const arguments& args) {
    return lib::as_syscall(memfd_create(args));
}
long sys_epoll_create(const arguments& args) {
    return args.as_int(0) <= 0 ? -EINVAL : lib::as_syscall(epoll_create(0));
}
long sys_epoll_create1(const arguments& args) {
    return lib::as_syscall(epoll_create(args.as_u32(0)));
}
long sys_eventfd(const arguments& args) {
    return lib::as_syscall(eventfd(args.as_u32(0), 0));
}
long sys_eventfd2(const arguments& args) {
    return lib::as_syscall(eventfd(args.as_u32(0), args.as_u32(1)));
}

} // namespace syscall
