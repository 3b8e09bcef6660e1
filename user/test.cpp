// test, [: evaluates an expression about files, strings and numbers.

#include "user/program.hpp"
#include "user/test_expression.hpp"

int main(int argc, char** argv) {
    answer_help(argc, argv,
                "usage: test EXPRESSION    or    [ EXPRESSION ]\n"
                "  -e -f -d -r -w -x -s -L -p -S -b -c FILE   exists, is a file, a directory, ...\n"
                "  -z -n STRING   STRING = != < > STRING   NUMBER -eq -ne -lt -le -gt -ge NUMBER\n"
                "  FILE -nt -ot -ef FILE   ! EXPRESSION   EXPRESSION -a -o EXPRESSION   ( EXPRESSION )\n"
                "Status: 0 true, 1 false, 2 no expression.\n");
    return run_test(argc, argv);
}
