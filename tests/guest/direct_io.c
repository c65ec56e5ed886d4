// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Exercises O_DIRECT on a file with operations that follow from a seed alone,
 * and prints a digest of everything that user space gets to see: results,
 * errors, what was read, and the file. Kernels that differ in how direct I/O
 * does its work, but not in what it does, print the same.
 *
 * A third of the operations are libaio's, several in flight together, each in a
 * stretch of the file and of the buffers that no other of the batch touches.
 * Offsets and lengths are multiples of 512 bytes, and sometimes odd; files have
 * holes, and end in the middle of a block; buffers are base pages, transparent
 * huge pages, hugetlb pages, and base pages some of which fault. Two huge pages of
 * 2 MB must be free.
 *
 * What a write that faults leaves in the file, and how much it says to have
 * written, depends on how the file system has laid the file out. So compare runs
 * on fresh file systems only, with the same options of mke2fs.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libaio.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SECTOR = 512,
	PAGE = 4096,
	HUGE_PAGE = 2 << 20,
	SLOTS = 8,		 /* operations in flight */
	STRETCH = 512 << 10,	 /* of the file and of each buffer, for each slot */
	WHOLE = SLOTS * STRETCH, /* of the file, and the size of a buffer */
	IOVECS = 8,
	SMALL = 32 << 10, /* what most operations do not exceed */
};

enum kind { BASE, TRANSPARENT, HUGETLB, FAULTING, KINDS };

/* What a page of the FAULTING buffer is. */
enum access { WRITABLE, READABLE, FORBIDDEN, UNMAPPED };

struct operation {
	bool write;
	bool sync; /* RWF_DSYNC */
	int64_t offset;
	int iovecs;
	struct iovec iovec[IOVECS];
};

static const char *const outcomes[] = {"whole", "short", "nothing", "EINVAL", "EFAULT", "other"};
enum { OUTCOMES = sizeof(outcomes) / sizeof(outcomes[0]) };

static char *buffers[KINDS];
static uint64_t state;
static uint64_t digest = 0xcbf29ce484222325;
static uint64_t counts[2][OUTCOMES]; /* one by one, in batches */
static uint64_t stamp;
static io_context_t context;
static int direct, buffered; /* the file, opened twice */

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/* splitmix64 */
static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

static uint64_t draw(uint64_t below)
{
	state += 0x9e3779b97f4a7c15;
	return mix(state) % below;
}

static bool one_in(int n)
{
	return draw(n) == 0;
}

/* FNV-1a, by words of 64 bits. */
static void digest_value(uint64_t value)
{
	digest = (digest ^ value) * 0x100000001b3;
	digest ^= digest >> 32;
}

static void digest_bytes(const char *bytes, size_t length)
{
	uint64_t word;

	for (; length >= sizeof(word); bytes += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		digest_value(word);
	}
	for (; length; length--)
		digest_value((unsigned char)*bytes++);
}

/*
 * ext2 begins to look for free blocks where the process number, modulo 16, tells
 * it to. So go on in a child of which it is 0.
 */
static void settle_pid(void)
{
	while (getpid() % 16) {
		pid_t child = fork();
		int status;

		if (child < 0)
			die("fork");
		if (!child)
			continue;
		if (waitpid(child, &status, 0) != child)
			die("waitpid");
		exit(WIFEXITED(status) ? WEXITSTATUS(status) : 2);
	}
}

static enum access access_of(size_t page)
{
	uint64_t hash = mix(page + 1) % 24;

	return hash < 3 ? READABLE + hash : WRITABLE;
}

static void map_buffers(void)
{
	for (int kind = 0; kind < KINDS; kind++) {
		int huge = kind == HUGETLB ? MAP_HUGETLB : 0;
		size_t more = kind == TRANSPARENT ? HUGE_PAGE : 0;
		char *at = mmap(NULL, WHOLE + more, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | huge, -1, 0);

		if (at == MAP_FAILED)
			die("mmap of a buffer");
		if (more) {
			at += HUGE_PAGE - (uintptr_t)at % HUGE_PAGE;
			if (madvise(at, WHOLE, MADV_HUGEPAGE))
				die("madvise(MADV_HUGEPAGE)");
		}
		for (size_t i = 0; i < WHOLE; i += sizeof(uint64_t)) {
			uint64_t word = mix(i + kind);

			memcpy(at + i, &word, sizeof(word));
		}
		buffers[kind] = at;
	}
	/* The holes last: nothing is to be mapped into them. */
	for (size_t page = 0; page < WHOLE / PAGE; page++) {
		char *at = buffers[FAULTING] + page * PAGE;
		enum access access = access_of(page);

		if ((access == READABLE && mprotect(at, PAGE, PROT_READ)) ||
		    (access == FORBIDDEN && mprotect(at, PAGE, PROT_NONE)) ||
		    (access == UNMAPPED && munmap(at, PAGE)))
			die("taking away a page");
	}
}

/* How far from AT on, at most LENGTH bytes, the access is the same; which it is into ACCESS. */
static size_t accessible(const char *at, size_t length, enum access *access)
{
	size_t offset = at - buffers[FAULTING];
	size_t rest = PAGE - offset % PAGE;

	*access = WRITABLE;
	if (at < buffers[FAULTING] || offset >= WHOLE)
		return length;
	*access = access_of(offset / PAGE);
	return rest < length ? rest : length;
}

/* A stamp for each sector to be written, and no trace of what was there in those to be read. */
static void prepare(const struct operation *o)
{
	for (int i = 0; i < o->iovecs; i++) {
		char *at = o->iovec[i].iov_base;
		size_t length = o->iovec[i].iov_len, step;
		enum access access;

		stamp++;
		for (; length; at += step, length -= step) {
			step = accessible(at, length, &access);
			if (access != WRITABLE)
				continue;
			if (!o->write)
				memset(at, (int)stamp, step);
			for (size_t j = 0; o->write && j + sizeof(stamp) <= step; j += SECTOR) {
				stamp += 1 << 16;
				memcpy(at + j, &stamp, sizeof(stamp));
			}
		}
	}
}

/*
 * All that is to be written, or the first RESULT bytes of what is read. What a
 * read leaves behind them is anybody's guess: it is wiped out.
 */
static void digest_buffers(const struct operation *o, int64_t result)
{
	size_t known = o->write ? SIZE_MAX : result > 0 ? (size_t)result : 0;

	for (int i = 0; i < o->iovecs; i++) {
		char *at = o->iovec[i].iov_base;
		size_t length = o->iovec[i].iov_len, step;
		enum access access;

		for (; length; at += step, length -= step) {
			step = accessible(at, length, &access);
			if (known && step > known)
				step = known;
			if (known && access <= READABLE)
				digest_bytes(at, step);
			else if (!known && access == WRITABLE)
				memset(at, 0, step);
			if (known)
				known -= step;
		}
	}
}

/* Nobody is to have written where no operation was to. */
static void digest_all_buffers(void)
{
	for (int kind = 0; kind < KINDS; kind++) {
		for (size_t offset = 0; offset < WHOLE; offset += PAGE) {
			if (kind != FAULTING || access_of(offset / PAGE) <= READABLE)
				digest_bytes(buffers[kind] + offset, PAGE);
		}
	}
}

static size_t bytes_of(const struct operation *o)
{
	size_t sum = 0;

	for (int i = 0; i < o->iovecs; i++)
		sum += o->iovec[i].iov_len;
	return sum;
}

/* Less than BELOW: most often a multiple of a sector or a page. */
static size_t draw_aligned(size_t below)
{
	uint64_t dice = draw(100);

	if (dice < 2)
		return draw(below);
	if (dice < 30)
		return draw((below + PAGE - 1) / PAGE) * PAGE;
	return draw((below + SECTOR - 1) / SECTOR) * SECTOR;
}

/*
 * iovecs in slot SLOT's part of the buffers, ROOM bytes together at most, that
 * do not overlap, but often share a page.
 */
static void draw_iovecs(struct operation *o, int slot, size_t room)
{
	size_t used[KINDS] = {0};
	enum kind kind = draw(KINDS);
	int most = one_in(3) ? IOVECS : 1 + (int)draw(2);

	if (room > SMALL && !one_in(16))
		room = SMALL;
	for (o->iovecs = 0; o->iovecs < most; o->iovecs++) {
		size_t start, length;

		if (one_in(4))
			kind = draw(KINDS);
		start = used[kind];
		if (!start)
			start = draw_aligned(STRETCH);
		else if (one_in(2))
			start += draw_aligned(2 * PAGE);
		length = draw_aligned((one_in(2) ? room : 2 * PAGE) + 1);
		if (length > room)
			length = room;
		if (start + length > STRETCH)
			break;
		o->iovec[o->iovecs].iov_base = buffers[kind] + slot * STRETCH + start;
		o->iovec[o->iovecs].iov_len = length;
		used[kind] = start + length;
		room -= length;
	}
}

static void draw_operation(struct operation *o, int slot, int64_t start, int64_t end)
{
	o->write = one_in(2);
	o->sync = o->write && one_in(8);
	o->offset = start + (int64_t)draw_aligned(end - start);
	draw_iovecs(o, slot, end - o->offset);
	prepare(o);
}

static void digest_result(const struct operation *o, int64_t result, uint64_t *count)
{
	int outcome = 5;

	if (result >= 0)
		outcome = result == (int64_t)bytes_of(o) ? 0 : result ? 1 : 2;
	else if (result == -EINVAL || result == -EFAULT)
		outcome = result == -EINVAL ? 3 : 4;
	count[outcome]++;
	digest_value(result);
	digest_buffers(o, result);
}

static void one_operation(void)
{
	struct operation o;
	ssize_t result;

	draw_operation(&o, (int)draw(SLOTS), 0, WHOLE);
	if (o.write)
		result = pwritev2(direct, o.iovec, o.iovecs, o.offset, o.sync ? RWF_DSYNC : 0);
	else
		result = preadv(direct, o.iovec, o.iovecs, o.offset);
	digest_result(&o, result < 0 ? -errno : result, counts[0]);
}

static int batch(void)
{
	struct operation operations[SLOTS];
	struct iocb iocbs[SLOTS], *list[SLOTS];
	struct io_event events[SLOTS];
	int64_t results[SLOTS] = {0};
	int count = 2 + (int)draw(SLOTS - 1), submitted, rc;

	for (int i = 0; i < count; i++) {
		struct operation *o = &operations[i];

		draw_operation(o, i, (int64_t)i * STRETCH, (int64_t)(i + 1) * STRETCH);
		if (o->write)
			io_prep_pwritev(&iocbs[i], direct, o->iovec, o->iovecs, o->offset);
		else
			io_prep_preadv(&iocbs[i], direct, o->iovec, o->iovecs, o->offset);
		iocbs[i].aio_rw_flags = o->sync ? RWF_DSYNC : 0;
		iocbs[i].data = &results[i];
		list[i] = &iocbs[i];
	}
	submitted = io_submit(context, count, list);
	digest_value(submitted);
	if (submitted <= 0)
		return 1;
	rc = io_getevents(context, submitted, submitted, events, NULL);
	if (rc != submitted)
		die("io_getevents");
	for (int i = 0; i < submitted; i++)
		*(int64_t *)events[i].data = (int64_t)events[i].res;
	for (int i = 0; i < submitted; i++)
		digest_result(&operations[i], results[i], counts[1]);
	return submitted;
}

/* What makes holes, ends in the middle of a block, and pages in the cache. */
static void disturb(void)
{
	char bytes[3 * SECTOR];
	int64_t offset = (int64_t)draw(WHOLE);

	if (one_in(3)) {
		/* Often to a size that leaves little, then up again: all is a hole. */
		digest_value(
			ftruncate(buffered, one_in(2) ? offset : (int64_t)draw_aligned(WHOLE)));
		if (one_in(2))
			digest_value(ftruncate(buffered, (int64_t)draw(WHOLE)));
	} else if (one_in(2)) {
		memset(bytes, (int)stamp, sizeof(bytes));
		digest_value(pwrite(buffered, bytes, 1 + draw(sizeof(bytes)), offset));
	} else {
		ssize_t length = pread(buffered, bytes, sizeof(bytes), offset);

		digest_value(length);
		if (length > 0)
			digest_bytes(bytes, length);
	}
}

static void digest_file(void)
{
	static char block[64 << 10];
	int64_t offset = 0;
	struct stat st;
	ssize_t length;

	if (fstat(buffered, &st))
		die("fstat");
	digest_value(st.st_size);
	/* Bad blocks of the device cost what is read with them. */
	for (; offset < st.st_size; offset += sizeof(block)) {
		length = pread(buffered, block, sizeof(block), offset);
		digest_value(length < 0 ? -errno : length);
		if (length > 0)
			digest_bytes(block, length);
	}
}

int main(int argc, char **argv)
{
	uint64_t done = 0, wanted, next;

	if (argc != 4) {
		fprintf(stderr, "usage: %s FILE SEED OPERATIONS\n", argv[0]);
		return 2;
	}
	settle_pid();
	state = strtoull(argv[2], NULL, 0);
	wanted = strtoull(argv[3], NULL, 0);
	direct = open(argv[1], O_RDWR | O_CREAT | O_TRUNC | O_DIRECT, 0600);
	buffered = open(argv[1], O_RDWR);
	if (direct < 0 || buffered < 0)
		die(argv[1]);
	if (io_setup(SLOTS, &context))
		die("io_setup");
	setvbuf(stdout, NULL, _IOLBF, 0);
	map_buffers();

	for (next = wanted / 10; done < wanted;) {
		if (one_in(12)) {
			done += batch();
		} else {
			one_operation();
			done++;
		}
		if (one_in(40))
			disturb();
		if (done >= next) {
			digest_file();
			printf("operations %" PRIu64 " digest %016" PRIx64 "\n", done, digest);
			next += wanted / 10;
		}
	}
	digest_file();
	digest_all_buffers();
	for (int i = 0; i < 2; i++) {
		printf("%s:", i ? "in batches" : "one by one");
		for (int j = 0; j < OUTCOMES; j++)
			printf(" %s %" PRIu64, outcomes[j], counts[i][j]);
		printf("\n");
	}
	printf("seed %s operations %" PRIu64 " digest %016" PRIx64 "\n", argv[2], done, digest);
	return 0;
}
