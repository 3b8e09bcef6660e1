// Kinds of characters. There is one locale, "C", so every answer is a comparison or two.

#include <ctype.h>

namespace {

/// Whether low <= character <= high, as one comparison.
bool within(int character, char low, char high) {
    return static_cast<unsigned>(character - low) <= static_cast<unsigned>(high - low);
}

} // namespace

extern "C" {

int isdigit(int character) {
    return within(character, '0', '9');
}
int isupper(int character) {
    return within(character, 'A', 'Z');
}
int islower(int character) {
    return within(character, 'a', 'z');
}
int isalpha(int character) {
    return within(character | 32, 'a', 'z');
}
int isalnum(int character) {
    return isalpha(character) || isdigit(character);
}
int isascii(int character) {
    return (character & ~0x7f) == 0;
}
int isblank(int character) {
    return character == ' ' || character == '\t';
}
int iscntrl(int character) {
    return within(character, 0, 0x1f) || character == 0x7f;
}
int isgraph(int character) {
    return within(character, '!', '~');
}
int isprint(int character) {
    return within(character, ' ', '~');
}
int ispunct(int character) {
    return isgraph(character) && !isalnum(character);
}
int isspace(int character) {
    return character == ' ' || within(character, '\t', '\r');
}
int isxdigit(int character) {
    return isdigit(character) || within(character | 32, 'a', 'f');
}
int tolower(int character) {
    return isupper(character) ? character | 32 : character;
}
int toupper(int character) {
    return islower(character) ? character & ~32 : character;
}
int toascii(int character) {
    return character & 0x7f;
}

} // extern "C"
