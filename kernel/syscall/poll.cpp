// poll, ppoll, select and pselect6: four shapes of one question (fs/poll.hpp). select's bit sets become an
// array of pollfd and come back as bit sets.

#include "kernel/fs/poll.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/arch/clock.hpp"
#include "kernel/fs/fd_table.hpp"
#include "kernel/fs/scratch.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/syscall/file.hpp"
#include "kernel/syscall/poll_arguments.hpp"
#include "kernel/task/signal.hpp"
#include "kernel/task/timer.hpp"

namespace syscall {

namespace {

constexpr uint64_t ns_per_second = 1'000'000'000;

uint64_t after(uint64_t duration_ns) {
    const uint64_t now = arch::clock_now_ns();
    return duration_ns > task::never - 1 - now ? task::never : now + duration_ns;
}

/// seconds and a fraction, as a deadline. EINVAL for negative or overlong ones.
lib::result<uint64_t> deadline_of(int64_t seconds, int64_t fraction, int64_t per_second) {
    if (seconds < 0 || fraction < 0 || fraction >= per_second) {
        return lib::error{EINVAL};
    }
    constexpr int64_t longest = 1'000'000'000; // 31 years
    if (seconds > longest) {
        return task::never;
    }
    const auto fraction_ns =
        static_cast<uint64_t>(fraction) * (ns_per_second / static_cast<uint64_t>(per_second));
    return after(static_cast<uint64_t>(seconds) * ns_per_second + fraction_ns);
}

lib::result<uint64_t> fetch_timespec_deadline(uint64_t address) {
    if (address == 0) {
        return task::never;
    }
    const timespec timeout = TRY(mm::fetch(mm::user_ptr<const timespec>(address)));
    return deadline_of(timeout.tv_sec, timeout.tv_nsec, 1'000'000'000);
}

/// As Linux, tells the program what is left of its timeout. It need not be writable.
void store_remaining(uint64_t address, uint64_t deadline_ns, int64_t per_second) {
    if (address == 0 || deadline_ns == task::never) {
        return;
    }
    const uint64_t now = arch::clock_now_ns();
    const uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
    const auto fraction =
        static_cast<int64_t>(left % ns_per_second / (ns_per_second / static_cast<uint64_t>(per_second)));
    const int64_t pair[2] = {static_cast<int64_t>(left / ns_per_second), fraction};
    (void)mm::copy_to_user(mm::user_ptr<void>(address), pair, sizeof pair);
}

lib::result<size_t> poll_user_array(uint64_t address, uint64_t count, uint64_t deadline_ns) {
    if (count > fs::fd_limit) {
        return lib::error{EINVAL};
    }
    pollfd few[16];
    const size_t bytes = count * sizeof(pollfd);
    fs::scratch many(count > 16 ? bytes : 1);
    if (!many) {
        return lib::error{ENOMEM};
    }
    pollfd* descriptors = count > 16 ? reinterpret_cast<pollfd*>(many.data()) : few;
    TRY(mm::copy_from_user(descriptors, mm::user_ptr<const void>(address), bytes));
    const size_t ready = TRY(fs::poll_descriptors(descriptors, count, deadline_ns));
    TRY(mm::copy_to_user(mm::user_ptr<void>(address), descriptors, bytes));
    return ready;
}

lib::result<size_t> poll(const arguments& args) {
    return poll_user_array(args[0], args.as_u32(1), deadline_after_ms(args.as_int(2)));
}

lib::result<size_t> ppoll(const arguments& args) {
    const uint64_t deadline_ns = TRY(fetch_timespec_deadline(args[2]));
    TRY(use_temporary_mask(args[3], args[4]));
    const auto ready = poll_user_array(args[0], args.as_u32(1), deadline_ns);
    store_remaining(args[2], deadline_ns, 1'000'000'000);
    return ready.ok() ? lib::result<size_t>(ready.value()) : ready.error();
}

// ---- select ----------------------------------------------------------------------------------------------

constexpr size_t set_words = fs::fd_limit / 64;

struct select_sets {
    uint64_t words[3][set_words] = {}; ///< Read, write, exceptional.

    bool has(int set, int fd) const { return (words[set][fd / 64] >> (fd % 64) & 1) != 0; }
    void put(int set, int fd) { words[set][fd / 64] |= uint64_t{1} << (fd % 64); }
};

constexpr short wanted_events[3] = {POLLIN | POLLRDNORM | POLLRDBAND, POLLOUT | POLLWRNORM | POLLWRBAND,
                                    POLLPRI};
/// What counts as readable, writable, exceptional.
constexpr short matching_events[3] = {POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR,
                                      POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR, POLLPRI};

lib::result<void> fetch_sets(select_sets& sets, const arguments& args, int count) {
    const size_t bytes = (static_cast<size_t>(count) + 63) / 64 * 8;
    for (unsigned i = 0; i < 3; i++) {
        if (args[i + 1] != 0) {
            TRY(mm::copy_from_user(sets.words[i], mm::user_ptr<const void>(args[i + 1]), bytes));
        }
    }
    return {};
}

lib::result<void> store_sets(const select_sets& sets, const arguments& args, int count) {
    const size_t bytes = (static_cast<size_t>(count) + 63) / 64 * 8;
    for (unsigned i = 0; i < 3; i++) {
        if (args[i + 1] != 0) {
            TRY(mm::copy_to_user(mm::user_ptr<void>(args[i + 1]), sets.words[i], bytes));
        }
    }
    return {};
}

/// Makes one pollfd for each descriptor that is in any set; returns their number.
size_t to_descriptors(const select_sets& sets, int count, pollfd* descriptors) {
    size_t used = 0;
    for (int fd = 0; fd < count; fd++) {
        short events = 0;
        for (int set = 0; set < 3; set++) {
            events = static_cast<short>(events | (sets.has(set, fd) ? wanted_events[set] : 0));
        }
        if (events != 0) {
            descriptors[used++] = {fd, events, 0};
        }
    }
    return used;
}

/// The bits of the answer, and their number. EBADF if a descriptor was not open.
lib::result<size_t> to_sets(const pollfd* descriptors, size_t used, const select_sets& asked,
                            select_sets& answer) {
    size_t bits = 0;
    for (size_t i = 0; i < used; i++) {
        const pollfd& one = descriptors[i];
        if ((one.revents & POLLNVAL) != 0) {
            return lib::error{EBADF};
        }
        for (int set = 0; set < 3; set++) {
            if (asked.has(set, one.fd) && (one.revents & matching_events[set]) != 0) {
                answer.put(set, one.fd);
                bits++;
            }
        }
    }
    return bits;
}

lib::result<size_t> select_until(const arguments& args, uint64_t deadline_ns) {
    int count = args.as_int(0);
    if (count < 0) {
        return lib::error{EINVAL};
    }
    count = count < fs::fd_limit ? count : fs::fd_limit;
    select_sets asked;
    TRY(fetch_sets(asked, args, count));
    fs::scratch memory((static_cast<size_t>(count) + 1) * sizeof(pollfd));
    if (!memory) {
        return lib::error{ENOMEM};
    }
    auto* descriptors = reinterpret_cast<pollfd*>(memory.data());
    const size_t used = to_descriptors(asked, count, descriptors);
    TRY(fs::poll_descriptors(descriptors, used, deadline_ns));
    select_sets answer;
    const size_t bits = TRY(to_sets(descriptors, used, asked, answer));
    TRY(store_sets(answer, args, count));
    return bits;
}

lib::result<size_t> select(const arguments& args) {
    uint64_t deadline_ns = task::never;
    if (args[4] != 0) {
        const timeval timeout = TRY(mm::fetch(mm::user_ptr<const timeval>(args[4])));
        // Microseconds beyond a second are allowed here.
        int64_t seconds = 0;
        if (__builtin_add_overflow(timeout.tv_sec, timeout.tv_usec / 1'000'000, &seconds)) {
            seconds = timeout.tv_sec < 0 ? INT64_MIN : INT64_MAX;
        }
        deadline_ns = TRY(deadline_of(seconds, timeout.tv_usec % 1'000'000, 1'000'000));
    }
    const auto bits = select_until(args, deadline_ns);
    store_remaining(args[4], deadline_ns, 1'000'000);
    return bits.ok() ? lib::result<size_t>(bits.value()) : bits.error();
}

lib::result<size_t> pselect6(const arguments& args) {
    const uint64_t deadline_ns = TRY(fetch_timespec_deadline(args[4]));
    if (args[5] != 0) { // A seventh argument in disguise: the mask's address and size.
        uint64_t mask[2];
        TRY(mm::copy_from_user(mask, mm::user_ptr<const void>(args[5]), sizeof mask));
        TRY(use_temporary_mask(mask[0], mask[1]));
    }
    const auto bits = select_until(args, deadline_ns);
    store_remaining(args[4], deadline_ns, 1'000'000'000);
    return bits.ok() ? lib::result<size_t>(bits.value()) : bits.error();
}

} // namespace

lib::result<void> use_temporary_mask(uint64_t address, uint64_t size_bytes) {
    if (address == 0) {
        return {};
    }
    if (size_bytes != sizeof(task::signal_set)) {
        return lib::error{EINVAL};
    }
    task::set_temporary_mask(TRY(mm::fetch(mm::user_ptr<const task::signal_set>(address))));
    return {};
}

uint64_t deadline_after_ms(int timeout_ms) {
    return timeout_ms < 0 ? task::never : after(static_cast<uint64_t>(timeout_ms) * 1'000'000);
}

long sys_poll(const arguments& args) {
    return lib::as_syscall(poll(args));
}
long sys_ppoll(const arguments& args) {
    return lib::as_syscall(ppoll(args));
}
long sys_select(const arguments& args) {
    return lib::as_syscall(select(args));
}
long sys_pselect6(const arguments& args) {
    return lib::as_syscall(pselect6(args));
}

} // namespace syscall
