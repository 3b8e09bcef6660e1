// eventfd(2): writing adds to a counter, reading takes it (or 1 of it, EFD_SEMAPHORE) and waits while it is
// zero. The largest value is 2^64 - 2; a write that would pass it waits.

#include "kernel/fs/eventfd.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/task/mutex.hpp"
#include "kernel/task/wait_queue.hpp"

namespace fs {

namespace {

constexpr uint64_t count_limit = ~uint64_t{0} - 1;

struct event_counter {
    event_counter(uint64_t first, bool one_by_one) : count(first), takes_one(one_by_one) {}

    task::mutex lock{lib::lock_rank::pipe};
    uint64_t count; ///< Guarded by lock.
    bool takes_one;
    task::wait_queue changed;
};

event_counter& counter_of(file& f) {
    return *static_cast<event_counter*>(f.private_data);
}

lib::result<size_t> read_event(file& f, io_buffer& buffer, uint64_t&) {
    event_counter& counter = counter_of(f);
    if (buffer.remaining() < sizeof(uint64_t)) {
        return lib::error{EINVAL};
    }
    uint64_t taken = 0;
    {
        task::mutex_guard guard(counter.lock);
        if (counter.count == 0 && f.nonblocking()) {
            return lib::error{EAGAIN};
        }
        TRY(counter.changed.wait(counter.lock, [&] { return counter.count > 0; }));
        taken = counter.takes_one ? 1 : counter.count;
        counter.count -= taken;
    }
    counter.changed.wake_all();
    TRY(buffer.copy_out(&taken, sizeof taken));
    return sizeof taken;
}

lib::result<size_t> write_event(file& f, io_buffer& buffer, uint64_t&) {
    event_counter& counter = counter_of(f);
    uint64_t added = 0;
    if (buffer.remaining() < sizeof added) {
        return lib::error{EINVAL};
    }
    TRY(buffer.copy_in(&added, sizeof added));
    if (added > count_limit) {
        return lib::error{EINVAL};
    }
    {
        task::mutex_guard guard(counter.lock);
        const auto fits = [&] { return counter.count <= count_limit - added; };
        if (!fits() && f.nonblocking()) {
            return lib::error{EAGAIN};
        }
        TRY(counter.changed.wait(counter.lock, fits));
        counter.count += added;
    }
    counter.changed.wake_all();
    return sizeof added;
}

short poll_event(file& f, poll_table* table) {
    event_counter& counter = counter_of(f);
    if (table != nullptr) {
        table->add(counter.changed);
    }
    task::mutex_guard guard(counter.lock);
    const int readable = counter.count > 0 ? POLLIN | POLLRDNORM : 0;
    const int writable = counter.count < count_limit ? POLLOUT | POLLWRNORM : 0;
    return static_cast<short>(readable | writable);
}

void release_event(file& f) {
    delete &counter_of(f);
}

const file_ops eventfd_ops = {
    .name = "eventfd",
    .read = read_event,
    .write = write_event,
    .poll = poll_event,
    .release = release_event,
};

} // namespace

lib::result<lib::ref<file>> make_eventfd(uint64_t count, uint32_t flags) {
    auto* counter = new (mm::mem_tag::file) event_counter(count, (flags & EFD_SEMAPHORE) != 0);
    if (counter == nullptr) {
        return lib::error{ENOMEM};
    }
    auto node = new_anonymous_inode(0600);
    if (!node.ok()) {
        delete counter;
        return node.error();
    }
    auto f = new_file(eventfd_ops, std::move(node).value(), O_RDWR | (flags & EFD_NONBLOCK));
    if (!f.ok()) {
        delete counter;
        return f.error();
    }
    f.value()->private_data = counter;
    return std::move(f).value();
}

} // namespace fs
