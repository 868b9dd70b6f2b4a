// SPDX-License-Identifier: GPL-2.0-only
/*
 * Execution: load operands, call the handler of the row, write the destination
 * back, commit. Handlers work on the copy of the registers in struct kl_insn,
 * so an instruction that does not finish leaves the context as it was.
 *
 * tour 26: load, handler, write back, commit; only commit touches the guest's registers.
 */
#include <linux/types.h>
#include <linux/string.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "insn.h"
#include "internal.h"

/**
 * kl_insn_begin() - copy the registers out of the context
 * @insn: Decoded instruction. RIP is set behind it.
 */
void kl_insn_begin(struct kl_insn *insn)
{
	const struct kl_insn_ctx *ctx = insn->ctx;

	memcpy(insn->gpr, ctx->gpr, sizeof(insn->gpr));
	insn->rip = ctx->rip + insn->len;
	if (!kl_insn_long(insn))
		insn->rip = (u32)insn->rip;
	insn->rflags = ctx->rflags & ~(u64)X86_EFLAGS_RF;
	insn->new_seg = KL_INSN_NO_REG;
	insn->shadow = 0;
	insn->hlt = false;
}

/**
 * kl_insn_commit() - make the effects of the instruction the guest's state
 * @insn: Instruction whose handler is done.
 *
 * Return: %KL_INSN_OK, or why the segment register could not be loaded.
 */
int kl_insn_commit(struct kl_insn *insn)
{
	struct kl_insn_ctx *ctx = insn->ctx;
	int ret;

	if (insn->new_seg != KL_INSN_NO_REG) {
		struct kl_insn_seg *seg = &ctx->seg[insn->new_seg];

		if (kl_insn_flat16(insn)) {
			seg->selector = insn->new_sel;
			seg->base = (u64)insn->new_sel << 4;
		} else {
			if (!insn->ops->load_seg)
				return KL_INSN_UNSUPPORTED;
			ret = insn->ops->load_seg(ctx, insn->new_seg, insn->new_sel);
			if (ret != KL_INSN_OK)
				return ret;
		}
	}
	memcpy(ctx->gpr, insn->gpr, sizeof(ctx->gpr));
	ctx->rip = insn->rip;
	ctx->rflags = insn->rflags;
	ctx->shadow = insn->shadow;
	ctx->hlt = insn->hlt;
	if (insn->ops->commit)
		insn->ops->commit(ctx);
	return KL_INSN_OK;
}

/* Offset of the memory operand, cut to the address size. */
static u64 kl_insn_offset(const struct kl_insn *insn)
{
	u64 off = insn->disp;

	if (insn->base != KL_INSN_NO_REG) {
		off += insn->gpr[insn->base];
		if (insn->desc->flags & KL_F_POP && insn->base == KL_RSP)
			off += insn->opsize;
	}
	if (insn->index != KL_INSN_NO_REG)
		off += insn->gpr[insn->index] << insn->scale;
	if (insn->rip_relative)
		off += insn->rip;
	/* A register holds the bit offset: it reaches beyond the operand. */
	if (insn->desc->flags & KL_F_BITS) {
		s64 bit = kl_insn_sext(kl_insn_get_reg(insn, insn->reg, insn->opsize),
				       insn->opsize);

		off += (bit >> (insn->opsize == 8 ? 6 : insn->opsize == 4 ? 5 : 4)) * insn->opsize;
	}
	return off & kl_insn_mask(insn->adsize);
}

static void kl_insn_operand_gpr(struct kl_insn *insn, struct kl_insn_operand *op, unsigned int reg)
{
	op->where = KL_W_GPR;
	op->reg = reg;
	/* Without REX, byte registers 4 to 7 are AH, CH, DH, BH. */
	if (op->size == 1 && !insn->rex && reg >= 4 && reg < 8) {
		op->high_byte = true;
		op->reg = reg - 4;
		op->val[0] = insn->gpr[op->reg] >> 8 & 0xff;
	} else {
		op->val[0] = kl_insn_get_reg(insn, reg, op->size);
	}
}

static void kl_insn_operand_const(struct kl_insn_operand *op, u64 val)
{
	op->where = KL_W_CONST;
	op->val[0] = val;
}

/* Width of a memory or ModRM operand of some kind. */
static unsigned int kl_insn_operand_size(const struct kl_insn *insn, u8 kind)
{
	switch (kind) {
	case KL_O_E8:
		return 1;
	case KL_O_E16:
		return 2;
	case KL_O_EW:
		return insn->has_mem ? 2 : insn->opsize;
	case KL_O_E32:
		return insn->opsize == 2 ? 2 : 4;
	case KL_O_XE4:
		return 4;
	case KL_O_XE8:
		return 8;
	case KL_O_X:
	case KL_O_XE:
	case KL_O_XM:
		return 16;
	case KL_O_EY:
		return insn->rex & 8 ? 8 : 4;
	case KL_O_M8B:
		return insn->rex & 8 ? 16 : 8;
	case KL_O_R:
		return kl_insn_long(insn) ? 8 : 4;
	case KL_O_CL:
		return 1;
	case KL_O_DX:
		return 2;
	default:
		return insn->opsize;
	}
}

static int kl_insn_load_xmm(struct kl_insn *insn, struct kl_insn_operand *op, unsigned int reg,
			    bool load)
{
	op->where = KL_W_XMM;
	op->reg = reg;
	op->size = 16;
	if (!insn->ops->read_xmm || !insn->ops->write_xmm)
		return KL_INSN_UNSUPPORTED;
	return load ? insn->ops->read_xmm(insn->ctx, reg, op->val) : KL_INSN_OK;
}

static int kl_insn_load_mem(struct kl_insn *insn, struct kl_insn_operand *op, bool load, bool store)
{
	int ret;

	op->where = KL_W_MEM;
	ret = kl_insn_linear(insn, insn->seg, kl_insn_offset(insn), op->size, store, &op->lin);
	if (ret != KL_INSN_OK)
		return ret;
	if (insn->desc->flags & KL_F_ALIGNED && op->lin & (op->size - 1))
		return kl_insn_raise(insn, X86_TRAP_GP);
	ret = kl_insn_align(insn, op->lin, op->size);
	if (ret != KL_INSN_OK || !load)
		return ret;
	ret = insn->ops->read(insn->ctx, op->lin, op->val, op->size, store);
	op->orig[0] = op->val[0];
	op->orig[1] = op->val[1];
	return ret;
}

static int kl_insn_load_operand(struct kl_insn *insn, unsigned int n)
{
	struct kl_insn_operand *op = &insn->op[n];
	u8 kind = insn->desc->opnd[n];
	bool load = n || insn->desc->flags & KL_F_RD;
	bool store = !n && insn->desc->flags & KL_F_WR;

	memset(op, 0, sizeof(*op));
	op->size = kl_insn_operand_size(insn, kind);
	switch (kind) {
	case KL_O_NONE:
		break;
	case KL_O_M:
		/* The address is all that is wanted; the handler goes on from there. */
		op->where = KL_W_MEM;
		op->lin = kl_insn_offset(insn);
		break;
	case KL_O_X:
		return kl_insn_load_xmm(insn, op, insn->reg, load);
	case KL_O_XE:
	case KL_O_XE8:
	case KL_O_XE4:
	case KL_O_XM:
		if (!insn->has_mem)
			return kl_insn_load_xmm(insn, op, insn->rm, load);
		return kl_insn_load_mem(insn, op, load, store);
	case KL_O_G:
		kl_insn_operand_gpr(insn, op, insn->reg);
		break;
	case KL_O_Z:
		kl_insn_operand_gpr(insn, op, (insn->opcode & 7) | (insn->rex & 1 ? 8 : 0));
		break;
	case KL_O_A:
		kl_insn_operand_gpr(insn, op, KL_RAX);
		break;
	case KL_O_CL:
		kl_insn_operand_gpr(insn, op, KL_RCX);
		break;
	case KL_O_DX:
		kl_insn_operand_gpr(insn, op, KL_RDX);
		break;
	case KL_O_ONE:
		kl_insn_operand_const(op, 1);
		break;
	case KL_O_IB ... KL_O_FAR:
		kl_insn_operand_const(op, insn->imm);
		break;
	default:
		if (insn->has_mem)
			return kl_insn_load_mem(insn, op, load, store);
		kl_insn_operand_gpr(insn, op, insn->rm);
		break;
	}
	return KL_INSN_OK;
}

/* Write the destination back; the last thing that can fail but for a segment load. */
static int kl_insn_store(struct kl_insn *insn)
{
	struct kl_insn_operand *op = &insn->op[0];
	struct kl_insn_ctx *ctx = insn->ctx;

	switch (op->where) {
	case KL_W_GPR:
		if (op->high_byte)
			insn->gpr[op->reg] = (insn->gpr[op->reg] & ~0xff00ull) |
					     (op->val[0] & 0xff) << 8;
		else
			kl_insn_set_reg(insn, op->reg, op->size, op->val[0]);
		return KL_INSN_OK;
	case KL_W_XMM:
		return insn->ops->write_xmm(ctx, op->reg, op->val);
	case KL_W_MEM:
		if (insn->lock || insn->desc->flags & KL_F_ATOMIC)
			return insn->ops->cmpxchg(ctx, op->lin, op->orig, op->val, op->size);
		return insn->ops->write(ctx, op->lin, op->val, op->size);
	default:
		return KL_INSN_OK;
	}
}

static int kl_insn_exec_once(struct kl_insn *insn)
{
	unsigned int i;
	int ret;

	kl_insn_begin(insn);
	for (i = 0; i < 3; i++) {
		ret = kl_insn_load_operand(insn, i);
		if (ret != KL_INSN_OK)
			return ret;
	}
	ret = insn->desc->exec(insn);
	if (ret == KL_INSN_OK && insn->desc->flags & KL_F_WR)
		ret = kl_insn_store(insn);
	if (ret == KL_INSN_OK)
		ret = kl_insn_commit(insn);
	return ret;
}

/* What must hold before an operand is touched. */
static int kl_insn_allowed(struct kl_insn *insn)
{
	const struct kl_insn_ctx *ctx = insn->ctx;
	u32 flags = insn->desc->flags;

	if (flags & KL_F_PRIV && ctx->cpl)
		return kl_insn_raise(insn, X86_TRAP_GP);
	if (flags & KL_F_SSE) {
		if (ctx->cr0 & X86_CR0_EM || !(ctx->cr4 & X86_CR4_OSFXSR))
			return kl_insn_raise(insn, X86_TRAP_UD);
		if (ctx->cr0 & X86_CR0_TS)
			return kl_insn_raise(insn, X86_TRAP_NM);
	}
	return KL_INSN_OK;
}

int kl_insn_exec(struct kl_insn *insn, struct kl_insn_ctx *ctx, const struct kl_insn_ops *ops)
{
	bool tf = ctx->rflags & X86_EFLAGS_TF;
	int ret;

	insn->ctx = ctx;
	insn->ops = ops;
	ctx->shadow = 0;
	ctx->hlt = false;
	ctx->single_step = false;
	ret = kl_insn_allowed(insn);
	if (ret != KL_INSN_OK)
		return ret;
	if (insn->desc->flags & KL_F_STRING)
		ret = kl_insn_exec_string(insn);
	else
		ret = kl_insn_exec_once(insn);
	/* A load of SS also holds off the trap of its own single step. */
	if (ret == KL_INSN_OK || ret == KL_INSN_AGAIN)
		ctx->single_step = tf && !(ctx->shadow & KL_INSN_SHADOW_MOV_SS);
	return ret;
}

int kl_insn_step(struct kl_insn *insn, struct kl_insn_ctx *ctx, const struct kl_insn_ops *ops)
{
	int ret = kl_insn_decode(insn, ctx, ops);

	return ret == KL_INSN_OK ? kl_insn_exec(insn, ctx, ops) : ret;
}
