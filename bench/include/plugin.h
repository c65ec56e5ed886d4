/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Registration by being linked in. A plug-in file ends with, say,
 *
 *	REGISTER_WORKLOAD(pread_workload);
 *
 * which puts a pointer to it in a section of the program named after its kind;
 * the linker gives the section's start and end. The Makefile compiles every
 * file there is, so that a new file is all that a new plug-in takes. Their
 * order is that of the file names.
 */
#ifndef PINSCALE_PLUGIN_H
#define PINSCALE_PLUGIN_H

#define PLUGIN_KIND(kind)                                          \
	extern const struct kind *const __start_##kind##_plugins[] \
		__attribute__((weak, visibility("hidden")));       \
	extern const struct kind *const __stop_##kind##_plugins[]  \
		__attribute__((weak, visibility("hidden")))

#define REGISTER_PLUGIN(kind, object)                   \
	static const struct kind *const plugin_##object \
		__attribute__((used, section(#kind "_plugins"))) = &(object)

/* Runs the statement that follows with @p a const struct kind *const *. */
#define for_each_plugin(kind, p)                                       \
	for (const struct kind *const *(p) = __start_##kind##_plugins; \
	     (p) < __stop_##kind##_plugins; (p)++)

/* The plug-in of that name, or NULL. */
#define find_plugin(kind, wanted)                           \
	({                                                  \
		const struct kind *found_ = NULL;           \
		for_each_plugin (kind, p_)                  \
			if (!strcmp((*p_)->name, (wanted))) \
				found_ = *p_;               \
		found_;                                     \
	})

#endif
