#include "kernel/syscall/memory.hpp"

// mmap and its family: what the file descriptor allows is checked here, the rest is mm/address_space.

#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/fs/fd_table.hpp"
#include "kernel/fs/file.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/address_space.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/task/process.hpp"

namespace syscall {

namespace {

mm::address_space& space() {
    return *task::current_process().space;
}

struct mapped_file {
    lib::ref<mm::backing> pages;
    int most_prot;
};

// The pages of a file, if the descriptor was opened for what the mapping may do with them, now or after
// mprotect.
lib::result<mapped_file> pages_of(int fd, int prot, int flags) {
    const lib::ref<fs::file> file = TRY(task::current_process().files->get(fd));
    const bool writes_back = (flags & MAP_TYPE) != MAP_PRIVATE;
    const int most_prot = writes_back && !file->writable() ? mm::any_prot & ~PROT_WRITE : mm::any_prot;
    if (file->path_only()) {
        return lib::error{EBADF};
    }
    if (!file->readable() || (prot & ~most_prot) != 0) {
        return lib::error{EACCES};
    }
    return mapped_file{TRY(fs::map_pages(*file)), most_prot};
}

lib::result<uint64_t> map(const arguments& args) {
    const uint64_t length = args[1];
    const int prot = args.as_int(2);
    int flags = args.as_int(3);
    const uint64_t offset = args[5];
    const int type = flags & MAP_TYPE;
    if (length == 0 || (offset & (mm::page_size - 1)) != 0 || (prot & ~mm::any_prot) != 0) {
        return lib::error{EINVAL};
    }
    if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE) {
        return lib::error{EINVAL};
    }
    if (length > mm::user_end || offset + length < offset) {
        return lib::error{length > mm::user_end ? ENOMEM : EOVERFLOW};
    }
    flags = (flags & ~MAP_TYPE) | (type == MAP_PRIVATE ? MAP_PRIVATE : MAP_SHARED);
    if ((flags & MAP_ANONYMOUS) == 0) {
        mapped_file file = TRY(pages_of(args.as_int(4), prot, flags));
        return space().map(args[0], length, prot, flags, std::move(file.pages), offset, file.most_prot);
    }
    lib::ref<mm::backing> object;
    if (type != MAP_PRIVATE) {
        object = TRY(mm::create_shared_memory(mm::page_align_up(length)));
    }
    return space().map(args[0], length, prot, flags, std::move(object), 0);
}

lib::result<uint64_t> remap(const arguments& args) {
    const uint64_t flags = args[3];
    if ((flags & ~uint64_t{MREMAP_MAYMOVE}) != 0) {
        return lib::error{EINVAL}; // MREMAP_FIXED is refused: no program of ours needs it
    }
    using policy = mm::address_space::move_policy;
    return space().remap(args[0], args[1], args[2],
                         (flags & MREMAP_MAYMOVE) != 0 ? policy::may_move : policy::stay);
}

lib::result<void> advise(uint64_t start, uint64_t length, int advice) {
    if ((start & (mm::page_size - 1)) != 0) {
        return lib::error{EINVAL};
    }
    switch (advice) {
    case MADV_DONTNEED:
    case MADV_FREE:
        return space().discard(start, length);
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
        return {};
    default:
        return lib::error{EINVAL};
    }
}

// Whether areas cover a whole range, for calls that only check.
struct coverage {
    uint64_t next;
    uint64_t end;
};

void visit_coverage(const mm::area& area, void* context) {
    auto& wanted = *static_cast<coverage*>(context);
    if (area.start <= wanted.next && area.end > wanted.next) {
        wanted.next = area.end;
    }
}

lib::result<void> check_mapped(uint64_t start, uint64_t length) {
    if ((start & (mm::page_size - 1)) != 0) {
        return lib::error{EINVAL};
    }
    if (!mm::is_user_range(start, length)) {
        return lib::error{ENOMEM};
    }
    coverage wanted{start, start + length};
    space().for_each_area(visit_coverage, &wanted);
    return wanted.next >= wanted.end ? lib::result<void>{} : lib::error{ENOMEM};
}

// Everything that is mapped counts as resident: nothing is ever written out.
lib::result<void> tell_residency(uint64_t start, uint64_t length, uint64_t user_vector) {
    TRY(check_mapped(start, length));
    char present[64];
    memset(present, 1, sizeof present);
    const uint64_t pages = mm::page_align_up(length) / mm::page_size;
    for (uint64_t done = 0; done < pages; done += sizeof present) {
        const uint64_t piece = pages - done < sizeof present ? pages - done : sizeof present;
        TRY(mm::copy_to_user(mm::user_ptr<void>(user_vector + done), present, piece));
    }
    return {};
}

} // namespace

long sys_mmap(const arguments& args) {
    return lib::as_syscall(map(args));
}

long sys_munmap(const arguments& args) {
    return lib::as_syscall(space().unmap(args[0], args[1]));
}

long sys_mprotect(const arguments& args) {
    if ((args.as_int(2) & ~mm::any_prot) != 0) {
        return -EINVAL;
    }
    return lib::as_syscall(space().protect(args[0], args[1], args.as_int(2)));
}

long sys_mremap(const arguments& args) {
    return lib::as_syscall(remap(args));
}

long sys_madvise(const arguments& args) {
    return lib::as_syscall(advise(args[0], args[1], args.as_int(2)));
}

// Shared mappings write straight into the file's pages: there is nothing to bring back.
long sys_msync(const arguments& args) {
    const int flags = args.as_int(2);
    constexpr int both = MS_ASYNC | MS_SYNC;
    if ((flags & ~(both | MS_INVALIDATE)) != 0 || (flags & both) == both) {
        return -EINVAL;
    }
    return lib::as_syscall(check_mapped(args[0], args[1]));
}

long sys_mincore(const arguments& args) {
    return lib::as_syscall(tell_residency(args[0], args[1], args[2]));
}

long sys_brk(const arguments& args) {
    return static_cast<long>(space().set_brk(args[0]));
}

// No page is ever taken away from a program, so all memory is locked already.
long sys_mlock(const arguments& args) {
    const uint64_t start = mm::page_align_down(args[0]);
    return lib::as_syscall(check_mapped(start, args[1] + (args[0] - start)));
}

long sys_munlock(const arguments& args) {
    return sys_mlock(args);
}

long sys_mlockall(const arguments& args) {
    const uint32_t known = MCL_CURRENT | MCL_FUTURE;
    return args.as_u32(0) == 0 || (args.as_u32(0) & ~known) != 0 ? -EINVAL : 0;
}

long sys_munlockall(const arguments&) {
    return 0;
}

} // namespace syscall
