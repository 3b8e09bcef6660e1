// cp: copies files, and with -r whole folders.

#include "user/copy.hpp"

static const char usage[] = "usage: cp [-r] SOURCE... TARGET\n  -r  copy folders with all that is in them\n";

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    bool recursive = false;
    for (int option; (option = getopt(argc, argv, "rRfp")) != -1;) {
        recursive |= option == 'r' || option == 'R';
        if (option == '?') {
            usage_error(usage);
        }
    }
    if (argc - optind < 2) {
        usage_error(usage);
    }
    const char* target = argv[argc - 1];
    if (argc - optind > 2 && !is_folder(target)) {
        errx(1, "%s: not a folder", target);
    }
    int status = 0;
    for (int i = optind; i < argc - 1; i++) {
        char path[PATH_MAX];
        if (!recursive && is_folder(argv[i])) {
            warnx("%s: is a folder (use -r)", argv[i]);
            status = 1;
        } else if (!target_path(path, argv[i], target) || !copy_tree(argv[i], path)) {
            status = 1;
        }
    }
    return status;
}
