/* stdio, folders and paths on real files below /tmp. */
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/libc-test-XXXXXX";

static void test_modes(void) {
    char line[64];
    FILE* file = fopen("a.txt", "w");
    CHECK(file != NULL);
    CHECK(fprintf(file, "one\ntwo\n%d\n", 3) == 10);
    CHECK(fgetc(file) == EOF && ferror(file));
    clearerr(file);
    CHECK(ftell(file) == 10);
    CHECK(fclose(file) == 0);
    CHECK(fopen("a.txt", "wx") == NULL && errno == EEXIST);
    CHECK(fopen("a.txt", "z") == NULL && errno == EINVAL);
    CHECK(fopen("missing", "r") == NULL && errno == ENOENT);

    file = fopen("a.txt", "r+");
    CHECK(fgets(line, sizeof line, file) != NULL && strcmp(line, "one\n") == 0);
    CHECK(ungetc('X', file) == 'X' && ungetc('Y', file) == 'Y');
    CHECK(fgetc(file) == 'Y' && fgetc(file) == 'X' && fgetc(file) == 't');
    CHECK(ftell(file) == 5);
    CHECK(fseek(file, 4, SEEK_SET) == 0 && fputs("TWO", file) >= 0);
    CHECK(fseek(file, -2, SEEK_END) == 0 && fgetc(file) == '3');
    rewind(file);
    CHECK(fread(line, 1, sizeof line, file) == 10 && memcmp(line, "one\nTWO\n3\n", 10) == 0);
    CHECK(feof(file) && !ferror(file));
    fclose(file);

    file = fopen("a.txt", "a+");
    CHECK(fputs("four", file) >= 0 && fflush(file) == 0);
    rewind(file);
    CHECK(fscanf(file, "%63s", line) == 1 && strcmp(line, "one") == 0);
    fclose(file);
    struct stat about;
    CHECK(stat("a.txt", &about) == 0 && about.st_size == 14 && S_ISREG(about.st_mode));
}

static void test_odd_cases(void) {
    char line[16];
    int ends[2];
    CHECK(pipe(ends) == 0 && dprintf(ends[1], "%d-%s\n", 7, "seven") == 8);
    FILE* file = fdopen(ends[0], "r");
    CHECK(fputc('x', file) == EOF && ferror(file)); /* An old error does not spoil reading. */
    CHECK(fgets(line, sizeof line, file) != NULL && strcmp(line, "7-seven\n") == 0 && ferror(file));
    CHECK(fseek(file, 0, SEEK_SET) == -1 && errno == ESPIPE);
    CHECK(fdopen(ends[0], "w") == NULL && errno == EINVAL);
    close(ends[1]);
    CHECK(fgetc(file) == EOF && feof(file));
    fclose(file);
    file = fopen("/dev/full", "w");
    if (file != NULL) {
        CHECK(fputs("lost", file) >= 0 && fflush(file) == EOF && errno == ENOSPC && ferror(file));
        fclose(file);
    }
    file = fopen("a.txt", "r");
    CHECK(setvbuf(file, NULL, _IONBF, 0) == 0 && fgetc(file) == 'o' && fgetc(file) == 'n');
    fclose(file);
}

static void test_large(void) {
    enum { count = 50000 };
    FILE* file = fopen("b.bin", "w+");
    for (int i = 0; i < count; i++) {
        CHECK(fwrite(&i, sizeof i, 1, file) == 1);
    }
    rewind(file);
    int wrong = 0, value;
    for (int i = 0; i < count; i++) {
        wrong += fread(&value, sizeof value, 1, file) != 1 || value != i;
    }
    CHECK(wrong == 0 && fgetc(file) == EOF);
    static int all[count];
    rewind(file);
    CHECK(fread(all, sizeof all[0], count, file) == count && all[count - 1] == count - 1);
    CHECK(fseek(file, 4 * 777, SEEK_SET) == 0 && fread(&value, 4, 1, file) == 1 && value == 777);
    fclose(file);
}

static void test_lines(void) {
    FILE* file = fopen("c.txt", "w");
    for (int i = 0; i < 3000; i++) {
        fputc('a' + i % 26, file);
    }
    fputs("\n\nlast", file);
    fclose(file);
    file = fopen("c.txt", "r");
    char* line = NULL;
    size_t room = 0;
    CHECK(getline(&line, &room, file) == 3001 && line[3000] == '\n' && room > 3001);
    CHECK(getline(&line, &room, file) == 1);
    CHECK(getline(&line, &room, file) == 4 && strcmp(line, "last") == 0);
    CHECK(getline(&line, &room, file) == -1 && feof(file));
    free(line);
    fclose(file);
}

static void test_memory_files(void) {
    char* text = NULL;
    size_t size = 0;
    FILE* file = open_memstream(&text, &size);
    for (int i = 0; i < 500; i++) {
        fprintf(file, "%d ", i);
    }
    fclose(file);
    CHECK(size == 1890 && strncmp(text, "0 1 2 ", 6) == 0 && text[size] == '\0');
    file = fmemopen(text, size, "r");
    int value, sum = 0;
    while (fscanf(file, "%d", &value) == 1) {
        sum += value;
    }
    CHECK(sum == 499 * 500 / 2);
    fclose(file);
    free(text);
}

static void test_processes(void) {
    char line[64];
    FILE* pipe = popen("echo hello; exit 3", "r");
    CHECK(fgets(line, sizeof line, pipe) != NULL && strcmp(line, "hello\n") == 0);
    int status = pclose(pipe);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    status = system("exit 7");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    CHECK(system(NULL) != 0);
    pid_t pid = vfork();
    if (pid == 0) {
        execlp("true", "true", (char*)NULL);
        _exit(1);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    CHECK(execvp("no-such-program", (char* const[]){"x", NULL}) == -1 && errno == ENOENT);
}

static void test_spawn(void) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid = 0;
    int status;
    char line[64] = "";
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    CHECK(posix_spawn_file_actions_addopen(&actions, 1, "spawned", O_WRONLY | O_CREAT | O_TRUNC, 0600) == 0);
    CHECK(posix_spawn_file_actions_adddup2(&actions, 1, 5) == 0 &&
          posix_spawn_file_actions_addclose(&actions, 5) == 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    CHECK(posix_spawnp(&pid, "echo", &actions, &attributes, (char* const[]){"echo", "spawned", NULL},
                       environ) == 0);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    FILE* file = fopen("spawned", "r");
    CHECK(file != NULL && fgets(line, sizeof line, file) != NULL && strcmp(line, "spawned\n") == 0);
    fclose(file);
    CHECK(posix_spawn(&pid, "/no/such/program", NULL, NULL, (char* const[]){"x", NULL}, environ) == ENOENT);
    CHECK(posix_spawn(&pid, "/tmp", NULL, NULL, (char* const[]){"x", NULL}, environ) != 0);
    CHECK(waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD);
    posix_spawn_file_actions_destroy(&actions);
}

static void test_names(void) {
    char path[4096], resolved[4096];
    CHECK(mkdir("d", 0755) == 0 && mkdir("d/e", 0755) == 0 && symlink("../c.txt", "d/link") == 0);
    CHECK(getcwd(path, sizeof path) != NULL);
    strcat(path, "/c.txt");
    CHECK(realpath("d/e/.././link", resolved) != NULL && strcmp(resolved, path) == 0);
    CHECK(realpath("d/missing", resolved) == NULL && errno == ENOENT);
    symlink("loop", "loop");
    CHECK(realpath("loop", resolved) == NULL && errno == ELOOP);
    glob_t found;
    CHECK(glob("[ab].*", 0, NULL, &found) == 0 && found.gl_pathc == 2 &&
          strcmp(found.gl_pathv[1], "b.bin") == 0);
    globfree(&found);
    CHECK(glob("*/l*", 0, NULL, &found) == 0 && found.gl_pathc == 1 &&
          strcmp(found.gl_pathv[0], "d/link") == 0);
    globfree(&found);
    CHECK(glob("nothing*", 0, NULL, &found) == GLOB_NOMATCH);
    struct dirent** entries;
    int count = scandir("d", &entries, NULL, alphasort);
    CHECK(count == 4 && strcmp(entries[3]->d_name, "link") == 0 && entries[3]->d_type == DT_LNK);
    FILE* temporary = tmpfile();
    CHECK(temporary != NULL && fputs("x", temporary) >= 0 && fclose(temporary) == 0);
    CHECK(remove("d/link") == 0 && remove("d/e") == 0 && remove("d") == 0 && access("d", F_OK) < 0);
}

int main(void) {
    CHECK(mkdtemp(folder) != NULL && chdir(folder) == 0);
    test_modes();
    test_odd_cases();
    test_large();
    test_lines();
    test_memory_files();
    test_processes();
    test_spawn();
    test_names();
    CHECK(chdir("/") == 0);
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK(system(command) == 0);
    return checks_result("files");
}
