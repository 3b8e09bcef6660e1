#pragma once
/* Buffered files and formatted text. Every function locks the FILE it works on; *_unlocked ones do not. */

#include <stdarg.h>
#include <stddef.h>
#include <sys/cdefs.h>
#include <sys/types.h>

#define EOF (-1)
#define BUFSIZ 4096
#define FILENAME_MAX 4096
#define FOPEN_MAX 1000
#define L_tmpnam 20
#define TMP_MAX 10000
#define P_tmpdir "/tmp"

#ifndef SEEK_SET
#    define SEEK_SET 0
#    define SEEK_CUR 1
#    define SEEK_END 2
#endif

/* setvbuf() */
#define _IOFBF 0 /* fully buffered */
#define _IOLBF 1 /* written at each newline */
#define _IONBF 2 /* not buffered */

typedef struct __file FILE;
typedef off_t fpos_t;

__BEGIN_DECLS

extern FILE* const stdin;
extern FILE* const stdout;
extern FILE* const stderr;
#define stdin stdin
#define stdout stdout
#define stderr stderr

/// Opens a file. Modes r, w, a, with +, b (ignored), e (close on exec), x (must not exist).
FILE* fopen(const char* path, const char* mode);
/// Makes a FILE of a descriptor.
FILE* fdopen(int fd, const char* mode);
/// Closes `file` and opens another in its place.
FILE* freopen(const char* path, const char* mode, FILE* file);
/// A FILE over memory; from malloc() when `buffer` is null.
FILE* fmemopen(void* buffer, size_t size, const char* mode);
/// A FILE that collects output in memory; `*buffer` and `*size` are set by fflush() and fclose().
FILE* open_memstream(char** buffer, size_t* size);
/// A temporary file that goes away when closed.
FILE* tmpfile(void);
/// A name for a temporary file. Prefer mkstemp().
char* tmpnam(char* name);
/// Starts a shell command with its input ("w") or output ("r") connected to the FILE.
FILE* popen(const char* command, const char* type);
/// Closes a FILE of popen() and waits; the wait status.
int pclose(FILE* file);
/// Writes what is buffered and closes.
int fclose(FILE* file);
/// Closes all files.
int fcloseall(void);
/// Writes what is buffered; of all files when `file` is null.
int fflush(FILE* file);
/// The descriptor of a FILE.
int fileno(FILE* file);
/// Sets how a FILE is buffered, before it is used.
int setvbuf(FILE* file, char* buffer, int mode, size_t size);
/// Fully buffered in `buffer` of BUFSIZ bytes, or unbuffered when it is null.
void setbuf(FILE* file, char* buffer);
/// The same with a size.
void setbuffer(FILE* file, char* buffer, size_t size);
/// Line buffered.
void setlinebuf(FILE* file);

/// Reads a byte, or EOF.
int fgetc(FILE* file);
/// The same.
int getc(FILE* file);
/// The same from stdin.
int getchar(void);
/// getc() without locking.
int getc_unlocked(FILE* file);
/// getchar() without locking.
int getchar_unlocked(void);
/// Puts a byte back to be read next; several are possible.
int ungetc(int character, FILE* file);
/// Reads a line with its newline into `buffer`; null at the end of the file.
char* fgets(char* buffer, int size, FILE* file);
/// Reads a line of any length into a buffer from malloc() that grows; its length, or -1.
ssize_t getline(char** buffer, size_t* size, FILE* file);
/// The same up to a delimiter of one's own.
ssize_t getdelim(char** buffer, size_t* size, int delimiter, FILE* file);
/// Reads elements; how many whole ones.
size_t fread(void* buffer, size_t size, size_t count, FILE* file);

/// Writes a byte.
int fputc(int character, FILE* file);
/// The same.
int putc(int character, FILE* file);
/// The same to stdout.
int putchar(int character);
/// putc() without locking.
int putc_unlocked(int character, FILE* file);
/// putchar() without locking.
int putchar_unlocked(int character);
/// Writes a string.
int fputs(const char* text, FILE* file);
/// Writes a string and a newline to stdout.
int puts(const char* text);
/// Writes elements; how many whole ones.
size_t fwrite(const void* buffer, size_t size, size_t count, FILE* file);
/// fwrite() without locking.
size_t fwrite_unlocked(const void* buffer, size_t size, size_t count, FILE* file);
/// fputs() without locking.
int fputs_unlocked(const char* text, FILE* file);

/// Moves to an offset.
int fseek(FILE* file, long offset, int whence);
/// The same with off_t.
int fseeko(FILE* file, off_t offset, int whence);
/// The offset.
long ftell(FILE* file);
/// The same with off_t.
off_t ftello(FILE* file);
/// Moves to the beginning and clears the error mark.
void rewind(FILE* file);
/// Stores the offset.
int fgetpos(FILE* file, fpos_t* position);
/// Moves to a stored offset.
int fsetpos(FILE* file, const fpos_t* position);
/// Whether the end was met.
int feof(FILE* file);
/// Whether an error was met.
int ferror(FILE* file);
/// Clears both marks.
void clearerr(FILE* file);
/// Locks a FILE against other threads; calls nest.
void flockfile(FILE* file);
/// Locks if it can be had at once; 0 if so.
int ftrylockfile(FILE* file);
/// Unlocks.
void funlockfile(FILE* file);

/// Writes formatted text to stdout; the number of bytes.
int printf(const char* format, ...) __printf_format(1, 2);
/// The same to a FILE.
int fprintf(FILE* file, const char* format, ...) __printf_format(2, 3);
/// The same to a descriptor, unbuffered.
int dprintf(int fd, const char* format, ...) __printf_format(2, 3);
/// The same to a buffer that is large enough.
int sprintf(char* buffer, const char* format, ...) __printf_format(2, 3);
/// The same to a buffer of `size` bytes; the length the whole text has.
int snprintf(char* buffer, size_t size, const char* format, ...) __printf_format(3, 4);
/// The same to memory from malloc().
int asprintf(char** buffer, const char* format, ...) __printf_format(2, 3);
/// printf() with a va_list.
int vprintf(const char* format, va_list arguments) __printf_format(1, 0);
/// fprintf() with a va_list.
int vfprintf(FILE* file, const char* format, va_list arguments) __printf_format(2, 0);
/// dprintf() with a va_list.
int vdprintf(int fd, const char* format, va_list arguments) __printf_format(2, 0);
/// sprintf() with a va_list.
int vsprintf(char* buffer, const char* format, va_list arguments) __printf_format(2, 0);
/// snprintf() with a va_list.
int vsnprintf(char* buffer, size_t size, const char* format, va_list arguments) __printf_format(3, 0);
/// asprintf() with a va_list.
int vasprintf(char** buffer, const char* format, va_list arguments) __printf_format(2, 0);

/// Reads formatted text from stdin; the number of stored values, or EOF.
int scanf(const char* format, ...) __scanf_format(1, 2);
/// The same from a FILE.
int fscanf(FILE* file, const char* format, ...) __scanf_format(2, 3);
/// The same from a string.
int sscanf(const char* text, const char* format, ...) __scanf_format(2, 3);
/// scanf() with a va_list.
int vscanf(const char* format, va_list arguments) __scanf_format(1, 0);
/// fscanf() with a va_list.
int vfscanf(FILE* file, const char* format, va_list arguments) __scanf_format(2, 0);
/// sscanf() with a va_list.
int vsscanf(const char* text, const char* format, va_list arguments) __scanf_format(2, 0);

/// Writes "prefix: message of errno" to stderr.
void perror(const char* prefix);
/// Removes a file or an empty folder.
int remove(const char* path);
/// Renames; replaces an existing file.
int rename(const char* from, const char* to);
/// Renames relative to folders.
int renameat(int from_folder, const char* from, int to_folder, const char* to);
/// Name of the controlling terminal.
char* ctermid(char* name);

__END_DECLS
