// Copying in what calls about files take. Short paths and short lists stay on the stack; the heap is for
// the others.

#include "kernel/syscall/file_arguments.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/task/process.hpp"

namespace syscall {

static_assert(sizeof(fs::io_piece) == sizeof(iovec));

fs::fd_table& current_files() {
    return *task::current_process().files;
}

path_argument::~path_argument() {
    if (text_ != short_text_) {
        mm::kfree(text_);
    }
}

lib::result<void> path_argument::load(int dirfd, uint64_t address, empty_path policy) {
    const mm::user_ptr<const char> from(address);
    auto copied = mm::copy_string_from_user(short_text_, from, sizeof short_text_);
    if (!copied.ok() && copied.error().number == ENAMETOOLONG) {
        auto* longer = static_cast<char*>(mm::kmalloc(fs::path_limit, mm::mem_tag::file));
        if (longer == nullptr) {
            return lib::error{ENOMEM};
        }
        text_ = longer;
        copied = mm::copy_string_from_user(text_, from, fs::path_limit);
    }
    const size_t length = TRY(std::move(copied));
    if (length == 0 && policy == empty_path::refused) {
        return lib::error{ENOENT};
    }
    if (dirfd == AT_FDCWD || *text_ == '/') {
        return {};
    }
    directory_ = TRY(current_files().get(dirfd));
    const bool usable = directory_->entry && directory_->node->is_directory();
    return usable || length == 0 ? lib::result<void>{} : lib::error{ENOTDIR};
}

iovec_argument::~iovec_argument() {
    if (pieces_ != few_) {
        mm::kfree(pieces_);
    }
}

lib::result<void> iovec_argument::load(uint64_t address, uint64_t count) {
    if (count > UIO_MAXIOV) {
        return lib::error{EINVAL};
    }
    if (count > sizeof few_ / sizeof few_[0]) {
        auto* many = static_cast<fs::io_piece*>(mm::kmalloc(count * sizeof(fs::io_piece), mm::mem_tag::file));
        if (many == nullptr) {
            return lib::error{ENOMEM};
        }
        pieces_ = many;
    }
    TRY(mm::copy_from_user(pieces_, mm::user_ptr<const void>(address), count * sizeof(fs::io_piece)));
    uint64_t room = fs::io_length_limit;
    for (size_t i = 0; i < count; i++) {
        if (static_cast<int64_t>(pieces_[i].length) < 0) {
            return lib::error{EINVAL};
        }
        if (pieces_[i].length > room) {
            pieces_[i].length = room;
        }
        room -= pieces_[i].length;
    }
    count_ = count;
    return {};
}

} // namespace syscall
