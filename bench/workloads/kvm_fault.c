// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A tiny virtual machine a worker: its memory slot is zapped, and its guest
 * touches every base page of it again. Each touch is a fault of the secondary
 * MMU, for which KVM takes a reference to the page by get_user_pages and drops
 * it once the page is mapped: the user of tail references that the mail names
 * beside O_DIRECT.
 *
 * One operation zaps the slot once and faults block / 4 KiB pages; a zap waits
 * for readers of the slots (SRCU), so larger blocks show more of the faults. The
 * slot is smaller than a huge page, so that every base page is mapped by itself.
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
#define CODE_ADDRESS 0x1000u
#define BLOCK_ADDRESS 0x40000000u
#define PORT 0x10

enum { SLOT_CODE, SLOT_BLOCK };

/*
 * Flat 32-bit code. esi holds the number of base pages, dx the port; the host
 * answers the port with the address of the first.
 */
static const unsigned char code[] = {
	0xed,			      /* top:  in   eax, dx	*/
	0x89, 0xf1,		      /*       mov  ecx, esi	*/
	0x8b, 0x18,		      /* next: mov  ebx, [eax]	*/
	0x05, 0x00, 0x10, 0x00, 0x00, /*       add  eax, 4096	*/
	0x49,			      /*       dec  ecx		*/
	0x75, 0xf6,		      /*       jnz  next	*/
	0xeb, 0xf1,		      /*       jmp  top		*/
};

struct machine {
	int kvm, vm, vcpu;
	struct kvm_run *run;
	size_t run_size;
	char *code;
};

static void machine_free(struct machine *m)
{
	if (!m)
		return;
	if (m->run)
		munmap(m->run, m->run_size);
	if (m->vcpu >= 0)
		close(m->vcpu);
	if (m->vm >= 0)
		close(m->vm);
	if (m->kvm >= 0)
		close(m->kvm);
	if (m->code)
		munmap(m->code, BASE_PAGE);
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

/* Protected mode, flat segments, no paging. */
static int set_registers(const struct machine *m, unsigned int pages)
{
	struct kvm_segment flat = {.limit = 0xffffffff,
				   .selector = 8,
				   .type = 11,
				   .present = 1,
				   .db = 1,
				   .s = 1,
				   .g = 1};
	struct kvm_regs registers = {.rip = CODE_ADDRESS, .rflags = 2, .rdx = PORT, .rsi = pages};
	struct kvm_sregs special;

	if (ioctl(m->vcpu, KVM_GET_SREGS, &special))
		return -1;
	special.cs = flat;
	flat.type = 3;
	flat.selector = 16;
	special.ds = special.es = special.fs = special.gs = special.ss = flat;
	special.cr0 |= 1;
	return ioctl(m->vcpu, KVM_SET_SREGS, &special) || ioctl(m->vcpu, KVM_SET_REGS, &registers)
		       ? -1
		       : 0;
}

/* A machine whose guest waits for an address. NULL with the error set. */
static struct machine *machine_make(unsigned int pages, struct error *e)
{
	struct machine *m = calloc(1, sizeof(*m));

	if (!m) {
		fail(e, "kvm-fault: no memory");
		return NULL;
	}
	m->vm = m->vcpu = -1;
	m->kvm = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (m->kvm >= 0)
		m->vm = ioctl(m->kvm, KVM_CREATE_VM, 0);
	if (m->vm >= 0)
		m->vcpu = ioctl(m->vm, KVM_CREATE_VCPU, 0);
	if (m->vcpu >= 0) {
		m->run_size = ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
		m->run = mmap(NULL, m->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu, 0);
		m->run = m->run == MAP_FAILED ? NULL : m->run;
	}
	m->code = mmap(NULL, BASE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	m->code = m->code == MAP_FAILED ? NULL : m->code;
	if (m->run && m->code) {
		memcpy(m->code, code, sizeof(code));
		if (!set_slot(m, SLOT_CODE, CODE_ADDRESS, m->code, BASE_PAGE) &&
		    !set_registers(m, pages) && !ioctl(m->vcpu, KVM_RUN, 0) &&
		    m->run->exit_reason == KVM_EXIT_IO)
			return m;
	}
	fail(e, "kvm-fault: making a virtual machine by %s: %s", DEVICE,
	     m->run && !errno ? "its guest does not run" : strerror(errno));
	machine_free(m);
	return NULL;
}

/* Has the guest touch the block, of which it has nothing mapped. 0, or -1 with errno. */
static inline int touch(const struct machine *m, char *memory, size_t block)
{
	set_slot(m, SLOT_BLOCK, BLOCK_ADDRESS, memory, 0);
	if (set_slot(m, SLOT_BLOCK, BLOCK_ADDRESS, memory, block))
		return -1;
	*(uint32_t *)((char *)m->run + m->run->io.data_offset) = BLOCK_ADDRESS;
	if (ioctl(m->vcpu, KVM_RUN, 0))
		return -1;
	errno = EIO;
	return m->run->exit_reason == KVM_EXIT_IO ? 0 : -1;
}

/*
 * On some machines, virtual ones themselves, a guest can be made but never gets
 * anywhere: a process of its own tries, and has little time.
 */
static bool guest_runs(struct error *e)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
	int status = 0, why[2];
	pid_t pid;

	if (pipe2(why, O_CLOEXEC))
		return false;
	pid = fork();
	if (!pid) {
		static char page[BASE_PAGE] __attribute__((aligned(BASE_PAGE)));
		struct error error = {"kvm-fault: the guest touched its memory, but did not go on"};
		struct machine *m = machine_make(1, &error);
		bool works = m && !touch(m, page, BASE_PAGE) && !touch(m, page, BASE_PAGE);

		_exit(works ? 0 : write(why[1], error.text, sizeof(error.text)) < 0 ? 2 : 1);
	}
	close(why[1]);
	fail(e, "kvm-fault: a guest was made, but was not done after 2 s");
	for (int tries = 0; pid > 0 && tries < 200; tries++) {
		if (waitpid(pid, &status, WNOHANG) == pid) {
			if (status && read(why[0], e->text, sizeof(e->text)) <= 0)
				fail(e, "kvm-fault: the trial of a guest was killed");
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
	if (works < 0)
		works = guest_runs(&error);
	return works ? NULL : error.text;
}

static int kvm_fault_setup(struct worker *w)
{
	w->state = machine_make(point_subpages(w->point), &w->error);
	return w->state ? 0 : -1;
}

static void kvm_fault_teardown(struct worker *w)
{
	machine_free(w->state);
}

static inline __attribute__((always_inline)) void repeat(struct worker *w, bool timed)
{
	const struct machine *m = w->state;
	const size_t block = w->point->block;

	for (unsigned int i = 0; !worker_stopped(w); i++) {
		uint64_t start = timed ? worker_clock() : 0;

		if (touch(m, w->steps[i & w->step_mask].memory, block)) {
			fail(&w->error,
			     "kvm-fault: a guest that touches %zu bytes: %s (exit %u, error %u)",
			     block, strerror(errno), m->run->exit_reason,
			     m->run->exit_reason == KVM_EXIT_INTERNAL_ERROR
				     ? m->run->internal.suberror
				     : 0);
			return;
		}
		if (timed)
			worker_latency(w, worker_clock() - start);
		worker_count(w, 1);
	}
}

static void kvm_fault_loop(struct worker *w)
{
	if (w->latency)
		repeat(w, true);
	else
		repeat(w, false);
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
