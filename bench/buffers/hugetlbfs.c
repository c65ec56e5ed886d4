// SPDX-License-Identifier: GPL-3.0-or-later
/* An unlinked file of hugetlbfs, by libhugetlbfs, mapped shared. */
#include <dlfcn.h>
#include <errno.h>
#include <mntent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/file.h"
#include "core/undo.h"
#include "include/buffer.h"
#include "include/point.h"

#define MOUNT_POINT UNDO_DIRECTORY "/hugetlbfs"

extern char **environ;

static const char *pool_file(size_t page, const char *name, char *path, size_t size)
{
	snprintf(path, size, "/sys/kernel/mm/hugepages/hugepages-%zukB/%s", page >> 10, name);
	return path;
}

static const char *hugetlbfs_unsupported(size_t page)
{
	static char reason[256];
	char path[128];

	if (page == BASE_PAGE)
		return "mapping hugetlbfs: has no base pages; use private for 4k";
	if (!access(pool_file(page, "nr_hugepages", path, sizeof(path)), R_OK))
		return NULL;
	snprintf(reason, sizeof(reason),
		 "mapping hugetlbfs: this kernel has no pool of %zu kB pages (no %s)", page >> 10,
		 path);
	return reason;
}

/* Sees that enough pages are free, enlarging the pool if that was asked for. */
static int take_pages(const struct pool *pool, struct error *e)
{
	char total_file[128], free_file[128], value[32];
	long long total, available;

	pool_file(pool->page, "nr_hugepages", total_file, sizeof(total_file));
	pool_file(pool->page, "free_hugepages", free_file, sizeof(free_file));
	total = file_number(total_file);
	available = file_number(free_file);
	if (available >= pool->pages)
		return 0;
	if (pool->may_reserve) {
		snprintf(value, sizeof(value), "%lld", total);
		if (undo_note_write(e, total_file, value))
			return -1;
		snprintf(value, sizeof(value), "%lld", total + pool->pages - available);
		if (file_write(total_file, value, e))
			return -1;
		available = file_number(free_file);
		if (available >= pool->pages)
			return 0;
		return fail(e,
			    "hugetlb-%zum: %u pages asked, %lld free after raising the pool to %s: "
			    "memory is short or in pieces; free some ('echo 1 | sudo tee "
			    "/proc/sys/vm/compact_memory'), or ask for fewer workers",
			    pool->page >> 20, pool->pages, available, value);
	}
	return fail(e,
		    "hugetlb-%zum: %u pages asked, %lld free: echo %lld | sudo tee %s, or "
		    "--huge-pages reserve",
		    pool->page >> 20, pool->pages, available, total + pool->pages - available,
		    total_file);
}

/* Is a hugetlbfs of that page size mounted, where libhugetlbfs will find it? */
static bool mounted(size_t page)
{
	FILE *mounts = setmntent("/proc/mounts", "re");
	struct mntent *m;
	struct statfs fs;
	bool found = false;

	while (mounts && !found && (m = getmntent(mounts)))
		found = !strcmp(m->mnt_type, "hugetlbfs") && !statfs(m->mnt_dir, &fs) &&
			(size_t)fs.f_bsize == page;
	if (mounts)
		endmntent(mounts);
	return found;
}

static int mount_hugetlbfs(size_t page, struct error *e)
{
	char path[128], options[64];

	if (mounted(page))
		return 0;
	snprintf(path, sizeof(path), MOUNT_POINT "-%zuk", page >> 10);
	snprintf(options, sizeof(options), "pagesize=%zuK", page >> 10);
	if (undo_note_rmdir(e, path))
		return -1;
	if (mkdir(path, 0700) && errno != EEXIST)
		return fail(e, "hugetlbfs: making %s: %s", path, strerror(errno));
	if (undo_note_unmount(e, path))
		return -1;
	if (mount("hugetlbfs", path, "hugetlbfs", 0, options))
		return fail(e, "hugetlbfs: mounting one at %s with %s: %s; measuring needs root",
			    path, options, strerror(errno));
	return 0;
}

/*
 * libhugetlbfs reads its HUGETLB_* variables and the mounts once, when it is
 * loaded, and brings a shmget() of its own. So it is loaded only now, with the
 * variables gone and a mount there, and its names stay out of ours.
 */
static int unlinked_file(long page, struct error *e)
{
	static int (*unlinked_fd)(long page_size);
	void *library;
	int fd;

	if (!unlinked_fd) {
		for (char **v = environ; *v;) {
			char name[128];

			snprintf(name, sizeof(name), "%.*s", (int)strcspn(*v, "="), *v);
			if (strncmp(name, "HUGETLB_", strlen("HUGETLB_")) || unsetenv(name))
				v++;
		}
		library = dlopen("libhugetlbfs.so.0", RTLD_NOW | RTLD_LOCAL);
		if (library)
			*(void **)&unlinked_fd = dlsym(library, "hugetlbfs_unlinked_fd_for_size");
		if (!unlinked_fd)
			return fail(e,
				    "hugetlbfs: loading libhugetlbfs: %s; install libhugetlbfs0 "
				    "(Debian) or libhugetlbfs",
				    dlerror());
	}
	fd = unlinked_fd(page);
	if (fd < 0)
		return fail(e, "hugetlbfs: libhugetlbfs made no file for pages of %ld kB: %s",
			    page >> 10, strerror(errno));
	return fd;
}

static char *hugetlbfs_map(const struct pool *pool, struct error *e)
{
	size_t size = pool->page * pool->pages;
	char *memory =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, pool->fd, 0);

	if (memory == MAP_FAILED) {
		fail(e, "hugetlbfs: mapping %u pages of %zu kB: %s", pool->pages, pool->page >> 10,
		     strerror(errno));
		return NULL;
	}
	return memory;
}

static int hugetlbfs_reserve(struct pool *pool, struct error *e)
{
	char *memory;

	if (take_pages(pool, e) || mount_hugetlbfs(pool->page, e))
		return -1;
	pool->fd = unlinked_file(pool->page, e);
	if (pool->fd < 0)
		return -1;
	if (ftruncate(pool->fd, pool->page * pool->pages))
		return fail(e, "hugetlbfs: a file of %u pages: %s", pool->pages, strerror(errno));
	memory = hugetlbfs_map(pool, e);
	if (!memory)
		return -1;
	memset(memory, FILL_BYTE, pool->page * pool->pages);
	munmap(memory, pool->page * pool->pages);
	return 0;
}

static void hugetlbfs_release(struct pool *pool)
{
	if (pool->fd >= 0)
		close(pool->fd);
	pool->fd = -1;
}

static const struct buffer hugetlbfs_buffer = {
	.name = "hugetlbfs",
	.summary = "a file of hugetlbfs by libhugetlbfs, mapped shared",
	.unsupported = hugetlbfs_unsupported,
	.reserve = hugetlbfs_reserve,
	.map = hugetlbfs_map,
	.release = hugetlbfs_release,
};
REGISTER_BUFFER(hugetlbfs_buffer);
