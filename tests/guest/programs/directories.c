/* Names: directories, links, rename, walking of paths and its limits, readdir, working directory. */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT "/tmp/directories-test"

static void make_file(const char* path) {
    int fd = open(path, O_CREAT | O_WRONLY, 0644);
    if (fd < 0 || write(fd, path, strlen(path)) < 0) {
        printf("FAIL make_file %s\n", path);
        failures++;
    }
    close(fd);
}

static int count_entries(const char* path) {
    DIR* directory = opendir(path);
    int count = 0;
    while (directory != NULL && readdir(directory) != NULL) {
        count++;
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return count;
}

static int links_of(const char* path) {
    struct stat status;
    return stat(path, &status) == 0 ? (int)status.st_nlink : -1;
}

static void test_mkdir(void) {
    CHECK("mkdir", mkdir(ROOT, 0755) == 0 && chdir(ROOT) == 0);
    CHECK_ERROR("mkdir_again", mkdir(ROOT, 0755), EEXIST);
    CHECK_ERROR("mkdir_parent", mkdir("a/b", 0755), ENOENT);
    CHECK("mkdir_slash", mkdir("a/", 0755) == 0);
    CHECK("links_of_directory", links_of(".") == 3 && links_of("a") == 2);
    make_file("f");
    CHECK_ERROR("rmdir_file", rmdir("f"), ENOTDIR);
    CHECK_ERROR("unlink_directory", unlink("a"), EISDIR);
    make_file("a/g");
    CHECK_ERROR("rmdir_full", rmdir("a"), ENOTEMPTY);
    CHECK_ERROR("rmdir_dot", rmdir("a/."), EINVAL);
    CHECK_ERROR("file_with_slash", open("f/", O_RDONLY), ENOTDIR);
    CHECK("rmdir", unlink("a/g") == 0 && rmdir("a") == 0 && links_of(".") == 2);
    CHECK_ERROR("rmdir_absent", rmdir("a"), ENOENT);
}

static void test_readdir(void) {
    char name[32];
    mkdir("many", 0755);
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "many/file-%d", i);
        make_file(name);
    }
    CHECK("readdir", count_entries("many") == 502);
    DIR* directory = opendir("many");
    int seen = 0;
    struct dirent* entry;
    while ((entry = readdir(directory)) != NULL) { /* Removing while reading must not skip any. */
        if (entry->d_name[0] != '.') {
            snprintf(name, sizeof name, "many/%.20s", entry->d_name);
            seen += unlink(name) == 0;
        }
    }
    closedir(directory);
    CHECK("remove_while_reading", seen == 500 && count_entries("many") == 2);
    CHECK("rmdir_emptied", rmdir("many") == 0);
}

static void test_links(void) {
    char target[64] = {0};
    struct stat one, two;
    CHECK("link", link("f", "hard") == 0 && links_of("f") == 2);
    CHECK("same_inode", stat("f", &one) == 0 && stat("hard", &two) == 0 && one.st_ino == two.st_ino);
    CHECK_ERROR("link_directory", link(ROOT, "x"), EPERM);
    CHECK_ERROR("link_exists", link("f", "hard"), EEXIST);
    CHECK("unlink_one", unlink("f") == 0 && links_of("hard") == 1 && rename("hard", "f") == 0);
    CHECK("symlink",
          symlink("f", "soft") == 0 && readlink("soft", target, sizeof target) == 1 && target[0] == 'f');
    CHECK("readlink_cut",
          symlink("longer-target", "l") == 0 && readlink("l", target, 6) == 6 && unlink("l") == 0);
    CHECK("lstat", lstat("soft", &one) == 0 && S_ISLNK(one.st_mode) && one.st_size == 1);
    CHECK("stat_follows", stat("soft", &two) == 0 && S_ISREG(two.st_mode));
    CHECK_ERROR("readlink_file", readlink("f", target, sizeof target), EINVAL);
    CHECK("dangling", symlink("nowhere", "dangle") == 0 && stat("dangle", &one) == -1 && errno == ENOENT);
    int fd = open("dangle", O_CREAT | O_WRONLY, 0644);
    CHECK("create_through_link", fd >= 0 && stat("nowhere", &one) == 0);
    close(fd);
    CHECK_ERROR("exclusive_link", open("dangle", O_CREAT | O_EXCL | O_WRONLY, 0644), EEXIST);
    CHECK_ERROR("nofollow", open("soft", O_RDONLY | O_NOFOLLOW), ELOOP);
    symlink("loop", "loop");
    CHECK_ERROR("loop", open("loop", O_RDONLY), ELOOP);
    CHECK("link_to_directory", symlink(".", "here") == 0 && stat("here/here/here/f", &one) == 0);
    unlink("soft"), unlink("dangle"), unlink("nowhere"), unlink("loop"), unlink("here");
}

static void test_chain(void) {
    char from[16], to[16];
    struct stat status;
    for (int i = 0; i < 41; i++) {
        snprintf(from, sizeof from, i == 0 ? "f" : "c%d", i - 1);
        snprintf(to, sizeof to, "c%d", i);
        symlink(from, to);
    }
    CHECK("links_40", stat("c39", &status) == 0);
    CHECK_ERROR("links_41", stat("c40", &status), ELOOP);
    for (int i = 0; i < 41; i++) {
        snprintf(to, sizeof to, "c%d", i);
        unlink(to);
    }
}

static void test_limits(void) {
    char* path = malloc(9000);
    memset(path, 'x', 9000);
    path[255] = 0;
    int fd = open(path, O_CREAT | O_WRONLY, 0644);
    CHECK("name_255", fd >= 0 && close(fd) == 0 && unlink(path) == 0);
    path[255] = 'x', path[256] = 0;
    CHECK_ERROR("name_256", open(path, O_CREAT | O_WRONLY, 0644), ENAMETOOLONG);
    for (int i = 0; i < 9000; i++) {
        path[i] = i % 2 ? '/' : '.';
    }
    path[4094] = 'f', path[4095] = 0;
    struct stat status;
    CHECK("path_4095", stat(path, &status) == 0);
    path[4095] = '/', path[4096] = 0;
    CHECK_ERROR("path_4096", stat(path, &status), ENAMETOOLONG);
    CHECK_ERROR("path_empty", stat("", &status), ENOENT);
    CHECK_ERROR("path_bad_pointer", stat((char*)16, &status), EFAULT);
    CHECK("above_root", stat("/../../tmp/../..", &status) == 0 && S_ISDIR(status.st_mode));
    free(path);
}

static void test_rename(void) {
    struct stat status;
    make_file("from"), make_file("to");
    CHECK("rename_replaces", rename("from", "to") == 0 && stat("from", &status) == -1 && status.st_size >= 0);
    char text[8] = {0};
    int fd = open("to", O_RDONLY);
    CHECK("renamed_content", read(fd, text, 8) == 4 && strcmp(text, "from") == 0);
    close(fd);
    mkdir("d", 0755), mkdir("d/e", 0755), mkdir("empty", 0755);
    CHECK_ERROR("rename_into_itself", rename("d", "d/e/f"), EINVAL);
    CHECK_ERROR("rename_file_to_directory", rename("to", "d"), EISDIR);
    CHECK_ERROR("rename_directory_to_file", rename("d", "to"), ENOTDIR);
    CHECK_ERROR("rename_to_full_directory", rename("empty", "d"), ENOTEMPTY);
    CHECK_ERROR("rename_absent", rename("absent", "x"), ENOENT);
    CHECK("rename_to_empty_directory", rename("d", "empty") == 0 && stat("empty/e", &status) == 0);
    CHECK("rename_moves_links", links_of(".") == 3 && links_of("empty") == 3);
    CHECK("rename_across", rename("empty/e", "e") == 0 && links_of(".") == 4 && links_of("empty") == 2);
    CHECK("parent_follows", stat("e/..", &status) == 0 && status.st_nlink == 4);
    rmdir("e"), rmdir("empty"), unlink("to");
}

static void test_working_directory(void) {
    char path[128];
    mkdir("w", 0755), mkdir("w/x", 0755);
    CHECK("getcwd", chdir("w/x") == 0 && getcwd(path, sizeof path) != NULL && strcmp(path, ROOT "/w/x") == 0);
    CHECK("getcwd_after_rename", rename("../../w", "../../v") == 0 && getcwd(path, sizeof path) != NULL &&
                                     strcmp(path, ROOT "/v/x") == 0);
    CHECK("getcwd_short", getcwd(path, 5) == NULL && errno == ERANGE);
    CHECK("remove_working_directory",
          rmdir("../x") == 0 && getcwd(path, sizeof path) == NULL && errno == ENOENT);
    CHECK_ERROR("create_in_removed", open("new", O_CREAT | O_WRONLY, 0644), ENOENT);
    CHECK("leave_removed",
          chdir("..") == 0 && getcwd(path, sizeof path) != NULL && strcmp(path, ROOT "/v") == 0);
    int fd = open("..", O_RDONLY | O_DIRECTORY);
    CHECK("fchdir", fchdir(fd) == 0 && getcwd(path, sizeof path) != NULL && strcmp(path, ROOT) == 0);
    close(fd);
    rmdir("v");
}

static void test_attributes(void) {
    struct stat status;
    CHECK("chmod", chmod("f", 0600) == 0 && stat("f", &status) == 0 && (status.st_mode & 07777) == 0600);
    CHECK("access", access("f", R_OK | W_OK) == 0 && access("f", F_OK) == 0);
    CHECK_ERROR("access_execute", access("f", X_OK), EACCES);
    CHECK("group_of_directory", mkdir("g", 0755) == 0 && chown("g", 0, 7) == 0 && chmod("g", 02755) == 0 &&
                                    mkdir("g/sub", 0755) == 0 && stat("g/sub", &status) == 0 &&
                                    status.st_gid == 7 && (status.st_mode & 02000) != 0);
    rmdir("g/sub");
    rmdir("g");
    CHECK("fifo",
          mkfifo("p", 0644) == 0 && stat("p", &status) == 0 && S_ISFIFO(status.st_mode) && unlink("p") == 0);
}

int main(void) {
    system("rm -rf " ROOT);
    umask(022);
    test_mkdir();
    test_readdir();
    test_links();
    test_chain();
    test_limits();
    test_rename();
    test_working_directory();
    test_attributes();
    unlink("f");
    CHECK("clean", chdir("/") == 0 && rmdir(ROOT) == 0);
    return finish();
}
