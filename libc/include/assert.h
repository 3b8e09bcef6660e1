/* assert(): ends the program with a message when a condition does not hold. Included anew for each NDEBUG. */

#include <sys/cdefs.h>

#undef assert
#ifdef NDEBUG
#    define assert(condition) ((void)0)
#else
#    define assert(condition)                                                                                \
        ((condition) ? (void)0 : __assert_fail(#condition, __FILE__, __LINE__, __func__))
#endif

#if !defined __cplusplus && !defined static_assert
#    define static_assert _Static_assert
#endif

__BEGIN_DECLS

/// Prints the condition and its place, then aborts.
void __assert_fail(const char* condition, const char* file, unsigned int line,
                   const char* function) __no_return;

__END_DECLS
