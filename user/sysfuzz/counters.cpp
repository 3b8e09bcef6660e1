// Bytes in use by objects of each kind (/proc/meminfo), open files (/proc/sys/fs/file-nr), sockets
// (/proc/net/sockstat), processes (the directories of /proc). Left out of the exact ones is what caches by
// design: slabs, page tables, kernel stacks, and pages of programs that the fuzzer itself may have touched.

#include "user/sysfuzz/counters.hpp"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace {

constexpr const char* exact_tags[] = {"task", "space",    "file",   "pipe", "tty",
                                      "skb",  "skb_data", "socket", "net"};

char text[16384];

/// The contents of a small file, in `text`.
const char* read_text(const char* path) {
    const int fd = open(path, O_RDONLY);
    ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    close(fd);
    return text;
}

/// The number behind a word, -1 if it is not there.
long number_after(const char* in, const char* word) {
    const char* const found = strstr(in, word);
    return found == nullptr ? -1 : strtol(found + strlen(word), nullptr, 10);
}

long count_processes() {
    long count = 0;
    DIR* const all = opendir("/proc");
    while (const dirent* const entry = all == nullptr ? nullptr : readdir(all)) {
        count += isdigit(static_cast<unsigned char>(entry->d_name[0])) != 0;
    }
    closedir(all);
    return count;
}

void add(counters& all, const char* name, long value) {
    counters::counter& next = all.list[all.count++];
    snprintf(next.name, sizeof next.name, "%s", name);
    next.value = value;
}

} // namespace

counters counters::now() {
    counters seen;
    add(seen, "processes", count_processes());
    add(seen, "open files", strtol(read_text("/proc/sys/fs/file-nr"), nullptr, 10));
    const char* const sockets = read_text("/proc/net/sockstat");
    add(seen, "sockets", number_after(sockets, "sockets: used "));
    const char* const memory = read_text("/proc/meminfo");
    for (const char* const tag : exact_tags) {
        char word[32];
        snprintf(word, sizeof word, "Tag:%s ", tag);
        add(seen, tag, number_after(memory, word));
    }
    seen.free_kib = number_after(memory, "MemFree:");
    return seen;
}

const char* counters::difference(const counters& other) const {
    for (int index = 0; index < count; index++) {
        if (list[index].value != other.list[index].value) {
            return list[index].name;
        }
    }
    return nullptr;
}

void counters::print_against(const counters& before) const {
    for (int index = 0; index < count; index++) {
        printf("  %-12s %8ld -> %8ld%s\n", list[index].name, before.list[index].value, list[index].value,
               list[index].value != before.list[index].value ? "  differs" : "");
    }
    printf("  %-12s %8ld -> %8ld kB\n", "free", before.free_kib, free_kib);
}
