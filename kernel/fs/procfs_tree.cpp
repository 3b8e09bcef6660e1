// /proc/N: a directory per process, made up when it is walked. Its texts are in procfs_process.cpp. No node
// of these outlives its users; each holds what is left of its process, so a file of a dead process gives
// ESRCH and never tells of another one that got the same number.
//
// What the process has open, where it stands and what is in its memory is for those who may inspect it,
// whatever the modes say. That is asked at each use: after an exec of a set-user-id file the answer is
// another one.
//
// What a node is about stands in its inode number: (pid << 16) | detail, with a bit above that no other
// inode reaches.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/fs/dentry.hpp"
#include "kernel/fs/directory.hpp"
#include "kernel/fs/fd_table.hpp"
#include "kernel/fs/fs_context.hpp"
#include "kernel/fs/path_walk.hpp"
#include "kernel/fs/procfs_internal.hpp"
#include "kernel/lib/format.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/task/permission.hpp"
#include "kernel/task/process.hpp"

namespace fs {

namespace {

/// What an entry is.
struct row {
    const char* name; ///< Null: the caller knows it.
    uint32_t mode;
    const inode_ops* ops;
    int detail; ///< Of the payload.
};

constexpr uint64_t computed_bit = uint64_t{1} << 48;

/// What the last bits of a computed inode number mean; below first_detail: a descriptor.
enum detail : int {
    first_detail = 0x4000,
    working_directory = first_detail,
    root_directory,
    program,
    file_list,
    first_text = 0x8000,
    whole_process = 0xffff,
};

uint64_t pack(int process_id, int what) {
    return computed_bit | static_cast<uint64_t>(process_id) << 16 | static_cast<uint64_t>(what);
}

int packed_process(const inode& node) {
    return static_cast<int>((node.number & ~computed_bit) >> 16);
}

int packed_detail(const inode& node) {
    return static_cast<int>(node.number & 0xffff);
}

/// The payload of a computed node.
struct process_source : text_source {
    lib::ref<task::process> who;
};

lib::result<lib::ref<task::process>> process_of(const inode& node) {
    const auto& who = static_cast<const process_source*>(node.payload)->who;
    arch::spin_guard guard(task::process_table_lock);
    return who->state != task::process_state::reaped ? lib::result<lib::ref<task::process>>(who)
                                                     : lib::error{ESRCH};
}

lib::result<lib::ref<task::process>> inspected_process(const inode& node) {
    auto who = TRY(process_of(node));
    return task::may_inspect(*who) ? lib::result<lib::ref<task::process>>(std::move(who))
                                   : lib::error{EACCES};
}

void destroy_computed(inode& node) {
    delete static_cast<process_source*>(node.payload);
}

lib::ref<fd_table> files_of(task::process& who) {
    arch::spin_guard guard(who.details_lock);
    return lib::ref<fd_table>::share(who.files);
}

lib::ref<fs_context> directories_of(task::process& who) {
    arch::spin_guard guard(who.details_lock);
    return lib::ref<fs_context>::share(who.directories);
}

// ---- links -----------------------------------------------------------------------------------------------

/// Where the process's files seem to be to us: paths are told from the reader's root.
lib::result<size_t> tell_path(dentry& entry, char* target, size_t size_bytes) {
    const fs_context* context = current_context();
    lib::ref<dentry> root;
    {
        task::mutex_guard guard(tree_lock());
        root = context != nullptr ? context->root : lib::ref<dentry>::share(&root_entry());
    }
    return absolute_path(entry, *root, target, size_bytes);
}

lib::result<size_t> read_program_link(inode& link, char* target, size_t size_bytes) {
    const auto who = TRY(inspected_process(link));
    arch::spin_guard guard(who->details_lock);
    const size_t length = strlen(who->executable);
    if (length == 0) {
        return lib::error{ENOENT};
    }
    memcpy(target, who->executable, length < size_bytes ? length : size_bytes);
    return length < size_bytes ? length : size_bytes;
}

lib::result<lib::ref<dentry>> follow_program_link(inode& link) {
    char path[sizeof(task::process::executable)];
    const size_t length = TRY(read_program_link(link, path, sizeof path - 1));
    path[length] = '\0';
    path_walk found;
    TRY(found.run_locked(nullptr, path, last_link::follow));
    return found.entry ? lib::result<lib::ref<dentry>>(std::move(found.entry)) : lib::error{ENOENT};
}

lib::result<lib::ref<dentry>> follow_place_link(inode& link) {
    const auto who = TRY(inspected_process(link));
    const auto places = directories_of(*who);
    if (!places) {
        return lib::error{ENOENT};
    }
    return packed_detail(link) == working_directory ? places->working_directory : places->root;
}

lib::result<size_t> read_place_link(inode& link, char* target, size_t size_bytes) {
    lib::ref<dentry> entry;
    {
        task::mutex_guard guard(tree_lock());
        entry = TRY(follow_place_link(link));
    }
    return tell_path(*entry, target, size_bytes);
}

lib::result<lib::ref<file>> linked_file(const inode& link) {
    const auto who = TRY(inspected_process(link));
    const auto files = files_of(*who);
    auto f = files ? files->get(packed_detail(link)) : lib::error{ENOENT};
    return f.ok() ? std::move(f) : lib::error{ENOENT};
}

lib::result<lib::ref<dentry>> follow_file_link(inode& link) {
    const auto who = TRY(inspected_process(link));
    const auto files = files_of(*who);
    if (!files) {
        return lib::error{ENOENT};
    }
    auto found = files->locate(packed_detail(link));
    if (!found.ok()) {
        return lib::error{ENOENT};
    }
    fd_table::location& place = found.value();
    return place.entry ? lib::result<lib::ref<dentry>>(std::move(place.entry))
                       : new_dentry(std::move(place.node), nullptr, name_of("pipe"));
}

lib::result<size_t> read_file_link(inode& link, char* target, size_t size_bytes) {
    const auto f = TRY(linked_file(link));
    if (f->entry) {
        return tell_path(*f->entry, target, size_bytes);
    }
    const uint32_t type = f->node->mode & S_IFMT;
    char text[64];
    const size_t length =
        type == S_IFIFO || type == S_IFSOCK
            ? lib::format(text, sizeof text, "%s:[%zu]", type == S_IFIFO ? "pipe" : "socket", f->node->number)
            : lib::format(text, sizeof text, "anon_inode:[%s]", f->ops->name);
    memcpy(target, text, length < size_bytes ? length : size_bytes);
    return length < size_bytes ? length : size_bytes;
}

// ---- directories -----------------------------------------------------------------------------------------

const inode_ops program_link_ops = {.read_link = read_program_link,
                                    .follow = follow_program_link,
                                    .destroy = destroy_computed,
                                    .magic = PROC_SUPER_MAGIC};
const inode_ops place_link_ops = {.read_link = read_place_link,
                                  .follow = follow_place_link,
                                  .destroy = destroy_computed,
                                  .magic = PROC_SUPER_MAGIC};
const inode_ops file_link_ops = {.read_link = read_file_link,
                                 .follow = follow_file_link,
                                 .destroy = destroy_computed,
                                 .magic = PROC_SUPER_MAGIC};

lib::result<lib::ref<dentry>> look_up_file(dentry& directory, const name_view& name);
lib::result<void> list_files(dentry& directory, directory_sink& sink);
lib::result<lib::ref<dentry>> look_up_row(dentry& directory, const name_view& name);
lib::result<void> list_rows(dentry& directory, directory_sink& sink);
lib::result<lib::ref<dentry>> look_up_process(dentry& directory, const name_view& name);
lib::result<void> list_processes(dentry& directory, directory_sink& sink);

const inode_ops files_ops = {
    .lookup = look_up_file, .list = list_files, .destroy = destroy_computed, .magic = PROC_SUPER_MAGIC};
const inode_ops process_ops = {
    .lookup = look_up_row, .list = list_rows, .destroy = destroy_computed, .magic = PROC_SUPER_MAGIC};

const row rows[] = {
    {"cwd", S_IFLNK | 0777, &place_link_ops, working_directory},
    {"exe", S_IFLNK | 0777, &program_link_ops, program},
    {"fd", S_IFDIR | 0500, &files_ops, file_list},
    {"root", S_IFLNK | 0777, &place_link_ops, root_directory},
};
constexpr size_t row_count = sizeof rows / sizeof rows[0];

lib::result<void> generate_process_text(const inode& node, procfs_text& text) {
    const process_text& what = process_texts[packed_detail(node) - first_text];
    const auto who = TRY(what.meant_for == readers::everybody ? process_of(node) : inspected_process(node));
    return what.write(*who, text);
}

lib::result<void> open_process_text(inode& node, file& f) {
    if (process_texts[packed_detail(node) - first_text].meant_for == readers::inspectors) {
        TRY(inspected_process(node));
    }
    return open_procfs_text(node, f);
}

const inode_ops process_text_ops = {
    .open = open_process_text, .destroy = destroy_computed, .magic = PROC_SUPER_MAGIC};
const file_ops no_file_ops = {.name = "proc link"};

lib::result<lib::ref<dentry>> make_computed(dentry& directory, const name_view& name,
                                            lib::ref<task::process> who, const row& what) {
    const file_ops& open_ops = S_ISDIR(what.mode)   ? tree_directory_ops
                               : S_ISREG(what.mode) ? procfs_text_ops
                                                    : no_file_ops;
    auto* source = new (mm::mem_tag::file) process_source{{generate_process_text, nullptr}, std::move(who)};
    if (source == nullptr) {
        return lib::error{ENOMEM};
    }
    auto made = new_inode(*what.ops, open_ops, what.mode, procfs_device);
    if (!made.ok()) {
        delete source;
        return made.error();
    }
    lib::ref<inode> node = std::move(made).value();
    node->payload = source;
    node->number = pack(source->who->id, what.detail);
    {
        arch::spin_guard guard(source->who->details_lock);
        node->uid = source->who->who.effective_uid;
        node->gid = source->who->who.effective_gid;
    }
    return new_dentry(std::move(node), lib::ref<dentry>::share(&directory), name);
}

/// The number that a name is, or -1.
int parse_number(const name_view& name) {
    int value = 0;
    for (size_t i = 0; i < name.length; i++) {
        const char c = name.text[i];
        if (c < '0' || c > '9' || value > 99'999'999 || (i > 0 && value == 0)) {
            return -1;
        }
        value = value * 10 + (c - '0');
    }
    return value;
}

name_view format_number(char (&text)[16], int number) {
    return {text, lib::format(text, sizeof text, "%d", number)};
}

lib::result<lib::ref<dentry>> look_up_process(dentry& directory, const name_view& name) {
    auto who = task::find_process(parse_number(name));
    if (!who) {
        return lib::error{ENOENT};
    }
    return make_computed(directory, name, std::move(who),
                         {nullptr, S_IFDIR | 0555, &process_ops, whole_process});
}

lib::result<void> list_processes(dentry&, directory_sink& sink) {
    char text[16];
    int process_id = static_cast<int>(sink.cursor - computed_cursor);
    while ((process_id = task::next_process_id(process_id)) != 0) {
        const uint64_t next = computed_cursor + static_cast<uint64_t>(process_id);
        if (!sink.emit(sink, format_number(text, process_id), pack(process_id, whole_process), S_IFDIR,
                       next)) {
            break;
        }
        sink.cursor = next;
    }
    return {};
}

lib::result<lib::ref<dentry>> look_up_row(dentry& directory, const name_view& name) {
    auto who = TRY(process_of(*directory.node));
    for (size_t i = 0; i < process_text_count; i++) {
        if (name_of(process_texts[i].name) == name) {
            return make_computed(directory, name, std::move(who),
                                 {nullptr, S_IFREG | process_texts[i].mode, &process_text_ops,
                                  first_text + static_cast<int>(i)});
        }
    }
    for (const row& what : rows) {
        if (name_of(what.name) == name) {
            return make_computed(directory, name, std::move(who), what);
        }
    }
    return lib::error{ENOENT};
}

/// The rows first, then the texts.
lib::result<void> list_rows(dentry& directory, directory_sink& sink) {
    const int process_id = packed_process(*directory.node);
    for (size_t i = sink.cursor - computed_cursor; i < row_count + process_text_count; i++) {
        const bool is_row = i < row_count;
        const size_t text = i - row_count;
        const int detail = is_row ? rows[i].detail : first_text + static_cast<int>(text);
        const name_view name = name_of(is_row ? rows[i].name : process_texts[text].name);
        const uint32_t mode = is_row ? rows[i].mode : S_IFREG | process_texts[text].mode;
        if (!sink.emit(sink, name, pack(process_id, detail), mode, computed_cursor + i + 1)) {
            break;
        }
        sink.cursor = computed_cursor + i + 1;
    }
    return {};
}

lib::result<lib::ref<dentry>> look_up_file(dentry& directory, const name_view& name) {
    const int fd = parse_number(name);
    auto who = TRY(inspected_process(*directory.node));
    const auto files = files_of(*who);
    if (fd < 0 || !files || !files->flags(fd).ok()) {
        return lib::error{ENOENT};
    }
    return make_computed(directory, name, std::move(who), {nullptr, S_IFLNK | 0700, &file_link_ops, fd});
}

lib::result<void> list_files(dentry& directory, directory_sink& sink) {
    char text[16];
    const int process_id = packed_process(*directory.node);
    const auto who = TRY(inspected_process(*directory.node));
    const auto files = files_of(*who);
    int fd = static_cast<int>(sink.cursor - computed_cursor);
    while (files && (fd = files->next_used(fd)) >= 0) {
        const uint64_t next = computed_cursor + static_cast<uint64_t>(fd) + 1;
        if (!sink.emit(sink, format_number(text, fd), pack(process_id, fd), S_IFLNK, next)) {
            break;
        }
        sink.cursor = next;
        fd++;
    }
    return {};
}

// ---- /proc/self ------------------------------------------------------------------------------------------

lib::result<size_t> read_self_link(inode&, char* target, size_t size_bytes) {
    char text[16];
    const name_view number = format_number(text, task::current_process().id);
    memcpy(target, number.text, number.length < size_bytes ? number.length : size_bytes);
    return number.length;
}

const inode_ops self_ops = {.read_link = read_self_link, .magic = PROC_SUPER_MAGIC};

} // namespace

const inode_ops process_list_ops = {
    .lookup = look_up_process, .list = list_processes, .magic = PROC_SUPER_MAGIC};

lib::result<void> register_process_links() {
    auto self = TRY(new_inode(self_ops, no_file_ops, S_IFLNK | 0777, procfs_device));
    return add_procfs_node("self", std::move(self));
}

} // namespace fs
