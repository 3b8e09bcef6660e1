#pragma once
/* Users, from /etc/passwd. */

#include <sys/cdefs.h>
#include <sys/types.h>

struct passwd {
    char* pw_name;
    char* pw_passwd;
    uid_t pw_uid;
    gid_t pw_gid;
    char* pw_gecos;
    char* pw_dir;
    char* pw_shell;
};

__BEGIN_DECLS

/// The user of a name, in a static buffer, or null.
struct passwd* getpwnam(const char* name);
/// The user of a number, in a static buffer, or null.
struct passwd* getpwuid(uid_t id);
/// The same in the caller's memory; 0 (null in `*result` when absent) or an errno value.
int getpwnam_r(const char* name, struct passwd* user, char* buffer, size_t size, struct passwd** result);
/// The same by number.
int getpwuid_r(uid_t id, struct passwd* user, char* buffer, size_t size, struct passwd** result);
/// Next user of the file, or null.
struct passwd* getpwent(void);
/// Back to the first.
void setpwent(void);
/// Closes the file.
void endpwent(void);

__END_DECLS
