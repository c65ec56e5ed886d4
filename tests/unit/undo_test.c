// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What was changed on the system is put back: in reverse, at the end of a run
 * or, when that was killed, at the start of the next; and two runs do not get in
 * each other's way. The notes are under /run, so that this happens in a mount
 * namespace of the test's own with an empty /run.
 */
#include "testing.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/undo.h"

#define NOTES UNDO_DIRECTORY "/undo"

/* Why there is no namespace; NULL when there is one. */
static const char *no_namespace;

static int enter_namespace(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("pinscale-test", "/run", "tmpfs", 0, "size=1m"))
		no_namespace = strerror(errno);
	return 0;
}

static void start(void)
{
	if (no_namespace)
		skip_because("a mount namespace with a /run of its own: %s; run it as root",
			     no_namespace);
	assert_true(!unlink(NOTES) || errno == ENOENT);
}

static void open_notes(int wanted)
{
	struct error e = {""};
	int rc = undo_open(&e);

	if (rc != wanted)
		fail_msg("undo_open() is %d, not %d: %s", rc, wanted, e.text);
}

static void close_notes(void)
{
	struct error e = {""};

	if (undo_close(&e))
		fail_msg("%s", e.text);
}

static void note(int rc)
{
	assert_int_equal(rc, 0);
}

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

static void make_directory(const char *path)
{
	assert_int_equal(mkdir(path, 0755), 0);
}

static void notes_are_carried_out_last_first(void **state)
{
	struct error e;

	(void)state;
	start();
	open_notes(0);
	put_file("knob", "1");
	note(undo_note_write(&e, "knob", "1"));
	put_file("knob", "2");
	note(undo_note_write(&e, "knob", "2"));
	put_file("knob", "3");
	/* A directory goes only after what is in it. */
	note(undo_note_rmdir(&e, "made"));
	make_directory("made");
	note(undo_note_unlink(&e, "made/file"));
	put_file("made/file", "");
	close_notes();
	assert_file_is("knob", "1");
	assert_false(exists("made"));
}

static void mounts_are_undone(void **state)
{
	struct error e;

	(void)state;
	start();
	open_notes(0);
	note(undo_note_rmdir(&e, "mounted"));
	make_directory("mounted");
	note(undo_note_unmount(&e, "mounted"));
	assert_int_equal(mount("pinscale-test", "mounted", "tmpfs", 0, NULL), 0);
	put_file("mounted/file", "");
	close_notes();
	assert_false(exists("mounted"));
}

static void notes_are_forgotten_when_carried_out(void **state)
{
	struct error e;

	(void)state;
	start();
	open_notes(0);
	note(undo_note_unlink(&e, "file"));
	put_file("file", "");
	assert_int_equal(undo_all(&e), 0);
	put_file("file", "a new one");
	close_notes();
	assert_file_is("file", "a new one");
	open_notes(0);
	close_notes();
	assert_file_is("file", "a new one");
}

/* The note comes before the change: what was never made is no failure to undo. */
static void changes_that_were_not_made_are_no_failure(void **state)
{
	struct error e;

	(void)state;
	start();
	open_notes(0);
	make_directory("unmounted");
	note(undo_note_write(&e, "/sys/gone", "1"));
	note(undo_note_rmdir(&e, "nothing"));
	note(undo_note_unlink(&e, "nothing/file"));
	note(undo_note_unmount(&e, "unmounted"));
	note(undo_note_module(&e, "pinscale_no_such_module"));
	close_notes();
}

static void one_failure_does_not_stop_the_others(void **state)
{
	struct error e = {""};

	(void)state;
	start();
	open_notes(0);
	note(undo_note_unlink(&e, "first"));
	put_file("first", "");
	note(undo_note_rmdir(&e, "full"));
	make_directory("full");
	put_file("full/file", "");
	note(undo_note_unlink(&e, "last"));
	put_file("last", "");
	assert_int_equal(undo_close(&e), 1);
	assert_contains(e.text, "full");
	assert_contains(e.text, "by hand");
	assert_false(exists("first"));
	assert_false(exists("last"));
}

static void torn_notes_are_ignored(void **state)
{
	static const char *const torn[] = {"unl", "unlink\tkept", "unlink\tkept\t",
					   "write\tkept\tot"};

	(void)state;
	start();
	for (size_t i = 0; i < COUNT(torn); i++) {
		char text[128];

		open_notes(0);
		close_notes();
		put_file("kept", "kept");
		put_file("knob", "2");
		snprintf(text, sizeof(text), "write\tknob\t1\n%s", torn[i]);
		put_file(NOTES, text);
		open_notes(1);
		assert_file_is("kept", "kept");
		assert_file_is("knob", "1");
		close_notes();
	}
}

static void a_torn_note_alone_is_ignored(void **state)
{
	struct error e;

	(void)state;
	start();
	open_notes(0);
	close_notes();
	put_file(NOTES, "unlink\tkept\t");
	put_file("kept", "kept");
	assert_true(undo_open(&e) >= 0);
	close_notes();
	assert_file_is("kept", "kept");
}

/* A run that is killed after it changed things. */
static void killed_run(void)
{
	struct error e;

	if (undo_open(&e) || undo_note_write(&e, "knob", "1") || undo_note_unlink(&e, "file"))
		_exit(1);
	put_file("knob", "2");
	put_file("file", "");
	raise(SIGKILL);
}

static void a_killed_run_is_put_back_by_the_next(void **state)
{
	struct error e = {""};
	int pid;

	(void)state;
	start();
	put_file("knob", "1");
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		killed_run();
	assert_int_equal(wait_for(pid), -1);
	assert_file_is("knob", "2");
	assert_int_equal(undo_open(&e), 1);
	assert_contains(e.text, "killed");
	assert_contains(e.text, "put back");
	assert_file_is("knob", "1");
	assert_false(exists("file"));
	close_notes();
	open_notes(0);
	close_notes();
}

/* Holds the lock with a note of its own until the pipe is closed; then ends by SIGKILL. */
static void other_run(int ready, int go_on)
{
	struct error e;
	char c;

	if (undo_open(&e) || undo_note_unlink(&e, "theirs"))
		_exit(1);
	if (write(ready, "", 1) != 1 || read(go_on, &c, 1) < 0)
		_exit(1);
	raise(SIGKILL);
}

static void a_second_run_is_refused(void **state)
{
	int ready[2], go_on[2], pid;
	struct error e = {""};
	char c;

	(void)state;
	start();
	put_file("theirs", "theirs");
	assert_int_equal(pipe(ready) | pipe(go_on), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(go_on[1]);
		other_run(ready[1], go_on[0]);
	}
	close(ready[1]);
	close(go_on[0]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(undo_open(&e), -1);
	assert_contains(e.text, "Another pinscale");
	assert_contains(e.text, "wait");
	/* Nor does it touch what the other has noted. */
	assert_int_equal(undo_close(&e), 0);
	assert_file_is("theirs", "theirs");
	close(go_on[1]);
	close(ready[0]);
	assert_int_equal(wait_for(pid), -1);
	open_notes(1);
	close_notes();
	assert_false(exists("theirs"));
}

static void paths_that_cannot_be_noted_are_refused(void **state)
{
	struct error e = {""};
	char path[2000];

	(void)state;
	start();
	open_notes(0);
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(undo_note_unlink(&e, path), -1);
	assert_int_equal(undo_note_unlink(&e, "a\tb"), -1);
	assert_contains(e.text, "a\tb");
	assert_int_equal(undo_note_write(&e, "knob", "1\nunlink\tkept\t"), -1);
	assert_contains(e.text, "knob");
	put_file("kept", "kept");
	close_notes();
	assert_file_is("kept", "kept");
}

/* Then the change must not be made; and the notes before and after are whole. */
static void a_full_disk_is_told(void **state)
{
	struct error e = {""};
	char value[900];
	int notes = 0;

	(void)state;
	start();
	memset(value, 'x', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	put_file("file", "");
	open_notes(0);
	note(undo_note_unlink(&e, "file"));
	while (!undo_note_write(&e, "nothing", value) && notes < 10000)
		notes++;
	assert_in_range(notes, 100, 9999);
	assert_contains(e.text, "/run has space");
	note(undo_note_write(&e, "nothing", "x"));
	close_notes();
	assert_false(exists("file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(notes_are_carried_out_last_first),
		scratch_test(mounts_are_undone),
		scratch_test(notes_are_forgotten_when_carried_out),
		scratch_test(changes_that_were_not_made_are_no_failure),
		scratch_test(one_failure_does_not_stop_the_others),
		scratch_test(torn_notes_are_ignored),
		scratch_test(a_torn_note_alone_is_ignored),
		scratch_test(a_killed_run_is_put_back_by_the_next),
		scratch_test(a_second_run_is_refused),
		scratch_test(paths_that_cannot_be_noted_are_refused),
		scratch_test(a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
