// SPDX-License-Identifier: GPL-2.0-only
/*
 * The instruction emulator outside 64-bit mode: 16- and 32-bit code, segments
 * with limits and types, real-mode far transfers and interrupts, descriptor
 * tables, decimal arithmetic.
 */
#include "insn_machine.h"

static struct machine m;

#define EXPECT_FAULT(code, vec) do {					\
		struct kl_insn_ctx was = m.ctx;				\
									\
		EXPECT_EQ(STEP(&m, code), KL_INSN_FAULT);		\
		EXPECT_EQ(m.ctx.exc.vector, vec);			\
		EXPECT(!memcmp(m.ctx.gpr, was.gpr, sizeof(was.gpr)));	\
		EXPECT_EQ(m.ctx.rip, was.rip);				\
	} while (0)

/* Real mode with segments apart: CS 0100, DS 0800, SS 0600, ES 0900. */
static void real_mode(void)
{
	static const u16 sel[KL_NR_SEGS] = { 0x900, 0x100, 0x600, 0x800, 0xa00, 0xb00 };
	unsigned int i;

	m_reset(&m, KL_INSN_REAL);
	for (i = 0; i < KL_NR_SEGS; i++) {
		m.ctx.seg[i].selector = sel[i];
		m.ctx.seg[i].base = sel[i] << 4;
	}
	m.ctx.rip = 0x100;
	m.ctx.gpr[KL_RSP] = 0x1000;
}

/* Each ModRM form of 16-bit addressing, as an LEA and by the segment of a load. */
KT_TEST(addressing_16)
{
	static const struct {
		u8 modrm;
		u16 ea;
		bool stack;
	} rows[] = {
		{ 0x00, 0x1100 + 0x0030, false }, { 0x01, 0x1100 + 0x0050, false },
		{ 0x02, 0x0400 + 0x0030, true }, { 0x03, 0x0400 + 0x0050, true },
		{ 0x04, 0x0030, false }, { 0x05, 0x0050, false },
		{ 0x06, 0x0010, false }, { 0x07, 0x1100, false },
		{ 0x40, 0x1140, false }, { 0x46, 0x0410, true }, { 0x86, 0x0410, true },
		{ 0x84, 0x0040, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		u8 code[4] = { 0x8d, rows[i].modrm, 0x10, 0 };

		real_mode();
		m.ctx.gpr[KL_RBX] = 0x1100;
		m.ctx.gpr[KL_RBP] = 0x0400;
		m.ctx.gpr[KL_RSI] = 0x0030;
		m.ctx.gpr[KL_RDI] = 0x0050;
		m_code(&m, code, 4);
		EXPECT_EQ(m_step(&m), KL_INSN_OK);
		EXPECT_EQ(m.ctx.gpr[KL_RAX], rows[i].ea);
		m_put(&m, (rows[i].stack ? 0x6000 : 0x8000) + rows[i].ea, 0xbeef, 2);
		m.ctx.rip = 0x100;
		code[0] = 0x8b;
		m_code(&m, code, 4);
		EXPECT_EQ(m_step(&m), KL_INSN_OK);
		EXPECT_EQ(m.ctx.gpr[KL_RAX], 0xbeef);
	}
}

KT_TEST(sizes_16)
{
	real_mode();
	m.ctx.gpr[KL_RAX] = 0x11223344;
	EXPECT_EQ(STEP(&m, "\xb8\x78\x56"), KL_INSN_OK);		/* mov $0x5678, %ax */
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 0x11225678);
	EXPECT_EQ(STEP(&m, "\x66\xb8\x78\x56\x34\x12"), KL_INSN_OK);	/* movl */
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 0x12345678);
	EXPECT_EQ(m.ctx.rip, 0x109);
	EXPECT_EQ(STEP(&m, "\x40"), KL_INSN_OK);			/* 40 is INC here */
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 0x12345679);
	m.ctx.gpr[KL_RBX] = 0x20;
	m.ctx.gpr[KL_RCX] = 0x10;
	m_put(&m, 0x8000 + 0x62, 0xa5a5, 2);
	EXPECT_EQ(STEP(&m, "\x67\x8b\x44\x4b\x22"), KL_INSN_OK);	/* 34(%ebx,%ecx,2) */
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 0x1234a5a5);
	EXPECT_EQ(STEP(&m, "\x26\xa2\x05\x00"), KL_INSN_OK);		/* mov %al, %es:5 */
	EXPECT_EQ(m.mem[0x9005], 0xa5);
	EXPECT_EQ(STEP(&m, "\x60"), KL_INSN_OK);			/* pusha */
	EXPECT_EQ(m.ctx.gpr[KL_RSP], 0xff0);
	EXPECT_EQ(m_get(&m, 0x6000 + 0xffe, 2), 0xa5a5);
	EXPECT_EQ(m_get(&m, 0x6000 + 0xff6, 2), 0x1000);
	m.ctx.gpr[KL_RAX] = 0;
	EXPECT_EQ(STEP(&m, "\x61"), KL_INSN_OK);			/* popa */
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 0xa5a5);
	EXPECT_EQ(m.ctx.gpr[KL_RSP], 0x1000);
}

KT_TEST(real_mode_limits)
{
	real_mode();
	m.ctx.gpr[KL_RBX] = 0xffff;
	EXPECT_FAULT("\x8b\x07", X86_TRAP_GP);			/* a word at FFFF */
	EXPECT(!m.ctx.exc.has_error);
	EXPECT_EQ(STEP(&m, "\x8a\x07"), KL_INSN_OK);		/* a byte is fine */
	EXPECT_FAULT("\x67\x8b\x83\x00\x00\x01\x00", X86_TRAP_GP); /* beyond 64 KB */
	m.ctx.gpr[KL_RBP] = 0xffff;
	EXPECT_FAULT("\x8b\x46\x00", X86_TRAP_SS);
	m.ctx.gpr[KL_RSP] = 1;
	EXPECT_FAULT("\x50", X86_TRAP_SS);
	m.ctx.gpr[KL_RSP] = 0;					/* wraps to FFFE */
	EXPECT_EQ(STEP(&m, "\x50"), KL_INSN_OK);
	EXPECT_EQ(m.ctx.gpr[KL_RSP], 0xfffe);
	/* A jump wraps within 64 KB; running over the end is a fault. */
	m.ctx.rip = 0x10;
	EXPECT_EQ(STEP(&m, "\xe9\x00\xff"), KL_INSN_OK);
	EXPECT_EQ(m.ctx.rip, 0xff13);
	m.ctx.rip = 0xffff;
	EXPECT_FAULT("\xeb", X86_TRAP_GP);
}

KT_TEST(real_mode_segments)
{
	real_mode();
	m.ctx.gpr[KL_RAX] = 0x1234;
	EXPECT_EQ(STEP(&m, "\x8e\xd8"), KL_INSN_OK);		/* mov %ax, %ds */
	EXPECT_EQ(m.ctx.seg[KL_SEG_DS].selector, 0x1234);
	EXPECT_EQ(m.ctx.seg[KL_SEG_DS].base, 0x12340);
	m.ctx.gpr[KL_RAX] = 0x0500;
	EXPECT_EQ(STEP(&m, "\x8e\xd0"), KL_INSN_OK);		/* mov %ax, %ss */
	EXPECT_EQ(m.ctx.shadow, KL_INSN_SHADOW_MOV_SS);
	EXPECT_EQ(m.ctx.seg[KL_SEG_SS].base, 0x5000);
	EXPECT_EQ(STEP(&m, "\x0e"), KL_INSN_OK);		/* push %cs */
	EXPECT_EQ(m.ctx.shadow, 0);
	EXPECT_EQ(STEP(&m, "\x07"), KL_INSN_OK);		/* pop %es */
	EXPECT_EQ(m.ctx.seg[KL_SEG_ES].base, 0x1000);
	EXPECT_EQ(m.ctx.gpr[KL_RSP], 0x1000);
	m.ctx.seg[KL_SEG_DS].base = 0x8000;
	m_put(&m, 0x8010, 0x07001122, 4);
	EXPECT_EQ(STEP(&m, "\xc4\x1e\x10\x00"), KL_INSN_OK);	/* les 0x10, %bx */
	EXPECT_EQ(m.ctx.gpr[KL_RBX], 0x1122);
	EXPECT_EQ(m.ctx.seg[KL_SEG_ES].base, 0x7000);
	EXPECT_EQ(STEP(&m, "\x8c\xc2"), KL_INSN_OK);		/* mov %es, %dx */
	EXPECT_EQ(m.ctx.gpr[KL_RDX], 0x700);
	EXPECT_FAULT("\x63\xc0", X86_TRAP_UD);			/* arpl is for protected mode */
}

KT_TEST(real_mode_far)
{
	real_mode();
	EXPECT_EQ(STEP(&m, "\x9a\x40\x00\x00\x02"), KL_INSN_OK); /* lcall $0x200, $0x40 */
	EXPECT_EQ(m.ctx.rip, 0x40);
	EXPECT_EQ(m.ctx.seg[KL_SEG_CS].base, 0x2000);
	EXPECT_EQ(m_get(&m, 0x6000 + 0xffc, 4), 0x01000105);
	EXPECT_EQ(STEP(&m, "\xcb"), KL_INSN_OK);		/* lret */
	EXPECT_EQ(m.ctx.rip, 0x105);
	EXPECT_EQ(m.ctx.seg[KL_SEG_CS].selector, 0x100);
	m_put(&m, 0x8020, 0x03000077, 4);
	EXPECT_EQ(STEP(&m, "\xff\x2e\x20\x00"), KL_INSN_OK);	/* ljmp *0x20 */
	EXPECT_EQ(m.ctx.rip, 0x77);
	EXPECT_EQ(m.ctx.seg[KL_SEG_CS].base, 0x3000);
	EXPECT_EQ(m.ctx.gpr[KL_RSP], 0x1000);
}

KT_TEST(real_mode_interrupts)
{
	real_mode();
	m_put(&m, 0x10 * 4, 0x02000033, 4);
	m.ctx.rflags |= X86_EFLAGS_IF | X86_EFLAGS_CF;
	EXPECT_EQ(STEP(&m, "\xcd\x10"), KL_INSN_OK);
	EXPECT_EQ(m.ctx.rip, 0x33);
	EXPECT_EQ(m.ctx.seg[KL_SEG_CS].base, 0x2000);
	EXPECT_EQ(m.ctx.rflags, X86_EFLAGS_FIXED | X86_EFLAGS_CF);
	EXPECT_EQ(m_get(&m, 0x6000 + 0xffa, 4), 0x01000102);
	EXPECT_EQ(STEP(&m, "\xcf"), KL_INSN_OK);
	EXPECT_EQ(m.ctx.rip, 0x102);
	EXPECT_EQ(m.ctx.rflags, X86_EFLAGS_FIXED | X86_EFLAGS_CF | X86_EFLAGS_IF);
	EXPECT_EQ(m.ctx.gpr[KL_RSP], 0x1000);
	m.dt_limit[KL_INSN_IDT] = 0x3f;
	EXPECT_FAULT("\xcd\x10", X86_TRAP_GP);
	EXPECT_EQ(STEP(&m, "\xce"), KL_INSN_OK);		/* into without OF */
	EXPECT_EQ(m.ctx.rip, 0x103);
}

KT_TEST(real_mode_system)
{
	real_mode();
	m.ctx.cr0 = 0x60000010;
	m_put(&m, 0x8000, 0x27, 2);
	m_put(&m, 0x8002, 0xab123456, 4);
	EXPECT_EQ(STEP(&m, "\x0f\x01\x16\x00\x00"), KL_INSN_OK);	/* lgdt, 24-bit base */
	EXPECT_EQ(m.dt_base[KL_INSN_GDT], 0x123456);
	EXPECT_EQ(STEP(&m, "\x66\x0f\x01\x16\x00\x00"), KL_INSN_OK);	/* lgdtl */
	EXPECT_EQ(m.dt_base[KL_INSN_GDT], 0xab123456);
	EXPECT_EQ(m.dt_limit[KL_INSN_GDT], 0x27);
	m.ctx.gpr[KL_RAX] = 1;
	EXPECT_EQ(STEP(&m, "\x0f\x22\xc0"), KL_INSN_OK);		/* mov %eax, %cr0 */
	EXPECT_EQ(m.cr[0], 1);
	EXPECT_EQ(STEP(&m, "\x0f\x01\xf0"), KL_INSN_OK);		/* lmsw %ax */
	EXPECT_EQ(m.cr[0], 0x60000011);
	EXPECT_EQ(STEP(&m, "\x0f\x01\xe3"), KL_INSN_OK);		/* smsw %bx */
	EXPECT_EQ(m.ctx.gpr[KL_RBX], 0x10);
}

KT_TEST(vm86_privileges)
{
	m_reset(&m, KL_INSN_VM86);
	EXPECT_FAULT("\xfa", X86_TRAP_GP);
	EXPECT(m.ctx.exc.has_error);
	EXPECT_FAULT("\x9c", X86_TRAP_GP);
	EXPECT_FAULT("\xf4", X86_TRAP_GP);
	EXPECT_EQ(STEP(&m, "\xec"), KL_INSN_UNSUPPORTED);
	m.ctx.rflags |= X86_EFLAGS_IOPL;
	EXPECT_EQ(STEP(&m, "\x9c"), KL_INSN_OK);
	EXPECT_EQ(m_get(&m, STACK - 2, 2), 0x3002);
}

KT_TEST(protected_segments)
{
	m_reset(&m, KL_INSN_PROT32);
	m.ctx.gpr[KL_RBX] = DATA;
	/* A byte-granular limit: the last byte, and one beyond. */
	m.ctx.seg[KL_SEG_DS].limit = DATA + 3;
	EXPECT_EQ(STEP(&m, "\x8b\x03"), KL_INSN_OK);
	EXPECT_FAULT("\x8b\x43\x01", X86_TRAP_GP);
	EXPECT(m.ctx.exc.has_error);
	/* Read-only data, then execute-only and readable code. */
	m.ctx.seg[KL_SEG_DS].ar &= ~KL_SEG_AR_WRITE;
	EXPECT_EQ(STEP(&m, "\x8b\x03"), KL_INSN_OK);
	EXPECT_FAULT("\x89\x03", X86_TRAP_GP);
	EXPECT_FAULT("\x2e\x89\x03", X86_TRAP_GP);
	EXPECT_EQ(STEP(&m, "\x2e\x8b\x03"), KL_INSN_OK);
	m.ctx.seg[KL_SEG_CS].ar &= ~KL_SEG_AR_WRITE;
	EXPECT_FAULT("\x2e\x8b\x03", X86_TRAP_GP);
	/* A null selector. */
	m.ctx.seg[KL_SEG_ES].ar = KL_SEG_AR_UNUSABLE;
	EXPECT_FAULT("\x26\x8b\x03", X86_TRAP_GP);
	/* Expand-down: only above the limit. */
	m.ctx.seg[KL_SEG_SS].ar |= KL_SEG_AR_EXPAND_DOWN;
	m.ctx.seg[KL_SEG_SS].limit = DATA - 1;
	m.ctx.gpr[KL_RBP] = DATA;
	EXPECT_EQ(STEP(&m, "\x8b\x45\x00"), KL_INSN_OK);
	EXPECT_FAULT("\x8b\x45\xff", X86_TRAP_SS);
	/* Segment loads and far jumps are the caller's. */
	EXPECT_EQ(STEP(&m, "\x8e\xd8"), KL_INSN_UNSUPPORTED);
	EXPECT_EQ(STEP(&m, "\xea\0\0\0\0\x08\0"), KL_INSN_UNSUPPORTED);
	EXPECT_EQ(STEP(&m, "\xcd\x80"), KL_INSN_UNSUPPORTED);
}

KT_TEST(protected_32)
{
	m_reset(&m, KL_INSN_PROT32);
	m.ctx.seg[KL_SEG_DS].base = 0xffff0000;		/* linear addresses wrap at 4 GB */
	m.ctx.gpr[KL_RBX] = 0x10000 + DATA;
	m_put(&m, DATA, 0x01020304, 4);
	EXPECT_EQ(STEP(&m, "\x8b\x03"), KL_INSN_OK);
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 0x01020304);
	m.ctx.seg[KL_SEG_DS].base = 0;
	m.ctx.gpr[KL_RBX] = DATA;
	/* 05 is absolute here, not RIP-relative. */
	EXPECT_EQ(STEP(&m, "\x8b\x0d\x00\x80\x00\x00"), KL_INSN_OK);
	EXPECT_EQ(m.ctx.gpr[KL_RCX], 0x01020304);
	EXPECT_EQ(STEP(&m, "\x67\x8b\x17"), KL_INSN_OK);	/* (%bx) */
	EXPECT_EQ(m.ctx.gpr[KL_RDX], 0x01020304);
	EXPECT_EQ(STEP(&m, "\xe8\x00\x01\x00\x00"), KL_INSN_OK);
	EXPECT_EQ(m_get(&m, STACK - 4, 4), CODE + 2 + 6 + 3 + 5);
	EXPECT_EQ(m.ctx.gpr[KL_RSP], STACK - 4);
	EXPECT_EQ(STEP(&m, "\xc3"), KL_INSN_OK);
	EXPECT_EQ(m.ctx.rip, CODE + 16);
	/* REP MOVSW with both kinds of override. */
	m.ctx.gpr[KL_RSI] = DATA;
	m.ctx.gpr[KL_RDI] = DATA + 0x10;
	m.ctx.gpr[KL_RCX] = 2;
	EXPECT_EQ(STEP(&m, "\xf3\x36\x66\xa5"), KL_INSN_OK);
	EXPECT_EQ(m_get(&m, DATA + 0x10, 4), 0x01020304);
	EXPECT_EQ(STEP(&m, "\x82\xc3\xff"), KL_INSN_OK);	/* 82 is an alias of 80 */
	EXPECT_EQ(m.ctx.gpr[KL_RBX], DATA + 0xff);
	EXPECT_EQ(STEP(&m, "\x0f\xc8"), KL_INSN_OK);		/* bswap */
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 0x04030201);
}

KT_TEST(decimal)
{
	static const struct {
		u8 code[2];
		u8 len;
		u16 ax;
		u32 in;
		u16 want;
		u32 out;
	} rows[] = {
		{ "\x27", 1, 0x002e, 0, 0x0034, X86_EFLAGS_AF },			/* daa */
		{ "\x27", 1, 0x009a, 0, 0x0000, X86_EFLAGS_AF | X86_EFLAGS_CF },
		{ "\x27", 1, 0x0033, X86_EFLAGS_CF, 0x0093, X86_EFLAGS_CF },
		{ "\x2f", 1, 0x002e, X86_EFLAGS_AF, 0x0028, X86_EFLAGS_AF },	/* das */
		{ "\x2f", 1, 0x0003, X86_EFLAGS_AF, 0x00fd, X86_EFLAGS_AF | X86_EFLAGS_CF },
		{ "\x37", 1, 0x000b, 0, 0x0101, X86_EFLAGS_AF | X86_EFLAGS_CF },	/* aaa */
		{ "\x37", 1, 0x0035, 0, 0x0005, 0 },
		{ "\x3f", 1, 0x020b, 0, 0x0105, X86_EFLAGS_AF | X86_EFLAGS_CF },	/* aas */
		{ "\xd4\x0a", 2, 0x0063, 0, 0x0909, 0 },				/* aam */
		{ "\xd5\x0a", 2, 0x0909, 0, 0x0063, 0 },				/* aad */
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		m_reset(&m, KL_INSN_PROT32);
		m.ctx.gpr[KL_RAX] = rows[i].ax;
		m.ctx.rflags |= rows[i].in;
		m_code(&m, rows[i].code, rows[i].len);
		EXPECT_EQ(m_step(&m), KL_INSN_OK);
		EXPECT_EQ(m.ctx.gpr[KL_RAX], rows[i].want);
		if (rows[i].len == 1)
			EXPECT_EQ(m.ctx.rflags & (X86_EFLAGS_AF | X86_EFLAGS_CF), rows[i].out);
	}
	EXPECT_FAULT("\xd4\x00", X86_TRAP_DE);
}

KT_MAIN
