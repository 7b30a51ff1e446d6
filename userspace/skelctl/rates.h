/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rates.h - what a channel does, from two looks at it
 */
#ifndef _SKELCTL_RATES_H
#define _SKELCTL_RATES_H

#include "system.h"

struct rates {
	bool known;
	double granted, refused;		/* requests per second */
	double bytes_tohost, bytes_fromhost;	/* per second */
};

/*
 * The rates of a channel between two looks, @seconds apart. They are not known if it
 * was not open at the first one, or has no counters.
 */
struct rates rates_of(const struct system_user *user,
		      const struct system_view *before, double seconds);

#endif /* _SKELCTL_RATES_H */
