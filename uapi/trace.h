/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: what a guest does, seen from outside.
 *
 * tour 66: `trace-cmd record -e kvmlite` shows every entry, exit, access and
 * injected event. While off, each is a jump that is not taken.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvmlite

#if !defined(_KL_UAPI_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KL_UAPI_TRACE_H

#include <linux/tracepoint.h>
#include <linux/types.h>
#include <asm/vmx.h>

TRACE_EVENT(kvmlite_entry,
	TP_PROTO(u32 vcpu_id),
	TP_ARGS(vcpu_id),

	TP_STRUCT__entry(
		__field(u32, vcpu_id)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
	),

	TP_printk("vcpu %u", __entry->vcpu_id)
);

TRACE_EVENT(kvmlite_exit,
	TP_PROTO(u32 vcpu_id, u32 reason, u64 rip, u64 qualification),
	TP_ARGS(vcpu_id, reason, rip, qualification),

	TP_STRUCT__entry(
		__field(u32, vcpu_id)
		__field(u32, reason)
		__field(u64, rip)
		__field(u64, qualification)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->reason = reason;
		__entry->rip = rip;
		__entry->qualification = qualification;
	),

	TP_printk("vcpu %u reason %s%s rip %#llx qualification %#llx", __entry->vcpu_id,
		  __print_symbolic(__entry->reason & 0xffff, VMX_EXIT_REASONS),
		  __entry->reason & VMX_EXIT_REASONS_FAILED_VMENTRY ? " (entry failed)" : "",
		  __entry->rip, __entry->qualification)
);

TRACE_EVENT(kvmlite_pio,
	TP_PROTO(u32 vcpu_id, bool in, u16 port, u32 size, u32 count),
	TP_ARGS(vcpu_id, in, port, size, count),

	TP_STRUCT__entry(
		__field(u32, vcpu_id)
		__field(bool, in)
		__field(u16, port)
		__field(u32, size)
		__field(u32, count)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->in = in;
		__entry->port = port;
		__entry->size = size;
		__entry->count = count;
	),

	TP_printk("vcpu %u %s port %#x size %u count %u", __entry->vcpu_id,
		  __entry->in ? "in" : "out", __entry->port, __entry->size, __entry->count)
);

TRACE_EVENT(kvmlite_mmio,
	TP_PROTO(u32 vcpu_id, bool write, u64 gpa, u32 len, u64 value),
	TP_ARGS(vcpu_id, write, gpa, len, value),

	TP_STRUCT__entry(
		__field(u32, vcpu_id)
		__field(bool, write)
		__field(u64, gpa)
		__field(u32, len)
		__field(u64, value)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->write = write;
		__entry->gpa = gpa;
		__entry->len = len;
		__entry->value = value;
	),

	TP_printk("vcpu %u %s gpa %#llx len %u value %#llx", __entry->vcpu_id,
		  __entry->write ? "write" : "read", __entry->gpa, __entry->len,
		  __entry->value)
);

TRACE_EVENT(kvmlite_fault,
	TP_PROTO(u32 vcpu_id, u64 gpa, u64 qualification, u64 rip),
	TP_ARGS(vcpu_id, gpa, qualification, rip),

	TP_STRUCT__entry(
		__field(u32, vcpu_id)
		__field(u64, gpa)
		__field(u64, qualification)
		__field(u64, rip)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->gpa = gpa;
		__entry->qualification = qualification;
		__entry->rip = rip;
	),

	TP_printk("vcpu %u gpa %#llx qualification %#llx rip %#llx", __entry->vcpu_id,
		  __entry->gpa, __entry->qualification, __entry->rip)
);

TRACE_EVENT(kvmlite_inject,
	TP_PROTO(u32 vcpu_id, u32 info, u32 error),
	TP_ARGS(vcpu_id, info, error),

	TP_STRUCT__entry(
		__field(u32, vcpu_id)
		__field(u32, info)
		__field(u32, error)
	),

	TP_fast_assign(
		__entry->vcpu_id = vcpu_id;
		__entry->info = info;
		__entry->error = error;
	),

	TP_printk("vcpu %u %s vector %#x error %#x", __entry->vcpu_id,
		  __print_symbolic((__entry->info >> 8) & 7,
				   { 0, "interrupt" }, { 2, "NMI" }, { 3, "exception" },
				   { 4, "software interrupt" },
				   { 5, "privileged software exception" },
				   { 6, "software exception" }, { 7, "other event" }),
		  __entry->info & 0xff, __entry->error)
);

#endif /* _KL_UAPI_TRACE_H */

/* The build adds the source folder to the include path of trace.c. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace

#include <trace/define_trace.h>
