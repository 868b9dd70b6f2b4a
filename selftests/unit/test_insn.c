// SPDX-License-Identifier: GPL-2.0-only
/*
 * The instruction emulator: what the comparison with the CPU cannot show.
 * Faults, restarts after pending accesses, REP in pieces, stack, control
 * transfers, system registers, random bytes.
 */
#include "insn_machine.h"

static struct machine m;

/* The step faults with @vec and changes nothing. */
#define EXPECT_FAULT(code, vec) do {					\
		struct kl_insn_ctx was = m.ctx;				\
									\
		EXPECT_EQ(STEP(&m, code), KL_INSN_FAULT);		\
		EXPECT_EQ(m.ctx.exc.vector, vec);			\
		EXPECT(!memcmp(m.ctx.gpr, was.gpr, sizeof(was.gpr)));	\
		EXPECT_EQ(m.ctx.rip, was.rip);				\
		EXPECT_EQ(m.ctx.rflags, was.rflags);			\
		EXPECT_EQ(m.nr_commits, 0);				\
	} while (0)

KT_TEST(mmio_read_restarts)
{
	m_reset(&m, KL_INSN_LONG64);
	m.ctx.gpr[KL_RDI] = MMIO_BASE + 0x10;
	m.ctx.gpr[KL_RAX] = ~0ull;
	/* mov (%rdi), %eax */
	EXPECT_EQ(STEP(&m, "\x8b\x07"), KL_INSN_PENDING);
	EXPECT_EQ(m.ctx.rip, CODE);
	EXPECT_EQ(m.ctx.gpr[KL_RAX], ~0ull);
	EXPECT_EQ(m.nr_commits, 0);
	EXPECT_EQ(m.frag[0].addr, MMIO_BASE + 0x10);
	EXPECT_EQ(m.frag[0].len, 4);
	EXPECT_EQ(m_finish(&m, 0xcafe1234, 4), KL_INSN_OK);
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 0xcafe1234);
	EXPECT_EQ(m.ctx.rip, CODE + 2);
}

KT_TEST(mmio_rmw_restarts)
{
	m_reset(&m, KL_INSN_LONG64);
	m.ctx.gpr[KL_RDI] = MMIO_BASE;
	m_code(&m, "\x83\x0f\x01", 3); /* orl $1, (%rdi) */
	EXPECT_EQ(m_finish(&m, 0x80, 8), KL_INSN_OK);
	EXPECT_EQ(m.nr_exits, 2);
	EXPECT_EQ(m.last_write, 0x81);
	EXPECT_EQ(m.nr_commits, 1);

	m_code(&m, "\xf0\xff\x07", 3); /* lock incl (%rdi) */
	EXPECT_EQ(m_finish(&m, 0xffffffff, 8), KL_INSN_OK);
	EXPECT_EQ(m.nr_exits, 4);
	EXPECT_EQ(m.last_write, 0);
	EXPECT(m.ctx.rflags & X86_EFLAGS_ZF);
}

KT_TEST(mmio_push_and_xchg_restart)
{
	m_reset(&m, KL_INSN_LONG64);
	m.ctx.gpr[KL_RDI] = MMIO_BASE + 8;
	m_code(&m, "\xff\x37", 2); /* push (%rdi) */
	EXPECT_EQ(m_finish(&m, 0x1122334455667788, 4), KL_INSN_OK);
	EXPECT_EQ(m.ctx.gpr[KL_RSP], STACK - 8);
	EXPECT_EQ(m_get(&m, STACK - 8, 8), 0x1122334455667788);

	m.ctx.gpr[KL_RAX] = 7;
	m_code(&m, "\x87\x07", 2); /* xchg %eax, (%rdi) */
	EXPECT_EQ(m_finish(&m, 9, 4), KL_INSN_OK);
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 9);
	EXPECT_EQ(m.last_write, 7);
	EXPECT_EQ(m.nr_exits, 3);
}

KT_TEST(mmio_string_restarts)
{
	m_reset(&m, KL_INSN_LONG64);
	m.ctx.gpr[KL_RSI] = MMIO_BASE;
	m.ctx.gpr[KL_RDI] = MMIO_BASE + 0x100;
	m.ctx.gpr[KL_RCX] = 3;
	m_code(&m, "\xf3\xa5", 2); /* rep movsd */
	/* Each element is a read and a write, each done once. */
	EXPECT_EQ(m_finish(&m, 0x5555, 32), KL_INSN_OK);
	EXPECT_EQ(m.nr_exits, 6);
	EXPECT_EQ(m.nr_commits, 3);
	EXPECT_EQ(m.ctx.gpr[KL_RCX], 0);
	EXPECT_EQ(m.ctx.gpr[KL_RSI], MMIO_BASE + 12);
	EXPECT_EQ(m.ctx.gpr[KL_RDI], MMIO_BASE + 0x10c);
	EXPECT_EQ(m.ctx.rip, CODE + 2);
}

KT_TEST(rep_in_pieces)
{
	m_reset(&m, KL_INSN_LONG64);
	m.ctx.gpr[KL_RDI] = DATA;
	m.ctx.gpr[KL_RAX] = 0x11;
	m.ctx.gpr[KL_RCX] = KL_INSN_MAX_REP + 10;
	m.ctx.rflags |= X86_EFLAGS_RF;
	EXPECT_EQ(STEP(&m, "\xf3\xaa"), KL_INSN_AGAIN); /* rep stosb */
	EXPECT_EQ(m.nr_accesses, KL_INSN_MAX_REP);
	EXPECT_EQ(m.ctx.gpr[KL_RCX], 10);
	EXPECT_EQ(m.ctx.rip, CODE);
	EXPECT(m.ctx.rflags & X86_EFLAGS_RF);
	EXPECT_EQ(m_step(&m), KL_INSN_OK);
	EXPECT_EQ(m.ctx.gpr[KL_RDI], DATA + KL_INSN_MAX_REP + 10);
	EXPECT_EQ(m.mem[DATA + KL_INSN_MAX_REP + 9], 0x11);
	EXPECT_EQ(m.mem[DATA + KL_INSN_MAX_REP + 10], 0);
	EXPECT(!(m.ctx.rflags & X86_EFLAGS_RF));
	EXPECT_EQ(m.ctx.rip, CODE + 2);
}

KT_TEST(rep_fault_keeps_finished_iterations)
{
	m_reset(&m, KL_INSN_LONG64);
	m.ctx.gpr[KL_RDI] = MEM_SIZE - 8;
	m.ctx.gpr[KL_RCX] = 5;
	EXPECT_EQ(STEP(&m, "\xf3\xab"), KL_INSN_FAULT); /* rep stosd */
	EXPECT_EQ(m.ctx.exc.vector, X86_TRAP_PF);
	EXPECT_EQ(m.ctx.exc.cr2, MEM_SIZE);
	EXPECT_EQ(m.ctx.gpr[KL_RCX], 3);
	EXPECT_EQ(m.ctx.gpr[KL_RDI], MEM_SIZE);
	EXPECT_EQ(m.ctx.rip, CODE);
}

KT_TEST(rep_single_step)
{
	m_reset(&m, KL_INSN_LONG64);
	m.ctx.gpr[KL_RDI] = DATA;
	m.ctx.gpr[KL_RCX] = 2;
	m.ctx.rflags |= X86_EFLAGS_TF;
	EXPECT_EQ(STEP(&m, "\xf3\xaa"), KL_INSN_AGAIN);
	EXPECT_EQ(m.ctx.gpr[KL_RCX], 1);
	EXPECT(m.ctx.single_step);
	EXPECT_EQ(m_step(&m), KL_INSN_OK);
	EXPECT(m.ctx.single_step);
}

KT_TEST(rep_count_zero_and_address_size)
{
	m_reset(&m, KL_INSN_LONG64);
	EXPECT_EQ(STEP(&m, "\xf3\xa4"), KL_INSN_OK);
	EXPECT_EQ(m.nr_accesses, 0);
	/* With 67 only ECX counts, and RDI is cut to 32 bits. */
	m.ctx.gpr[KL_RCX] = 0xf00000001ull;
	m.ctx.gpr[KL_RDI] = 0xf00000000ull + DATA;
	m.ctx.gpr[KL_RAX] = 0x77;
	EXPECT_EQ(STEP(&m, "\x67\xf3\xaa"), KL_INSN_OK);
	EXPECT_EQ(m.mem[DATA], 0x77);
	EXPECT_EQ(m.ctx.gpr[KL_RCX], 0);
	EXPECT_EQ(m.ctx.gpr[KL_RDI], DATA + 1);
}

KT_TEST(locked_write_is_atomic)
{
	m_reset(&m, KL_INSN_LONG64);
	m.ctx.gpr[KL_RDI] = DATA;
	m.mem[DATA] = 5;
	m.cmpxchg_fails = true;
	EXPECT_EQ(STEP(&m, "\xf0\xff\x07"), KL_INSN_RETRY); /* lock incl (%rdi) */
	EXPECT_EQ(m.ctx.rip, CODE);
	EXPECT_EQ(m.nr_commits, 0);
	EXPECT_EQ(m_step(&m), KL_INSN_OK);
	EXPECT_EQ(m.mem[DATA], 7);
	/* XCHG with memory is locked without being told. */
	m.nr_cmpxchgs = 0;
	EXPECT_EQ(STEP(&m, "\x87\x07"), KL_INSN_OK);
	EXPECT_EQ(m.nr_cmpxchgs, 1);
	EXPECT_EQ(STEP(&m, "\xff\x07"), KL_INSN_OK);
	EXPECT_EQ(m.nr_cmpxchgs, 1);
}

KT_TEST(cmpxchg16b)
{
	m_reset(&m, KL_INSN_LONG64);
	m.ctx.gpr[KL_RDI] = DATA;
	m.ctx.gpr[KL_RAX] = 1;
	m.ctx.gpr[KL_RDX] = 2;
	m.ctx.gpr[KL_RBX] = 3;
	m.ctx.gpr[KL_RCX] = 4;
	m_put(&m, DATA, 1, 8);
	m_put(&m, DATA + 8, 2, 8);
	EXPECT_EQ(STEP(&m, "\xf0\x48\x0f\xc7\x0f"), KL_INSN_OK);
	EXPECT(m.ctx.rflags & X86_EFLAGS_ZF);
	EXPECT_EQ(m_get(&m, DATA, 8), 3);
	EXPECT_EQ(m_get(&m, DATA + 8, 8), 4);
	EXPECT_EQ(STEP(&m, "\xf0\x48\x0f\xc7\x0f"), KL_INSN_OK);
	EXPECT(!(m.ctx.rflags & X86_EFLAGS_ZF));
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 3);
	EXPECT_EQ(m.ctx.gpr[KL_RDX], 4);
	m.nr_commits = 0;
	m.ctx.gpr[KL_RDI] = DATA + 8;
	EXPECT_FAULT("\xf0\x48\x0f\xc7\x0f", X86_TRAP_GP);
}

KT_TEST(invalid_forms)
{
	m_reset(&m, KL_INSN_LONG64);
	m.ctx.gpr[KL_RDI] = DATA;
	EXPECT_FAULT("\x0f\x0b", X86_TRAP_UD);			/* ud2 */
	EXPECT_FAULT("\xf0\x01\xc0", X86_TRAP_UD);		/* lock add %eax, %eax */
	EXPECT_FAULT("\xf0\x8b\x07", X86_TRAP_UD);		/* lock mov */
	EXPECT_FAULT("\xf0\x39\x07", X86_TRAP_UD);		/* lock cmp */
	EXPECT_FAULT("\xf0\x0f\xa3\x07", X86_TRAP_UD);		/* lock bt */
	EXPECT_FAULT("\xf0\x0f\x58\xc0", X86_TRAP_UD);		/* lock addps */
	EXPECT_FAULT("\x8d\xc0", X86_TRAP_UD);			/* lea of a register */
	EXPECT_FAULT("\x0f\xc3\xc0", X86_TRAP_UD);		/* movnti to a register */
	EXPECT_FAULT("\x0f\xc7\xc8", X86_TRAP_UD);		/* cmpxchg8b of a register */
	EXPECT_FAULT("\x8e\xc8", X86_TRAP_UD);			/* mov to CS */
	EXPECT_FAULT("\x8c\xf0", X86_TRAP_UD);			/* mov from segment 6 */
	EXPECT_FAULT("\x06", X86_TRAP_UD);			/* push %es in 64-bit mode */
	EXPECT_FAULT("\x60", X86_TRAP_UD);
	EXPECT_FAULT("\xea\0\0\0\0\0\0", X86_TRAP_UD);
	EXPECT_FAULT("\x0f\xba\xc0\x01", X86_TRAP_UD);		/* group 8 /0 */
	EXPECT_FAULT("\xc6\xc8\x01", X86_TRAP_UD);		/* group 11 /1 */
	EXPECT_FAULT("\xff\xf8", X86_TRAP_UD);			/* group 5 /7 */
	EXPECT_FAULT("\x0f\x20\xc8", X86_TRAP_UD);		/* mov %cr1 */
	EXPECT_EQ(STEP(&m, "\x0f\x58\xc0"), KL_INSN_UNSUPPORTED);	/* addps */
	EXPECT_EQ(STEP(&m, "\xc5\xf8\x77"), KL_INSN_UNSUPPORTED);	/* vzeroupper */
	EXPECT_EQ(STEP(&m, "\x0f\xa2"), KL_INSN_UNSUPPORTED);	/* cpuid without an operation */
	EXPECT_EQ(m.ctx.rip, CODE);
}

KT_TEST(length_limit_and_page_end)
{
	m_reset(&m, KL_INSN_LONG64);
	/* 14 prefixes and a NOP are 15 bytes, one more is too many. */
	EXPECT_EQ(STEP(&m, "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90"),
		  KL_INSN_OK);
	EXPECT_EQ(m.ctx.rip, CODE + 15);
	m.nr_commits = 0;
	EXPECT_FAULT("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90",
		     X86_TRAP_GP);
	/* An instruction that ends with its page does not touch the next. */
	m.ctx.rip = MEM_SIZE - 2;
	m.nr_fetches = 0;
	EXPECT_EQ(STEP(&m, "\x89\xc8"), KL_INSN_OK);
	EXPECT_EQ(m.nr_fetches, 1);
	m.nr_commits = 0;
	m.ctx.rip = MEM_SIZE - 1;
	EXPECT_FAULT("\x89", X86_TRAP_PF);
	EXPECT_EQ(m.ctx.exc.cr2, MEM_SIZE);
	/* Across pages: two fetches. */
	m.ctx.rip = 0x2fff;
	m.nr_fetches = 0;
	EXPECT_EQ(STEP(&m, "\x89\xc8"), KL_INSN_OK);
	EXPECT_EQ(m.nr_fetches, 2);
}

KT_TEST(address_faults)
{
	m_reset(&m, KL_INSN_LONG64);
	m.ctx.gpr[KL_RDI] = 0x0000800000000000ull;
	EXPECT_FAULT("\x8b\x07", X86_TRAP_GP);
	m.ctx.gpr[KL_RDI] = 0x00007ffffffffffeull;	/* runs into the hole */
	EXPECT_FAULT("\x8b\x07", X86_TRAP_GP);
	m.ctx.gpr[KL_RBP] = 0x0000800000000000ull;
	EXPECT_FAULT("\x8b\x45\x00", X86_TRAP_SS);
	EXPECT(m.ctx.exc.has_error);
	EXPECT_EQ(m.ctx.exc.error_code, 0);
	m.ctx.cr4 |= X86_CR4_LA57;
	m.ctx.gpr[KL_RDI] = 0x0000800000000000ull;
	EXPECT_FAULT("\x8b\x07", X86_TRAP_PF);
	m.ctx.gpr[KL_RSP] = 0x8000000000000000ull;
	EXPECT_FAULT("\x50", X86_TRAP_SS);
	/* A read-only destination faults before anything is done. */
	m.read_only = DATA;
	m.ctx.gpr[KL_RDI] = DATA;
	EXPECT_FAULT("\x01\x07", X86_TRAP_PF);
	EXPECT_EQ(m.ctx.exc.error_code, 2);
	EXPECT_FAULT("\x6c", X86_TRAP_PF);	/* insb: the port is not read */
	EXPECT_EQ(m.nr_frags, 0);
}

KT_TEST(alignment_check)
{
	m_reset(&m, KL_INSN_LONG64);
	m.ctx.gpr[KL_RDI] = DATA + 1;
	m.ctx.cr0 |= X86_CR0_AM;
	m.ctx.rflags |= X86_EFLAGS_AC;
	EXPECT_EQ(STEP(&m, "\x8b\x07"), KL_INSN_OK);
	m.nr_commits = 0;
	m.ctx.cpl = 3;
	EXPECT_FAULT("\x8b\x07", X86_TRAP_AC);
	EXPECT_EQ(STEP(&m, "\x8a\x07"), KL_INSN_OK);
}

KT_TEST(divide_faults)
{
	m_reset(&m, KL_INSN_LONG64);
	EXPECT_FAULT("\xf7\xf1", X86_TRAP_DE);
	EXPECT(!m.ctx.exc.has_error);
	m.ctx.gpr[KL_RAX] = 1ull << 63;
	m.ctx.gpr[KL_RDX] = ~0ull;
	m.ctx.gpr[KL_RCX] = ~0ull;
	EXPECT_FAULT("\x48\xf7\xf9", X86_TRAP_DE);
}

KT_TEST(stack_and_calls)
{
	m_reset(&m, KL_INSN_LONG64);
	EXPECT_EQ(STEP(&m, "\xe8\x10\x00\x00\x00"), KL_INSN_OK);
	EXPECT_EQ(m.ctx.rip, CODE + 0x15);
	EXPECT_EQ(m_get(&m, STACK - 8, 8), CODE + 5);
	EXPECT_EQ(STEP(&m, "\xc2\x10\x00"), KL_INSN_OK);
	EXPECT_EQ(m.ctx.rip, CODE + 5);
	EXPECT_EQ(m.ctx.gpr[KL_RSP], STACK + 0x10);
	/* push %rsp stores the old value, pop %rsp ends with the value popped. */
	EXPECT_EQ(STEP(&m, "\x54"), KL_INSN_OK);
	EXPECT_EQ(m_get(&m, STACK + 8, 8), STACK + 0x10);
	m_put(&m, STACK + 8, 0x6000, 8);
	EXPECT_EQ(STEP(&m, "\x5c"), KL_INSN_OK);
	EXPECT_EQ(m.ctx.gpr[KL_RSP], 0x6000);
	/* pop 8(%rsp): the address counts from RSP after the pop. */
	m_put(&m, 0x6000, 0x1234, 8);
	EXPECT_EQ(STEP(&m, "\x8f\x44\x24\x08"), KL_INSN_OK);
	EXPECT_EQ(m_get(&m, 0x6010, 8), 0x1234);
	/* pushw, sign-extended push */
	EXPECT_EQ(STEP(&m, "\x66\x6a\xff"), KL_INSN_OK);
	EXPECT_EQ(m.ctx.gpr[KL_RSP], 0x6006);
	EXPECT_EQ(STEP(&m, "\x6a\xfe"), KL_INSN_OK);
	EXPECT_EQ(m_get(&m, 0x5ffe, 8), ~1ull);
	m.ctx.gpr[KL_RBP] = 0x4444;
	EXPECT_EQ(STEP(&m, "\xc8\x20\x00\x00"), KL_INSN_OK);	/* enter $32, $0 */
	EXPECT_EQ(m.ctx.gpr[KL_RBP], 0x5ff6);
	EXPECT_EQ(m.ctx.gpr[KL_RSP], 0x5fd6);
	EXPECT_EQ(STEP(&m, "\xc9"), KL_INSN_OK);
	EXPECT_EQ(m.ctx.gpr[KL_RBP], 0x4444);
	EXPECT_EQ(m.ctx.gpr[KL_RSP], 0x5ffe);
	/* A jump to a non-canonical address pushes nothing. */
	m.ctx.gpr[KL_RAX] = 1ull << 60;
	m.nr_commits = 0;
	m.nr_accesses = 0;
	EXPECT_FAULT("\xff\xd0", X86_TRAP_GP);
	EXPECT_EQ(m.nr_accesses, 0);
}

KT_TEST(enter_nested)
{
	m_reset(&m, KL_INSN_LONG64);
	m.ctx.gpr[KL_RBP] = DATA + 0x20;
	m_put(&m, DATA + 0x18, 0xa1, 8);
	m_put(&m, DATA + 0x10, 0xa2, 8);
	EXPECT_EQ(STEP(&m, "\xc8\x08\x00\x03"), KL_INSN_OK);
	EXPECT_EQ(m_get(&m, STACK - 8, 8), DATA + 0x20);
	EXPECT_EQ(m_get(&m, STACK - 16, 8), 0xa1);
	EXPECT_EQ(m_get(&m, STACK - 24, 8), 0xa2);
	EXPECT_EQ(m_get(&m, STACK - 32, 8), STACK - 8);
	EXPECT_EQ(m.ctx.gpr[KL_RBP], STACK - 8);
	EXPECT_EQ(m.ctx.gpr[KL_RSP], STACK - 40);
}

KT_TEST(conditional_jumps)
{
	static const u32 flags[] = {
		X86_EFLAGS_OF, X86_EFLAGS_CF, X86_EFLAGS_ZF, X86_EFLAGS_CF, X86_EFLAGS_SF,
		X86_EFLAGS_PF, X86_EFLAGS_SF, X86_EFLAGS_ZF,
	};
	unsigned int cc;

	for (cc = 0; cc < 16; cc++) {
		u8 code[2] = { 0x70 + cc, 0x10 };

		m_reset(&m, KL_INSN_LONG64);
		m.ctx.rflags |= flags[cc / 2];
		m_code(&m, code, 2);
		EXPECT_EQ(m_step(&m), KL_INSN_OK);
		EXPECT_EQ(m.ctx.rip, CODE + (cc & 1 ? 2 : 0x12));
	}
	m_reset(&m, KL_INSN_LONG64);
	m.ctx.gpr[KL_RCX] = 1;
	EXPECT_EQ(STEP(&m, "\xe2\x10"), KL_INSN_OK);		/* loop, last */
	EXPECT_EQ(m.ctx.rip, CODE + 2);
	EXPECT_EQ(STEP(&m, "\xe3\xf0"), KL_INSN_OK);		/* jrcxz */
	EXPECT_EQ(m.ctx.rip, CODE + 4 - 16);
	m.ctx.gpr[KL_RCX] = 0x100000000ull;
	EXPECT_EQ(STEP(&m, "\x67\xe3\x00"), KL_INSN_OK);	/* jecxz */
	m.ctx.gpr[KL_RCX] = 5;
	m.ctx.rflags |= X86_EFLAGS_ZF;
	EXPECT_EQ(STEP(&m, "\xe0\x10"), KL_INSN_OK);		/* loopne does not */
	EXPECT_EQ(m.ctx.rip, CODE + 4 - 16 + 3 + 2);
	EXPECT_EQ(STEP(&m, "\xe1\x10"), KL_INSN_OK);		/* loope does */
	EXPECT_EQ(m.ctx.gpr[KL_RCX], 3);
}

KT_TEST(shadow_and_flags)
{
	m_reset(&m, KL_INSN_LONG64);
	EXPECT_EQ(STEP(&m, "\xfb"), KL_INSN_OK);
	EXPECT_EQ(m.ctx.shadow, KL_INSN_SHADOW_STI);
	EXPECT_EQ(STEP(&m, "\xfb"), KL_INSN_OK);
	EXPECT_EQ(m.ctx.shadow, 0);
	EXPECT_EQ(STEP(&m, "\xf4"), KL_INSN_OK);
	EXPECT(m.ctx.hlt);
	EXPECT_EQ(STEP(&m, "\x90"), KL_INSN_OK);
	EXPECT(!m.ctx.hlt);
	/* CPL 3, IOPL 0: CLI and HLT fault, POPF leaves IF and IOPL alone. */
	m.ctx.cpl = 3;
	m.nr_commits = 0;
	EXPECT_FAULT("\xfa", X86_TRAP_GP);
	EXPECT_FAULT("\xf4", X86_TRAP_GP);
	EXPECT_FAULT("\x0f\x20\xc0", X86_TRAP_GP);
	m_put(&m, STACK, 0x3000 | X86_EFLAGS_CF | X86_EFLAGS_VM | X86_EFLAGS_RF, 8);
	EXPECT_EQ(STEP(&m, "\x9d"), KL_INSN_OK);
	EXPECT_EQ(m.ctx.rflags, X86_EFLAGS_FIXED | X86_EFLAGS_IF | X86_EFLAGS_CF);
	m.ctx.cpl = 0;
	m.ctx.rflags |= X86_EFLAGS_TF;
	EXPECT_EQ(STEP(&m, "\x9c"), KL_INSN_OK);
	EXPECT(m.ctx.single_step);
	EXPECT_EQ(m_get(&m, STACK, 8),
		  X86_EFLAGS_FIXED | X86_EFLAGS_IF | X86_EFLAGS_CF | X86_EFLAGS_TF);
}

KT_TEST(ports)
{
	m_reset(&m, KL_INSN_LONG64);
	m.ctx.gpr[KL_RAX] = ~0ull;
	m.ctx.gpr[KL_RDX] = 0x3f8;
	m_code(&m, "\xec", 1);
	EXPECT_EQ(m_finish(&m, 0x5a, 4), KL_INSN_OK);
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 0xffffffffffffff5a);
	m_code(&m, "\xe5\x70", 2);
	EXPECT_EQ(m_step(&m), KL_INSN_PENDING);
	EXPECT_EQ(m.frag[0].addr, 0x70);
	EXPECT_EQ(m.frag[0].len, 4);
	EXPECT_EQ(m_finish(&m, 0x12345678, 4), KL_INSN_OK);
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 0x12345678);
	m_code(&m, "\x66\xef", 2);
	EXPECT_EQ(m_finish(&m, 0, 4), KL_INSN_OK);
	EXPECT_EQ(m.last_write, 0x5678);
	/* rep outsb */
	memcpy(m.mem + DATA, "ok\n", 3);
	m.ctx.gpr[KL_RSI] = DATA;
	m.ctx.gpr[KL_RCX] = 3;
	m.nr_exits = 0;
	m_code(&m, "\xf3\x6e", 2);
	EXPECT_EQ(m_finish(&m, 0, 8), KL_INSN_OK);
	EXPECT_EQ(m.nr_exits, 3);
	EXPECT_EQ(m.last_write, '\n');
	/* Without the right to, and nobody to ask about the bitmap. */
	m.ctx.cpl = 3;
	EXPECT_EQ(STEP(&m, "\xec"), KL_INSN_UNSUPPORTED);
}

KT_TEST(system_registers)
{
	m_reset(&m, KL_INSN_LONG64);
	m.ctx.gpr[KL_RAX] = 0x1234567890ull;
	EXPECT_EQ(STEP(&m, "\x0f\x22\xd8"), KL_INSN_OK);	/* mov %rax, %cr3 */
	EXPECT_EQ(m.cr[3], 0x1234567890ull);
	EXPECT_EQ(STEP(&m, "\x0f\x20\x19"), KL_INSN_OK);	/* mod is not looked at: rcx */
	EXPECT_EQ(m.ctx.gpr[KL_RCX], 0x1234567890ull);
	EXPECT_EQ(STEP(&m, "\x44\x0f\x22\xc0"), KL_INSN_OK);	/* mov %rax, %cr8 */
	EXPECT_EQ(m.cr[8], 0x1234567890ull);
	EXPECT_EQ(STEP(&m, "\x0f\x23\xe0"), KL_INSN_OK);	/* DR4 is DR6 */
	EXPECT_EQ(m.dr[6], 0x1234567890ull);
	m_put(&m, DATA, 0x0fff, 2);
	m_put(&m, DATA + 2, 0xffff800012345678ull, 8);
	m.ctx.gpr[KL_RDI] = DATA;
	EXPECT_EQ(STEP(&m, "\x0f\x01\x17"), KL_INSN_OK);	/* lgdt (%rdi) */
	EXPECT_EQ(m.dt_base[KL_INSN_GDT], 0xffff800012345678ull);
	EXPECT_EQ(m.dt_limit[KL_INSN_GDT], 0xfff);
	m.ctx.gpr[KL_RDI] = DATA + 16;
	EXPECT_EQ(STEP(&m, "\x0f\x01\x07"), KL_INSN_OK);	/* sgdt (%rdi) */
	EXPECT(!memcmp(m.mem + DATA, m.mem + DATA + 16, 10));
	m.ctx.cr4 |= X86_CR4_UMIP;
	m.ctx.cpl = 3;
	m.nr_commits = 0;
	EXPECT_FAULT("\x0f\x01\x07", X86_TRAP_GP);
}

KT_TEST(sse_moves)
{
	m_reset(&m, KL_INSN_LONG64);
	m.ctx.gpr[KL_RDI] = DATA;
	m_put(&m, DATA, 0x1111222233334444ull, 8);
	m_put(&m, DATA + 8, 0x5555666677778888ull, 8);
	EXPECT_EQ(STEP(&m, "\x44\x0f\x28\x0f"), KL_INSN_OK);		/* movaps (%rdi), %xmm9 */
	EXPECT_EQ(m.xmm[9][0], 0x1111222233334444ull);
	EXPECT_EQ(m.xmm[9][1], 0x5555666677778888ull);
	EXPECT_EQ(STEP(&m, "\xf3\x44\x0f\x7f\x4f\x11"), KL_INSN_OK);	/* movdqu %xmm9, 17(%rdi) */
	EXPECT(!memcmp(m.mem + DATA, m.mem + DATA + 17, 16));
	EXPECT_EQ(STEP(&m, "\xf3\x0f\x7e\x17"), KL_INSN_OK);		/* movq (%rdi), %xmm2 */
	EXPECT_EQ(m.xmm[2][0], 0x1111222233334444ull);
	EXPECT_EQ(m.xmm[2][1], 0);
	EXPECT_EQ(STEP(&m, "\x66\x48\x0f\x7e\xd0"), KL_INSN_OK);	/* movq %xmm2, %rax */
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 0x1111222233334444ull);
	EXPECT_EQ(STEP(&m, "\x66\x0f\x7e\xd0"), KL_INSN_OK);		/* movd %xmm2, %eax */
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 0x33334444);
	EXPECT_EQ(STEP(&m, "\x66\x0f\x6e\xc8"), KL_INSN_OK);		/* movd %eax, %xmm1 */
	EXPECT_EQ(m.xmm[1][0], 0x33334444);
	EXPECT_EQ(STEP(&m, "\xf2\x41\x0f\x10\xc9"), KL_INSN_OK);	/* movsd %xmm9, %xmm1 */
	EXPECT_EQ(m.xmm[1][0], 0x1111222233334444ull);
	m.nr_commits = 0;
	m.ctx.gpr[KL_RDI] = DATA + 8;
	EXPECT_FAULT("\x66\x0f\x6f\x07", X86_TRAP_GP);			/* movdqa, unaligned */
	m.ctx.cr0 |= X86_CR0_TS;
	EXPECT_FAULT("\xf3\x0f\x6f\x07", X86_TRAP_NM);
	m.ctx.cr4 = 0;
	EXPECT_FAULT("\xf3\x0f\x6f\x07", X86_TRAP_UD);
	EXPECT_EQ(STEP(&m, "\x0f\x6f\x07"), KL_INSN_UNSUPPORTED);	/* MMX */
}

KT_TEST(data_moves)
{
	m_reset(&m, KL_INSN_LONG64);
	m.ctx.gpr[KL_RDI] = DATA;
	m_put(&m, DATA, 0x1122334455667788ull, 8);
	EXPECT_EQ(STEP(&m, "\x0f\x38\xf0\x07"), KL_INSN_OK);		/* movbe (%rdi), %eax */
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 0x88776655);
	EXPECT_EQ(STEP(&m, "\x66\x0f\x38\xf1\x47\x08"), KL_INSN_OK);	/* movbe %ax, 8(%rdi) */
	EXPECT_EQ(m_get(&m, DATA + 8, 2), 0x5566);
	EXPECT_EQ(STEP(&m, "\x48\xa1\x00\x80\0\0\0\0\0\0"), KL_INSN_OK); /* movabs DATA, %rax */
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 0x1122334455667788ull);
	EXPECT_EQ(STEP(&m, "\x67\xa2\x10\x80\0\0"), KL_INSN_OK);	/* movabs */
	EXPECT_EQ(m.mem[DATA + 16], 0x88);
	m.ctx.gpr[KL_RBX] = DATA;
	m.ctx.gpr[KL_RAX] = 1;
	EXPECT_EQ(STEP(&m, "\xd7"), KL_INSN_OK);			/* xlat */
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 0x77);
	m.ctx.seg[KL_SEG_GS].base = DATA;
	EXPECT_EQ(STEP(&m, "\x65\x8a\x04\x25\x02\0\0\0"), KL_INSN_OK);	/* mov %gs:2, %al */
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 0x66);
	/* In 64-bit mode a DS override and its base mean nothing. */
	m.ctx.seg[KL_SEG_DS].base = 0x1000;
	EXPECT_EQ(STEP(&m, "\x3e\x8a\x07"), KL_INSN_OK);
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 0x88);
}

static int seen_seg;

static int o_load_seg(struct kl_insn_ctx *ctx, enum kl_insn_sreg seg, u16 sel)
{
	if (sel == 0x666) {
		ctx->exc = (struct kl_insn_exc){
			.vector = X86_TRAP_NP, .has_error = true, .error_code = 0x664,
		};
		return KL_INSN_FAULT;
	}
	seen_seg = seg;
	ctx->seg[seg].selector = sel;
	return KL_INSN_OK;
}

static int o_io_check(struct kl_insn_ctx *ctx, u16 port, unsigned int size)
{
	if (port == 0x80)
		return KL_INSN_OK;
	ctx->exc = (struct kl_insn_exc){ .vector = X86_TRAP_GP, .has_error = true };
	return KL_INSN_FAULT;
}

static int o_msr(struct kl_insn_ctx *ctx, u32 msr, u64 *val)
{
	*val = to_machine(ctx)->msr + msr;
	return KL_INSN_OK;
}

static int o_set_msr(struct kl_insn_ctx *ctx, u32 msr, u64 val)
{
	to_machine(ctx)->msr = val;
	return KL_INSN_OK;
}

static int o_cpuid(struct kl_insn_ctx *ctx, u32 regs[4])
{
	regs[1] = regs[0] + 1;
	regs[2] += 1;
	regs[3] = 0xdddd;
	return KL_INSN_OK;
}

static int o_tsc(struct kl_insn_ctx *ctx, u64 *val)
{
	*val = 0x1122334455667788ull;
	return KL_INSN_OK;
}

KT_TEST(optional_operations)
{
	struct kl_insn_ops ops = m_ops;

	ops.load_seg = o_load_seg;
	ops.io_check = o_io_check;
	ops.read_msr = o_msr;
	ops.write_msr = o_set_msr;
	ops.cpuid = o_cpuid;
	ops.rdtsc = o_tsc;
	m_reset(&m, KL_INSN_LONG64);
	m.ctx.gpr[KL_RAX] = 0xaaaa11111111ull;
	m.ctx.gpr[KL_RDX] = 0xbbbb22222222ull;
	m.ctx.gpr[KL_RCX] = 5;
	m_code(&m, "\x0f\x30\x0f\x32\x0f\xa2\x0f\x31\x8e\xd8", 10);
	EXPECT_EQ(kl_insn_step(&m.insn, &m.ctx, &ops), KL_INSN_OK);	/* wrmsr */
	EXPECT_EQ(m.msr, 0x2222222211111111ull);
	EXPECT_EQ(kl_insn_step(&m.insn, &m.ctx, &ops), KL_INSN_OK);	/* rdmsr */
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 0x11111116);
	EXPECT_EQ(m.ctx.gpr[KL_RDX], 0x22222222);
	EXPECT_EQ(kl_insn_step(&m.insn, &m.ctx, &ops), KL_INSN_OK);	/* cpuid */
	EXPECT_EQ(m.ctx.gpr[KL_RBX], 0x11111117);
	EXPECT_EQ(m.ctx.gpr[KL_RCX], 6);
	EXPECT_EQ(m.ctx.gpr[KL_RDX], 0xdddd);
	EXPECT_EQ(kl_insn_step(&m.insn, &m.ctx, &ops), KL_INSN_OK);	/* rdtsc */
	EXPECT_EQ(m.ctx.gpr[KL_RAX], 0x55667788);
	EXPECT_EQ(m.ctx.gpr[KL_RDX], 0x11223344);
	m.ctx.gpr[KL_RAX] = 0x666;					/* mov %eax, %ds */
	EXPECT_EQ(kl_insn_step(&m.insn, &m.ctx, &ops), KL_INSN_FAULT);
	EXPECT_EQ(m.ctx.exc.vector, X86_TRAP_NP);
	EXPECT_EQ(m.ctx.rip, CODE + 8);
	m.ctx.gpr[KL_RAX] = 0x10;
	EXPECT_EQ(kl_insn_step(&m.insn, &m.ctx, &ops), KL_INSN_OK);
	EXPECT_EQ(m.ctx.seg[KL_SEG_DS].selector, 0x10);
	EXPECT_EQ(seen_seg, KL_SEG_DS);
	/* CPL 3: the bitmap decides about ports, CR4.TSD about RDTSC. */
	m.ctx.cpl = 3;
	m.ctx.cr4 |= X86_CR4_TSD;
	m_code(&m, "\xe6\x81", 2);
	EXPECT_EQ(kl_insn_step(&m.insn, &m.ctx, &ops), KL_INSN_FAULT);
	m_code(&m, "\x0f\x31", 2);
	EXPECT_EQ(kl_insn_step(&m.insn, &m.ctx, &ops), KL_INSN_FAULT);
	m_code(&m, "\x0f\x32", 2);
	EXPECT_EQ(kl_insn_step(&m.insn, &m.ctx, &ops), KL_INSN_FAULT);
	m_code(&m, "\xe6\x80", 2);
	EXPECT_EQ(kl_insn_step(&m.insn, &m.ctx, &ops), KL_INSN_PENDING);
	EXPECT_EQ(m.frag[0].addr, 0x80);
}

/* Random bytes in every mode: no crash, bounded work, nothing changes unless it is committed. */
KT_TEST(random_bytes)
{
	const char *text = getenv("KL_SEED");
	u64 seed = text ? strtoull(text, NULL, 0) : 0x6b6c2d696e736eull;
	u64 rng = seed, done[6] = { 0 };
	unsigned int i, j;

	printf("# seed %#llx\n", (unsigned long long)seed);
	m_reset(&m, KL_INSN_REAL);
	for (i = 0; i < 300000; i++) {
		struct kl_insn_ctx was;
		int ret;

		if (i % 64 == 0)
			m_reset(&m, i / 64 % 5);
		m.ctx.rip = CODE;
		for (j = 0; j < 16; j++) {
			rng = rng * 6364136223846793005ull + 1442695040888963407ull;
			m.ctx.gpr[j] = rng >> (rng >> 58);
			m.mem[CODE + j] = rng >> 33;
		}
		m.ctx.rflags = X86_EFLAGS_FIXED | (rng >> 20 & 0x10fd5);
		m.ctx.cpl = m.ctx.mode == KL_INSN_REAL ? 0 : i & 3;
		m.nr_accesses = 0;
		m.nr_fetches = 0;
		m.nr_commits = 0;
		m.nr_frags = 0;
		was = m.ctx;
		ret = m_step(&m);
		ASSERT(ret >= KL_INSN_OK && ret <= KL_INSN_UNSUPPORTED);
		done[ret]++;
		ASSERT(m.nr_fetches <= 2);
		ASSERT(m.nr_accesses <= 2 * KL_INSN_MAX_REP);
		ASSERT(ret != KL_INSN_OK || m.ctx.hlt || m.insn.len);
		if (!m.nr_commits) {
			ASSERT(!memcmp(was.gpr, m.ctx.gpr, sizeof(was.gpr)));
			ASSERT(was.rip == m.ctx.rip && was.rflags == m.ctx.rflags);
			ASSERT(!memcmp(was.seg, m.ctx.seg, sizeof(was.seg)));
		}
	}
	printf("# %llu completed, %llu faulted, %llu not covered\n",
	       (unsigned long long)done[KL_INSN_OK], (unsigned long long)done[KL_INSN_FAULT],
	       (unsigned long long)done[KL_INSN_UNSUPPORTED]);
	EXPECT(done[KL_INSN_OK] > 30000 && done[KL_INSN_FAULT] > 10000);
}

KT_MAIN
