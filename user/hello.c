/* The first program to try: copy it to user/mine.c, `make run`, and it is /bin/mine. */

#include <stdio.h>

int main(void) {
    printf("Hello from Lumos!\n");
    return 0;
}
