// SPDX-License-Identifier: GPL-2.0
/*
 * rates.c - what a channel does, from two looks at it
 */
#include "rates.h"

/* The same channel; one that was closed and opened again has counted less. */
static bool is_same(const struct system_user *now,
		    const struct system_user *before)
{
	return now->pid == before->pid && now->fd == before->fd &&
	       now->card == before->card && now->channel == before->channel &&
	       now->counted && before->counted &&
	       now->granted >= before->granted &&
	       now->refused >= before->refused &&
	       now->bytes_tohost >= before->bytes_tohost &&
	       now->bytes_fromhost >= before->bytes_fromhost;
}

struct rates rates_of(const struct system_user *user,
		      const struct system_view *before, double seconds)
{
	struct rates rates = { .known = false };
	size_t i;

	for (i = 0; before && i < before->users; i++) {
		const struct system_user *old = &before->user[i];

		if (!is_same(user, old) || seconds <= 0)
			continue;
		rates.known = true;
		rates.granted = (user->granted - old->granted) / seconds;
		rates.refused = (user->refused - old->refused) / seconds;
		rates.bytes_tohost =
			(user->bytes_tohost - old->bytes_tohost) / seconds;
		rates.bytes_fromhost =
			(user->bytes_fromhost - old->bytes_fromhost) / seconds;
	}
	return rates;
}
