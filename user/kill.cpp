// kill: sends a signal to processes or, with a negative number, to process groups.

#include "user/program.hpp"
#include "user/signal_names.hpp"

static const char usage[] = "usage: kill [-s SIGNAL | -SIGNAL] PID...    kill -l\n"
                            "SIGNAL is a name or number, TERM unless given.\n";

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    int number = SIGTERM;
    int next = 1;
    if (argc == 2 && strcmp(argv[1], "-l") == 0) {
        for (const signal_entry& entry : signal_table) {
            printf("%2d %s\n", entry.number, entry.name);
        }
        return finish(0);
    }
    if (argc > 2 && strcmp(argv[1], "-s") == 0) {
        number = signal_number_of(argv[2]);
        next = 3;
    } else if (argc > 2 && argv[1][0] == '-') {
        number = signal_number_of(argv[1] + 1);
        next = 2;
    }
    if (number < 0) {
        errx(exit_usage, "no such signal: %s", argv[next - 1]);
    }
    if (next >= argc) {
        usage_error(usage);
    }
    int status = 0;
    for (; next < argc; next++) {
        pid_t target = static_cast<pid_t>(parse_number(argv[next], -0x7fffffff, 0x7fffffff, "process id"));
        if (kill(target, number) != 0) {
            warn("%s", argv[next]);
            status = 1;
        }
    }
    return status;
}
