/* SPDX-License-Identifier: GPL-2.0 */
/*
 * instrument.h - the instrument: all its parts and all its commands
 */
#ifndef _LAB_INSTRUMENT_H
#define _LAB_INSTRUMENT_H

#include "core/lab.h"

extern const struct lab_model instrument;

#endif /* _LAB_INSTRUMENT_H */
