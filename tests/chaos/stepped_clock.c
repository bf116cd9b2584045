/* Preloaded into a node: its wall clock is the true one plus an offset in seconds, read from the file CHAOS_CLOCK. Monotonic
   clocks stay true. Timers on the wall clock are moved along, and a step cancels those that asked for it, as the kernel does:
   libfaketime leaves timerfd alone. Built by clock.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MOST_TIMERS 64

static _Atomic long offset_s;
static _Atomic int timer_of[MOST_TIMERS];  /* fd + 1 of timers that a step cancels */
static _Atomic int cancelled[MOST_TIMERS];

static void read_offset(void) {
  const char* path = getenv("CHAOS_CLOCK");
  const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return;
  char text[32] = {0};
  const ssize_t got = syscall(SYS_read, fd, text, sizeof(text) - 1);
  close(fd);
  if (got <= 0) return;
  const long next = strtol(text, NULL, 10);
  if (atomic_exchange(&offset_s, next) == next) return;
  for (int i = 0; i < MOST_TIMERS; ++i) {
    const int timer = atomic_load(&timer_of[i]) - 1;
    if (timer < 0) continue;
    atomic_store(&cancelled[i], 1);
    const struct itimerspec at_once = {.it_value = {.tv_nsec = 1}};
    syscall(SYS_timerfd_settime, timer, 0, &at_once, NULL);
  }
}

static void* watch(void* unused) {
  (void)unused;
  const struct timespec wait = {.tv_nsec = 10 * 1000 * 1000};
  for (;;) {
    syscall(SYS_nanosleep, &wait, NULL);
    read_offset();
  }
  return NULL;
}

__attribute__((constructor)) static void begin(void) {
  read_offset();
  pthread_t thread;
  if (pthread_create(&thread, NULL, watch, NULL) == 0) pthread_detach(thread);
}

int clock_gettime(clockid_t clock, struct timespec* out) {
  const int answer = (int)syscall(SYS_clock_gettime, clock, out);
  if (answer == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) out->tv_sec += atomic_load(&offset_s);
  return answer;
}

int gettimeofday(struct timeval* restrict out, void* restrict zone) {
  const int answer = (int)syscall(SYS_gettimeofday, out, zone);
  if (answer == 0) out->tv_sec += atomic_load(&offset_s);
  return answer;
}

time_t time(time_t* out) {
  const time_t now = (time_t)syscall(SYS_time, NULL) + atomic_load(&offset_s);
  if (out) *out = now;
  return now;
}

static int place_of(int fd) {
  for (int i = 0; i < MOST_TIMERS; ++i) {
    if (atomic_load(&timer_of[i]) == fd + 1) return i;
  }
  return -1;
}

int timerfd_settime(int fd, int flags, const struct itimerspec* wanted, struct itimerspec* old) {
  struct itimerspec moved = *wanted;
  if (flags & TFD_TIMER_CANCEL_ON_SET) { /* asked for by those alone that have an absolute time of the wall clock */
    moved.it_value.tv_sec -= atomic_load(&offset_s);
    if (moved.it_value.tv_sec < 0) moved.it_value = (struct timespec){.tv_nsec = 1};
    int place = place_of(fd);
    for (int i = 0; place < 0 && i < MOST_TIMERS; ++i) {
      int none = 0;
      if (atomic_compare_exchange_strong(&timer_of[i], &none, fd + 1)) place = i;
    }
  }
  return (int)syscall(SYS_timerfd_settime, fd, flags, &moved, old);
}

ssize_t read(int fd, void* out, size_t size) {
  const int place = size == sizeof(unsigned long long) ? place_of(fd) : -1;
  const ssize_t got = syscall(SYS_read, fd, out, size);
  if (place >= 0 && atomic_exchange(&cancelled[place], 0)) {
    errno = ECANCELED;
    return -1;
  }
  return got;
}
