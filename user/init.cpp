// init: the first program, process 1. It opens the console, brings the network up, runs /etc/rc.local and
// then keeps one login shell alive while it reaps every orphan the system hands to it.
//
// The network follows the kernel command line:
//   ip=ADDR/LEN,gw=GW[,dns=SERVER]   fixed values       ip=none   loopback only
//   (absent) or ip=dhcp              ask with dhclient
//
// The prompt does not wait for a DHCP server: dhclient works beside the shell and writes to a log file. Only
// when there is an /etc/rc.local, which may want the network, is the address waited for.
//
// The shell is /bin/sh, or the program that `shell=PATH` names: a machine that is to run one thing.
//
// Each shell gets a session of its own with the console as its controlling terminal, so that ^C and ^Z reach
// the programs started from it and never process 1.

#include "user/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

static void open_console() {
    int fd = open("/dev/console", O_RDWR | O_NOCTTY);
    if (fd < 0) {
        return; // The kernel's own descriptors, if it gave any, are all there is.
    }
    for (int standard = 0; standard <= 2; standard++) {
        if (fd != standard) {
            dup2(fd, standard);
        }
    }
    if (fd > 2) {
        close(fd);
    }
}

/// Starts a program without waiting; 0 when even fork failed.
static pid_t start(const char* const* argv) {
    pid_t pid = fork();
    if (pid < 0) {
        warn("fork");
        return 0;
    }
    if (pid == 0) {
        execv(argv[0], const_cast<char* const*>(argv));
        err(127, "%s", argv[0]);
    }
    return pid;
}

/// Starts a program and waits for it, reaping whoever else ends meanwhile. Its wait status.
static int run(const char* const* argv) {
    pid_t pid = start(argv);
    int status = 0;
    while (pid > 0) {
        pid_t ended = waitpid(-1, &status, 0);
        if (ended == pid || (ended < 0 && errno != EINTR)) {
            break;
        }
    }
    return status;
}

/// Copies the value of `name=` on the kernel command line; false when it is not there.
static bool boot_option(const char* name, char* value, size_t size) {
    FILE* file = fopen("/proc/cmdline", "r");
    if (file == nullptr) {
        return false;
    }
    char line[1024] = "";
    char* read = fgets(line, sizeof line, file);
    fclose(file);
    size_t name_length = strlen(name);
    for (char* word = read ? strtok(line, " \n") : nullptr; word != nullptr; word = strtok(nullptr, " \n")) {
        if (strncmp(word, name, name_length) == 0 && word[name_length] == '=') {
            snprintf(value, size, "%s", word + name_length + 1);
            return true;
        }
    }
    return false;
}

static void write_resolver(const char* server) {
    FILE* file = fopen("/etc/resolv.conf", "w");
    if (file == nullptr) {
        warn("/etc/resolv.conf");
        return;
    }
    fprintf(file, "nameserver %s\n", server);
    fclose(file);
}

/// Applies ADDR/LEN[,gw=GW][,dns=SERVER].
static void configure_fixed(char* value) {
    const char* address = strtok(value, ",");
    const char* gateway = nullptr;
    while (char* part = strtok(nullptr, ",")) {
        if (strncmp(part, "gw=", 3) == 0) {
            gateway = part + 3;
        } else if (strncmp(part, "dns=", 4) == 0) {
            write_resolver(part + 4);
        } else {
            warnx("ip=: '%s' is neither gw= nor dns=", part);
        }
    }
    const char* const up[] = {"/bin/ifconfig", "eth0", address ? address : "", "up", nullptr};
    run(up);
    if (gateway != nullptr) {
        const char* const route[] = {"/bin/route", "add", "default", "gw", gateway, nullptr};
        run(route);
    }
}

constexpr const char* local_script = "/etc/rc.local";
constexpr const char* dhcp_log = "/var/log/dhclient.log";

static bool has_local_script() {
    struct stat status;
    return stat(local_script, &status) == 0;
}

static void ask_for_address() {
    const char* const dhcp[] = {"/bin/dhclient", nullptr};
    if (has_local_script()) {
        run(dhcp);
        return;
    }
    pid_t pid = fork();
    if (pid < 0) {
        warn("fork");
    } else if (pid == 0) {
        int log = open(dhcp_log, O_WRONLY | O_CREAT | O_APPEND, 0644);
        if (log < 0) {
            err(127, "%s", dhcp_log);
        }
        dup2(log, 1);
        dup2(log, 2);
        execv(dhcp[0], const_cast<char* const*>(dhcp));
        err(127, "%s", dhcp[0]);
    }
}

static void start_network() {
    const char* const loopback[] = {"/bin/ifconfig", "lo", "127.0.0.1/8", "up", nullptr};
    run(loopback);
    char value[256];
    if (!boot_option("ip", value, sizeof value) || strcmp(value, "dhcp") == 0) {
        ask_for_address();
    } else if (strcmp(value, "none") != 0) {
        configure_fixed(value);
    }
}

static void set_environment() {
    setenv("PATH", "/bin", 1);
    setenv("HOME", "/root", 1);
    setenv("USER", "root", 1);
    setenv("SHELL", "/bin/sh", 1);
    setenv("TERM", "vt100", 0);
    char name[64] = "";
    if (FILE* file = fopen("/etc/hostname", "r")) {
        if (fgets(name, sizeof name, file) != nullptr) {
            name[strcspn(name, "\n")] = '\0';
            sethostname(name, strlen(name)); // A kernel that cannot keeps its own name.
        }
        fclose(file);
    }
}

static void run_local_script() {
    if (has_local_script()) {
        const char* const script[] = {"/bin/sh", local_script, nullptr};
        run(script);
    }
}

static void print_banner() {
    struct utsname names;
    if (uname(&names) == 0) {
        printf("\n%s %s (%s)\n", names.sysname, names.release, names.machine);
    }
    if (FILE* file = fopen("/etc/motd", "r")) {
        char line[256];
        while (fgets(line, sizeof line, file) != nullptr) {
            fputs(line, stdout);
        }
        fclose(file);
    }
    fputc('\n', stdout);
    fflush(stdout);
}

static pid_t start_shell() {
    pid_t pid = fork();
    if (pid != 0) {
        return pid;
    }
    setsid();
    open_console();
    ioctl(0, TIOCSCTTY, 1);
    if (chdir("/root") != 0) {
        warn("/root");
    }
    char other[256];
    if (boot_option("shell", other, sizeof other)) {
        execl(other, other, static_cast<char*>(nullptr));
        err(127, "%s", other);
    }
    execl("/bin/sh", "-sh", static_cast<char*>(nullptr));
    err(127, "/bin/sh");
}

int main(int argc, char** argv) {
    answer_help(argc, argv,
                "usage: init\nThe first process: starts the network, /etc/rc.local and a shell.\n");
    if (getpid() != 1) {
        errx(1, "only the kernel starts this program, as process 1");
    }
    setsid();
    open_console();
    set_environment();
    start_network();
    run_local_script();
    print_banner();

    for (;;) {
        time_t started = time(nullptr);
        pid_t shell = start_shell();
        pid_t ended = 0;
        do {
            ended = waitpid(-1, nullptr, 0);
        } while (ended != shell && !(ended < 0 && errno != EINTR));
        if (time(nullptr) - started < 1) {
            sleep(1); // A shell that cannot run at all must not take the whole processor.
        }
    }
}
