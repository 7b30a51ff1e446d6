// SPDX-License-Identifier: GPL-2.0
/*
 * parts.c - what the core wants of all parts of the instrument
 */
#include "core/internal.h"

static void destroy(struct lab *lab, size_t count)
{
	while (count--) {
		const struct lab_part *part = lab->model->parts[count];

		if (part->destroy)
			part->destroy(lab);
	}
}

int parts_init(struct lab *lab)
{
	size_t i;

	for (i = 0; i < lab->model->part_count; i++) {
		const struct lab_part *part = lab->model->parts[i];
		int ret = part->init ? part->init(lab) : 0;

		if (ret) {
			destroy(lab, i);
			return ret;
		}
	}
	return 0;
}

void parts_destroy(struct lab *lab)
{
	destroy(lab, lab->model->part_count);
}

void parts_reset(struct lab *lab)
{
	size_t i = lab->model->part_count;

	while (i--) {
		if (lab->model->parts[i]->reset)
			lab->model->parts[i]->reset(lab);
	}
}

void parts_forget(struct lab *lab, struct session *session)
{
	size_t i = lab->model->part_count;

	while (i--) {
		if (lab->model->parts[i]->forget)
			lab->model->parts[i]->forget(lab, session);
	}
}

uint16_t parts_operation(const struct lab *lab, const struct session *session)
{
	uint16_t bits = 0;
	size_t i;

	for (i = 0; i < lab->model->part_count; i++) {
		if (lab->model->parts[i]->operation)
			bits |= lab->model->parts[i]->operation(lab, session);
	}
	return bits;
}

bool parts_want_time(const struct lab *lab)
{
	size_t i;

	for (i = 0; i < lab->model->part_count; i++) {
		const struct lab_part *part = lab->model->parts[i];

		if (part->wants_time && part->wants_time(lab))
			return true;
	}
	return false;
}

bool parts_hold_time(const struct lab *lab)
{
	size_t i;

	for (i = 0; i < lab->model->part_count; i++) {
		const struct lab_part *part = lab->model->parts[i];

		if (part->holds_time && part->holds_time(lab))
			return true;
	}
	return false;
}
