/* A wall clock that tests set: LD_PRELOAD this and the realtime clock is off by what the file
 * named in TILLWATCH_TEST_CLOCK says, in seconds (`-3600`, `90.5`). The file is read again every
 * 10 ms, so a running program sees a step. The monotonic and boot clocks stay true.
 * For tests alone; the product knows nothing of it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
#define EVERY 10000000LL

static int64_t offset_ns, read_at_ns;

static int64_t real(clockid_t id, struct timespec *out) {
    struct timespec t = {0, 0};
    long result = syscall(SYS_clock_gettime, id, &t);
    if (out) *out = t;
    return result ? -1 : t.tv_sec * SECOND + t.tv_nsec;
}

static int64_t offset(void) {
    int64_t now = real(CLOCK_MONOTONIC, NULL);
    int64_t last = __atomic_load_n(&read_at_ns, __ATOMIC_RELAXED);
    if (last && now - last < EVERY) return __atomic_load_n(&offset_ns, __ATOMIC_RELAXED);
    const char *file = getenv("TILLWATCH_TEST_CLOCK");
    int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        char text[64];
        ssize_t n = read(fd, text, sizeof text - 1);
        close(fd);
        if (n > 0) { /* an empty file is one that is being written */
            text[n] = 0;
            __atomic_store_n(&offset_ns, (int64_t)(strtod(text, NULL) * SECOND), __ATOMIC_RELAXED);
        }
    }
    __atomic_store_n(&read_at_ns, now, __ATOMIC_RELAXED);
    return __atomic_load_n(&offset_ns, __ATOMIC_RELAXED);
}

static void shifted(struct timespec *out) {
    int64_t at = real(CLOCK_REALTIME, NULL) + offset();
    out->tv_sec = at / SECOND;
    out->tv_nsec = at % SECOND;
    if (out->tv_nsec < 0) { out->tv_nsec += SECOND; out->tv_sec -= 1; }
}

int clock_gettime(clockid_t id, struct timespec *out) {
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) {
        shifted(out);
        return 0;
    }
    return (int)syscall(SYS_clock_gettime, id, out);
}

int gettimeofday(struct timeval *out, void *zone) {
    struct timespec t;
    (void)zone;
    shifted(&t);
    out->tv_sec = t.tv_sec;
    out->tv_usec = t.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec t;
    shifted(&t);
    if (out) *out = t.tv_sec;
    return t.tv_sec;
}
