#pragma once
// What stands behind a mapping: an object that has pages, usually a file's page cache. Mappings and the
// file's inode share it. Frames that a backing hands out may be mapped into programs: shared mappings
// write to them, private ones map them read-only and copy on write.

#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"
#include "kernel/mm/frames.hpp"

#include <cstdint>

namespace mm {

struct backing;

enum class backing_access : uint8_t { read, write };

struct backing_ops {
    /// The frame of a page with a reference added for the caller. Process context, no spin lock held, may
    /// sleep. ENXIO past the end of the object (SIGBUS), ENOMEM.
    lib::result<frame*> (*get_page)(backing& object, uint64_t page_index, backing_access access);
    /// The last reference to the object is gone: free its pages and itself. Process context.
    void (*release)(backing& object);
};

struct backing : lib::ref_counted {
    const backing_ops* ops;

    explicit backing(const backing_ops& operations) : ops(&operations) {}
    static void release_last(backing* object) { object->ops->release(*object); }
};

/// Zeroed pages that appear when they are touched, shared by all who map the object: MAP_SHARED |
/// MAP_ANONYMOUS. ENOMEM.
lib::result<lib::ref<backing>> create_shared_memory(uint64_t length_bytes);

} // namespace mm
