#pragma once
/* Reading folders. */

#include <kernel/abi/files.h>
#include <sys/cdefs.h>
#include <sys/types.h>

struct dirent {
    ino_t d_ino;
    off_t d_off;
    unsigned short d_reclen;
    unsigned char d_type;
    char d_name[256];
};

typedef struct __directory DIR;

__BEGIN_DECLS

/// Opens a folder.
DIR* opendir(const char* path);
/// The same from a descriptor, which then belongs to the DIR.
DIR* fdopendir(int fd);
/// Next entry, or null; valid until the next call.
struct dirent* readdir(DIR* directory);
/// Back to the first entry.
void rewinddir(DIR* directory);
/// The place of the next entry.
long telldir(DIR* directory);
/// Goes to a place from telldir().
void seekdir(DIR* directory, long place);
/// Closes.
int closedir(DIR* directory);
/// The folder's descriptor.
int dirfd(DIR* directory);
/// All entries that `select` accepts, sorted, in memory from malloc(); how many.
int scandir(const char* path, struct dirent*** list, int (*select)(const struct dirent*),
            int (*compare)(const struct dirent**, const struct dirent**));
/// Compares entries by name, for scandir().
int alphasort(const struct dirent** left, const struct dirent** right);

__END_DECLS
