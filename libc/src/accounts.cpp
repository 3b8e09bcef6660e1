// Users and groups from /etc/passwd and /etc/group: lines of fields between colons.

#include "libc/src/internal/text_file.hpp"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace {

constexpr const char* users_path = "/etc/passwd";
constexpr const char* groups_path = "/etc/group";
constexpr size_t most_members = 64;

/// A decimal number that fills the whole field.
bool parse_id(const char* text, unsigned& id) {
    char* end;
    unsigned long value = text != nullptr ? strtoul(text, &end, 10) : 0;
    if (text == nullptr || end == text || *end != '\0' || value > 0xffffffff) {
        return false;
    }
    id = static_cast<unsigned>(value);
    return true;
}

/// Parses "name:password:uid:gid:full name:home:shell" in place.
bool parse_user(char* line, struct passwd& user) {
    user.pw_name = libc::next_field(line, ':');
    user.pw_passwd = libc::next_field(line, ':');
    bool numbers = parse_id(libc::next_field(line, ':'), user.pw_uid);
    numbers = parse_id(libc::next_field(line, ':'), user.pw_gid) && numbers;
    user.pw_gecos = libc::next_field(line, ':');
    user.pw_dir = libc::next_field(line, ':');
    user.pw_shell = libc::next_field(line, ':');
    return numbers && user.pw_shell != nullptr && *user.pw_name != '\0';
}

/// Parses "name:password:gid:member,member" in place.
bool parse_group(char* line, struct group& result, char** members) {
    result.gr_name = libc::next_field(line, ':');
    result.gr_passwd = libc::next_field(line, ':');
    bool number = parse_id(libc::next_field(line, ':'), result.gr_gid);
    char* list = libc::next_field(line, ':');
    size_t count = 0;
    while (char* member = libc::next_field(list, ',')) {
        if (*member != '\0' && count + 1 < most_members) {
            members[count++] = member;
        }
    }
    members[count] = nullptr;
    result.gr_mem = members;
    return number && *result.gr_name != '\0';
}

/// Finds a user and copies the line into the caller's memory; 0 or an errno value.
template <typename F>
int find_user(F matches, struct passwd* user, char* buffer, size_t size, struct passwd** result) {
    *result = nullptr;
    libc::text_file file(users_path);
    while (const char* line = file.next_line("")) {
        if (strlcpy(buffer, line, size) >= size) {
            return ERANGE;
        }
        if (parse_user(buffer, *user) && matches(*user)) {
            *result = user;
            break;
        }
    }
    return 0;
}

struct group own_group;
char* own_members[most_members];
char group_line[1024];

template <typename F>
struct group* find_group(F matches) {
    libc::text_file file(groups_path);
    while (const char* line = file.next_line("")) {
        strlcpy(group_line, line, sizeof group_line);
        if (parse_group(group_line, own_group, own_members) && matches(own_group)) {
            return &own_group;
        }
    }
    return nullptr;
}

struct passwd own_user;
char user_line[1024];
size_t next_user;  // for getpwent()
size_t next_group; // for getgrent()

} // namespace

extern "C" {

int getpwnam_r(const char* name, struct passwd* user, char* buffer, size_t size, struct passwd** result) {
    return find_user([=](const struct passwd& entry) { return strcmp(entry.pw_name, name) == 0; }, user,
                     buffer, size, result);
}

int getpwuid_r(uid_t id, struct passwd* user, char* buffer, size_t size, struct passwd** result) {
    return find_user([=](const struct passwd& entry) { return entry.pw_uid == id; }, user, buffer, size,
                     result);
}

struct passwd* getpwnam(const char* name) {
    struct passwd* result;
    getpwnam_r(name, &own_user, user_line, sizeof user_line, &result);
    return result;
}

struct passwd* getpwuid(uid_t id) {
    struct passwd* result;
    getpwuid_r(id, &own_user, user_line, sizeof user_line, &result);
    return result;
}

struct passwd* getpwent(void) {
    size_t index = 0;
    struct passwd* result;
    find_user([&](const struct passwd&) { return index++ == next_user; }, &own_user, user_line,
              sizeof user_line, &result);
    next_user += result != nullptr;
    return result;
}
void setpwent(void) {
    next_user = 0;
}
void endpwent(void) {
    next_user = 0;
}

struct group* getgrnam(const char* name) {
    return find_group([=](const struct group& entry) { return strcmp(entry.gr_name, name) == 0; });
}

struct group* getgrgid(gid_t id) {
    return find_group([=](const struct group& entry) { return entry.gr_gid == id; });
}

struct group* getgrent(void) {
    size_t index = 0;
    struct group* result = find_group([&](const struct group&) { return index++ == next_group; });
    next_group += result != nullptr;
    return result;
}
void setgrent(void) {
    next_group = 0;
}
void endgrent(void) {
    next_group = 0;
}

int initgroups(const char* user, gid_t more) {
    gid_t groups[32] = {more};
    size_t count = 1;
    find_group([&](const struct group& entry) {
        for (char** member = entry.gr_mem; *member != nullptr; member++) {
            if (strcmp(*member, user) == 0 && entry.gr_gid != more && count < 32) {
                groups[count++] = entry.gr_gid;
            }
        }
        return false;
    });
    return setgroups(count, groups);
}

} // extern "C"
