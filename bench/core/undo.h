/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Puts back what was changed on the system. Every change is noted in
 * /run/pinscale/undo before it is made; the notes are carried out in reverse at
 * the end, on a signal that ends the program, and, when that was SIGKILL, at
 * the next start. One pinscale at a time measures: the notes are locked.
 */
#ifndef PINSCALE_UNDO_H
#define PINSCALE_UNDO_H

#include "include/error.h"

#define UNDO_DIRECTORY "/run/pinscale"

/*
 * Takes the lock, and carries out what a killed run left. 1: something was left
 * and is put back, *e says so; 0: nothing was; -1: the error says why not.
 */
int undo_open(struct error *e);

/* The actions that can be noted. 0, or -1 with the error set: then change nothing. */
int undo_note_write(struct error *e, const char *path, const char *value);
int undo_note_unmount(struct error *e, const char *path);
int undo_note_rmdir(struct error *e, const char *path);
int undo_note_unlink(struct error *e, const char *path);
int undo_note_module(struct error *e, const char *module);

/*
 * Carries out all notes, last first, and forgets them. Returns how many failed;
 * the error tells of the first.
 */
int undo_all(struct error *e);

/* undo_all(), and the lock is given back. */
int undo_close(struct error *e);

#endif
