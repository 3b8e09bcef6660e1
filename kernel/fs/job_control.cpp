// Terminals and sessions (POSIX.1-2017 11.1.2 to 11.1.4): at most one session has a terminal as its
// controlling terminal, and one of its process groups is in the foreground: it may read, and gets the
// signals of the keyboard. One spinlock guards both directions, tty::session and session::terminal.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/signal.h"
#include "kernel/abi/termios.h"
#include "kernel/fs/tty_internal.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/task/files_hook.hpp"
#include "kernel/task/signal.hpp"

namespace fs {

namespace {

arch::spinlock sessions_lock{lib::lock_rank::device};

struct identity {
    lib::ref<task::session> session;
    int group;
    bool leads_session;
};

identity caller() {
    const task::process& self = task::current_process();
    arch::spin_guard guard(task::process_table_lock);
    return {self.session, self.group_id, self.session && self.session->id == self.id};
}

bool is_controlling(tty& terminal, const identity& who) {
    arch::spin_guard guard(sessions_lock);
    return who.session && terminal.session == who.session;
}

/// Ties a session without terminal and a terminal without session together.
lib::result<void> acquire(tty& terminal, const identity& who) {
    arch::spin_guard guard(sessions_lock);
    if (terminal.session == who.session) {
        return {};
    }
    if (terminal.session || who.session->terminal != nullptr) {
        return lib::error{EPERM};
    }
    terminal.session = who.session;
    terminal.foreground_group = who.group;
    who.session->terminal = &terminal;
    return {};
}

/// Takes the terminal from whoever has it; returns the group that was in the foreground, or 0.
int detach(tty& terminal, lib::ref<task::session>& gone) {
    arch::spin_guard guard(sessions_lock);
    gone = std::move(terminal.session);
    if (gone) {
        gone->terminal = nullptr;
    }
    return std::exchange(terminal.foreground_group, 0);
}

void hang_up_group(int group) {
    if (group > 0) {
        (void)task::send_signal_to_group(group, SIGHUP);
        (void)task::send_signal_to_group(group, SIGCONT);
    }
}

lib::result<long> set_controlling(tty& terminal, uint64_t may_steal) {
    const identity who = caller();
    if (!who.leads_session) {
        return lib::error{EPERM};
    }
    auto acquired = acquire(terminal, who);
    if (!acquired.ok() && may_steal == 1 && task::current_credentials().is_root() &&
        who.session->terminal == nullptr) {
        lib::ref<task::session> robbed;
        (void)detach(terminal, robbed);
        acquired = acquire(terminal, who);
    }
    return acquired.ok() ? lib::result<long>(0L) : acquired.error();
}

lib::result<long> give_up_controlling(tty& terminal) {
    const identity who = caller();
    if (!is_controlling(terminal, who)) {
        return lib::error{ENOTTY};
    }
    if (who.leads_session) {
        lib::ref<task::session> gone;
        hang_up_group(detach(terminal, gone));
    }
    return 0L;
}

lib::result<long> set_foreground(tty& terminal, uint64_t address) {
    const int group = TRY(mm::fetch(mm::user_ptr<const int>(address)));
    const identity who = caller();
    if (!is_controlling(terminal, who)) {
        return lib::error{ENOTTY};
    }
    if (group <= 0) {
        return lib::error{EINVAL};
    }
    TRY(check_foreground(terminal, SIGTTOU));
    if (!task::group_in_session(group, *who.session)) {
        return lib::error{EPERM};
    }
    arch::spin_guard guard(sessions_lock);
    terminal.foreground_group = group;
    return 0L;
}

lib::result<long> tell(uint64_t address, int value) {
    TRY(mm::store(mm::user_ptr<int>(address), value));
    return 0L;
}

lib::result<long> tell_foreground(tty& terminal, uint64_t address) {
    if (!is_controlling(terminal, caller())) {
        return lib::error{ENOTTY};
    }
    int group = 0;
    {
        arch::spin_guard guard(sessions_lock);
        group = terminal.foreground_group;
    }
    return tell(address, group);
}

} // namespace

void signal_foreground(tty& terminal, int number) {
    int group = 0;
    {
        arch::spin_guard guard(sessions_lock);
        group = terminal.foreground_group;
    }
    if (group > 0) {
        (void)task::send_signal_to_group(group, number);
    }
}

lib::result<void> check_foreground(tty& terminal, int number) {
    const identity who = caller();
    {
        arch::spin_guard guard(sessions_lock);
        if (!who.session || terminal.session != who.session || terminal.foreground_group == who.group ||
            terminal.foreground_group == 0) {
            return {};
        }
    }
    if (task::signal_ignored_or_blocked(number)) {
        return number == SIGTTIN ? lib::error{EIO} : lib::result<void>{};
    }
    if (task::group_is_orphaned(who.group)) {
        return lib::error{EIO};
    }
    (void)task::send_signal_to_group(who.group, number);
    return lib::error{EINTR};
}

void acquire_by_open(tty& terminal, uint32_t open_flags) {
    const identity who = caller();
    if ((open_flags & O_NOCTTY) == 0 && who.leads_session) {
        (void)acquire(terminal, who); // Somebody else's terminal is simply not acquired.
    }
}

lib::result<tty*> terminal_of_caller() {
    const identity who = caller();
    arch::spin_guard guard(sessions_lock);
    if (!who.session || who.session->terminal == nullptr) {
        return lib::error{ENXIO};
    }
    return who.session->terminal;
}

tty_identity controlling_terminal(const task::session& of) {
    arch::spin_guard guard(sessions_lock);
    if (of.terminal == nullptr) {
        return {0, -1};
    }
    return {of.terminal->rdev, of.terminal->foreground_group};
}

void session_leader_exited(task::session& gone) {
    tty* terminal = nullptr;
    {
        arch::spin_guard guard(sessions_lock);
        terminal = gone.terminal;
    }
    if (terminal != nullptr) {
        lib::ref<task::session> session;
        hang_up_group(detach(*terminal, session));
    }
}

void tty_hang_up(tty& terminal) {
    {
        arch::spin_guard guard(terminal.lock);
        terminal.hung_up = true;
    }
    lib::ref<task::session> gone;
    hang_up_group(detach(terminal, gone));
    terminal.readable.wake_all();
    terminal.writable.wake_all();
}

lib::result<long> control_job(tty& terminal, uint32_t request, uint64_t argument) {
    switch (request) {
    case TIOCSCTTY:
        return set_controlling(terminal, argument);
    case TIOCNOTTY:
        return give_up_controlling(terminal);
    case TIOCSPGRP:
        return set_foreground(terminal, argument);
    case TIOCGPGRP:
        return tell_foreground(terminal, argument);
    case TIOCGSID: {
        const identity who = caller();
        return is_controlling(terminal, who) ? tell(argument, who.session->id) : lib::error{ENOTTY};
    }
    default:
        return lib::error{ENOTTY};
    }
}

} // namespace fs
