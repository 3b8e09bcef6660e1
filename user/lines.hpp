#pragma once
// Files as lines, for the programs that read text.

#include "user/program.hpp"

/// Calls `each(line)` for every line of the files (standard input without any), newline removed. 0, or 1 when
/// a file could not be read.
template <class Each>
int each_line(char** names, Each each) {
    static char dash[] = "-";
    static char* only_input[] = {dash, nullptr};
    int status = 0;
    char* line = nullptr;
    size_t capacity = 0;
    for (char** name = *names != nullptr ? names : only_input; *name != nullptr; name++) {
        FILE* file = strcmp(*name, "-") == 0 ? stdin : fopen(*name, "r");
        if (file == nullptr) {
            warn("%s", *name);
            status = 1;
            continue;
        }
        for (ssize_t length; (length = getline(&line, &capacity, file)) >= 0;) {
            if (length > 0 && line[length - 1] == '\n') {
                line[length - 1] = '\0';
            }
            each(line);
        }
        if (file != stdin) {
            fclose(file);
        }
    }
    free(line);
    return status;
}
