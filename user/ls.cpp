// ls: lists files. -l with mode, size and time, -a hidden ones too, -h sizes in K, M and G, -1 one per line.

#include "user/path.hpp"

#include <sys/ioctl.h>
#include <time.h>

static const char usage[] =
    "usage: ls [-1adhl] [FILE...]\n"
    "  -l  mode, links, owner, size, time   -h  sizes in K, M, G   -a  hidden files too\n"
    "  -1  one per line                     -d  folders themselves\n";

static bool option_long, option_all, option_human, option_single, option_directory;

struct entry {
    char* name;
    struct stat status;
};

struct listing {
    entry* entries = nullptr;
    size_t count = 0;
    size_t capacity = 0;

    void add(const char* name, const struct stat& status) {
        if (count == capacity) {
            capacity = capacity == 0 ? 32 : capacity * 2;
            entries = static_cast<entry*>(realloc(entries, capacity * sizeof(entry)));
        }
        char* copy = entries != nullptr ? strdup(name) : nullptr;
        if (copy == nullptr) {
            err(1, "%s", name);
        }
        entries[count++] = {copy, status};
    }
    void sort() {
        if (count > 0) {
            qsort(entries, count, sizeof(entry), [](const void* a, const void* b) {
                return strcmp(static_cast<const entry*>(a)->name, static_cast<const entry*>(b)->name);
            });
        }
    }
    ~listing() {
        for (size_t i = 0; i < count; i++) {
            free(entries[i].name);
        }
        free(entries);
    }
};

static char type_letter(mode_t mode) {
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return 'd';
    case S_IFLNK:
        return 'l';
    case S_IFCHR:
        return 'c';
    case S_IFBLK:
        return 'b';
    case S_IFIFO:
        return 'p';
    case S_IFSOCK:
        return 's';
    default:
        return '-';
    }
}

static void print_size(off_t size) {
    double value = static_cast<double>(size);
    const char* unit = "";
    static const char* const units[] = {"K", "M", "G"};
    for (const char* next : units) {
        if (!option_human || value < 1024) {
            break;
        }
        value /= 1024;
        unit = next;
    }
    if (*unit == '\0') {
        printf("%9lld", static_cast<long long>(size));
    } else {
        printf(value < 10 ? "%8.1f%s" : "%8.0f%s", value, unit);
    }
}

/// One line as of `ls -l`. `path` leads to the file, for the target of a link.
static void print_long(const entry& one, const char* path) {
    char mode[] = "-rwxrwxrwx";
    mode[0] = type_letter(one.status.st_mode);
    for (int bit = 0; bit < 9; bit++) {
        if ((one.status.st_mode & (0400u >> bit)) == 0) {
            mode[bit + 1] = '-';
        }
    }
    printf("%s %3lu %4u %4u ", mode, static_cast<unsigned long>(one.status.st_nlink), one.status.st_uid,
           one.status.st_gid);
    print_size(one.status.st_size);
    char when[32] = "?";
    if (struct tm* local = localtime(&one.status.st_mtime)) {
        strftime(when, sizeof when, "%b %e %Y %H:%M", local);
    }
    printf(" %s %s", when, one.name);
    char target[PATH_MAX];
    ssize_t length = S_ISLNK(one.status.st_mode) ? readlink(path, target, sizeof target - 1) : -1;
    if (length >= 0) {
        printf(" -> %.*s", static_cast<int>(length), target);
    }
    putchar('\n');
}

/// Names in columns as wide as the longest, read downwards.
static void print_columns(const listing& list) {
    struct winsize window;
    size_t width = ioctl(1, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 ? window.ws_col : 80;
    size_t longest = 1;
    for (size_t i = 0; i < list.count; i++) {
        size_t length = strlen(list.entries[i].name);
        longest = length > longest ? length : longest;
    }
    size_t columns = width / (longest + 2) > 0 ? width / (longest + 2) : 1;
    size_t rows = (list.count + columns - 1) / columns;
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = row; i < list.count; i += rows) {
            bool last = i + rows >= list.count;
            printf("%-*s", last ? 0 : static_cast<int>(longest + 2), list.entries[i].name);
        }
        putchar('\n');
    }
}

static void print_list(const listing& list, const char* folder) {
    if (!option_long && !option_single) {
        return print_columns(list);
    }
    for (size_t i = 0; i < list.count; i++) {
        const entry& one = list.entries[i];
        char path[PATH_MAX];
        if (!option_long) {
            puts(one.name);
        } else if (folder == nullptr) {
            print_long(one, one.name);
        } else if (join_path(path, folder, one.name)) {
            print_long(one, path);
        }
    }
}

static bool list_folder(const char* folder) {
    DIR* open = opendir(folder);
    if (open == nullptr) {
        warn("%s", folder);
        return false;
    }
    listing list;
    while (struct dirent* found = readdir(open)) {
        char path[PATH_MAX];
        struct stat status = {};
        if (found->d_name[0] == '.' && !option_all) {
            continue;
        }
        if (option_long && join_path(path, folder, found->d_name) && lstat(path, &status) != 0) {
            warn("%s", path);
        }
        list.add(found->d_name, status);
    }
    closedir(open);
    list.sort();
    print_list(list, folder);
    return true;
}

static void read_options(int argc, char** argv) {
    for (int option; (option = getopt(argc, argv, "1adhl")) != -1;) {
        switch (option) {
        case '1':
            option_single = true;
            break;
        case 'a':
            option_all = true;
            break;
        case 'd':
            option_directory = true;
            break;
        case 'h':
            option_human = true;
            break;
        case 'l':
            option_long = true;
            break;
        default:
            usage_error(usage);
        }
    }
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    option_single = !isatty(1);
    read_options(argc, argv);
    static char here[] = ".";
    static char* only_here[] = {here, nullptr};
    char** names = optind < argc ? argv + optind : only_here;
    bool several = optind + 1 < argc;
    int exit_status = 0;
    listing files;
    for (char** name = names; *name != nullptr; name++) {
        struct stat status;
        if (lstat(*name, &status) != 0) {
            warn("%s", *name);
            exit_status = 1;
        } else if (option_directory || !is_folder(*name)) {
            files.add(*name, status);
        }
    }
    files.sort();
    print_list(files, nullptr);
    bool separate = files.count > 0;
    for (char** name = names; *name != nullptr && !option_directory; name++) {
        if (!is_folder(*name)) {
            continue;
        }
        if (several) {
            printf("%s%s:\n", separate ? "\n" : "", *name);
        }
        separate = true;
        if (!list_folder(*name)) {
            exit_status = 1;
        }
    }
    return finish(exit_status);
}
