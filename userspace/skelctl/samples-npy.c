// SPDX-License-Identifier: GPL-2.0
/*
 * samples-npy.c - recordings as .npy, an array of records with the field 'time'
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "samples-read.h"

int samples_read_npy(struct samples *s, FILE *file, double last, char *why)
{
	double time = 0, volts[INPUTS_MAX], first[2] = { 0 };
	char header[65536 + 11];
	uint64_t frames, skip = 0, i;
	size_t length, width;
	char *at;
	int n;

	if (fread(header, 1, 10, file) != 10 ||
	    memcmp(header, "\223NUMPY\1\0", 8) != 0)
		return samples_refuse(why, "it is no .npy file of version 1");
	length = (unsigned char)header[8] | (unsigned char)header[9] << 8;
	if (fread(header, 1, length, file) != length)
		return samples_refuse(why, "its header is cut off");
	header[length] = '\0';
	at = strstr(header, "('time', '<f8')");
	if (!at)
		return samples_refuse(why, "it is not a .npy of skelctl record: no field 'time'");
	while ((at = strstr(at + 1, ", ('")) && s->inputs < INPUTS_MAX) {
		if (sscanf(at, ", ('%15[^']', '<f4')", s->name[s->inputs]) != 1)
			break;
		s->inputs++;
	}
	at = strstr(header, "'shape': (");
	frames = at ? strtoull(at + 10, NULL, 10) : 0;
	width = 8 + 4 * s->inputs;
	for (i = 0; i < 2 && i < frames; i++) {
		if (fread(header, 1, width, file) != width)
			break;
		memcpy(&first[i], header, 8);
	}
	s->rate = first[1] > first[0] ? 1 / (first[1] - first[0]) : 0;
	if (frames > SAMPLES_MAX)
		skip = frames - SAMPLES_MAX;
	if (last > 0 && s->rate > 0 && frames > last * s->rate)
		skip = frames - (uint64_t)(last * s->rate);
	fseeko(file, 10 + length + skip * width, SEEK_SET);
	for (i = skip; i < frames; i++) {
		if (fread(header, 1, width, file) != width)
			break;
		memcpy(&time, header, 8);
		for (n = 0; n < s->inputs; n++) {
			float v;

			memcpy(&v, header + 8 + 4 * n, 4);
			volts[n] = v;
		}
		if (samples_add_at(s, time, volts))
			return samples_refuse(why, "no memory for it");
	}
	samples_refine_rate(s, time);
	return 0;
}
