// env: prints the environment, or runs a program in a changed one.

#include "user/program.hpp"

extern char** environ;

int main(int argc, char** argv) {
    answer_help(argc, argv,
                "usage: env [-i] [NAME=VALUE...] [COMMAND [ARGUMENT...]]\n  -i  start from nothing\n");
    int next = 1;
    if (next < argc && strcmp(argv[next], "-i") == 0) {
        static char* nothing[] = {nullptr};
        environ = nothing;
        next++;
    }
    for (; next < argc && strchr(argv[next], '=') != nullptr; next++) {
        char* equals = strchr(argv[next], '=');
        *equals = '\0';
        if (setenv(argv[next], equals + 1, 1) != 0) {
            err(1, "%s", argv[next]);
        }
    }
    if (next < argc) {
        execvp(argv[next], argv + next);
        err(errno == ENOENT ? 127 : 126, "%s", argv[next]);
    }
    for (char** entry = environ; *entry != nullptr; entry++) {
        puts(*entry);
    }
    return finish(0);
}
