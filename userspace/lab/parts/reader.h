/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reader.h - READ? and FETCh?: reply with what has been sampled
 */
#ifndef _LAB_READER_H
#define _LAB_READER_H

#include "core/lab.h"

/* The sessions that wait in READ? for the end of sampling */
struct readers {
	struct session *waiting[LAB_SESSIONS];
	struct lab_timer answer;
};

extern const struct lab_part readers_part;

/* The session waits for the end of sampling. Return: false: too many do. */
bool readers_add(struct lab *lab, struct session *session);
void readers_forget(struct lab *lab, struct session *session);

/*
 * Reply: number of frames, lost frames, time of frame 0 and of the trigger in
 * s, then the least, greatest and mean voltage of each input, over the frames
 * in the ring. Return: SCPI_OK, or SCPI_ERR_STALE_DATA: nothing has been
 * sampled.
 */
int reader_summary(struct lab *lab, struct scpi *scpi);
/*
 * Reply: a block with the frames as in the ring.
 * Return: SCPI_OK, SCPI_ERR_STALE_DATA: these frames are not in the ring, or
 * SCPI_ERR_TOO_MUCH_DATA: more than scpi_block_max() bytes.
 */
int reader_data(struct lab *lab, struct scpi *scpi, uint64_t offset,
		uint64_t count);
/* Reply: a time in s, with all its nanoseconds */
void reader_reply_time(struct scpi *scpi, lab_time time);

#endif /* _LAB_READER_H */
