#include "kernel/syscall/execve.hpp"

// Replacing a process's program. Everything that can fail happens on the side: the file is opened and
// checked, a new address space is filled, tables are copied. Only then, at the point of no return in
// commit(), the other threads end and the process changes over; from there nothing fails any more. So a
// failed exec leaves the caller as it was, and no process ever runs half of a program (HARDENING S21).
//
// A file that begins with "#!" names its interpreter, which is executed with the file's path put in
// between: up to four times over.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/arch/context.hpp"
#include "kernel/arch/panic.hpp"
#include "kernel/fs/fd_table.hpp"
#include "kernel/fs/fs_context.hpp"
#include "kernel/fs/path.hpp"
#include "kernel/lib/log.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/task/elf.hpp"
#include "kernel/task/exec.hpp"
#include "kernel/task/exit.hpp"
#include "kernel/task/files_hook.hpp"
#include "kernel/task/fork.hpp"
#include "kernel/task/program_stack.hpp"
#include "kernel/task/scheduler.hpp"
#include "kernel/task/thread.hpp"

namespace syscall {

namespace {

constexpr int script_depth_limit = 4;
constexpr size_t first_line_limit = 256; // BINPRM_BUF_SIZE

constexpr uint32_t unchanged_id = ~0u;

// A program that is ready to take over.
struct prepared_program {
    lib::ref<mm::address_space> space;
    task::program_stack stack;
    uint64_t entry = 0;
    char executable[256] = {};
    char name[16] = {};
    uint32_t owner_uid = unchanged_id; // of a set-user-id file, else unchanged
    uint32_t owner_gid = unchanged_id;
};

// A path in memory of its own: 4 KiB are too much for a kernel stack that is to go deep.
class path_buffer {
public:
    path_buffer() : text_(static_cast<char*>(mm::kmalloc(fs::path_limit, mm::mem_tag::task))) {}
    ~path_buffer() { mm::kfree(text_); }
    path_buffer(const path_buffer&) = delete;
    path_buffer& operator=(const path_buffer&) = delete;

    lib::result<void> fetch(uint64_t user_path) {
        if (text_ == nullptr) {
            return lib::error{ENOMEM};
        }
        TRY(mm::copy_string_from_user(text_, mm::user_ptr<const char>(user_path), fs::path_limit));
        return text_[0] != 0 ? lib::result<void>{} : lib::error{ENOENT};
    }
    const char* text() const { return text_; }

private:
    char* text_;
};

struct interpreter_line {
    char path[first_line_limit];
    char argument[first_line_limit];
};

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

// "#! /bin/sh -e": the path, and the rest of the line as one argument. False if there is no path.
bool parse_interpreter(char* line, interpreter_line& parsed) {
    size_t end = 0;
    while (line[end] != 0 && line[end] != '\n') {
        end++;
    }
    while (end > 2 && is_blank(line[end - 1])) {
        end--;
    }
    line[end] = 0;
    size_t at = 2;
    while (is_blank(line[at])) {
        at++;
    }
    size_t length = 0;
    while (line[at] != 0 && !is_blank(line[at])) {
        parsed.path[length++] = line[at++];
    }
    parsed.path[length] = 0;
    while (is_blank(line[at])) {
        at++;
    }
    memcpy(parsed.argument, line + at, strlen(line + at) + 1);
    return length > 0;
}

lib::result<void> insert_interpreter(task::argument_block& arguments, const interpreter_line& line,
                                     const char* script) {
    arguments.drop_first_argument();
    TRY(arguments.prepend_argument(script));
    if (line.argument[0] != 0) {
        TRY(arguments.prepend_argument(line.argument));
    }
    return arguments.prepend_argument(line.path);
}

// Follows one interpreter line. False if the file has none: it is the program.
lib::result<bool> follow_script(lib::ref<fs::file>& file, const char* script, task::argument_block& arguments,
                                interpreter_line& line) {
    char head[first_line_limit + 1];
    const size_t length = TRY(fs::read_kernel(*file, head, first_line_limit, 0));
    head[length] = 0;
    if (length < 2 || head[0] != '#' || head[1] != '!') {
        return false;
    }
    if (!parse_interpreter(head, line)) {
        return lib::error{ENOEXEC};
    }
    TRY(insert_interpreter(arguments, line, script));
    file = TRY(fs::open_program(nullptr, line.path));
    return true;
}

// Opens the program behind interpreter lines. On return `arguments` is what the program gets. Not inlined,
// so that its lines are off the stack before the loader goes deep.
[[gnu::noinline]] lib::result<lib::ref<fs::file>> open_through_scripts(const char* path,
                                                                       task::argument_block& arguments) {
    lib::ref<fs::file> file = TRY(fs::open_program(nullptr, path));
    interpreter_line lines[2]; // the script's path and its interpreter's take turns
    for (int depth = 0; depth <= script_depth_limit; depth++) {
        const char* script = depth == 0 ? path : lines[(depth + 1) % 2].path;
        const bool is_script = TRY(follow_script(file, script, arguments, lines[depth % 2]));
        if (!is_script) {
            return file;
        }
    }
    return lib::error{ELOOP};
}

[[gnu::noinline]] lib::result<void> read_program(fs::file& file, task::elf_program& program) {
    const uint64_t file_bytes = file.node->size;
    Elf64_Ehdr header;
    if (TRY(fs::read_kernel(file, &header, sizeof header, 0)) != sizeof header) {
        return lib::error{ENOEXEC};
    }
    const task::elf_table_place place = TRY(task::check_file_header(header, file_bytes));
    auto* table = static_cast<Elf64_Phdr*>(mm::kmalloc(place.length_bytes, mm::mem_tag::task));
    if (table == nullptr) {
        return lib::error{ENOMEM};
    }
    const auto length = fs::read_kernel(file, table, place.length_bytes, place.offset);
    lib::result<void> outcome = lib::error{ENOEXEC};
    if (length.ok() && length.value() == place.length_bytes) {
        outcome = task::check_program(header, table, file_bytes, program);
    }
    mm::kfree(table);
    return outcome;
}

// The set-user-id and set-group-id bits of the file: whose rights the program gets.
void note_owner(prepared_program& prepared, fs::file& file) {
    const uint32_t mode = file.node->mode;
    constexpr uint32_t set_group = S_ISGID | S_IXGRP;
    prepared.owner_uid = (mode & S_ISUID) != 0 ? file.node->uid : unchanged_id;
    prepared.owner_gid = (mode & set_group) == set_group ? file.node->gid : unchanged_id;
}

// What ps and /proc show of the program.
void describe(prepared_program& prepared, fs::file& file, const char* path) {
    const char* base = path;
    for (const char* at = path; *at != 0; at++) {
        base = *at == '/' && at[1] != 0 ? at + 1 : base;
    }
    size_t length = strlen(base);
    length = length < sizeof prepared.name ? length : sizeof prepared.name - 1;
    memcpy(prepared.name, base, length);
    if (file.entry) {
        (void)fs::absolute_path(*file.entry, fs::root_entry(), prepared.executable,
                                sizeof prepared.executable)
            .ok();
    }
}

task::credentials credentials_after(const prepared_program& prepared) {
    task::credentials who = task::current_credentials();
    who.effective_uid = prepared.owner_uid != unchanged_id ? prepared.owner_uid : who.effective_uid;
    who.effective_gid = prepared.owner_gid != unchanged_id ? prepared.owner_gid : who.effective_gid;
    who.saved_uid = who.effective_uid;
    who.saved_gid = who.effective_gid;
    return who;
}

lib::result<void> prepare(const char* path, task::argument_block& arguments, prepared_program& prepared) {
    if (arguments.argument_count() == 0) {
        TRY(arguments.prepend_argument("")); // behind it stands the environment
    }
    const lib::ref<fs::file> file = TRY(open_through_scripts(path, arguments));
    task::elf_program program;
    TRY(read_program(*file, program));
    const lib::ref<mm::backing> pages = TRY(fs::map_pages(*file));
    prepared.space = TRY(mm::address_space::create());
    const task::loaded_program loaded = TRY(task::load_program(program, *prepared.space, pages));
    note_owner(prepared, *file);
    const task::credentials who = credentials_after(prepared);
    prepared.stack = TRY(task::build_program_stack(*prepared.space, arguments, loaded, path, who));
    prepared.entry = loaded.entry;
    describe(prepared, *file, path);
    return {};
}

// A copy of a descriptor table that is shared with another process (CLONE_FILES); null if it is not. Made
// early, because it may fail: what the other threads open before they end is not in it.
lib::result<lib::ref<fs::fd_table>> own_descriptor_table(task::process& self) {
    if (self.files->count() == 1) {
        return lib::ref<fs::fd_table>{};
    }
    return self.files->copy();
}

// Only when no other thread is left: they use the process's table without a count of their own.
void take_over_files(task::process& self, lib::ref<fs::fd_table> own) {
    if (own) {
        fs::fd_table* shared = own.leak();
        {
            const arch::spin_guard guard(self.details_lock);
            std::swap(self.files, shared);
        }
        fs::release_files(shared);
    }
    self.files->close_on_exec();
}

void set_start_registers(task::thread& self, const prepared_program& prepared) {
    arch::trap_frame& frame = self.user_frame();
    frame = {};
    frame.rip = prepared.entry;
    frame.rsp = prepared.stack.stack_pointer;
    frame.cs = arch::user_code;
    frame.ss = arch::user_data;
    frame.rflags = arch::rflags::interrupt | arch::rflags::always_one;
    frame.vector = arch::vector_syscall;
    const arch::irq_guard interrupts_off;
    self.fs_base = 0;
    self.gs_base = 0;
    arch::set_fs_base(0);
    arch::set_user_gs_base(0);
    *self.fpu = arch::fpu_initial;
    arch::fpu_restore(arch::fpu_initial);
}

void take_over_description(task::process& self, const prepared_program& prepared) {
    const task::credentials who = credentials_after(prepared);
    const arch::spin_guard guard(self.details_lock);
    memcpy(self.name, prepared.name, sizeof self.name);
    memcpy(self.executable, prepared.executable, sizeof self.executable);
    self.arguments_start = prepared.stack.arguments_start;
    self.arguments_end = prepared.stack.arguments_end;
    self.environment_end = prepared.stack.environment_end;
    self.who = who;
}

void take_over_space(task::process& self, lib::ref<mm::address_space> next) {
    lib::ref<mm::address_space> loaded = next;
    {
        const arch::spin_guard guard(self.details_lock);
        std::swap(self.space, next);
    }
    loaded = task::switch_space(std::move(loaded));
}

// The point of no return is behind end_other_threads().
lib::result<void> commit(prepared_program& prepared) {
    task::thread& self = task::current();
    task::process& owner = *self.owner;
    lib::ref<fs::fd_table> files = TRY(own_descriptor_table(owner));
    lib::ref<task::signal_actions> actions = TRY(task::make_actions_for_exec(owner));
    TRY(task::end_other_threads());
    task::become_leader(self);
    task::leave_old_program(self);
    take_over_space(owner, std::move(prepared.space));
    take_over_description(owner, prepared);
    task::take_over_actions(owner, std::move(actions));
    memcpy(self.name, prepared.name, sizeof self.name);
    take_over_files(owner, std::move(files));
    set_start_registers(self, prepared);
    task::announce_exec(owner);
    return {};
}

lib::result<void> execute(const char* path, uint64_t user_arguments, uint64_t user_environment) {
    prepared_program prepared;
    {
        task::argument_block arguments;
        TRY(arguments.append_arguments(user_arguments));
        TRY(arguments.append_environment(user_environment));
        TRY(prepare(path, arguments, prepared));
    }
    return commit(prepared);
}

lib::result<void> open_standard_files() {
    const lib::ref<fs::file> console = TRY(fs::open(nullptr, "/dev/console", O_RDWR));
    for (int fd = 0; fd <= 2; fd++) {
        TRY(task::current_process().files->install(console, fs::fd_flags::none));
    }
    return {};
}

lib::result<void> execute_init(const char* path) {
    prepared_program prepared;
    {
        task::argument_block arguments;
        TRY(arguments.append_argument(path));
        TRY(prepare(path, arguments, prepared));
    }
    return commit(prepared);
}

void init_main(void* argument) {
    const char* path = static_cast<const char*>(argument);
    if (const auto opened = open_standard_files(); !opened.ok()) {
        LOG_WARNING("init: no /dev/console (error %d)", opened.error().number);
    }
    if (const auto outcome = execute_init(path); !outcome.ok()) {
        arch::panic("cannot execute %s (error %d)", path, outcome.error().number);
    }
    arch::enter_user(task::current().user_frame());
}

} // namespace

lib::result<void> start_init(const char* path) {
    auto files = TRY(fs::fd_table::create());
    auto directories = TRY(fs::fs_context::create());
    return task::create_first_process(init_main, const_cast<char*>(path), files.leak(), directories.leak());
}

long sys_execve(const arguments& args) {
    lib::result<void> outcome;
    {
        path_buffer path;
        outcome = path.fetch(args[0]);
        if (outcome.ok()) {
            outcome = execute(path.text(), args[1], args[2]);
        }
    }
    return outcome.ok() ? 0 : lib::as_syscall(outcome);
}

} // namespace syscall
