/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the instruction emulator share: the shape of the opcode
 * tables, access to registers and memory, and the handlers the tables name.
 */
#ifndef KL_INSN_INTERNAL_H
#define KL_INSN_INTERNAL_H

#include <linux/types.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "insn.h"

/**
 * enum kl_insn_opnd - how an instruction names an operand
 * @KL_O_NONE: No operand.
 * @KL_O_E: Register or memory by ModRM.rm, operand size.
 * @KL_O_E8: The same, 1 byte.
 * @KL_O_E16: The same, 2 bytes.
 * @KL_O_E32: The same, 4 bytes.
 * @KL_O_EW: Register of operand size, or memory of 2 bytes.
 * @KL_O_R: Register by ModRM.rm, whatever mod says, natural width (MOV CRn).
 * @KL_O_M: Memory by ModRM.rm, address only; a register is #UD.
 * @KL_O_M8B: Memory of 8 bytes, or 16 with REX.W; a register is #UD.
 * @KL_O_MV: Memory by ModRM.rm, operand size; a register is #UD.
 * @KL_O_G: Register by ModRM.reg, operand size.
 * @KL_O_Z: Register by the low three bits of the opcode.
 * @KL_O_A: Accumulator.
 * @KL_O_CL: CL.
 * @KL_O_DX: DX.
 * @KL_O_ONE: The constant 1.
 * @KL_O_MOFFS: Memory at an absolute offset of address size.
 * @KL_O_X: XMM register by ModRM.reg.
 * @KL_O_XE: XMM register or 16 bytes of memory by ModRM.rm.
 * @KL_O_XE8: XMM register or 8 bytes of memory.
 * @KL_O_XE4: XMM register or 4 bytes of memory.
 * @KL_O_XM: 16 bytes of memory; a register is #UD.
 * @KL_O_EY: Register or memory of 4 bytes, or 8 with REX.W (MOVD, MOVQ).
 * @KL_O_IB: Immediate byte, sign-extended.
 * @KL_O_IBU: Immediate byte, zero-extended.
 * @KL_O_IW: Immediate word, zero-extended.
 * @KL_O_IZ: Immediate of operand size, at most 4 bytes, sign-extended.
 * @KL_O_IV: Immediate of operand size, up to 8 bytes.
 * @KL_O_ENTER: Immediate word, then immediate byte in &kl_insn.imm2.
 * @KL_O_FAR: Offset of operand size, then selector in &kl_insn.imm2.
 */
enum kl_insn_opnd {
	KL_O_NONE,
	/* By ModRM, first to last: decoding relies on the range. */
	KL_O_E,
	KL_O_E8,
	KL_O_E16,
	KL_O_E32,
	KL_O_EW,
	KL_O_R,
	KL_O_M,
	KL_O_M8B,
	KL_O_MV,
	KL_O_G,
	KL_O_X,
	KL_O_XE,
	KL_O_XE8,
	KL_O_XE4,
	KL_O_XM,
	KL_O_EY,
	/* Without ModRM. */
	KL_O_Z,
	KL_O_A,
	KL_O_CL,
	KL_O_DX,
	KL_O_ONE,
	KL_O_MOFFS,
	/* Immediates, first to last. */
	KL_O_IB,
	KL_O_IBU,
	KL_O_IW,
	KL_O_IZ,
	KL_O_IV,
	KL_O_ENTER,
	KL_O_FAR,
};

/* Where an operand was found, &kl_insn_operand.where. */
enum kl_insn_where {
	KL_W_NONE,
	KL_W_GPR,
	KL_W_MEM,
	KL_W_XMM,
	KL_W_CONST,
};

#define KL_F_BYTE	0x00001u	/* operand size is 1 */
#define KL_F_RD		0x00002u	/* the destination is read */
#define KL_F_WR		0x00004u	/* the destination is written */
#define KL_F_RW		(KL_F_RD | KL_F_WR)
#define KL_F_LOCK	0x00008u	/* LOCK allowed if the destination is memory */
#define KL_F_ATOMIC	0x00010u	/* locked even without the prefix (XCHG) */
#define KL_F_NO64	0x00020u	/* #UD in 64-bit mode */
#define KL_F_ONLY64	0x00040u	/* exists only in 64-bit mode */
#define KL_F_DEF64	0x00080u	/* operand size is 8 by default in 64-bit mode */
#define KL_F_FORCE64	0x00100u	/* ... whatever the prefixes say (near branches) */
#define KL_F_PRIV	0x00200u	/* #GP unless CPL is 0 */
#define KL_F_PROT	0x00400u	/* #UD in real and virtual-8086 mode */
#define KL_F_STRING	0x00800u	/* a string instruction, see string.c */
#define KL_F_BITS	0x01000u	/* the bit offset in a register moves the address */
#define KL_F_POP	0x02000u	/* the address is formed after RSP moved (POP) */
#define KL_F_ALIGNED	0x04000u	/* memory must be aligned to 16 bytes */
#define KL_F_MODRM	0x08000u	/* has a ModRM byte no operand tells of */
#define KL_F_SSE	0x80000u	/* needs CR4.OSFXSR and not CR0.EM, CR0.TS */
/* Rows that only lead to another row. */
#define KL_F_GROUP	0x10000u	/* by ModRM.reg */
#define KL_F_PREFIX	0x20000u	/* by mandatory prefix: none, 66, F3, F2 */
#define KL_F_MODRM3	0x40000u	/* by ModRM.mod: memory, register */

typedef int (*kl_insn_fn)(struct kl_insn *insn);

/**
 * struct kl_insn_desc - one row of the opcode tables
 * @exec: Handler; without one (and no @group) the opcode is not covered.
 * @group: Rows this one leads to.
 * @opnd: Operands, enum kl_insn_opnd; the first is the destination.
 * @arg: What tells instructions with the same handler apart.
 * @flags: KL_F_*.
 */
struct kl_insn_desc {
	kl_insn_fn exec;
	const struct kl_insn_desc *group;
	u8 opnd[3];
	u8 arg;
	u32 flags;
};

extern const struct kl_insn_desc kl_insn_map1[256];	/* one byte */
extern const struct kl_insn_desc kl_insn_map2[256];	/* 0F xx */

/* 0F 38 xx: few rows, so looked up instead of indexed. */
const struct kl_insn_desc *kl_insn_map3(u8 opcode);

/* access.c: registers, exceptions, memory. */
int kl_insn_raise(struct kl_insn *insn, u8 vector);
int kl_insn_raise_code(struct kl_insn *insn, u8 vector, u32 code);
u64 kl_insn_mask(unsigned int size);
u64 kl_insn_sext(u64 val, unsigned int size);
u64 kl_insn_get_reg(const struct kl_insn *insn, unsigned int reg, unsigned int size);
void kl_insn_set_reg(struct kl_insn *insn, unsigned int reg, unsigned int size, u64 val);
bool kl_insn_canonical(const struct kl_insn_ctx *ctx, u64 lin);
int kl_insn_linear(struct kl_insn *insn, unsigned int seg, u64 off, unsigned int size, bool write,
		   u64 *lin);
int kl_insn_align(struct kl_insn *insn, u64 lin, unsigned int size);
int kl_insn_read(struct kl_insn *insn, unsigned int seg, u64 off, unsigned int size, u64 *val);
int kl_insn_write(struct kl_insn *insn, unsigned int seg, u64 off, unsigned int size, u64 val);
unsigned int kl_insn_stack_size(const struct kl_insn *insn);
int kl_insn_push(struct kl_insn *insn, unsigned int size, u64 val);
int kl_insn_pop(struct kl_insn *insn, unsigned int size, u64 *val);
int kl_insn_jump(struct kl_insn *insn, u64 target);
int kl_insn_io_allowed(struct kl_insn *insn, u16 port, unsigned int size);

static inline bool kl_insn_long(const struct kl_insn *insn)
{
	return insn->ctx->mode == KL_INSN_LONG64;
}

/* Real and virtual-8086 mode: a segment is its selector times 16. */
static inline bool kl_insn_flat16(const struct kl_insn *insn)
{
	return insn->ctx->mode == KL_INSN_REAL || insn->ctx->mode == KL_INSN_VM86;
}

/* exec.c */
void kl_insn_begin(struct kl_insn *insn);
int kl_insn_commit(struct kl_insn *insn);

/* string.c */
int kl_insn_exec_string(struct kl_insn *insn);

/* Handlers: arith.c */
int kl_x_alu(struct kl_insn *insn);
int kl_x_test(struct kl_insn *insn);
int kl_x_not(struct kl_insn *insn);
int kl_x_neg(struct kl_insn *insn);
int kl_x_inc(struct kl_insn *insn);
int kl_x_dec(struct kl_insn *insn);
int kl_x_mul(struct kl_insn *insn);
int kl_x_imul(struct kl_insn *insn);
int kl_x_imul2(struct kl_insn *insn);
int kl_x_imul3(struct kl_insn *insn);
int kl_x_div(struct kl_insn *insn);
int kl_x_idiv(struct kl_insn *insn);
int kl_x_shift(struct kl_insn *insn);
int kl_x_shld(struct kl_insn *insn);
int kl_x_shrd(struct kl_insn *insn);
int kl_x_bit(struct kl_insn *insn);
int kl_x_bsf(struct kl_insn *insn);
int kl_x_bsr(struct kl_insn *insn);
int kl_x_xadd(struct kl_insn *insn);
int kl_x_cmpxchg(struct kl_insn *insn);
int kl_x_cmpxchg8b(struct kl_insn *insn);
int kl_x_bcd(struct kl_insn *insn);

/* Handlers: data.c */
int kl_x_mov(struct kl_insn *insn);
int kl_x_movsx(struct kl_insn *insn);
int kl_x_xchg(struct kl_insn *insn);
int kl_x_nop(struct kl_insn *insn);
int kl_x_lea(struct kl_insn *insn);
int kl_x_push(struct kl_insn *insn);
int kl_x_pop(struct kl_insn *insn);
int kl_x_pusha(struct kl_insn *insn);
int kl_x_popa(struct kl_insn *insn);
int kl_x_pushf(struct kl_insn *insn);
int kl_x_popf(struct kl_insn *insn);
int kl_x_enter(struct kl_insn *insn);
int kl_x_leave(struct kl_insn *insn);
int kl_x_cbw(struct kl_insn *insn);
int kl_x_cwd(struct kl_insn *insn);
int kl_x_bswap(struct kl_insn *insn);
int kl_x_movbe(struct kl_insn *insn);
int kl_x_cmov(struct kl_insn *insn);
int kl_x_setcc(struct kl_insn *insn);
int kl_x_flag(struct kl_insn *insn);
int kl_x_cli(struct kl_insn *insn);
int kl_x_sti(struct kl_insn *insn);
int kl_x_lahf(struct kl_insn *insn);
int kl_x_sahf(struct kl_insn *insn);
int kl_x_xlat(struct kl_insn *insn);
int kl_x_xmov(struct kl_insn *insn);

/* Handlers: flow.c */
bool kl_insn_cond(u64 rflags, unsigned int cc);
int kl_x_jcc(struct kl_insn *insn);
int kl_x_jmp(struct kl_insn *insn);
int kl_x_jmp_ind(struct kl_insn *insn);
int kl_x_call(struct kl_insn *insn);
int kl_x_call_ind(struct kl_insn *insn);
int kl_x_ret(struct kl_insn *insn);
int kl_x_loop(struct kl_insn *insn);
int kl_x_far(struct kl_insn *insn);
int kl_x_far_ind(struct kl_insn *insn);
int kl_x_retf(struct kl_insn *insn);
int kl_x_int(struct kl_insn *insn);
int kl_x_iret(struct kl_insn *insn);
int kl_x_hlt(struct kl_insn *insn);
int kl_x_ud(struct kl_insn *insn);

/* Handlers: system.c */
int kl_x_in(struct kl_insn *insn);
int kl_x_out(struct kl_insn *insn);
int kl_x_mov_from_seg(struct kl_insn *insn);
int kl_x_mov_to_seg(struct kl_insn *insn);
int kl_x_push_seg(struct kl_insn *insn);
int kl_x_pop_seg(struct kl_insn *insn);
int kl_x_load_far(struct kl_insn *insn);
int kl_x_mov_cr(struct kl_insn *insn);
int kl_x_mov_dr(struct kl_insn *insn);
int kl_x_clts(struct kl_insn *insn);
int kl_x_smsw(struct kl_insn *insn);
int kl_x_lmsw(struct kl_insn *insn);
int kl_x_sdt(struct kl_insn *insn);
int kl_x_ldt(struct kl_insn *insn);
int kl_x_rdmsr(struct kl_insn *insn);
int kl_x_wrmsr(struct kl_insn *insn);
int kl_x_cpuid(struct kl_insn *insn);
int kl_x_rdtsc(struct kl_insn *insn);

/* Handlers: string.c; each does one iteration. */
int kl_x_movs(struct kl_insn *insn);
int kl_x_cmps(struct kl_insn *insn);
int kl_x_stos(struct kl_insn *insn);
int kl_x_lods(struct kl_insn *insn);
int kl_x_scas(struct kl_insn *insn);
int kl_x_ins(struct kl_insn *insn);
int kl_x_outs(struct kl_insn *insn);

#endif /* KL_INSN_INTERNAL_H */
