// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handlers of control transfers. Far transfers, INT and IRET are done in real
 * mode (far ones in virtual-8086 mode too), where a segment is just a number.
 */
#include <linux/types.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "insn.h"
#include "internal.h"

/**
 * kl_insn_cond() - evaluate a condition code
 * @rflags: RFLAGS.
 * @cc: Low four bits of the opcode (SDM, "Condition Codes").
 *
 * Return: whether it holds.
 */
bool kl_insn_cond(u64 rflags, unsigned int cc)
{
	bool less = !(rflags & X86_EFLAGS_SF) != !(rflags & X86_EFLAGS_OF);
	bool res;

	switch (cc >> 1 & 7) {
	case 0:
		res = rflags & X86_EFLAGS_OF;
		break;
	case 1:
		res = rflags & X86_EFLAGS_CF;
		break;
	case 2:
		res = rflags & X86_EFLAGS_ZF;
		break;
	case 3:
		res = rflags & (X86_EFLAGS_CF | X86_EFLAGS_ZF);
		break;
	case 4:
		res = rflags & X86_EFLAGS_SF;
		break;
	case 5:
		res = rflags & X86_EFLAGS_PF;
		break;
	case 6:
		res = less;
		break;
	default:
		res = less || rflags & X86_EFLAGS_ZF;
		break;
	}
	return res != (cc & 1);
}

int kl_x_jmp(struct kl_insn *insn)
{
	return kl_insn_jump(insn, insn->rip + insn->imm);
}

int kl_x_jcc(struct kl_insn *insn)
{
	return kl_insn_cond(insn->rflags, insn->opcode & 15) ? kl_x_jmp(insn) : KL_INSN_OK;
}

int kl_x_jmp_ind(struct kl_insn *insn)
{
	return kl_insn_jump(insn, insn->op[0].val[0]);
}

/* The target is checked before the return address is pushed. */
static int kl_insn_call_to(struct kl_insn *insn, u64 target)
{
	u64 back = insn->rip;
	int ret = kl_insn_jump(insn, target);

	return ret == KL_INSN_OK ? kl_insn_push(insn, insn->opsize, back) : ret;
}

int kl_x_call(struct kl_insn *insn)
{
	return kl_insn_call_to(insn, insn->rip + insn->imm);
}

int kl_x_call_ind(struct kl_insn *insn)
{
	return kl_insn_call_to(insn, insn->op[0].val[0]);
}

/* Drop @n bytes of arguments. */
static void kl_insn_drop(struct kl_insn *insn, u64 n)
{
	kl_insn_set_reg(insn, KL_RSP, kl_insn_stack_size(insn), insn->gpr[KL_RSP] + n);
}

int kl_x_ret(struct kl_insn *insn)
{
	u64 target;
	int ret = kl_insn_pop(insn, insn->opsize, &target);

	if (ret != KL_INSN_OK)
		return ret;
	kl_insn_drop(insn, insn->imm);
	return kl_insn_jump(insn, target);
}

/* LOOPNE E0, LOOPE E1, LOOP E2, JrCXZ E3; the count has address size. */
int kl_x_loop(struct kl_insn *insn)
{
	u64 count = kl_insn_get_reg(insn, KL_RCX, insn->adsize);
	bool zf = insn->rflags & X86_EFLAGS_ZF;

	if (insn->opcode == 0xe3)
		return count ? KL_INSN_OK : kl_x_jmp(insn);

	count = (count - 1) & kl_insn_mask(insn->adsize);
	kl_insn_set_reg(insn, KL_RCX, insn->adsize, count);
	if (!count || (insn->opcode == 0xe0 && zf) || (insn->opcode == 0xe1 && !zf))
		return KL_INSN_OK;
	return kl_x_jmp(insn);
}

/* A far transfer outside protected mode: any selector will do. */
static int kl_insn_far_to(struct kl_insn *insn, u16 sel, u64 off)
{
	int ret;

	if (!kl_insn_flat16(insn))
		return KL_INSN_UNSUPPORTED;
	ret = kl_insn_jump(insn, off);
	if (ret != KL_INSN_OK)
		return ret;
	insn->new_seg = KL_SEG_CS;
	insn->new_sel = sel;
	return KL_INSN_OK;
}

/* arg 1: CALL, else JMP. */
static int kl_insn_far(struct kl_insn *insn, u16 sel, u64 off)
{
	u64 back = insn->rip;
	int ret = kl_insn_far_to(insn, sel, off);

	if (ret != KL_INSN_OK || !insn->desc->arg)
		return ret;
	ret = kl_insn_push(insn, insn->opsize, insn->ctx->seg[KL_SEG_CS].selector);
	return ret == KL_INSN_OK ? kl_insn_push(insn, insn->opsize, back) : ret;
}

/* JMP and CALL ptr16:16, ptr16:32 */
int kl_x_far(struct kl_insn *insn)
{
	return kl_insn_far(insn, insn->imm2, insn->imm);
}

/* JMP and CALL m16:16, m16:32 */
int kl_x_far_ind(struct kl_insn *insn)
{
	u64 off, sel, at = insn->op[0].lin;
	int ret;

	if (!kl_insn_flat16(insn))
		return KL_INSN_UNSUPPORTED;
	ret = kl_insn_read(insn, insn->seg, at, insn->opsize, &off);
	if (ret != KL_INSN_OK)
		return ret;
	at = (at + insn->opsize) & kl_insn_mask(insn->adsize);
	ret = kl_insn_read(insn, insn->seg, at, 2, &sel);
	return ret == KL_INSN_OK ? kl_insn_far(insn, sel, off) : ret;
}

int kl_x_retf(struct kl_insn *insn)
{
	u64 off, sel;
	int ret;

	if (!kl_insn_flat16(insn))
		return KL_INSN_UNSUPPORTED;
	ret = kl_insn_pop(insn, insn->opsize, &off);
	if (ret == KL_INSN_OK)
		ret = kl_insn_pop(insn, insn->opsize, &sel);
	if (ret != KL_INSN_OK)
		return ret;
	kl_insn_drop(insn, insn->imm);
	return kl_insn_far_to(insn, sel, off);
}

/* INT3 CC, INT n CD, INTO CE, through the real-mode vector table. */
int kl_x_int(struct kl_insn *insn)
{
	struct kl_insn_ctx *ctx = insn->ctx;
	u64 vec = insn->opcode == 0xcd ? insn->imm : insn->opcode == 0xcc ? 3 : 4;
	u64 base, back = insn->rip, entry = 0;
	u16 limit;
	int ret;

	if (insn->opcode == 0xce && !(insn->rflags & X86_EFLAGS_OF))
		return KL_INSN_OK;
	if (ctx->mode != KL_INSN_REAL || !insn->ops->read_dt)
		return KL_INSN_UNSUPPORTED;
	ret = insn->ops->read_dt(ctx, KL_INSN_IDT, &base, &limit);
	if (ret != KL_INSN_OK)
		return ret;
	if (vec * 4 + 3 > limit)
		return kl_insn_raise(insn, X86_TRAP_GP);
	ret = insn->ops->read(ctx, (u32)(base + vec * 4), &entry, 4, false);
	if (ret == KL_INSN_OK)
		ret = kl_insn_push(insn, 2, insn->rflags);
	if (ret == KL_INSN_OK)
		ret = kl_insn_push(insn, 2, ctx->seg[KL_SEG_CS].selector);
	if (ret == KL_INSN_OK)
		ret = kl_insn_push(insn, 2, back);
	if (ret != KL_INSN_OK)
		return ret;
	insn->rflags &= ~(u64)(X86_EFLAGS_IF | X86_EFLAGS_TF | X86_EFLAGS_AC);
	return kl_insn_far_to(insn, entry >> 16 & 0xffff, entry & 0xffff);
}

int kl_x_iret(struct kl_insn *insn)
{
	u64 off, sel, image, change = ~(u64)(X86_EFLAGS_VM | X86_EFLAGS_VIF | X86_EFLAGS_VIP);
	int ret;

	if (insn->ctx->mode != KL_INSN_REAL)
		return KL_INSN_UNSUPPORTED;
	ret = kl_insn_pop(insn, insn->opsize, &off);
	if (ret == KL_INSN_OK)
		ret = kl_insn_pop(insn, insn->opsize, &sel);
	if (ret == KL_INSN_OK)
		ret = kl_insn_pop(insn, insn->opsize, &image);
	if (ret != KL_INSN_OK)
		return ret;
	/* The defined bits of EFLAGS up to ID; bit 1 reads as one. */
	change &= 0x3f7fd5 & kl_insn_mask(insn->opsize);
	insn->rflags = (insn->rflags & ~change) | (image & change);
	return kl_insn_far_to(insn, sel, off);
}

int kl_x_hlt(struct kl_insn *insn)
{
	insn->hlt = true;
	return KL_INSN_OK;
}

/* Opcodes that the SDM reserves for #UD; decoding raises it, so this does not run. */
int kl_x_ud(struct kl_insn *insn)
{
	return kl_insn_raise(insn, X86_TRAP_UD);
}
