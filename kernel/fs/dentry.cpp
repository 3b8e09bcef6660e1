// The tree of names (dentry.hpp). Children hang in a list in the order of their making, and once they are
// more than a few also in buckets by the hash of their names; the table grows fourfold when it has two
// children a bucket. The order of the list matters to readdir:
// an entry's cookie never changes and grows along the list, so a reader that comes back with the cookie
// of the last entry it took misses nothing that stayed and sees nothing twice, whatever came or went in
// between.

#include "kernel/fs/dentry.hpp"

#include "kernel/abi/errno.h"
#include "kernel/lib/lock_rank.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/kmalloc.hpp"

namespace fs {

namespace {

task::mutex tree_mutex{lib::lock_rank::mount_tree};

/// FNV-1a. Names come from whoever may write to a directory, who gains nothing by making them collide:
/// a collision costs one comparison of strings.
uint32_t hash_of(const name_view& name) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < name.length; i++) {
        hash = (hash ^ static_cast<uint8_t>(name.text[i])) * 16777619u;
    }
    return hash;
}

constexpr uint32_t first_bucket_count = 16;

dentry*& bucket_of(dentry& directory, uint32_t hash) {
    return directory.buckets[hash & (directory.bucket_count - 1)];
}

void put_in_bucket(dentry& directory, dentry& entry) {
    dentry*& bucket = bucket_of(directory, entry.name_hash);
    entry.bucket_next = bucket;
    bucket = &entry;
}

/// Makes the table larger. Without memory it stays as it is: lookups take longer, that is all.
void grow_buckets(dentry& directory) {
    const uint32_t count = directory.bucket_count == 0 ? first_bucket_count : 4 * directory.bucket_count;
    auto** fresh = static_cast<dentry**>(mm::kmalloc_zeroed(count * sizeof(dentry*), mm::mem_tag::file));
    if (fresh == nullptr) {
        return;
    }
    mm::kfree(directory.buckets);
    directory.buckets = fresh;
    directory.bucket_count = count;
    for (dentry& child : directory.children) {
        put_in_bucket(directory, child);
    }
}

bool matches(const dentry& child, uint32_t hash, const name_view& name) {
    return child.name_hash == hash && name_view{child.name, child.name_length} == name;
}

/// A child of the list, or nullptr.
dentry* find_listed(dentry& directory, const name_view& name) {
    const uint32_t hash = hash_of(name);
    if (directory.bucket_count > 0) {
        dentry* child = bucket_of(directory, hash);
        while (child != nullptr && !matches(*child, hash, name)) {
            child = child->bucket_next;
        }
        return child;
    }
    for (dentry& child : directory.children) {
        if (matches(child, hash, name)) {
            return &child;
        }
    }
    return nullptr;
}

/// Writes text so that it ends at end, and returns where it begins; null if it does not fit.
char* prepend(char* begin, char* end, const char* text, size_t length) {
    if (static_cast<size_t>(end - begin) < length) {
        return nullptr;
    }
    memcpy(end - length, text, length);
    return end - length;
}

} // namespace

bool name_view::operator==(const name_view& other) const {
    return length == other.length && memcmp(text, other.text, length) == 0;
}

name_view name_of(const char* text) {
    return {text, strlen(text)};
}

task::mutex& tree_lock() {
    return tree_mutex;
}

lib::result<lib::ref<dentry>> new_dentry(lib::ref<inode> node, lib::ref<dentry> parent,
                                         const name_view& name) {
    char* text = static_cast<char*>(mm::kmalloc(name.length + 1, mm::mem_tag::file));
    if (text == nullptr) {
        return lib::error{ENOMEM};
    }
    auto* entry = new (mm::mem_tag::file) dentry(std::move(node));
    if (entry == nullptr) {
        mm::kfree(text);
        return lib::error{ENOMEM};
    }
    memcpy(text, name.text, name.length);
    text[name.length] = '\0';
    entry->name = text;
    entry->name_length = static_cast<uint32_t>(name.length);
    entry->name_hash = hash_of(name);
    entry->parent = std::move(parent);
    return lib::ref<dentry>::adopt(entry);
}

void dentry::release_last(dentry* entry) {
    // A chain of removed directories goes away from the bottom up, without recursion.
    while (entry != nullptr) {
        dentry* parent = entry->parent.leak();
        mm::kfree(entry->name);
        mm::kfree(entry->buckets);
        delete entry;
        entry = parent != nullptr && parent->put() ? parent : nullptr;
    }
}

lib::result<lib::ref<dentry>> find_child_locked(dentry& directory, const name_view& name) {
    ASSERT(directory.node->is_directory());
    if (dentry* child = find_listed(directory, name); child != nullptr) {
        return lib::ref<dentry>::share(child);
    }
    if (directory.node->ops->lookup != nullptr) {
        return directory.node->ops->lookup(directory, name);
    }
    return lib::error{ENOENT};
}

lib::result<lib::ref<dentry>> add_child_locked(dentry& directory, const name_view& name,
                                               lib::ref<inode> node) {
    auto entry = TRY(new_dentry(std::move(node), lib::ref<dentry>::share(&directory), name));
    link_child_locked(directory, *entry);
    return entry;
}

void link_child_locked(dentry& directory, dentry& entry) {
    entry.cookie = directory.next_cookie++;
    entry.get();
    directory.children.push_back(entry);
    directory.child_count++;
    if (directory.child_count > 2 * directory.bucket_count &&
        directory.child_count > first_bucket_count / 2) {
        const uint32_t before = directory.bucket_count;
        grow_buckets(directory);
        if (directory.bucket_count != before) {
            return; // The new table has the entry already.
        }
    }
    if (directory.bucket_count > 0) {
        put_in_bucket(directory, entry);
    }
}

void unlink_child_locked(dentry& entry) {
    dentry& directory = *entry.parent;
    entry.sibling.unlink();
    directory.child_count--;
    if (directory.bucket_count > 0) {
        dentry** link = &bucket_of(directory, entry.name_hash);
        while (*link != &entry) {
            link = &(*link)->bucket_next;
        }
        *link = entry.bucket_next;
        entry.bucket_next = nullptr;
    }
}

void remove_child_locked(dentry& entry) {
    unlink_child_locked(entry);
    entry.removed = true;
    // The caller holds a count of its own, or it could not pass the entry.
    const bool last = entry.put();
    ASSERT(!last);
}

lib::result<place> make_place_locked(dentry& root, const char* name,
                                     lib::result<lib::ref<inode>> (*make_directory)(inode& above)) {
    place found{lib::ref<dentry>::share(&root), {}};
    for (;;) {
        const char* end = name;
        while (*end != '\0' && *end != '/') {
            end++;
        }
        found.name = {name, static_cast<size_t>(end - name)};
        if (*end == '\0') {
            return found;
        }
        auto below = find_child_locked(*found.directory, found.name);
        if (!below.ok()) {
            auto node = TRY(make_directory(*found.directory->node));
            below = add_child_locked(*found.directory, found.name, std::move(node));
        }
        found.directory = TRY(std::move(below));
        name = end + 1;
    }
}

dentry* parent_of_locked(dentry& entry, const dentry& root) {
    dentry* at = &entry;
    while (at != &root && !at->parent && at->covers != nullptr) {
        at = at->covers;
    }
    return at == &root || !at->parent ? at : at->parent.get();
}

lib::result<size_t> absolute_path(dentry& entry, const dentry& root, char* buffer, size_t size_bytes) {
    static constexpr char deleted[] = " (deleted)";
    task::mutex_guard guard(tree_mutex);
    char* const end = buffer + size_bytes;
    char* at = prepend(buffer, end, "", 1);
    if (at != nullptr && entry.removed) {
        at = prepend(buffer, at, deleted, sizeof deleted - 1);
    }
    const dentry* current = &entry;
    bool any = false;
    while (at != nullptr && current != &root) {
        if (!current->parent) {
            if (current->covers == nullptr) {
                break;
            }
            current = current->covers;
            continue;
        }
        at = prepend(buffer, at, current->name, current->name_length);
        at = at == nullptr ? nullptr : prepend(buffer, at, "/", 1);
        current = current->parent.get();
        any = true;
    }
    if (at != nullptr && !any) {
        at = prepend(buffer, at, "/", 1);
    }
    if (at == nullptr) {
        return lib::error{ERANGE};
    }
    const auto length = static_cast<size_t>(end - at);
    memmove(buffer, at, length);
    return length - 1;
}

} // namespace fs
