/* User and group ids, and what only root may do. Begins as root; the same on a Linux host. */
#define _GNU_SOURCE
#include "socket_test.h"

#include "in_child.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_setuid(void) {
    CHECK("setuid.gives_up", setgid(1001) == 0 && setuid(1000) == 0);
    CHECK("setuid.all_three", getuid() == 1000 && geteuid() == 1000 && getgid() == 1001 && getegid() == 1001);
    CHECK_ERROR("setuid.not_back", setuid(0), EPERM);
    CHECK_ERROR("setgid.not_back", setgid(0), EPERM);
    gid_t group = 5;
    CHECK_ERROR("setgroups.EPERM", setgroups(1, &group), EPERM);
    CHECK_ERROR("kill.other_user", kill(getppid(), 0), EPERM);
    CHECK_ERROR("reboot.EPERM", reboot(RB_AUTOBOOT), EPERM);
    struct timeval now = {0, 0};
    CHECK_ERROR("settimeofday.EPERM", settimeofday(&now, NULL), EPERM);
    CHECK_ERROR("sethostname.EPERM", sethostname("x", 1), EPERM);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_max = limit.rlim_cur = 10;
    CHECK("setrlimit.lower", setrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_max = 20;
    CHECK_ERROR("setrlimit.raise", setrlimit(RLIMIT_NOFILE, &limit), EPERM);
}

static void test_saved(void) {
    uid_t real, effective, saved;
    CHECK("seteuid.drop", seteuid(1000) == 0 && getuid() == 0 && geteuid() == 1000);
    CHECK("seteuid.return", seteuid(0) == 0 && geteuid() == 0);
    CHECK("setresuid", setresuid(1, 2, 3) == 0 && syscall(SYS_getresuid, &real, &effective, &saved) == 0 &&
                           real == 1 && effective == 2 && saved == 3);
    CHECK("setresuid.among_own", setresuid(-1, 3, -1) == 0 && geteuid() == 3);
    CHECK_ERROR("setresuid.EPERM", setresuid(-1, 4, -1), EPERM);
}

static void test_groups(void) {
    gid_t groups[4] = {7, 8, 9, 10}, told[4] = {0, 0, 0, 0};
    CHECK("setgroups",
          setgroups(3, groups) == 0 && getgroups(0, NULL) == 3 && getgroups(4, told) == 3 && told[2] == 9);
    CHECK_ERROR("getgroups.EINVAL", getgroups(2, told), EINVAL);
    CHECK_ERROR("setgroups.EINVAL", setgroups(1 << 20, groups), EINVAL);
}

static void test_files(void) {
    int fd = open("/tmp/secret", O_CREAT | O_WRONLY, 0600);
    close(fd);
    setuid(1000);
    CHECK_ERROR("open.EACCES", open("/tmp/secret", O_RDONLY), EACCES);
    CHECK_ERROR("unlink.or_chmod", chmod("/tmp/secret", 0666), EPERM);
}

int main(void) {
    if (getuid() != 0) {
        printf("ok users.needs_root\n");
        return 0;
    }
    in_child(test_setuid);
    in_child(test_saved);
    in_child(test_groups);
    in_child(test_files);
    unlink("/tmp/secret");
    return finish();
}
