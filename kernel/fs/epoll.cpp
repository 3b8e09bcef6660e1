// epoll. An item stands for one watched descriptor; it has a place in each wait queue of its file. A
// wake-up puts the item on the epoll's ready list (irq context, spinlock) and wakes who waits. epoll_wait
// then asks the files of that list, and only those, whether they are ready, which is what makes epoll
// cheaper than poll. A level-triggered item stays on the list as long as its file says so; an
// edge-triggered one (EPOLLET) leaves it and comes back with the next wake-up.
//
// One mutex guards the items of all epolls: an item belongs to its epoll and to the list of watchers of its
// file, and either may go away first. It is held while files are asked, so all of their locks rank below.

#include "kernel/fs/epoll.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/arch/spinlock.hpp"
#include "kernel/lib/list.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/task/mutex.hpp"
#include "kernel/task/process.hpp"
#include "kernel/task/wait_queue.hpp"

namespace fs {

struct epoll;

namespace {

constexpr size_t bucket_count = 64;
constexpr size_t watches_for_root = 1024; ///< The last ones.
constexpr size_t queue_limit = 4;         ///< Wait queues of one file: two at most today.
constexpr uint32_t flag_bits = EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE | EPOLLWAKEUP;

} // namespace

struct epoll_item : file_watcher {
    struct place {
        task::wait_entry entry; ///< First: see wake_item.
        task::wait_queue* queue = nullptr;
        epoll_item* item = nullptr;
    };

    epoll_item(epoll& watcher, int number, file& watched) : owner(&watcher), fd(number), target(&watched) {}

    // Guarded by items_lock.
    epoll* owner;
    int fd;
    file* target; ///< Not counted: forget_watchers() removes the item before the file goes.
    lib::list_link bucket_link;
    uint32_t events = 0;
    uint64_t data = 0;
    size_t place_count = 0;
    bool too_many_queues = false;
    place places[queue_limit];

    // Guarded by the epoll's ready_lock.
    lib::list_link ready_link;
    bool removed = false;
};

struct epoll {
    lib::list<epoll_item, &epoll_item::bucket_link> buckets[bucket_count]; ///< By fd. Under items_lock.
    arch::spinlock ready_lock{lib::lock_rank::epoll_ready};
    lib::list<epoll_item, &epoll_item::ready_link> ready; ///< Under ready_lock.
    task::wait_queue changed{lib::lock_rank::epoll_wait_queue};
};

namespace {

task::mutex items_lock{lib::lock_rank::epoll};
size_t watch_count = 0; ///< Guarded by items_lock.

void mark_ready(epoll_item& item) {
    epoll& owner = *item.owner;
    {
        arch::spin_guard guard(owner.ready_lock);
        if (item.removed) {
            return;
        }
        if (!item.ready_link.linked()) {
            owner.ready.push_back(item);
        }
    }
    owner.changed.wake_all();
}

task::wake_outcome wake_item(task::wait_entry& self) {
    mark_ready(*reinterpret_cast<epoll_item::place&>(self).item);
    return task::wake_outcome::passed;
}

struct item_table : poll_table {
    epoll_item* item;
};

void add_item_place(poll_table& self, task::wait_queue& queue) {
    epoll_item& item = *static_cast<item_table&>(self).item;
    if (item.place_count == queue_limit) {
        item.too_many_queues = true;
        return;
    }
    epoll_item::place& place = item.places[item.place_count++];
    place.entry.wake = wake_item;
    place.queue = &queue;
    place.item = &item;
    queue.add(place.entry);
}

uint32_t ready_events(const epoll_item& item) {
    const auto now = static_cast<uint16_t>(poll(*item.target, nullptr));
    return now & ((item.events & ~flag_bits) | EPOLLERR | EPOLLHUP);
}

/// Takes an item out of everything and frees it. items_lock held.
void remove_item_locked(epoll_item& item) {
    for (size_t i = 0; i < item.place_count; i++) {
        item.places[i].queue->remove(item.places[i].entry);
    }
    {
        arch::spin_guard guard(item.owner->ready_lock);
        item.removed = true;
        if (item.ready_link.linked()) {
            item.ready_link.unlink();
        }
    }
    item.bucket_link.unlink();
    item.watcher_link.unlink();
    delete &item;
    watch_count--;
}

epoll_item* find_item_locked(epoll& watcher, int fd, const file& target) {
    for (epoll_item& item : watcher.buckets[static_cast<unsigned>(fd) % bucket_count]) {
        if (item.fd == fd && item.target == &target) {
            return &item;
        }
    }
    return nullptr;
}

void set_events(epoll_item& item, const epoll_event& event) {
    item.events = event.events;
    item.data = event.data.u64;
}

lib::result<void> add_item_locked(epoll& watcher, int fd, file& target, const epoll_event& event) {
    // A file may be watched any number of times, and each wake-up walks all of its watchers with interrupts
    // off: the bound is on time as well as on memory.
    if (watch_count >= epoll_watch_limit - (task::current_credentials().is_root() ? 0 : watches_for_root)) {
        return lib::error{ENOSPC};
    }
    auto* item = new (mm::mem_tag::file) epoll_item(watcher, fd, target);
    if (item == nullptr) {
        return lib::error{ENOMEM};
    }
    watch_count++;
    set_events(*item, event);
    watcher.buckets[static_cast<unsigned>(fd) % bucket_count].push_back(*item);
    target.watchers.push_back(*item);
    item_table table{{add_item_place}, item};
    (void)poll(target, &table);
    if (item->too_many_queues) {
        remove_item_locked(*item);
        return lib::error{ENOMEM};
    }
    if (ready_events(*item) != 0) {
        mark_ready(*item);
    }
    return {};
}

epoll& epoll_of(file& f) {
    return *static_cast<epoll*>(f.private_data);
}

/// Moves what is ready to the caller; items_lock held.
size_t collect_locked(epoll& watcher, epoll_event* events, size_t limit) {
    lib::list<epoll_item, &epoll_item::ready_link> again;
    size_t count = 0;
    while (count < limit) {
        epoll_item* item = nullptr;
        {
            arch::spin_guard guard(watcher.ready_lock);
            item = watcher.ready.pop_front();
        }
        if (item == nullptr) {
            break;
        }
        const uint32_t now = (item->events & ~flag_bits) == 0 ? 0 : ready_events(*item);
        if (now == 0) {
            continue;
        }
        events[count].events = now;
        events[count].data.u64 = item->data;
        count++;
        if ((item->events & EPOLLONESHOT) != 0) {
            item->events &= flag_bits;
        } else if ((item->events & EPOLLET) == 0) {
            arch::spin_guard guard(watcher.ready_lock);
            if (!item->ready_link.linked()) {
                again.push_back(*item);
            }
        }
    }
    arch::spin_guard guard(watcher.ready_lock);
    while (epoll_item* item = again.pop_front()) {
        watcher.ready.push_back(*item);
    }
    return count;
}

bool any_ready(epoll& watcher) {
    arch::spin_guard guard(watcher.ready_lock);
    return !watcher.ready.empty();
}

short poll_epoll(file& f, poll_table* table) {
    epoll& watcher = epoll_of(f);
    if (table != nullptr) {
        table->add(watcher.changed);
    }
    return any_ready(watcher) ? POLLIN | POLLRDNORM : 0;
}

void release_epoll(file& f) {
    epoll* watcher = &epoll_of(f);
    {
        task::mutex_guard guard(items_lock);
        for (auto& bucket : watcher->buckets) {
            while (epoll_item* item = bucket.front()) {
                remove_item_locked(*item);
            }
        }
    }
    delete watcher;
}

const file_ops epoll_ops = {.name = "epoll", .poll = poll_epoll, .release = release_epoll};

} // namespace

lib::result<lib::ref<file>> make_epoll() {
    auto node = TRY(new_anonymous_inode(0600));
    auto f = TRY(new_file(epoll_ops, std::move(node), O_RDWR));
    f->private_data = new (mm::mem_tag::file) epoll();
    if (f->private_data == nullptr) {
        static constexpr file_ops unmade = {.name = "epoll"};
        f->ops = &unmade;
        return lib::error{ENOMEM};
    }
    return f;
}

lib::result<void> epoll_control(file& f, int operation, int fd, file& target, const epoll_event& event) {
    if (f.ops != &epoll_ops || &f == &target) {
        return lib::error{EINVAL};
    }
    if (target.ops == &epoll_ops) {
        return lib::error{ELOOP};
    }
    if (target.ops->poll == nullptr) {
        return lib::error{EPERM};
    }
    epoll& watcher = epoll_of(f);
    task::mutex_guard guard(items_lock);
    epoll_item* item = find_item_locked(watcher, fd, target);
    switch (operation) {
    case EPOLL_CTL_ADD:
        return item != nullptr ? lib::error{EEXIST} : add_item_locked(watcher, fd, target, event);
    case EPOLL_CTL_MOD:
        if (item == nullptr) {
            return lib::error{ENOENT};
        }
        set_events(*item, event);
        if (ready_events(*item) != 0) {
            mark_ready(*item);
        }
        return {};
    case EPOLL_CTL_DEL:
        if (item == nullptr) {
            return lib::error{ENOENT};
        }
        remove_item_locked(*item);
        return {};
    default:
        return lib::error{EINVAL};
    }
}

lib::result<size_t> epoll_wait(file& f, epoll_event* events, size_t limit, uint64_t deadline_ns) {
    if (f.ops != &epoll_ops) {
        return lib::error{EINVAL};
    }
    epoll& watcher = epoll_of(f);
    for (;;) {
        {
            task::mutex_guard guard(items_lock);
            const size_t count = collect_locked(watcher, events, limit);
            if (count > 0) {
                return count;
            }
        }
        const auto slept = watcher.changed.wait([&] { return any_ready(watcher); }, deadline_ns);
        if (!slept.ok()) {
            return slept.error().number == ETIMEDOUT ? lib::result<size_t>(size_t{0}) : slept.error();
        }
    }
}

void forget_watchers(file& f) {
    if (f.watchers.empty()) {
        return;
    }
    task::mutex_guard guard(items_lock);
    while (file_watcher* watcher = f.watchers.front()) {
        remove_item_locked(static_cast<epoll_item&>(*watcher));
    }
}

} // namespace fs
