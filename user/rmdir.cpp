// rmdir: removes empty folders.

#include "user/program.hpp"

int main(int argc, char** argv) {
    static const char usage[] = "usage: rmdir FOLDER...\nRemoves empty folders.\n";
    answer_help(argc, argv, usage);
    if (argc < 2) {
        usage_error(usage);
    }
    int status = 0;
    for (int i = 1; i < argc; i++) {
        if (rmdir(argv[i]) != 0) {
            warn("%s", argv[i]);
            status = 1;
        }
    }
    return status;
}
