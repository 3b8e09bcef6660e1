// uname: prints what the system is.

#include "user/program.hpp"

#include <sys/utsname.h>

static const char usage[] =
    "usage: uname [-asnrvm]\n  -s system  -n host  -r release  -v version  -m machine  -a all\n";

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    struct utsname names;
    if (uname(&names) != 0) {
        err(1, "uname");
    }
    const struct {
        char letter;
        const char* value;
    } fields[] = {{'s', names.sysname},
                  {'n', names.nodename},
                  {'r', names.release},
                  {'v', names.version},
                  {'m', names.machine}};
    bool wanted[5] = {};
    bool any = false;
    for (int option; (option = getopt(argc, argv, "asnrvm")) != -1;) {
        if (option == '?') {
            usage_error(usage);
        }
        for (size_t i = 0; i < 5; i++) {
            wanted[i] |= option == 'a' || option == fields[i].letter;
        }
        any = true;
    }
    wanted[0] |= !any;
    const char* separator = "";
    for (size_t i = 0; i < 5; i++) {
        if (wanted[i]) {
            printf("%s%s", separator, fields[i].value);
            separator = " ";
        }
    }
    putchar('\n');
    return finish(0);
}
