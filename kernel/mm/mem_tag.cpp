// Counters of memory in use. Exact for each tag, but read one by one: a sum may be off by what moves
// meanwhile.

#include "kernel/mm/mem_tag.hpp"

namespace mm {
namespace {

size_t bytes_in_use[mem_tag_count];

constexpr const char* names[mem_tag_count] = {
    "kernel", "page_table", "slab", "stack",    "user",   "page_cache", "task",   "space", "file",
    "pipe",   "tty",        "skb",  "skb_data", "socket", "net",        "driver", "trace",
};

} // namespace

const char* mem_tag_name(mem_tag tag) {
    return names[static_cast<size_t>(tag)];
}

size_t mem_tag_bytes(mem_tag tag) {
    return __atomic_load_n(&bytes_in_use[static_cast<size_t>(tag)], __ATOMIC_RELAXED);
}

void count_memory(mem_tag tag, ptrdiff_t bytes) {
    __atomic_fetch_add(&bytes_in_use[static_cast<size_t>(tag)], static_cast<size_t>(bytes), __ATOMIC_RELAXED);
}

} // namespace mm
