// SPDX-License-Identifier: GPL-2.0
/*
 * parts.c - what the core wants of all parts of the instrument
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

/* In the reverse order of their creation */
#define for_each_part(part, lab)					\
	for (size_t i = (lab)->model->part_count;			\
	     i && ((part) = (lab)->model->parts[i - 1], true); i--)

static void *memory_of(const struct lab *lab, const struct lab_part *part)
{
	void *memory = NULL;

	if (part->size)
		memcpy(&memory, (const char *)lab + part->place,
		       sizeof(memory));
	return memory;
}

/* Of those that were made */
void parts_destroy(struct lab *lab)
{
	const struct lab_part *part;

	for_each_part(part, lab) {
		void *memory = memory_of(lab, part);

		if (part->destroy && (memory || !part->size))
			part->destroy(lab);
		free(memory);
	}
}

int parts_init(struct lab *lab)
{
	for (size_t i = 0; i < lab->model->part_count; i++) {
		const struct lab_part *part = lab->model->parts[i];
		void *memory = part->size ? calloc(1, part->size) : NULL;

		if (part->size && !memory) {
			parts_destroy(lab);
			return -ENOMEM;
		}
		if (memory)
			memcpy((char *)lab + part->place, &memory,
			       sizeof(memory));
		if (part->init)
			part->init(lab);
	}
	return 0;
}

void parts_reset(struct lab *lab)
{
	const struct lab_part *part;

	for_each_part(part, lab)
		if (part->reset)
			part->reset(lab);
}

void parts_forget(struct lab *lab, struct session *session)
{
	const struct lab_part *part;

	for_each_part(part, lab)
		if (part->forget)
			part->forget(lab, session);
}

uint16_t parts_operation(const struct lab *lab, const struct session *session)
{
	const struct lab_part *part;
	uint16_t bits = 0;

	for_each_part(part, lab)
		if (part->operation)
			bits |= part->operation(lab, session);
	return bits;
}

bool parts_want_time(const struct lab *lab)
{
	const struct lab_part *part;

	for_each_part(part, lab)
		if (part->wants_time && part->wants_time(lab))
			return true;
	return false;
}

bool parts_hold_time(const struct lab *lab)
{
	const struct lab_part *part;

	for_each_part(part, lab)
		if (part->holds_time && part->holds_time(lab))
			return true;
	return false;
}
