// mv: renames files and folders, or moves them into a folder. Between file systems it copies and removes.

#include "user/copy.hpp"

static const char usage[] = "usage: mv SOURCE... TARGET\n";

static bool move(const char* source, const char* target) {
    if (rename(source, target) == 0) {
        return true;
    }
    if (errno != EXDEV) {
        warn("%s to %s", source, target);
        return false;
    }
    return copy_tree(source, target) && remove_tree(source);
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    while (getopt(argc, argv, "f") != -1) {
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
        if (!target_path(path, argv[i], target) || !move(argv[i], path)) {
            status = 1;
        }
    }
    return status;
}
