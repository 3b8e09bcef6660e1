#pragma once
// Line by line through a small text file, such as /etc/hosts, and cutting lines into fields in place.

#include <stdio.h>

namespace libc {

/// An open text file whose lines are handed out one by one without newline and comment.
class text_file {
public:
    explicit text_file(const char* path) : file_(fopen(path, "re")) {}
    ~text_file() {
        if (file_ != nullptr) {
            fclose(file_);
        }
    }
    text_file(const text_file&) = delete;
    text_file& operator=(const text_file&) = delete;

    /// Next line, valid until the next call; null at the end. `comments` are characters that begin a comment.
    /// Lines longer than the buffer are skipped: half a line would be a lie.
    char* next_line(const char* comments);

private:
    FILE* file_;
    char line_[1024];
};

/// Cuts the next word off `text`, which is moved behind it; null when there is none.
char* next_word(char*& text);
/// Cuts the next field at a separator off `text`; fields may be empty; null when there is none.
char* next_field(char*& text, char separator);

} // namespace libc
