/* SPDX-License-Identifier: MIT */
/* Preloaded: records the calls that change files below KAIROS_CALLS_UNDER in KAIROS_CALLS_LOG, kills the
 * process in call number KAIROS_CALLS_KILL_AT, a write after half of its bytes, or has a full disk from write
 * number KAIROS_CALLS_FULL_AT on, which takes half of it. A record is: kind, length of path, path, number,
 * length of data, data. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define DESCRIPTORS 1024

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char* paths[DESCRIPTORS];
static const char* under;
static int log_file = -1;
static long long kill_at, full_at;

__attribute__((constructor)) static void begin(void) {
  const char *const log = getenv("KAIROS_CALLS_LOG"), *const at = getenv("KAIROS_CALLS_KILL_AT");
  const char* const full = getenv("KAIROS_CALLS_FULL_AT");
  under = getenv("KAIROS_CALLS_UNDER");
  if (log != NULL)
    log_file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  kill_at = at == NULL ? 0 : atoll(at);
  full_at = full == NULL ? 0 : atoll(full);
}

static int counts(const char* path) {
  return under != NULL && path != NULL && strncmp(path, under, strlen(under)) == 0;
}

static const char* path_of(int descriptor) {
  return descriptor >= 0 && descriptor < DESCRIPTORS ? paths[descriptor] : NULL;
}

static void put(const void* bytes, size_t count) {
  if (syscall(SYS_write, log_file, bytes, count) != (long)count) abort();
}

/* To be called with the lock, before the call is made; whether the process is to end in it. */
static int note(char kind, const char* path, uint64_t number, const void* data, size_t count) {
  const uint32_t path_size = (uint32_t)strlen(path), data_size = (uint32_t)count;
  if (log_file >= 0) {
    put(&kind, 1);
    put(&path_size, sizeof path_size);
    put(path, path_size);
    put(&number, sizeof number);
    put(&data_size, sizeof data_size);
    put(data, count);
  }
  return kill_at > 0 && --kill_at == 0;
}

static void end(void) {
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

static int opened(int directory, const char* path, int flags, mode_t mode) {
  pthread_mutex_lock(&lock);
  const int writes = counts(path) && (flags & O_ACCMODE) != O_RDONLY;
  if (writes && note('O', path, (uint64_t)(flags & (O_CREAT | O_TRUNC | O_EXCL)), "", 0)) end();
  const int descriptor = (int)syscall(SYS_openat, directory, path, flags, mode);
  if (descriptor >= 0 && descriptor < DESCRIPTORS) {
    free(paths[descriptor]);
    paths[descriptor] = counts(path) ? strdup(path) : NULL;
  }
  pthread_mutex_unlock(&lock);
  return descriptor;
}

static mode_t mode_in(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_in(flags, arguments);
  va_end(arguments);
  return opened(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_in(flags, arguments);
  va_end(arguments);
  return opened(AT_FDCWD, path, flags, mode);
}
int __open_2(const char* path, int flags);
int __open_2(const char* path, int flags) {
  return opened(AT_FDCWD, path, flags, 0);
}
int __open64_2(const char* path, int flags);
int __open64_2(const char* path, int flags) {
  return opened(AT_FDCWD, path, flags, 0);
}

/* To be called with the lock: how many of `count` bytes the disk has room for. */
static size_t room(size_t count) {
  if (full_at == 0 || full_at > 1) {
    full_at -= full_at > 1;
    return count;
  }
  const size_t left = full_at == 1 ? count / 2 : 0;
  full_at = -1;
  return left;
}

static ssize_t wrote(int descriptor, const void* bytes, size_t count, off_t offset, const char* path) {
  pthread_mutex_lock(&lock);
  if (note('W', path, (uint64_t)offset, bytes, count)) {
    syscall(SYS_pwrite64, descriptor, bytes, count / 2, offset);
    end();
  }
  const size_t left = room(count);
  ssize_t written = -1;
  if (left == 0 && count > 0)
    errno = ENOSPC;
  else
    written = syscall(SYS_pwrite64, descriptor, bytes, left, offset);
  pthread_mutex_unlock(&lock);
  return written;
}

ssize_t write(int descriptor, const void* bytes, size_t count) {
  const char* const path = path_of(descriptor);
  if (path == NULL) return syscall(SYS_write, descriptor, bytes, count);
  const int appends = (fcntl(descriptor, F_GETFL) & O_APPEND) != 0;
  const off_t offset = lseek(descriptor, 0, appends ? SEEK_END : SEEK_CUR);
  const ssize_t written = wrote(descriptor, bytes, count, offset, path);
  if (written > 0) lseek(descriptor, offset + written, SEEK_SET);
  return written;
}

ssize_t pwrite(int descriptor, const void* bytes, size_t count, off_t offset) {
  const char* const path = path_of(descriptor);
  if (path == NULL) return syscall(SYS_pwrite64, descriptor, bytes, count, offset);
  return wrote(descriptor, bytes, count, offset, path);
}

int ftruncate(int descriptor, off_t length) {
  const char* const path = path_of(descriptor);
  pthread_mutex_lock(&lock);
  if (path != NULL && note('T', path, (uint64_t)length, "", 0)) end();
  const int result = (int)syscall(SYS_ftruncate, descriptor, length);
  pthread_mutex_unlock(&lock);
  return result;
}

int fsync(int descriptor) {
  const char* const path = path_of(descriptor);
  pthread_mutex_lock(&lock);
  if (path != NULL && note('F', path, 0, "", 0)) end();
  const int result = (int)syscall(SYS_fsync, descriptor);
  pthread_mutex_unlock(&lock);
  return result;
}

int rename(const char* from, const char* to) {
  pthread_mutex_lock(&lock);
  if (counts(to) && note('R', from, 0, to, strlen(to))) end();
  const int result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
  pthread_mutex_unlock(&lock);
  return result;
}

static int removed(const char* path, int flags) {
  pthread_mutex_lock(&lock);
  if (counts(path) && note('U', path, 0, "", 0)) end();
  const int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, flags);
  pthread_mutex_unlock(&lock);
  return result;
}

int unlink(const char* path) {
  return removed(path, 0);
}
int remove(const char* path) {
  struct stat status;
  return removed(path, lstat(path, &status) == 0 && S_ISDIR(status.st_mode) ? AT_REMOVEDIR : 0);
}

int mkdir(const char* path, mode_t mode) {
  pthread_mutex_lock(&lock);
  if (counts(path) && note('M', path, 0, "", 0)) end();
  const int result = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
  pthread_mutex_unlock(&lock);
  return result;
}

int close(int descriptor) {
  pthread_mutex_lock(&lock);
  if (descriptor >= 0 && descriptor < DESCRIPTORS) {
    free(paths[descriptor]);
    paths[descriptor] = NULL;
  }
  pthread_mutex_unlock(&lock);
  return (int)syscall(SYS_close, descriptor);
}
