// tee: copies standard input to standard output and to files.

#include "user/program.hpp"

#include <fcntl.h>

constexpr int most_files = 16;

int main(int argc, char** argv) {
    static const char usage[] = "usage: tee [-a] [FILE...]\n  -a  append\n";
    answer_help(argc, argv, usage);
    bool append = argc > 1 && strcmp(argv[1], "-a") == 0;
    int first = append ? 2 : 1;
    if (argc - first > most_files) {
        errx(exit_usage, "more than %d files", most_files);
    }
    int fds[most_files + 1] = {1};
    int count = 1;
    int status = 0;
    for (int i = first; i < argc; i++) {
        int fd = open(argv[i], O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), 0666);
        if (fd < 0) {
            warn("%s", argv[i]);
            status = 1;
        } else {
            fds[count++] = fd;
        }
    }
    static char buffer[16384];
    ssize_t length;
    while ((length = read(0, buffer, sizeof buffer)) > 0) {
        for (int i = 0; i < count; i++) {
            if (!write_all(fds[i], buffer, static_cast<size_t>(length))) {
                err(1, "write");
            }
        }
    }
    return status;
}
