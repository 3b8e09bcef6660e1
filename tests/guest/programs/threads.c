/* Threads: clone, futexes, thread-local storage, signals to threads, exec and exit with several threads. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { thread_count = 8, rounds = 2000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long counter;
static int turn;
static __thread int own;

static void* add(void* argument) {
    own = (int)(long)argument;
    for (int i = 0; i < rounds; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
    }
    return (void*)(long)own;
}

static void test_mutex(void) {
    pthread_t threads[thread_count];
    int wrong = 0;
    counter = 0;
    for (long i = 0; i < thread_count; i++) {
        wrong += pthread_create(&threads[i], NULL, add, (void*)i) != 0;
    }
    for (long i = 0; i < thread_count; i++) {
        void* result = NULL;
        wrong += pthread_join(threads[i], &result) != 0 || result != (void*)i;
    }
    CHECK("threads.join_and_tls", wrong == 0);
    CHECK("threads.mutex", counter == (long)thread_count * rounds);
}

static void* take_turns(void* argument) {
    int me = (int)(long)argument;
    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(&mutex);
        while (turn % 2 != me) {
            pthread_cond_wait(&changed, &mutex);
        }
        turn++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void test_condition(void) {
    pthread_t other;
    turn = 0;
    pthread_create(&other, NULL, take_turns, (void*)1);
    take_turns((void*)0);
    pthread_join(other, NULL);
    CHECK("threads.condition", turn == 200);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 20 * 1000 * 1000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&mutex);
    int outcome = pthread_cond_timedwait(&changed, &mutex, &until);
    pthread_mutex_unlock(&mutex);
    CHECK("threads.timedwait", outcome == ETIMEDOUT);
}

static int ready[2]; /* a pipe: a thread says that it is there */
static volatile int running_handler;

static void announce(void) {
    char byte = 'r';
    if (write(ready[1], &byte, 1) != 1) {
        exit(2);
    }
}

static void await_thread(void) {
    char byte;
    if (read(ready[0], &byte, 1) != 1) {
        exit(2);
    }
}

static void note(int number) {
    (void)number;
    running_handler = own;
}

static void* wait_for_kill(void* argument) {
    own = (int)(long)argument;
    announce();
    struct timespec span = {5, 0};
    return (void*)(long)(nanosleep(&span, NULL) == -1 && errno == EINTR && running_handler == own);
}

static void test_thread_signal(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = note;
    sigaction(SIGUSR1, &action, NULL);
    pthread_t other;
    void* result = NULL;
    if (pipe(ready) != 0) {
        exit(2);
    }
    pthread_create(&other, NULL, wait_for_kill, (void*)42);
    await_thread();
    usleep(20000);
    pthread_kill(other, SIGUSR1);
    pthread_join(other, &result);
    CHECK("threads.signal_to_one", result == (void*)1);
}

static void* sleep_long(void* argument) {
    for (;;) {
        pause();
    }
    return argument;
}

static void* spin(void* argument) {
    for (volatile long* at = argument;; (*at)++) {
    }
    return argument;
}

static void test_exit_with_threads(void) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        static volatile long spun;
        pthread_t a, b;
        pthread_create(&a, NULL, sleep_long, NULL);
        pthread_create(&b, NULL, spin, (void*)&spun);
        while (spun == 0) {
            usleep(1000);
        }
        exit(21);
    }
    int status;
    CHECK("threads.exit_group", waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 21);
    child = fork();
    if (child == 0) {
        pthread_t a;
        pthread_create(&a, NULL, sleep_long, NULL);
        pthread_create(&a, NULL, sleep_long, NULL);
        for (;;) {
            pause();
        }
    }
    usleep(30000);
    kill(child, SIGTERM);
    CHECK("threads.killed", waitpid(child, &status, 0) == child && WTERMSIG(status) == SIGTERM);
}

static void* exec_helper(void* argument) {
    execl(argument, "threads", "helper", (char*)NULL);
    return NULL;
}

static void test_exec_from_thread(const char* self) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        pthread_t a, b;
        pthread_create(&a, NULL, sleep_long, NULL);
        pthread_create(&b, NULL, exec_helper, (void*)self);
        for (;;) {
            pause();
        }
    }
    int status;
    CHECK("threads.exec",
          waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 17);
}

#ifdef PTHREAD_CANCELED /* not in every C library */
static void* cancel_me(void* argument) {
    announce();
    for (;;) {
        sleep(10);
    }
    return argument;
}

static void test_cancel(void) {
    pthread_t other;
    void* result = NULL;
    pthread_create(&other, NULL, cancel_me, NULL);
    await_thread();
    pthread_cancel(other);
    pthread_join(other, &result);
    CHECK("threads.cancel", result == PTHREAD_CANCELED);
}
#else
static void test_cancel(void) {}
#endif

#if defined(__GLIBC__) || defined(PTHREAD_MUTEX_ROBUST)
static pthread_mutex_t robust;

static void* die_holding(void* argument) {
    pthread_mutex_lock(&robust);
    return argument;
}

static void test_robust(void) {
    pthread_mutexattr_t attributes;
    pthread_t other;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &attributes);
    pthread_create(&other, NULL, die_holding, NULL);
    pthread_join(other, NULL);
    CHECK("threads.robust_mutex", pthread_mutex_lock(&robust) == EOWNERDEAD);
    pthread_mutex_consistent(&robust);
    pthread_mutex_unlock(&robust);
}
#else
static void test_robust(void) {}
#endif

static void test_many(void) {
    int wrong = 0;
    for (int i = 0; i < 100; i++) {
        pthread_t other;
        void* result = NULL;
        counter = 0;
        wrong += pthread_create(&other, NULL, add, (void*)7) != 0 || pthread_join(other, &result) != 0 ||
                 result != (void*)7;
    }
    CHECK("threads.churn", wrong == 0);
}

int main(int argc, char** argv) {
    if (argc > 1) {
        return getpid() == (pid_t)gettid() ? 17 : 18;
    }
    test_mutex();
    test_condition();
    test_thread_signal();
    test_exit_with_threads();
    test_exec_from_thread(argv[0]);
    test_cancel();
    test_robust();
    test_many();
    return finish();
}
