/* Makes calls fail as a broken disk would (LD_PRELOAD). The file that SHIM_ORDERS names says which
 * call fails, with which error, and how often: "fdatasync 5 1" is the next fdatasync, with EIO;
 * "pwrite 28 -1" every write at an offset, with ENOSPC; "create 30 -1" every opening of a file for
 * writing, with EROFS. Only files below SHIM_FOLDER fail. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int below(const char *path) {
  const char *folder = getenv("SHIM_FOLDER");
  return folder && strncmp(path, folder, strlen(folder)) == 0;
}

static int of_folder(int fd) {
  char name[64], path[PATH_MAX];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(name, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return below(path);
}

/* Whether this call is to fail now; errno is set then. */
static int fails(const char *call) {
  const char *name = getenv("SHIM_ORDERS");
  static int (*real_open)(const char *, int, ...);
  if (!name) return 0;
  if (!real_open) real_open = dlsym(RTLD_NEXT, "open");
  pthread_mutex_lock(&lock);
  int failed = 0, fd = real_open(name, O_RDWR | O_CLOEXEC);
  if (fd >= 0) {
    char text[64], which[32];
    ssize_t length = read(fd, text, sizeof text - 1);
    int code, times;
    text[length > 0 ? length : 0] = 0;
    if (sscanf(text, "%31s %d %d", which, &code, &times) == 3 && strcmp(which, call) == 0 && times) {
      if (times > 0) {
        length = snprintf(text, sizeof text, "%s %d %d\n", which, code, times - 1);
        if (ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0 && write(fd, text, length) < 0) abort();
      }
      failed = code;
    }
    close(fd);
  }
  pthread_mutex_unlock(&lock);
  if (failed) errno = failed;
  return failed;
}

#define REAL(type, name, ...)                     \
  static type (*real)(__VA_ARGS__);               \
  if (!real) real = dlsym(RTLD_NEXT, name)

int fdatasync(int fd) {
  REAL(int, "fdatasync", int);
  return of_folder(fd) && fails("fdatasync") ? -1 : real(fd);
}

int fsync(int fd) {
  REAL(int, "fsync", int);
  return of_folder(fd) && fails("fsync") ? -1 : real(fd);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
  REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
  return of_folder(fd) && fails("pwrite") ? -1 : real(fd, data, size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
  return pwrite64(fd, data, size, at);
}

static int writes(int flags) {
  return (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT;
}

#define MODE(flags, last)               \
  mode_t mode = 0;                      \
  if (flags & (O_CREAT | __O_TMPFILE)) { \
    va_list rest;                       \
    va_start(rest, last);               \
    mode = va_arg(rest, mode_t);        \
    va_end(rest);                       \
  }

int open64(const char *path, int flags, ...) {
  REAL(int, "open64", const char *, int, ...);
  MODE(flags, flags)
  return writes(flags) && below(path) && fails("create") ? -1 : real(path, flags, mode);
}

int open(const char *path, int flags, ...) {
  MODE(flags, flags)
  return open64(path, flags, mode);
}
