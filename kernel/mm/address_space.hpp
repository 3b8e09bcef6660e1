#pragma once
// The memory of one process: areas (what should be there) and page tables (what is there so far). Pages
// come at the first touch. fork shares all private pages read-only and copies one when it is written.
//
// Shared by count: the threads of a process and vfork's child hold a ref each. A spin lock guards areas
// and tables; no interrupt handler takes it, and it is not held while a backing fetches a page.
// Addresses and lengths come from programs: every function here checks them.

#include "kernel/abi/mman.h"
#include "kernel/arch/spinlock.hpp"
#include "kernel/arch/trap.hpp"
#include "kernel/lib/list.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"
#include "kernel/mm/backing.hpp"

#include <cstdint>

namespace mm {

struct area {
    lib::list_link link; ///< In address_space, by address.
    uint64_t start;
    uint64_t end;             ///< Exclusive; both are multiples of the page size.
    int prot;                 ///< PROT_...
    int most_prot;            ///< What mprotect may give: no PROT_WRITE if the object is not to be written.
    int flags;                ///< MAP_SHARED or MAP_PRIVATE, MAP_GROWSDOWN, and area_heap.
    lib::ref<backing> object; ///< Empty for anonymous memory.
    uint64_t offset;          ///< Of start in the object, in bytes.
};

constexpr int area_heap = 1 << 30;   ///< The area that brk grows.
constexpr int area_moving = 1 << 29; ///< mremap is moving pages here: not to be joined with others.

constexpr int any_prot = PROT_READ | PROT_WRITE | PROT_EXEC;

using area_list = lib::list<area, &area::link>;

/// Areas that were taken out of a space. Destroying one may release a file, which may sleep: so that
/// happens where this goes out of scope, after the lock of the space.
struct removed_areas {
    area_list areas;
    removed_areas() = default;
    ~removed_areas();
};

struct memory_usage {
    uint64_t mapped_bytes;   ///< VmSize.
    uint64_t resident_bytes; ///< VmRSS.
    uint64_t heap_start;
    uint64_t heap_end;
};

class address_space : public lib::ref_counted {
public:
    /// For task's reaper, once the last count has been given back.
    address_space* next_dead = nullptr;

    /// An empty space. ENOMEM.
    static lib::result<lib::ref<address_space>> create();
    /// A copy of a space, for fork: same areas, private pages shared until written. ENOMEM.
    static lib::result<lib::ref<address_space>> fork_from(address_space& parent);
    static void release_last(address_space* space);

    /// mmap: length bytes at hint (exactly there with MAP_FIXED, which replaces what was there). object is
    /// empty for anonymous memory. Returns the address. EINVAL, ENOMEM, EEXIST (MAP_FIXED_NOREPLACE),
    /// EACCES for memory that is writable and executable at once. protect() may later give the mapping
    /// rights of most_prot: a shared one of a file that is open for reading never becomes writable.
    lib::result<uint64_t> map(uint64_t hint, uint64_t length, int prot, int flags, lib::ref<backing> object,
                              uint64_t offset, int most_prot = any_prot);
    /// munmap and mprotect: any whole pages, splitting areas as needed. EINVAL, ENOMEM; EACCES for rights
    /// that are not to be had, with what comes before changed, as in Linux.
    lib::result<void> unmap(uint64_t start, uint64_t length);
    lib::result<void> protect(uint64_t start, uint64_t length, int prot);
    /// madvise(MADV_DONTNEED): drops private pages; the next touch finds zeroes or the file again.
    lib::result<void> discard(uint64_t start, uint64_t length);
    /// mremap: changes the length of the mapping at start, moving it if may_move. EFAULT, EINVAL, ENOMEM.
    enum class move_policy : uint8_t { stay, may_move };
    lib::result<uint64_t> remap(uint64_t start, uint64_t old_length, uint64_t new_length, move_policy policy);

    /// Where the heap starts (after the program's last segment); exec sets it once.
    void set_heap_start(uint64_t address);
    /// brk: moves the end of the heap if it can and returns the end as it is then.
    uint64_t set_brk(uint64_t end);

    /// See mm::handle_page_fault.
    fault_outcome handle_fault(uint64_t address, arch::page_access access);

    /// Copies kernel bytes to a space that is not loaded (exec's stack and segments), ignoring PROT_WRITE.
    /// EFAULT where there is no area, ENOMEM.
    lib::result<void> write(uint64_t address, const void* from, size_t length);
    /// Reads from any space, for /proc/N/cmdline. EFAULT.
    lib::result<void> read(uint64_t address, void* to, size_t length);

    /// Makes this CPU run on this space; the caller holds a reference for as long. Interrupts off.
    void activate();

    memory_usage usage();
    /// Calls visit(area, context) for each area in order with the lock held; for /proc/N/maps.
    void for_each_area(void (*visit)(const area&, void*), void* context);

private:
    address_space() = default;
    ~address_space() = default;

    // All of these run with lock_ held; errors as of their public callers.
    area* find_locked(uint64_t address);
    area* first_ending_after_locked(uint64_t address);
    lib::result<uint64_t> choose_address_locked(uint64_t hint, uint64_t length, int flags);
    lib::result<void> insert_locked(const area& wanted);
    lib::result<void> split_at_locked(uint64_t address);
    lib::result<void> split_range_locked(uint64_t start, uint64_t end);
    lib::result<void> unmap_locked(uint64_t start, uint64_t end, removed_areas& removed);
    void merge_locked(uint64_t start, uint64_t end);
    void drop_pages_locked(uint64_t start, uint64_t end);
    area* new_area_locked(const area& like);
    void take_out_locked(area& gone);
    lib::result<uint64_t> grow_locked(area& old, uint64_t start, uint64_t old_end, uint64_t new_length,
                                      move_policy policy, removed_areas& removed);
    fault_outcome map_page_locked(area& where, uint64_t page, frame* file_page, arch::page_access access);
    fault_outcome copy_on_write_locked(uint64_t& slot, uint64_t page);
    lib::result<void> copy_areas_from(address_space& parent);
    lib::result<void> copy_pages_locked(address_space& parent, const area& which);

    // Forgetting translations after a change of many entries: one by one while they change, if they are few
    // (emulators pay dearly for a whole flush), else all at once afterwards. Neither if not loaded.
    bool loaded() const;
    uint64_t most_pages_in_locked(uint64_t start, uint64_t end) const;
    bool flush_each(uint64_t pages) const;
    void flush_rest(uint64_t pages) const;

    enum class rights : uint8_t { checked, ignored };
    fault_outcome bring_in(uint64_t address, arch::page_access access, rights check);
    lib::result<frame*> page_of(uint64_t address, arch::page_access access);

    arch::spinlock lock_{lib::lock_rank::address_space};
    // Guarded by lock_.
    area_list areas_;
    size_t area_count_ = 0;
    area* last_hit_ = nullptr; ///< Where the last fault was; most faults come in runs.
    uint64_t root_physical_ = 0;
    uint64_t generation_ = 0; ///< Changes with the list of areas.
    uint64_t resident_pages_ = 0;
    uint64_t heap_start_ = 0;
    uint64_t heap_end_ = 0;
};

/// Loads the kernel's own page tables, for a thread without a process. Interrupts off.
void activate_kernel_space();

/// The space this CPU runs on, or nullptr.
address_space* current_space();

} // namespace mm
