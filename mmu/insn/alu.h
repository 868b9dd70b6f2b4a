/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Integer arithmetic with x86 status flags: pure functions on values.
 *
 * @flags is RFLAGS and is updated in place; only status flags change. @size is
 * the operand width in bytes (1, 2, 4, 8). Values are zero-extended to 64 bits
 * and so are results. A flag the SDM leaves undefined gets some fixed value.
 */
#ifndef KL_INSN_ALU_H
#define KL_INSN_ALU_H

#include <linux/types.h>

/* The eight operations of opcodes 00 to 3F and of group 1, as encoded. */
enum kl_alu_op {
	KL_ALU_ADD, KL_ALU_OR, KL_ALU_ADC, KL_ALU_SBB,
	KL_ALU_AND, KL_ALU_SUB, KL_ALU_XOR, KL_ALU_CMP,
};

/* The eight operations of group 2, as encoded; 6 is an alias of SHL. */
enum kl_alu_shift {
	KL_ALU_ROL, KL_ALU_ROR, KL_ALU_RCL, KL_ALU_RCR,
	KL_ALU_SHL, KL_ALU_SHR, KL_ALU_SAL, KL_ALU_SAR,
};

u64 kl_alu(enum kl_alu_op op, u64 *flags, unsigned int size, u64 a, u64 b);
u64 kl_alu_inc(u64 *flags, unsigned int size, u64 a);
u64 kl_alu_dec(u64 *flags, unsigned int size, u64 a);
u64 kl_alu_neg(u64 *flags, unsigned int size, u64 a);
u64 kl_alu_shift(enum kl_alu_shift op, u64 *flags, unsigned int size, u64 a, unsigned int count);
u64 kl_alu_shld(u64 *flags, unsigned int size, u64 a, u64 b, unsigned int count);
u64 kl_alu_shrd(u64 *flags, unsigned int size, u64 a, u64 b, unsigned int count);
void kl_alu_mul(u64 *flags, unsigned int size, bool is_signed, u64 a, u64 b, u64 *lo, u64 *hi);
bool kl_alu_div(unsigned int size, u64 hi, u64 lo, u64 div, u64 *quot, u64 *rem);
bool kl_alu_idiv(unsigned int size, u64 hi, u64 lo, u64 div, u64 *quot, u64 *rem);

#endif /* KL_INSN_ALU_H */
