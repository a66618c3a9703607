/* Preloaded into the product by the attacks of tests/it/attack: writes down what reaches the files
 * of one folder, makes chosen calls fail, and ends the process at chosen moments.
 * Knows nothing of the product; without its variables it does nothing.
 *
 *   SHIM_DIR   only files below this folder are looked at
 *   SHIM_LOG   write, truncate, sync, open, link, unlink, rename and what is said are appended there
 *   SHIM_FAIL  kind:k:what:mode - call k of kind (open write sync truncate unlink rename mmap, any)
 *              fails with what (ENOSPC EIO EROFS SHORT KILL), `once` or from then `on`
 *   SHIM_ARM   calls are counted only while this file is there
 *   SHIM_COUNT the number of counted calls is left there, one byte a call
 *   SHIM_KILL  before:TEXT or after:TEXT - SIGKILL before the write that holds TEXT, or after the
 *              sync that follows it
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 4096
enum { LOOSE, FILE_HERE, FOLDER_HERE };
enum { OPEN = 1, WRITE, TRUNCATE, SYNC, SYNC_FOLDER, UNLINK, RENAME, SAID };
enum { K_OPEN, K_WRITE, K_SYNC, K_TRUNCATE, K_UNLINK, K_RENAME, K_MMAP, K_ANY };
enum { W_ERRNO, W_SHORT, W_KILL };

static unsigned char here[FDS];
static uint64_t inode[FDS];
static char dir[512], arm[512], mark[128];
static size_t dir_len, mark_len;
static int log_fd = -1, count_fd = -1, ready;
static int fail_kind = -1, fail_what, fail_errno, fail_on;
static long fail_at, calls;
static int mark_before, mark_seen;

static const char *kinds[] = {"open", "write", "sync", "truncate", "unlink", "rename", "mmap", "any"};

static int far_fd(const char *name) {
    const char *path = getenv(name);
    if (!path || !*path) return -1;
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    int far = fcntl(fd, F_DUPFD_CLOEXEC, 900);
    syscall(SYS_close, fd);
    return far;
}

static void copy(char *to, size_t room, const char *name) {
    const char *value = getenv(name);
    snprintf(to, room, "%s", value ? value : "");
}

static void read_fail(void) {
    char text[128], *part[4] = {0}, *rest = text;
    copy(text, sizeof text, "SHIM_FAIL");
    for (int i = 0; i < 4; i++) part[i] = strsep(&rest, ":");
    if (!part[3]) return;
    for (int i = 0; i <= K_ANY; i++)
        if (!strcmp(part[0], kinds[i])) fail_kind = i;
    fail_at = atol(part[1]);
    fail_on = !strcmp(part[3], "on");
    fail_what = W_ERRNO;
    fail_errno = EIO;
    if (!strcmp(part[2], "ENOSPC")) fail_errno = ENOSPC;
    if (!strcmp(part[2], "EROFS")) fail_errno = EROFS;
    if (!strcmp(part[2], "SHORT")) fail_what = W_SHORT;
    if (!strcmp(part[2], "KILL")) fail_what = W_KILL;
}

static void start(void) {
    if (ready) return;
    ready = 1;
    copy(dir, sizeof dir, "SHIM_DIR");
    dir_len = strlen(dir);
    copy(arm, sizeof arm, "SHIM_ARM");
    char text[160];
    copy(text, sizeof text, "SHIM_KILL");
    char *after = strchr(text, ':');
    if (after) {
        snprintf(mark, sizeof mark, "%s", after + 1);
        mark_len = strlen(mark);
        mark_before = !strncmp(text, "before", 6);
    }
    read_fail();
    log_fd = far_fd("SHIM_LOG");
    count_fd = far_fd("SHIM_COUNT");
}

__attribute__((constructor)) static void begin(void) { start(); }

static void die(void) {
    syscall(SYS_kill, (long)getpid(), SIGKILL);
    for (;;) pause();
}

static int inside(const char *path) {
    return dir_len && path && !strncmp(path, dir, dir_len);
}

/* The folder itself, without its slash. */
static int is_dir(const char *path) {
    return dir_len && path && !strncmp(path, dir, dir_len - 1) && !path[dir_len - 1];
}

static int tracked(int fd) { return fd >= 0 && fd < FDS && here[fd] == FILE_HERE; }

static void note(int kind, uint64_t ino, int64_t at, const void *data, size_t len) {
    if (log_fd < 0) return;
    struct __attribute__((packed)) {
        uint32_t magic, pid;
        uint8_t kind;
        uint64_t ino;
        int64_t at;
        uint32_t len;
    } head = {0x314D4853, (uint32_t)getpid(), (uint8_t)kind, ino, at, (uint32_t)len};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)data, len}};
    syscall(SYS_writev, log_fd, parts, len ? 2 : 1);
}

/* Whether this call is the one that fails; errno is set then. */
static int fails(int kind) {
    if (!ready) start();
    if (fail_kind < 0 && count_fd < 0) return 0;
    if (*arm && syscall(SYS_faccessat, AT_FDCWD, arm, F_OK)) return 0;
    if (count_fd >= 0) {
        char letter = "owstunm"[kind];
        syscall(SYS_write, count_fd, &letter, 1);
    }
    if (fail_kind != kind && fail_kind != K_ANY) return 0;
    long now = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
    if (now < fail_at || (now > fail_at && !fail_on)) return 0;
    if (fail_what == W_KILL) die();
    errno = fail_errno;
    return 1;
}

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }
#define REAL(result, name, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) real = next(#name)

static int opened(int fd, const char *path) {
    struct stat st;
    if (fd < 0 || fd >= FDS) return fd;
    here[fd] = LOOSE;
    if ((inside(path) || is_dir(path)) && !fstat(fd, &st)) {
        here[fd] = S_ISDIR(st.st_mode) ? FOLDER_HERE : FILE_HERE;
        inode[fd] = st.st_ino;
        if (here[fd] == FILE_HERE) note(OPEN, st.st_ino, 0, path, strlen(path));
    }
    return fd;
}

static int writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT); }

#define OPENS(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, name, const char *, int, ...); \
        va_list list; \
        va_start(list, flags); \
        mode_t mode = va_arg(list, mode_t); \
        va_end(list); \
        if (inside(path) && writes(flags) && fails(K_OPEN)) return -1; \
        return opened(real(path, flags, mode), path); \
    }
OPENS(open)
OPENS(open64)

#define OPENS_AT(name) \
    int name(int at, const char *path, int flags, ...) { \
        REAL(int, name, int, const char *, int, ...); \
        va_list list; \
        va_start(list, flags); \
        mode_t mode = va_arg(list, mode_t); \
        va_end(list); \
        if (inside(path) && writes(flags) && fails(K_OPEN)) return -1; \
        return opened(real(at, path, flags, mode), path); \
    }
OPENS_AT(openat)
OPENS_AT(openat64)

int close(int fd) {
    REAL(int, close, int);
    if (fd >= 900 && (fd == log_fd || fd == count_fd)) return 0;
    if (fd >= 0 && fd < FDS) here[fd] = LOOSE;
    return real(fd);
}

/* Looks for the marker in what is about to be written. */
static void watch_mark(const void *data, size_t len) {
    if (!mark_len || mark_seen || !memmem(data, len, mark, mark_len)) return;
    if (mark_before) die();
    mark_seen = 1;
}

/* How much of a write goes through: all, half of it, or none (errno is set). */
static ssize_t share(int fd, const void *data, size_t len) {
    if (!tracked(fd)) return (ssize_t)len;
    watch_mark(data, len);
    if (!fails(K_WRITE)) return (ssize_t)len;
    return fail_what == W_SHORT ? (ssize_t)(len / 2) : -1;
}

#define PWRITES(name, off) \
    ssize_t name(int fd, const void *data, size_t len, off at) { \
        REAL(ssize_t, name, int, const void *, size_t, off); \
        ssize_t part = share(fd, data, len); \
        if (part < 0) return -1; \
        if (tracked(fd)) note(WRITE, inode[fd], at, data, part); \
        return part ? real(fd, data, part, at) : 0; \
    }
PWRITES(pwrite, off_t)
PWRITES(pwrite64, off64_t)

ssize_t write(int fd, const void *data, size_t len) {
    REAL(ssize_t, write, int, const void *, size_t);
    ssize_t part = share(fd, data, len);
    if (part < 0) return -1;
    if (tracked(fd)) note(WRITE, inode[fd], lseek(fd, 0, SEEK_CUR), data, part);
    ssize_t done = part || !len ? real(fd, data, part) : 0;
    if ((fd == 1 || fd == 2) && done > 0) note(SAID, fd, 0, data, done);
    return done;
}

static int synced(int fd, int (*real)(int)) {
    int mine = fd >= 0 && fd < FDS && here[fd];
    if (mine && fails(K_SYNC)) return -1;
    int result = real(fd);
    if (mine && !result) note(here[fd] == FILE_HERE ? SYNC : SYNC_FOLDER, inode[fd], 0, "", 0);
    if (mine && !result && mark_seen) die();
    return result;
}
int fsync(int fd) {
    REAL(int, fsync, int);
    return synced(fd, real);
}
int fdatasync(int fd) {
    REAL(int, fdatasync, int);
    return synced(fd, real);
}

#define TRUNCATES(name, off) \
    int name(int fd, off len) { \
        REAL(int, name, int, off); \
        if (tracked(fd) && fails(K_TRUNCATE)) return -1; \
        if (tracked(fd)) note(TRUNCATE, inode[fd], len, "", 0); \
        return real(fd, len); \
    }
TRUNCATES(ftruncate, off_t)
TRUNCATES(ftruncate64, off64_t)

int unlink(const char *path) {
    REAL(int, unlink, const char *);
    if (inside(path) && fails(K_UNLINK)) return -1;
    int result = real(path);
    if (inside(path) && !result) note(UNLINK, 0, 0, path, strlen(path));
    return result;
}

/* A second name is news like the name of a file that was opened. */
static int named(const char *to, int result) {
    struct stat st;
    if (inside(to) && !result && !stat(to, &st)) note(OPEN, st.st_ino, 0, to, strlen(to));
    return result;
}

int link(const char *from, const char *to) {
    REAL(int, link, const char *, const char *);
    if (inside(to) && fails(K_RENAME)) return -1;
    return named(to, real(from, to));
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags) {
    REAL(int, linkat, int, const char *, int, const char *, int);
    if (inside(to) && fails(K_RENAME)) return -1;
    return named(to, real(from_dir, from, to_dir, to, flags));
}

int rename(const char *from, const char *to) {
    REAL(int, rename, const char *, const char *);
    if (inside(to) && fails(K_RENAME)) return -1;
    int result = real(from, to);
    if (inside(to) && !result) {
        char both[1100];
        int len = snprintf(both, sizeof both, "%s\n%s", from, to);
        note(RENAME, 0, 0, both, len);
    }
    return result;
}

#define MMAPS(name, off) \
    void *name(void *at, size_t len, int prot, int flags, int fd, off from) { \
        REAL(void *, name, void *, size_t, int, int, int, off); \
        if (tracked(fd) && fails(K_MMAP)) return MAP_FAILED; \
        return real(at, len, prot, flags, fd, from); \
    }
MMAPS(mmap, off_t)
MMAPS(mmap64, off64_t)
