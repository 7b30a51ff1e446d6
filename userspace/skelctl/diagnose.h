/* SPDX-License-Identifier: GPL-2.0 */
/*
 * diagnose.h - why a user can or cannot use a card, and what helps
 */
#ifndef _SKELCTL_DIAGNOSE_H
#define _SKELCTL_DIAGNOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "guard.h"

#define GROUPS_MAX	256
#define FINDINGS_MAX	16

enum verdict {
	FINE,
	HINT,		/* it works, but not as well as it could */
	BAD,		/* it does not work */
};

struct finding {
	enum verdict verdict;
	const char *subject;	/* "kernel", "permission", ... */
	char text[400];
	char cure[300];		/* what to do; "" if nothing */
};

struct patient {
	const char *root;	/* as in system.h */
	const char *device;	/* path, without root */
	char user[64];		/* "": has no name */
	uid_t uid;
	gid_t group[GROUPS_MAX];
	size_t groups;
	int opened;		/* 0 or errno of skel_open(), -1: not tried */
	bool silent;		/* it was opened, but does not answer */
	enum guard guard;	/* of the card, if it was opened */
};

struct findings {
	struct finding finding[FINDINGS_MAX];
	size_t count;
};

/*
 * patient_self() - the user who runs this program
 * patient_user() - another one, as in the files passwd and group below @root
 *
 * Return: of the second one: whether there is such a user.
 */
void patient_self(struct patient *patient, const char *root,
		  const char *device);
bool patient_user(struct patient *patient, const char *root, const char *device,
		  const char *name);

/* Find all that matters; the first that is BAD is to be mended first */
void diagnose(const struct patient *patient, struct findings *findings);

/* The first that is BAD, or NULL */
const struct finding *worst(const struct findings *findings);

#endif /* _SKELCTL_DIAGNOSE_H */
