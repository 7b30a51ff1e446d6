/* SPDX-License-Identifier: GPL-2.0 */
/*
 * recording-file.h - a recording while its file is read, private to
 * recording*.c
 */
#ifndef _LAB_RECORDING_FILE_H
#define _LAB_RECORDING_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "parts/recording.h"
#include "scpi/scpi.h"

struct recording_file {
	FILE *file;
	unsigned int channel;
	struct recording *recording;
	size_t room;		/* of recording->samples */
	int error;
	char *reason;
};

/*
 * Set the reason why it cannot be read, SCPI_ERR_MASS_STORAGE unless in->error
 * is set afterwards. Return: false.
 */
__printf(2, 3)
bool recording_fail(struct recording_file *in, const char *format, ...);
bool recording_add(struct recording_file *in, double volts);

/* From the beginning of the file. Return: false, and the reason is set. */
bool recording_read_wav(struct recording_file *in);
bool recording_read_csv(struct recording_file *in);

#endif /* _LAB_RECORDING_FILE_H */
