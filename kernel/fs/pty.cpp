// Pseudo-terminals. What a program writes to the terminal goes through its line discipline into a ring that
// the master reads; what the master writes is "typed".
//
//     master write --tty_receive--> [line discipline] --read--> program
//     master read  <----- ring <--- [line discipline] <-write-- program
//
// A pair is allocated when its number is first used and kept for the next who gets the number: sessions may
// point at its terminal for as long as they like. It is free again when both sides are closed.

#include "kernel/fs/pty.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/termios.h"
#include "kernel/arch/spinlock.hpp"
#include "kernel/fs/devfs.hpp"
#include "kernel/fs/file.hpp"
#include "kernel/fs/tty.hpp"
#include "kernel/lib/format.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/task/mutex.hpp"
#include "kernel/task/wait_queue.hpp"

namespace fs {

namespace {

constexpr int pair_limit = 32;
constexpr uint32_t ring_bytes = 4096;
constexpr size_t piece_bytes = 256;

struct pty {
    explicit pty(int its_number) : number(its_number) {}

    const int number;
    tty* terminal = nullptr;
    task::wait_queue output; ///< The ring has bytes, or the last program has closed the terminal.

    // Guarded by pairs_lock.
    bool in_use = false;
    bool master_open = false;
    bool locked = true; ///< The terminal cannot be opened before unlockpt().
    int opens = 0;      ///< Of the terminal.

    /// Leaf: taken with the terminal's lock held.
    arch::spinlock ring_lock{lib::lock_rank::console};
    // Guarded by ring_lock.
    bool was_opened = false;
    bool has_programs = false;
    uint32_t head = 0;
    uint32_t tail = 0;
    char ring[ring_bytes];
};

task::mutex pairs_lock{lib::lock_rank::pty};
pty* pairs[pair_limit]; ///< Guarded by pairs_lock.

pty& pair_of(tty& terminal) {
    return *static_cast<pty*>(tty_port(terminal));
}

pty& pair_of(file& f) {
    return *static_cast<pty*>(f.private_data);
}

// ---- the terminal's device -------------------------------------------------------------------------------

void take_output(tty& terminal, const char* bytes, size_t length) {
    pty& pair = pair_of(terminal);
    {
        arch::spin_guard guard(pair.ring_lock);
        for (size_t i = 0; i < length && pair.head - pair.tail < ring_bytes; i++) {
            pair.ring[pair.head++ % ring_bytes] = bytes[i];
        }
    }
    pair.output.wake_all();
}

size_t output_room(tty& terminal) {
    pty& pair = pair_of(terminal);
    arch::spin_guard guard(pair.ring_lock);
    return ring_bytes - (pair.head - pair.tail);
}

void note_programs(pty& pair, bool present) {
    {
        arch::spin_guard guard(pair.ring_lock);
        pair.has_programs = present;
        pair.was_opened = pair.was_opened || present;
    }
    pair.output.wake_all();
}

/// Gives the number back if both sides are closed. pairs_lock held.
void release_if_unused_locked(pty& pair) {
    if (!pair.master_open && pair.opens == 0) {
        pair.in_use = false;
    }
}

lib::result<void> terminal_opened(tty& terminal) {
    pty& pair = pair_of(terminal);
    task::mutex_guard guard(pairs_lock);
    if (!pair.master_open || pair.locked) {
        return lib::error{EIO};
    }
    if (pair.opens++ == 0) {
        note_programs(pair, true);
    }
    return {};
}

void terminal_closed(tty& terminal) {
    pty& pair = pair_of(terminal);
    task::mutex_guard guard(pairs_lock);
    if (--pair.opens == 0) {
        note_programs(pair, false);
        release_if_unused_locked(pair);
    }
}

constexpr tty_driver pty_driver = {
    .name = "pty",
    .write = take_output,
    .room = output_room,
    .opened = terminal_opened,
    .closed = terminal_closed,
};

// ---- the master ------------------------------------------------------------------------------------------

bool output_waits(pty& pair) {
    arch::spin_guard guard(pair.ring_lock);
    return pair.head != pair.tail || (pair.was_opened && !pair.has_programs);
}

lib::result<size_t> read_master(file& f, io_buffer& buffer, uint64_t&) {
    pty& pair = pair_of(f);
    if (buffer.remaining() == 0) {
        return size_t{0};
    }
    if (f.nonblocking() && !output_waits(pair)) {
        return lib::error{EAGAIN};
    }
    TRY(pair.output.wait([&] { return output_waits(pair); }));
    char piece[piece_bytes];
    size_t length = 0;
    do {
        const size_t limit = buffer.remaining() < piece_bytes ? buffer.remaining() : piece_bytes;
        {
            arch::spin_guard guard(pair.ring_lock);
            for (length = 0; length < limit && pair.tail != pair.head; length++) {
                piece[length] = pair.ring[pair.tail++ % ring_bytes];
            }
        }
        TRY(buffer.copy_out(piece, length));
    } while (length == piece_bytes && buffer.remaining() > 0);
    tty_wake_writers(*pair.terminal);
    return buffer.done() > 0 ? lib::result<size_t>(buffer.done()) : lib::error{EIO};
}

lib::result<size_t> write_master(file& f, io_buffer& buffer, uint64_t&) {
    tty& terminal = *pair_of(f).terminal;
    char piece[piece_bytes];
    while (buffer.remaining() > 0) {
        size_t length = tty_input_room(terminal);
        if (length == 0) {
            if (buffer.done() > 0) {
                break;
            }
            if (f.nonblocking()) {
                return lib::error{EAGAIN};
            }
            TRY(tty_changes(terminal).wait([&] { return tty_input_room(terminal) > 0; }));
            continue;
        }
        length = length < piece_bytes ? length : piece_bytes;
        length = length < buffer.remaining() ? length : buffer.remaining();
        TRY(buffer.copy_in(piece, length));
        tty_receive(terminal, piece, length);
    }
    return buffer.done();
}

short poll_master(file& f, poll_table* table) {
    pty& pair = pair_of(f);
    if (table != nullptr) {
        table->add(pair.output);
        table->add(tty_changes(*pair.terminal));
    }
    int ready = tty_input_room(*pair.terminal) > 0 ? POLLOUT | POLLWRNORM : 0;
    arch::spin_guard guard(pair.ring_lock);
    ready |= pair.head != pair.tail ? POLLIN | POLLRDNORM : 0;
    ready |= pair.was_opened && !pair.has_programs ? POLLHUP : 0;
    return static_cast<short>(ready);
}

lib::result<long> tell_waiting(pty& pair, uint64_t argument) {
    int waiting = 0;
    {
        arch::spin_guard guard(pair.ring_lock);
        waiting = static_cast<int>(pair.head - pair.tail);
    }
    TRY(mm::store(mm::user_ptr<int>(argument), waiting));
    return 0L;
}

lib::result<long> set_locked(pty& pair, uint64_t argument) {
    const int locked = TRY(mm::fetch(mm::user_ptr<const int>(argument)));
    task::mutex_guard guard(pairs_lock);
    pair.locked = locked != 0;
    return 0L;
}

lib::result<long> control_master(file& f, uint32_t request, uint64_t argument) {
    pty& pair = pair_of(f);
    switch (request) {
    case TIOCGPTN:
        TRY(mm::store(mm::user_ptr<int>(argument), pair.number));
        return 0L;
    case TIOCSPTLCK:
        return set_locked(pair, argument);
    case FIONREAD:
        return tell_waiting(pair, argument);
    default: // Modes and window size are the terminal's.
        return control_terminal(*pair.terminal, request, argument);
    }
}

void device_name(const pty& pair, char (&name)[16]) {
    lib::format(name, sizeof name, "pts/%d", pair.number);
}

void release_master(file& f) {
    pty& pair = pair_of(f);
    char name[16];
    device_name(pair, name);
    (void)unregister_device(name);
    tty_hang_up(*pair.terminal);
    task::mutex_guard guard(pairs_lock);
    pair.master_open = false;
    release_if_unused_locked(pair);
}

const file_ops master_ops = {
    .name = "ptmx",
    .read = read_master,
    .write = write_master,
    .poll = poll_master,
    .ioctl = control_master,
    .release = release_master,
};

// ---- pairs -----------------------------------------------------------------------------------------------

lib::result<pty*> make_pair(int number) {
    auto* pair = new (mm::mem_tag::tty) pty(number);
    if (pair == nullptr) {
        return lib::error{ENOMEM};
    }
    const auto terminal = make_tty(pty_driver, pair, tty_preset::cooked);
    if (!terminal.ok()) {
        delete pair;
        return terminal.error();
    }
    pair->terminal = terminal.value();
    return pair;
}

/// A pair that nobody uses, made if need be. ENOSPC when all are taken.
lib::result<pty*> take_pair() {
    task::mutex_guard guard(pairs_lock);
    for (int number = 0; number < pair_limit; number++) {
        if (pairs[number] == nullptr) {
            pairs[number] = TRY(make_pair(number));
        }
        pty& pair = *pairs[number];
        if (!pair.in_use) {
            pair.in_use = pair.master_open = pair.locked = true;
            pair.was_opened = pair.has_programs = false;
            pair.head = pair.tail = 0;
            tty_reset(*pair.terminal, tty_preset::cooked);
            return &pair;
        }
    }
    return lib::error{ENOSPC};
}

lib::result<void> open_master(file& f, void*) {
    pty* pair = TRY(take_pair());
    char name[16];
    device_name(*pair, name);
    const auto registered =
        register_tty(name, *pair->terminal, make_rdev(136, static_cast<uint32_t>(pair->number)));
    if (!registered.ok()) {
        task::mutex_guard guard(pairs_lock);
        pair->in_use = pair->master_open = false;
        return registered;
    }
    f.private_data = pair;
    return {};
}

} // namespace

lib::result<void> initialize_ptys() {
    return register_device("ptmx", S_IFCHR | 0666, make_rdev(5, 2), master_ops, nullptr, open_master);
}

} // namespace fs
