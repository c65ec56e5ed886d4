// SPDX-License-Identifier: GPL-3.0-or-later
/* An unlinked file of hugetlbfs, by libhugetlbfs, mapped shared. */
#include <dlfcn.h>
#include <errno.h>
#include <glob.h>
#include <mntent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/pages.h"
#include "core/undo.h"
#include "include/buffer.h"

#define MOUNT_POINT UNDO_DIRECTORY "/hugetlbfs"

extern char **environ;

static const char *hugetlbfs_unsupported(const struct page *page)
{
	if (page->kind != PAGE_HUGETLB)
		return "mapping hugetlbfs: has only huge pages, 2m and 1g; use private or shared-anon";
	return pages_hugetlb_unsupported(page);
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

/* Of every size that this kernel has: the library looks for mounts only once. */
static int mount_all(struct error *e)
{
	size_t kilobytes;
	glob_t found;
	int rc = 0;

	if (glob("/sys/kernel/mm/hugepages/hugepages-*kB", 0, NULL, &found))
		return fail(e, "hugetlbfs: this kernel has no huge pages");
	for (size_t i = 0; i < found.gl_pathc && !rc; i++)
		if (sscanf(strrchr(found.gl_pathv[i], '/'), "/hugepages-%zukB", &kilobytes) == 1)
			rc = mount_hugetlbfs(kilobytes << 10, e);
	globfree(&found);
	return rc;
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

static char *hugetlbfs_map(const struct pool *pool, unsigned int first, unsigned int count,
			   struct error *e)
{
	char *memory = mmap(NULL, count * pool->page.bytes, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_POPULATE, pool->fd, first * pool->page.bytes);

	if (memory != MAP_FAILED)
		return memory;
	fail(e, "hugetlbfs: mapping %u pages of %zu kB: %s", count, pool->page.bytes >> 10,
	     strerror(errno));
	return NULL;
}

static int hugetlbfs_reserve(struct pool *pool, struct error *e)
{
	size_t size = pool->pages * pool->page.bytes;
	char *memory;
	int rc;

	if (pages_take(pool, e) || mount_all(e))
		return -1;
	pool->fd = unlinked_file(pool->page.bytes, e);
	if (pool->fd < 0)
		return -1;
	if (ftruncate(pool->fd, size))
		return fail(e, "hugetlbfs: a file of %u pages: %s", pool->pages, strerror(errno));
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, pool->fd, 0);
	if (memory == MAP_FAILED)
		return fail(e, "hugetlbfs: mapping %u pages: %s", pool->pages, strerror(errno));
	rc = pages_prepare(pool, memory, 0, pool->pages, e);
	munmap(memory, size);
	return rc;
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
	.shared = true,
	.unsupported = hugetlbfs_unsupported,
	.reserve = hugetlbfs_reserve,
	.map = hugetlbfs_map,
	.release = hugetlbfs_release,
};
REGISTER_BUFFER(hugetlbfs_buffer);
