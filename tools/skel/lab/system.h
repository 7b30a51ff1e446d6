/* SPDX-License-Identifier: GPL-2.0 */
/*
 * system.h - the commands of the instrument as a whole
 */
#ifndef _LAB_SYSTEM_H
#define _LAB_SYSTEM_H

#include "lab.h"

extern const struct scpi_table lab_system_table;

#endif /* _LAB_SYSTEM_H */
