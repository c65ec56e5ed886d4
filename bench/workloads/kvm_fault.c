// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A tiny virtual machine a worker, whose guest touches every base page of a block
 * that it has nothing mapped of. Each touch is a fault of the secondary MMU, for
 * which KVM takes a reference to the page by get_user_pages and drops it once the
 * page is mapped: the user of tail references that the mail names beside O_DIRECT.
 *
 * What an operation does in the kernel: KVM_RUN enters the guest, which faults the
 * block in, page by page: hva_to_pfn(), get_user_pages_fast() with FOLL_GET, the
 * mapping, and the put. Then it reads where there is no memory, which ends KVM_RUN.
 * The block is a memory slot of its own, smaller than a huge page, so that base
 * pages are mapped and not the huge page.
 *
 * So that it need not be zapped after every operation, the memory of each step is
 * in the guest's memory at another address, up to MOST_SLOTS of them. When the last was
 * touched, a small slot of no other use is moved (KVM_SET_USER_MEMORY_REGION), and
 * for that KVM zaps all that the machine has mapped, the guest's code too, and waits
 * for readers of the slots (SRCU). A zap costs as much as a dozen faults, and a good part
 * is work of kernel threads: with one an operation two workers did 1.2 times as much as
 * one, and now they do 2.0 times (6.18, PVM).
 *
 * Other ways to zap were tried. Deleting a slot and making it anew is two calls for
 * one. mprotect() and madvise(MADV_DONTNEED) zap by the MMU notifier, for a tenth
 * of the cost, but not a part of a hugetlb page; they do so under mmap_lock, which
 * threads share, and for all machines of the process, and the second has the process
 * fault its pages in again. Logging dirty pages on and off zaps nothing; a slot does not
 * become read-only without being deleted.
 *
 * The guest is in 64-bit mode, at user level, and does no port I/O: where KVM has
 * no hardware beneath it (PVM), all other code is emulated, and then the memory is
 * read by copy_from_user() and nothing takes a reference. KVM's own count of
 * faults proves for every trial that this was not so. A shadow MMU, as there, maps
 * up to PREFETCH pages a fault, each with a reference of its own all the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "include/workload.h"

#define DEVICE "/dev/kvm"
#define PREFETCH 8

/* The guest's memory: code and page tables from 0 on; the slot to be moved; blocks; and none. */
#define CODE 0x0000u
#define LEVEL_4 0x1000u
#define LEVEL_3 0x2000u
#define LEVEL_2 0x3000u
#define FIXED 0x4000u
#define DUMMY 0x08000000u
#define BLOCKS 0x20000000u
#define BLOCKS_END 0x30000000u
#define DOORBELL 0x30000000u

#define MOST_SLOTS 256u

/* A shadow MMU looks for neighbours in so many bytes: they are to be of the same slot. */
#define WINDOW (PREFETCH * BASE_PAGE)

enum { SLOT_FIXED, SLOT_DUMMY, SLOT_FIRST };

/* Bits of page-table entries. Accessed and dirty are set: the guest's CPU need not. */
#define TABLE 0x27ull /* present, writable, user, accessed */
#define LARGE 0xe7ull /* the same and dirty, 2 MiB */

/*
 * rdi holds the address of the doorbell, esi the number of base pages; the host
 * answers the doorbell with the address of the first.
 */
static const unsigned char code[] = {
	0x48, 0x8b, 0x07,		    /* top:  mov  rax, [rdi]	*/
	0x89, 0xf1,			    /*       mov  ecx, esi	*/
	0x8b, 0x18,			    /* next: mov  ebx, [rax]	*/
	0x48, 0x05, 0x00, 0x10, 0x00, 0x00, /*       add  rax, 4096	*/
	0xff, 0xc9,			    /*       dec  ecx		*/
	0x75, 0xf4,			    /*       jnz  next		*/
	0xeb, 0xed,			    /*       jmp  top		*/
};

struct machine {
	int kvm, vm, vcpu;
	struct kvm_run *run;
	size_t run_size;
	char *fixed;
	unsigned int slots;  /* a power of two */
	unsigned int stride; /* bytes from one to the next */
	unsigned int zaps;
	int statistics;
	off_t faults_at; /* in the statistics */
};

static void close_file(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void machine_free(struct machine *m)
{
	if (!m)
		return;
	if (m->run)
		munmap(m->run, m->run_size);
	close_file(m->statistics);
	close_file(m->vcpu);
	close_file(m->vm);
	close_file(m->kvm);
	if (m->fixed)
		munmap(m->fixed, FIXED);
	free(m);
}

static int set_slot(const struct machine *m, unsigned int slot, unsigned int address, char *memory,
		    size_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = address,
		.memory_size = size,
		.userspace_addr = (uintptr_t)memory,
	};

	return ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

/* Code, and page tables that map the first GiB to itself. */
static int make_memory(struct machine *m)
{
	char *memory =
		mmap(NULL, FIXED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -1;
	m->fixed = memory;
	memcpy(memory + CODE, code, sizeof(code));
	*(uint64_t *)(memory + LEVEL_4) = LEVEL_3 | TABLE;
	*(uint64_t *)(memory + LEVEL_3) = LEVEL_2 | TABLE;
	for (uint64_t i = 0; i < BASE_PAGE / sizeof(i); i++)
		((uint64_t *)(memory + LEVEL_2))[i] = i << 21 | LARGE;
	return set_slot(m, SLOT_FIXED, 0, memory, FIXED);
}

/* Zaps all that the guest has mapped. 0, or -1 with errno. */
static inline int zap(struct machine *m)
{
	unsigned int address = m->zaps++ % 2 ? DUMMY + BASE_PAGE : DUMMY;

	return set_slot(m, SLOT_DUMMY, address, m->fixed, BASE_PAGE);
}

/* A slot for the memory of each of the first steps. */
static int make_slots(struct machine *m, const struct step *steps, unsigned int count, size_t block)
{
	m->stride = WINDOW;
	while (m->stride < block)
		m->stride *= 2;
	m->slots = (BLOCKS_END - BLOCKS) / m->stride;
	while (m->slots > count || m->slots > MOST_SLOTS)
		m->slots /= 2;
	for (unsigned int i = 0; i < m->slots; i++)
		if (set_slot(m, SLOT_FIRST + i, BLOCKS + i * m->stride, steps[i].memory, block))
			return -1;
	return zap(m);
}

/* The CPU that KVM would like best. */
static int set_cpu(const struct machine *m)
{
	const unsigned int most = 256; /* KVM's own limit */
	struct kvm_cpuid2 *id = calloc(1, sizeof(*id) + most * sizeof(*id->entries));
	int rc = -1;

	if (id) {
		id->nent = most;
		rc = ioctl(m->kvm, KVM_GET_SUPPORTED_CPUID, id);
		if (!rc)
			rc = ioctl(m->vcpu, KVM_SET_CPUID2, id);
	}
	free(id);
	return rc;
}

/* 64-bit mode, user level, flat segments. */
static int set_registers(const struct machine *m, unsigned int pages)
{
	struct kvm_segment segment = {.limit = 0xffffffff,
				      .selector = 0x33,
				      .type = 11, /* code, readable, accessed */
				      .present = 1,
				      .dpl = 3,
				      .s = 1,
				      .l = 1,
				      .g = 1};
	struct kvm_regs registers = {.rip = CODE, .rflags = 2, .rdi = DOORBELL, .rsi = pages};
	struct kvm_sregs special;

	if (ioctl(m->vcpu, KVM_GET_SREGS, &special))
		return -1;
	special.cs = segment;
	segment.selector = 0x2b;
	segment.type = 3; /* data, writable, accessed */
	segment.l = 0;
	segment.db = 1;
	special.ds = special.es = special.fs = special.gs = special.ss = segment;
	special.cr0 = 0x80050033; /* paging, protection, and what goes with them */
	special.cr3 = LEVEL_4;
	special.cr4 = 0x20;   /* PAE */
	special.efer = 0x500; /* 64-bit mode, on and active */
	if (ioctl(m->vcpu, KVM_SET_SREGS, &special))
		return -1;
	return ioctl(m->vcpu, KVM_SET_REGS, &registers);
}

/* Finds the count of faults that KVM has mapped a page for. */
static int find_statistics(struct machine *m)
{
	struct kvm_stats_header header;
	char buffer[256] = {0};
	const struct kvm_stats_desc *d = (const struct kvm_stats_desc *)buffer;
	size_t size;

	m->statistics = ioctl(m->vcpu, KVM_GET_STATS_FD, NULL);
	if (m->statistics < 0)
		return -1;
	errno = ENOENT;
	if (pread(m->statistics, &header, sizeof(header), 0) != sizeof(header))
		return -1;
	size = sizeof(*d) + header.name_size;
	for (unsigned int i = 0; i < header.num_desc && size < sizeof(buffer); i++) {
		if (pread(m->statistics, buffer, size, header.desc_offset + i * size) !=
		    (ssize_t)size)
			return -1;
		if (!strcmp(d->name, "pf_fixed")) {
			m->faults_at = header.data_offset + d->offset;
			return 0;
		}
	}
	return -1;
}

/* Faults of the machine so far; 0 when they cannot be read, which no check will take. */
static uint64_t faults(const struct machine *m)
{
	uint64_t n;

	return pread(m->statistics, &n, sizeof(n), m->faults_at) == sizeof(n) ? n : 0;
}

/* Were there as many faults as so many touches of so many pages take? 0, or -1 with the error set.
 */
static int check_faults(uint64_t taken, uint64_t touches, unsigned int pages, struct error *e)
{
	uint64_t least = touches * ((pages + PREFETCH - 1) / PREFETCH);

	if (taken >= least)
		return 0;
	return fail(e,
		    "kvm-fault: a guest touched %u pages %llu times, which KVM counted %llu faults "
		    "for, and not %llu or more: it seems to emulate the guest's instructions, and "
		    "then takes no references; try it on a machine with VMX or SVM",
		    pages, (unsigned long long)touches, (unsigned long long)taken,
		    (unsigned long long)least);
}

/* Runs the guest until it reads the doorbell. 0, or -1 with errno, 0 when the guest did something
 * else. */
static inline int run(const struct machine *m)
{
	int rc;

	do
		rc = ioctl(m->vcpu, KVM_RUN, 0);
	while (rc && errno == EINTR);
	if (rc)
		return -1;
	errno = 0;
	return m->run->exit_reason == KVM_EXIT_MMIO && m->run->mmio.phys_addr == DOORBELL ? 0 : -1;
}

static int fail_run(const struct machine *m, struct error *e)
{
	unsigned int reason = m->run->exit_reason;

	if (errno)
		return fail(e, "kvm-fault: running a guest: %s", strerror(errno));
	return fail(
		e,
		"kvm-fault: a guest stopped for KVM's exit reason %u%s, error %u, and not where it "
		"should",
		reason, reason == KVM_EXIT_SHUTDOWN ? " (a triple fault)" : "",
		reason == KVM_EXIT_INTERNAL_ERROR ? m->run->internal.suberror : 0);
}

/* Has the guest touch the block of the next slot, the number of which is given. 0, or -1 with
 * errno. */
static inline int touch(const struct machine *m, unsigned int slot)
{
	const uint64_t answer = BLOCKS + slot * m->stride;

	memcpy(m->run->mmio.data, &answer, sizeof(answer));
	return run(m);
}

static int start(struct machine *m, const struct step *steps, unsigned int count, size_t block,
		 struct error *e)
{
	int size;

	m->kvm = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (m->kvm < 0)
		return fail(e,
			    "kvm-fault: opening %s: %s; see that the CPU, or the machine that "
			    "lends it, has virtualisation",
			    DEVICE, strerror(errno));
	m->vm = ioctl(m->kvm, KVM_CREATE_VM, 0);
	if (m->vm < 0)
		return fail(e, "kvm-fault: making a virtual machine by %s: %s", DEVICE,
			    strerror(errno));
	m->vcpu = ioctl(m->vm, KVM_CREATE_VCPU, 0);
	size = ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (m->vcpu < 0 || size < 0)
		return fail(e, "kvm-fault: making a CPU by %s: %s", DEVICE, strerror(errno));
	m->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu, 0);
	m->run_size = size;
	if (m->run == MAP_FAILED) {
		m->run = NULL;
		return fail(e, "kvm-fault: mapping a CPU of %s: %s", DEVICE, strerror(errno));
	}
	if (find_statistics(m))
		return fail(
			e,
			"kvm-fault: looking for KVM's count of faults, pf_fixed: %s; it is there "
			"from Linux 5.14 on",
			strerror(errno));
	if (make_memory(m) || make_slots(m, steps, count, block))
		return fail(e, "kvm-fault: giving a virtual machine its memory: %s",
			    strerror(errno));
	if (set_cpu(m) || set_registers(m, block / BASE_PAGE))
		return fail(e, "kvm-fault: setting the registers of a CPU of %s: %s", DEVICE,
			    strerror(errno));
	return run(m) ? fail_run(m, e) : 0;
}

/* A machine whose guest waits for an address. NULL with the error set. */
static struct machine *machine_make(const struct step *steps, unsigned int count, size_t block,
				    struct error *e)
{
	struct machine *m = calloc(1, sizeof(*m));

	if (!m) {
		fail(e, "kvm-fault: no memory");
		return NULL;
	}
	m->kvm = m->vm = m->vcpu = m->statistics = -1;
	if (!start(m, steps, count, block, e))
		return m;
	machine_free(m);
	return NULL;
}

/* In a process of its own. 0, or -1 with the error set. */
static int try_guest(struct error *e)
{
	enum { PAGES = 2 * PREFETCH, SLOTS = 2, TOUCHES = 4 };
	static char memory[PAGES * BASE_PAGE] __attribute__((aligned(BASE_PAGE)));
	const struct step steps[SLOTS] = {{.memory = memory}, {.memory = memory}};
	struct machine *m;
	uint64_t before;

	memset(memory, FILL_BYTE, sizeof(memory));
	m = machine_make(steps, SLOTS, sizeof(memory), e);
	if (!m)
		return -1;
	before = faults(m);
	for (unsigned int i = 0; i < TOUCHES; i++)
		if ((i % SLOTS == 0 && zap(m)) || touch(m, i % SLOTS))
			return fail_run(m, e);
	return check_faults(faults(m) - before, TOUCHES, PAGES, e);
}

/*
 * On some machines, virtual ones themselves, a guest can be made but never gets
 * anywhere: a process of its own tries, and has little time.
 */
static bool guest_runs(struct error *e)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
	int status, why[2];
	pid_t pid;

	if (pipe2(why, O_CLOEXEC)) {
		fail(e, "kvm-fault: a pipe: %s", strerror(errno));
		return false;
	}
	pid = fork();
	if (!pid) {
		struct error error;

		if (!try_guest(&error))
			_exit(0);
		_exit(write(why[1], error.text, sizeof(error.text)) < 0 ? 2 : 1);
	}
	close(why[1]);
	fail(e, pid < 0 ? "kvm-fault: no process to try a guest in"
			: "kvm-fault: a guest was made, but was not done after 2 s; this machine's "
			  "KVM does not run it");
	for (int tries = 0; pid > 0 && tries < 200; tries++) {
		if (waitpid(pid, &status, WNOHANG) == pid) {
			if (status && read(why[0], e->text, sizeof(e->text)) <= 0)
				fail(e, "kvm-fault: trying a guest ended with wait status %#x",
				     status);
			close(why[0]);
			return !status;
		}
		nanosleep(&pause, NULL);
	}
	close(why[0]);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return false;
}

/*
 * The first CPU of all virtual machines has the kernel turn virtualisation on and
 * patch its own code (static keys), the last has it turned off. That is not for every
 * trial: a CPU that does nothing stays until the process ends. (QEMU's TCG with a
 * thread a CPU sometimes runs code that was patched away, which is a guest's death.)
 */
static void keep_on(void)
{
	int kvm = open(DEVICE, O_RDWR | O_CLOEXEC), vm;

	if (kvm < 0)
		return;
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	close(kvm);
	if (vm < 0)
		return;
	/* The file of the CPU keeps the machine. */
	ioctl(vm, KVM_CREATE_VCPU, 0);
	close(vm);
}

static const char *kvm_fault_unsupported(const struct point *p)
{
	static struct error error;
	static int works = -1;

	if (access(DEVICE, R_OK | W_OK))
		return access(DEVICE, F_OK) ? "kvm-fault: there is no " DEVICE
					      " (KVM in the kernel, and virtualisation "
					      "in the CPU or in the machine that lends it)"
					    : "kvm-fault: " DEVICE
					      " may not be opened; run it with sudo";
	if (p && p->block >= 2 << 20)
		return "kvm-fault: a block of a huge page or more would be mapped as one; use 1m at "
		       "most";
	if (works < 0) {
		keep_on();
		works = guest_runs(&error);
	}
	return works ? NULL : error.text;
}

static int kvm_fault_setup(struct worker *w)
{
	w->state = machine_make(w->steps, w->step_mask + 1, w->point->block, &w->error);
	return w->state ? 0 : -1;
}

static void kvm_fault_teardown(struct worker *w)
{
	machine_free(w->state);
}

static inline __attribute__((always_inline)) void repeat(struct worker *w, bool timed)
{
	struct machine *m = w->state;
	const unsigned int mask = m->slots - 1;

	for (unsigned int i = 0; !worker_stopped(w); i++) {
		uint64_t start;

		if (!(i & mask) && zap(m)) {
			fail(&w->error, "kvm-fault: moving a slot of a virtual machine: %s",
			     strerror(errno));
			return;
		}
		start = timed ? worker_clock() : 0;
		if (touch(m, i & mask)) {
			fail_run(m, &w->error);
			return;
		}
		if (timed)
			worker_latency(w, worker_clock() - start);
		worker_count(w, 1);
	}
}

static void kvm_fault_loop(struct worker *w)
{
	uint64_t before = faults(w->state);

	if (w->latency)
		repeat(w, true);
	else
		repeat(w, false);
	if (!w->error.text[0])
		check_faults(faults(w->state) - before, atomic_load(&w->operations),
			     point_subpages(w->point), &w->error);
}

static const struct workload kvm_fault_workload = {
	.name = "kvm-fault",
	.summary = "a guest faults its memory in anew: a get and put a page for the secondary MMU",
	.no_target = true,
	.unsupported = kvm_fault_unsupported,
	.setup = kvm_fault_setup,
	.loop = kvm_fault_loop,
	.teardown = kvm_fault_teardown,
};
REGISTER_WORKLOAD(kvm_fault_workload);
