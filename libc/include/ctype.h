#pragma once
/* Kinds of characters in the "C" locale. The argument is an unsigned char's value or EOF. */

#include <sys/cdefs.h>

__BEGIN_DECLS

/// Letter or digit.
int isalnum(int character);
/// Letter.
int isalpha(int character);
/// 7-bit value.
int isascii(int character);
/// Space or tab.
int isblank(int character);
/// Control character.
int iscntrl(int character);
/// Decimal digit.
int isdigit(int character);
/// Printable, but not a space.
int isgraph(int character);
/// Lower-case letter.
int islower(int character);
/// Printable, also a space.
int isprint(int character);
/// Printable, neither letter, digit nor space.
int ispunct(int character);
/// Space, tab, newline, vertical tab, form feed or carriage return.
int isspace(int character);
/// Upper-case letter.
int isupper(int character);
/// Hexadecimal digit.
int isxdigit(int character);
/// The lower-case letter of an upper-case one; others unchanged.
int tolower(int character);
/// The upper-case letter of a lower-case one; others unchanged.
int toupper(int character);
/// The low 7 bits.
int toascii(int character);

__END_DECLS
