/* SPDX-License-Identifier: GPL-2.0 */
/*
 * edu_regs.h - registers of QEMU's edu device: docs/specs/edu.rst in QEMU
 */
#ifndef _SKEL_EDU_REGS_H
#define _SKEL_EDU_REGS_H

#include <linux/bits.h>

#define EDU_BAR			0

/* 0xRRrr00ed: major version, minor version, the mark of an edu device */
#define EDU_ID			0x00
#define EDU_ID_MARK		GENMASK(7, 0)
#define EDU_ID_MARK_VALUE	0xed
#define EDU_ID_MINOR		GENMASK(23, 16)
#define EDU_ID_MAJOR		GENMASK(31, 24)

/* Reads as the inverse of what was written */
#define EDU_LIVE		0x04

/* Write n, read n! once EDU_STATUS_COMPUTING is clear */
#define EDU_FACTORIAL		0x08
#define EDU_FACTORIAL_MAX	12		/* 13! has more than 32 bits */

#define EDU_STATUS		0x20
#define EDU_STATUS_COMPUTING	BIT(0)
#define EDU_STATUS_IRQ_FACTORIAL BIT(7)		/* interrupt when it is done */

/* Interrupts: bits raised by the card, or by writing to EDU_IRQ_RAISE */
#define EDU_IRQ_STATUS		0x24
#define EDU_IRQ_RAISE		0x60
#define EDU_IRQ_ACK		0x64
#define EDU_IRQ_FACTORIAL	BIT(0)
#define EDU_IRQ_REQUEST		BIT(1)		/* ours: the card wants a transfer */
#define EDU_IRQ_DMA		BIT(8)

/* The DMA engine; its registers cannot be written while it runs */
#define EDU_DMA_SOURCE		0x80
#define EDU_DMA_DESTINATION	0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_COMMAND		0x98
#define EDU_DMA_RUN		BIT(0)		/* cleared by the card at the end */
#define EDU_DMA_TO_HOST		BIT(1)
#define EDU_DMA_IRQ		BIT(2)		/* interrupt at the end */
#define EDU_DMA_BITS		28

/*
 * The card's memory, as the DMA engine sees it. There are 4096 bytes, but QEMU
 * before 9.0 aborts when a transfer reaches the last one.
 */
#define EDU_MEMORY		0x40000
#define EDU_MEMORY_SIZE		4095

#endif /* _SKEL_EDU_REGS_H */
