// Waiting for many files at once. The first round over the descriptors listens on their queues until one
// turns out to be ready; later rounds only look. Each place in a queue holds its file, so that a
// descriptor that another thread closes meanwhile takes no queue away from under us.

#include "kernel/fs/poll.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/arch/clock.hpp"
#include "kernel/fs/fd_table.hpp"
#include "kernel/fs/file.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/task/process.hpp"
#include "kernel/task/wait_queue.hpp"

namespace fs {

namespace {

struct poll_place {
    task::wait_entry entry; ///< First: the wake function gets from here to the place.
    task::wait_queue* queue;
    task::waiter* sleeper;
    lib::ref<file> held;
};

task::wake_outcome wake_place(task::wait_entry& self) {
    reinterpret_cast<poll_place&>(self).sleeper->wake();
    return task::wake_outcome::passed;
}

/// The places of one call: a few on the stack, the others in chunks on the heap.
class poll_listener : public poll_table {
public:
    poll_listener() : poll_table{add_place} {}
    poll_listener(const poll_listener&) = delete;
    poll_listener& operator=(const poll_listener&) = delete;
    ~poll_listener();

    const lib::ref<file>* asked = nullptr; ///< Whose poll function is running.
    bool out_of_memory = false;
    task::waiter sleeper;

private:
    static constexpr size_t chunk_places = 32;
    struct chunk {
        chunk* next = nullptr;
        size_t used = 0;
        poll_place places[chunk_places];
    };

    static void add_place(poll_table& self, task::wait_queue& queue);
    poll_place* new_place();
    static void leave(poll_place& place) { place.queue->remove(place.entry); }

    size_t few_used_ = 0;
    poll_place few_[6];
    chunk* chunks_ = nullptr;
};

poll_listener::~poll_listener() {
    for (size_t i = 0; i < few_used_; i++) {
        leave(few_[i]);
    }
    while (chunks_ != nullptr) {
        chunk* here = chunks_;
        for (size_t i = 0; i < here->used; i++) {
            leave(here->places[i]);
        }
        chunks_ = here->next;
        delete here;
    }
}

poll_place* poll_listener::new_place() {
    if (few_used_ < sizeof few_ / sizeof few_[0]) {
        return &few_[few_used_++];
    }
    if (chunks_ == nullptr || chunks_->used == chunk_places) {
        auto* fresh = new (mm::mem_tag::file) chunk();
        if (fresh == nullptr) {
            out_of_memory = true;
            return nullptr;
        }
        fresh->next = chunks_;
        chunks_ = fresh;
    }
    return &chunks_->places[chunks_->used++];
}

void poll_listener::add_place(poll_table& self, task::wait_queue& queue) {
    auto& listener = static_cast<poll_listener&>(self);
    poll_place* place = listener.new_place();
    if (place == nullptr) {
        return;
    }
    place->entry.wake = wake_place;
    place->queue = &queue;
    place->sleeper = &listener.sleeper;
    place->held = *listener.asked;
    queue.add(place->entry);
}

short ask(fd_table& files, const pollfd& wanted, poll_listener* listener) {
    const auto found = files.get(wanted.fd);
    if (!found.ok()) {
        return POLLNVAL;
    }
    if (listener != nullptr) {
        listener->asked = &found.value();
    }
    const short ready = poll(*found.value(), listener);
    return static_cast<short>(ready & (wanted.events | POLLERR | POLLHUP));
}

/// One round over all descriptors; listens as long as none is ready. Returns how many are.
size_t look(fd_table& files, pollfd* descriptors, size_t count, poll_listener* listener) {
    size_t ready = 0;
    for (size_t i = 0; i < count; i++) {
        pollfd& one = descriptors[i];
        one.revents = one.fd < 0 ? short{0} : ask(files, one, ready == 0 ? listener : nullptr);
        ready += one.revents != 0 ? 1 : 0;
    }
    return ready;
}

} // namespace

lib::result<size_t> poll_descriptors(pollfd* descriptors, size_t count, uint64_t deadline_ns) {
    fd_table& files = *task::current_process().files;
    if (deadline_ns <= arch::clock_now_ns()) {
        return look(files, descriptors, count, nullptr);
    }
    poll_listener listener;
    listener.sleeper.rearm();
    size_t ready = look(files, descriptors, count, &listener);
    while (ready == 0 && !listener.out_of_memory) {
        const auto slept = listener.sleeper.sleep(deadline_ns, task::wait_kind::interruptible);
        listener.sleeper.rearm();
        ready = look(files, descriptors, count, nullptr);
        if (!slept.ok() && ready == 0) {
            return slept.error().number == ETIMEDOUT ? lib::result<size_t>(size_t{0}) : slept.error();
        }
    }
    return ready == 0 ? lib::result<size_t>(lib::error{ENOMEM}) : ready;
}

} // namespace fs
