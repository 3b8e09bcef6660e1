// How the address sanitizer runs under a fuzzer: a small quarantine, so that memory stays in the cache, and
// no stack traces of allocations, which cost more than what is tested. To look into a crash give them back
// with ASAN_OPTIONS=malloc_context_size=20:quarantine_size_mb=256. Leaks are the harness's to find: it
// counts.

extern "C" const char* __asan_default_options() {
    return "malloc_context_size=0:quarantine_size_mb=1:thread_local_quarantine_size_kb=64:"
           "max_malloc_fill_size=256:detect_leaks=0:allocator_may_return_null=1";
}
