#include "kernel/syscall/system.hpp"

// Names, memory and load of the machine; the kernel's log; random bytes; switching off.
//
// reboot(2) has one extra: LINUX_REBOOT_CMD_RESTART2 with the string "exit=N" ends a test run with status
// N (arch::power_off hands it to QEMU's isa-debug-exit); any other string restarts.

#include "kernel/abi/errno.h"
#include "kernel/abi/process.h"
#include "kernel/abi/sysinfo.h"
#include "kernel/abi/utsname.h"
#include "kernel/arch/clock.hpp"
#include "kernel/arch/log_sink.hpp"
#include "kernel/arch/panic.hpp"
#include "kernel/arch/random.hpp"
#include "kernel/lib/log.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/frames.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/mm/layout.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/task/mutex.hpp"
#include "kernel/task/process.hpp"
#include "kernel/task/scheduler.hpp"

namespace syscall {

namespace {

// Releases below 3.2 make old C libraries refuse to start; ours names the ABI it follows.
utsname system_name = {.sysname = "Lumos",
                       .nodename = "lumos",
                       .release = "6.1.0-lumos",
                       .version = "#1 teaching",
                       .machine = "x86_64",
                       .domainname = "(none)"};
constinit arch::spinlock name_lock{lib::lock_rank::process_details};

lib::result<void> set_name(char (&name)[65], uint64_t user_text, int64_t length) {
    if (!task::current_credentials().is_root()) {
        return lib::error{EPERM};
    }
    if (length < 0 || length >= static_cast<int64_t>(sizeof name)) {
        return lib::error{EINVAL};
    }
    char text[sizeof name] = {};
    TRY(mm::copy_from_user(text, mm::user_ptr<const void>(user_text), static_cast<size_t>(length)));
    const arch::spin_guard guard(name_lock);
    memcpy(name, text, sizeof name);
    return {};
}

unsigned count_processes() {
    unsigned count = 0;
    for (int id = task::next_process_id(0); id != 0; id = task::next_process_id(id)) {
        count++;
    }
    return count;
}

// syslog(2) actions.
constexpr int action_read_all = 3;
constexpr int action_size_buffer = 10;
constexpr size_t log_read_limit = 64 * 1024;

lib::result<long> read_log(uint64_t user_buffer, int64_t length) {
    if (length < 0 || user_buffer == 0) {
        return lib::error{EINVAL};
    }
    const size_t wanted =
        length < static_cast<int64_t>(log_read_limit) ? static_cast<size_t>(length) : log_read_limit;
    auto* text = static_cast<char*>(mm::kmalloc(wanted, mm::mem_tag::kernel));
    if (text == nullptr) {
        return lib::error{ENOMEM};
    }
    const size_t got = arch::read_log(text, wanted);
    const lib::result<void> copied = mm::copy_to_user(mm::user_ptr<void>(user_buffer), text, got);
    mm::kfree(text);
    TRY(copied.ok() ? lib::result<void>{} : lib::result<void>{copied.error()});
    return static_cast<long>(got);
}

// "exit=7" -> 7; -1 for other strings.
int exit_status_of(const char* text) {
    constexpr char prefix[] = "exit=";
    if (strncmp(text, prefix, sizeof prefix - 1) != 0) {
        return -1;
    }
    int status = 0;
    for (const char* digit = text + sizeof prefix - 1; *digit != 0; digit++) {
        if (*digit < '0' || *digit > '9' || status > 255) {
            return -1;
        }
        status = status * 10 + (*digit - '0');
    }
    return status <= 255 ? status : -1;
}

long restart_with_string(uint64_t user_text) {
    char text[32];
    if (!mm::copy_string_from_user(text, mm::user_ptr<const char>(user_text), sizeof text).ok()) {
        return -EFAULT;
    }
    const int status = exit_status_of(text);
    if (status >= 0) {
        arch::power_off(static_cast<uint8_t>(status));
    }
    LOG_INFO("reboot: restarting");
    arch::reboot();
}

} // namespace

long sys_uname(const arguments& args) {
    utsname told;
    {
        const arch::spin_guard guard(name_lock);
        told = system_name;
    }
    return lib::as_syscall(mm::store(mm::user_ptr<utsname>(args[0]), told));
}

long sys_sethostname(const arguments& args) {
    return lib::as_syscall(set_name(system_name.nodename, args[0], args.as_int(1)));
}

long sys_setdomainname(const arguments& args) {
    return lib::as_syscall(set_name(system_name.domainname, args[0], args.as_int(1)));
}

long sys_sysinfo(const arguments& args) {
    struct sysinfo told = {};
    uint32_t averages[3];
    task::load_averages(averages);
    told.uptime = static_cast<int64_t>(arch::clock_now_ns() / 1'000'000'000);
    for (int i = 0; i < 3; i++) {
        told.loads[i] = averages[i];
    }
    told.totalram = mm::total_frame_count() * mm::page_size;
    told.freeram = mm::free_frame_count() * mm::page_size;
    told.procs = static_cast<uint16_t>(count_processes());
    told.mem_unit = 1;
    return lib::as_syscall(mm::store(mm::user_ptr<struct sysinfo>(args[0]), told));
}

long sys_syslog(const arguments& args) {
    switch (args.as_int(0)) {
    case action_read_all:
        return lib::as_syscall(read_log(args[1], args.as_int(2)));
    case action_size_buffer:
        return log_read_limit;
    case 0: // close, open, and the console's level: nothing to do
    case 1:
    case 6:
    case 7:
    case 8:
        return 0;
    default:
        return -EINVAL;
    }
}

long sys_getrandom(const arguments& args) {
    constexpr uint32_t known = GRND_NONBLOCK | GRND_RANDOM | 4; // 4: GRND_INSECURE
    if ((args.as_u32(2) & ~known) != 0) {
        return -EINVAL;
    }
    constexpr uint64_t most = 0x7ffff000;
    const uint64_t length = args[1] < most ? args[1] : most;
    uint64_t done = 0;
    while (done < length) {
        unsigned char bytes[256];
        const size_t piece = length - done < sizeof bytes ? length - done : sizeof bytes;
        arch::random_bytes(bytes, piece);
        const size_t copied = mm::copy_to_user_partial(mm::user_ptr<void>(args[0] + done), bytes, piece);
        done += copied;
        if (copied < piece) {
            return done > 0 ? static_cast<long>(done) : -EFAULT;
        }
        if (task::signal_pending() && done < length) {
            break;
        }
    }
    return static_cast<long>(done);
}

long sys_reboot(const arguments& args) {
    constexpr uint32_t later_magics[] = {LINUX_REBOOT_MAGIC2, 85072278, 369367448, 537993216};
    bool magic = false;
    for (const uint32_t each : later_magics) {
        magic = magic || args.as_u32(1) == each;
    }
    if (args.as_u32(0) != LINUX_REBOOT_MAGIC1 || !magic) {
        return -EINVAL;
    }
    if (!task::current_credentials().is_root()) {
        return -EPERM;
    }
    switch (args.as_u32(2)) {
    case LINUX_REBOOT_CMD_RESTART:
        LOG_INFO("reboot: restarting");
        arch::reboot();
    case LINUX_REBOOT_CMD_RESTART2:
        return restart_with_string(args[3]);
    case LINUX_REBOOT_CMD_HALT:
    case LINUX_REBOOT_CMD_POWER_OFF:
        LOG_INFO("reboot: power off");
        arch::power_off(0);
    case LINUX_REBOOT_CMD_CAD_ON:
    case LINUX_REBOOT_CMD_CAD_OFF:
        return 0;
    default:
        return -EINVAL;
    }
}

// Only asking for, and setting, the plain Linux personality.
long sys_personality(const arguments& args) {
    return args.as_u32(0) == 0 || args.as_u32(0) == 0xffffffff ? 0 : -EINVAL;
}

// Undoing CLONE_FILES and CLONE_FS is not offered, and there are no namespaces.
long sys_unshare(const arguments& args) {
    return args[0] == 0 ? 0 : -EINVAL;
}

// Ring 3 never touches ports here.
long sys_iopl(const arguments&) {
    return -EPERM;
}

} // namespace syscall
