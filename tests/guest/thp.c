// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Transparent huge pages that are mapped by small pages, forked, copied on
 * write, split and collapsed, with tails referenced meanwhile:
 * thp DIRECT-FILE TMPFS-FILE ITERATIONS [WHAT], WHAT a set of letters.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum { PAGE = 4096, HUGE = 2 << 20 };

static const char *what = "aiftpmdcs";
static int direct, failed_io, collapsed, not_collapsed;

static int on(char letter)
{
	return strchr(what, letter) != NULL;
}

static void die(const char *s)
{
	perror(s);
	exit(2);
}

static void split_by_debugfs(char *at)
{
	char command[100];
	int fd = open("/sys/kernel/debug/split_huge_pages", O_WRONLY);
	int n = snprintf(command, sizeof(command), "%d,0x%lx,0x%lx", getpid(), (unsigned long)at,
			 (unsigned long)at + HUGE);

	if (fd < 0)
		die("split_huge_pages");
	if (write(fd, command, n) != n)
		die("write split_huge_pages");
	close(fd);
}

/* References to tails of AT: direct I/O and a pipe that holds some for a while. */
static void use_tails(char *at, int pages, int *pipes)
{
	struct iovec v = {at + 7 * PAGE, 3 * PAGE};

	if (on('i')) {
		if (pwrite(direct, at + 3 * PAGE, 4 * PAGE, 0) != 4 * PAGE)
			failed_io++;
		if (pread(direct, at + (pages - 9) * PAGE, 4 * PAGE, 0) != 4 * PAGE)
			failed_io++;
	}
	if (on('p') && vmsplice(pipes[1], &v, 1, 0) != (ssize_t)v.iov_len)
		die("vmsplice");
}

static void drain(int *pipes)
{
	char bytes[3 * PAGE];

	if (on('p') && read(pipes[0], bytes, sizeof(bytes)) != sizeof(bytes))
		die("read of the pipe");
}

static void touch(char *at, int from, int to, int by)
{
	for (int i = from; i < to; i += by)
		at[i * PAGE + 8]++;
}

static void child(char *at, int i, int *pipes)
{
	touch(at, 20, 30, 3);
	touch(at, 41, 60, 3);
	use_tails(at, 512, pipes);
	drain(pipes);
	if (on('s') && i % 4 == 1)
		split_by_debugfs(at);
	touch(at, 100, 400, 7);
	munmap(at + 64 * PAGE, 17 * PAGE);
	if (on('d'))
		madvise(at + 200 * PAGE, 9 * PAGE, MADV_DONTNEED);
	use_tails(at + 256 * PAGE, 200, pipes);
	_exit(0);
}

static void one(char *at, int i, int shared)
{
	int pipes[2], status;
	pid_t pid;

	if (pipe(pipes))
		die("pipe");
	memset(at, i, HUGE); /* a read would get the huge zero page */
	use_tails(at, 512, pipes);
	if (on('m') && i % 3)
		mprotect(at + 31 * PAGE, 5 * PAGE, PROT_READ);
	if (on('m') && i % 3 == 2)
		munmap(at + 40 * PAGE, PAGE);
	if (on('f')) {
		drain(pipes);
		pid = fork();
		if (pid < 0)
			die("fork");
		if (!pid)
			child(at, i, pipes);
		if (i % 2)
			touch(at, 16, 31, 2);
		use_tails(at, 512, pipes);
		if (waitpid(pid, &status, 0) != pid || status)
			die("the child");
	}
	drain(pipes);
	touch(at, 300, 500, 3);
	if (on('c') && !shared) {
		if (i % 5 == 0)
			madvise(at + 10 * PAGE, 6 * PAGE, MADV_COLD);
		if (i % 5 == 1)
			madvise(at + 90 * PAGE, 6 * PAGE, MADV_FREE);
		mprotect(at + 31 * PAGE, 5 * PAGE, PROT_READ | PROT_WRITE);
		if (i % 5 == 2 && i % 3 != 2) {
			if (madvise(at, HUGE, MADV_COLLAPSE))
				not_collapsed = errno;
			else
				collapsed++;
		}
	}
	if (on('s') && i % 4 == 2)
		split_by_debugfs(at);
	if (on('d') && i % 7 == 3)
		madvise(at + 128 * PAGE, 64 * PAGE, MADV_DONTNEED);
	use_tails(at + 300 * PAGE, 200, pipes);
	munmap(at, i % 2 ? 100 * PAGE : HUGE);
	munmap(at, HUGE);
	close(pipes[0]);
	close(pipes[1]);
}

static void anonymous(int i)
{
	char *at = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *aligned = at + HUGE - (uintptr_t)at % HUGE;

	if (at == MAP_FAILED)
		die("mmap");
	madvise(aligned, HUGE, MADV_HUGEPAGE);
	one(aligned, i, 0);
	munmap(at, 2 * HUGE);
}

/* Huge pages of tmpfs, written, mapped shared and private. */
static void tmpfs(const char *name, int i)
{
	static char bytes[HUGE];
	unsigned char vector[512];
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *at = mmap(NULL, 2 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *aligned = at + HUGE - (uintptr_t)at % HUGE;

	if (fd < 0)
		die(name);
	for (int j = 0; j < HUGE; j += 64 * PAGE) {
		if (write(fd, bytes + j, 64 * PAGE) != 64 * PAGE)
			die("write to tmpfs");
	}
	if (mmap(aligned, HUGE, PROT_READ | PROT_WRITE,
		 MAP_FIXED | (i % 2 ? MAP_PRIVATE : MAP_SHARED), fd, 0) == MAP_FAILED)
		die("mmap of tmpfs");
	mincore(aligned, HUGE, vector);
	if (i % 8 < 4)
		touch(aligned, 5, 500, 11);
	one(aligned, i, 1);
	munmap(at, 2 * HUGE);
	if (pread(fd, bytes, HUGE, 0) != HUGE)
		die("read of tmpfs");
	close(fd);
}

static long vmstat(const char *name)
{
	FILE *f = fopen("/proc/vmstat", "r");
	char field[100];
	long value;

	while (f && fscanf(f, "%99s %ld", field, &value) == 2) {
		if (!strcmp(field, name)) {
			fclose(f);
			return value;
		}
	}
	if (f)
		fclose(f);
	return -1;
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"thp_fault_alloc", "thp_file_alloc",
					    "thp_split_page",  "thp_split_page_failed",
					    "thp_split_pmd",   "thp_collapse_alloc"};
	static char page[4 * PAGE] __attribute__((aligned(PAGE)));
	long before[6];

	if (argc > 4)
		what = argv[4];
	direct = open(argv[1], O_RDWR | O_CREAT | O_DIRECT, 0600);
	if (direct < 0 || pwrite(direct, page, sizeof(page), 0) != sizeof(page))
		die(argv[1]);
	for (int i = 0; i < 6; i++)
		before[i] = vmstat(names[i]);
	for (int i = 0; i < atoi(argv[3]); i++) {
		if (on('a'))
			anonymous(i);
		if (on('t') && i % 4 == 0)
			tmpfs(argv[2], i / 4);
	}
	unlink(argv[2]);
	for (int i = 0; i < 6; i++)
		printf("%s %ld ", names[i], vmstat(names[i]) - before[i]);
	printf("collapsed %d (%s) failed_io %d what %s\n", collapsed, strerror(not_collapsed),
	       failed_io, what);
	return 0;
}
