// Pipes and FIFOs. 64 KiB in a ring of 16 pages that are allocated when the writer enters them and freed
// when the reader leaves them, the last one excepted. `head` and `tail` are positions of bytes; their
// difference is what is in the pipe.
//
//     pages   [  ...  ][ rrwwwww ][ wwww... ][  ...  ]
//                         ^ tail       ^ head
//
// A mutex guards it all and is held while bytes are copied from and to user memory. The two counts of ends
// change under it too; when one becomes zero, everybody is woken.

#include "kernel/fs/pipe.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/termios.h"
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

    task::wait_queue readable;
    task::wait_queue writable;

    size_t used() const { return head - tail; }
    size_t room() const { return pipe_capacity - used(); }
};

pipe& pipe_of(file& f) {
    return *static_cast<pipe*>(f.private_data);
}

/// Frees the page that tail has just left, unless head has come round into it.
void free_left_page(pipe& p) {
    const uint64_t left = p.tail / page_size - 1;
    if (p.head > (left + page_count) * page_size) {
        return;
    }
    char*& page = p.pages[left % page_count];
    mm::kfree(page);
    page = nullptr;
}

/// Copies out what is there, as far as the buffer goes.
lib::result<void> take_bytes(pipe& p, io_buffer& buffer) {
    while (p.used() > 0 && buffer.remaining() > 0) {
        const size_t in_page = p.tail % page_size;
        size_t step = page_size - in_page;
        step = step < p.used() ? step : p.used();
        step = step < buffer.remaining() ? step : buffer.remaining();
        TRY(buffer.copy_out(p.pages[p.tail / page_size % page_count] + in_page, step));
        p.tail += step;
        if (p.used() == 0) { // Begin the same page again: most pipes never need a second one.
            p.tail = p.head = (p.tail - 1) / page_size * page_size;
        } else if (p.tail % page_size == 0) {
            free_left_page(p);
        }
    }
    return {};
}

/// Copies in what fits, or what is left in the buffer.
lib::result<void> put_bytes(pipe& p, io_buffer& buffer) {
    while (p.room() > 0 && buffer.remaining() > 0) {
        char*& page = p.pages[p.head / page_size % page_count];
        if (page == nullptr) {
            page = static_cast<char*>(mm::kmalloc(page_size, mm::mem_tag::pipe));
            if (page == nullptr) {
                return lib::error{ENOMEM};
            }
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

lib::result<size_t> read_pipe(file& f, io_buffer& buffer, uint64_t&) {
    pipe& p = pipe_of(f);
    if (buffer.remaining() == 0) {
        return size_t{0};
    }
    lib::result<void> outcome;
    {
        task::mutex_guard guard(p.lock);
        if (p.used() == 0 && p.writers > 0 && f.nonblocking()) {
            return lib::error{EAGAIN};
        }
        TRY(p.readable.wait(p.lock, [&] { return p.used() > 0 || p.writers == 0; }));
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
    const auto ready = [&] { return p.readers == 0 || p.room() >= wanted; };
    if (!ready() && nonblocking) {
        return lib::error{EAGAIN};
    }
    TRY(p.writable.wait(p.lock, ready));
    if (p.readers == 0) {
        return lib::error{EPIPE};
    }
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
        ready |= p.used() > 0 ? POLLIN | POLLRDNORM : 0;
        ready |= p.writers == 0 && p.writer_opens > 0 ? POLLHUP : 0;
    }
    if (f.writable()) {
        ready |= p.room() >= PIPE_BUF ? POLLOUT | POLLWRNORM : 0;
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
