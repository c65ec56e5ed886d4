/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * System calls of loops, without the C library's cancellation: where there are threads,
 * glibc makes every blocking call a point where one may be cancelled, at two locked operations
 * and some fifty instructions in user space ('pinscale count' saw them). Results as of the
 * library's.
 */
#ifndef PINSCALE_SYSTEM_CALL_H
#define PINSCALE_SYSTEM_CALL_H

#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static inline ssize_t call_pread(int fd, void *memory, size_t bytes, off_t position)
{
	return syscall(SYS_pread64, fd, memory, bytes, position);
}

static inline ssize_t call_pwrite(int fd, const void *memory, size_t bytes, off_t position)
{
	return syscall(SYS_pwrite64, fd, memory, bytes, position);
}

static inline ssize_t call_vmsplice(int fd, const struct iovec *list, size_t count)
{
	return syscall(SYS_vmsplice, fd, list, count, 0);
}

static inline ssize_t call_splice(int from, int to, size_t bytes)
{
	return syscall(SYS_splice, from, NULL, to, NULL, bytes, 0);
}

#endif
