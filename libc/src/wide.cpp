// Multibyte characters: the "C" locale has one byte each, so these are copies with another width.

#include <stdlib.h>

extern "C" {

int mblen(const char* text, size_t size) {
    return mbtowc(nullptr, text, size);
}

int mbtowc(wchar_t* wide, const char* text, size_t size) {
    if (text == nullptr || size == 0) {
        return text == nullptr ? 0 : -1;
    }
    if (wide != nullptr) {
        *wide = static_cast<unsigned char>(*text);
    }
    return *text != '\0';
}

int wctomb(char* text, wchar_t wide) {
    if (text == nullptr) {
        return 0;
    }
    *text = static_cast<char>(wide);
    return wide >= 0 && wide < 256 ? 1 : -1;
}

size_t mbstowcs(wchar_t* wide, const char* text, size_t count) {
    size_t length = 0;
    for (; text[length] != '\0' && (wide == nullptr || length < count); length++) {
        if (wide != nullptr) {
            wide[length] = static_cast<unsigned char>(text[length]);
        }
    }
    if (wide != nullptr && length < count) {
        wide[length] = 0;
    }
    return length;
}

size_t wcstombs(char* text, const wchar_t* wide, size_t count) {
    size_t length = 0;
    for (; wide[length] != 0 && (text == nullptr || length < count); length++) {
        if (wide[length] < 0 || wide[length] > 255) {
            return static_cast<size_t>(-1);
        }
        if (text != nullptr) {
            text[length] = static_cast<char>(wide[length]);
        }
    }
    if (text != nullptr && length < count) {
        text[length] = '\0';
    }
    return length;
}

} // extern "C"
