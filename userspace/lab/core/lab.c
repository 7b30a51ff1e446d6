// SPDX-License-Identifier: GPL-2.0
/*
 * lab.c - creation and end of an instrument
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

#ifndef SKEL_VERSION
#define SKEL_VERSION	"unknown"
#endif

static int setup(struct lab *lab, const struct lab_settings *settings)
{
	lab->time.command_time = settings->command_time;
	lab->seed = settings->seed;
	snprintf(lab->identity, sizeof(lab->identity), "skel,lab,%s,%s",
		 settings->serial, SKEL_VERSION);
	if (settings->directory) {
		lab->directory = strdup(settings->directory);
		if (!lab->directory)
			return -ENOMEM;
	}
	return parts_init(lab);
}

struct lab *lab_create(struct lab_card *card, const struct lab_model *model,
		       const struct lab_settings *settings)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	int ret;

	if (!lab)
		return NULL;
	lab->card = card;
	lab->model = model;
	timebase_init(lab, settings->real);
	ret = setup(lab, settings);
	if (!ret)
		return lab;
	free(lab->directory);
	free(lab);
	errno = -ret;
	return NULL;
}

void lab_destroy(struct lab *lab)
{
	unsigned int i;

	for (i = 0; i < LAB_SESSIONS; i++)
		session_close(lab->sessions[i]);
	parts_destroy(lab);
	free(lab->directory);
	free(lab);
}
