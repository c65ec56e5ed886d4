// SPDX-License-Identifier: GPL-3.0-or-later
#include "environment.h"

#include <cpuid.h>
#include <dirent.h>
#include <elf.h>
#include <glob.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "file.h"
#include "journal.h"
#include "placement.h"

/* Symbols of the kernel's configuration that change what is measured. */
static const char *const config_symbols[] = {
	"CONFIG_KASAN",
	"CONFIG_KCSAN",
	"CONFIG_KFENCE",
	"CONFIG_UBSAN",
	"CONFIG_LOCK_STAT",
	"CONFIG_PROVE_LOCKING",
	"CONFIG_DEBUG_VM",
	"CONFIG_DEBUG_PAGEALLOC",
	"CONFIG_SLUB_DEBUG_ON",
	"CONFIG_DEBUG_PREEMPT",
	"CONFIG_PAGE_OWNER",
	"CONFIG_INIT_ON_ALLOC_DEFAULT_ON",
	"CONFIG_INIT_ON_FREE_DEFAULT_ON",
	"CONFIG_HARDENED_USERCOPY",
	"CONFIG_INIT_STACK_ALL_ZERO",
	"CONFIG_STACKPROTECTOR_STRONG",
	"CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP",
	"CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP_DEFAULT_ON",
	"CONFIG_TRANSPARENT_HUGEPAGE",
	"CONFIG_MEMCG",
	"CONFIG_NUMA",
	"CONFIG_NR_CPUS",
	"CONFIG_HZ",
	"CONFIG_PREEMPT",
	"CONFIG_PREEMPT_VOLUNTARY",
	"CONFIG_PREEMPT_NONE",
	"CONFIG_PREEMPT_LAZY",
	"CONFIG_PREEMPT_RT",
	"CONFIG_NO_HZ_FULL",
	"CONFIG_PARAVIRT_SPINLOCKS",
	"CONFIG_CPU_MITIGATIONS",
	"CONFIG_FUNCTION_TRACER",
	"CONFIG_BLK_CGROUP",
	"CONFIG_TAILLOCK",
};

/* Files whose first line is recorded as it is; a pattern of glob(3) each. */
static const char *const settings[] = {
	"/sys/kernel/mm/transparent_hugepage/enabled",
	"/sys/kernel/mm/transparent_hugepage/defrag",
	"/sys/kernel/mm/ksm/run",
	"/sys/kernel/mm/hugepages/hugepages-*/nr_hugepages",
	"/proc/sys/vm/hugetlb_optimize_vmemmap",
	"/proc/sys/kernel/numa_balancing",
	"/proc/sys/kernel/nmi_watchdog",
	"/proc/sys/fs/aio-max-nr",
	"/sys/devices/system/clocksource/clocksource0/current_clocksource",
	"/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver",
	"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
	"/sys/devices/system/cpu/cpu0/cpufreq/energy_performance_preference",
	"/sys/devices/system/cpu/cpufreq/boost",
	"/sys/devices/system/cpu/intel_pstate/no_turbo",
	"/sys/devices/system/cpu/smt/control",
	"/sys/devices/system/cpu/isolated",
	"/sys/devices/system/cpu/nohz_full",
	"/sys/devices/system/cpu/cpuidle/current_driver",
	"/sys/module/intel_idle/parameters/max_cstate",
	"/sys/devices/system/cpu/vulnerabilities/*",
	"/sys/devices/virtual/memory_tiering/memory_tier*/nodelist",
	"/sys/fs/cgroup/cpuset/cpuset.cpus",
	"/sys/fs/cgroup/cpuset.cpus.effective",
	"/sys/fs/cgroup/cpu.max",
};

const char *environment_execution(void)
{
	unsigned int eax, signature[4] = {0};

	if (!__get_cpuid(1, &eax, &signature[0], &signature[2], &signature[1]) ||
	    !(signature[2] & 1u << 31))
		return "native";
	/* The hypervisor names itself in EBX, ECX and EDX of leaf 0x40000000. */
	__cpuid(0x40000000, eax, signature[0], signature[1], signature[2]);
	signature[3] = 0;
	return strcmp((char *)signature, "TCGTCGTCGTCG") ? "virtualised" : "emulated";
}

const char *environment_boot_id(void)
{
	static char id[64];

	return file_line("/proc/sys/kernel/random/boot_id", id, sizeof(id));
}

/* The build id in the kernel's ELF notes, in hexadecimal. */
static void read_build_id(char *text, size_t size)
{
	FILE *f = fopen("/sys/kernel/notes", "re");
	Elf64_Nhdr note;

	text[0] = '\0';
	while (f && fread(&note, sizeof(note), 1, f) == 1) {
		size_t name_size = (note.n_namesz + 3) & ~3u, data_size = (note.n_descsz + 3) & ~3u;
		unsigned char data[1024];

		if (name_size + data_size > sizeof(data) ||
		    fread(data, 1, name_size + data_size, f) != name_size + data_size)
			break;
		if (note.n_type != NT_GNU_BUILD_ID || memcmp(data, "GNU", 4))
			continue;
		for (size_t i = 0; i < note.n_descsz && 2 * i + 3 < size; i++)
			sprintf(text + 2 * i, "%02x", data[name_size + i]);
		break;
	}
	if (f)
		fclose(f);
}

static char *read_config(const char *release)
{
	struct error e;
	char path[256];
	char *text = file_read("/proc/config.gz", &e);

	if (text)
		return text;
	snprintf(path, sizeof(path), "/boot/config-%s", release);
	return file_read(path, &e);
}

/* "y", "m", a number or text; "n" when it is not set. */
static json_t *config_json(const char *release)
{
	char *config = read_config(release);
	json_t *object;

	if (!config)
		return json_null();
	object = json_object();
	for (size_t i = 0; i < sizeof(config_symbols) / sizeof(config_symbols[0]); i++) {
		const char *name = config_symbols[i];
		size_t length = strlen(name);
		const char *at = config;

		while ((at = strstr(at, name)) &&
		       (at[length] != '=' || (at != config && at[-1] != '\n')))
			at += length;
		if (at)
			at += length + 1;
		json_object_set_new(object, name,
				    at ? json_stringn(at, strcspn(at, "\n")) : json_string("n"));
	}
	free(config);
	return object;
}

static json_t *line_json(const char *path)
{
	char line[4096];

	return json_string_nocheck(file_line(path, line, sizeof(line)));
}

static json_t *kernel_json(void)
{
	char build_id[128];
	struct utsname u;

	uname(&u);
	read_build_id(build_id, sizeof(build_id));
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "release", u.release, "version",
			 u.version, "machine", u.machine, "build_id", build_id, "command_line",
			 line_json("/proc/cmdline"), "config", config_json(u.release));
}

/* A field of the first processor in /proc/cpuinfo. */
static json_t *cpuinfo_json(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, length) || (line[length] != '\t' && line[length] != ' '))
			continue;
		line = strchr(line, ':');
		if (line) {
			line += 1 + strspn(line + 1, " ");
			return json_stringn(line, strcspn(line, "\n"));
		}
	}
	return json_null();
}

static json_t *cpu_json(void)
{
	struct error e;
	char *text = file_read("/proc/cpuinfo", &e);
	json_t *object = json_pack(
		"{s:o, s:o, s:o, s:o, s:o}", "model", cpuinfo_json(text, "model name"), "vendor",
		cpuinfo_json(text, "vendor_id"), "microcode", cpuinfo_json(text, "microcode"),
		"online", line_json("/sys/devices/system/cpu/online"), "usable",
		json_integer(placement_cpu_count()));

	free(text);
	return object;
}

static json_t *memory_json(void)
{
	static const char *const names[] = {"MemTotal", "MemAvailable", "HugePages_Total",
					    "HugePages_Free", "Hugetlb"};
	struct error e;
	char *text = file_read("/proc/meminfo", &e);
	json_t *object = json_object();
	long long value;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (text && file_field(text, names[i], &value))
			json_object_set_new(object, names[i], json_integer(value));
	free(text);
	return object;
}

static json_t *nodes_json(hwloc_topology_t topology)
{
	json_t *nodes = json_array();
	hwloc_obj_t node = NULL;

	while ((node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node))) {
		char path[128], *cpus;

		snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/distance",
			 node->os_index);
		hwloc_bitmap_list_asprintf(&cpus, node->cpuset);
		json_array_append_new(nodes,
				      json_pack("{s:i, s:s, s:I, s:o}", "node", node->os_index,
						"cpus", cpus, "bytes",
						(json_int_t)node->attr->numanode.local_memory,
						"distances", line_json(path)));
		free(cpus);
	}
	return nodes;
}

/* Kinds of cores, as on machines with fast and slow ones. */
static json_t *kinds_json(hwloc_topology_t topology)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	json_t *kinds = json_array();
	int n = hwloc_cpukinds_get_nr(topology, 0);

	for (int i = 0; i < n; i++) {
		int efficiency;
		char *cpus;

		if (hwloc_cpukinds_get_info(topology, i, set, &efficiency, NULL, NULL, 0))
			continue;
		hwloc_bitmap_list_asprintf(&cpus, set);
		json_array_append_new(
			kinds, json_pack("{s:s, s:i}", "cpus", cpus, "efficiency", efficiency));
		free(cpus);
	}
	hwloc_bitmap_free(set);
	return kinds;
}

static json_t *topology_json(void)
{
	struct error e;
	hwloc_topology_t topology = placement_topology(&e);

	if (!topology)
		return json_null();
	return json_pack("{s:i, s:i, s:i, s:o, s:o}", "packages",
			 hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PACKAGE), "cores",
			 hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE), "cpus",
			 hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU), "nodes",
			 nodes_json(topology), "kinds", kinds_json(topology));
}

/* Does a process of that name run? */
static bool process_runs(const char *name)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while (proc && !found && (entry = readdir(proc))) {
		char path[300], comm[64];

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		found = !strcmp(file_line(path, comm, sizeof(comm)), name);
	}
	if (proc)
		closedir(proc);
	return found;
}

static json_t *settings_json(void)
{
	json_t *object = json_object();
	glob_t found = {0};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		glob(settings[i], i ? GLOB_APPEND : 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++)
		json_object_set_new(object, found.gl_pathv[i], line_json(found.gl_pathv[i]));
	globfree(&found);
	json_object_set_new(object, "irqbalance", json_boolean(process_runs("irqbalance")));
	return object;
}

json_t *environment_json(const char *variant)
{
	char now[32];

	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "schema",
			 JOURNAL_SCHEMA, "boot_id", environment_boot_id(), "variant", variant,
			 "execution", environment_execution(), "started",
			 journal_now(now, sizeof(now)), "kernel", kernel_json(), "cpu", cpu_json(),
			 "memory", memory_json(), "topology", topology_json(), "settings",
			 settings_json());
}

json_t *environment_target_json(const struct target_run *t)
{
	static const char *const queue[] = {"scheduler", "nr_requests",	      "rq_affinity",
					    "nomerges",	 "rotational",	      "write_cache",
					    "io_poll",	 "logical_block_size"};
	const char *name = strrchr(t->device, '/');
	json_t *object = json_pack("{s:s}", "what", t->what);

	if (!name)
		return object;
	json_object_set_new(object, "device", json_string(t->device));
	for (size_t i = 0; i < sizeof(queue) / sizeof(queue[0]); i++) {
		char path[160];

		snprintf(path, sizeof(path), "/sys/block%s/queue/%s", name, queue[i]);
		json_object_set_new(object, queue[i], line_json(path));
	}
	return object;
}
