// pwd: prints the current directory.

#include "user/program.hpp"

#include <limits.h>

int main(int argc, char** argv) {
    answer_help(argc, argv, "usage: pwd\nPrints the current directory.\n");
    char path[PATH_MAX];
    if (getcwd(path, sizeof path) == nullptr) {
        err(1, "current directory");
    }
    puts(path);
    return finish(0);
}
