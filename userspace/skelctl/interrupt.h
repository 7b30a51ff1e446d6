/* SPDX-License-Identifier: GPL-2.0 */
/*
 * interrupt.h - end at SIGINT, SIGTERM and SIGHUP, but cleanly
 */
#ifndef _SKEL_INTERRUPT_H
#define _SKEL_INTERRUPT_H

#include <signal.h>

/*
 * From now on these signals set the flag that is returned; one more, half a second
 * later or after that, ends the program at once. SIGPIPE is ignored: write() says
 * EPIPE.
 */
volatile sig_atomic_t *interrupt_catch(void);

#endif /* _SKEL_INTERRUPT_H */
