// /proc/N: a directory per process, made up when it is walked. No node of these outlives its users; the
// number of the process is in the payload, and every read looks the process up again, so a file of a dead
// process gives ESRCH rather than keeping it.
//
// Payloads are numbers in a pointer's clothes: (pid << 16) | what, with what = the row of `rows` or a
// descriptor. Text nodes need a text_source behind their payload and get a heap object.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/mman.h"
#include "kernel/fs/dentry.hpp"
#include "kernel/fs/directory.hpp"
#include "kernel/fs/fd_table.hpp"
#include "kernel/fs/fs_context.hpp"
#include "kernel/fs/path_walk.hpp"
#include "kernel/fs/procfs_internal.hpp"
#include "kernel/fs/scratch.hpp"
#include "kernel/fs/tty.hpp"
#include "kernel/lib/format.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/address_space.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/task/process.hpp"

namespace fs {

namespace {

constexpr uint64_t ns_per_tick = 10'000'000; // USER_HZ 100

/// A process's text file.
struct process_source : text_source {
    int process_id;
    lib::result<void> (*write)(task::process& who, procfs_text& text);
};

struct row {
    const char* name;
    uint32_t mode;
    lib::result<void> (*write)(task::process& who, procfs_text& text); ///< Texts.
    const inode_ops* ops;                                              ///< Links and directories.
};

uint64_t pack(int process_id, int what) {
    return (static_cast<uint64_t>(process_id) << 16) | static_cast<uint64_t>(what);
}

int packed_process(const inode& node) {
    return static_cast<int>(reinterpret_cast<uint64_t>(node.payload) >> 16);
}

int packed_detail(const inode& node) {
    return static_cast<int>(reinterpret_cast<uint64_t>(node.payload) & 0xffff);
}

lib::result<lib::ref<task::process>> process_of(int process_id) {
    auto who = task::find_process(process_id);
    return who ? lib::result<lib::ref<task::process>>(std::move(who)) : lib::error{ESRCH};
}

lib::ref<fd_table> files_of(task::process& who) {
    arch::spin_guard guard(who.details_lock);
    return lib::ref<fd_table>::share(who.files);
}

lib::ref<fs_context> directories_of(task::process& who) {
    arch::spin_guard guard(who.details_lock);
    return lib::ref<fs_context>::share(who.directories);
}

// ---- texts -----------------------------------------------------------------------------------------------

struct family {
    int parent, group, session;
    uint32_t terminal_number;
    int foreground_group;
    int threads;
};

family family_of(task::process& who) {
    family found{};
    lib::ref<task::session> session;
    {
        arch::spin_guard guard(task::process_table_lock);
        found.parent = who.parent != nullptr ? who.parent->id : 0;
        found.group = who.group_id;
        session = who.session;
    }
    found.session = session ? session->id : 0;
    const tty_identity terminal = session ? controlling_terminal(*session) : tty_identity{0, -1};
    found.terminal_number = static_cast<uint32_t>(terminal.rdev);
    found.foreground_group = terminal.foreground_group;
    arch::spin_guard guard(who.signals.lock);
    for ([[maybe_unused]] task::thread& each : who.threads) {
        found.threads++;
    }
    return found;
}

mm::memory_usage memory_of(task::process& who) {
    const auto space = task::space_of(who);
    return space ? space->usage() : mm::memory_usage{};
}

lib::result<void> write_stat(task::process& who, procfs_text& text) {
    const family kin = family_of(who);
    const task::usage used = task::usage_of(who);
    const mm::memory_usage memory = memory_of(who);
    text.print("%d (%s) %c %d %d %d %u %d 0 ", who.id, who.name, task::state_letter(who), kin.parent,
               kin.group, kin.session, kin.terminal_number, kin.foreground_group);
    text.print("%zu 0 0 0 %zu %zu %zu %zu ", used.minor_faults, used.user_ns / ns_per_tick,
               used.system_ns / ns_per_tick, who.children_usage.user_ns / ns_per_tick,
               who.children_usage.system_ns / ns_per_tick);
    text.print("20 0 %d 0 %zu %zu %zu 18446744073709551615 ", kin.threads, who.start_time_ns / ns_per_tick,
               memory.mapped_bytes, memory.resident_bytes / mm::page_size);
    // Addresses, signal sets and the rest, which nothing here reads.
    text.print("0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
    return {};
}

lib::result<void> write_status(task::process& who, procfs_text& text) {
    const family kin = family_of(who);
    const mm::memory_usage memory = memory_of(who);
    const char state = task::state_letter(who);
    task::credentials ids;
    {
        arch::spin_guard guard(who.details_lock);
        ids = who.who;
    }
    const char* state_name = state == 'R'   ? "running"
                             : state == 'S' ? "sleeping"
                             : state == 'T' ? "stopped"
                             : state == 'Z' ? "zombie"
                                            : "disk sleep";
    text.print("Name:\t%s\nState:\t%c (%s)\nTgid:\t%d\nPid:\t%d\nPPid:\t%d\n", who.name, state, state_name,
               who.id, who.id, kin.parent);
    text.print("Uid:\t%u\t%u\t%u\t%u\n", ids.uid, ids.effective_uid, ids.saved_uid, ids.effective_uid);
    text.print("Gid:\t%u\t%u\t%u\t%u\n", ids.gid, ids.effective_gid, ids.saved_gid, ids.effective_gid);
    text.print("VmSize:\t%8zu kB\nVmRSS:\t%8zu kB\nThreads:\t%d\n", memory.mapped_bytes / 1024,
               memory.resident_bytes / 1024, kin.threads);
    return {};
}

lib::result<void> write_memory(task::process& who, procfs_text& text) {
    const mm::memory_usage memory = memory_of(who);
    const size_t resident = memory.resident_bytes / mm::page_size;
    text.print("%zu %zu 0 0 0 %zu 0\n", memory.mapped_bytes / mm::page_size, resident, resident);
    return {};
}

/// Bytes of the process's own memory, such as its argument strings. A range that is not there reads empty.
lib::result<void> copy_memory(task::process& who, uint64_t start, uint64_t end, procfs_text& text) {
    constexpr size_t limit = 4096;
    const auto space = task::space_of(who);
    if (!space || end <= start) {
        return {};
    }
    const size_t length = end - start < limit ? end - start : limit;
    scratch bytes(length);
    if (!bytes) {
        return lib::error{ENOMEM};
    }
    if (space->read(start, bytes.data(), length).ok()) {
        text.append(bytes.data(), length);
    }
    return {};
}

lib::result<void> write_arguments(task::process& who, procfs_text& text) {
    return copy_memory(who, who.arguments_start, who.arguments_end, text);
}

lib::result<void> write_environment(task::process& who, procfs_text& text) {
    return copy_memory(who, who.arguments_end, who.environment_end, text);
}

lib::result<void> write_name(task::process& who, procfs_text& text) {
    text.print("%s\n", who.name);
    return {};
}

void write_area(const mm::area& area, void* context) {
    const bool shared = (area.flags & MAP_SHARED) != 0;
    static_cast<procfs_text*>(context)->print(
        "%lx-%lx %c%c%c%c %08lx 00:00 0%s\n", area.start, area.end, (area.prot & PROT_READ) != 0 ? 'r' : '-',
        (area.prot & PROT_WRITE) != 0 ? 'w' : '-', (area.prot & PROT_EXEC) != 0 ? 'x' : '-',
        shared ? 's' : 'p', area.offset,
        (area.flags & mm::area_heap) != 0   ? "                          [heap]"
        : (area.flags & MAP_GROWSDOWN) != 0 ? "                          [stack]"
                                            : "");
}

lib::result<void> write_maps(task::process& who, procfs_text& text) {
    if (const auto space = task::space_of(who); space) {
        space->for_each_area(write_area, &text);
    }
    return {};
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
    const auto who = TRY(process_of(packed_process(link)));
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

enum place_kind : int { working_directory = 0x4000, root_directory };

lib::result<lib::ref<dentry>> follow_place_link(inode& link) {
    const auto who = TRY(process_of(packed_process(link)));
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
    const auto who = TRY(process_of(packed_process(link)));
    const auto files = files_of(*who);
    auto f = files ? files->get(packed_detail(link)) : lib::error{ENOENT};
    return f.ok() ? std::move(f) : lib::error{ENOENT};
}

lib::result<lib::ref<dentry>> follow_file_link(inode& link) {
    const auto who = TRY(process_of(packed_process(link)));
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

const inode_ops program_link_ops = {
    .read_link = read_program_link, .follow = follow_program_link, .magic = PROC_SUPER_MAGIC};
const inode_ops place_link_ops = {
    .read_link = read_place_link, .follow = follow_place_link, .magic = PROC_SUPER_MAGIC};
const inode_ops file_link_ops = {
    .read_link = read_file_link, .follow = follow_file_link, .magic = PROC_SUPER_MAGIC};

lib::result<lib::ref<dentry>> look_up_file(dentry& directory, const name_view& name);
lib::result<void> list_files(dentry& directory, directory_sink& sink);
lib::result<lib::ref<dentry>> look_up_row(dentry& directory, const name_view& name);
lib::result<void> list_rows(dentry& directory, directory_sink& sink);
lib::result<lib::ref<dentry>> look_up_process(dentry& directory, const name_view& name);
lib::result<void> list_processes(dentry& directory, directory_sink& sink);

const inode_ops files_ops = {.lookup = look_up_file, .list = list_files, .magic = PROC_SUPER_MAGIC};
const inode_ops process_ops = {.lookup = look_up_row, .list = list_rows, .magic = PROC_SUPER_MAGIC};

const row rows[] = {
    {"cmdline", S_IFREG | 0444, write_arguments, nullptr},
    {"comm", S_IFREG | 0444, write_name, nullptr},
    {"cwd", S_IFLNK | 0777, nullptr, &place_link_ops},
    {"environ", S_IFREG | 0400, write_environment, nullptr},
    {"exe", S_IFLNK | 0777, nullptr, &program_link_ops},
    {"fd", S_IFDIR | 0500, nullptr, &files_ops},
    {"maps", S_IFREG | 0444, write_maps, nullptr},
    {"root", S_IFLNK | 0777, nullptr, &place_link_ops},
    {"stat", S_IFREG | 0444, write_stat, nullptr},
    {"statm", S_IFREG | 0444, write_memory, nullptr},
    {"status", S_IFREG | 0444, write_status, nullptr},
};
constexpr size_t row_count = sizeof rows / sizeof rows[0];

/// Computed nodes get numbers of their own, the same at each visit.
uint64_t computed_number(uint64_t payload) {
    return (uint64_t{1} << 48) | payload;
}

lib::result<lib::ref<dentry>> make_computed(dentry& directory, const name_view& name, const inode_ops& ops,
                                            const file_ops& open_ops, uint32_t mode, uint64_t payload) {
    const auto who = TRY(process_of(static_cast<int>(payload >> 16)));
    auto node = TRY(new_inode(ops, open_ops, mode, procfs_device));
    node->number = computed_number(payload);
    node->payload = reinterpret_cast<void*>(payload);
    {
        arch::spin_guard guard(who->details_lock);
        node->uid = who->who.effective_uid;
        node->gid = who->who.effective_gid;
    }
    return new_dentry(std::move(node), lib::ref<dentry>::share(&directory), name);
}

lib::result<void> generate_process_text(const inode& node, procfs_text& text) {
    const auto& source = *static_cast<const process_source*>(static_cast<text_source*>(node.payload));
    const auto who = TRY(process_of(source.process_id));
    return source.write(*who, text);
}

void destroy_process_text(inode& node) {
    delete static_cast<process_source*>(static_cast<text_source*>(node.payload));
}

const inode_ops process_text_ops = {
    .open = open_procfs_text, .destroy = destroy_process_text, .magic = PROC_SUPER_MAGIC};
const file_ops no_file_ops = {.name = "proc link"};

lib::result<lib::ref<dentry>> make_text(dentry& directory, const name_view& name, const row& what,
                                        uint64_t payload) {
    auto* source = new (mm::mem_tag::file)
        process_source{{generate_process_text, nullptr}, static_cast<int>(payload >> 16), what.write};
    if (source == nullptr) {
        return lib::error{ENOMEM};
    }
    auto made = make_computed(directory, name, process_text_ops, procfs_text_ops, what.mode, payload);
    if (!made.ok()) {
        delete source;
        return made;
    }
    made.value()->node->payload = static_cast<text_source*>(source);
    return made;
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
    const int process_id = parse_number(name);
    if (process_id <= 0 || !task::find_process(process_id)) {
        return lib::error{ENOENT};
    }
    return make_computed(directory, name, process_ops, tree_directory_ops, S_IFDIR | 0555,
                         pack(process_id, 0xffff));
}

lib::result<void> list_processes(dentry&, directory_sink& sink) {
    char text[16];
    int process_id = static_cast<int>(sink.cursor - computed_cursor);
    while ((process_id = task::next_process_id(process_id)) != 0) {
        const uint64_t next = computed_cursor + static_cast<uint64_t>(process_id);
        if (!sink.emit(sink, format_number(text, process_id), computed_number(pack(process_id, 0xffff)),
                       S_IFDIR, next)) {
            break;
        }
        sink.cursor = next;
    }
    return {};
}

lib::result<lib::ref<dentry>> look_up_row(dentry& directory, const name_view& name) {
    for (size_t i = 0; i < row_count; i++) {
        const row& what = rows[i];
        if (!(name_of(what.name) == name)) {
            continue;
        }
        const int process_id = packed_process(*directory.node);
        if (what.write != nullptr) {
            return make_text(directory, name, what, pack(process_id, 0x8000 + static_cast<int>(i)));
        }
        const bool is_root = what.ops == &place_link_ops && what.name[0] == 'r';
        const int detail = what.ops == &place_link_ops ? (is_root ? root_directory : working_directory)
                                                       : 0x8000 + static_cast<int>(i);
        return make_computed(directory, name, *what.ops,
                             S_ISDIR(what.mode) ? tree_directory_ops : no_file_ops, what.mode,
                             pack(process_id, detail));
    }
    return lib::error{ENOENT};
}

lib::result<void> list_rows(dentry& directory, directory_sink& sink) {
    const int process_id = packed_process(*directory.node);
    for (size_t i = sink.cursor - computed_cursor; i < row_count; i++) {
        const uint64_t number = computed_number(pack(process_id, 0x8000 + static_cast<int>(i)));
        if (!sink.emit(sink, name_of(rows[i].name), number, rows[i].mode, computed_cursor + i + 1)) {
            break;
        }
        sink.cursor = computed_cursor + i + 1;
    }
    return {};
}

lib::result<lib::ref<dentry>> look_up_file(dentry& directory, const name_view& name) {
    const int process_id = packed_process(*directory.node);
    const int fd = parse_number(name);
    const auto who = TRY(process_of(process_id));
    const auto files = files_of(*who);
    if (fd < 0 || !files || !files->flags(fd).ok()) {
        return lib::error{ENOENT};
    }
    return make_computed(directory, name, file_link_ops, no_file_ops, S_IFLNK | 0700, pack(process_id, fd));
}

lib::result<void> list_files(dentry& directory, directory_sink& sink) {
    char text[16];
    const int process_id = packed_process(*directory.node);
    const auto who = TRY(process_of(process_id));
    const auto files = files_of(*who);
    int fd = static_cast<int>(sink.cursor - computed_cursor);
    while (files && (fd = files->next_used(fd)) >= 0) {
        const uint64_t next = computed_cursor + static_cast<uint64_t>(fd) + 1;
        if (!sink.emit(sink, format_number(text, fd), computed_number(pack(process_id, fd)), S_IFLNK, next)) {
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
