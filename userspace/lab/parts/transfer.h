/* SPDX-License-Identifier: GPL-2.0 */
/*
 * transfer.h - the transfers of TOHOST and FROMHOST
 */
#ifndef _LAB_TRANSFER_H
#define _LAB_TRANSFER_H

#include "core/lab.h"

extern const struct lab_part transfers_part;

/*
 * Ask for a transfer, at the speed of the session.
 * Return: 0, SCPI_ERR_OUT_OF_MEMORY: also if too many of the session run, or
 * SCPI_ERR_HARDWARE_MISSING: the session has no channel
 */
int transfer_start(struct session *session, enum lab_dir dir,
		   uint64_t card_addr, uint64_t length, uint64_t host_addr);
/* The error of a session that has no channel, with what to do */
int transfer_no_channel(struct session *session);
/* Granted transfers of all sessions, for STATUS? */
unsigned int transfers_running(const struct lab *lab);

#endif /* _LAB_TRANSFER_H */
