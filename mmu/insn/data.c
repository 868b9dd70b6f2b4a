// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handlers of instructions that move data: MOV and its relatives, stack,
 * conversions, flags, and the SSE moves that drivers use on device memory.
 */
#include <linux/types.h>
#include <linux/string.h>
#include <linux/swab.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "insn.h"
#include "internal.h"

#define KL_FLAGS_LAHF	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | \
			 X86_EFLAGS_ZF | X86_EFLAGS_SF)
/* What POPF may change at most; system flags are added by privilege. */
#define KL_FLAGS_POPF	(KL_FLAGS_LAHF | X86_EFLAGS_TF | X86_EFLAGS_DF | X86_EFLAGS_OF | \
			 X86_EFLAGS_NT | X86_EFLAGS_AC | X86_EFLAGS_ID)

/* MOV, MOVZX, MOVNTI: the source was loaded zero-extended. */
int kl_x_mov(struct kl_insn *insn)
{
	insn->op[0].val[0] = insn->op[1].val[0];
	return KL_INSN_OK;
}

int kl_x_movsx(struct kl_insn *insn)
{
	insn->op[0].val[0] = kl_insn_sext(insn->op[1].val[0], insn->op[1].size);
	return KL_INSN_OK;
}

int kl_x_nop(struct kl_insn *insn)
{
	return KL_INSN_OK;
}

int kl_x_lea(struct kl_insn *insn)
{
	insn->op[0].val[0] = insn->op[1].lin;
	return KL_INSN_OK;
}

int kl_x_push(struct kl_insn *insn)
{
	return kl_insn_push(insn, insn->opsize, insn->op[0].val[0]);
}

int kl_x_pop(struct kl_insn *insn)
{
	return kl_insn_pop(insn, insn->opsize, &insn->op[0].val[0]);
}

int kl_x_pusha(struct kl_insn *insn)
{
	u64 sp = insn->gpr[KL_RSP];
	unsigned int i;
	int ret;

	for (i = 0; i < 8; i++) {
		ret = kl_insn_push(insn, insn->opsize, i == KL_RSP ? sp : insn->gpr[i]);
		if (ret != KL_INSN_OK)
			return ret;
	}
	return KL_INSN_OK;
}

int kl_x_popa(struct kl_insn *insn)
{
	u64 val;
	int i, ret;

	for (i = 7; i >= 0; i--) {
		ret = kl_insn_pop(insn, insn->opsize, &val);
		if (ret != KL_INSN_OK)
			return ret;
		if (i != KL_RSP)
			kl_insn_set_reg(insn, i, insn->opsize, val);
	}
	return KL_INSN_OK;
}

static unsigned int kl_insn_iopl(const struct kl_insn *insn)
{
	return (insn->rflags & X86_EFLAGS_IOPL) >> 12;
}

int kl_x_pushf(struct kl_insn *insn)
{
	u64 image = insn->rflags & ~(u64)(X86_EFLAGS_VM | X86_EFLAGS_RF);

	if (insn->ctx->mode == KL_INSN_VM86 && kl_insn_iopl(insn) < 3)
		return insn->ctx->cr4 & X86_CR4_VME ? KL_INSN_UNSUPPORTED :
						      kl_insn_raise(insn, X86_TRAP_GP);
	return kl_insn_push(insn, insn->opsize, image);
}

int kl_x_popf(struct kl_insn *insn)
{
	u64 image, change = KL_FLAGS_POPF;
	int ret;

	if (insn->ctx->mode == KL_INSN_VM86 && kl_insn_iopl(insn) < 3)
		return insn->ctx->cr4 & X86_CR4_VME ? KL_INSN_UNSUPPORTED :
						      kl_insn_raise(insn, X86_TRAP_GP);
	ret = kl_insn_pop(insn, insn->opsize, &image);
	if (ret != KL_INSN_OK)
		return ret;
	if (!insn->ctx->cpl)
		change |= X86_EFLAGS_IOPL;
	if (insn->ctx->cpl <= kl_insn_iopl(insn))
		change |= X86_EFLAGS_IF;
	change &= kl_insn_mask(insn->opsize);
	insn->rflags = (insn->rflags & ~change) | (image & change);
	return KL_INSN_OK;
}

int kl_x_enter(struct kl_insn *insn)
{
	unsigned int width = kl_insn_stack_size(insn), level = insn->imm2 & 31, i;
	u64 frame, bp = kl_insn_get_reg(insn, KL_RBP, width), val;
	int ret;

	ret = kl_insn_push(insn, insn->opsize, insn->gpr[KL_RBP]);
	frame = insn->gpr[KL_RSP];
	for (i = 1; i < level && ret == KL_INSN_OK; i++) {
		bp = (bp - insn->opsize) & kl_insn_mask(width);
		ret = kl_insn_read(insn, KL_SEG_SS, bp, insn->opsize, &val);
		if (ret == KL_INSN_OK)
			ret = kl_insn_push(insn, insn->opsize, val);
	}
	if (level && ret == KL_INSN_OK)
		ret = kl_insn_push(insn, insn->opsize, frame);
	if (ret != KL_INSN_OK)
		return ret;
	kl_insn_set_reg(insn, KL_RBP, insn->opsize, frame);
	kl_insn_set_reg(insn, KL_RSP, width, insn->gpr[KL_RSP] - insn->imm);
	return KL_INSN_OK;
}

int kl_x_leave(struct kl_insn *insn)
{
	unsigned int width = kl_insn_stack_size(insn);
	u64 val;
	int ret;

	kl_insn_set_reg(insn, KL_RSP, width, insn->gpr[KL_RBP]);
	ret = kl_insn_pop(insn, insn->opsize, &val);
	if (ret == KL_INSN_OK)
		kl_insn_set_reg(insn, KL_RBP, insn->opsize, val);
	return ret;
}

/* CBW, CWDE, CDQE */
int kl_x_cbw(struct kl_insn *insn)
{
	kl_insn_set_reg(insn, KL_RAX, insn->opsize,
			kl_insn_sext(insn->gpr[KL_RAX], insn->opsize / 2));
	return KL_INSN_OK;
}

/* CWD, CDQ, CQO */
int kl_x_cwd(struct kl_insn *insn)
{
	bool neg = kl_insn_sext(insn->gpr[KL_RAX], insn->opsize) >> 63;

	kl_insn_set_reg(insn, KL_RDX, insn->opsize, neg ? ~0ull : 0);
	return KL_INSN_OK;
}

static u64 kl_insn_swap(u64 val, unsigned int size)
{
	return __swab64(val) >> (64 - size * 8);
}

/* With 16 bits the SDM leaves the result undefined; CPUs give 0. */
int kl_x_bswap(struct kl_insn *insn)
{
	struct kl_insn_operand *dst = &insn->op[0];

	dst->val[0] = dst->size == 2 ? 0 : kl_insn_swap(dst->val[0], dst->size);
	return KL_INSN_OK;
}

int kl_x_movbe(struct kl_insn *insn)
{
	insn->op[0].val[0] = kl_insn_swap(insn->op[1].val[0], insn->opsize);
	return KL_INSN_OK;
}

/* The source is read, and the upper half of a 32-bit destination cleared, in any case. */
int kl_x_cmov(struct kl_insn *insn)
{
	if (kl_insn_cond(insn->rflags, insn->opcode & 15))
		insn->op[0].val[0] = insn->op[1].val[0];
	return KL_INSN_OK;
}

int kl_x_setcc(struct kl_insn *insn)
{
	insn->op[0].val[0] = kl_insn_cond(insn->rflags, insn->opcode & 15);
	return KL_INSN_OK;
}

/* CMC F5, CLC F8, STC F9, CLD FC, STD FD */
int kl_x_flag(struct kl_insn *insn)
{
	u64 flag = insn->opcode >= 0xfc ? X86_EFLAGS_DF : X86_EFLAGS_CF;

	if (insn->opcode == 0xf5)
		insn->rflags ^= flag;
	else if (insn->opcode & 1)
		insn->rflags |= flag;
	else
		insn->rflags &= ~flag;
	return KL_INSN_OK;
}

/* Whether CLI and STI act on IF itself; else the result to end with. */
static int kl_insn_may_set_if(struct kl_insn *insn)
{
	const struct kl_insn_ctx *ctx = insn->ctx;

	if (ctx->mode == KL_INSN_REAL || ctx->cpl <= kl_insn_iopl(insn))
		return KL_INSN_OK;
	/* VIF takes the place of IF: not covered. */
	if (ctx->mode == KL_INSN_VM86 ? ctx->cr4 & X86_CR4_VME :
					ctx->cpl == 3 && ctx->cr4 & X86_CR4_PVI)
		return KL_INSN_UNSUPPORTED;
	return kl_insn_raise(insn, X86_TRAP_GP);
}

int kl_x_cli(struct kl_insn *insn)
{
	int ret = kl_insn_may_set_if(insn);

	if (ret == KL_INSN_OK)
		insn->rflags &= ~(u64)X86_EFLAGS_IF;
	return ret;
}

int kl_x_sti(struct kl_insn *insn)
{
	int ret = kl_insn_may_set_if(insn);

	if (ret != KL_INSN_OK)
		return ret;
	if (!(insn->rflags & X86_EFLAGS_IF))
		insn->shadow = KL_INSN_SHADOW_STI;
	insn->rflags |= X86_EFLAGS_IF;
	return KL_INSN_OK;
}

int kl_x_lahf(struct kl_insn *insn)
{
	u64 ah = (insn->rflags & KL_FLAGS_LAHF) | X86_EFLAGS_FIXED;

	insn->gpr[KL_RAX] = (insn->gpr[KL_RAX] & ~0xff00ull) | ah << 8;
	return KL_INSN_OK;
}

int kl_x_sahf(struct kl_insn *insn)
{
	u64 ah = insn->gpr[KL_RAX] >> 8;

	insn->rflags = (insn->rflags & ~(u64)KL_FLAGS_LAHF) | (ah & KL_FLAGS_LAHF);
	return KL_INSN_OK;
}

int kl_x_xlat(struct kl_insn *insn)
{
	u64 off = (insn->gpr[KL_RBX] + (insn->gpr[KL_RAX] & 0xff)) & kl_insn_mask(insn->adsize);
	u64 val;
	int ret = kl_insn_read(insn, insn->seg, off, 1, &val);

	if (ret == KL_INSN_OK)
		kl_insn_set_reg(insn, KL_RAX, 1, val);
	return ret;
}

/*
 * All SSE moves. arg is the number of bytes moved, 16 being all. A shorter
 * load from memory clears the rest of the register; between registers MOVQ
 * clears it and MOVSS, MOVSD keep it.
 */
int kl_x_xmov(struct kl_insn *insn)
{
	struct kl_insn_operand *dst = &insn->op[0];
	const struct kl_insn_operand *src = &insn->op[1];
	bool keep = (insn->opcode == 0x10 || insn->opcode == 0x11) &&
		    dst->where == KL_W_XMM && src->where == KL_W_XMM && insn->desc->arg < 16;
	unsigned int n = insn->desc->arg;
	u64 mask = kl_insn_mask(n), old[2] = { 0, 0 };
	int ret;

	if (keep) {
		ret = insn->ops->read_xmm(insn->ctx, dst->reg, old);
		if (ret != KL_INSN_OK)
			return ret;
	}
	if (!n) {
		/* MOVD, MOVQ between XMM and general register or memory. */
		n = insn->rex & 8 ? 8 : 4;
		mask = kl_insn_mask(n);
	}
	dst->val[0] = (src->val[0] & mask) | (old[0] & ~mask);
	dst->val[1] = n == 16 ? src->val[1] : old[1];
	return KL_INSN_OK;
}
