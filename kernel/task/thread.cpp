#include "kernel/task/thread.hpp"

// Making and freeing threads, and the list of all of them by which others find one.

#include "kernel/lib/string.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/mm/vmap.hpp"
#include "kernel/task/exit.hpp"
#include "kernel/task/kernel_thread.hpp"
#include "kernel/task/process.hpp"
#include "kernel/task/scheduler.hpp"
#include "kernel/task/thread_table.hpp"

namespace task {

namespace {

// Of the whole system; the last ones are for root, so that a shell can still clean up after a fork bomb.
constexpr unsigned thread_limit = 512;
constexpr unsigned reserved_for_root = 4;
constexpr int id_limit = 32768;

// Guarded by process_table_lock.
lib::list<thread, &thread::all_link> all_threads;
unsigned thread_count = 0;
int last_id = 1; // kept for the first process

thread* find_locked(int thread_id) {
    for (thread& each : all_threads) {
        if (each.id == thread_id) {
            return &each;
        }
    }
    return nullptr;
}

void copy_name(char (&to)[16], const char* name) {
    size_t length = strlen(name);
    length = length < sizeof to ? length : sizeof to - 1;
    memset(to, 0, sizeof to);
    memcpy(to, name, length);
}

} // namespace

thread::thread(const char* thread_name, process& its_owner, int thread_id)
    : id(thread_id), owner(&its_owner) {
    copy_name(name, thread_name);
    owner->get();
}

thread::~thread() {
    if (kernel_stack_top != 0) { // the boot thread's stack is part of the image
        mm::free_kernel_stack(kernel_stack_top);
    }
    delete fpu;
    lib::ref<process>::adopt(owner).reset();
}

void thread::release_last(thread* dead) {
    delete dead;
}

lib::result<int> allocate_thread_id(const credentials& who) {
    const arch::spin_guard guard(process_table_lock);
    const unsigned limit = who.is_root() ? thread_limit : thread_limit - reserved_for_root;
    if (thread_count >= limit) {
        return lib::error{EAGAIN};
    }
    do {
        last_id = last_id + 1 < id_limit ? last_id + 1 : 2;
    } while (find_locked(last_id) != nullptr || id_in_use_locked(last_id));
    thread_count++;
    return last_id;
}

void free_thread_id_locked() {
    ASSERT(process_table_lock.held());
    thread_count--;
}

void free_thread_id() {
    const arch::spin_guard guard(process_table_lock);
    free_thread_id_locked();
}

lib::result<thread*> create_thread(const char* name, process& owner, int id) {
    auto* fresh = new (mm::mem_tag::task) thread(name, owner, id);
    if (fresh == nullptr) {
        return lib::error{ENOMEM};
    }
    auto stack = mm::allocate_kernel_stack();
    if (!stack.ok()) {
        lib::ref<thread>::adopt(fresh).reset();
        return stack.error();
    }
    fresh->kernel_stack_top = stack.value();
    return fresh;
}

void publish_thread(thread& fresh) {
    const arch::spin_guard guard(process_table_lock);
    all_threads.push_back(fresh);
}

void withdraw_thread(thread& dying, thread_end how) {
    const arch::spin_guard guard(process_table_lock);
    if (dying.all_link.linked()) {
        all_threads.remove(dying);
    }
    if (how == thread_end::frees_id) {
        thread_count--;
    }
}

lib::ref<thread> find_thread(int thread_id) {
    const arch::spin_guard guard(process_table_lock);
    return lib::ref<thread>::share(find_locked(thread_id));
}

unsigned count_threads() {
    const arch::spin_guard guard(process_table_lock);
    return thread_count;
}

lib::result<thread*> create_kernel_thread(const char* name, void (*entry)(void*), void* argument) {
    const int id = TRY(allocate_thread_id(credentials{}));
    auto fresh = create_thread(name, kernel_process(), id);
    if (!fresh.ok()) {
        free_thread_id();
        return fresh.error();
    }
    thread& started = *fresh.value();
    choose_cpu(started);
    started.entry = entry;
    started.entry_argument = argument;
    set_nice(started, -5);
    publish_thread(started);
    start_thread(started);
    return &started;
}

const char* current_name() {
    const thread* const running = arch::current_thread();
    return running == nullptr ? "boot" : running->name;
}

} // namespace task
