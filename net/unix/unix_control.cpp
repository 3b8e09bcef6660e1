// Control messages: open files (SCM_RIGHTS) and credentials (SCM_CREDENTIALS) travel with a message.
//
// A file in flight is a counted reference; the receiver gets a descriptor of its own. Files in flight are
// bounded for the whole stack: no limit of a process counts them.

#include "kernel/abi/errno.h"
#include "kernel/lib/string.hpp"
#include "net/unix/unix_sock.hpp"

#include <new>

namespace net {

namespace {

constexpr uint32_t files_in_flight_limit = 4096;

/// What a sender may claim to be: itself, unless it may do everything.
lib::result<void> check_claim(const ucred& claimed, const port::credentials& real) {
    const bool true_claim = claimed.pid == real.pid && claimed.uid == real.uid && claimed.gid == real.gid;
    if (!true_claim && !port::may_administer()) {
        return lib::error{EPERM};
    }
    return {};
}

void note_in_flight(stack& in, port::passed_file* file, int change) {
    unix_table& table = *in.unix_sockets;
    __atomic_fetch_add(&table.files_in_flight, static_cast<uint32_t>(change), __ATOMIC_RELAXED);
    if (carried_unix_sock(in, file) != nullptr) {
        __atomic_fetch_add(&table.sockets_in_flight, static_cast<uint32_t>(change), __ATOMIC_RELAXED);
    }
}

/// The next files to close; nullptr: all are, and the next drop_files() begins again.
unix_files* next_doomed(unix_table& table) {
    port::guard held(table.lock);
    unix_files* files = table.doomed;
    table.dropping = files != nullptr;
    table.doomed = files != nullptr ? files->next : nullptr;
    return files;
}

/// Descriptors for as many files as the receiver has room for; returns how many.
size_t install_files(const unix_files& files, size_t room, bool close_on_exec, int* descriptors) {
    size_t count = 0;
    while (count < files.count && count < room) {
        const auto installed = port::install_file(files.files[count], close_on_exec);
        if (!installed.ok()) {
            break;
        }
        descriptors[count++] = installed.value();
    }
    return count;
}

void tell_files(const unix_files& files, message& msg) {
    const size_t left = msg.control.capacity - msg.control.length;
    const size_t room =
        msg.control.bytes == nullptr || left < CMSG_LEN(0) ? 0 : (left - CMSG_LEN(0)) / sizeof(int);
    int descriptors[unix_files::limit];
    const bool close_on_exec = (msg.flags & MSG_CMSG_CLOEXEC) != 0;
    const size_t told = install_files(files, room, close_on_exec, descriptors);
    if (told > 0) {
        msg.control.append(SOL_SOCKET, SCM_RIGHTS, descriptors, told * sizeof(int), &msg.flags);
    }
    if (told < files.count) {
        msg.flags |= MSG_CTRUNC;
    }
}

} // namespace

unix_control::~unix_control() {
    drop_files(in_, files_);
}

lib::result<void> unix_control::parse(const control_buffer& control) {
    size_t at = 0;
    while (control.length - at >= sizeof(cmsghdr)) {
        cmsghdr header;
        memcpy(&header, control.bytes + at, sizeof header);
        if (header.cmsg_len < sizeof header || header.cmsg_len > control.length - at) {
            return lib::error{EINVAL};
        }
        const uint8_t* data = control.bytes + at + sizeof header;
        const size_t length = header.cmsg_len - sizeof header;
        if (header.cmsg_level == SOL_SOCKET && header.cmsg_type == SCM_RIGHTS) {
            TRY(take_files(data, length / sizeof(int)));
        } else if (header.cmsg_level == SOL_SOCKET && header.cmsg_type == SCM_CREDENTIALS &&
                   length == sizeof(ucred)) {
            ucred claimed;
            memcpy(&claimed, data, sizeof claimed);
            TRY(check_claim(claimed, port::current_credentials()));
            who_ = {.pid = claimed.pid, .uid = claimed.uid, .gid = claimed.gid};
        } else if (header.cmsg_level == SOL_SOCKET) {
            return lib::error{EINVAL};
        }
        const size_t step = CMSG_ALIGN(header.cmsg_len);
        if (step >= control.length - at) {
            break;
        }
        at += step;
    }
    return {};
}

lib::result<void> unix_control::take_files(const uint8_t* descriptors, size_t count) {
    if (count == 0) {
        return {};
    }
    if (files_ == nullptr) {
        void* memory = port::allocate(sizeof(unix_files), port::memory_tag::socket);
        if (memory == nullptr) {
            return lib::error{ENOMEM};
        }
        files_ = new (memory) unix_files;
        files_->count = 0;
    }
    if (count > unix_files::limit - files_->count) {
        return lib::error{EINVAL};
    }
    uint32_t& in_flight = in_.unix_sockets->files_in_flight;
    for (size_t index = 0; index < count; index++) {
        int descriptor = -1;
        memcpy(&descriptor, descriptors + index * sizeof descriptor, sizeof descriptor);
        if (__atomic_load_n(&in_flight, __ATOMIC_RELAXED) >= files_in_flight_limit) {
            unix_collect_garbage(in_);
        }
        if (__atomic_load_n(&in_flight, __ATOMIC_RELAXED) >= files_in_flight_limit) {
            return lib::error{ETOOMANYREFS};
        }
        files_->files[files_->count] = TRY(port::take_file(descriptor));
        note_in_flight(in_, files_->files[files_->count], 1);
        files_->count++;
    }
    return {};
}

void unix_control::attach(sk_buff& skb) {
    unix_skb_notes& notes = notes_of(skb);
    notes.files = std::exchange(files_, nullptr);
    notes.who = who_;
}

unix_files* take_carried(stack& in, sk_buff& skb) {
    unix_files* files = std::exchange(notes_of(skb).files, nullptr);
    if (files != nullptr) {
        __atomic_fetch_add(&in.unix_sockets->taken, 1, __ATOMIC_RELEASE);
    }
    return files;
}

/// A file may be a socket with files in its queue, and so on for thousands: those are closed by the same
/// loop, not by calls inside of calls.
void drop_files(stack& in, unix_files* files) {
    if (files == nullptr) {
        return;
    }
    unix_table& table = *in.unix_sockets;
    {
        port::guard held(table.lock);
        files->next = std::exchange(table.doomed, files);
        if (table.dropping) {
            return;
        }
    }
    while (unix_files* next = next_doomed(table)) {
        for (size_t index = 0; index < next->count; index++) {
            note_in_flight(in, next->files[index], -1);
            port::drop_file(next->files[index]);
        }
        port::release(next);
    }
}

void tell_control(const unix_sock& self, const unix_skb_notes& notes, message& msg) {
    if (self.passcred) {
        const ucred who = {.pid = notes.who.pid, .uid = notes.who.uid, .gid = notes.who.gid};
        msg.control.append(SOL_SOCKET, SCM_CREDENTIALS, &who, sizeof who, &msg.flags);
    }
    if (notes.files != nullptr) {
        tell_files(*notes.files, msg);
    }
}

} // namespace net
