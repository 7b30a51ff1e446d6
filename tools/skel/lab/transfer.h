/* SPDX-License-Identifier: GPL-2.0 */
/*
 * transfer.h - the transfers that a session's TOHOST and FROMHOST run
 */
#ifndef _LAB_TRANSFER_H
#define _LAB_TRANSFER_H

#include "lab.h"

extern const struct scpi_table lab_transfer_table;

/* The session goes away: forget its transfers. */
void transfers_close(struct session *session);
/* Transfers of all sessions that run now: for STATUS? */
unsigned int transfers_running(const struct lab *lab);

#endif /* _LAB_TRANSFER_H */
