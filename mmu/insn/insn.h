/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instruction emulator: decode and execute one guest instruction.
 *
 * Pure code. It knows no vCPU, no page table and no device: the caller fills a
 * struct kl_insn_ctx with the registers and answers memory and port accesses
 * through struct kl_insn_ops. It compiles in the module and in selftests/unit.
 *
 * tour 24: an instruction is restarted from scratch until every access it needs has been answered.
 */
#ifndef KL_INSN_H
#define KL_INSN_H

#include <linux/types.h>

/**
 * enum kl_insn_result - what became of an instruction
 * @KL_INSN_OK: It is complete: registers, flags and RIP in the context moved on.
 * @KL_INSN_FAULT: It raises &kl_insn_ctx.exc. RIP stands on the instruction.
 * @KL_INSN_PENDING: An access must be finished by somebody else (userspace
 *	MMIO or port I/O). Nothing of this (iteration of the) instruction has
 *	been committed: do the access, remember it, and step again.
 * @KL_INSN_AGAIN: A repeated string instruction did its bounded share of
 *	iterations. They are committed and RIP still stands on the
 *	instruction: take interrupts, then enter the guest or step again.
 * @KL_INSN_RETRY: Memory changed under an atomic access. Nothing is committed:
 *	enter the guest or step again.
 * @KL_INSN_UNSUPPORTED: A valid instruction that the emulator, or the set of
 *	operations given, does not cover. Nothing is committed.
 *
 * The replay rule. An instruction makes the same accesses in the same order
 * each time it is executed from the same registers. So a caller that must go
 * to userspace keeps a small list of finished accesses (address, size,
 * direction and, for a read, data). Executed again, each access that matches
 * the next entry of that list is answered from it (a write: skipped), the first
 * one beyond its end is started and returns %KL_INSN_PENDING. The list is
 * dropped when &kl_insn_ops.commit is called, when an access does not match it
 * (another CPU rewrote the code), and when userspace sets registers. Accesses
 * to ordinary memory are simply repeated.
 */
enum kl_insn_result {
	KL_INSN_OK,
	KL_INSN_FAULT,
	KL_INSN_PENDING,
	KL_INSN_AGAIN,
	KL_INSN_RETRY,
	KL_INSN_UNSUPPORTED,
};

/**
 * enum kl_insn_mode - operating mode of the CPU, as far as decoding needs it
 * @KL_INSN_REAL: CR0.PE is 0.
 * @KL_INSN_VM86: Virtual-8086 mode (CPL is 3, segments as in real mode).
 * @KL_INSN_PROT16: Protected or compatibility mode, CS.D is 0.
 * @KL_INSN_PROT32: Protected or compatibility mode, CS.D is 1.
 * @KL_INSN_LONG64: 64-bit mode (EFER.LMA and CS.L are 1).
 */
enum kl_insn_mode {
	KL_INSN_REAL,
	KL_INSN_VM86,
	KL_INSN_PROT16,
	KL_INSN_PROT32,
	KL_INSN_LONG64,
};

/* General registers, as instructions encode them; 8 to 15 are r8 to r15. */
enum kl_insn_gpr {
	KL_RAX, KL_RCX, KL_RDX, KL_RBX, KL_RSP, KL_RBP, KL_RSI, KL_RDI,
	KL_R8, KL_R9, KL_R10, KL_R11, KL_R12, KL_R13, KL_R14, KL_R15,
	KL_NR_GPRS
};

/* Segment registers, as instructions encode them. */
enum kl_insn_sreg {
	KL_SEG_ES, KL_SEG_CS, KL_SEG_SS, KL_SEG_DS, KL_SEG_FS, KL_SEG_GS,
	KL_NR_SEGS
};

/* Access rights of a segment, in the format of the VMCS fields (SDM, "Guest Register State"). */
#define KL_SEG_AR_TYPE		0x000fu
#define KL_SEG_AR_ACCESSED	0x0001u
#define KL_SEG_AR_WRITE		0x0002u	/* data: writable; code: readable */
#define KL_SEG_AR_EXPAND_DOWN	0x0004u	/* data only */
#define KL_SEG_AR_CODE		0x0008u
#define KL_SEG_AR_S		0x0010u
#define KL_SEG_AR_DPL_SHIFT	5
#define KL_SEG_AR_P		0x0080u
#define KL_SEG_AR_L		0x2000u
#define KL_SEG_AR_DB		0x4000u
#define KL_SEG_AR_G		0x8000u
#define KL_SEG_AR_UNUSABLE	0x10000u

/**
 * struct kl_insn_seg - one segment register with its hidden part
 * @base: Linear base address.
 * @limit: Last valid byte offset, in bytes (granularity applied).
 * @ar: Access rights, KL_SEG_AR_*.
 * @selector: Visible part.
 */
struct kl_insn_seg {
	u64 base;
	u32 limit;
	u32 ar;
	u16 selector;
};

/**
 * struct kl_insn_exc - the exception an instruction raises
 * @cr2: Faulting linear address; only for #PF.
 * @error_code: Error code; only if @has_error.
 * @vector: Exception vector, X86_TRAP_*.
 * @has_error: The exception pushes an error code.
 */
struct kl_insn_exc {
	u64 cr2;
	u32 error_code;
	u8 vector;
	bool has_error;
};

/* &kl_insn_ctx.shadow: interrupts held off for one instruction, in VMCS interruptibility bits. */
#define KL_INSN_SHADOW_STI	0x1u
#define KL_INSN_SHADOW_MOV_SS	0x2u

/**
 * struct kl_insn_ctx - CPU state an instruction works on
 * @gpr: General registers, indexed by enum kl_insn_gpr.
 * @rip: Offset of the instruction in CS.
 * @rflags: RFLAGS.
 * @seg: Segment registers, indexed by enum kl_insn_sreg. In 64-bit mode only
 *	the bases of FS and GS and the selectors are used.
 * @cr0: CR0 as the guest sees it (PE, AM, TS and EM are looked at).
 * @cr4: CR4 as the guest sees it (LA57, UMIP, OSFXSR and TSD are looked at).
 * @efer: IA32_EFER.
 * @mode: Operating mode, which see.
 * @cpl: Current privilege level.
 * @exc: Out, after %KL_INSN_FAULT: the exception. Callbacks fill it too.
 * @shadow: Out, after %KL_INSN_OK: interrupt shadow that the instruction
 *	leaves behind, KL_INSN_SHADOW_*.
 * @hlt: Out, after %KL_INSN_OK: the instruction was HLT.
 * @single_step: Out, after %KL_INSN_OK and %KL_INSN_AGAIN: RFLAGS.TF was set
 *	when the instruction began, so a #DB with DR6.BS is due.
 *
 * Embed it in a larger structure and get there from callbacks with
 * container_of(). The registers are only changed by a commit, so they must be
 * taken back whatever the result: a string instruction may have committed
 * iterations before it faulted.
 */
struct kl_insn_ctx {
	u64 gpr[KL_NR_GPRS];
	u64 rip;
	u64 rflags;
	struct kl_insn_seg seg[KL_NR_SEGS];
	u64 cr0;
	u64 cr4;
	u64 efer;
	enum kl_insn_mode mode;
	u8 cpl;

	struct kl_insn_exc exc;
	u8 shadow;
	bool hlt;
	bool single_step;
};

/* Descriptor tables, for &kl_insn_ops.read_dt and &kl_insn_ops.write_dt. */
enum kl_insn_dt {
	KL_INSN_GDT,
	KL_INSN_IDT,
};

/**
 * struct kl_insn_ops - how the emulator reaches the rest of the machine
 * @fetch: Read @len (1 to 15) instruction bytes at linear address @lin. Never
 *	crosses a page.
 * @read: Read @len (1 to 16) bytes of data at linear address @lin. May cross a
 *	page. @for_write tells that a write to the same bytes follows, so that
 *	a missing write permission faults now.
 * @write: Write @len (1 to 16) bytes. May cross a page: both pages must be
 *	checked before the first is written.
 * @probe_write: Optional. Check that @len bytes could be written, without writing
 *	them: called before a port is read on behalf of INS.
 * @cmpxchg: Write @new if memory holds @old, atomically. Returns
 *	%KL_INSN_RETRY if it holds something else. On MMIO: a plain write.
 * @commit: Optional. The registers in the context were just updated;
 *	remembered accesses are void.
 * @in: Optional. Read a port, @size is 1, 2 or 4 bytes.
 * @out: Optional. Write a port.
 * @io_check: Optional. I/O permission by the TSS bitmap, called when IOPL does
 *	not already allow the access: %KL_INSN_OK, or %KL_INSN_FAULT with #GP.
 * @load_seg: Optional, outside real and virtual-8086 mode: load a data or stack
 *	segment register (MOV, POP, LDS...) with all checks into
 *	&kl_insn_ctx.seg. The last thing that can fail in an instruction.
 * @read_cr: Optional. Read CR0, CR2, CR3, CR4 or CR8.
 * @write_cr: Optional. Write one, with all checks.
 * @read_dr: Optional. Read a debug register (number 0 to 7).
 * @write_dr: Optional. Write one.
 * @read_dt: Optional. Read base and limit of a descriptor table register.
 * @write_dt: Optional. Write them.
 * @read_msr: Optional. RDMSR.
 * @write_msr: Optional. WRMSR.
 * @cpuid: Optional. @regs holds eax, ebx, ecx, edx, in and out.
 * @rdtsc: Optional. RDTSC.
 * @read_xmm: Optional. Read 16 bytes of an XMM register, as two words.
 * @write_xmm: Optional. Write 16 bytes of an XMM register.
 *
 * Each returns an enum kl_insn_result: %KL_INSN_OK, %KL_INSN_FAULT with
 * &kl_insn_ctx.exc filled, %KL_INSN_PENDING, %KL_INSN_RETRY or
 * %KL_INSN_UNSUPPORTED; anything but OK ends the instruction with that result.
 * Linear addresses passed have been checked against segment limits, access
 * rights and canonical form. Privilege (CPL) is up to the paging walk done by
 * the callback. A missing optional operation makes the instructions that need
 * it %KL_INSN_UNSUPPORTED.
 */
struct kl_insn_ops {
	int (*fetch)(struct kl_insn_ctx *ctx, u64 lin, void *buf, unsigned int len);
	int (*read)(struct kl_insn_ctx *ctx, u64 lin, void *buf, unsigned int len, bool for_write);
	int (*write)(struct kl_insn_ctx *ctx, u64 lin, const void *buf, unsigned int len);
	int (*probe_write)(struct kl_insn_ctx *ctx, u64 lin, unsigned int len);
	int (*cmpxchg)(struct kl_insn_ctx *ctx, u64 lin, const void *old, const void *new,
		       unsigned int len);
	void (*commit)(struct kl_insn_ctx *ctx);

	int (*in)(struct kl_insn_ctx *ctx, u16 port, unsigned int size, u32 *val);
	int (*out)(struct kl_insn_ctx *ctx, u16 port, unsigned int size, u32 val);
	int (*io_check)(struct kl_insn_ctx *ctx, u16 port, unsigned int size);

	int (*load_seg)(struct kl_insn_ctx *ctx, enum kl_insn_sreg seg, u16 selector);
	int (*read_cr)(struct kl_insn_ctx *ctx, unsigned int nr, u64 *val);
	int (*write_cr)(struct kl_insn_ctx *ctx, unsigned int nr, u64 val);
	int (*read_dr)(struct kl_insn_ctx *ctx, unsigned int nr, u64 *val);
	int (*write_dr)(struct kl_insn_ctx *ctx, unsigned int nr, u64 val);
	int (*read_dt)(struct kl_insn_ctx *ctx, enum kl_insn_dt dt, u64 *base, u16 *limit);
	int (*write_dt)(struct kl_insn_ctx *ctx, enum kl_insn_dt dt, u64 base, u16 limit);
	int (*read_msr)(struct kl_insn_ctx *ctx, u32 msr, u64 *val);
	int (*write_msr)(struct kl_insn_ctx *ctx, u32 msr, u64 val);
	int (*cpuid)(struct kl_insn_ctx *ctx, u32 regs[4]);
	int (*rdtsc)(struct kl_insn_ctx *ctx, u64 *val);
	int (*read_xmm)(struct kl_insn_ctx *ctx, unsigned int nr, u64 val[2]);
	int (*write_xmm)(struct kl_insn_ctx *ctx, unsigned int nr, const u64 val[2]);
};

#define KL_INSN_MAX_LEN		15
/* Iterations of a repeated string instruction done by one kl_insn_exec(). */
#define KL_INSN_MAX_REP		256

/**
 * struct kl_insn_operand - one operand, resolved and loaded
 * @val: Value, zero-extended; the second word is for 16-byte operands.
 * @orig: Value as loaded from memory, for the atomic write back.
 * @lin: Linear address if @where is memory.
 * @where: enum in internal.h: nothing, register, memory, constant...
 * @reg: Register number if @where is a register.
 * @size: Width in bytes.
 * @high_byte: The register is AH, CH, DH or BH.
 */
struct kl_insn_operand {
	u64 val[2];
	u64 orig[2];
	u64 lin;
	u8 where;
	u8 reg;
	u8 size;
	bool high_byte;
};

struct kl_insn_desc;

/**
 * struct kl_insn - one instruction, decoded, and the scratch to execute it
 * @desc: Its row in the opcode tables.
 * @bytes: Instruction bytes fetched so far.
 * @fetched: How many.
 * @len: Length in bytes; while decoding, bytes consumed.
 * @opcode: Last opcode byte.
 * @rex: REX prefix or 0.
 * @rep: 0xf2, 0xf3 or 0.
 * @lock: LOCK prefix present.
 * @opsize_prefix: Operand-size prefix (66) present.
 * @seg: Segment of the memory operand.
 * @opsize: Operand size in bytes: 2, 4 or 8 (1 for byte instructions).
 * @adsize: Address size in bytes: 2, 4 or 8.
 * @modrm: ModRM byte.
 * @mod: Its mod field.
 * @reg: Its reg field, extended by REX.R.
 * @rm: Its rm field, extended by REX.B.
 * @has_mem: The instruction has a memory operand by ModRM or moffs.
 * @base: Base register of the address or %KL_INSN_NO_REG.
 * @index: Index register or %KL_INSN_NO_REG.
 * @scale: Shift of the index.
 * @rip_relative: The displacement counts from the next instruction.
 * @disp: Displacement, sign-extended.
 * @imm: Immediate, sign-extended if the instruction does so.
 * @imm2: Second immediate: selector of a far pointer, level of ENTER.
 * @op: Operands: destination, source, second source.
 * @gpr: General registers while executing; copied to the context by a commit.
 * @rip: RIP after the instruction.
 * @rflags: RFLAGS after the instruction.
 * @new_seg: Segment register to load at commit, or %KL_INSN_NO_REG.
 * @new_sel: Its selector.
 * @shadow: Interrupt shadow left behind.
 * @hlt: HLT was executed.
 * @ctx: CPU state.
 * @ops: Callbacks.
 *
 * Large enough to be kept off the stack: one per vCPU. Fields are private to
 * the emulator; callers may look at @len, @opcode, @bytes and @has_mem.
 */
struct kl_insn {
	const struct kl_insn_desc *desc;
	u8 bytes[KL_INSN_MAX_LEN];
	u8 fetched;
	u8 len;

	u8 opcode;
	u8 rex;
	u8 rep;
	bool lock;
	bool opsize_prefix;
	u8 seg;
	u8 opsize;
	u8 adsize;

	u8 modrm;
	u8 mod;
	u8 reg;
	u8 rm;
	bool has_mem;
	u8 base;
	u8 index;
	u8 scale;
	bool rip_relative;
	s64 disp;
	u64 imm;
	u16 imm2;

	struct kl_insn_operand op[3];
	u64 gpr[KL_NR_GPRS];
	u64 rip;
	u64 rflags;
	u8 new_seg;
	u16 new_sel;
	u8 shadow;
	bool hlt;

	struct kl_insn_ctx *ctx;
	const struct kl_insn_ops *ops;
};

#define KL_INSN_NO_REG		0xff

/**
 * kl_insn_decode() - fetch and decode the instruction at CS:RIP
 * @insn: Filled; what it held before does not matter.
 * @ctx: CPU state; only &kl_insn_ctx.exc is changed.
 * @ops: Callbacks; only fetch is used.
 *
 * Bytes behind the end of the instruction are fetched only up to the end of
 * the page in which it ends. Makes at most two fetches.
 *
 * Return: %KL_INSN_OK, %KL_INSN_FAULT (#UD, #GP for more than 15 bytes or the
 * CS limit, what fetch reported), %KL_INSN_UNSUPPORTED, or what fetch returned.
 */
int kl_insn_decode(struct kl_insn *insn, struct kl_insn_ctx *ctx, const struct kl_insn_ops *ops);

/**
 * kl_insn_exec() - execute a decoded instruction
 * @insn: Instruction from kl_insn_decode().
 * @ctx: CPU state, unchanged since decoding apart from earlier commits of the
 *	same repeated instruction.
 * @ops: Callbacks.
 *
 * May be called again for the same @insn after %KL_INSN_PENDING,
 * %KL_INSN_RETRY and %KL_INSN_AGAIN. Does at most %KL_INSN_MAX_REP iterations;
 * with RFLAGS.TF set, one.
 *
 * Return: an enum kl_insn_result.
 */
int kl_insn_exec(struct kl_insn *insn, struct kl_insn_ctx *ctx, const struct kl_insn_ops *ops);

/**
 * kl_insn_step() - decode and execute the instruction at CS:RIP
 * @insn: Scratch.
 * @ctx: CPU state.
 * @ops: Callbacks.
 *
 * Return: an enum kl_insn_result. On %KL_INSN_OK RIP is advanced, RFLAGS.RF is
 * clear, and &kl_insn_ctx.shadow, &kl_insn_ctx.hlt and
 * &kl_insn_ctx.single_step are valid.
 */
int kl_insn_step(struct kl_insn *insn, struct kl_insn_ctx *ctx, const struct kl_insn_ops *ops);

#endif /* KL_INSN_H */
