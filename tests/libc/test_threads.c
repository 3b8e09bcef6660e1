/* Threads, locks and their neighbours. */
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { threads = 8, rounds = 20000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long counter;
static _Thread_local int own = 5;

static void* count_up(void* argument) {
    own += (int)(intptr_t)argument;
    errno = (int)(intptr_t)argument;
    for (int i = 0; i < rounds; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
        free(malloc((size_t)(i % 200)));
    }
    return errno == (int)(intptr_t)argument ? (void*)(intptr_t)own : NULL;
}

static int queue, consumed;
static void* consume(void* unused) {
    (void)unused;
    pthread_mutex_lock(&mutex);
    while (consumed < 1000) {
        while (queue == 0 && consumed < 1000) {
            pthread_cond_wait(&condition, &mutex);
        }
        if (queue > 0) {
            queue--;
            consumed++;
        }
    }
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static pthread_key_t key;
static volatile int destroyed;
static void destroy(void* value) {
    destroyed += (int)(intptr_t)value;
}
static void* use_key(void* unused) {
    CHECK(pthread_getspecific(key) == NULL);
    CHECK(pthread_setspecific(key, (void*)3) == 0);
    pthread_exit(unused);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static volatile int initialised;
static void initialise(void) {
    initialised++;
}

static pthread_barrier_t barrier;
static volatile int serial;
static void* meet(void* unused) {
    pthread_once(&once, initialise);
    for (int i = 0; i < 100; i++) {
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
            __atomic_add_fetch(&serial, 1, __ATOMIC_RELAXED);
        }
    }
    return unused;
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static long left, right;
static volatile int torn;
static void* read_write(void* argument) {
    for (int i = 0; i < 3000; i++) {
        if (i % 10 == (int)(intptr_t)argument) {
            pthread_rwlock_wrlock(&rwlock);
            left++;
            right++;
        } else {
            pthread_rwlock_rdlock(&rwlock);
            torn += left != right;
        }
        pthread_rwlock_unlock(&rwlock);
    }
    return NULL;
}

static volatile int detached_ran;
static void* run_detached(void* unused) {
    __atomic_add_fetch(&detached_ran, 1, __ATOMIC_RELEASE);
    return unused;
}

static void start_all(void* (*function)(void*), void** results) {
    pthread_t ids[threads];
    for (intptr_t i = 0; i < threads; i++) {
        CHECK(pthread_create(&ids[i], NULL, function, (void*)i) == 0);
    }
    for (int i = 0; i < threads; i++) {
        CHECK(pthread_join(ids[i], results != NULL ? &results[i] : NULL) == 0);
    }
}

static void* wait_for_input(void* unused) {
    getchar(); /* holds stdin's lock for good */
    return unused;
}

/* exit() must not wait for a thread that reads. */
static void test_exit_beside_reader(void) {
    int ends[2], status;
    fflush(stdout);
    CHECK(pipe(ends) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t reader;
        dup2(ends[0], 0);
        pthread_create(&reader, NULL, wait_for_input, NULL);
        usleep(50000);
        alarm(10);
        exit(3);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

int main(void) {
    void* results[threads];
    start_all(count_up, results);
    CHECK(counter == threads * rounds && own == 5);
    for (intptr_t i = 0; i < threads; i++) {
        CHECK(results[i] == (void*)(5 + i));
    }

    pthread_t consumers[3];
    for (int i = 0; i < 3; i++) {
        CHECK(pthread_create(&consumers[i], NULL, consume, NULL) == 0);
    }
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&mutex);
        queue++;
        pthread_cond_signal(&condition);
        pthread_mutex_unlock(&mutex);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(consumers[i], NULL);
    }
    CHECK(consumed == 1000);

    CHECK(pthread_key_create(&key, destroy) == 0);
    start_all(use_key, NULL);
    CHECK(destroyed == 3 * threads);

    pthread_barrier_init(&barrier, NULL, threads);
    start_all(meet, NULL);
    CHECK(serial == 100 && initialised == 1);

    start_all(read_write, NULL);
    CHECK(torn == 0 && left == right && left == 300 * threads);

    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    CHECK(pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0);
    for (int i = 0; i < 200; i++) {
        pthread_t id;
        CHECK(pthread_create(&id, &attributes, run_detached, NULL) == 0);
    }
    while (__atomic_load_n(&detached_ran, __ATOMIC_ACQUIRE) < 200) {
        sched_yield();
    }

    pthread_mutexattr_t kind;
    pthread_mutex_t special;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&special, &kind);
    CHECK(pthread_mutex_lock(&special) == 0 && pthread_mutex_lock(&special) == 0);
    CHECK(pthread_mutex_unlock(&special) == 0 && pthread_mutex_unlock(&special) == 0);
    CHECK(pthread_mutex_unlock(&special) == EPERM);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&special, &kind);
    CHECK(pthread_mutex_lock(&special) == 0 && pthread_mutex_lock(&special) == EDEADLK);
    CHECK(pthread_mutex_trylock(&mutex) == 0 && pthread_mutex_trylock(&mutex) == EBUSY);
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 20000000;
    soon.tv_sec += soon.tv_nsec / 1000000000;
    soon.tv_nsec %= 1000000000;
    CHECK(pthread_mutex_timedlock(&mutex, &soon) == ETIMEDOUT);
    CHECK(pthread_cond_timedwait(&condition, &mutex, &soon) == ETIMEDOUT);
    test_exit_beside_reader();
    return checks_result("threads");
}
