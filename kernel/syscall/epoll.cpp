// epoll_ctl and epoll_wait over fs/epoll.hpp.

#include "kernel/fs/epoll.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/fs/scratch.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/syscall/file.hpp"
#include "kernel/syscall/file_arguments.hpp"
#include "kernel/syscall/poll_arguments.hpp"

namespace syscall {

namespace {

lib::result<void> control(const arguments& args) {
    fs::fd_table& files = current_files();
    epoll_event event{};
    if (args.as_int(1) != EPOLL_CTL_DEL) {
        event = TRY(mm::fetch(mm::user_ptr<const epoll_event>(args[3])));
    }
    const auto epoll = TRY(files.get(args.as_int(0)));
    const auto target = TRY(files.get(args.as_int(2)));
    return fs::epoll_control(*epoll, args.as_int(1), args.as_int(2), *target, event);
}

lib::result<size_t> wait(const arguments& args) {
    constexpr size_t events_at_once = 128;
    constexpr int event_limit = INT32_MAX / sizeof(epoll_event);
    const auto epoll = TRY(current_files().get(args.as_int(0)));
    const int limit = args.as_int(2);
    if (limit <= 0 || limit > event_limit) {
        return lib::error{EINVAL};
    }
    const size_t count =
        static_cast<size_t>(limit) < events_at_once ? static_cast<size_t>(limit) : events_at_once;
    fs::scratch memory(count * sizeof(epoll_event));
    if (!memory) {
        return lib::error{ENOMEM};
    }
    auto* events = reinterpret_cast<epoll_event*>(memory.data());
    const size_t ready = TRY(fs::epoll_wait(*epoll, events, count, deadline_after_ms(args.as_int(3))));
    TRY(mm::copy_to_user(mm::user_ptr<void>(args[1]), events, ready * sizeof(epoll_event)));
    return ready;
}

lib::result<size_t> wait_with_mask(const arguments& args) {
    TRY(use_temporary_mask(args[4], args[5]));
    return wait(args);
}

} // namespace

long sys_epoll_ctl(const arguments& args) {
    return lib::as_syscall(control(args));
}
long sys_epoll_wait(const arguments& args) {
    return lib::as_syscall(wait(args));
}
long sys_epoll_pwait(const arguments& args) {
    return lib::as_syscall(wait_with_mask(args));
}

} // namespace syscall
