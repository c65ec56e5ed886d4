// SPDX-License-Identifier: GPL-3.0-or-later
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbols_program.h"

#define SELF "/proc/self/exe"

struct program {
	const char *file; /* mapped */
	size_t size;
	uint64_t base;
	const Elf64_Sym *symbols;
	size_t count;
	const char *names;
};

/* The first object that is told of is the program. */
static int take_base(struct dl_phdr_info *info, size_t size, void *user)
{
	(void)size;
	*(uint64_t *)user = info->dlpi_addr;
	return 1;
}

static int map_self(struct program *p)
{
	int fd = open(SELF, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *file;

	if (fd < 0)
		return -1;
	file = fstat(fd, &st) ? MAP_FAILED : mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (file == MAP_FAILED)
		return -1;
	p->file = file;
	p->size = st.st_size;
	return 0;
}

/* The program runs, so that its file is sound. */
static void find_symbols(struct program *p)
{
	const Elf64_Ehdr *header = (const void *)p->file;
	const Elf64_Shdr *section = (const void *)(p->file + header->e_shoff);

	for (size_t i = 0; header->e_shoff && i < header->e_shnum; i++)
		if (section[i].sh_type == SHT_SYMTAB) {
			p->symbols = (const void *)(p->file + section[i].sh_offset);
			p->count = section[i].sh_size / sizeof(*p->symbols);
			p->names = p->file + section[section[i].sh_link].sh_offset;
		}
}

struct program *program_read(struct error *e)
{
	struct program *p = calloc(1, sizeof(*p));

	if (!p || map_self(p)) {
		fail(e, "symbols: reading the program's own symbols from %s: %s", SELF,
		     strerror(errno));
		free(p);
		return NULL;
	}
	dl_iterate_phdr(take_base, &p->base);
	find_symbols(p);
	return p;
}

static const char *in_library(uint64_t address, uint64_t *start)
{
	const char *slash;
	Dl_info info;

	if (!dladdr((void *)address, &info))
		return NULL;
	*start = info.dli_sname ? (uint64_t)info.dli_saddr : (uint64_t)info.dli_fbase;
	if (info.dli_sname)
		return info.dli_sname;
	slash = strrchr(info.dli_fname, '/');
	return slash ? slash + 1 : info.dli_fname;
}

const char *program_function(const struct program *p, uint64_t address, uint64_t *start)
{
	for (size_t i = 0; i < p->count; i++) {
		const Elf64_Sym *s = &p->symbols[i];

		if (ELF64_ST_TYPE(s->st_info) != STT_FUNC || address - p->base < s->st_value ||
		    address - p->base - s->st_value >= s->st_size)
			continue;
		*start = p->base + s->st_value;
		return p->names + s->st_name;
	}
	return in_library(address, start);
}

bool program_runs_in(pid_t pid)
{
	struct stat own, other;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return !stat(SELF, &own) && !stat(path, &other) && own.st_dev == other.st_dev &&
	       own.st_ino == other.st_ino;
}

void program_free(struct program *p)
{
	if (!p)
		return;
	munmap((void *)p->file, p->size);
	free(p);
}
