// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decoding: prefixes, opcode, ModRM, SIB, displacement, immediates (SDM,
 * "Instruction Format"), led by the rows of tables.c.
 *
 * tour 25: bytes come in at most two fetches and every length error is found
 * here, so execution never meets a bad form.
 */
#include <linux/types.h>
#include <linux/string.h>
#include <linux/minmax.h>
#include <asm/trapnr.h>

#include "insn.h"
#include "internal.h"

#define KL_PAGE_BYTES	4096u

#define KL_REX_W	8
#define KL_REX_R	4
#define KL_REX_X	2
#define KL_REX_B	1

/* Fetch as much as the page, the length limit and the CS limit allow; at least one byte. */
static int kl_insn_fill(struct kl_insn *insn)
{
	struct kl_insn_ctx *ctx = insn->ctx;
	const struct kl_insn_seg *cs = &ctx->seg[KL_SEG_CS];
	unsigned int n = KL_INSN_MAX_LEN - insn->fetched;
	u64 off = ctx->rip + insn->fetched, lin = off;
	int ret;

	if (!n)
		return kl_insn_raise(insn, X86_TRAP_GP);
	if (kl_insn_long(insn)) {
		if (!kl_insn_canonical(ctx, lin))
			return kl_insn_raise(insn, X86_TRAP_GP);
	} else {
		off = (u32)off;
		if (off > cs->limit)
			return kl_insn_raise(insn, X86_TRAP_GP);
		n = min_t(u64, n, (u64)cs->limit - off + 1);
		lin = (u32)(cs->base + off);
	}
	n = min_t(unsigned int, n, KL_PAGE_BYTES - (lin & (KL_PAGE_BYTES - 1)));
	ret = insn->ops->fetch(ctx, lin, insn->bytes + insn->fetched, n);
	if (ret == KL_INSN_OK)
		insn->fetched += n;
	return ret;
}

/* The next @n bytes (1 to 8) as a little-endian number. */
static int kl_insn_next(struct kl_insn *insn, unsigned int n, u64 *val)
{
	int ret;

	while (insn->len + n > insn->fetched) {
		ret = kl_insn_fill(insn);
		if (ret != KL_INSN_OK)
			return ret;
	}
	*val = 0;
	memcpy(val, insn->bytes + insn->len, n);
	insn->len += n;
	return KL_INSN_OK;
}

static int kl_insn_next_u8(struct kl_insn *insn, u8 *val)
{
	u64 wide;
	int ret = kl_insn_next(insn, 1, &wide);

	if (ret == KL_INSN_OK)
		*val = wide;
	return ret;
}

/* A legacy prefix is noted and true returned. A REX prefix counts only if it is the last. */
static bool kl_insn_prefix(struct kl_insn *insn, u8 byte, bool *adsize)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
		/* ES, CS, SS and DS overrides mean nothing in 64-bit mode. */
		if (!kl_insn_long(insn))
			insn->seg = byte >> 3 & 3;
		break;
	case 0x64:
		insn->seg = KL_SEG_FS;
		break;
	case 0x65:
		insn->seg = KL_SEG_GS;
		break;
	case 0x66:
		insn->opsize_prefix = true;
		break;
	case 0x67:
		*adsize = true;
		break;
	case 0xf0:
		insn->lock = true;
		break;
	case 0xf2:
	case 0xf3:
		insn->rep = byte;
		break;
	default:
		if (!kl_insn_long(insn) || (byte & 0xf0) != 0x40)
			return false;
		insn->rex = byte;
		return true;
	}
	insn->rex = 0;
	return true;
}

static int kl_insn_prefixes(struct kl_insn *insn, u8 *byte)
{
	bool adsize = false;
	int ret;

	/* Ends: the sixteenth byte raises #GP. */
	do {
		ret = kl_insn_next_u8(insn, byte);
		if (ret != KL_INSN_OK)
			return ret;
	} while (kl_insn_prefix(insn, *byte, &adsize));

	if (kl_insn_long(insn))
		insn->adsize = adsize ? 4 : 8;
	else
		insn->adsize = (insn->ctx->mode == KL_INSN_PROT32) != adsize ? 4 : 2;
	return KL_INSN_OK;
}

/* Opcodes that are something else in some modes: VEX and EVEX (C4, C5, 62), ARPL (63). */
static int kl_insn_reused(struct kl_insn *insn, u8 byte)
{
	int other = kl_insn_flat16(insn) ? X86_TRAP_UD : 0;
	u8 modrm;
	int ret;

	if (byte == 0x63) {
		if (kl_insn_long(insn))
			return KL_INSN_OK;
		return other ? kl_insn_raise(insn, other) : KL_INSN_UNSUPPORTED;
	}
	if (byte != 0xc4 && byte != 0xc5 && byte != 0x62)
		return KL_INSN_OK;
	if (kl_insn_long(insn))
		return KL_INSN_UNSUPPORTED;
	ret = kl_insn_next_u8(insn, &modrm);
	if (ret != KL_INSN_OK)
		return ret;
	insn->len--;
	if (modrm < 0xc0)
		return KL_INSN_OK;
	return other ? kl_insn_raise(insn, other) : KL_INSN_UNSUPPORTED;
}

static int kl_insn_opcode(struct kl_insn *insn, u8 byte)
{
	int ret = kl_insn_reused(insn, byte);

	insn->opcode = byte;
	insn->desc = &kl_insn_map1[byte];
	if (ret != KL_INSN_OK || byte != 0x0f)
		return ret;

	ret = kl_insn_next_u8(insn, &insn->opcode);
	insn->desc = &kl_insn_map2[insn->opcode];
	if (ret != KL_INSN_OK || insn->opcode != 0x38)
		return ret;

	ret = kl_insn_next_u8(insn, &insn->opcode);
	insn->desc = kl_insn_map3(insn->opcode);
	return ret;
}

static unsigned int kl_insn_mandatory(const struct kl_insn *insn)
{
	if (insn->rep)
		return insn->rep == 0xf3 ? 2 : 3;
	return insn->opsize_prefix ? 1 : 0;
}

static bool kl_insn_needs_modrm(const struct kl_insn_desc *desc)
{
	unsigned int i;

	if (desc->flags & (KL_F_GROUP | KL_F_MODRM3 | KL_F_MODRM))
		return true;
	for (i = 0; i < 3; i++)
		if (desc->opnd[i] >= KL_O_E && desc->opnd[i] <= KL_O_EY)
			return true;
	return false;
}

/* Follow rows that lead to other rows; the tables nest at most three deep. */
static int kl_insn_resolve(struct kl_insn *insn)
{
	bool have_modrm = false;
	unsigned int depth;
	int ret;

	for (depth = 0; depth < 4; depth++) {
		const struct kl_insn_desc *desc = insn->desc;

		if (!have_modrm && kl_insn_needs_modrm(desc)) {
			ret = kl_insn_next_u8(insn, &insn->modrm);
			if (ret != KL_INSN_OK)
				return ret;
			have_modrm = true;
			insn->mod = insn->modrm >> 6;
			insn->reg = (insn->modrm >> 3 & 7) | (insn->rex & KL_REX_R ? 8 : 0);
			insn->rm = (insn->modrm & 7) | (insn->rex & KL_REX_B ? 8 : 0);
		}
		if (desc->flags & KL_F_GROUP)
			insn->desc = &desc->group[insn->reg & 7];
		else if (desc->flags & KL_F_PREFIX)
			insn->desc = &desc->group[kl_insn_mandatory(insn)];
		else if (desc->flags & KL_F_MODRM3)
			insn->desc = &desc->group[insn->mod == 3];
		else
			break;
	}
	return KL_INSN_OK;
}

static void kl_insn_operand_size(struct kl_insn *insn)
{
	u32 flags = insn->desc->flags;

	if (kl_insn_long(insn)) {
		if (flags & KL_F_FORCE64 || insn->rex & KL_REX_W)
			insn->opsize = 8;
		else if (insn->opsize_prefix)
			insn->opsize = 2;
		else
			insn->opsize = flags & KL_F_DEF64 ? 8 : 4;
	} else {
		insn->opsize = (insn->ctx->mode == KL_INSN_PROT32) != insn->opsize_prefix ? 4 : 2;
	}
	if (flags & KL_F_BYTE)
		insn->opsize = 1;
}

/* ModRM with 16-bit addressing: two registers at most, no SIB. */
static int kl_insn_address16(struct kl_insn *insn)
{
	static const u8 base[8] = {
		KL_RBX, KL_RBX, KL_RBP, KL_RBP, KL_RSI, KL_RDI, KL_RBP, KL_RBX
	};
	unsigned int rm = insn->rm & 7, size = insn->mod;
	u64 disp;
	int ret;

	if (insn->mod == 0 && rm == 6) {
		size = 2;
	} else {
		insn->base = base[rm];
		if (rm < 4)
			insn->index = rm & 1 ? KL_RDI : KL_RSI;
	}
	if (!size)
		return KL_INSN_OK;
	ret = kl_insn_next(insn, size, &disp);
	if (ret == KL_INSN_OK)
		insn->disp = kl_insn_sext(disp, size);
	return ret;
}

/* ModRM with 32- or 64-bit addressing. */
static int kl_insn_address32(struct kl_insn *insn)
{
	unsigned int size = insn->mod == 1 ? 1 : insn->mod == 2 ? 4 : 0;
	u64 disp;
	u8 sib;
	int ret;

	if ((insn->rm & 7) == 4) {
		ret = kl_insn_next_u8(insn, &sib);
		if (ret != KL_INSN_OK)
			return ret;
		insn->scale = sib >> 6;
		insn->index = (sib >> 3 & 7) | (insn->rex & KL_REX_X ? 8 : 0);
		if (insn->index == KL_RSP)
			insn->index = KL_INSN_NO_REG;
		insn->base = (sib & 7) | (insn->rex & KL_REX_B ? 8 : 0);
		if (insn->mod == 0 && (sib & 7) == 5) {
			insn->base = KL_INSN_NO_REG;
			size = 4;
		}
	} else if (insn->mod == 0 && (insn->rm & 7) == 5) {
		insn->rip_relative = kl_insn_long(insn);
		size = 4;
	} else {
		insn->base = insn->rm;
	}
	if (!size)
		return KL_INSN_OK;
	ret = kl_insn_next(insn, size, &disp);
	if (ret == KL_INSN_OK)
		insn->disp = kl_insn_sext(disp, size);
	return ret;
}

/* MOV CRn and DRn take ModRM.rm as a register whatever mod says. */
static bool kl_insn_rm_is_reg(const struct kl_insn *insn)
{
	const u8 *opnd = insn->desc->opnd;

	return insn->mod == 3 || opnd[0] == KL_O_R || opnd[1] == KL_O_R;
}

static int kl_insn_address(struct kl_insn *insn)
{
	const u8 *opnd = insn->desc->opnd;
	u64 off;
	int ret = KL_INSN_OK;

	insn->base = KL_INSN_NO_REG;
	insn->index = KL_INSN_NO_REG;
	if (opnd[0] == KL_O_MOFFS || opnd[1] == KL_O_MOFFS) {
		insn->has_mem = true;
		ret = kl_insn_next(insn, insn->adsize, &off);
		if (ret == KL_INSN_OK)
			insn->disp = off;
	} else if (kl_insn_needs_modrm(insn->desc) && !kl_insn_rm_is_reg(insn)) {
		insn->has_mem = true;
		if (insn->adsize == 2)
			ret = kl_insn_address16(insn);
		else
			ret = kl_insn_address32(insn);
	}
	if (insn->seg == KL_INSN_NO_REG)
		insn->seg = insn->base == KL_RSP || insn->base == KL_RBP ? KL_SEG_SS : KL_SEG_DS;
	return ret;
}

static int kl_insn_immediate(struct kl_insn *insn, enum kl_insn_opnd kind)
{
	u64 val = 0, val2;
	int ret;

	switch (kind) {
	case KL_O_IB:
	case KL_O_IBU:
		ret = kl_insn_next(insn, 1, &val);
		insn->imm = kind == KL_O_IB ? kl_insn_sext(val, 1) : val;
		return ret;
	case KL_O_IW:
		return kl_insn_next(insn, 2, &insn->imm);
	case KL_O_IZ:
		ret = kl_insn_next(insn, min_t(u8, insn->opsize, 4), &val);
		insn->imm = kl_insn_sext(val, min_t(u8, insn->opsize, 4));
		return ret;
	case KL_O_IV:
		return kl_insn_next(insn, insn->opsize, &insn->imm);
	case KL_O_ENTER:
	case KL_O_FAR:
		ret = kl_insn_next(insn, kind == KL_O_FAR ? insn->opsize : 2, &insn->imm);
		if (ret != KL_INSN_OK)
			return ret;
		ret = kl_insn_next(insn, kind == KL_O_FAR ? 2 : 1, &val2);
		if (ret == KL_INSN_OK)
			insn->imm2 = val2;
		return ret;
	default:
		return KL_INSN_OK;
	}
}

/* Forms that are #UD whatever the operands hold. */
static bool kl_insn_invalid(const struct kl_insn *insn)
{
	const struct kl_insn_desc *desc = insn->desc;
	unsigned int i;

	if (desc->flags & KL_F_NO64 && kl_insn_long(insn))
		return true;
	if (desc->flags & KL_F_ONLY64 && !kl_insn_long(insn))
		return true;
	if (desc->flags & KL_F_PROT && kl_insn_flat16(insn))
		return true;
	if (insn->lock && (!(desc->flags & KL_F_LOCK) || !insn->has_mem))
		return true;
	for (i = 0; i < 3; i++) {
		u8 kind = desc->opnd[i];

		if (!insn->has_mem && (kind == KL_O_M || kind == KL_O_M8B || kind == KL_O_MV ||
				       kind == KL_O_XM))
			return true;
	}
	return desc->exec == kl_x_ud;
}

int kl_insn_decode(struct kl_insn *insn, struct kl_insn_ctx *ctx, const struct kl_insn_ops *ops)
{
	unsigned int i;
	u8 byte;
	int ret;

	memset(insn, 0, sizeof(*insn));
	insn->ctx = ctx;
	insn->ops = ops;
	insn->seg = KL_INSN_NO_REG;

	ret = kl_insn_prefixes(insn, &byte);
	if (ret == KL_INSN_OK)
		ret = kl_insn_opcode(insn, byte);
	if (ret == KL_INSN_OK)
		ret = kl_insn_resolve(insn);
	if (ret != KL_INSN_OK)
		return ret;
	if (!insn->desc->exec) {
		/* Everything that LOCK may stand before is covered. */
		return insn->lock ? kl_insn_raise(insn, X86_TRAP_UD) : KL_INSN_UNSUPPORTED;
	}

	kl_insn_operand_size(insn);
	ret = kl_insn_address(insn);
	for (i = 0; i < 3 && ret == KL_INSN_OK; i++)
		ret = kl_insn_immediate(insn, insn->desc->opnd[i]);
	if (ret != KL_INSN_OK)
		return ret;
	if (kl_insn_invalid(insn))
		return kl_insn_raise(insn, X86_TRAP_UD);
	return KL_INSN_OK;
}
