/* Records what a process does to the files below RECORD_UNDER, in order, into RECORD_TO: what was written where, what
 * was synced, cut, named and removed. Loaded with LD_PRELOAD; `tests/power_cut.py` reads the record and rebuilds every
 * state that a disk might hold after a power cut. Shared memory (-shm) is not on the disk and not recorded.
 *
 * A record: kind (1 byte), length of path, length of data (4 bytes each), offset (8 bytes), path, data.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static int record = -1;
static const char *under;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void start(void) {
    if (record != -1) return;
    under = getenv("RECORD_UNDER");
    const char *to = getenv("RECORD_TO");
    record = (under && to) ? REAL(open64)(to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -2;
}

static int is_ours(const char *path) {
    start();
    if (record < 0 || strncmp(path, under, strlen(under))) return 0;
    size_t length = strlen(path);
    return length < 4 || strcmp(path + length - 4, "-shm");
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, 4095);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_ours(path);
}

static void note(char kind, const char *path, int64_t offset, const void *data, uint32_t size) {
    uint32_t path_size = strlen(path);
    pthread_mutex_lock(&guard);
    REAL(write)(record, &kind, 1);
    REAL(write)(record, &path_size, 4);
    REAL(write)(record, &size, 4);
    REAL(write)(record, &offset, 8);
    REAL(write)(record, path, path_size);
    if (size) REAL(write)(record, data, size);
    pthread_mutex_unlock(&guard);
}

static void note_fd(char kind, int fd, int64_t offset, const void *data, uint32_t size) {
    char path[4096];
    if (fd != record && path_of(fd, path)) note(kind, path, offset, data, size);
}

#define WRITES(name, type) \
    ssize_t name(int fd, const void *data, size_t size, type offset) { \
        ssize_t done = REAL(name)(fd, data, size, offset); \
        if (done > 0) note_fd('w', fd, offset, data, done); \
        return done; \
    }
WRITES(pwrite, off_t)
WRITES(pwrite64, off64_t)

ssize_t write(int fd, const void *data, size_t size) {
    ssize_t done = REAL(write)(fd, data, size);
    if (done > 0 && fd != record && fd > 2) note_fd('w', fd, lseek(fd, 0, SEEK_CUR) - done, data, done);
    return done;
}

#define SYNCS(name) \
    int name(int fd) { \
        int done = REAL(name)(fd); \
        if (!done) note_fd('s', fd, 0, NULL, 0); \
        return done; \
    }
SYNCS(fsync)
SYNCS(fdatasync)

#define CUTS(name, type) \
    int name(int fd, type size) { \
        int done = REAL(name)(fd, size); \
        if (!done) note_fd('t', fd, size, NULL, 0); \
        return done; \
    }
CUTS(ftruncate, off_t)
CUTS(ftruncate64, off64_t)

static void opened(int fd, const char *path, int flags, int existed) {
    if (fd < 0 || !(flags & (O_CREAT | O_TRUNC))) return;
    if (!existed) note_fd('c', fd, 0, NULL, 0);
    else if (flags & O_TRUNC) note_fd('t', fd, 0, NULL, 0);
}

#define OPENS(name) \
    int name(const char *path, int flags, ...) { \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = va_arg(more, mode_t); \
        va_end(more); \
        int existed = !access(path, F_OK); \
        int fd = REAL(name)(path, flags, mode); \
        opened(fd, path, flags, existed); \
        return fd; \
    }
OPENS(open)
OPENS(open64)

int unlink(const char *path) {
    int done = REAL(unlink)(path);
    if (!done && is_ours(path)) note('u', path, 0, NULL, 0);
    return done;
}

int rename(const char *from, const char *to) {
    int done = REAL(rename)(from, to);
    if (!done && is_ours(to)) note('r', from, 0, to, strlen(to));
    return done;
}
