// SPDX-License-Identifier: GPL-2.0-only
/*
 * Integer arithmetic with x86 status flags (SDM, "EFLAGS Register" and the
 * pages of the instructions): pure functions on values, no state.
 */
#include <linux/types.h>
#include <asm/processor-flags.h>

#include "alu.h"

#define KL_ALU_FLAGS	(X86_EFLAGS_CF | X86_EFLAGS_PF | X86_EFLAGS_AF | \
			 X86_EFLAGS_ZF | X86_EFLAGS_SF | X86_EFLAGS_OF)

static u64 kl_alu_mask(unsigned int size)
{
	return ~0ull >> (64 - size * 8);
}

/* The sign bit of a value of @size bytes. */
static bool kl_alu_msb(u64 val, unsigned int size)
{
	return val >> (size * 8 - 1) & 1;
}

static s64 kl_alu_sext(u64 val, unsigned int size)
{
	unsigned int shift = 64 - size * 8;

	return (s64)(val << shift) >> shift;
}

static u64 kl_alu_flag(u64 flag, bool set)
{
	return set ? flag : 0;
}

/* PF, ZF and SF of a result: the same for every operation that sets them. */
static u64 kl_alu_pzs(u64 res, unsigned int size)
{
	u8 fold = (u8)res ^ (u8)res >> 4;

	/* Bit n of the constant is the parity of the number n. */
	return kl_alu_flag(X86_EFLAGS_PF, !(0x6996 >> (fold & 15) & 1)) |
	       kl_alu_flag(X86_EFLAGS_ZF, !res) |
	       kl_alu_flag(X86_EFLAGS_SF, kl_alu_msb(res, size));
}

static u64 kl_alu_add(u64 *flags, unsigned int size, u64 a, u64 b, bool carry)
{
	u64 res = (a + b + carry) & kl_alu_mask(size);
	u64 out = (a & b) | ((a | b) & ~res);

	*flags = (*flags & ~KL_ALU_FLAGS) | kl_alu_pzs(res, size) |
		 kl_alu_flag(X86_EFLAGS_CF, kl_alu_msb(out, size)) |
		 kl_alu_flag(X86_EFLAGS_OF, kl_alu_msb((a ^ res) & (b ^ res), size)) |
		 ((a ^ b ^ res) & X86_EFLAGS_AF);
	return res;
}

static u64 kl_alu_sub(u64 *flags, unsigned int size, u64 a, u64 b, bool borrow)
{
	u64 res = (a - b - borrow) & kl_alu_mask(size);
	u64 out = (~a & b) | ((~a | b) & res);

	*flags = (*flags & ~KL_ALU_FLAGS) | kl_alu_pzs(res, size) |
		 kl_alu_flag(X86_EFLAGS_CF, kl_alu_msb(out, size)) |
		 kl_alu_flag(X86_EFLAGS_OF, kl_alu_msb((a ^ b) & (a ^ res), size)) |
		 ((a ^ b ^ res) & X86_EFLAGS_AF);
	return res;
}

static u64 kl_alu_logic(u64 *flags, unsigned int size, u64 res)
{
	*flags = (*flags & ~KL_ALU_FLAGS) | kl_alu_pzs(res, size);
	return res;
}

/**
 * kl_alu() - one of the eight basic two-operand operations
 * @op: Which.
 * @flags: RFLAGS, updated; CF is an input of ADC and SBB.
 * @size: Width in bytes.
 * @a: Destination operand.
 * @b: Source operand.
 *
 * Return: the result; of CMP the difference, which the instruction drops.
 */
u64 kl_alu(enum kl_alu_op op, u64 *flags, unsigned int size, u64 a, u64 b)
{
	bool carry = *flags & X86_EFLAGS_CF;

	a &= kl_alu_mask(size);
	b &= kl_alu_mask(size);
	switch (op) {
	case KL_ALU_ADD:
		return kl_alu_add(flags, size, a, b, false);
	case KL_ALU_OR:
		return kl_alu_logic(flags, size, a | b);
	case KL_ALU_ADC:
		return kl_alu_add(flags, size, a, b, carry);
	case KL_ALU_SBB:
		return kl_alu_sub(flags, size, a, b, carry);
	case KL_ALU_AND:
		return kl_alu_logic(flags, size, a & b);
	case KL_ALU_XOR:
		return kl_alu_logic(flags, size, a ^ b);
	case KL_ALU_SUB:
	case KL_ALU_CMP:
	default:
		return kl_alu_sub(flags, size, a, b, false);
	}
}

/**
 * kl_alu_inc() - add one, keeping CF
 * @flags: RFLAGS, updated.
 * @size: Width in bytes.
 * @a: Operand.
 *
 * Return: the result.
 */
u64 kl_alu_inc(u64 *flags, unsigned int size, u64 a)
{
	u64 carry = *flags & X86_EFLAGS_CF;
	u64 res = kl_alu_add(flags, size, a & kl_alu_mask(size), 1, false);

	*flags = (*flags & ~(u64)X86_EFLAGS_CF) | carry;
	return res;
}

/**
 * kl_alu_dec() - subtract one, keeping CF
 * @flags: RFLAGS, updated.
 * @size: Width in bytes.
 * @a: Operand.
 *
 * Return: the result.
 */
u64 kl_alu_dec(u64 *flags, unsigned int size, u64 a)
{
	u64 carry = *flags & X86_EFLAGS_CF;
	u64 res = kl_alu_sub(flags, size, a & kl_alu_mask(size), 1, false);

	*flags = (*flags & ~(u64)X86_EFLAGS_CF) | carry;
	return res;
}

/**
 * kl_alu_neg() - two's complement
 * @flags: RFLAGS, updated.
 * @size: Width in bytes.
 * @a: Operand.
 *
 * Return: the result.
 */
u64 kl_alu_neg(u64 *flags, unsigned int size, u64 a)
{
	return kl_alu_sub(flags, size, 0, a & kl_alu_mask(size), false);
}

/* CF and OF after a rotate; the other flags stay. */
static void kl_alu_rotated(u64 *flags, bool carry, bool overflow)
{
	*flags = (*flags & ~(u64)(X86_EFLAGS_CF | X86_EFLAGS_OF)) |
		 kl_alu_flag(X86_EFLAGS_CF, carry) | kl_alu_flag(X86_EFLAGS_OF, overflow);
}

static u64 kl_alu_rotate(bool left, u64 *flags, unsigned int size, u64 a, unsigned int count)
{
	unsigned int bits = size * 8, n = count & (bits - 1);
	u64 res = a;

	if (!left)
		n = (bits - n) & (bits - 1);
	if (n)
		res = (a << n | a >> (bits - n)) & kl_alu_mask(size);
	if (left)
		kl_alu_rotated(flags, res & 1, kl_alu_msb(res, size) ^ (res & 1));
	else
		kl_alu_rotated(flags, kl_alu_msb(res, size),
			       kl_alu_msb(res, size) ^ (res >> (bits - 2) & 1));
	return res;
}

/* Through carry: at most 63 single steps, so not worth a closed form. */
static u64 kl_alu_rotate_carry(bool left, u64 *flags, unsigned int size, u64 a, unsigned int count)
{
	unsigned int n, bits = size * 8;
	u64 carry = !!(*flags & X86_EFLAGS_CF);
	bool overflow;

	for (n = 0; n < count % (bits + 1); n++) {
		u64 out = left ? kl_alu_msb(a, size) : a & 1;

		a = left ? a << 1 | carry : a >> 1 | carry << (bits - 1);
		a &= kl_alu_mask(size);
		carry = out;
	}
	overflow = kl_alu_msb(a, size) ^ (left ? carry : a >> (bits - 2) & 1);
	kl_alu_rotated(flags, carry, overflow);
	return a;
}

/**
 * kl_alu_shift() - rotate or shift (group 2)
 * @op: Which.
 * @flags: RFLAGS, updated unless the masked count is 0.
 * @size: Width in bytes.
 * @a: Operand.
 * @count: Count, as given; masked to 5 or 6 bits here.
 *
 * Return: the result.
 */
u64 kl_alu_shift(enum kl_alu_shift op, u64 *flags, unsigned int size, u64 a, unsigned int count)
{
	unsigned int bits = size * 8;
	bool carry, overflow;
	u64 res, wide;

	a &= kl_alu_mask(size);
	count &= size == 8 ? 63 : 31;
	if (!count)
		return a;
	switch (op) {
	case KL_ALU_ROL:
	case KL_ALU_ROR:
		return kl_alu_rotate(op == KL_ALU_ROL, flags, size, a, count);
	case KL_ALU_RCL:
	case KL_ALU_RCR:
		return kl_alu_rotate_carry(op == KL_ALU_RCL, flags, size, a, count);
	case KL_ALU_SHR:
		res = a >> count;
		carry = a >> (count - 1) & 1;
		overflow = kl_alu_msb(a, size);
		break;
	case KL_ALU_SAR:
		wide = kl_alu_sext(a, size);
		res = ((s64)wide >> count) & kl_alu_mask(size);
		carry = (s64)wide >> (count - 1) & 1;
		overflow = false;
		break;
	case KL_ALU_SHL:
	case KL_ALU_SAL:
	default:
		res = (a << count) & kl_alu_mask(size);
		carry = count <= bits && (a >> (bits - count) & 1);
		overflow = kl_alu_msb(res, size) ^ carry;
		break;
	}
	kl_alu_logic(flags, size, res);
	*flags |= kl_alu_flag(X86_EFLAGS_CF, carry) | kl_alu_flag(X86_EFLAGS_OF, overflow);
	return res;
}

/**
 * kl_alu_shld() - double precision shift left
 * @flags: RFLAGS, updated unless the masked count is 0.
 * @size: Width in bytes: 2, 4 or 8.
 * @a: Destination operand.
 * @b: Source of the bits shifted in at the right.
 * @count: Count, as given.
 *
 * A count above the operand width (possible with 16 bits) is undefined by the
 * SDM; here the source is followed by the destination again.
 *
 * Return: the result.
 */
u64 kl_alu_shld(u64 *flags, unsigned int size, u64 a, u64 b, unsigned int count)
{
	unsigned int bits = size * 8;
	bool carry;
	u64 res;

	a &= kl_alu_mask(size);
	b &= kl_alu_mask(size);
	count &= size == 8 ? 63 : 31;
	if (!count)
		return a;
	if (count > bits) {
		u64 old = a;

		a = b;
		b = old;
		count -= bits;
	}
	carry = a >> (bits - count) & 1;
	res = count == bits ? b : (a << count | b >> (bits - count)) & kl_alu_mask(size);
	kl_alu_logic(flags, size, res);
	*flags |= kl_alu_flag(X86_EFLAGS_CF, carry) |
		  kl_alu_flag(X86_EFLAGS_OF, kl_alu_msb(a ^ res, size));
	return res;
}

/**
 * kl_alu_shrd() - double precision shift right
 * @flags: RFLAGS, updated unless the masked count is 0.
 * @size: Width in bytes: 2, 4 or 8.
 * @a: Destination operand.
 * @b: Source of the bits shifted in at the left.
 * @count: Count, as given; see kl_alu_shld() for more than the width.
 *
 * Return: the result.
 */
u64 kl_alu_shrd(u64 *flags, unsigned int size, u64 a, u64 b, unsigned int count)
{
	unsigned int bits = size * 8;
	bool carry;
	u64 res;

	a &= kl_alu_mask(size);
	b &= kl_alu_mask(size);
	count &= size == 8 ? 63 : 31;
	if (!count)
		return a;
	if (count > bits) {
		u64 old = a;

		a = b;
		b = old;
		count -= bits;
	}
	carry = a >> (count - 1) & 1;
	res = count == bits ? b : (a >> count | b << (bits - count)) & kl_alu_mask(size);
	kl_alu_logic(flags, size, res);
	*flags |= kl_alu_flag(X86_EFLAGS_CF, carry) |
		  kl_alu_flag(X86_EFLAGS_OF, kl_alu_msb(a ^ res, size));
	return res;
}

/**
 * kl_alu_mul() - multiply to double width
 * @flags: RFLAGS: CF and OF tell that the upper half is significant.
 * @size: Width of the factors in bytes.
 * @is_signed: IMUL.
 * @a: Factor.
 * @b: Factor.
 * @lo: Lower half of the product.
 * @hi: Upper half of the product.
 */
void kl_alu_mul(u64 *flags, unsigned int size, bool is_signed, u64 a, u64 b, u64 *lo, u64 *hi)
{
	u64 mask = kl_alu_mask(size);
	bool wide;

	if (is_signed) {
		a = kl_alu_sext(a, size);
		b = kl_alu_sext(b, size);
	} else {
		a &= mask;
		b &= mask;
	}
	if (size == 8) {
		if (is_signed)
			asm("imulq %3" : "=a" (*lo), "=d" (*hi) : "0" (a), "rm" (b) : "cc");
		else
			asm("mulq %3" : "=a" (*lo), "=d" (*hi) : "0" (a), "rm" (b) : "cc");
	} else {
		/* Both factors have at most 32 significant bits. */
		u64 prod = a * b;

		*lo = prod & mask;
		*hi = prod >> (size * 8) & mask;
	}
	wide = is_signed ? *hi != (kl_alu_msb(*lo, size) ? mask : 0) : *hi != 0;
	kl_alu_logic(flags, size, *lo);
	*flags |= kl_alu_flag(X86_EFLAGS_CF | X86_EFLAGS_OF, wide);
}

/**
 * kl_alu_div() - divide a double-width number, unsigned
 * @size: Width of the divisor in bytes.
 * @hi: Upper half of the dividend.
 * @lo: Lower half of the dividend.
 * @div: Divisor.
 * @quot: Quotient.
 * @rem: Remainder.
 *
 * Return: false if the divisor is 0 or the quotient does not fit: #DE.
 */
bool kl_alu_div(unsigned int size, u64 hi, u64 lo, u64 div, u64 *quot, u64 *rem)
{
	u64 mask = kl_alu_mask(size);

	hi &= mask;
	lo &= mask;
	div &= mask;
	/* Covers a zero divisor, and makes sure that the host's own DIV cannot fault. */
	if (hi >= div)
		return false;
	if (size == 8) {
		asm("divq %4" : "=a" (*quot), "=d" (*rem) : "0" (lo), "1" (hi), "rm" (div) : "cc");
	} else {
		lo |= hi << (size * 8);
		*quot = lo / div;
		*rem = lo % div;
	}
	return true;
}

/**
 * kl_alu_idiv() - divide a double-width number, signed
 * @size: Width of the divisor in bytes.
 * @hi: Upper half of the dividend.
 * @lo: Lower half of the dividend.
 * @div: Divisor.
 * @quot: Quotient, rounded toward zero.
 * @rem: Remainder, with the sign of the dividend.
 *
 * Return: false if the divisor is 0 or the quotient does not fit: #DE.
 */
bool kl_alu_idiv(unsigned int size, u64 hi, u64 lo, u64 div, u64 *quot, u64 *rem)
{
	u64 mask = kl_alu_mask(size);
	bool neg_dividend, neg_div;
	u64 limit;

	hi &= mask;
	lo &= mask;
	div &= mask;
	neg_dividend = kl_alu_msb(hi, size);
	neg_div = kl_alu_msb(div, size);
	if (neg_dividend) {
		lo = -lo & mask;
		hi = (~hi + !lo) & mask;
	}
	if (neg_div)
		div = -div & mask;
	if (!kl_alu_div(size, hi, lo, div, quot, rem))
		return false;
	limit = 1ull << (size * 8 - 1);
	if (neg_dividend != neg_div) {
		if (*quot > limit)
			return false;
		*quot = -*quot & mask;
	} else if (*quot >= limit) {
		return false;
	}
	if (neg_dividend)
		*rem = -*rem & mask;
	return true;
}
