/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM skel

#if !defined(_SKEL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _SKEL_TRACE_H

#include <linux/tracepoint.h>

#include "core.h"

/* The core's answer to a request of the card; error 0 is a grant. */
TRACE_EVENT(skel_request,
	    TP_PROTO(const struct skel_card *card,
		     const struct skel_request *req, u64 id, int error),
	    TP_ARGS(card, req, id, error),
	    TP_STRUCT__entry(__field(int, card)
			     __field(u32, channel)
			     __field(int, dir)
			     __field(u64, card_addr)
			     __field(u64, length)
			     __field(u64, host_addr)
			     __field(u64, id)
			     __field(int, error)
	    ),
	    TP_fast_assign(__entry->card = card->index;
			   __entry->channel = req->channel;
			   __entry->dir = req->dir;
			   __entry->card_addr = req->card_addr;
			   __entry->length = req->length;
			   __entry->host_addr = req->host_addr;
			   __entry->id = id;
			   __entry->error = error;
	    ),
	    TP_printk("skel%d channel=%u %s card_addr=%#llx length=%#llx host_addr=%#llx id=%#llx error=%d",
		      __entry->card, __entry->channel,
		      __entry->dir == SKEL_TOHOST ? "TOHOST" : "FROMHOST",
		      __entry->card_addr, __entry->length, __entry->host_addr,
		      __entry->id, __entry->error)
);

/* The end of a transfer, or a completion that belongs to none (error -ENOENT). */
TRACE_EVENT(skel_complete,
	    TP_PROTO(const struct skel_card *card, u64 id, u64 moved, int error),
	    TP_ARGS(card, id, moved, error),
	    TP_STRUCT__entry(__field(int, card)
			     __field(u64, id)
			     __field(u64, moved)
			     __field(int, error)
	    ),
	    TP_fast_assign(__entry->card = card->index;
			   __entry->id = id;
			   __entry->moved = moved;
			   __entry->error = error;
	    ),
	    TP_printk("skel%d id=%#llx moved=%#llx error=%d", __entry->card,
		      __entry->id, __entry->moved, __entry->error)
);

#endif /* _SKEL_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
