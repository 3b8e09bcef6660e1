#pragma once
// What memory is for. Every allocation names its tag; the counters per tag show in /proc/meminfo and in
// a panic, and tests compare them before and after to find leaks.

#include <cstddef>
#include <cstdint>

namespace mm {

enum class mem_tag : uint8_t {
    kernel,     ///< What has no tag of its own.
    page_table, ///< Page tables of the kernel and of programs.
    slab,       ///< Frames that kmalloc cuts into objects.
    stack,      ///< Kernel stacks.
    user,       ///< Private pages of programs.
    page_cache, ///< Contents of files.
    task,       ///< Threads, processes, signals.
    space,      ///< Address spaces and their areas.
    file,       ///< Inodes, directory entries, open files.
    pipe,
    tty,
    skb,      ///< Packet descriptors.
    skb_data, ///< Packet contents.
    socket,
    net, ///< Tables of the network stack.
    driver,
    trace,
    count
};

constexpr size_t mem_tag_count = static_cast<size_t>(mem_tag::count);

/// The tag's name as /proc/meminfo prints it.
const char* mem_tag_name(mem_tag tag);

/// Bytes in use under the tag. Objects of kmalloc count under their own tag, the frames behind them
/// under slab; so slab is not to be added to the others.
size_t mem_tag_bytes(mem_tag tag);

/// Adds to a tag's counter; for the allocators. Any context.
void count_memory(mem_tag tag, ptrdiff_t bytes);

} // namespace mm
