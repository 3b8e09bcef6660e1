#pragma once
/* Groups, from /etc/group. */

#include <sys/cdefs.h>
#include <sys/types.h>

struct group {
    char* gr_name;
    char* gr_passwd;
    gid_t gr_gid;
    char** gr_mem;
};

__BEGIN_DECLS

/// The group of a name, in a static buffer, or null.
struct group* getgrnam(const char* name);
/// The group of a number, in a static buffer, or null.
struct group* getgrgid(gid_t id);
/// Sets the further groups of this process.
int setgroups(size_t count, const gid_t* groups);
/// Sets the further groups to those a user is in, and one more.
int initgroups(const char* user, gid_t more);
/// Next group of the file, or null.
struct group* getgrent(void);
/// Back to the first.
void setgrent(void);
/// Closes the file.
void endgrent(void);

__END_DECLS
