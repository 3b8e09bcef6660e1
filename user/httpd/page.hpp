#pragma once
// A growing piece of text: the header fields and folder listings that httpd writes.

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

class page {
public:
    page() = default;
    page(const page&) = delete;
    page& operator=(const page&) = delete;
    ~page() { free(data_); }

    void add(const char* text, size_t length) {
        if (size_ + length + 1 > capacity_) {
            size_t capacity = (size_ + length + 1) * 2;
            char* larger = static_cast<char*>(realloc(data_, capacity));
            if (larger == nullptr) {
                return; // a shorter page, but a server that goes on
            }
            data_ = larger;
            capacity_ = capacity;
        }
        memcpy(data_ + size_, text, length);
        size_ += length;
        data_[size_] = '\0';
    }
    void add(const char* text) { add(text, strlen(text)); }
    /// Adds text with the characters that mean something in HTML replaced.
    void add_escaped(const char* text) {
        for (; *text != '\0'; text++) {
            const char* entity = *text == '<'   ? "&lt;"
                                 : *text == '>' ? "&gt;"
                                 : *text == '&' ? "&amp;"
                                                : nullptr;
            entity = *text == '"' ? "&quot;" : entity;
            entity != nullptr ? add(entity) : add(text, 1);
        }
    }
    /// Adds text as a part of a URL.
    void add_encoded(const char* text) {
        for (; *text != '\0'; text++) {
            unsigned char c = static_cast<unsigned char>(*text);
            char code[4];
            snprintf(code, sizeof code, "%%%02X", c);
            isalnum(c) || strchr("-._~/", c) != nullptr ? add(text, 1) : add(code);
        }
    }
    void clear() {
        free(data_);
        data_ = nullptr;
        size_ = capacity_ = 0;
    }
    const char* data() const { return data_; }
    size_t size() const { return size_; }

private:
    char* data_ = nullptr;
    size_t size_ = 0;
    size_t capacity_ = 0;
};
