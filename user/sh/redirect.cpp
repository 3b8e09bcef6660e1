// Redirections: open, duplicate and close descriptors as a command asks, and put them back afterwards when
// the command ran in the shell itself.

#include "user/sh/shell.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/// Copies of the shell's own descriptors live from here on, out of the reach of single digits.
constexpr int first_saved_fd = 10;

/// A pipe holds this much without a reader; a longer text needs a process to write it.
constexpr size_t pipe_bytes = 4096;

static void save(int fd, list<saved_descriptor>* saved) {
    if (saved != nullptr) {
        saved->add({fd, fcntl(fd, F_DUPFD_CLOEXEC, first_saved_fd)});
    }
}

void restore_descriptors(list<saved_descriptor>& saved) {
    for (size_t i = saved.size(); i-- > 0;) {
        if (saved[i].copy >= 0) {
            dup2(saved[i].copy, saved[i].fd);
            close(saved[i].copy);
        } else {
            close(saved[i].fd);
        }
    }
    saved.truncate(0);
}

static void write_text(int fd, const char* body, size_t length) {
    while (length > 0) {
        ssize_t written = write(fd, body, length);
        if (written < 0) {
            return;
        }
        body += written;
        length -= static_cast<size_t>(written);
    }
}

/// A descriptor from which `body` can be read.
static int open_here_document(const char* body) {
    int ends[2];
    if (pipe(ends) != 0) {
        return -1;
    }
    size_t length = strlen(body);
    if (length <= pipe_bytes) {
        write_text(ends[1], body, length);
    } else if (fork() == 0) {
        write_text(ends[1], body, length);
        _exit(0);
    }
    close(ends[1]);
    return ends[0];
}

static int open_flags(redirect_kind kind) {
    switch (kind) {
    case redirect_kind::input:
        return O_RDONLY;
    case redirect_kind::append:
        return O_WRONLY | O_CREAT | O_APPEND;
    case redirect_kind::both:
        return O_RDWR | O_CREAT;
    default:
        return O_WRONLY | O_CREAT | O_TRUNC;
    }
}

static int open_target(const redirection* one, const char* path) {
    struct stat status;
    bool guarded = one->kind == redirect_kind::output && shell.option_noclobber;
    if (guarded && stat(path, &status) == 0 && S_ISREG(status.st_mode)) {
        errno = EEXIST;
        return -1;
    }
    return open(path, open_flags(one->kind), 0666);
}

/// Makes `target` what `source` is, and closes `source`.
static bool move_descriptor(int source, int target) {
    if (source == target) {
        return true;
    }
    bool moved = dup2(source, target) >= 0;
    close(source);
    return moved;
}

static bool redirect_duplicate(const redirection* one, const char* word) {
    if (strcmp(word, "-") == 0) {
        close(one->fd);
        return true;
    }
    char* end = nullptr;
    long source = strtol(word, &end, 10);
    if (end == word || *end != '\0') {
        complain(1, "%s: not a descriptor", word);
        return false;
    }
    if (dup2(static_cast<int>(source), one->fd) < 0) {
        complain(1, "%s: %s", word, strerror(errno));
        return false;
    }
    return true;
}

static bool redirect_one(const redirection* one, list<saved_descriptor>* saved) {
    const char* word = one->word;
    if (one->kind != redirect_kind::here_exact) {
        word = one->kind == redirect_kind::here_text ? expand_here_document(one->word)
                                                     : expand_string(one->word);
        if (word == nullptr) {
            return false;
        }
    }
    save(one->fd, saved);
    if (one->kind == redirect_kind::duplicate) {
        return redirect_duplicate(one, word);
    }
    bool here = one->kind == redirect_kind::here_text || one->kind == redirect_kind::here_exact;
    int fd = here ? open_here_document(word) : open_target(one, word);
    if (fd < 0 || !move_descriptor(fd, one->fd)) {
        complain(1, "%s: %s", here ? "here-document" : word, strerror(errno));
        return false;
    }
    return true;
}

bool redirect(const redirection* redirections, list<saved_descriptor>* saved) {
    for (const redirection* one = redirections; one != nullptr; one = one->next) {
        if (!redirect_one(one, saved)) {
            return false;
        }
    }
    return true;
}
