// rm: removes files, and with -r folders with all that is in them.

#include "user/path.hpp"

static const char usage[] =
    "usage: rm [-r] [-f] FILE...\n  -r  folders too   -f  missing files are no error\n";

static bool remove_one(const char* path, bool recursive, bool force) {
    struct stat status;
    const char* name = base_name(path);
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(path, "/") == 0) {
        warnx("%s: refused", path);
        return false;
    }
    if (lstat(path, &status) != 0) {
        if (force && errno == ENOENT) {
            return true;
        }
        warn("%s", path);
        return false;
    }
    if (S_ISDIR(status.st_mode) && !recursive) {
        warnx("%s: is a folder (use -r)", path);
        return false;
    }
    return remove_tree(path);
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    bool recursive = false;
    bool force = false;
    for (int option; (option = getopt(argc, argv, "rRf")) != -1;) {
        recursive |= option == 'r' || option == 'R';
        force |= option == 'f';
        if (option == '?') {
            usage_error(usage);
        }
    }
    if (optind == argc && !force) {
        usage_error(usage);
    }
    int status = 0;
    for (int i = optind; i < argc; i++) {
        if (!remove_one(argv[i], recursive, force)) {
            status = 1;
        }
    }
    return status;
}
