// printf: prints its arguments as a format says; the format is used again while arguments are left.

#include "user/printf_format.hpp"
#include "user/program.hpp"

int main(int argc, char** argv) {
    answer_help(argc, argv,
                "usage: printf FORMAT [ARGUMENT...]\n%d %i %u %o %x %X %c %s %b %% and \\n \\t \\NNN ...\n");
    return finish(run_printf(argc, argv));
}
