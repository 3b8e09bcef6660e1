// The initial root file system: an archive of any bytes. The file system below it is a fake that makes
// whatever it is asked for, refuses some names, and looks at every byte that it is given.

#include "kernel/fs/initramfs.cpp"

#include "fuzz/support/expect.hpp"

#include <new>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

using fuzz::expect;

int live_nodes = 0;
constexpr fs::inode_ops no_inode_ops = {};
constexpr fs::file_ops no_file_ops = {};

/// Looks at a path and gives a number that decides what becomes of it.
unsigned check_path(const char* path) {
    const size_t length = strlen(path);
    expect(length < fs::path_limit, "a path longer than any may be");
    return length == 0 ? 0 : static_cast<unsigned char>(path[length - 1]);
}

lib::result<lib::ref<fs::dentry>> make(uint32_t mode) {
    live_nodes++;
    return lib::ref<fs::dentry>::adopt(
        new fs::dentry(lib::ref<fs::inode>::adopt(new fs::inode(no_inode_ops, no_file_ops, mode))));
}

} // namespace

namespace lib {
void assert_failed(const char* condition, const char*, int) {
    expect(false, condition);
    __builtin_unreachable();
}
void log(log_level, const char*, ...) {}
} // namespace lib

namespace task {
void mutex::lock_slow() {
    expect(false, "a mutex is taken twice");
}
void wait_queue::wake_one() {}
} // namespace task

namespace mm {
void* kmalloc(size_t size_bytes, mem_tag) {
    return malloc(size_bytes);
}
void kfree(void* memory) {
    free(memory);
}
} // namespace mm
void* operator new(size_t size_bytes, mm::mem_tag) noexcept {
    return ::operator new(size_bytes, std::nothrow);
}

namespace fs {

inode::inode(const inode_ops& node_ops, const file_ops& node_file_ops, uint32_t node_mode)
    : ops(&node_ops), default_file_ops(&node_file_ops), lock(lib::lock_rank::inode), mode(node_mode) {}
void inode::release_last(inode* node) {
    delete node;
}
void dentry::release_last(dentry* entry) {
    live_nodes--;
    delete entry;
}
file::file(const file_ops& table, lib::ref<inode> file_node, uint32_t open_flags)
    : ops(&table), node(std::move(file_node)), flags(open_flags),
      position_lock(lib::lock_rank::file_position) {}
void file::release_last(file* f) {
    delete f;
}
io_buffer::io_buffer(void* address, size_t length, io_memory memory)
    : single_{reinterpret_cast<uint64_t>(address), length}, pieces_(&single_), remaining_(length),
      memory_(memory) {}

lib::result<lib::ref<dentry>> make_node(dentry*, const char* path, uint32_t mode, uint64_t) {
    const unsigned kind = check_path(path);
    if (kind == 'e') {
        return lib::error{EEXIST};
    }
    return kind == 'n' ? lib::result<lib::ref<dentry>>(lib::error{ENOSPC}) : make(mode);
}
lib::result<void> make_symlink(const char* target, dentry*, const char* path) {
    check_path(target);
    return check_path(path) == 'e' ? lib::result<void>(lib::error{EEXIST}) : lib::result<void>();
}
lib::result<void> make_link(dentry&, dentry*, const char* path) {
    return check_path(path) == 'x' ? lib::result<void>(lib::error{EXDEV}) : lib::result<void>();
}
lib::result<lib::ref<dentry>> walk(dentry*, const char* path, last_link) {
    return check_path(path) == 'd' ? make(S_IFDIR | 0755) : make(S_IFREG | 0644);
}
lib::result<lib::ref<file>> open_entry(lib::ref<dentry> entry, uint32_t flags) {
    return lib::ref<file>::adopt(new file(no_file_ops, lib::ref<inode>::share(entry->node.get()), flags));
}
lib::result<size_t> write(file&, io_buffer& buffer) {
    const size_t length = buffer.remaining();
    const fuzz::exact_copy copy(reinterpret_cast<const void*>(buffer.current().address), length);
    return length != 7 ? length : size_t{6}; // a full disk, sometimes
}
io_piece io_buffer::current() const {
    return single_;
}
lib::result<void> mount(dentry&, lib::ref<dentry>, const char*) {
    return {};
}
lib::result<void> initialize_root() {
    return {};
}
lib::result<void> initialize_devfs() {
    return {};
}
lib::result<void> initialize_ptys() {
    return {};
}
lib::result<void> initialize_procfs() {
    return {};
}
lib::ref<dentry> devfs_root() {
    return nullptr;
}
lib::ref<dentry> procfs_root() {
    return nullptr;
}

} // namespace fs

/// Mutexes note which thread holds them: the kernel finds it through the gs segment, here it is none.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
    static uint8_t processor[sizeof(arch::percpu)];
    constexpr long set_gs = 0x1001; // ARCH_SET_GS of arch_prctl(2)
    expect(syscall(SYS_arch_prctl, set_gs, processor) == 0, "the gs segment cannot be set");
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
    const fuzz::exact_copy archive(bytes, length);
    const auto outcome = fs::unpack_initramfs(archive.get(), length);
    expect(!outcome.ok() || outcome.value() <= length / 110, "more entries than headers fit");
    expect(live_nodes == 0, "a node is left");
    return 0;
}
