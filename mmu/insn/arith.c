// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handlers of integer instructions that compute: each takes operands loaded by
 * exec.c and leaves its result in the destination operand.
 */
#include <linux/types.h>
#include <linux/string.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "alu.h"
#include "insn.h"
#include "internal.h"

/* ADD to CMP: opcodes 00 to 3F by bits 3 to 5, group 1 by ModRM.reg. */
int kl_x_alu(struct kl_insn *insn)
{
	struct kl_insn_operand *dst = &insn->op[0];

	dst->val[0] = kl_alu(insn->desc->arg, &insn->rflags, dst->size, dst->val[0],
			     insn->op[1].val[0]);
	return KL_INSN_OK;
}

int kl_x_test(struct kl_insn *insn)
{
	kl_alu(KL_ALU_AND, &insn->rflags, insn->opsize, insn->op[0].val[0], insn->op[1].val[0]);
	return KL_INSN_OK;
}

int kl_x_not(struct kl_insn *insn)
{
	insn->op[0].val[0] = ~insn->op[0].val[0] & kl_insn_mask(insn->opsize);
	return KL_INSN_OK;
}

int kl_x_neg(struct kl_insn *insn)
{
	insn->op[0].val[0] = kl_alu_neg(&insn->rflags, insn->opsize, insn->op[0].val[0]);
	return KL_INSN_OK;
}

int kl_x_inc(struct kl_insn *insn)
{
	insn->op[0].val[0] = kl_alu_inc(&insn->rflags, insn->opsize, insn->op[0].val[0]);
	return KL_INSN_OK;
}

int kl_x_dec(struct kl_insn *insn)
{
	insn->op[0].val[0] = kl_alu_dec(&insn->rflags, insn->opsize, insn->op[0].val[0]);
	return KL_INSN_OK;
}

/* The double-width accumulator: AX for bytes, rDX:rAX else. */
static void kl_insn_get_wide(const struct kl_insn *insn, u64 *lo, u64 *hi)
{
	*lo = kl_insn_get_reg(insn, KL_RAX, insn->opsize);
	if (insn->opsize == 1)
		*hi = insn->gpr[KL_RAX] >> 8 & 0xff;
	else
		*hi = kl_insn_get_reg(insn, KL_RDX, insn->opsize);
}

static void kl_insn_set_wide(struct kl_insn *insn, u64 lo, u64 hi)
{
	if (insn->opsize == 1) {
		kl_insn_set_reg(insn, KL_RAX, 2, lo | hi << 8);
	} else {
		kl_insn_set_reg(insn, KL_RAX, insn->opsize, lo);
		kl_insn_set_reg(insn, KL_RDX, insn->opsize, hi);
	}
}

static int kl_insn_mul_acc(struct kl_insn *insn, bool is_signed)
{
	u64 lo, hi;

	kl_alu_mul(&insn->rflags, insn->opsize, is_signed,
		   kl_insn_get_reg(insn, KL_RAX, insn->opsize), insn->op[0].val[0], &lo, &hi);
	kl_insn_set_wide(insn, lo, hi);
	return KL_INSN_OK;
}

int kl_x_mul(struct kl_insn *insn)
{
	return kl_insn_mul_acc(insn, false);
}

int kl_x_imul(struct kl_insn *insn)
{
	return kl_insn_mul_acc(insn, true);
}

int kl_x_imul2(struct kl_insn *insn)
{
	u64 hi;

	kl_alu_mul(&insn->rflags, insn->opsize, true, insn->op[0].val[0], insn->op[1].val[0],
		   &insn->op[0].val[0], &hi);
	return KL_INSN_OK;
}

int kl_x_imul3(struct kl_insn *insn)
{
	u64 hi;

	kl_alu_mul(&insn->rflags, insn->opsize, true, insn->op[1].val[0], insn->op[2].val[0],
		   &insn->op[0].val[0], &hi);
	return KL_INSN_OK;
}

int kl_x_div(struct kl_insn *insn)
{
	u64 lo, hi, quot, rem;

	kl_insn_get_wide(insn, &lo, &hi);
	if (!kl_alu_div(insn->opsize, hi, lo, insn->op[0].val[0], &quot, &rem))
		return kl_insn_raise(insn, X86_TRAP_DE);
	kl_insn_set_wide(insn, quot, rem);
	return KL_INSN_OK;
}

int kl_x_idiv(struct kl_insn *insn)
{
	u64 lo, hi, quot, rem;

	kl_insn_get_wide(insn, &lo, &hi);
	if (!kl_alu_idiv(insn->opsize, hi, lo, insn->op[0].val[0], &quot, &rem))
		return kl_insn_raise(insn, X86_TRAP_DE);
	kl_insn_set_wide(insn, quot, rem);
	return KL_INSN_OK;
}

/* Group 2. The second operand is an immediate, 1 or CL. */
int kl_x_shift(struct kl_insn *insn)
{
	insn->op[0].val[0] = kl_alu_shift(insn->desc->arg, &insn->rflags, insn->opsize,
					  insn->op[0].val[0], insn->op[1].val[0] & 0xff);
	return KL_INSN_OK;
}

int kl_x_shld(struct kl_insn *insn)
{
	insn->op[0].val[0] = kl_alu_shld(&insn->rflags, insn->opsize, insn->op[0].val[0],
					 insn->op[1].val[0], insn->op[2].val[0] & 0xff);
	return KL_INSN_OK;
}

int kl_x_shrd(struct kl_insn *insn)
{
	insn->op[0].val[0] = kl_alu_shrd(&insn->rflags, insn->opsize, insn->op[0].val[0],
					 insn->op[1].val[0], insn->op[2].val[0] & 0xff);
	return KL_INSN_OK;
}

/* BT, BTS, BTR, BTC: arg 0 to 3. Only CF is defined; the others keep their values. */
int kl_x_bit(struct kl_insn *insn)
{
	struct kl_insn_operand *dst = &insn->op[0];
	u64 bit = 1ull << (insn->op[1].val[0] & (insn->opsize * 8 - 1));

	insn->rflags &= ~(u64)X86_EFLAGS_CF;
	if (dst->val[0] & bit)
		insn->rflags |= X86_EFLAGS_CF;
	switch (insn->desc->arg) {
	case 1:
		dst->val[0] |= bit;
		break;
	case 2:
		dst->val[0] &= ~bit;
		break;
	case 3:
		dst->val[0] ^= bit;
		break;
	}
	return KL_INSN_OK;
}

/*
 * Of a zero source the destination is undefined by the SDM and unchanged on
 * CPUs, whatever the operand size (software relies on it).
 */
static bool kl_insn_scan_zero(struct kl_insn *insn)
{
	struct kl_insn_operand *dst = &insn->op[0];

	insn->rflags &= ~(u64)X86_EFLAGS_ZF;
	if (insn->op[1].val[0])
		return false;
	insn->rflags |= X86_EFLAGS_ZF;
	dst->val[0] = insn->gpr[dst->reg];
	dst->size = 8;
	return true;
}

int kl_x_bsf(struct kl_insn *insn)
{
	if (!kl_insn_scan_zero(insn))
		insn->op[0].val[0] = __builtin_ctzll(insn->op[1].val[0]);
	return KL_INSN_OK;
}

int kl_x_bsr(struct kl_insn *insn)
{
	if (!kl_insn_scan_zero(insn))
		insn->op[0].val[0] = 63 - __builtin_clzll(insn->op[1].val[0]);
	return KL_INSN_OK;
}

/* Write the old value of the destination to a register operand. */
static void kl_insn_set_source(struct kl_insn *insn, u64 val)
{
	const struct kl_insn_operand *src = &insn->op[1];

	if (src->high_byte)
		insn->gpr[src->reg] = (insn->gpr[src->reg] & ~0xff00ull) | (val & 0xff) << 8;
	else
		kl_insn_set_reg(insn, src->reg, src->size, val);
}

int kl_x_xchg(struct kl_insn *insn)
{
	u64 val = insn->op[0].val[0];

	/* 90 is NOP, not an exchange of EAX with itself that would clear the upper half of RAX. */
	if (insn->opcode == 0x90 && !(insn->rex & 1)) {
		insn->op[0].where = KL_W_NONE;
		return KL_INSN_OK;
	}
	insn->op[0].val[0] = insn->op[1].val[0];
	kl_insn_set_source(insn, val);
	return KL_INSN_OK;
}

int kl_x_xadd(struct kl_insn *insn)
{
	struct kl_insn_operand *dst = &insn->op[0];
	u64 old = dst->val[0];

	dst->val[0] = kl_alu(KL_ALU_ADD, &insn->rflags, dst->size, old, insn->op[1].val[0]);
	kl_insn_set_source(insn, old);
	return KL_INSN_OK;
}

/*
 * Memory is written even if the comparison fails: a locked cycle always ends in
 * a write. A register is not, which spares its upper half.
 */
int kl_x_cmpxchg(struct kl_insn *insn)
{
	struct kl_insn_operand *dst = &insn->op[0];
	u64 acc = kl_insn_get_reg(insn, KL_RAX, dst->size);

	kl_alu(KL_ALU_CMP, &insn->rflags, dst->size, acc, dst->val[0]);
	if (acc == dst->val[0]) {
		dst->val[0] = insn->op[1].val[0];
	} else {
		kl_insn_set_reg(insn, KL_RAX, dst->size, dst->val[0]);
		if (dst->where == KL_W_GPR)
			dst->where = KL_W_NONE;
	}
	return KL_INSN_OK;
}

/* Compare and exchange of a pair, each half @size bytes: EDX:EAX or RDX:RAX. */
static void kl_insn_cmpxchg_pair(struct kl_insn *insn, unsigned int size, u64 *lo, u64 *hi)
{
	insn->rflags &= ~(u64)X86_EFLAGS_ZF;
	if (*lo == kl_insn_get_reg(insn, KL_RAX, size) &&
	    *hi == kl_insn_get_reg(insn, KL_RDX, size)) {
		insn->rflags |= X86_EFLAGS_ZF;
		*lo = kl_insn_get_reg(insn, KL_RBX, size);
		*hi = kl_insn_get_reg(insn, KL_RCX, size);
	} else {
		kl_insn_set_reg(insn, KL_RAX, size, *lo);
		kl_insn_set_reg(insn, KL_RDX, size, *hi);
	}
}

int kl_x_cmpxchg8b(struct kl_insn *insn)
{
	struct kl_insn_operand *dst = &insn->op[0];
	u64 lo, hi;

	if (dst->size == 16) {
		if (dst->lin & 15)
			return kl_insn_raise(insn, X86_TRAP_GP);
		kl_insn_cmpxchg_pair(insn, 8, &dst->val[0], &dst->val[1]);
	} else {
		lo = (u32)dst->val[0];
		hi = dst->val[0] >> 32;
		kl_insn_cmpxchg_pair(insn, 4, &lo, &hi);
		dst->val[0] = lo | hi << 32;
	}
	return KL_INSN_OK;
}

/* DAA 27, DAS 2F, AAA 37, AAS 3F: decimal adjustment of AL, by opcode. */
static void kl_insn_adjust(struct kl_insn *insn)
{
	u64 in = insn->rflags, al = insn->gpr[KL_RAX] & 0xff;
	bool low = (al & 15) > 9 || in & X86_EFLAGS_AF;
	bool high = al > 0x99 || in & X86_EFLAGS_CF;
	bool sub = insn->opcode & 8;
	u64 fix, out;

	if (insn->opcode < 0x30) {
		fix = (low ? 6 : 0) | (high ? 0x60 : 0);
		/* A borrow or carry out of the low digit counts too. */
		if (low && (sub ? al < 6 : al + 6 > 0xff))
			high = true;
		kl_insn_set_reg(insn, KL_RAX, 1, sub ? al - fix : al + fix);
	} else {
		fix = low ? 0x106 : 0;
		kl_insn_set_reg(insn, KL_RAX, 2,
				sub ? insn->gpr[KL_RAX] - fix : insn->gpr[KL_RAX] + fix);
		insn->gpr[KL_RAX] &= ~0xf0ull;
		high = low;
	}
	kl_alu(KL_ALU_OR, &insn->rflags, 1, insn->gpr[KL_RAX], 0);
	out = (low ? X86_EFLAGS_AF : 0) | (high ? X86_EFLAGS_CF : 0);
	insn->rflags = (insn->rflags & ~(u64)(X86_EFLAGS_AF | X86_EFLAGS_CF)) | out;
}

/* The decimal instructions: the four adjustments, AAM D4 and AAD D5. */
int kl_x_bcd(struct kl_insn *insn)
{
	u64 al = insn->gpr[KL_RAX] & 0xff, ah = insn->gpr[KL_RAX] >> 8 & 0xff;
	u64 radix = insn->op[0].val[0];

	switch (insn->opcode) {
	case 0xd4:
		if (!radix)
			return kl_insn_raise(insn, X86_TRAP_DE);
		kl_insn_set_reg(insn, KL_RAX, 2, al / radix << 8 | al % radix);
		break;
	case 0xd5:
		kl_insn_set_reg(insn, KL_RAX, 2, (al + ah * radix) & 0xff);
		break;
	default:
		kl_insn_adjust(insn);
		return KL_INSN_OK;
	}
	kl_alu(KL_ALU_OR, &insn->rflags, 1, insn->gpr[KL_RAX], 0);
	return KL_INSN_OK;
}
