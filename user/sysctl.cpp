// sysctl: shows and sets parameters of the kernel. net.ipv4.tcp_sack is the file /proc/sys/net/ipv4/tcp_sack:
// everything this program does can be done with cat and echo.

#include "user/program.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

namespace {

constexpr const char* usage = "usage: sysctl [-enqw] NAME[=VALUE]...\n"
                              "       sysctl [-en] -a\n"
                              "       sysctl [-enq] -p [FILE]\n"
                              "Shows parameters of the kernel, or sets them.\n"
                              "  -a  show all there are\n"
                              "  -e  be silent about names that do not exist\n"
                              "  -n  show values only\n"
                              "  -p  set what FILE (/etc/sysctl.conf) says, a NAME=VALUE on each line\n"
                              "  -q  do not show what was set\n"
                              "  -w  set; not needed\n";
constexpr const char* root = "/proc/sys/";

struct {
    bool ignore_unknown, values_only, quiet;
} options;

/// Shows "net.ipv4.tcp_sack = 1", a line for each line of the file.
void show(const char* name, const char* value) {
    while (*value != '\0') {
        const size_t line = strcspn(value, "\n");
        if (options.values_only) {
            printf("%.*s\n", static_cast<int>(line), value);
        } else {
            printf("%s = %.*s\n", name, static_cast<int>(line), value);
        }
        value += line + (value[line] == '\n' ? 1 : 0);
    }
}

/// The name with `from` replaced: dots are slashes in the file system.
void swap_separators(char* name, char from, char to) {
    for (char* at = name; *at != '\0'; at++) {
        *at = *at == from ? to : *at == to ? from : *at;
    }
}

/// Opens the file of a parameter; -1 after complaining.
int open_parameter(const char* name, int flags) {
    char path[PATH_MAX];
    const int start = snprintf(path, sizeof path, "%s%s", root, name);
    if (start < 0 || static_cast<size_t>(start) >= sizeof path) {
        warnx("%s: name too long", name);
        return -1;
    }
    if (strchr(name, '/') == nullptr) {
        swap_separators(path + strlen(root), '.', '/');
    }
    const int fd = open(path, flags);
    if (fd < 0 && !(errno == ENOENT && options.ignore_unknown)) {
        warn("%s", name);
    }
    return fd;
}

int read_parameter(const char* name) {
    const int fd = open_parameter(name, O_RDONLY);
    if (fd < 0) {
        return errno == ENOENT && options.ignore_unknown ? 0 : 1;
    }
    char value[4096];
    const ssize_t length = read(fd, value, sizeof value - 1);
    close(fd);
    if (length < 0) {
        warn("%s", name);
        return 1;
    }
    value[length] = '\0';
    show(name, value);
    return 0;
}

int write_parameter(const char* name, const char* value) {
    const int fd = open_parameter(name, O_WRONLY);
    if (fd < 0) {
        return errno == ENOENT && options.ignore_unknown ? 0 : 1;
    }
    const bool written = write(fd, value, strlen(value)) >= 0;
    const int why = errno;
    close(fd);
    if (!written) {
        errno = why;
        warn("setting %s", name);
        return 1;
    }
    if (!options.quiet) {
        show(name, value);
    }
    return 0;
}

/// Takes white space off both ends.
char* trim(char* text) {
    text += strspn(text, " \t\r\n");
    char* end = text + strlen(text);
    while (end > text && strchr(" \t\r\n", end[-1]) != nullptr) {
        *--end = '\0';
    }
    return text;
}

/// NAME or NAME=VALUE.
int handle(char* argument) {
    char* value = strchr(argument, '=');
    if (value == nullptr) {
        return read_parameter(trim(argument));
    }
    *value++ = '\0';
    return write_parameter(trim(argument), trim(value));
}

int set_from_file(const char* path) {
    FILE* file = fopen(path, "r");
    if (file == nullptr) {
        err(1, "%s", path);
    }
    int status = 0;
    char line[1024];
    while (fgets(line, sizeof line, file) != nullptr) {
        char* text = trim(line);
        if (*text != '\0' && *text != '#' && *text != ';') {
            status |= handle(text);
        }
    }
    fclose(file);
    return status;
}

/// Every file below a directory of /proc/sys, in the order of the directory.
int show_all(const char* path) {
    DIR* directory = opendir(path);
    if (directory == nullptr) {
        warn("%s", path);
        return 1;
    }
    int status = 0;
    while (const dirent* entry = readdir(directory)) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        char below[PATH_MAX];
        snprintf(below, sizeof below, "%s%s", path, entry->d_name);
        if (entry->d_type == DT_DIR) {
            strncat(below, "/", sizeof below - strlen(below) - 1);
            status |= show_all(below);
        } else {
            char* name = below + strlen(root);
            swap_separators(name, '/', '.');
            status |= read_parameter(name);
        }
    }
    closedir(directory);
    return status;
}

} // namespace

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    bool all = false, from_file = false;
    for (int option; (option = getopt(argc, argv, "aenpqw")) != -1;) {
        switch (option) {
        case 'a':
            all = true;
            break;
        case 'e':
            options.ignore_unknown = true;
            break;
        case 'n':
            options.values_only = true;
            break;
        case 'p':
            from_file = true;
            break;
        case 'q':
            options.quiet = true;
            break;
        case 'w':
            break;
        default:
            usage_error(usage);
        }
    }
    if (all) {
        return finish(show_all(root));
    }
    if (from_file) {
        return finish(set_from_file(optind < argc ? argv[optind] : "/etc/sysctl.conf"));
    }
    if (optind == argc) {
        usage_error(usage);
    }
    int status = 0;
    for (int i = optind; i < argc; i++) {
        status |= handle(argv[i]);
    }
    return finish(status);
}
