// Completion of the word before the cursor.

#include "user/sh/completion.hpp"
#include "user/sh/shell.hpp"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

namespace {

/// Adds the entries of `directory` that begin with `prefix`, folders with a slash.
void add_files(const char* directory, const char* prefix, list<char*>& matches) {
    DIR* open = opendir(*directory != '\0' ? directory : ".");
    if (open == nullptr) {
        return;
    }
    size_t length = strlen(prefix);
    while (struct dirent* entry = readdir(open)) {
        bool hidden = entry->d_name[0] == '.' && prefix[0] != '.';
        if (hidden || strncmp(entry->d_name, prefix, length) != 0) {
            continue;
        }
        text path, name;
        path.add(directory);
        path.add(entry->d_name);
        name.add(entry->d_name);
        struct stat status;
        if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
            name.add('/');
        }
        matches.add(scratch.copy(name.c_str(), name.size()));
    }
    closedir(open);
}

void add_commands(const char* prefix, list<char*>& matches) {
    size_t count = 0;
    const builtin* table = all_builtins(count);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(table[i].name, prefix, strlen(prefix)) == 0) {
            matches.add(scratch.copy(table[i].name, strlen(table[i].name)));
        }
    }
    const char* path = get_variable("PATH");
    for (const char* next = path != nullptr ? path : "/bin"; next != nullptr;) {
        size_t length = strcspn(next, ":");
        text directory;
        directory.add(next, length);
        directory.add('/');
        add_files(directory.c_str(), prefix, matches);
        next = next[length] == ':' ? next + length + 1 : nullptr;
    }
}

void sort_and_unite(list<char*>& matches) {
    if (matches.size() == 0) {
        return;
    }
    qsort(matches.begin(), matches.size(), sizeof(char*), [](const void* a, const void* b) {
        return strcmp(*static_cast<char* const*>(a), *static_cast<char* const*>(b));
    });
    size_t kept = 0;
    for (size_t i = 0; i < matches.size(); i++) {
        if (kept == 0 || strcmp(matches[kept - 1], matches[i]) != 0) {
            matches[kept++] = matches[i];
        }
    }
    matches.truncate(kept);
}

} // namespace

size_t common_length(const list<char*>& matches) {
    size_t length = strlen(matches[0]);
    for (size_t i = 1; i < matches.size(); i++) {
        size_t same = 0;
        while (same < length && matches[i][same] == matches[0][same]) {
            same++;
        }
        length = same;
    }
    return length;
}

size_t find_completions(const text& line, size_t cursor, list<char*>& matches) {
    size_t start = cursor;
    while (start > 0 && strchr(" \t;|&<>(", line[start - 1]) == nullptr) {
        start--;
    }
    size_t before = start;
    while (before > 0 && line[before - 1] == ' ') {
        before--;
    }
    const char* word = scratch.copy(line.c_str() + start, cursor - start);
    const char* slash = strrchr(word, '/');
    const char* prefix = slash != nullptr ? slash + 1 : word;
    if (slash == nullptr && (before == 0 || strchr(";|&(", line[before - 1]) != nullptr)) {
        add_commands(prefix, matches);
    } else {
        add_files(scratch.copy(word, static_cast<size_t>(prefix - word)), prefix, matches);
    }
    sort_and_unite(matches);
    return strlen(prefix);
}
