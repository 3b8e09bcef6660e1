// The kernel's half of net/port.hpp: the network stack's clock, memory, locks, sleeping, user memory and
// files are those of arch, mm, task and fs.
//
// Locks are task::mutex and wait queues task::wait_queue, built inside the storage that port.hpp reserves.
// The ranks of net are a section of lib::lock_rank, in the same order.

#include "kernel/net_port.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/arch/clock.hpp"
#include "kernel/arch/percpu.hpp"
#include "kernel/arch/random.hpp"
#include "kernel/fs/fd_table.hpp"
#include "kernel/fs/path.hpp"
#include "kernel/fs/poll.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/task/mutex.hpp"
#include "kernel/task/permission.hpp"
#include "kernel/task/process.hpp"
#include "kernel/task/signal.hpp"
#include "kernel/task/wait_queue.hpp"
#include "net/port.hpp"

#include <new>

namespace net::port {

// ---- time, randomness, memory ----------------------------------------------------------------------------

time_ns now() {
    return arch::clock_now_ns();
}

time_ns wall_clock() {
    return arch::clock_now_ns() + static_cast<uint64_t>(arch::clock_realtime_offset_ns());
}

void random_bytes(void* to, size_t length) {
    arch::random_bytes(to, length);
}

uint32_t random_u32() {
    return static_cast<uint32_t>(arch::random_u64());
}

namespace {

mm::mem_tag tag_of(memory_tag tag) {
    switch (tag) {
    case memory_tag::skb:
        return mm::mem_tag::skb;
    case memory_tag::skb_data:
        return mm::mem_tag::skb_data;
    case memory_tag::socket:
        return mm::mem_tag::socket;
    case memory_tag::table:
    case memory_tag::other:
        break;
    }
    return mm::mem_tag::net;
}

} // namespace

void* allocate(size_t length_bytes, memory_tag tag) {
    return mm::kmalloc(length_bytes, tag_of(tag));
}

void release(void* memory) {
    mm::kfree(memory);
}

// ---- locks -----------------------------------------------------------------------------------------------

namespace {

constexpr lib::lock_rank rank_of(lock_rank rank) {
    return static_cast<lib::lock_rank>(static_cast<unsigned>(lib::lock_rank::socket_reader) +
                                       static_cast<unsigned>(rank));
}
static_assert(rank_of(lock_rank::socket_table) == lib::lock_rank::socket_table);
static_assert(rank_of(lock_rank::sock_nested) == lib::lock_rank::sock_nested);
static_assert(rank_of(lock_rank::neighbour) == lib::lock_rank::neighbour);
static_assert(rank_of(lock_rank::device) == lib::lock_rank::net_device);
static_assert(rank_of(lock_rank::trace) == lib::lock_rank::net_trace);

task::mutex& mutex_in(void* storage) {
    return *std::launder(static_cast<task::mutex*>(storage));
}
task::wait_queue& queue_in(void* storage) {
    return *std::launder(static_cast<task::wait_queue*>(storage));
}

} // namespace

lock::lock(lock_rank rank) {
    static_assert(sizeof(task::mutex) <= sizeof storage_ && alignof(task::mutex) <= 16);
    new (storage_) task::mutex(rank_of(rank));
}

lock::~lock() {
    mutex_in(storage_).~mutex();
}

void lock::acquire() {
    mutex_in(storage_).lock();
}

void lock::give_back() {
    mutex_in(storage_).unlock();
}

bool lock::held() const {
    return mutex_in(const_cast<unsigned char*>(storage_)).held_by_current();
}

// ---- sleeping --------------------------------------------------------------------------------------------

wait_queue::wait_queue() {
    static_assert(sizeof(task::wait_queue) <= sizeof storage_ && alignof(task::wait_queue) <= 16);
    new (storage_) task::wait_queue;
}

wait_queue::~wait_queue() {
    queue_in(storage_).~wait_queue();
}

void wait_queue::wake_all() {
    queue_in(storage_).wake_all();
}

void wait_queue::wake_one() {
    queue_in(storage_).wake_one();
}

void wait_queue::add_poller(poll_table& table) {
    reinterpret_cast<fs::poll_table&>(table).add(queue_in(storage_));
}

lib::result<void> wait_queue::wait_erased(lock& held, bool (*done)(void*), void* predicate,
                                          time_ns deadline) {
    static_assert(never == task::never);
    return queue_in(storage_).wait(
        mutex_in(held.storage_), [done, predicate] { return done(predicate); }, deadline);
}

// ---- the calling process ---------------------------------------------------------------------------------

lib::result<void> copy_from_user(void* to, uintptr_t user_from, size_t length) {
    return mm::copy_from_user(to, mm::user_ptr<const void>(user_from), length);
}

lib::result<void> copy_to_user(uintptr_t user_to, const void* from, size_t length) {
    return mm::copy_to_user(mm::user_ptr<void>(user_to), from, length);
}

credentials current_credentials() {
    const task::credentials who = task::current_credentials();
    return {.pid = task::current_process().id, .uid = who.effective_uid, .gid = who.effective_gid};
}

bool may_administer() {
    return task::current_credentials().is_root();
}

void raise_sigpipe() {
    task::send_sigpipe();
}

signal_target signal_target_of_caller(int id) {
    const task::credentials who = task::current_credentials();
    return {.id = id, .uid = who.uid, .effective_uid = who.effective_uid};
}

void signal_owner(const signal_target& owner, int signal_number) {
    const task::credentials sender{.uid = owner.uid, .effective_uid = owner.effective_uid};
    const auto send = [&](task::process& target) {
        if (task::may_signal(sender, target)) {
            task::send_signal(target, signal_number);
        }
    };
    if (owner.id < 0) {
        int last_id = 0;
        while (const lib::ref<task::process> member = task::next_in_group(-owner.id, last_id)) {
            last_id = member->id;
            send(*member);
        }
    } else if (const lib::ref<task::process> target = task::find_process(owner.id)) {
        send(*target);
    }
}

uint32_t current_task_id() {
    const task::thread* running = arch::current_thread();
    return running == nullptr ? 0 : static_cast<uint32_t>(running->id);
}

uint32_t current_cpu() {
    return arch::this_cpu().index;
}

// ---- files, for AF_UNIX ----------------------------------------------------------------------------------

namespace {

fs::file* file_of(passed_file* passed) {
    return reinterpret_cast<fs::file*>(passed);
}

/// A number that no other node has as long as this one exists: inodes are numbered through the system.
uint64_t node_number(const fs::dentry& entry) {
    return entry.node->number;
}

} // namespace

lib::result<passed_file*> take_file(int descriptor) {
    lib::ref<fs::file> taken = TRY(task::current_process().files->get(descriptor));
    return reinterpret_cast<passed_file*>(taken.leak());
}

lib::result<int> install_file(passed_file* file, bool close_on_exec) {
    const auto flags = close_on_exec ? fs::fd_flags::close_on_exec : fs::fd_flags::none;
    return task::current_process().files->install(lib::ref<fs::file>::share(file_of(file)), flags);
}

void drop_file(passed_file* file) {
    lib::ref<fs::file>::adopt(file_of(file)).reset();
}

uint32_t file_references(const passed_file* file) {
    return reinterpret_cast<const fs::file*>(file)->count();
}

lib::result<uint64_t> create_socket_node(const char* path) {
    auto made = fs::make_node(nullptr, path, S_IFSOCK | 0777);
    if (!made.ok()) {
        const int why = made.error().number;
        return lib::error{why == EEXIST ? EADDRINUSE : why};
    }
    return node_number(*made.value());
}

lib::result<uint64_t> find_socket_node(const char* path) {
    const lib::ref<fs::dentry> entry = TRY(fs::walk(nullptr, path));
    if (!S_ISSOCK(entry->node->mode)) {
        return lib::error{ECONNREFUSED};
    }
    TRY(fs::check_access(*entry->node, fs::may_write));
    return node_number(*entry);
}

} // namespace net::port
