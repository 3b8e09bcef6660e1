// cat: copies files, or standard input, to standard output.

#include "user/program.hpp"

#include <fcntl.h>

/// Copies everything; false, with errno, on an error of either side.
static bool copy(int from) {
    static char buffer[65536];
    ssize_t count;
    while ((count = read(from, buffer, sizeof buffer)) != 0) {
        if (count < 0 ? errno != EINTR : !write_all(1, buffer, static_cast<size_t>(count))) {
            return false;
        }
    }
    return true;
}

int main(int argc, char** argv) {
    answer_help(argc, argv, "usage: cat [FILE...]\nPrints files one after the other; - is standard input.\n");
    static char dash[] = "-";
    static char* only_input[] = {dash, nullptr};
    int status = 0;
    for (char** name = argc > 1 ? argv + 1 : only_input; *name != nullptr; name++) {
        int fd = strcmp(*name, "-") == 0 ? 0 : open(*name, O_RDONLY);
        if (fd < 0 || !copy(fd)) {
            warn("%s", *name);
            status = 1;
        }
        if (fd > 0) {
            close(fd);
        }
    }
    return status;
}
