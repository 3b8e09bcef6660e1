// The machinery of /proc: a tree of dentries for what is registered, texts generated at the first read.
// What can be read there is in procfs_system.cpp (the machine), procfs_process.cpp and procfs_tree.cpp
// (/proc/N).
//
// An open file has its own copy of the text. It is made again whenever somebody reads from offset 0, so
// that a program that rewinds sees news, and one that reads in small steps sees one moment.

#include "kernel/fs/procfs.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/fs/dentry.hpp"
#include "kernel/fs/directory.hpp"
#include "kernel/fs/file.hpp"
#include "kernel/fs/procfs_internal.hpp"
#include "kernel/lib/format.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/task/mutex.hpp"

namespace fs {

namespace {

constexpr size_t text_limit = size_t{1} << 20;
constexpr size_t written_limit = 512;

lib::ref<dentry> root;

/// A registered file; lives as long as the system.
struct registration {
    procfs_generator generate;
    procfs_setter set;
    void* context;
};

} // namespace

// ---- texts -----------------------------------------------------------------------------------------------

procfs_text::~procfs_text() {
    mm::kfree(data_);
}

bool procfs_text::reserve(size_t more) {
    if (failed_ || length_ + more <= capacity_) {
        return !failed_;
    }
    size_t larger = capacity_ == 0 ? 512 : capacity_ * 2;
    while (larger < length_ + more) {
        larger *= 2;
    }
    auto* fresh = larger <= text_limit ? static_cast<char*>(mm::kmalloc(larger, mm::mem_tag::file)) : nullptr;
    if (fresh == nullptr) {
        failed_ = true;
        return false;
    }
    if (length_ > 0) {
        memcpy(fresh, data_, length_);
    }
    mm::kfree(data_);
    data_ = fresh;
    capacity_ = larger;
    return true;
}

void procfs_text::append(const char* bytes, size_t length) {
    if (length > 0 && reserve(length)) {
        memcpy(data_ + length_, bytes, length);
        length_ += length;
    }
}

void procfs_text::print(const char* text, ...) {
    va_list arguments;
    va_start(arguments, text);
    va_list again;
    va_copy(again, arguments);
    const size_t length = lib::format_arguments(nullptr, 0, text, arguments);
    if (reserve(length + 1)) {
        lib::format_arguments(data_ + length_, capacity_ - length_, text, again);
        length_ += length;
    }
    va_end(again);
    va_end(arguments);
}

void procfs_text::clear() {
    length_ = 0;
    failed_ = false;
}

// ---- open files ------------------------------------------------------------------------------------------

namespace {

struct open_text {
    task::mutex lock{lib::lock_rank::proc_text};
    procfs_text text; ///< Guarded by lock.
};

open_text& text_of(file& f) {
    return *static_cast<open_text*>(f.private_data);
}

lib::result<void> generate(file& f, procfs_text& text) {
    text.clear();
    const auto& source = *static_cast<const text_source*>(f.node->payload);
    TRY(source.generate(*f.node, text));
    return text.failed() ? lib::error{ENOMEM} : lib::result<void>{};
}

lib::result<size_t> read_text(file& f, io_buffer& buffer, uint64_t& offset) {
    open_text& open = text_of(f);
    task::mutex_guard guard(open.lock);
    if (offset == 0) {
        TRY(generate(f, open.text));
    }
    if (offset >= open.text.length()) {
        return size_t{0};
    }
    size_t length = open.text.length() - offset;
    length = length < buffer.remaining() ? length : buffer.remaining();
    TRY(buffer.copy_out(open.text.data() + offset, length));
    offset += length;
    return length;
}

lib::result<size_t> write_text(file& f, io_buffer& buffer, uint64_t&) {
    const auto& source = *static_cast<const text_source*>(f.node->payload);
    const size_t length = buffer.remaining();
    if (source.set == nullptr) {
        return lib::error{EIO};
    }
    if (length == 0) {
        return size_t{0};
    }
    char text[written_limit];
    if (length >= sizeof text) {
        return lib::error{EINVAL};
    }
    TRY(buffer.copy_in(text, length));
    size_t used = length;
    while (used > 0 && text[used - 1] == '\n') {
        used--;
    }
    text[used] = '\0';
    TRY(source.set(*f.node, text, used));
    return length;
}

void release_text(file& f) {
    delete &text_of(f);
}

} // namespace

const file_ops procfs_text_ops = {
    .name = "proc text",
    .read = read_text,
    .write = write_text,
    .release = release_text,
    .seekable = true,
};

lib::result<void> open_procfs_text(inode&, file& f) {
    f.private_data = new (mm::mem_tag::file) open_text();
    return f.private_data == nullptr ? lib::error{ENOMEM} : lib::result<void>{};
}

// ---- registered files ------------------------------------------------------------------------------------

namespace {

struct registered_source : text_source {
    registration what;
};

lib::result<void> generate_registered(const inode& node, procfs_text& text) {
    const auto& source = *static_cast<const registered_source*>(node.payload);
    return source.what.generate(text, source.what.context);
}

lib::result<void> set_registered(const inode& node, const char* text, size_t length) {
    const auto& source = *static_cast<const registered_source*>(node.payload);
    return source.what.set(text, length, source.what.context);
}

const inode_ops text_ops = {.open = open_procfs_text, .magic = PROC_SUPER_MAGIC};
const inode_ops directory_ops = {.magic = PROC_SUPER_MAGIC};

lib::result<lib::ref<inode>> make_directory(inode&) {
    return new_inode(directory_ops, tree_directory_ops, S_IFDIR | 0555, procfs_device);
}

} // namespace

lib::result<void> add_procfs_node(const char* name, lib::ref<inode> node) {
    task::mutex_guard guard(tree_lock());
    const place where = TRY(make_place_locked(*root, name, make_directory));
    for (const dentry& child : where.directory->children) {
        if (name_view{child.name, child.name_length} == where.name) {
            return lib::error{EEXIST};
        }
    }
    TRY(add_child_locked(*where.directory, where.name, std::move(node)));
    return {};
}

lib::result<void> register_writable_file(const char* name, procfs_generator generate, procfs_setter set,
                                         void* context) {
    auto* source = new (mm::mem_tag::file) registered_source{
        {generate_registered, set == nullptr ? nullptr : set_registered}, {generate, set, context}};
    if (source == nullptr) {
        return lib::error{ENOMEM};
    }
    auto node = new_inode(text_ops, procfs_text_ops, S_IFREG | (set == nullptr ? 0444 : 0644), procfs_device);
    if (!node.ok()) {
        delete source;
        return node.error();
    }
    node.value()->payload = source;
    const auto added = add_procfs_node(name, std::move(node).value());
    if (!added.ok()) {
        delete source;
    }
    return added;
}

lib::result<void> register_file(const char* name, procfs_generator generate, void* context) {
    return register_writable_file(name, generate, nullptr, context);
}

lib::result<void> initialize_procfs() {
    auto node = TRY(new_inode(process_list_ops, tree_directory_ops, S_IFDIR | 0555, procfs_device));
    root = TRY(new_dentry(std::move(node), nullptr, name_of("/")));
    TRY(register_process_links());
    return register_system_files();
}

lib::ref<dentry> procfs_root() {
    return root;
}

} // namespace fs
