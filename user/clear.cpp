// clear: empties the screen.

#include "user/program.hpp"

int main(int argc, char** argv) {
    answer_help(argc, argv, "usage: clear\n");
    fputs("\033[H\033[2J\033[3J", stdout);
    return finish(0);
}
