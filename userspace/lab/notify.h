/* SPDX-License-Identifier: GPL-2.0 */
/*
 * notify.h - tell systemd, see sd_notify(3)
 */
#ifndef _LAB_NOTIFY_H
#define _LAB_NOTIFY_H

/* @state: "READY=1". Without systemd nothing happens. */
void notify(const char *state);

#endif /* _LAB_NOTIFY_H */
