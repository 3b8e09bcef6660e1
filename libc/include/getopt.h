#pragma once
/* Parsing command lines. */

#include <unistd.h>

#define no_argument 0
#define required_argument 1
#define optional_argument 2

struct option {
    const char* name;
    int has_arg;
    int* flag;
    int val;
};

__BEGIN_DECLS

/// getopt() that also knows "--name", "--name=value" and "--name value"; operands are moved to the end.
int getopt_long(int count, char* const* arguments, const char* options, const struct option* longs,
                int* index);
/// The same where long options may begin with one dash.
int getopt_long_only(int count, char* const* arguments, const char* options, const struct option* longs,
                     int* index);

__END_DECLS
