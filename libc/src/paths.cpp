// The parts of a path (<libgen.h>), suboptions, passwords from the terminal, pseudo-terminals.

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace {

char dot[] = ".";

void strip_slashes(char* path) {
    for (size_t length = strlen(path); length > 1 && path[length - 1] == '/'; length--) {
        path[length - 1] = '\0';
    }
}

} // namespace

extern "C" {

char* dirname(char* path) {
    if (path == nullptr || *path == '\0') {
        return dot;
    }
    strip_slashes(path);
    char* slash = strrchr(path, '/');
    if (slash == nullptr) {
        return dot;
    }
    slash[slash == path] = '\0';
    strip_slashes(path);
    return path;
}

char* __xpg_basename(char* path) {
    if (path == nullptr || *path == '\0') {
        return dot;
    }
    strip_slashes(path);
    char* slash = strrchr(path, '/');
    return slash != nullptr && slash[1] != '\0' ? slash + 1 : path;
}

int getsubopt(char** option, char* const* tokens, char** value) {
    char* word = strsep(option, ",");
    *option = *option != nullptr ? *option : word + strlen(word);
    char* equals = strchr(word, '=');
    size_t length = equals != nullptr ? static_cast<size_t>(equals - word) : strlen(word);
    *value = equals != nullptr ? equals + 1 : nullptr;
    for (int i = 0; tokens[i] != nullptr; i++) {
        if (strncmp(tokens[i], word, length) == 0 && tokens[i][length] == '\0') {
            return i;
        }
    }
    *value = word;
    return -1;
}

char* getpass(const char* prompt) {
    static char password[128];
    FILE* terminal = fopen("/dev/tty", "r+e");
    FILE* input = terminal != nullptr ? terminal : stdin;
    FILE* output = terminal != nullptr ? terminal : stderr;
    struct termios saved = {};
    bool changed = tcgetattr(fileno(input), &saved) == 0;
    struct termios silent = saved;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (changed) {
        tcsetattr(fileno(input), TCSAFLUSH, &silent);
    }
    fputs(prompt, output);
    fflush(output);
    char* line = fgets(password, sizeof password, input);
    if (changed) {
        tcsetattr(fileno(input), TCSAFLUSH, &saved);
    }
    if (terminal != nullptr) {
        fputc('\n', terminal);
        fclose(terminal);
    }
    password[strcspn(password, "\n")] = '\0';
    return line;
}

int posix_openpt(int flags) {
    return open("/dev/ptmx", flags);
}
int grantpt(int) {
    return 0;
}
int unlockpt(int fd) {
    int unlocked = 0;
    return ioctl(fd, TIOCSPTLCK, &unlocked);
}
char* ptsname(int fd) {
    static char name[24];
    int number;
    if (ioctl(fd, TIOCGPTN, &number) < 0) {
        return nullptr;
    }
    snprintf(name, sizeof name, "/dev/pts/%d", number);
    return name;
}

} // extern "C"
