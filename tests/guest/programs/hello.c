/* The smallest program there is; also built for Linux with glibc and musl, to be run unmodified. */
#include <stdio.h>

int main(int argc, char** argv) {
    printf("hello from %s, %d argument%s\n", argv[0], argc - 1, argc == 2 ? "" : "s");
    return 0;
}
