// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handlers of port I/O, segment loads and system registers: each reaches the
 * machine through an operation that the caller may leave out.
 */
#include <linux/types.h>
#include <linux/minmax.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "insn.h"
#include "internal.h"

/* The port is an immediate byte or DX, in the operand that is not the accumulator. */
int kl_x_in(struct kl_insn *insn)
{
	struct kl_insn_operand *dst = &insn->op[0];
	u16 port = insn->op[1].val[0];
	u32 val = 0;
	int ret;

	if (!insn->ops->in)
		return KL_INSN_UNSUPPORTED;
	dst->size = min_t(u8, insn->opsize, 4);
	ret = kl_insn_io_allowed(insn, port, dst->size);
	if (ret == KL_INSN_OK)
		ret = insn->ops->in(insn->ctx, port, dst->size, &val);
	dst->val[0] = val;
	return ret;
}

int kl_x_out(struct kl_insn *insn)
{
	unsigned int size = min_t(u8, insn->opsize, 4);
	u16 port = insn->op[0].val[0];
	int ret;

	if (!insn->ops->out)
		return KL_INSN_UNSUPPORTED;
	ret = kl_insn_io_allowed(insn, port, size);
	if (ret != KL_INSN_OK)
		return ret;
	return insn->ops->out(insn->ctx, port, size, insn->op[1].val[0] & kl_insn_mask(size));
}

/* A selector read; @seg comes from three bits of the instruction and may be 6 or 7. */
static int kl_insn_selector(struct kl_insn *insn, unsigned int seg, u64 *sel)
{
	*sel = 0;
	if (seg >= KL_NR_SEGS)
		return kl_insn_raise(insn, X86_TRAP_UD);
	*sel = insn->ctx->seg[seg].selector;
	return KL_INSN_OK;
}

static int kl_insn_load_seg(struct kl_insn *insn, unsigned int seg, u16 sel)
{
	if (seg >= KL_NR_SEGS || seg == KL_SEG_CS)
		return kl_insn_raise(insn, X86_TRAP_UD);
	insn->new_seg = seg;
	insn->new_sel = sel;
	return KL_INSN_OK;
}

int kl_x_mov_from_seg(struct kl_insn *insn)
{
	return kl_insn_selector(insn, insn->reg & 7, &insn->op[0].val[0]);
}

int kl_x_mov_to_seg(struct kl_insn *insn)
{
	if ((insn->reg & 7) == KL_SEG_SS)
		insn->shadow = KL_INSN_SHADOW_MOV_SS;
	return kl_insn_load_seg(insn, insn->reg & 7, insn->op[0].val[0]);
}

/* PUSH and POP of a segment register: its number is in bits 3 to 5 of the opcode. */
int kl_x_push_seg(struct kl_insn *insn)
{
	u64 sel;
	int ret = kl_insn_selector(insn, insn->opcode >> 3 & 7, &sel);

	return ret == KL_INSN_OK ? kl_insn_push(insn, insn->opsize, sel) : ret;
}

int kl_x_pop_seg(struct kl_insn *insn)
{
	unsigned int seg = insn->opcode >> 3 & 7;
	u64 sel;
	int ret = kl_insn_pop(insn, insn->opsize, &sel);

	if (ret != KL_INSN_OK)
		return ret;
	if (seg == KL_SEG_SS)
		insn->shadow = KL_INSN_SHADOW_MOV_SS;
	return kl_insn_load_seg(insn, seg, sel);
}

/* LES, LDS, LSS, LFS, LGS: arg is the segment register. */
int kl_x_load_far(struct kl_insn *insn)
{
	u64 sel, at = insn->op[1].lin;
	int ret;

	ret = kl_insn_read(insn, insn->seg, at, insn->opsize, &insn->op[0].val[0]);
	if (ret != KL_INSN_OK)
		return ret;
	at = (at + insn->opsize) & kl_insn_mask(insn->adsize);
	ret = kl_insn_read(insn, insn->seg, at, 2, &sel);
	return ret == KL_INSN_OK ? kl_insn_load_seg(insn, insn->desc->arg, sel) : ret;
}

/* 0F 20 reads, 0F 22 writes. */
int kl_x_mov_cr(struct kl_insn *insn)
{
	const struct kl_insn_ops *ops = insn->ops;
	unsigned int nr = insn->reg;
	bool write = insn->opcode & 2;

	if (nr != 0 && nr != 2 && nr != 3 && nr != 4 && nr != 8)
		return kl_insn_raise(insn, X86_TRAP_UD);
	if (write)
		return ops->write_cr ? ops->write_cr(insn->ctx, nr, insn->op[1].val[0]) :
				       KL_INSN_UNSUPPORTED;
	return ops->read_cr ? ops->read_cr(insn->ctx, nr, &insn->op[0].val[0]) :
			      KL_INSN_UNSUPPORTED;
}

/* 0F 21 reads, 0F 23 writes. DR4 and DR5 are DR6 and DR7 unless CR4.DE is set. */
int kl_x_mov_dr(struct kl_insn *insn)
{
	const struct kl_insn_ops *ops = insn->ops;
	unsigned int nr = insn->reg;
	bool write = insn->opcode & 2;

	if (nr > 7 || ((nr == 4 || nr == 5) && insn->ctx->cr4 & X86_CR4_DE))
		return kl_insn_raise(insn, X86_TRAP_UD);
	if (nr == 4 || nr == 5)
		nr += 2;
	if (write)
		return ops->write_dr ? ops->write_dr(insn->ctx, nr, insn->op[1].val[0]) :
				       KL_INSN_UNSUPPORTED;
	return ops->read_dr ? ops->read_dr(insn->ctx, nr, &insn->op[0].val[0]) :
			      KL_INSN_UNSUPPORTED;
}

int kl_x_clts(struct kl_insn *insn)
{
	if (!insn->ops->write_cr)
		return KL_INSN_UNSUPPORTED;
	return insn->ops->write_cr(insn->ctx, 0, insn->ctx->cr0 & ~(u64)X86_CR0_TS);
}

/* User-mode instruction prevention covers the reads of system registers. */
static bool kl_insn_umip(const struct kl_insn *insn)
{
	return insn->ctx->cpl && insn->ctx->cr4 & X86_CR4_UMIP;
}

int kl_x_smsw(struct kl_insn *insn)
{
	if (kl_insn_umip(insn))
		return kl_insn_raise(insn, X86_TRAP_GP);
	insn->op[0].val[0] = insn->ctx->cr0;
	return KL_INSN_OK;
}

/* Loads PE, MP, EM and TS; PE can be set but not cleared. */
int kl_x_lmsw(struct kl_insn *insn)
{
	u64 low = X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS;
	u64 cr0 = insn->ctx->cr0;

	if (!insn->ops->write_cr)
		return KL_INSN_UNSUPPORTED;
	cr0 = (cr0 & ~(low & ~(u64)X86_CR0_PE)) | (insn->op[0].val[0] & low);
	return insn->ops->write_cr(insn->ctx, 0, cr0);
}

/* SGDT, SIDT: arg is the table. Two writes: limit, then base. */
int kl_x_sdt(struct kl_insn *insn)
{
	unsigned int size = kl_insn_long(insn) ? 8 : 4;
	u64 base, at = insn->op[0].lin;
	u16 limit;
	int ret;

	if (kl_insn_umip(insn))
		return kl_insn_raise(insn, X86_TRAP_GP);
	if (!insn->ops->read_dt)
		return KL_INSN_UNSUPPORTED;
	ret = insn->ops->read_dt(insn->ctx, insn->desc->arg, &base, &limit);
	if (ret == KL_INSN_OK)
		ret = kl_insn_write(insn, insn->seg, at, 2, limit);
	at = (at + 2) & kl_insn_mask(insn->adsize);
	return ret == KL_INSN_OK ? kl_insn_write(insn, insn->seg, at, size, base) : ret;
}

/* LGDT, LIDT: with 16-bit operands the base has 24 bits. */
int kl_x_ldt(struct kl_insn *insn)
{
	unsigned int size = kl_insn_long(insn) ? 8 : 4;
	u64 base, limit, at = insn->op[0].lin;
	int ret;

	if (!insn->ops->write_dt)
		return KL_INSN_UNSUPPORTED;
	ret = kl_insn_read(insn, insn->seg, at, 2, &limit);
	if (ret != KL_INSN_OK)
		return ret;
	at = (at + 2) & kl_insn_mask(insn->adsize);
	ret = kl_insn_read(insn, insn->seg, at, size, &base);
	if (ret != KL_INSN_OK)
		return ret;
	if (size == 4 && insn->opsize == 2)
		base &= 0xffffff;
	if (size == 8 && !kl_insn_canonical(insn->ctx, base))
		return kl_insn_raise(insn, X86_TRAP_GP);
	return insn->ops->write_dt(insn->ctx, insn->desc->arg, base, limit);
}

static void kl_insn_set_pair(struct kl_insn *insn, u64 val)
{
	kl_insn_set_reg(insn, KL_RAX, 4, val);
	kl_insn_set_reg(insn, KL_RDX, 4, val >> 32);
}

int kl_x_rdmsr(struct kl_insn *insn)
{
	u64 val = 0;
	int ret;

	if (!insn->ops->read_msr)
		return KL_INSN_UNSUPPORTED;
	ret = insn->ops->read_msr(insn->ctx, (u32)insn->gpr[KL_RCX], &val);
	kl_insn_set_pair(insn, val);
	return ret;
}

int kl_x_wrmsr(struct kl_insn *insn)
{
	u64 val = insn->gpr[KL_RDX] << 32 | (u32)insn->gpr[KL_RAX];

	if (!insn->ops->write_msr)
		return KL_INSN_UNSUPPORTED;
	return insn->ops->write_msr(insn->ctx, (u32)insn->gpr[KL_RCX], val);
}

int kl_x_cpuid(struct kl_insn *insn)
{
	u32 regs[4] = {
		insn->gpr[KL_RAX], insn->gpr[KL_RBX], insn->gpr[KL_RCX], insn->gpr[KL_RDX],
	};
	int ret;

	if (!insn->ops->cpuid)
		return KL_INSN_UNSUPPORTED;
	ret = insn->ops->cpuid(insn->ctx, regs);
	kl_insn_set_reg(insn, KL_RAX, 4, regs[0]);
	kl_insn_set_reg(insn, KL_RBX, 4, regs[1]);
	kl_insn_set_reg(insn, KL_RCX, 4, regs[2]);
	kl_insn_set_reg(insn, KL_RDX, 4, regs[3]);
	return ret;
}

int kl_x_rdtsc(struct kl_insn *insn)
{
	u64 val = 0;
	int ret;

	if (insn->ctx->cr4 & X86_CR4_TSD && insn->ctx->cpl)
		return kl_insn_raise(insn, X86_TRAP_GP);
	if (!insn->ops->rdtsc)
		return KL_INSN_UNSUPPORTED;
	ret = insn->ops->rdtsc(insn->ctx, &val);
	kl_insn_set_pair(insn, val);
	return ret;
}
