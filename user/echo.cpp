// echo: prints its arguments on one line.

#include "user/printf_format.hpp"
#include "user/program.hpp"

int main(int argc, char** argv) {
    return finish(run_echo(argc, argv));
}
