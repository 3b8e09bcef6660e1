// Pipes and FIFOs. 64 KiB in a ring of 16 pages that are allocated when the writer enters them and freed
// when the reader leaves them, the last one excepted. `head` and `tail` are positions of bytes; their
// difference is what is in the pipe.
//
//     pages   [  ...  ][ rrwwwww ][ wwww... ][  ...  ]
//                         ^ tail       ^ head
//
// A mutex guards it all and is held while bytes are copied from and to user memory. The two counts of ends
// change under it too; when one becomes zero, everybody is woken.
//
// splice() moves bytes between the pages and another file, which may sleep for long. It does so without the
// mutex: the bytes, or the room, are lent to it, and meanwhile other readers, or other writers, wait.

#include "kernel/fs/pipe.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/termios.h"
#include "kernel/lib/assert.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/mm/layout.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/task/mutex.hpp"
#include "kernel/task/signal.hpp"
#include "kernel/task/wait_queue.hpp"

namespace fs {

namespace {

using mm::page_size;

constexpr size_t page_count = pipe_capacity / page_size;

struct pipe {
    task::mutex lock{lib::lock_rank::pipe};
    // Guarded by lock.
    uint64_t head = 0;
    uint64_t tail = 0;
    char* pages[page_count] = {};
    unsigned readers = 0;
    unsigned writers = 0;
    unsigned reader_opens = 0; ///< Ever: lets a FIFO's opener see an end that came and went.
    unsigned writer_opens = 0;
    bool bytes_lent = false; ///< The bytes from tail on; tail does not move.
    size_t room_lent = 0;    ///< So much from head on; head does not move.

    task::wait_queue readable;
    task::wait_queue writable;

    size_t used() const { return head - tail; }
    size_t room() const { return pipe_capacity - used(); }
    bool may_read() const { return !bytes_lent && (used() > 0 || writers == 0); }
    bool may_write(size_t length) const { return readers == 0 || (room_lent == 0 && room() >= length); }
};

pipe& pipe_of(file& f) {
    return *static_cast<pipe*>(f.private_data);
}

void free_page(pipe& p, uint64_t number) {
    char*& page = p.pages[number % page_count];
    mm::kfree(page);
    page = nullptr;
}

/// Leaves bytes of one page behind.
void advance_tail(pipe& p, size_t step) {
    p.tail += step;
    if (p.used() == 0 && p.room_lent == 0) { // Begin the same page again: most pipes never need a second one.
        p.tail = p.head = (p.tail - 1) / page_size * page_size;
    } else if (p.tail % page_size == 0) {
        const uint64_t left = p.tail / page_size - 1;
        if (p.head + p.room_lent <= (left + page_count) * page_size) { // else head has come round into it
            free_page(p, left);
        }
    }
}

/// The page at a position, made if it is not there. Null without memory.
char* page_at(pipe& p, uint64_t position) {
    char*& page = p.pages[position / page_size % page_count];
    if (page == nullptr) {
        page = static_cast<char*>(mm::kmalloc(page_size, mm::mem_tag::pipe));
    }
    return page;
}

/// Copies out what is there, as far as the buffer goes.
lib::result<void> take_bytes(pipe& p, io_buffer& buffer) {
    while (p.used() > 0 && buffer.remaining() > 0) {
        const size_t in_page = p.tail % page_size;
        size_t step = page_size - in_page;
        step = step < p.used() ? step : p.used();
        step = step < buffer.remaining() ? step : buffer.remaining();
        TRY(buffer.copy_out(p.pages[p.tail / page_size % page_count] + in_page, step));
        advance_tail(p, step);
    }
    return {};
}

/// Copies in what fits, or what is left in the buffer.
lib::result<void> put_bytes(pipe& p, io_buffer& buffer) {
    while (p.room() > 0 && buffer.remaining() > 0) {
        char* page = page_at(p, p.head);
        if (page == nullptr) {
            return lib::error{ENOMEM};
        }
        const size_t in_page = p.head % page_size;
        size_t step = page_size - in_page;
        step = step < p.room() ? step : p.room();
        step = step < buffer.remaining() ? step : buffer.remaining();
        TRY(buffer.copy_in(page + in_page, step));
        p.head += step;
    }
    return {};
}

/// Waits, with the lock held, for bytes or the end of all writers. EAGAIN, EINTR.
lib::result<void> wait_to_read(pipe& p, bool nonblocking) {
    if (nonblocking && !p.may_read()) {
        return lib::error{EAGAIN};
    }
    return p.readable.wait(p.lock, [&] { return p.may_read(); });
}

/// Waits, with the lock held, for so much room. EAGAIN, EINTR, EPIPE (without the signal).
lib::result<void> wait_to_write(pipe& p, size_t length, bool nonblocking) {
    if (nonblocking && !p.may_write(length)) {
        return lib::error{EAGAIN};
    }
    TRY(p.writable.wait(p.lock, [&] { return p.may_write(length); }));
    return p.readers == 0 ? lib::error{EPIPE} : lib::result<void>{};
}

lib::result<size_t> read_pipe(file& f, io_buffer& buffer, uint64_t&) {
    pipe& p = pipe_of(f);
    if (buffer.remaining() == 0) {
        return size_t{0};
    }
    lib::result<void> outcome;
    {
        task::mutex_guard guard(p.lock);
        TRY(wait_to_read(p, f.nonblocking()));
        outcome = take_bytes(p, buffer);
    }
    if (buffer.done() > 0) {
        p.writable.wake_all();
        return buffer.done();
    }
    return outcome.ok() ? lib::result<size_t>(size_t{0}) : outcome.error();
}

/// Waits for room and writes a part. True: all is written.
lib::result<bool> write_part(pipe& p, io_buffer& buffer, bool nonblocking) {
    // Up to PIPE_BUF bytes go in one piece or not at all (POSIX write()).
    const size_t whole = buffer.done() + buffer.remaining();
    const size_t wanted = whole <= PIPE_BUF ? whole : 1;
    task::mutex_guard guard(p.lock);
    TRY(wait_to_write(p, wanted, nonblocking));
    TRY(put_bytes(p, buffer));
    return buffer.remaining() == 0;
}

lib::result<size_t> write_pipe(file& f, io_buffer& buffer, uint64_t&) {
    pipe& p = pipe_of(f);
    bool finished = buffer.remaining() == 0;
    while (!finished) {
        const size_t before = buffer.done();
        const auto part = write_part(p, buffer, f.nonblocking());
        if (buffer.done() > before) {
            p.readable.wake_all();
        }
        if (!part.ok()) {
            if (part.error().number == EPIPE) {
                task::send_sigpipe();
            }
            return buffer.done() > 0 ? lib::result<size_t>(buffer.done()) : part.error();
        }
        finished = part.value();
    }
    return buffer.done();
}

short poll_pipe(file& f, poll_table* table) {
    pipe& p = pipe_of(f);
    if (table != nullptr && f.readable()) {
        table->add(p.readable);
    }
    if (table != nullptr && f.writable()) {
        table->add(p.writable);
    }
    task::mutex_guard guard(p.lock);
    int ready = 0;
    if (f.readable()) {
        ready |= p.used() > 0 && !p.bytes_lent ? POLLIN | POLLRDNORM : 0;
        ready |= p.writers == 0 && p.writer_opens > 0 ? POLLHUP : 0;
    }
    if (f.writable()) {
        ready |= p.room() >= PIPE_BUF && p.room_lent == 0 ? POLLOUT | POLLWRNORM : 0;
        ready |= p.readers == 0 ? POLLERR : 0;
    }
    return static_cast<short>(ready);
}

lib::result<long> control_pipe(file& f, uint32_t request, uint64_t argument) {
    if (request != FIONREAD) {
        return lib::error{ENOTTY};
    }
    pipe& p = pipe_of(f);
    int used = 0;
    {
        task::mutex_guard guard(p.lock);
        used = static_cast<int>(p.used());
    }
    TRY(mm::store(mm::user_ptr<int>(argument), used));
    return 0L;
}

void add_ends(pipe& p, const file& f) {
    if (f.readable()) {
        p.readers++;
        p.reader_opens++;
    }
    if (f.writable()) {
        p.writers++;
        p.writer_opens++;
    }
}

void release_pipe(file& f) {
    pipe& p = pipe_of(f);
    {
        task::mutex_guard guard(p.lock);
        p.readers -= f.readable() ? 1 : 0;
        p.writers -= f.writable() ? 1 : 0;
        if (p.readers == 0 && p.writers == 0) { // What nobody read is gone with the last end.
            for (char*& page : p.pages) {
                mm::kfree(page);
                page = nullptr;
            }
            p.head = p.tail = 0;
        }
    }
    p.readable.wake_all();
    p.writable.wake_all();
}

const file_ops pipe_ops = {
    .name = "pipe",
    .read = read_pipe,
    .write = write_pipe,
    .poll = poll_pipe,
    .ioctl = control_pipe,
    .release = release_pipe,
};

const inode_ops pipe_inode_ops = {.open = open_fifo, .destroy = destroy_fifo};

/// The pipe of a node; makes it at the first open.
lib::result<pipe*> pipe_of_node(inode& node) {
    task::mutex_guard guard(node.lock);
    if (node.payload == nullptr) {
        node.payload = new (mm::mem_tag::pipe) pipe();
    }
    if (node.payload == nullptr) {
        return lib::error{ENOMEM};
    }
    return static_cast<pipe*>(node.payload);
}

/// POSIX open(): a FIFO's reader waits for a writer and a writer for a reader.
lib::result<void> wait_for_other_end(pipe& p, const file& f) {
    task::mutex_guard guard(p.lock);
    if (f.readable() && f.writable()) {
        return {};
    }
    if (f.readable()) {
        const unsigned before = p.writer_opens;
        return f.nonblocking()
                   ? lib::result<void>{}
                   : p.readable.wait(p.lock, [&] { return p.writers > 0 || p.writer_opens != before; });
    }
    if (f.nonblocking()) {
        return p.readers > 0 ? lib::result<void>{} : lib::error{ENXIO};
    }
    const unsigned before = p.reader_opens;
    return p.writable.wait(p.lock, [&] { return p.readers > 0 || p.reader_opens != before; });
}

} // namespace

bool is_pipe(const file& f) {
    return f.ops == &pipe_ops;
}

bool is_same_pipe(const file& f, const file& other) {
    return f.private_data == other.private_data;
}

size_t pipe_loan::add(char* page, uint64_t position, uint64_t end) {
    const size_t in_page = position % page_size;
    const size_t length = end - position < page_size - in_page ? end - position : page_size - in_page;
    pieces[count++] = {reinterpret_cast<uint64_t>(page + in_page), length};
    return length;
}

lib::result<pipe_ends> make_pipe(uint32_t flags) {
    auto node = TRY(new_inode(pipe_inode_ops, pipe_ops, S_IFIFO | 0600, 3));
    pipe* p = TRY(pipe_of_node(*node));
    pipe_ends ends;
    ends.read_end = TRY(new_file(pipe_ops, node, O_RDONLY | flags));
    ends.read_end->private_data = p;
    add_ends(*p, *ends.read_end);
    ends.write_end = TRY(new_file(pipe_ops, node, O_WRONLY | flags));
    ends.write_end->private_data = p;
    add_ends(*p, *ends.write_end);
    return ends;
}

lib::result<pipe_loan> borrow_bytes(file& f, size_t most, bool nonblocking) {
    pipe& p = pipe_of(f);
    task::mutex_guard guard(p.lock);
    TRY(wait_to_read(p, nonblocking));
    pipe_loan loan;
    const uint64_t end = p.tail + (most < p.used() ? most : p.used());
    for (uint64_t at = p.tail; at < end;) {
        at += loan.add(p.pages[at / page_size % page_count], at, end);
    }
    p.bytes_lent = loan.count > 0;
    return loan;
}

void return_bytes(file& f, size_t used) {
    pipe& p = pipe_of(f);
    {
        task::mutex_guard guard(p.lock);
        p.bytes_lent = false;
        while (used > 0) {
            const size_t in_page = page_size - p.tail % page_size;
            const size_t step = in_page < used ? in_page : used;
            advance_tail(p, step);
            used -= step;
        }
    }
    p.readable.wake_all();
    p.writable.wake_all();
}

lib::result<pipe_loan> borrow_room(file& f, size_t most, bool nonblocking) {
    pipe& p = pipe_of(f);
    task::mutex_guard guard(p.lock);
    const auto ready = wait_to_write(p, 1, nonblocking);
    if (!ready.ok()) {
        if (ready.error().number == EPIPE) {
            task::send_sigpipe();
        }
        return ready.error();
    }
    pipe_loan loan;
    const uint64_t end = p.head + (most < p.room() ? most : p.room());
    uint64_t at = p.head;
    while (at < end) {
        char* page = page_at(p, at);
        if (page == nullptr) {
            break; // less will do
        }
        at += loan.add(page, at, end);
    }
    p.room_lent = at - p.head;
    return loan.count > 0 ? lib::result<pipe_loan>(loan) : lib::error{ENOMEM};
}

void return_room(file& f, size_t used) {
    pipe& p = pipe_of(f);
    {
        task::mutex_guard guard(p.lock);
        const uint64_t end = p.head + p.room_lent;
        p.room_lent = 0;
        p.head += used;
        // Pages that stayed empty, but not the one that has come round to tail.
        for (uint64_t page = (p.head + page_size - 1) / page_size; page * page_size < end; page++) {
            if (page < p.tail / page_size + page_count) {
                free_page(p, page);
            }
        }
    }
    p.readable.wake_all();
    p.writable.wake_all();
}

lib::result<size_t> move_between_pipes(file& from, file& to, size_t most, bool nonblocking) {
    pipe& source = pipe_of(from);
    for (;;) { // until what was seen in the source is still there when there is room for it
        {
            task::mutex_guard guard(source.lock);
            TRY(wait_to_read(source, nonblocking));
            if (source.used() == 0) {
                return size_t{0};
            }
        }
        const pipe_loan room = TRY(borrow_room(to, most, nonblocking));
        io_buffer buffer(room.pieces, room.count, io_memory::kernel);
        {
            task::mutex_guard guard(source.lock);
            if (!source.bytes_lent) {
                const auto taken = take_bytes(source, buffer);
                ASSERT(taken.ok()); // it is kernel memory
            }
        }
        return_room(to, buffer.done());
        if (buffer.done() > 0) {
            source.writable.wake_all();
            return buffer.done();
        }
    }
}

lib::result<void> open_fifo(inode& node, file& f) {
    pipe* p = TRY(pipe_of_node(node));
    {
        task::mutex_guard guard(p->lock);
        add_ends(*p, f);
    }
    p->readable.wake_all();
    p->writable.wake_all();
    f.private_data = p;
    f.ops = &pipe_ops;
    // A pipe that is opened again through /proc/N/fd has had both its ends.
    const auto met = node.ops == &pipe_inode_ops ? lib::result<void>{} : wait_for_other_end(*p, f);
    if (!met.ok()) {
        static constexpr file_ops refused = {.name = "fifo"};
        release_pipe(f);
        f.ops = &refused;
    }
    return met;
}

void destroy_fifo(inode& node) {
    delete static_cast<pipe*>(node.payload);
}

} // namespace fs
