// SPDX-License-Identifier: GPL-2.0
/*
 * samples-sound.c - recordings as WAV and FLAC, by libsndfile
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "samples-read.h"

#ifdef HAVE_SNDFILE
#include <sndfile.h>

#define PIECE	1024	/* frames */

/* As recording_comment() writes it. Return: false: it is something else. */
static bool read_comment(struct samples *s, struct recording *rec,
			 const char *text)
{
	double range;
	int n, used;

	if (!text || sscanf(text, "rate=%lf range=%lfV bits=%d inputs=%n",
			    &s->rate, &range, &rec->bits, &used) != 3 ||
	    s->rate <= 0 || range <= 0 || rec->bits < 2 || rec->bits > 16)
		return false;
	rec->range = lround(range * 1000);
	for (n = 0, text += used; n < s->inputs; n++) {
		size_t length = strcspn(text, ",");

		snprintf(s->name[n], sizeof(s->name[0]), "%.*s", (int)length,
			 text);
		text += length + (text[length] == ',');
	}
	return true;
}

int samples_read_sound(struct samples *s, FILE *file, double last, char *why)
{
	int16_t codes[PIECE * INPUTS_MAX];
	SF_INFO info = { .format = 0 };
	SNDFILE *sound = sf_open_fd(fileno(file), SFM_READ, &info, SF_FALSE);
	struct recording rec = { .bits = 16 };
	sf_count_t wanted, n;
	int error = 0;

	if (!sound)
		return samples_refuse(why, "%s", sf_strerror(NULL));
	s->inputs = info.channels;
	if (s->inputs > INPUTS_MAX ||
	    (info.format & SF_FORMAT_SUBMASK) != SF_FORMAT_PCM_16 ||
	    !read_comment(s, &rec, sf_get_string(sound, SF_STR_COMMENT))) {
		s->inputs = 0;
		sf_close(sound);
		return samples_refuse(why, "it does not say which voltage is full scale: it is not of skelctl record");
	}
	wanted = samples_wanted(s, last);
	/* the length of a FLAC is not known while it grows */
	if (info.frames < SF_COUNT_MAX && info.frames > wanted &&
	    sf_seek(sound, info.frames - wanted, SEEK_SET) >= 0)
		s->start = (info.frames - wanted) / s->rate;
	while (!error && (n = sf_readf_short(sound, codes, PIECE)) > 0) {
		if (samples_add(s, &rec, codes, n))
			error = samples_refuse(why, "no memory for it");
		if (s->count >= 2 * (size_t)wanted)
			samples_keep(s, wanted);
	}
	sf_close(sound);
	return error;
}
#else
int samples_read_sound(struct samples *s, FILE *file, double last, char *why)
{
	return samples_refuse(why, "this skelctl was built without libsndfile: csv, jsonl, npy and vcd can be drawn");
}
#endif
