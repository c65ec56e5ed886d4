// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Which page is of a slab says /proc/kpageflags (pagemap.rst); which cache a slab
 * is of says its struct slab, which overlays struct page (mm/slab.h). Both that
 * and struct kmem_cache differ between kernels and configurations, so the places
 * of the three members needed are found by what must hold for them.
 */
#include "memory_map_parts.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"

#define STRUCT_PAGE 64 /* bytes */
#define CHUNK 65536    /* bytes read at once */
#define CACHE_HEAD 256 /* bytes of a struct kmem_cache that are looked at */
#define MOST_LOADS 4096

#define KPF_SLAB (1ull << 7)
#define KPF_COMPOUND_TAIL (1ull << 16)

/* Where struct slab has its kmem_cache: up to Linux 6.1, and since 6.2. */
static const unsigned int cache_member[CACHE_MEMBERS] = {0x18, 0x08};

enum { PAGE_OFFSET_BASE, VMEMMAP_BASE, PER_CPU_OFFSET, PER_CPU_START, PER_CPU_END, NR_CPU_IDS };

static const char *const symbol_name[] = {
	[PAGE_OFFSET_BASE] = "page_offset_base", [VMEMMAP_BASE] = "vmemmap_base",
	[PER_CPU_OFFSET] = "__per_cpu_offset",	 [PER_CPU_START] = "__per_cpu_start",
	[PER_CPU_END] = "__per_cpu_end",	 [NR_CPU_IDS] = "nr_cpu_ids",
};
#define SYMBOLS (sizeof(symbol_name) / sizeof(symbol_name[0]))

struct symbol {
	bool known;
	uint64_t address;
};

struct kernel {
	struct symbol symbol[SYMBOLS];
	int kcore;
	Elf64_Phdr *load; /* what of its memory /proc/kcore has */
	unsigned int loads;
};

struct cache {
	uint64_t address; /* of its struct kmem_cache */
	uint64_t bytes;	  /* of a slab, the smallest */
	unsigned int size;
	char name[NAME_SIZE];
	unsigned char head[CACHE_HEAD];
};

struct caches {
	struct cache *cache;
	size_t count;
	uint64_t root; /* the address of the cache of which all of them are objects */
};

static int read_symbols(struct kernel *k, struct error *e)
{
	static const char path[] = "/proc/kallsyms";
	FILE *f = fopen(path, "re");
	char line[1024];

	if (!f)
		return fail(e, "Reading %s: %s. The kernel needs CONFIG_KALLSYMS.", path,
			    strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		char *name = strchr(line, ' ');

		/* "address type name", and "[module]" behind a tab. */
		name = name ? strchr(name + 1, ' ') : NULL;
		if (!name)
			continue;
		name++;
		name[strcspn(name, "\t\n")] = '\0';
		for (size_t i = 0; i < SYMBOLS; i++)
			if (!k->symbol[i].known && !strcmp(name, symbol_name[i])) {
				k->symbol[i].known = true;
				k->symbol[i].address = strtoull(line, NULL, 16);
			}
	}
	fclose(f);
	/* page_offset_base and vmemmap_base are constants in some kernels. */
	for (size_t i = PER_CPU_OFFSET; i < SYMBOLS; i++)
		if (!k->symbol[i].known)
			return fail(
				e,
				"%s has no %s: the kernel needs CONFIG_KALLSYMS_ALL and CONFIG_SMP.",
				path, symbol_name[i]);
	if (!k->symbol[PER_CPU_OFFSET].address)
		return fail(e,
			    "%s hides the addresses: be root, and have "
			    "/proc/sys/kernel/kptr_restrict below 2.",
			    path);
	return 0;
}

static int open_kcore(struct kernel *k, struct error *e)
{
	static const char path[] = "/proc/kcore";
	Elf64_Ehdr header;
	size_t bytes;

	k->kcore = open(path, O_RDONLY | O_CLOEXEC);
	if (k->kcore < 0)
		return fail(e, "Opening %s: %s. Be root; the kernel needs CONFIG_PROC_KCORE%s.",
			    path, strerror(errno),
			    errno == EPERM ? " and no lockdown (/sys/kernel/security/lockdown)"
					   : "");
	if (pread(k->kcore, &header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    header.e_machine != EM_X86_64 || header.e_phentsize != sizeof(*k->load) ||
	    header.e_phnum > MOST_LOADS)
		return fail(e, "%s is not the memory of an x86-64 kernel.", path);
	bytes = header.e_phnum * sizeof(*k->load);
	k->load = malloc(bytes ? bytes : 1);
	if (!k->load)
		return memory_map_no_room(e);
	if (pread(k->kcore, k->load, bytes, header.e_phoff) != (ssize_t)bytes)
		return fail(e, "Reading the program headers of %s: %s.", path, strerror(errno));
	k->loads = header.e_phnum;
	return 0;
}

/* The kernel's memory, from a virtual address up to the end of what is mapped. Bytes read. */
static size_t kernel_read(const struct kernel *k, uint64_t address, void *memory, size_t size)
{
	for (unsigned int i = 0; i < k->loads; i++) {
		const Elf64_Phdr *load = &k->load[i];
		uint64_t at = address - load->p_vaddr;
		ssize_t n;

		if (load->p_type != PT_LOAD || address < load->p_vaddr || at >= load->p_filesz)
			continue;
		if (size > load->p_filesz - at)
			size = load->p_filesz - at;
		n = pread(k->kcore, memory, size, load->p_offset + at);
		return n < 0 ? 0 : n;
	}
	return 0;
}

static int read_variable(const struct kernel *k, unsigned int symbol, void *memory, size_t size,
			 struct error *e)
{
	uint64_t address = k->symbol[symbol].address;

	if (kernel_read(k, address, memory, size) != size)
		return fail(e, "/proc/kcore does not have %s, which is at 0x%" PRIx64 ".",
			    symbol_name[symbol], address);
	return 0;
}

static int read_bases(const struct kernel *k, struct memory_map *m, struct error *e)
{
	m->direct = DIRECT_DEFAULT;
	m->pages = PAGES_DEFAULT;
	if (k->symbol[PAGE_OFFSET_BASE].known &&
	    read_variable(k, PAGE_OFFSET_BASE, &m->direct, sizeof(m->direct), e))
		return -1;
	if (k->symbol[VMEMMAP_BASE].known &&
	    read_variable(k, VMEMMAP_BASE, &m->pages, sizeof(m->pages), e))
		return -1;
	if (m->direct < KERNEL_HALF || m->pages < KERNEL_HALF)
		return fail(e,
			    "/proc/kcore has no page_offset_base or vmemmap_base that could be.");
	return 0;
}

static int read_percpu(const struct kernel *k, struct memory_map *m, struct error *e)
{
	uint64_t offset[MOST_CPUS];
	unsigned int cpus;

	m->percpu_start = k->symbol[PER_CPU_START].address;
	m->percpu_size = k->symbol[PER_CPU_END].address - m->percpu_start;
	if (read_variable(k, NR_CPU_IDS, &cpus, sizeof(cpus), e))
		return -1;
	if (!cpus || cpus > MOST_CPUS)
		return fail(e, "/proc/kcore has %u as nr_cpu_ids, which cannot be.", cpus);
	if (read_variable(k, PER_CPU_OFFSET, offset, cpus * sizeof(*offset), e))
		return -1;
	for (unsigned int i = 0; i < cpus; i++)
		if (memory_map_add_percpu(m, &(struct percpu){.cpu = i, .offset = offset[i]}, e))
			return -1;
	return 0;
}

/*
 * Takes the flags of the next page. Not all kernels flag the tails of a slab as
 * slab: they belong to what is before them. Sets *grows while that is a slab.
 */
static int take_page(struct memory_map *m, uint64_t pfn, uint64_t flags, bool *grows,
		     struct error *e)
{
	if (flags & KPF_COMPOUND_TAIL) {
		if (*grows)
			m->slabs[m->count - 1].pages++;
		return 0;
	}
	*grows = flags & KPF_SLAB;
	return *grows ? memory_map_add_slab(m, &(struct slab){.first = pfn, .pages = 1}, e) : 0;
}

static int find_slabs(struct memory_map *m, uint64_t *flags, struct error *e)
{
	static const char path[] = "/proc/kpageflags";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool grows = false;
	uint64_t pfn = 0;
	int rc = 0;
	ssize_t n;

	if (fd < 0)
		return fail(e,
			    "Opening %s: %s. Be root; the kernel needs CONFIG_PROC_PAGE_MONITOR.",
			    path, strerror(errno));
	while ((n = pread(fd, flags, CHUNK, pfn * sizeof(*flags))) > 0 && !rc)
		for (size_t i = 0; i < n / sizeof(*flags) && !rc; i++, pfn++)
			rc = take_page(m, pfn, flags[i], &grows, e);
	if (n < 0)
		rc = fail(e, "Reading %s: %s.", path, strerror(errno));
	close(fd);
	return rc;
}

/* What the struct page of every slab has where its kmem_cache may be; 0 if it cannot be read. */
static void read_words(const struct kernel *k, struct memory_map *m, unsigned char *chunk)
{
	uint64_t start = 0;
	size_t size = 0;

	for (size_t i = 0; i < m->count; i++) {
		struct slab *s = &m->slabs[i];
		uint64_t address = m->pages + s->first * STRUCT_PAGE;

		if (address < start || address + STRUCT_PAGE > start + size) {
			start = address;
			size = kernel_read(k, start, chunk, CHUNK);
		}
		if (size < STRUCT_PAGE)
			continue;
		for (size_t w = 0; w < CACHE_MEMBERS; w++)
			memcpy(&s->word[w], chunk + (address - start) + cache_member[w],
			       sizeof(s->word[w]));
	}
}

/*
 * Every struct kmem_cache is an object of one cache, which is an object of itself:
 * where word w has the cache, all slabs lead to it. That cache, or 0.
 */
static uint64_t find_root(const struct memory_map *m, unsigned int w)
{
	for (size_t i = 0; i < m->count; i++) {
		uint64_t cache = m->slabs[i].word[w];
		const struct slab *s = memory_map_slab(m, cache);

		if (s && s->word[w] == cache)
			return cache;
	}
	return 0;
}

static bool leads_to(const struct memory_map *m, const struct slab *s, unsigned int w,
		     uint64_t root)
{
	const struct slab *of = memory_map_slab(m, s->word[w]);

	return of && of->word[w] == root;
}

/* Leaves in word[0] of every slab its kmem_cache, and only slabs that have one. */
static int find_caches(struct memory_map *m, uint64_t *root, struct error *e)
{
	size_t most = 0, kept = 0;
	unsigned int member = 0;

	for (unsigned int w = 0; w < CACHE_MEMBERS; w++) {
		uint64_t candidate = find_root(m, w);
		size_t n = 0;

		for (size_t i = 0; candidate && i < m->count; i++)
			n += leads_to(m, &m->slabs[i], w, candidate);
		if (n > most) {
			most = n;
			member = w;
			*root = candidate;
		}
	}
	/* Some are freed while they are read, a few. */
	if (most <= m->count / 2)
		return fail(e,
			    "Of %zu slabs in /proc/kpageflags %zu have a cache: this kernel's "
			    "struct slab is unknown here. The kernel needs CONFIG_SLUB.",
			    m->count, most);
	/* Marked first: whether a slab is kept depends on others. */
	for (size_t i = 0; i < m->count; i++)
		m->slabs[i].size = leads_to(m, &m->slabs[i], member, *root);
	for (size_t i = 0; i < m->count; i++)
		if (m->slabs[i].size) {
			m->slabs[kept] = m->slabs[i];
			m->slabs[kept].word[0] = m->slabs[i].word[member];
			kept++;
		}
	m->count = kept;
	return 0;
}

static struct cache *cache_at(const struct caches *c, uint64_t address)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->cache[i].address == address)
			return &c->cache[i];
	return NULL;
}

/* All caches that have slabs, once each. */
static int collect_caches(const struct kernel *k, const struct memory_map *m, struct caches *c,
			  struct error *e)
{
	for (size_t i = 0; i < m->count; i++) {
		uint64_t address = m->slabs[i].word[0], bytes = m->slabs[i].pages * PAGE;
		struct cache *cache = cache_at(c, address);

		if (!cache) {
			cache = memory_map_room(c->cache, c->count, sizeof(*cache));
			if (!cache)
				return memory_map_no_room(e);
			c->cache = cache;
			cache += c->count++;
			*cache = (struct cache){.address = address, .bytes = bytes};
			kernel_read(k, address, cache->head, sizeof(cache->head));
		}
		if (cache->bytes > bytes)
			cache->bytes = bytes;
	}
	return 0;
}

/* Reads a text of 2 to 63 printable characters. Is there one? */
static bool read_name(const struct kernel *k, uint64_t address, char *name)
{
	size_t size = address < KERNEL_HALF ? 0 : kernel_read(k, address, name, NAME_SIZE);
	size_t length = 0;

	while (length < size && name[length] >= ' ' && name[length] <= '~')
		length++;
	return length >= 2 && length < size && !name[length];
}

/* Are the names of all caches pointed to at that offset? Reads them if so. */
static bool names_are_at(const struct kernel *k, struct caches *c, size_t offset)
{
	for (size_t i = 0; i < c->count; i++) {
		struct cache *cache = &c->cache[i];
		uint64_t address;

		memcpy(&address, cache->head + offset, sizeof(address));
		if (!read_name(k, address, cache->name))
			return false;
	}
	return !strcmp(cache_at(c, c->root)->name, "kmem_cache");
}

static int find_names(const struct kernel *k, struct caches *c, struct error *e)
{
	for (size_t offset = 0; offset < CACHE_HEAD; offset += sizeof(uint64_t))
		if (names_are_at(k, c, offset))
			return 0;
	return fail(e,
		    "The names of the slab caches are not in the first %u bytes of their struct "
		    "kmem_cache: that of this kernel is unknown here.",
		    CACHE_HEAD);
}

/* What kmalloc-N, kmalloc-rcl-N, dma-kmalloc-N and their like have: N, which may end with k. */
static unsigned int kmalloc_size(const char *name)
{
	const char *last = strrchr(name, '-');
	unsigned long n;
	char *end;

	if (!strstr(name, "kmalloc-"))
		return 0;
	n = strtoul(last + 1, &end, 10);
	if (end == last + 1)
		return 0;
	return *end == 'k' ? n << 10 : *end == 'M' ? n << 20 : n;
}

/*
 * Are the sizes there? An object's size with what is between objects comes first,
 * then that without, which is in the name of those for kmalloc().
 */
static bool sizes_are_at(struct caches *c, size_t offset)
{
	bool known = false;

	for (size_t i = 0; i < c->count; i++) {
		struct cache *cache = &c->cache[i];
		unsigned int size[2], named = kmalloc_size(cache->name);

		memcpy(size, cache->head + offset, sizeof(size));
		if (size[0] < 8 || size[0] % 8 || size[0] > cache->bytes || !size[1] ||
		    size[1] > size[0] || (named && size[1] != named))
			return false;
		cache->size = size[0];
		known |= named;
	}
	return known;
}

static int find_sizes(struct caches *c, struct error *e)
{
	for (size_t offset = 0x08; offset < 0x60; offset += sizeof(unsigned int))
		if (sizes_are_at(c, offset))
			return 0;
	return fail(e, "The sizes of the slab caches are not where they could be in their struct "
		       "kmem_cache: that of this kernel is unknown here.");
}

static int find_slab_members(const struct kernel *k, struct memory_map *m, struct caches *c,
			     struct error *e)
{
	unsigned char *chunk = malloc(CHUNK);
	int rc = chunk ? find_slabs(m, (uint64_t *)chunk, e) : memory_map_no_room(e);

	if (!rc) {
		read_words(k, m, chunk);
		rc = find_caches(m, &c->root, e);
	}
	free(chunk);
	return rc || collect_caches(k, m, c, e) || find_names(k, c, e) || find_sizes(c, e) ? -1 : 0;
}

static char *map_text(const struct memory_map *m, const struct caches *c)
{
	size_t size;
	char *text;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fprintf(f, "%s %d\ndirect %" PRIx64 "\npages %" PRIx64 "\n", MAGIC, VERSION, m->direct,
		m->pages);
	fprintf(f, "percpu-start %" PRIx64 "\npercpu-size %" PRIu64 "\n", m->percpu_start,
		m->percpu_size);
	for (size_t i = 0; i < m->percpus; i++)
		fprintf(f, "percpu %d %" PRIx64 "\n", m->percpu[i].cpu, m->percpu[i].offset);
	for (size_t i = 0; i < m->count; i++) {
		const struct slab *s = &m->slabs[i];
		const struct cache *cache = cache_at(c, s->word[0]);

		fprintf(f, "slab %" PRIu64 " %" PRIu64 " %u %s\n", s->first, s->pages, cache->size,
			cache->name);
	}
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

int memory_map_write(const char *path, struct error *e)
{
	struct memory_map *m = calloc(1, sizeof(*m));
	struct kernel k = {.kcore = -1};
	struct caches c = {.cache = NULL};
	char *text = NULL;
	int rc;

	if (!m)
		return memory_map_no_room(e);
	rc = read_symbols(&k, e) || open_kcore(&k, e) || read_bases(&k, m, e) ||
	     read_percpu(&k, m, e) || find_slab_members(&k, m, &c, e);
	if (!rc) {
		text = map_text(m, &c);
		rc = text ? file_replace(path, text, e) : memory_map_no_room(e);
	}
	if (k.kcore >= 0)
		close(k.kcore);
	free(text);
	free(c.cache);
	free(k.load);
	memory_map_free(m);
	return rc ? -1 : 0;
}
