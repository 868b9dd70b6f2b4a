// SPDX-License-Identifier: GPL-2.0-only
/*
 * String instructions, with and without REP: each iteration commits, so a
 * fault or a pending access in the middle leaves the registers where the
 * hardware would, and the work of one call is bounded.
 *
 * tour 27: REP is a loop of committed iterations, cut after a bounded number so
 * that interrupts get in.
 */
#include <linux/types.h>
#include <linux/minmax.h>
#include <asm/processor-flags.h>

#include "alu.h"
#include "insn.h"
#include "internal.h"

/* INS and OUTS know no 64-bit form. */
static unsigned int kl_insn_io_size(const struct kl_insn *insn)
{
	return min_t(unsigned int, insn->opsize, 4);
}

static u64 kl_insn_si(const struct kl_insn *insn)
{
	return kl_insn_get_reg(insn, KL_RSI, insn->adsize);
}

static u64 kl_insn_di(const struct kl_insn *insn)
{
	return kl_insn_get_reg(insn, KL_RDI, insn->adsize);
}

/* Move an index register to the next element. */
static void kl_insn_advance(struct kl_insn *insn, unsigned int reg, unsigned int size)
{
	u64 step = insn->rflags & X86_EFLAGS_DF ? -(u64)size : size;

	kl_insn_set_reg(insn, reg, insn->adsize, insn->gpr[reg] + step);
}

int kl_x_movs(struct kl_insn *insn)
{
	u64 val;
	int ret;

	ret = kl_insn_read(insn, insn->seg, kl_insn_si(insn), insn->opsize, &val);
	if (ret == KL_INSN_OK)
		ret = kl_insn_write(insn, KL_SEG_ES, kl_insn_di(insn), insn->opsize, val);
	kl_insn_advance(insn, KL_RSI, insn->opsize);
	kl_insn_advance(insn, KL_RDI, insn->opsize);
	return ret;
}

int kl_x_cmps(struct kl_insn *insn)
{
	u64 a, b;
	int ret;

	ret = kl_insn_read(insn, insn->seg, kl_insn_si(insn), insn->opsize, &a);
	if (ret == KL_INSN_OK)
		ret = kl_insn_read(insn, KL_SEG_ES, kl_insn_di(insn), insn->opsize, &b);
	if (ret == KL_INSN_OK)
		kl_alu(KL_ALU_CMP, &insn->rflags, insn->opsize, a, b);
	kl_insn_advance(insn, KL_RSI, insn->opsize);
	kl_insn_advance(insn, KL_RDI, insn->opsize);
	return ret;
}

int kl_x_stos(struct kl_insn *insn)
{
	int ret = kl_insn_write(insn, KL_SEG_ES, kl_insn_di(insn), insn->opsize,
				insn->gpr[KL_RAX]);

	kl_insn_advance(insn, KL_RDI, insn->opsize);
	return ret;
}

int kl_x_lods(struct kl_insn *insn)
{
	u64 val;
	int ret = kl_insn_read(insn, insn->seg, kl_insn_si(insn), insn->opsize, &val);

	if (ret == KL_INSN_OK)
		kl_insn_set_reg(insn, KL_RAX, insn->opsize, val);
	kl_insn_advance(insn, KL_RSI, insn->opsize);
	return ret;
}

int kl_x_scas(struct kl_insn *insn)
{
	u64 val;
	int ret = kl_insn_read(insn, KL_SEG_ES, kl_insn_di(insn), insn->opsize, &val);

	if (ret == KL_INSN_OK)
		kl_alu(KL_ALU_CMP, &insn->rflags, insn->opsize, insn->gpr[KL_RAX], val);
	kl_insn_advance(insn, KL_RDI, insn->opsize);
	return ret;
}

/* The destination is probed first: a port must not be read for an element that cannot be stored. */
int kl_x_ins(struct kl_insn *insn)
{
	unsigned int size = kl_insn_io_size(insn);
	u16 port = insn->gpr[KL_RDX];
	u32 val = 0;
	u64 lin;
	int ret;

	if (!insn->ops->in)
		return KL_INSN_UNSUPPORTED;
	ret = kl_insn_io_allowed(insn, port, size);
	if (ret == KL_INSN_OK)
		ret = kl_insn_linear(insn, KL_SEG_ES, kl_insn_di(insn), size, true, &lin);
	if (ret == KL_INSN_OK)
		ret = kl_insn_align(insn, lin, size);
	if (ret == KL_INSN_OK && insn->ops->probe_write)
		ret = insn->ops->probe_write(insn->ctx, lin, size);
	if (ret == KL_INSN_OK)
		ret = insn->ops->in(insn->ctx, port, size, &val);
	if (ret == KL_INSN_OK)
		ret = insn->ops->write(insn->ctx, lin, &val, size);
	kl_insn_advance(insn, KL_RDI, size);
	return ret;
}

int kl_x_outs(struct kl_insn *insn)
{
	unsigned int size = kl_insn_io_size(insn);
	u16 port = insn->gpr[KL_RDX];
	u64 val;
	int ret;

	if (!insn->ops->out)
		return KL_INSN_UNSUPPORTED;
	ret = kl_insn_io_allowed(insn, port, size);
	if (ret == KL_INSN_OK)
		ret = kl_insn_read(insn, insn->seg, kl_insn_si(insn), size, &val);
	if (ret == KL_INSN_OK)
		ret = insn->ops->out(insn->ctx, port, size, val);
	kl_insn_advance(insn, KL_RSI, size);
	return ret;
}

/* CMPS and SCAS also end by ZF: F3 while equal, F2 while not. */
static bool kl_insn_rep_ends(const struct kl_insn *insn)
{
	bool zf = insn->rflags & X86_EFLAGS_ZF;

	if (insn->desc->exec != kl_x_cmps && insn->desc->exec != kl_x_scas)
		return false;
	return insn->rep == 0xf3 ? !zf : zf;
}

/**
 * kl_insn_exec_string() - execute a string instruction
 * @insn: Decoded instruction.
 *
 * Return: an enum kl_insn_result; %KL_INSN_AGAIN if iterations are left.
 */
int kl_insn_exec_string(struct kl_insn *insn)
{
	struct kl_insn_ctx *ctx = insn->ctx;
	unsigned int n, max = ctx->rflags & X86_EFLAGS_TF ? 1 : KL_INSN_MAX_REP;
	u64 count;
	int ret;

	for (n = 0; n < max; n++) {
		kl_insn_begin(insn);
		count = kl_insn_get_reg(insn, KL_RCX, insn->adsize);
		if (insn->rep && !count)
			return kl_insn_commit(insn);
		ret = insn->desc->exec(insn);
		if (ret != KL_INSN_OK)
			return ret;
		if (!insn->rep)
			return kl_insn_commit(insn);
		kl_insn_set_reg(insn, KL_RCX, insn->adsize, --count);
		if (!count || kl_insn_rep_ends(insn))
			return kl_insn_commit(insn);
		/* Not done: RIP stays, and so does RF, which covers the whole instruction. */
		insn->rip = ctx->rip;
		insn->rflags |= ctx->rflags & X86_EFLAGS_RF;
		kl_insn_commit(insn);
	}
	return KL_INSN_AGAIN;
}
