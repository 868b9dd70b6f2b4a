// SPDX-License-Identifier: GPL-2.0-only
/*
 * The opcode tables (SDM, "Opcode Map"): one row per opcode with its handler
 * and operands. A row without a handler is a valid instruction that the
 * emulator does not cover; a reserved opcode names kl_x_ud.
 *
 * tour 28: to add an instruction, add a row here and, if no handler fits, a handler.
 */
#include <linux/types.h>

#include "alu.h"
#include "insn.h"
#include "internal.h"

#define ROW(fn, a, b, c, number, bits)					\
	{ .exec = kl_x_##fn, .opnd = { KL_O_##a, KL_O_##b, KL_O_##c },	\
	  .arg = (number), .flags = (bits) }
#define I0(fn, bits)		ROW(fn, NONE, NONE, NONE, 0, bits)
#define I1(fn, a, bits)		ROW(fn, a, NONE, NONE, 0, bits)
#define I2(fn, a, b, bits)	ROW(fn, a, b, NONE, 0, bits)
#define I3(fn, a, b, c, bits)	ROW(fn, a, b, c, 0, bits)
#define A1(fn, a, number, bits)		ROW(fn, a, NONE, NONE, number, bits)
#define A2(fn, a, b, number, bits)	ROW(fn, a, b, NONE, number, bits)
#define TO(table, bits)		{ .group = (table), .flags = (bits) }
#define UD			I0(ud, 0)

#define B	KL_F_BYTE
#define RD	KL_F_RD
#define WR	KL_F_WR
#define RW	KL_F_RW
#define LK	(KL_F_RW | KL_F_LOCK)
#define N64	KL_F_NO64
#define D64	KL_F_DEF64
#define F64	KL_F_FORCE64
#define PRIV	KL_F_PRIV
#define STR	KL_F_STRING
#define SSE	KL_F_SSE

static const struct kl_insn_desc kl_group1b[8] = {
	A2(alu, E, IB, KL_ALU_ADD, B | LK), A2(alu, E, IB, KL_ALU_OR, B | LK),
	A2(alu, E, IB, KL_ALU_ADC, B | LK), A2(alu, E, IB, KL_ALU_SBB, B | LK),
	A2(alu, E, IB, KL_ALU_AND, B | LK), A2(alu, E, IB, KL_ALU_SUB, B | LK),
	A2(alu, E, IB, KL_ALU_XOR, B | LK), A2(alu, E, IB, KL_ALU_CMP, B | RD),
};

static const struct kl_insn_desc kl_group1z[8] = {
	A2(alu, E, IZ, KL_ALU_ADD, LK), A2(alu, E, IZ, KL_ALU_OR, LK),
	A2(alu, E, IZ, KL_ALU_ADC, LK), A2(alu, E, IZ, KL_ALU_SBB, LK),
	A2(alu, E, IZ, KL_ALU_AND, LK), A2(alu, E, IZ, KL_ALU_SUB, LK),
	A2(alu, E, IZ, KL_ALU_XOR, LK), A2(alu, E, IZ, KL_ALU_CMP, RD),
};

static const struct kl_insn_desc kl_group1s[8] = {
	A2(alu, E, IB, KL_ALU_ADD, LK), A2(alu, E, IB, KL_ALU_OR, LK),
	A2(alu, E, IB, KL_ALU_ADC, LK), A2(alu, E, IB, KL_ALU_SBB, LK),
	A2(alu, E, IB, KL_ALU_AND, LK), A2(alu, E, IB, KL_ALU_SUB, LK),
	A2(alu, E, IB, KL_ALU_XOR, LK), A2(alu, E, IB, KL_ALU_CMP, RD),
};

#define SHIFTS(src, bits) {						\
	A2(shift, E, src, KL_ALU_ROL, bits), A2(shift, E, src, KL_ALU_ROR, bits), \
	A2(shift, E, src, KL_ALU_RCL, bits), A2(shift, E, src, KL_ALU_RCR, bits), \
	A2(shift, E, src, KL_ALU_SHL, bits), A2(shift, E, src, KL_ALU_SHR, bits), \
	A2(shift, E, src, KL_ALU_SAL, bits), A2(shift, E, src, KL_ALU_SAR, bits), \
}

static const struct kl_insn_desc kl_group2b_imm[8] = SHIFTS(IBU, B | RW);
static const struct kl_insn_desc kl_group2_imm[8] = SHIFTS(IBU, RW);
static const struct kl_insn_desc kl_group2b_one[8] = SHIFTS(ONE, B | RW);
static const struct kl_insn_desc kl_group2_one[8] = SHIFTS(ONE, RW);
static const struct kl_insn_desc kl_group2b_cl[8] = SHIFTS(CL, B | RW);
static const struct kl_insn_desc kl_group2_cl[8] = SHIFTS(CL, RW);

static const struct kl_insn_desc kl_group3b[8] = {
	I2(test, E, IB, B | RD), I2(test, E, IB, B | RD), I1(not, E, B | LK), I1(neg, E, B | LK),
	I1(mul, E, B | RD), I1(imul, E, B | RD), I1(div, E, B | RD), I1(idiv, E, B | RD),
};

static const struct kl_insn_desc kl_group3[8] = {
	I2(test, E, IZ, RD), I2(test, E, IZ, RD), I1(not, E, LK), I1(neg, E, LK),
	I1(mul, E, RD), I1(imul, E, RD), I1(div, E, RD), I1(idiv, E, RD),
};

static const struct kl_insn_desc kl_group4[8] = {
	I1(inc, E, B | LK), I1(dec, E, B | LK), UD, UD, UD, UD, UD, UD,
};

static const struct kl_insn_desc kl_group5[8] = {
	I1(inc, E, LK), I1(dec, E, LK), I1(call_ind, E, RD | F64), A1(far_ind, M, 1, 0),
	I1(jmp_ind, E, RD | F64), A1(far_ind, M, 0, 0), I1(push, E, RD | D64), UD,
};

static const struct kl_insn_desc kl_group1a[8] = {
	I1(pop, E, WR | D64 | KL_F_POP), UD, UD, UD, UD, UD, UD, UD,
};

/* /7 is XABORT and XBEGIN. */
static const struct kl_insn_desc kl_group11b[8] = {
	I2(mov, E, IB, B | WR), UD, UD, UD, UD, UD, UD, { }
};

static const struct kl_insn_desc kl_group11[8] = {
	I2(mov, E, IZ, WR), UD, UD, UD, UD, UD, UD, { }
};

/* 0F 01: descriptor tables and machine status word; most register forms are instructions apart. */
static const struct kl_insn_desc kl_group7_mem[8] = {
	A1(sdt, M, KL_INSN_GDT, 0), A1(sdt, M, KL_INSN_IDT, 0),
	A1(ldt, M, KL_INSN_GDT, PRIV), A1(ldt, M, KL_INSN_IDT, PRIV),
	I1(smsw, EW, WR), { }, I1(lmsw, E16, RD | PRIV), { }
};

static const struct kl_insn_desc kl_group7_reg[8] = {
	[4] = I1(smsw, EW, WR), [6] = I1(lmsw, E16, RD | PRIV),
};

static const struct kl_insn_desc kl_group7[2] = {
	TO(kl_group7_mem, KL_F_GROUP), TO(kl_group7_reg, KL_F_GROUP),
};

static const struct kl_insn_desc kl_group8[8] = {
	UD, UD, UD, UD, A2(bit, E, IBU, 0, RD), A2(bit, E, IBU, 1, LK),
	A2(bit, E, IBU, 2, LK), A2(bit, E, IBU, 3, LK),
};

static const struct kl_insn_desc kl_group9[8] = {
	[0] = UD, [1] = I1(cmpxchg8b, M8B, LK), [2] = UD,
};

/* 0F AE: CLFLUSH and the fences do nothing here. */
static const struct kl_insn_desc kl_group15_mem[8] = { [7] = I1(nop, M, 0) };
static const struct kl_insn_desc kl_group15_reg[8] = {
	[5] = I0(nop, 0), [6] = I0(nop, 0), [7] = I0(nop, 0),
};

static const struct kl_insn_desc kl_group15_mod[2] = {
	TO(kl_group15_mem, KL_F_GROUP), TO(kl_group15_reg, KL_F_GROUP),
};

/* By mandatory prefix: none, 66, F3, F2. */
static const struct kl_insn_desc kl_sse_ae[4] = { TO(kl_group15_mod, KL_F_MODRM3) };

static const struct kl_insn_desc kl_sse_10[4] = {
	A2(xmov, X, XE, 16, WR | SSE), A2(xmov, X, XE, 16, WR | SSE),
	A2(xmov, X, XE4, 4, WR | SSE), A2(xmov, X, XE8, 8, WR | SSE),
};

static const struct kl_insn_desc kl_sse_11[4] = {
	A2(xmov, XE, X, 16, WR | SSE), A2(xmov, XE, X, 16, WR | SSE),
	A2(xmov, XE4, X, 4, WR | SSE), A2(xmov, XE8, X, 8, WR | SSE),
};

#define ALIGNED(dst, src) A2(xmov, dst, src, 16, WR | SSE | KL_F_ALIGNED)

static const struct kl_insn_desc kl_sse_28[4] = { ALIGNED(X, XE), ALIGNED(X, XE), UD, UD };
static const struct kl_insn_desc kl_sse_29[4] = { ALIGNED(XE, X), ALIGNED(XE, X), UD, UD };
static const struct kl_insn_desc kl_sse_2b[4] = { ALIGNED(XM, X), ALIGNED(XM, X), UD, UD };
static const struct kl_insn_desc kl_sse_e7[4] = { { }, ALIGNED(XM, X), UD, UD };
static const struct kl_insn_desc kl_sse_382a[4] = { UD, ALIGNED(X, XM), UD, UD };

static const struct kl_insn_desc kl_sse_6f[4] = {
	{ }, ALIGNED(X, XE), A2(xmov, X, XE, 16, WR | SSE), UD,
};

static const struct kl_insn_desc kl_sse_7f[4] = {
	{ }, ALIGNED(XE, X), A2(xmov, XE, X, 16, WR | SSE), UD,
};

/* arg 0: 4 or 8 bytes by REX.W. Without a prefix these are MMX. */
static const struct kl_insn_desc kl_sse_6e[4] = {
	{ }, A2(xmov, X, EY, 0, WR | SSE), UD, UD,
};

static const struct kl_insn_desc kl_sse_7e[4] = {
	{ }, A2(xmov, EY, X, 0, WR | SSE), A2(xmov, X, XE8, 8, WR | SSE), UD,
};

static const struct kl_insn_desc kl_sse_d6[4] = {
	UD, A2(xmov, XE8, X, 8, WR | SSE), { }, { }
};

static const struct kl_insn_desc kl_sse_f0[4] = { UD, UD, UD, A2(xmov, X, XM, 16, WR | SSE) };

/* F3 makes TZCNT and LZCNT of these, if CPUID has them. */
static const struct kl_insn_desc kl_bsf[4] = {
	I2(bsf, G, E, RW), I2(bsf, G, E, RW), { }, I2(bsf, G, E, RW),
};

static const struct kl_insn_desc kl_bsr[4] = {
	I2(bsr, G, E, RW), I2(bsr, G, E, RW), { }, I2(bsr, G, E, RW),
};

/* F2 makes CRC32 of these. */
static const struct kl_insn_desc kl_movbe_load[4] = {
	I2(movbe, G, MV, WR), I2(movbe, G, MV, WR), UD, { }
};

static const struct kl_insn_desc kl_movbe_store[4] = {
	I2(movbe, MV, G, WR), I2(movbe, MV, G, WR), UD, { }
};

#define ALU(at, op, rmw, rw)					\
	[(at) + 0] = A2(alu, E, G, op, B | (rmw)),		\
	[(at) + 1] = A2(alu, E, G, op, rmw),			\
	[(at) + 2] = A2(alu, G, E, op, B | (rw)),		\
	[(at) + 3] = A2(alu, G, E, op, rw),			\
	[(at) + 4] = A2(alu, A, IB, op, B | (rw)),		\
	[(at) + 5] = A2(alu, A, IZ, op, rw)

const struct kl_insn_desc kl_insn_map1[256] = {
	ALU(0x00, KL_ALU_ADD, LK, RW), ALU(0x08, KL_ALU_OR, LK, RW),
	ALU(0x10, KL_ALU_ADC, LK, RW), ALU(0x18, KL_ALU_SBB, LK, RW),
	ALU(0x20, KL_ALU_AND, LK, RW), ALU(0x28, KL_ALU_SUB, LK, RW),
	ALU(0x30, KL_ALU_XOR, LK, RW), ALU(0x38, KL_ALU_CMP, RD, RD),
	[0x06] = I0(push_seg, N64), [0x07] = I0(pop_seg, N64), [0x0e] = I0(push_seg, N64),
	[0x16] = I0(push_seg, N64), [0x17] = I0(pop_seg, N64),
	[0x1e] = I0(push_seg, N64), [0x1f] = I0(pop_seg, N64),
	[0x27] = I0(bcd, N64), [0x2f] = I0(bcd, N64), [0x37] = I0(bcd, N64), [0x3f] = I0(bcd, N64),
	[0x40 ... 0x47] = I1(inc, Z, RW), [0x48 ... 0x4f] = I1(dec, Z, RW),
	[0x50 ... 0x57] = I1(push, Z, D64), [0x58 ... 0x5f] = I1(pop, Z, WR | D64),
	[0x60] = I0(pusha, N64), [0x61] = I0(popa, N64),
	[0x63] = I2(movsx, G, E32, WR),
	[0x68] = I1(push, IZ, D64), [0x69] = I3(imul3, G, E, IZ, WR),
	[0x6a] = I1(push, IB, D64), [0x6b] = I3(imul3, G, E, IB, WR),
	[0x6c] = I0(ins, B | STR), [0x6d] = I0(ins, STR),
	[0x6e] = I0(outs, B | STR), [0x6f] = I0(outs, STR),
	[0x70 ... 0x7f] = I1(jcc, IB, F64),
	[0x80] = TO(kl_group1b, KL_F_GROUP), [0x81] = TO(kl_group1z, KL_F_GROUP),
	[0x82] = TO(kl_group1b, KL_F_GROUP), [0x83] = TO(kl_group1s, KL_F_GROUP),
	[0x84] = I2(test, E, G, B | RD), [0x85] = I2(test, E, G, RD),
	[0x86] = I2(xchg, E, G, B | LK | KL_F_ATOMIC), [0x87] = I2(xchg, E, G, LK | KL_F_ATOMIC),
	[0x88] = I2(mov, E, G, B | WR), [0x89] = I2(mov, E, G, WR),
	[0x8a] = I2(mov, G, E, B | WR), [0x8b] = I2(mov, G, E, WR),
	[0x8c] = I1(mov_from_seg, EW, WR), [0x8d] = I2(lea, G, M, WR),
	[0x8e] = I1(mov_to_seg, E16, RD), [0x8f] = TO(kl_group1a, KL_F_GROUP),
	[0x90 ... 0x97] = I2(xchg, Z, A, RW),
	[0x98] = I0(cbw, 0), [0x99] = I0(cwd, 0), [0x9a] = A1(far, FAR, 1, N64),
	[0x9c] = I0(pushf, D64), [0x9d] = I0(popf, D64), [0x9e] = I0(sahf, 0), [0x9f] = I0(lahf, 0),
	[0xa0] = I2(mov, A, MOFFS, B | WR), [0xa1] = I2(mov, A, MOFFS, WR),
	[0xa2] = I2(mov, MOFFS, A, B | WR), [0xa3] = I2(mov, MOFFS, A, WR),
	[0xa4] = I0(movs, B | STR), [0xa5] = I0(movs, STR),
	[0xa6] = I0(cmps, B | STR), [0xa7] = I0(cmps, STR),
	[0xa8] = I2(test, A, IB, B | RD), [0xa9] = I2(test, A, IZ, RD),
	[0xaa] = I0(stos, B | STR), [0xab] = I0(stos, STR),
	[0xac] = I0(lods, B | STR), [0xad] = I0(lods, STR),
	[0xae] = I0(scas, B | STR), [0xaf] = I0(scas, STR),
	[0xb0 ... 0xb7] = I2(mov, Z, IV, B | WR), [0xb8 ... 0xbf] = I2(mov, Z, IV, WR),
	[0xc0] = TO(kl_group2b_imm, KL_F_GROUP), [0xc1] = TO(kl_group2_imm, KL_F_GROUP),
	[0xc2] = I1(ret, IW, F64), [0xc3] = I0(ret, F64),
	[0xc4] = A2(load_far, G, M, KL_SEG_ES, WR), [0xc5] = A2(load_far, G, M, KL_SEG_DS, WR),
	[0xc6] = TO(kl_group11b, KL_F_GROUP), [0xc7] = TO(kl_group11, KL_F_GROUP),
	[0xc8] = I1(enter, ENTER, D64), [0xc9] = I0(leave, D64),
	[0xca] = I1(retf, IW, 0), [0xcb] = I0(retf, 0),
	[0xcc] = I0(int, 0), [0xcd] = I1(int, IBU, 0), [0xce] = I0(int, N64), [0xcf] = I0(iret, 0),
	[0xd0] = TO(kl_group2b_one, KL_F_GROUP), [0xd1] = TO(kl_group2_one, KL_F_GROUP),
	[0xd2] = TO(kl_group2b_cl, KL_F_GROUP), [0xd3] = TO(kl_group2_cl, KL_F_GROUP),
	[0xd4] = I1(bcd, IBU, N64), [0xd5] = I1(bcd, IBU, N64), [0xd6] = UD, [0xd7] = I0(xlat, 0),
	[0xe0 ... 0xe3] = I1(loop, IB, F64),
	[0xe4] = I2(in, A, IBU, B | WR), [0xe5] = I2(in, A, IBU, WR),
	[0xe6] = I2(out, IBU, A, B), [0xe7] = I2(out, IBU, A, 0),
	[0xe8] = I1(call, IZ, F64), [0xe9] = I1(jmp, IZ, F64),
	[0xea] = A1(far, FAR, 0, N64), [0xeb] = I1(jmp, IB, F64),
	[0xec] = I2(in, A, DX, B | WR), [0xed] = I2(in, A, DX, WR),
	[0xee] = I2(out, DX, A, B), [0xef] = I2(out, DX, A, 0),
	[0xf4] = I0(hlt, PRIV), [0xf5] = I0(flag, 0),
	[0xf6] = TO(kl_group3b, KL_F_GROUP), [0xf7] = TO(kl_group3, KL_F_GROUP),
	[0xf8] = I0(flag, 0), [0xf9] = I0(flag, 0), [0xfa] = I0(cli, 0), [0xfb] = I0(sti, 0),
	[0xfc] = I0(flag, 0), [0xfd] = I0(flag, 0),
	[0xfe] = TO(kl_group4, KL_F_GROUP), [0xff] = TO(kl_group5, KL_F_GROUP),
};

const struct kl_insn_desc kl_insn_map2[256] = {
	[0x01] = TO(kl_group7, KL_F_MODRM3), [0x04] = UD, [0x06] = I0(clts, PRIV),
	[0x0a] = UD, [0x0b] = UD, [0x0c] = UD, [0x0d] = I0(nop, KL_F_MODRM),
	[0x10] = TO(kl_sse_10, KL_F_PREFIX), [0x11] = TO(kl_sse_11, KL_F_PREFIX),
	[0x18 ... 0x1f] = I0(nop, KL_F_MODRM),
	[0x20] = I1(mov_cr, R, WR | PRIV), [0x21] = I1(mov_dr, R, WR | PRIV),
	[0x22] = I2(mov_cr, NONE, R, PRIV), [0x23] = I2(mov_dr, NONE, R, PRIV),
	[0x24 ... 0x27] = UD,
	[0x28] = TO(kl_sse_28, KL_F_PREFIX), [0x29] = TO(kl_sse_29, KL_F_PREFIX),
	[0x2b] = TO(kl_sse_2b, KL_F_PREFIX),
	[0x30] = I0(wrmsr, PRIV), [0x31] = I0(rdtsc, 0), [0x32] = I0(rdmsr, PRIV), [0x36] = UD,
	[0x40 ... 0x4f] = I2(cmov, G, E, RW),
	[0x6e] = TO(kl_sse_6e, KL_F_PREFIX), [0x6f] = TO(kl_sse_6f, KL_F_PREFIX),
	[0x7e] = TO(kl_sse_7e, KL_F_PREFIX), [0x7f] = TO(kl_sse_7f, KL_F_PREFIX),
	[0x80 ... 0x8f] = I1(jcc, IZ, F64), [0x90 ... 0x9f] = I1(setcc, E, B | WR),
	[0xa0] = I0(push_seg, D64), [0xa1] = I0(pop_seg, D64), [0xa2] = I0(cpuid, 0),
	[0xa3] = A2(bit, E, G, 0, RD | KL_F_BITS),
	[0xa4] = I3(shld, E, G, IBU, RW), [0xa5] = I3(shld, E, G, CL, RW),
	[0xa6] = UD, [0xa7] = UD,
	[0xa8] = I0(push_seg, D64), [0xa9] = I0(pop_seg, D64),
	[0xab] = A2(bit, E, G, 1, LK | KL_F_BITS),
	[0xac] = I3(shrd, E, G, IBU, RW), [0xad] = I3(shrd, E, G, CL, RW),
	[0xae] = TO(kl_sse_ae, KL_F_PREFIX), [0xaf] = I2(imul2, G, E, RW),
	[0xb0] = I2(cmpxchg, E, G, B | LK), [0xb1] = I2(cmpxchg, E, G, LK),
	[0xb2] = A2(load_far, G, M, KL_SEG_SS, WR),
	[0xb3] = A2(bit, E, G, 2, LK | KL_F_BITS),
	[0xb4] = A2(load_far, G, M, KL_SEG_FS, WR), [0xb5] = A2(load_far, G, M, KL_SEG_GS, WR),
	[0xb6] = I2(mov, G, E8, WR), [0xb7] = I2(mov, G, E16, WR),
	[0xb9] = I0(ud, KL_F_MODRM),
	[0xba] = TO(kl_group8, KL_F_GROUP), [0xbb] = A2(bit, E, G, 3, LK | KL_F_BITS),
	[0xbc] = TO(kl_bsf, KL_F_PREFIX), [0xbd] = TO(kl_bsr, KL_F_PREFIX),
	[0xbe] = I2(movsx, G, E8, WR), [0xbf] = I2(movsx, G, E16, WR),
	[0xc0] = I2(xadd, E, G, B | LK), [0xc1] = I2(xadd, E, G, LK),
	[0xc3] = I2(mov, MV, G, WR), [0xc7] = TO(kl_group9, KL_F_GROUP),
	[0xc8 ... 0xcf] = I1(bswap, Z, RW),
	[0xd6] = TO(kl_sse_d6, KL_F_PREFIX), [0xe7] = TO(kl_sse_e7, KL_F_PREFIX),
	[0xf0] = TO(kl_sse_f0, KL_F_PREFIX), [0xff] = I0(ud, KL_F_MODRM),
};

/**
 * kl_insn_map3() - row of an opcode 0F 38 xx
 * @opcode: Last opcode byte.
 *
 * Return: the row; one without a handler if the opcode is not covered.
 */
const struct kl_insn_desc *kl_insn_map3(u8 opcode)
{
	static const struct kl_insn_desc none;
	static const struct kl_insn_desc movntdqa = TO(kl_sse_382a, KL_F_PREFIX);
	static const struct kl_insn_desc load = TO(kl_movbe_load, KL_F_PREFIX);
	static const struct kl_insn_desc store = TO(kl_movbe_store, KL_F_PREFIX);

	switch (opcode) {
	case 0x2a:
		return &movntdqa;
	case 0xf0:
		return &load;
	case 0xf1:
		return &store;
	default:
		return &none;
	}
}
