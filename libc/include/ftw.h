#pragma once
/* Walking trees of folders. */

#include <sys/cdefs.h>
#include <sys/stat.h>

#define FTW_F 0
#define FTW_D 1
#define FTW_DNR 2
#define FTW_NS 3
#define FTW_SL 4
#define FTW_DP 5

#define FTW_PHYS 1
#define FTW_DEPTH 8

struct FTW {
    int base;  /* where the last part of the path begins */
    int level; /* 0 for the top */
};

__BEGIN_DECLS

/// Calls `visit` for everything below a path until it returns other than 0; that value, or -1.
int nftw(const char* path, int (*visit)(const char*, const struct stat*, int, struct FTW*), int descriptors,
         int flags);
/// The same without the place in the tree, following links.
int ftw(const char* path, int (*visit)(const char*, const struct stat*, int), int descriptors);

__END_DECLS
