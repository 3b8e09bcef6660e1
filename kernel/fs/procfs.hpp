#pragma once
// /proc: texts that are generated when they are read.

#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"

#include <cstdarg>
#include <cstddef>
#include <cstdint>

namespace fs {

/// The growing text of one /proc file. One open file generates it once, at the first read, so that a
/// reader who comes back in small steps sees one consistent state.
class procfs_text {
public:
    procfs_text() = default;
    ~procfs_text();
    procfs_text(const procfs_text&) = delete;
    procfs_text& operator=(const procfs_text&) = delete;

    /// Appends formatted text (lib/format.hpp). A failed allocation is remembered and makes the read fail
    /// with ENOMEM; the writer need not look. Does not sleep; usable under spinlocks.
    [[gnu::format(printf, 2, 3)]] void print(const char* text, ...);
    /// Appends bytes as they are, NULs included.
    void append(const char* bytes, size_t length);

    const char* data() const { return data_; }
    size_t length() const { return length_; }
    bool failed() const { return failed_; }
    /// Begins anew.
    void clear();

private:
    bool reserve(size_t more);

    char* data_ = nullptr;
    size_t length_ = 0;
    size_t capacity_ = 0;
    bool failed_ = false;
};

using procfs_generator = lib::result<void> (*)(procfs_text& text, void* context);
/// Takes what was written, NUL-terminated and without the last newline. EINVAL...
using procfs_setter = lib::result<void> (*)(const char* text, size_t length, void* context);

/// Adds /proc/name, e.g. "net/tcp"; directories in between appear by themselves. Process context, any time
/// after initialize_procfs. EEXIST, ENOMEM.
lib::result<void> register_file(const char* name, procfs_generator generate, void* context);
/// A file that can be written too, as those below sys/.
lib::result<void> register_writable_file(const char* name, procfs_generator generate, procfs_setter set,
                                         void* context);

/// Makes the tree; it is mounted on /proc once the root is filled.
lib::result<void> initialize_procfs();

struct dentry;
/// The root directory of procfs, for mounting.
lib::ref<dentry> procfs_root();

} // namespace fs
