// mkdir: makes folders; -p makes the ones above as well.

#include "user/program.hpp"

#include <limits.h>
#include <sys/stat.h>

static const char usage[] =
    "usage: mkdir [-p] FOLDER...\n  -p  make parents as needed; an existing folder is no error\n";

static bool make_with_parents(const char* path) {
    char partial[PATH_MAX];
    if (snprintf(partial, sizeof partial, "%s", path) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (char* slash = partial; (slash = strchr(slash + 1, '/')) != nullptr;) {
        *slash = '\0';
        if (mkdir(partial, 0777) != 0 && errno != EEXIST) {
            return false;
        }
        *slash = '/';
    }
    struct stat status;
    return mkdir(partial, 0777) == 0 ||
           (errno == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode));
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    bool parents = false;
    for (int option; (option = getopt(argc, argv, "p")) != -1;) {
        parents = option == 'p';
        if (option == '?') {
            usage_error(usage);
        }
    }
    if (optind == argc) {
        usage_error(usage);
    }
    int status = 0;
    for (int i = optind; i < argc; i++) {
        if (!(parents ? make_with_parents(argv[i]) : mkdir(argv[i], 0777) == 0)) {
            warn("%s", argv[i]);
            status = 1;
        }
    }
    return status;
}
