// The initial root file system: a cpio archive in "newc" format (cpio(5)), a sequence of
//
//     header of 110 characters | name, NUL | pad to 4 | data | pad to 4
//
// whose header is the magic "070701" and 13 numbers of 8 hexadecimal digits. It ends with an entry named
// TRAILER!!!; several archives may follow one another, with zeroes in between. Files with several names
// appear once for each, with the data at the last; they share an inode number.
//
// The archive is not trusted: every length is checked against what is left before it is used.

#include "kernel/fs/initramfs.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/fs/devfs.hpp"
#include "kernel/fs/path.hpp"
#include "kernel/fs/procfs.hpp"
#include "kernel/fs/pty.hpp"
#include "kernel/fs/ramfs.hpp"
#include "kernel/fs/scratch.hpp"
#include "kernel/lib/log.hpp"
#include "kernel/lib/string.hpp"

namespace fs {

namespace {

constexpr size_t header_length = 110;
constexpr size_t field_count = 13;

enum field : unsigned char {
    field_inode,
    field_mode,
    field_uid,
    field_gid,
    field_links,
    field_time,
    field_size,
    field_device_major,
    field_device_minor,
    field_rdev_major,
    field_rdev_minor,
    field_name_length,
    field_check,
};

struct reader {
    const char* bytes;
    size_t length;
    size_t position = 0;

    size_t left() const { return length - position; }
    /// The next count bytes, or null if there are not so many.
    const char* take(size_t count) {
        if (count > left()) {
            return nullptr;
        }
        const char* at = bytes + position;
        position += count;
        return at;
    }
    void align() {
        const size_t aligned = (position + 3) & ~size_t{3};
        position = aligned < length ? aligned : length;
    }
};

struct archive_entry {
    uint32_t fields[field_count];
    const char* name; ///< NUL-terminated within the archive.
    const char* data;
};

lib::result<uint32_t> parse_hex(const char* digits) {
    uint32_t value = 0;
    for (int i = 0; i < 8; i++) {
        const char c = digits[i];
        uint32_t digit = 0;
        if (c >= '0' && c <= '9') {
            digit = static_cast<uint32_t>(c - '0');
        } else if ((c | 32) >= 'a' && (c | 32) <= 'f') {
            digit = static_cast<uint32_t>((c | 32) - 'a' + 10);
        } else {
            return lib::error{EINVAL};
        }
        value = value << 4 | digit;
    }
    return value;
}

lib::result<archive_entry> next_entry(reader& archive) {
    archive_entry entry{};
    const char* header = archive.take(header_length);
    if (header == nullptr || memcmp(header, "07070", 5) != 0 || (header[5] != '1' && header[5] != '2')) {
        return lib::error{EINVAL};
    }
    for (size_t i = 0; i < field_count; i++) {
        entry.fields[i] = TRY(parse_hex(header + 6 + 8 * i));
    }
    const size_t name_length = entry.fields[field_name_length];
    entry.name = archive.take(name_length);
    if (entry.name == nullptr || name_length == 0 || name_length > path_limit ||
        entry.name[name_length - 1] != '\0' || strlen(entry.name) != name_length - 1) {
        return lib::error{EINVAL};
    }
    archive.align();
    entry.data = archive.take(entry.fields[field_size]);
    if (entry.data == nullptr) {
        return lib::error{EINVAL};
    }
    archive.align();
    return entry;
}

/// Makes the directories that lead to a path and are missing.
lib::result<void> make_parents(const char* path) {
    scratch prefix(path_limit);
    if (!prefix) {
        return lib::error{ENOMEM};
    }
    for (size_t i = 0; path[i] != '\0'; i++) {
        if (path[i] == '/' && i > 0) {
            memcpy(prefix.data(), path, i);
            prefix.data()[i] = '\0';
            const auto made = make_node(nullptr, prefix.data(), S_IFDIR | 0755);
            if (!made.ok() && made.error().number != EEXIST) {
                return made.error();
            }
        }
    }
    return {};
}

lib::result<lib::ref<dentry>> make_entry(const archive_entry& from) {
    const uint32_t mode = from.fields[field_mode];
    if (S_ISLNK(mode)) {
        scratch target(path_limit);
        if (!target || from.fields[field_size] >= path_limit) {
            return lib::error{target ? ENAMETOOLONG : ENOMEM};
        }
        memcpy(target.data(), from.data, from.fields[field_size]);
        target.data()[from.fields[field_size]] = '\0';
        TRY(make_symlink(target.data(), nullptr, from.name));
        return walk(nullptr, from.name, last_link::keep);
    }
    const uint64_t rdev = make_rdev(from.fields[field_rdev_major], from.fields[field_rdev_minor]);
    return make_node(nullptr, from.name, mode, rdev);
}

lib::result<void> fill_file(dentry& entry, const archive_entry& from) {
    const auto f = TRY(open_entry(lib::ref<dentry>::share(&entry), O_WRONLY | O_TRUNC));
    io_buffer data(const_cast<char*>(from.data), from.fields[field_size], io_memory::kernel);
    const size_t written = TRY(write(*f, data));
    return written == from.fields[field_size] ? lib::result<void>{} : lib::error{ENOSPC};
}

/// The files with several names met so far: a name each. cpio has their numbers all in one archive.
struct linked_files {
    struct seen {
        uint32_t inode;
        lib::ref<dentry> entry;
    };
    static constexpr size_t limit = 64;
    seen table[limit];
    size_t count = 0;

    dentry* find(uint32_t inode) {
        for (size_t i = 0; i < count; i++) {
            if (table[i].inode == inode) {
                return table[i].entry.get();
            }
        }
        return nullptr;
    }
    void add(uint32_t inode, lib::ref<dentry> entry) {
        if (count < limit) {
            table[count++] = {inode, std::move(entry)};
        }
    }
};

void copy_attributes(inode& node, const archive_entry& from) {
    task::mutex_guard guard(node.lock);
    node.mode = (node.mode & S_IFMT) | (from.fields[field_mode] & 07777);
    node.uid = from.fields[field_uid];
    node.gid = from.fields[field_gid];
    node.modified = node.accessed = {from.fields[field_time], 0};
}

lib::result<void> unpack(const archive_entry& from, linked_files& links) {
    const uint32_t mode = from.fields[field_mode];
    const bool has_links = S_ISREG(mode) && from.fields[field_links] > 1;
    lib::ref<dentry> entry;
    TRY(make_parents(from.name));
    if (dentry* first = has_links ? links.find(from.fields[field_inode]) : nullptr; first != nullptr) {
        TRY(make_link(*first, nullptr, from.name));
        entry = lib::ref<dentry>::share(first);
    } else if (auto made = make_entry(from); made.ok()) {
        entry = std::move(made).value();
    } else if (made.error().number == EEXIST) { // "." itself, or a file that a later archive replaces
        entry = TRY(walk(nullptr, from.name, last_link::keep));
        if ((entry->node->mode & S_IFMT) != (mode & S_IFMT)) {
            return lib::error{EEXIST};
        }
    } else {
        return made.error();
    }
    if (S_ISREG(mode) && from.fields[field_size] > 0) {
        TRY(fill_file(*entry, from));
    }
    copy_attributes(*entry->node, from);
    if (has_links) {
        links.add(from.fields[field_inode], std::move(entry));
    }
    return {};
}

lib::result<void> make_directory(const char* path, uint32_t mode) {
    const auto made = make_node(nullptr, path, S_IFDIR | mode);
    return made.ok() || made.error().number == EEXIST ? lib::result<void>{} : made.error();
}

lib::result<void> mount_at(const char* path, uint32_t mode, lib::ref<dentry> root, const char* type) {
    TRY(make_directory(path, mode));
    const auto directory = TRY(walk(nullptr, path));
    return mount(*directory, std::move(root), type);
}

/// What programs expect beside devices: names for their own open files, and places for others to fill.
lib::result<void> fill_devices() {
    TRY(make_symlink("/proc/self/fd", nullptr, "/dev/fd"));
    TRY(make_symlink("/proc/self/fd/0", nullptr, "/dev/stdin"));
    TRY(make_symlink("/proc/self/fd/1", nullptr, "/dev/stdout"));
    TRY(make_symlink("/proc/self/fd/2", nullptr, "/dev/stderr"));
    TRY(make_directory("/dev/pts", 0755));
    TRY(make_directory("/dev/shm", 01777)); // shm_open()
    return make_directory("/tmp", 01777);
}

} // namespace

lib::result<size_t> unpack_initramfs(const void* archive, size_t length) {
    reader input{static_cast<const char*>(archive), length};
    auto* links = new (mm::mem_tag::file) linked_files();
    if (links == nullptr) {
        return lib::error{ENOMEM};
    }
    size_t count = 0;
    lib::result<void> outcome;
    while (outcome.ok() && input.left() > 0) {
        if (input.bytes[input.position] == '\0') { // Padding after an archive.
            input.position++;
            continue;
        }
        const auto entry = next_entry(input);
        if (!entry.ok()) {
            outcome = entry.error();
        } else if (strcmp(entry.value().name, "TRAILER!!!") != 0) {
            outcome = unpack(entry.value(), *links);
            if (!outcome.ok()) {
                LOG_ERROR("initramfs: %s: error %d", entry.value().name, outcome.error().number);
            }
            count++;
        }
    }
    delete links;
    if (!outcome.ok()) {
        return outcome.error();
    }
    return count;
}

lib::result<void> initialize(const void* archive, size_t length) {
    TRY(initialize_root());
    TRY(initialize_devfs());
    TRY(initialize_ptys());
    TRY(initialize_procfs());
    if (length > 0) {
        const auto unpacked = unpack_initramfs(archive, length);
        if (!unpacked.ok()) {
            LOG_ERROR("initramfs: unpacking stopped early, error %d", unpacked.error().number);
        } else {
            LOG_INFO("initramfs: %zu entries from %zu KiB", unpacked.value(), length / 1024);
        }
    }
    TRY(mount_at("/dev", 0755, devfs_root(), "devtmpfs"));
    TRY(mount_at("/proc", 0555, procfs_root(), "proc"));
    return fill_devices();
}

} // namespace fs
