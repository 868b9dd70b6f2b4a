// SPDX-License-Identifier: GPL-2.0-only
/*
 * The instruction emulator against the CPU this test runs on: the same random
 * instruction with the same registers and memory is executed natively and
 * emulated; registers, memory and the flags that the SDM defines must agree.
 *
 * KL_SEED=<number> repeats a run, KL_CASES=<number> changes its length.
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include <linux/kernel.h>
#include <linux/types.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>

#include "mmu/insn/insn.h"
#include "kt.h"

#define CF	X86_EFLAGS_CF
#define PF	X86_EFLAGS_PF
#define AF	X86_EFLAGS_AF
#define ZF	X86_EFLAGS_ZF
#define SF	X86_EFLAGS_SF
#define OF	X86_EFLAGS_OF
#define STATUS	(CF | PF | AF | ZF | SF | OF)

#define PAGE	4096
#define DATA_SIZE PAGE

enum kind {
	PLAIN,
	SHIFT,		/* count in the immediate, CL or 1 */
	DOUBLE,		/* SHLD, SHRD */
	BITS,		/* bit offset in a register */
	DIVIDE,
	STRING,
	SWAP,		/* BSWAP: register in the opcode, not with 16 bits */
	CX8,
};

struct form {
	const char *name;
	u16 opcode;	/* 0x0fxx for two bytes */
	s8 group;	/* ModRM.reg, -1: random register, -2: no ModRM */
	char imm;	/* 'b', 'z', 'v' or 0 */
	u8 byte;	/* operand size 1 */
	u8 mem;	/* 0 any, 1 memory only, 2 register only */
	u8 lock;
	enum kind kind;
	u32 undefined;
};

#define ALU_ROW(n, at, u, l)						\
	{ n, (at), -1, 0, 1, 0, l, PLAIN, u }, { n, (at) + 1, -1, 0, 0, 0, l, PLAIN, u }, \
	{ n, (at) + 2, -1, 0, 1, 0, 0, PLAIN, u }, { n, (at) + 3, -1, 0, 0, 0, 0, PLAIN, u }, \
	{ n, (at) + 4, -2, 'b', 1, 0, 0, PLAIN, u }, { n, (at) + 5, -2, 'z', 0, 0, 0, PLAIN, u }, \
	{ n, 0x80, (at) >> 3, 'b', 1, 0, l, PLAIN, u },			\
	{ n, 0x81, (at) >> 3, 'z', 0, 0, l, PLAIN, u },			\
	{ n, 0x83, (at) >> 3, 'b', 0, 0, l, PLAIN, u }
#define SHIFT_ROW(n, r)							\
	{ n, 0xc0, r, 'b', 1, 0, 0, SHIFT, 0 }, { n, 0xc1, r, 'b', 0, 0, 0, SHIFT, 0 }, \
	{ n, 0xd0, r, 0, 1, 0, 0, SHIFT, 0 }, { n, 0xd1, r, 0, 0, 0, 0, SHIFT, 0 }, \
	{ n, 0xd2, r, 0, 1, 0, 0, SHIFT, 0 }, { n, 0xd3, r, 0, 0, 0, 0, SHIFT, 0 }
#define CC_ROW(cc)							\
	{ "cmovcc", 0x0f40 + (cc), -1, 0, 0, 0, 0, PLAIN, 0 },		\
	{ "setcc", 0x0f90 + (cc), -1, 0, 1, 0, 0, PLAIN, 0 }

static const struct form forms[] = {
	ALU_ROW("add", 0x00, 0, 1), ALU_ROW("or", 0x08, AF, 1), ALU_ROW("adc", 0x10, 0, 1),
	ALU_ROW("sbb", 0x18, 0, 1), ALU_ROW("and", 0x20, AF, 1), ALU_ROW("sub", 0x28, 0, 1),
	ALU_ROW("xor", 0x30, AF, 1), ALU_ROW("cmp", 0x38, 0, 0),
	SHIFT_ROW("rol", 0), SHIFT_ROW("ror", 1), SHIFT_ROW("rcl", 2), SHIFT_ROW("rcr", 3),
	SHIFT_ROW("shl", 4), SHIFT_ROW("shr", 5), SHIFT_ROW("sal", 6), SHIFT_ROW("sar", 7),
	CC_ROW(0), CC_ROW(1), CC_ROW(2), CC_ROW(3), CC_ROW(4), CC_ROW(5), CC_ROW(6), CC_ROW(7),
	CC_ROW(8), CC_ROW(9), CC_ROW(10), CC_ROW(11), CC_ROW(12), CC_ROW(13), CC_ROW(14),
	CC_ROW(15),
	{ "movsxd", 0x63, -1, 0, 0, 0, 0, PLAIN, 0 },
	{ "imul3", 0x69, -1, 'z', 0, 0, 0, PLAIN, SF | ZF | AF | PF },
	{ "imul3", 0x6b, -1, 'b', 0, 0, 0, PLAIN, SF | ZF | AF | PF },
	{ "test", 0x84, -1, 0, 1, 0, 0, PLAIN, AF }, { "test", 0x85, -1, 0, 0, 0, 0, PLAIN, AF },
	{ "xchg", 0x86, -1, 0, 1, 0, 1, PLAIN, 0 }, { "xchg", 0x87, -1, 0, 0, 0, 1, PLAIN, 0 },
	{ "mov", 0x88, -1, 0, 1, 0, 0, PLAIN, 0 }, { "mov", 0x89, -1, 0, 0, 0, 0, PLAIN, 0 },
	{ "mov", 0x8a, -1, 0, 1, 0, 0, PLAIN, 0 }, { "mov", 0x8b, -1, 0, 0, 0, 0, PLAIN, 0 },
	{ "lea", 0x8d, -1, 0, 0, 1, 0, PLAIN, 0 },
	{ "nop", 0x90, -2, 0, 0, 0, 0, PLAIN, 0 }, { "xchg", 0x91, -2, 0, 0, 0, 0, PLAIN, 0 },
	{ "xchg", 0x97, -2, 0, 0, 0, 0, PLAIN, 0 },
	{ "cbw", 0x98, -2, 0, 0, 0, 0, PLAIN, 0 }, { "cwd", 0x99, -2, 0, 0, 0, 0, PLAIN, 0 },
	{ "sahf", 0x9e, -2, 0, 0, 0, 0, PLAIN, 0 }, { "lahf", 0x9f, -2, 0, 0, 0, 0, PLAIN, 0 },
	{ "movs", 0xa4, -2, 0, 1, 0, 0, STRING, 0 }, { "movs", 0xa5, -2, 0, 0, 0, 0, STRING, 0 },
	{ "cmps", 0xa6, -2, 0, 1, 0, 0, STRING, 0 }, { "cmps", 0xa7, -2, 0, 0, 0, 0, STRING, 0 },
	{ "test", 0xa8, -2, 'b', 1, 0, 0, PLAIN, AF },
	{ "test", 0xa9, -2, 'z', 0, 0, 0, PLAIN, AF },
	{ "stos", 0xaa, -2, 0, 1, 0, 0, STRING, 0 }, { "stos", 0xab, -2, 0, 0, 0, 0, STRING, 0 },
	{ "lods", 0xac, -2, 0, 1, 0, 0, STRING, 0 }, { "lods", 0xad, -2, 0, 0, 0, 0, STRING, 0 },
	{ "scas", 0xae, -2, 0, 1, 0, 0, STRING, 0 }, { "scas", 0xaf, -2, 0, 0, 0, 0, STRING, 0 },
	{ "mov", 0xb6, -2, 'b', 1, 0, 0, PLAIN, 0 }, { "mov", 0xba, -2, 'v', 0, 0, 0, PLAIN, 0 },
	{ "mov", 0xc6, 0, 'b', 1, 0, 0, PLAIN, 0 }, { "mov", 0xc7, 0, 'z', 0, 0, 0, PLAIN, 0 },
	{ "cmc", 0xf5, -2, 0, 0, 0, 0, PLAIN, 0 },
	{ "clc", 0xf8, -2, 0, 0, 0, 0, PLAIN, 0 }, { "stc", 0xf9, -2, 0, 0, 0, 0, PLAIN, 0 },
	{ "test", 0xf6, 0, 'b', 1, 0, 0, PLAIN, AF }, { "test", 0xf7, 0, 'z', 0, 0, 0, PLAIN, AF },
	{ "not", 0xf6, 2, 0, 1, 0, 1, PLAIN, 0 }, { "not", 0xf7, 2, 0, 0, 0, 1, PLAIN, 0 },
	{ "neg", 0xf6, 3, 0, 1, 0, 1, PLAIN, 0 }, { "neg", 0xf7, 3, 0, 0, 0, 1, PLAIN, 0 },
	{ "mul", 0xf6, 4, 0, 1, 0, 0, PLAIN, SF | ZF | AF | PF },
	{ "mul", 0xf7, 4, 0, 0, 0, 0, PLAIN, SF | ZF | AF | PF },
	{ "imul", 0xf6, 5, 0, 1, 0, 0, PLAIN, SF | ZF | AF | PF },
	{ "imul", 0xf7, 5, 0, 0, 0, 0, PLAIN, SF | ZF | AF | PF },
	{ "div", 0xf6, 6, 0, 1, 0, 0, DIVIDE, STATUS },
	{ "div", 0xf7, 6, 0, 0, 0, 0, DIVIDE, STATUS },
	{ "idiv", 0xf6, 7, 0, 1, 0, 0, DIVIDE, STATUS },
	{ "idiv", 0xf7, 7, 0, 0, 0, 0, DIVIDE, STATUS },
	{ "inc", 0xfe, 0, 0, 1, 0, 1, PLAIN, 0 }, { "inc", 0xff, 0, 0, 0, 0, 1, PLAIN, 0 },
	{ "dec", 0xfe, 1, 0, 1, 0, 1, PLAIN, 0 }, { "dec", 0xff, 1, 0, 0, 0, 1, PLAIN, 0 },
	{ "bt", 0x0fa3, -1, 0, 0, 0, 0, BITS, OF | SF | AF | PF },
	{ "bts", 0x0fab, -1, 0, 0, 0, 1, BITS, OF | SF | AF | PF },
	{ "btr", 0x0fb3, -1, 0, 0, 0, 1, BITS, OF | SF | AF | PF },
	{ "btc", 0x0fbb, -1, 0, 0, 0, 1, BITS, OF | SF | AF | PF },
	{ "bt", 0x0fba, 4, 'b', 0, 0, 0, PLAIN, OF | SF | AF | PF },
	{ "bts", 0x0fba, 5, 'b', 0, 0, 1, PLAIN, OF | SF | AF | PF },
	{ "btr", 0x0fba, 6, 'b', 0, 0, 1, PLAIN, OF | SF | AF | PF },
	{ "btc", 0x0fba, 7, 'b', 0, 0, 1, PLAIN, OF | SF | AF | PF },
	{ "shld", 0x0fa4, -1, 'b', 0, 0, 0, DOUBLE, AF },
	{ "shld", 0x0fa5, -1, 0, 0, 0, 0, DOUBLE, AF },
	{ "shrd", 0x0fac, -1, 'b', 0, 0, 0, DOUBLE, AF },
	{ "shrd", 0x0fad, -1, 0, 0, 0, 0, DOUBLE, AF },
	{ "imul2", 0x0faf, -1, 0, 0, 0, 0, PLAIN, SF | ZF | AF | PF },
	{ "cmpxchg", 0x0fb0, -1, 0, 1, 0, 1, PLAIN, 0 },
	{ "cmpxchg", 0x0fb1, -1, 0, 0, 0, 1, PLAIN, 0 },
	{ "movzx", 0x0fb6, -1, 0, 0, 0, 0, PLAIN, 0 },
	{ "movzx", 0x0fb7, -1, 0, 0, 0, 0, PLAIN, 0 },
	{ "movsx", 0x0fbe, -1, 0, 0, 0, 0, PLAIN, 0 },
	{ "movsx", 0x0fbf, -1, 0, 0, 0, 0, PLAIN, 0 },
	{ "bsf", 0x0fbc, -1, 0, 0, 0, 0, PLAIN, STATUS & ~ZF },
	{ "bsr", 0x0fbd, -1, 0, 0, 0, 0, PLAIN, STATUS & ~ZF },
	{ "xadd", 0x0fc0, -1, 0, 1, 0, 1, PLAIN, 0 }, { "xadd", 0x0fc1, -1, 0, 0, 0, 1, PLAIN, 0 },
	{ "movnti", 0x0fc3, -1, 0, 0, 1, 0, SWAP, 0 },
	{ "cmpxchg8b", 0x0fc7, 1, 0, 0, 1, 1, CX8, 0 },
	{ "bswap", 0x0fca, -2, 0, 0, 0, 0, SWAP, 0 }, { "bswap", 0x0fcf, -2, 0, 0, 0, 0, SWAP, 0 },
};

/* One case: the instruction and the state before it. */
struct test_case {
	const struct form *form;
	u8 code[32];
	unsigned int len, size;
	u64 gpr[KL_NR_GPRS];
	u64 rflags;
	u32 undefined;
};

static u64 rng;
static u8 *code, *data;		/* what the CPU executes and touches */
static u8 before[DATA_SIZE], emulated[DATA_SIZE];

static u64 rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng * 0x2545f4914f6cdd1dull;
}

static u64 below(u64 n)
{
	return (rnd() >> 11) % n;
}

/* Random, with the values at which carries and signs turn more often than chance. */
static u64 value(void)
{
	static const u64 edge[] = {
		0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
		0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
	};

	if (below(3))
		return rnd() >> below(64);
	return edge[below(14)] + below(3) - 1;
}

/* The native side, not instrumented: registers go in and out through these. */
u64 native_gpr[KL_NR_GPRS], native_flags, native_rsp;
void *native_code;

/* Loads the registers and jumps to the code; that ends with a jump to native_leave(). */
__attribute__((naked, no_profile_instrument_function)) static void native_enter(void)
{
	asm("push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	    "mov %rsp, native_rsp(%rip)\n"
	    "push native_flags(%rip)\n"
	    "popf\n"
	    "mov native_gpr+0(%rip), %rax; mov native_gpr+8(%rip), %rcx\n"
	    "mov native_gpr+16(%rip), %rdx; mov native_gpr+24(%rip), %rbx\n"
	    "mov native_gpr+40(%rip), %rbp; mov native_gpr+48(%rip), %rsi\n"
	    "mov native_gpr+56(%rip), %rdi; mov native_gpr+64(%rip), %r8\n"
	    "mov native_gpr+72(%rip), %r9; mov native_gpr+80(%rip), %r10\n"
	    "mov native_gpr+88(%rip), %r11; mov native_gpr+96(%rip), %r12\n"
	    "mov native_gpr+104(%rip), %r13; mov native_gpr+112(%rip), %r14\n"
	    "mov native_gpr+120(%rip), %r15\n"
	    "jmp *native_code(%rip)\n");
}

/* Stores the registers and returns to the caller of native_enter(). */
__attribute__((naked, no_profile_instrument_function)) static void native_leave(void)
{
	asm("mov %rax, native_gpr+0(%rip); mov %rcx, native_gpr+8(%rip)\n"
	    "mov %rdx, native_gpr+16(%rip); mov %rbx, native_gpr+24(%rip)\n"
	    "mov %rbp, native_gpr+40(%rip); mov %rsi, native_gpr+48(%rip)\n"
	    "mov %rdi, native_gpr+56(%rip); mov %r8, native_gpr+64(%rip)\n"
	    "mov %r9, native_gpr+72(%rip); mov %r10, native_gpr+80(%rip)\n"
	    "mov %r11, native_gpr+88(%rip); mov %r12, native_gpr+96(%rip)\n"
	    "mov %r13, native_gpr+104(%rip); mov %r14, native_gpr+112(%rip)\n"
	    "mov %r15, native_gpr+120(%rip)\n"
	    "mov native_rsp(%rip), %rsp\n"
	    "pushf\n"
	    "pop native_flags(%rip)\n"
	    "cld\n"
	    "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	    "ret\n");
}

static sigjmp_buf caught;

static void on_signal(int sig)
{
	siglongjmp(caught, sig);
}

/* Returns the signal that the instruction caused, or 0. */
static int run_native(const struct test_case *t)
{
	void (*leave)(void) = native_leave;
	int sig;

	memcpy(code, t->code, t->len);
	/* jmp *0(%rip), followed by the address */
	memcpy(code + t->len, "\xff\x25\0\0\0\0", 6);
	memcpy(code + t->len + 6, &leave, 8);
	memcpy(data, before, DATA_SIZE);
	memcpy(native_gpr, t->gpr, sizeof(native_gpr));
	native_flags = t->rflags;
	native_code = code;
	sig = sigsetjmp(caught, 1);
	if (!sig)
		native_enter();
	return sig;
}

/* The emulated side. */
static u8 *at(u64 lin, unsigned int len)
{
	u64 off = lin - (u64)data;

	return off <= DATA_SIZE - len ? emulated + off : NULL;
}

static int fault(struct kl_insn_ctx *ctx, u64 lin)
{
	ctx->exc = (struct kl_insn_exc){ .vector = X86_TRAP_PF, .has_error = true, .cr2 = lin };
	return KL_INSN_FAULT;
}

static int op_fetch(struct kl_insn_ctx *ctx, u64 lin, void *buf, unsigned int len)
{
	u64 off = lin - (u64)code;

	if (off > PAGE - len)
		return fault(ctx, lin);
	memcpy(buf, code + off, len);
	return KL_INSN_OK;
}

static int op_read(struct kl_insn_ctx *ctx, u64 lin, void *buf, unsigned int len, bool for_write)
{
	if (!at(lin, len))
		return fault(ctx, lin);
	memcpy(buf, at(lin, len), len);
	return KL_INSN_OK;
}

static int op_write(struct kl_insn_ctx *ctx, u64 lin, const void *buf, unsigned int len)
{
	if (!at(lin, len))
		return fault(ctx, lin);
	memcpy(at(lin, len), buf, len);
	return KL_INSN_OK;
}

static int op_cmpxchg(struct kl_insn_ctx *ctx, u64 lin, const void *old, const void *new,
		      unsigned int len)
{
	if (!at(lin, len))
		return fault(ctx, lin);
	if (memcmp(at(lin, len), old, len))
		return KL_INSN_RETRY;
	memcpy(at(lin, len), new, len);
	return KL_INSN_OK;
}

static const struct kl_insn_ops ops = {
	.fetch = op_fetch, .read = op_read, .write = op_write, .cmpxchg = op_cmpxchg,
};

static void set_context(struct kl_insn_ctx *ctx, const struct test_case *t)
{
	memset(ctx, 0, sizeof(*ctx));
	memcpy(ctx->gpr, t->gpr, sizeof(ctx->gpr));
	ctx->rip = (u64)code;
	ctx->rflags = t->rflags;
	ctx->mode = KL_INSN_LONG64;
	ctx->cpl = 3;
	ctx->cr0 = X86_CR0_PE | X86_CR0_PG;
	memcpy(emulated, before, DATA_SIZE);
}

/* Generation. */
static void emit(struct test_case *t, u64 val, unsigned int n)
{
	memcpy(t->code + t->len, &val, n);
	t->len += n;
}

/* A register that is not RSP. */
static unsigned int any_reg(bool ext)
{
	unsigned int reg;

	do {
		reg = below(ext ? 16 : 8);
	} while (reg == KL_RSP);
	return reg;
}

static unsigned int imm_size(const struct test_case *t)
{
	switch (t->form->imm) {
	case 'b':
		return 1;
	case 'z':
		return t->size < 4 ? t->size : 4;
	case 'v':
		return t->size;
	default:
		return 0;
	}
}

/* Memory operand: an address in the data page, in one of the ways ModRM has. */
static void emit_memory(struct test_case *t, unsigned int reg, unsigned int base,
			unsigned int index, bool sib, unsigned int imm)
{
	u64 target = (u64)data + 1024 + below(1024);
	unsigned int scale = below(4), mod = 1 + below(2), way = below(8);
	s64 disp = mod == 1 ? (s8)rnd() : (s64)below(512) - 256;

	if (t->form->kind == CX8) {
		target &= ~15ull;
		disp &= ~15ll;
	}
	if (way == 0 && !sib) {
		/* RIP-relative */
		u64 next = (u64)code + t->len + 5 + imm;

		emit(t, (reg & 7) << 3 | 5, 1);
		emit(t, target - next, 4);
		return;
	}
	if (sib) {
		u64 off = t->form->kind == CX8 ? below(16) * 16 : below(64);

		t->gpr[index] = off;
		t->gpr[base] = target - (off << scale);
		emit(t, mod << 6 | (reg & 7) << 3 | 4, 1);
		emit(t, scale << 6 | (index & 7) << 3 | (base & 7), 1);
	} else {
		t->gpr[base] = target;
		emit(t, mod << 6 | (reg & 7) << 3 | (base & 7), 1);
	}
	emit(t, disp, mod == 1 ? 1 : 4);
}

/* The register shift count and the flags it leaves undefined. */
static void count_flags(struct test_case *t, unsigned int imm)
{
	unsigned int op = t->form->opcode, bits = t->size * 8, n;
	unsigned int mask = t->size == 8 ? 63 : 31;

	if (op == 0xd0 || op == 0xd1)
		n = 1;
	else if (t->form->imm)
		n = imm & mask;
	else
		n = t->gpr[KL_RCX] & mask;
	if (!n)
		return;
	t->undefined |= n > 1 ? OF : 0;
	if (t->form->kind == DOUBLE) {
		t->undefined |= AF;
	} else if (t->form->group >= 4) {
		t->undefined |= AF;
		if (n >= bits && t->form->group < 7)
			t->undefined |= CF;
	}
}

static void make_values(struct test_case *t)
{
	unsigned int i;

	for (i = 0; i < KL_NR_GPRS; i++)
		t->gpr[i] = value();
	for (i = 0; i < DATA_SIZE; i += 8) {
		u64 v = value();

		memcpy(before + i, &v, 8);
	}
	t->rflags = X86_EFLAGS_IF | X86_EFLAGS_FIXED | (rnd() & STATUS);
}

/* Strings: both pointers in the page, a count that stays in it, sometimes backwards. */
static void make_string(struct test_case *t)
{
	t->gpr[KL_RSI] = (u64)data + 1536 + below(512);
	t->gpr[KL_RDI] = (u64)data + 1536 + below(512);
	t->gpr[KL_RCX] = below(64);
	if (below(2))
		t->rflags |= X86_EFLAGS_DF;
	if (below(2))
		memset(before, 0x11 * below(16), DATA_SIZE);
	if (below(2))
		t->gpr[KL_RAX] = 0x1111111111111111ull * below(16);
}

static void make_case(struct test_case *t, const struct form *f)
{
	bool modrm = f->group != -2, mem = modrm && (f->mem == 1 || (!f->mem && below(2)));
	bool sib = mem && below(2), rex = below(2), lock = mem && f->lock && !below(4);
	unsigned int reg, rm, index, w, imm;
	u64 imm_val = rnd();

	memset(t, 0, sizeof(*t));
	t->form = f;
	t->undefined = f->undefined;
	make_values(t);
	w = rex && below(2);
	t->size = f->byte ? 1 : w ? 8 : 4;
	if (f->byte ? !below(8) : (!w && below(2) && f->kind != SWAP && f->kind != CX8)) {
		emit(t, 0x66, 1);
		if (!f->byte)
			t->size = w ? 8 : 2;
	}
	if (f->kind == STRING) {
		make_string(t);
		if (below(3))
			emit(t, f->opcode < 0xa8 || f->opcode > 0xad ? 0xf2 + below(2) : 0xf3, 1);
	}
	if (lock)
		emit(t, 0xf0, 1);

	/* AH to BH are only reached without REX. */
	reg = f->group >= 0 ? f->group : f->byte && !rex ? below(8) : any_reg(rex);
	do {
		rm = !mem && f->byte && !rex ? below(8) : any_reg(rex);
	} while (mem && f->kind == DOUBLE && rm == KL_RCX);
	/* R12 as a base cannot do without SIB. */
	sib |= mem && (rm & 7) == 4;
	do {
		index = any_reg(rex);
	} while (index == rm || (f->kind == DOUBLE && index == KL_RCX));
	if (f->kind == BITS && mem) {
		do {
			reg = any_reg(rex);
		} while (reg == rm || (sib && reg == index));
		t->gpr[reg] = (t->gpr[reg] & ~0xffffffffull) | (u32)((s32)below(8192) - 4096);
		if (t->size == 8)
			t->gpr[reg] = (s64)(s32)t->gpr[reg];
	}
	if (rex)
		emit(t, 0x40 | w << 3 | (f->group == -1 && reg > 7 ? 4 : 0) |
		     (sib && index > 7 ? 2 : 0) | (modrm && rm > 7 ? 1 : 0), 1);
	if (f->opcode > 0xff)
		emit(t, 0x0f, 1);
	emit(t, f->opcode & 0xff, 1);
	imm = imm_size(t);
	/* Whether a failed CMPXCHG clears the upper half of its register differs between CPUs. */
	if ((f->opcode & ~1) == 0x0fb0 && !mem && t->size == 4)
		t->gpr[rm] = (u32)t->gpr[rm];
	/* A count above the operand size has no defined result. */
	if (f->kind == DOUBLE && t->size == 2) {
		imm_val &= 15;
		t->gpr[KL_RCX] &= ~0xffull;
		t->gpr[KL_RCX] |= below(16);
	}
	if (mem)
		emit_memory(t, reg, rm, index, sib, imm);
	else if (modrm)
		emit(t, 0xc0 | (reg & 7) << 3 | (rm & 7), 1);
	emit(t, imm_val, imm);
	if (f->kind == SHIFT || f->kind == DOUBLE)
		count_flags(t, imm_val);
	/* Let comparisons succeed now and then. */
	if (f->kind == CX8 && below(2)) {
		memset(before, 0x5a, DATA_SIZE);
		if (rm != KL_RAX && rm != KL_RDX &&
		    (!sib || (index != KL_RAX && index != KL_RDX))) {
			t->gpr[KL_RAX] = 0x5a5a5a5a5a5a5a5aull;
			t->gpr[KL_RDX] = 0x5a5a5a5a5a5a5a5aull;
		}
	}
	t->gpr[KL_RSP] = 0;
}

static void report(const struct test_case *t, const char *what, u64 got, u64 want)
{
	char text[64];
	unsigned int i;

	for (i = 0; i < t->len; i++)
		sprintf(text + 3 * i, "%02x ", t->code[i]);
	kt_fail(__FILE__, __LINE__, "%s [%s] %s: emulated %#llx, CPU %#llx; before: flags %#llx",
		t->form->name, text, what, (unsigned long long)got, (unsigned long long)want,
		(unsigned long long)t->rflags);
}

static bool compare(const struct test_case *t, const struct kl_insn_ctx *ctx)
{
	u64 care = STATUS & ~t->undefined;
	unsigned int i;

	for (i = 0; i < KL_NR_GPRS; i++) {
		if (i != KL_RSP && ctx->gpr[i] != native_gpr[i]) {
			char name[8];

			snprintf(name, sizeof(name), "gpr %u", i);
			report(t, name, ctx->gpr[i], native_gpr[i]);
			return false;
		}
	}
	if ((ctx->rflags ^ native_flags) & care) {
		report(t, "flags", ctx->rflags & care, native_flags & care);
		return false;
	}
	for (i = 0; i < DATA_SIZE; i++) {
		if (emulated[i] != data[i]) {
			report(t, "memory", emulated[i], data[i]);
			return false;
		}
	}
	return true;
}

static bool run_case(const struct test_case *t)
{
	static struct kl_insn insn;
	struct kl_insn_ctx ctx;
	int sig = run_native(t), ret;

	set_context(&ctx, t);
	ret = kl_insn_step(&insn, &ctx, &ops);
	if (sig == SIGFPE) {
		if (ret == KL_INSN_FAULT && ctx.exc.vector == X86_TRAP_DE &&
		    !memcmp(ctx.gpr, t->gpr, sizeof(ctx.gpr)) && ctx.rip == (u64)code)
			return true;
		report(t, "no #DE, result", ret, KL_INSN_FAULT);
		return false;
	}
	if (sig || ret != KL_INSN_OK) {
		report(t, "result and signal", ret, sig);
		return false;
	}
	if (ctx.rip != (u64)code + t->len) {
		report(t, "length", ctx.rip - (u64)code, t->len);
		return false;
	}
	return compare(t, &ctx);
}

static u64 number(const char *name, u64 otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

KT_TEST(emulator_agrees_with_cpu)
{
	u64 seed = number("KL_SEED", 0x6b766d6c69746531ull), cases = number("KL_CASES", 200000), i;
	unsigned int failures = 0;
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_NODEFER };

	sigaction(SIGFPE, &sa, NULL);
	sigaction(SIGILL, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	/* Code, then a gap, then data: near enough for RIP-relative operands. */
	code = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT(code != MAP_FAILED);
	data = code + 2 * PAGE;
	rng = seed | 1;
	printf("# seed %#llx, %llu cases over %zu forms\n", (unsigned long long)seed,
	       (unsigned long long)cases, ARRAY_SIZE(forms));
	for (i = 0; i < cases && failures < 20; i++) {
		struct test_case t;

		make_case(&t, &forms[i % (ARRAY_SIZE(forms))]);
		if (!run_case(&t))
			failures++;
	}
	EXPECT_EQ(failures, 0);
	munmap(code, 4 * PAGE);
}

KT_MAIN
