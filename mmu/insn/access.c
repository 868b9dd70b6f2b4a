// SPDX-License-Identifier: GPL-2.0-only
/*
 * How instructions reach registers, memory, the stack and ports: widths,
 * segmentation and canonical checks (SDM, "Protection"), exceptions.
 */
#include <linux/types.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "insn.h"
#include "internal.h"

/**
 * kl_insn_raise_code() - note an exception with an error code
 * @insn: Instruction that raises it.
 * @vector: Exception vector.
 * @code: Error code.
 *
 * Return: %KL_INSN_FAULT.
 */
int kl_insn_raise_code(struct kl_insn *insn, u8 vector, u32 code)
{
	insn->ctx->exc = (struct kl_insn_exc){
		.vector = vector,
		.has_error = true,
		.error_code = code,
	};
	return KL_INSN_FAULT;
}

/**
 * kl_insn_raise() - note an exception, with error code 0 if it has one
 * @insn: Instruction that raises it.
 * @vector: #UD, #DE, #NM, #BR, or one of #GP, #SS, #AC.
 *
 * Return: %KL_INSN_FAULT.
 */
int kl_insn_raise(struct kl_insn *insn, u8 vector)
{
	/* Real mode pushes no error codes at all. */
	bool code = (vector == X86_TRAP_GP || vector == X86_TRAP_SS || vector == X86_TRAP_AC) &&
		    insn->ctx->mode != KL_INSN_REAL;

	insn->ctx->exc = (struct kl_insn_exc){ .vector = vector, .has_error = code };
	return KL_INSN_FAULT;
}

/**
 * kl_insn_mask() - the bits of a value of some width
 * @size: Width in bytes, 1 to 8.
 *
 * Return: the mask.
 */
u64 kl_insn_mask(unsigned int size)
{
	return size >= 8 ? ~0ull : (1ull << (size * 8)) - 1;
}

/**
 * kl_insn_sext() - sign-extend a value
 * @val: Value.
 * @size: Its width in bytes, 1 to 8.
 *
 * Return: the value as 64 bits.
 */
u64 kl_insn_sext(u64 val, unsigned int size)
{
	u64 sign = 1ull << (size * 8 - 1);

	return ((val & kl_insn_mask(size)) ^ sign) - sign;
}

/**
 * kl_insn_get_reg() - read a general register
 * @insn: Instruction.
 * @reg: Register number, 0 to 15.
 * @size: Width in bytes.
 *
 * Return: the low @size bytes, zero-extended.
 */
u64 kl_insn_get_reg(const struct kl_insn *insn, unsigned int reg, unsigned int size)
{
	return insn->gpr[reg & 15] & kl_insn_mask(size);
}

/**
 * kl_insn_set_reg() - write a general register
 * @insn: Instruction.
 * @reg: Register number, 0 to 15.
 * @size: Width in bytes: 1 and 2 leave the other bits alone, 4 clears them.
 * @val: Value.
 */
void kl_insn_set_reg(struct kl_insn *insn, unsigned int reg, unsigned int size, u64 val)
{
	u64 *gpr = &insn->gpr[reg & 15];
	u64 mask = kl_insn_mask(size);

	if (size >= 4)
		*gpr = val & mask;
	else
		*gpr = (*gpr & ~mask) | (val & mask);
}

/**
 * kl_insn_canonical() - whether a linear address is canonical
 * @ctx: CPU state, for the width of linear addresses (CR4.LA57).
 * @lin: Linear address.
 *
 * Return: true if the upper bits repeat the sign bit.
 */
bool kl_insn_canonical(const struct kl_insn_ctx *ctx, u64 lin)
{
	unsigned int shift = ctx->cr4 & X86_CR4_LA57 ? 7 : 16;

	return (u64)((s64)(lin << shift) >> shift) == lin;
}

/* Whether the type of a protected-mode segment allows the access. */
static bool kl_insn_seg_allows(const struct kl_insn_seg *seg, bool write)
{
	if (seg->ar & KL_SEG_AR_UNUSABLE || !(seg->ar & KL_SEG_AR_P))
		return false;
	if (seg->ar & KL_SEG_AR_CODE)
		return !write && seg->ar & KL_SEG_AR_WRITE;
	return !write || seg->ar & KL_SEG_AR_WRITE;
}

static bool kl_insn_seg_limit_ok(const struct kl_insn_seg *seg, u64 off, unsigned int size)
{
	u64 last = off + size - 1;

	if ((seg->ar & (KL_SEG_AR_CODE | KL_SEG_AR_EXPAND_DOWN)) == KL_SEG_AR_EXPAND_DOWN)
		return off > seg->limit &&
		       last <= (seg->ar & KL_SEG_AR_DB ? 0xffffffffull : 0xffffull);
	return last <= seg->limit;
}

/**
 * kl_insn_linear() - turn a logical address into a linear one, with checks
 * @insn: Instruction.
 * @seg: Segment, enum kl_insn_sreg.
 * @off: Offset, already cut to the address size.
 * @size: Bytes accessed, 1 to 16.
 * @write: The access writes.
 * @lin: Linear address.
 *
 * Return: %KL_INSN_OK, or %KL_INSN_FAULT with #GP or #SS.
 */
int kl_insn_linear(struct kl_insn *insn, unsigned int seg, u64 off, unsigned int size, bool write,
		   u64 *lin)
{
	const struct kl_insn_ctx *ctx = insn->ctx;
	const struct kl_insn_seg *s = &ctx->seg[seg];
	u8 vector = seg == KL_SEG_SS ? X86_TRAP_SS : X86_TRAP_GP;

	if (kl_insn_long(insn)) {
		if (seg == KL_SEG_FS || seg == KL_SEG_GS)
			off += s->base;
		if (!kl_insn_canonical(ctx, off) || !kl_insn_canonical(ctx, off + size - 1))
			return kl_insn_raise(insn, vector);
		*lin = off;
		return KL_INSN_OK;
	}
	if (!kl_insn_flat16(insn) && !kl_insn_seg_allows(s, write))
		return kl_insn_raise(insn, vector);
	if (!kl_insn_seg_limit_ok(s, off, size))
		return kl_insn_raise(insn, vector);
	*lin = (u32)(s->base + off);
	return KL_INSN_OK;
}

/**
 * kl_insn_align() - alignment check of a data access
 * @insn: Instruction.
 * @lin: Linear address.
 * @size: Bytes accessed; only 2, 4 and 8 are checked.
 *
 * Return: %KL_INSN_OK, or %KL_INSN_FAULT with #AC.
 */
int kl_insn_align(struct kl_insn *insn, u64 lin, unsigned int size)
{
	const struct kl_insn_ctx *ctx = insn->ctx;

	if (ctx->cpl != 3 || !(ctx->cr0 & X86_CR0_AM) || !(ctx->rflags & X86_EFLAGS_AC))
		return KL_INSN_OK;
	if (size > 8 || !(lin & (size - 1)))
		return KL_INSN_OK;
	return kl_insn_raise(insn, X86_TRAP_AC);
}

/**
 * kl_insn_read() - read data memory
 * @insn: Instruction.
 * @seg: Segment.
 * @off: Offset.
 * @size: Bytes, 1 to 8.
 * @val: Value read, zero-extended.
 *
 * Return: an enum kl_insn_result.
 */
int kl_insn_read(struct kl_insn *insn, unsigned int seg, u64 off, unsigned int size, u64 *val)
{
	u64 lin;
	int ret;

	*val = 0;
	ret = kl_insn_linear(insn, seg, off, size, false, &lin);
	if (ret == KL_INSN_OK)
		ret = kl_insn_align(insn, lin, size);
	if (ret != KL_INSN_OK)
		return ret;
	return insn->ops->read(insn->ctx, lin, val, size, false);
}

/**
 * kl_insn_write() - write data memory
 * @insn: Instruction.
 * @seg: Segment.
 * @off: Offset.
 * @size: Bytes, 1 to 8.
 * @val: Value.
 *
 * Return: an enum kl_insn_result.
 */
int kl_insn_write(struct kl_insn *insn, unsigned int seg, u64 off, unsigned int size, u64 val)
{
	u64 lin;
	int ret;

	ret = kl_insn_linear(insn, seg, off, size, true, &lin);
	if (ret == KL_INSN_OK)
		ret = kl_insn_align(insn, lin, size);
	if (ret != KL_INSN_OK)
		return ret;
	return insn->ops->write(insn->ctx, lin, &val, size);
}

/**
 * kl_insn_stack_size() - width of the stack pointer
 * @insn: Instruction.
 *
 * Return: 2, 4 or 8 bytes.
 */
unsigned int kl_insn_stack_size(const struct kl_insn *insn)
{
	if (kl_insn_long(insn))
		return 8;
	return insn->ctx->seg[KL_SEG_SS].ar & KL_SEG_AR_DB ? 4 : 2;
}

/**
 * kl_insn_push() - push a value
 * @insn: Instruction.
 * @size: Bytes, 2, 4 or 8.
 * @val: Value.
 *
 * Return: an enum kl_insn_result; RSP moves only on %KL_INSN_OK.
 */
int kl_insn_push(struct kl_insn *insn, unsigned int size, u64 val)
{
	unsigned int width = kl_insn_stack_size(insn);
	u64 sp = (insn->gpr[KL_RSP] - size) & kl_insn_mask(width);
	int ret = kl_insn_write(insn, KL_SEG_SS, sp, size, val);

	if (ret == KL_INSN_OK)
		kl_insn_set_reg(insn, KL_RSP, width, sp);
	return ret;
}

/**
 * kl_insn_pop() - pop a value
 * @insn: Instruction.
 * @size: Bytes, 2, 4 or 8.
 * @val: Value.
 *
 * Return: an enum kl_insn_result; RSP moves only on %KL_INSN_OK.
 */
int kl_insn_pop(struct kl_insn *insn, unsigned int size, u64 *val)
{
	unsigned int width = kl_insn_stack_size(insn);
	u64 sp = kl_insn_get_reg(insn, KL_RSP, width);
	int ret = kl_insn_read(insn, KL_SEG_SS, sp, size, val);

	if (ret == KL_INSN_OK)
		kl_insn_set_reg(insn, KL_RSP, width, sp + size);
	return ret;
}

/**
 * kl_insn_jump() - near transfer of control
 * @insn: Instruction; its operand size cuts the target.
 * @target: Offset in CS.
 *
 * Return: %KL_INSN_OK, or %KL_INSN_FAULT with #GP.
 */
int kl_insn_jump(struct kl_insn *insn, u64 target)
{
	const struct kl_insn_ctx *ctx = insn->ctx;

	target &= kl_insn_mask(insn->opsize);
	if (kl_insn_long(insn) ? !kl_insn_canonical(ctx, target) :
				 target > ctx->seg[KL_SEG_CS].limit)
		return kl_insn_raise(insn, X86_TRAP_GP);
	insn->rip = target;
	return KL_INSN_OK;
}

/**
 * kl_insn_io_allowed() - check the right to use a port
 * @insn: Instruction.
 * @port: First port.
 * @size: Ports accessed, 1, 2 or 4.
 *
 * Return: %KL_INSN_OK, %KL_INSN_FAULT with #GP, or %KL_INSN_UNSUPPORTED if
 * only the TSS could tell and there is no operation to look.
 */
int kl_insn_io_allowed(struct kl_insn *insn, u16 port, unsigned int size)
{
	const struct kl_insn_ctx *ctx = insn->ctx;
	unsigned int iopl = (ctx->rflags & X86_EFLAGS_IOPL) >> 12;

	if (ctx->mode == KL_INSN_REAL || (ctx->mode != KL_INSN_VM86 && ctx->cpl <= iopl))
		return KL_INSN_OK;
	if (!insn->ops->io_check)
		return KL_INSN_UNSUPPORTED;
	return insn->ops->io_check(insn->ctx, port, size);
}
