// Reading small text files; the contract is in internal/text_file.hpp.

#include "libc/src/internal/text_file.hpp"

#include <string.h>

namespace libc {

char* text_file::next_line(const char* comments) {
    bool skipping = false;
    while (file_ != nullptr && fgets(line_, sizeof line_, file_) != nullptr) {
        size_t length = strlen(line_);
        bool complete = length > 0 && line_[length - 1] == '\n';
        bool whole = !skipping && (complete || length + 1 < sizeof line_);
        skipping = !complete;
        if (whole) {
            line_[strcspn(line_, "\n")] = '\0';
            line_[strcspn(line_, comments)] = '\0';
            return line_;
        }
    }
    return nullptr;
}

char* next_word(char*& text) {
    char* word = text + strspn(text, " \t\r");
    if (*word == '\0') {
        return nullptr;
    }
    text = word + strcspn(word, " \t\r");
    if (*text != '\0') {
        *text++ = '\0';
    }
    return word;
}

char* next_field(char*& text, char separator) {
    if (text == nullptr) {
        return nullptr;
    }
    char* field = text;
    text = strchr(field, separator);
    if (text != nullptr) {
        *text++ = '\0';
    }
    return field;
}

} // namespace libc
