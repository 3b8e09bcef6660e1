// The environment: `environ` and the calls that read and change it.
//
// The strings the kernel put on the stack are used as they are; only the array of pointers is copied, by the
// first call that makes it grow. A replaced string from setenv() is freed, one from putenv() is the caller's.

#include "libc/src/internal/lock.hpp"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace {

libc::lock environment_lock;
char** own_array;   // environ, once it is ours
size_t own_count;   // entries it has room for, with the null
char** own_strings; // those made by setenv()
size_t own_string_count;

bool valid_name(const char* name) {
    return name != nullptr && *name != '\0' && strchr(name, '=') == nullptr;
}

/// The slot of a variable, or the one with the null at the end.
char** find(const char* name, size_t length) {
    char** slot = environ;
    while (*slot != nullptr && (strncmp(*slot, name, length) != 0 || (*slot)[length] != '=')) {
        slot++;
    }
    return slot;
}

/// Frees a string if setenv() made it.
void release(char* string) {
    for (size_t i = 0; i < own_string_count; i++) {
        if (own_strings[i] == string) {
            own_strings[i] = own_strings[--own_string_count];
            free(string);
            return;
        }
    }
}

bool remember(char* string) {
    auto** grown = static_cast<char**>(reallocarray(own_strings, own_string_count + 1, sizeof(char*)));
    if (grown == nullptr) {
        return false;
    }
    own_strings = grown;
    own_strings[own_string_count++] = string;
    return true;
}

/// Puts a "NAME=value" string into the environment. The lock is held.
bool place(char* assignment, size_t name_length) {
    char** slot = find(assignment, name_length);
    if (*slot != nullptr) {
        release(*slot);
        *slot = assignment;
        return true;
    }
    auto used = static_cast<size_t>(slot - environ);
    if (environ != own_array || used + 2 > own_count) {
        auto** grown = static_cast<char**>(calloc(used + 16, sizeof(char*)));
        if (grown == nullptr) {
            return false;
        }
        memcpy(grown, environ, used * sizeof(char*));
        if (environ == own_array) {
            free(own_array);
        }
        environ = own_array = grown;
        own_count = used + 16;
    }
    environ[used] = assignment;
    environ[used + 1] = nullptr;
    return true;
}

int invalid() {
    errno = EINVAL;
    return -1;
}

} // namespace

extern "C" {

char* getenv(const char* name) {
    if (environ == nullptr || !valid_name(name)) {
        return nullptr;
    }
    size_t length = strlen(name);
    char* found = *find(name, length);
    return found != nullptr ? found + length + 1 : nullptr;
}

char* secure_getenv(const char* name) {
    return getuid() == geteuid() && getgid() == getegid() ? getenv(name) : nullptr;
}

int setenv(const char* name, const char* value, int overwrite) {
    if (!valid_name(name)) {
        return invalid();
    }
    libc::guard hold(environment_lock);
    size_t name_length = strlen(name);
    if (!overwrite && *find(name, name_length) != nullptr) {
        return 0;
    }
    auto* assignment = static_cast<char*>(malloc(name_length + strlen(value) + 2));
    if (assignment == nullptr) {
        return -1;
    }
    strcpy(stpcpy(stpcpy(assignment, name), "="), value);
    if (!place(assignment, name_length)) {
        free(assignment);
        return -1;
    }
    remember(assignment); // Without memory for that, the string is merely never freed.
    return 0;
}

int unsetenv(const char* name) {
    if (!valid_name(name)) {
        return invalid();
    }
    libc::guard hold(environment_lock);
    for (char** slot = find(name, strlen(name)); *slot != nullptr; slot = find(name, strlen(name))) {
        release(*slot);
        do {
            slot[0] = slot[1];
        } while (*slot++ != nullptr);
    }
    return 0;
}

int putenv(char* assignment) {
    const char* equals = strchr(assignment, '=');
    if (equals == nullptr) {
        return unsetenv(assignment);
    }
    libc::guard hold(environment_lock);
    return place(assignment, static_cast<size_t>(equals - assignment)) ? 0 : -1;
}

int clearenv(void) {
    libc::guard hold(environment_lock);
    *environ = nullptr;
    return 0;
}

} // extern "C"
