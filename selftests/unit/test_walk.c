// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walk of guest page tables, against tables built in an array: every mode,
 * every kind of page fault with its exact error code, the A and D flags.
 */
#include <errno.h>
#include <linux/bits.h>
#include <linux/types.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "kt.h"
#include "mmu/guest_walk.h"

#define P 1ULL
#define RW 2ULL
#define US 4ULL
#define A 0x20ULL
#define D 0x40ULL
#define PS 0x80ULL
#define XD BIT_ULL(63)

#define ALL (P | RW | US)

/* Error codes. */
#define E_P 1
#define E_W 2
#define E_U 4
#define E_RSVD 8
#define E_I 16
#define E_PK 32

#define MEM_SIZE 0x10000

/* Tables of the tests, one a page: level n at n << 12. */
#define T(level) ((u64)(level) << 12)

#define GVA64 0x00007abcde123456ULL
#define GVA32 0xdea12345ULL
#define PAGE 0x12345000ULL

static struct {
	u8 mem[MEM_SIZE];
	unsigned int reads;
	unsigned int updates;
	unsigned int interfere; /* change the entry before so many updates */
	bool has_update;
} g;

static struct kl_walk_env env;
static struct kl_walk_result res;

static int mem_read(void *ctx, u64 gpa, unsigned int len, u64 *val)
{
	g.reads++;
	if (gpa + len > MEM_SIZE || gpa % len)
		return -EFAULT;
	*val = 0;
	memcpy(val, g.mem + gpa, len);
	return 0;
}

static int mem_update(void *ctx, u64 gpa, unsigned int len, u64 old, u64 new)
{
	u64 now = 0;

	if (gpa + len > MEM_SIZE)
		return -EFAULT;
	g.updates++;
	if (g.interfere) {
		g.interfere--;
		g.mem[gpa + 1] ^= 2; /* bit 9, ignored by the CPU */
	}
	memcpy(&now, g.mem + gpa, len);
	if (now != old)
		return -EAGAIN;
	memcpy(g.mem + gpa, &new, len);
	return 0;
}

static int walk(u64 gva, u32 access)
{
	const struct kl_walk_ops ops = {
		.read = mem_read,
		.update = g.has_update ? mem_update : NULL,
	};

	memset(&res, 0xa5, sizeof(res));
	return kl_guest_walk(&env, &ops, NULL, gva, access, &res);
}

static u64 get(u64 gpa, unsigned int len)
{
	u64 v = 0;

	memcpy(&v, g.mem + gpa, len);
	return v;
}

static void put(u64 gpa, unsigned int len, u64 v)
{
	memcpy(g.mem + gpa, &v, len);
}

/* GPA of the entry of @level for a GVA, in modes with entries of 8 bytes. */
static u64 at(u64 gva, int level)
{
	return T(level) + ((gva >> (12 + 9 * (level - 1))) & 511) * 8;
}

static u64 at32(int level)
{
	return T(level) + ((GVA32 >> (12 + 10 * (level - 1))) & 1023) * 4;
}

static void reset(void)
{
	memset(&g, 0, sizeof(g));
	memset(&env, 0, sizeof(env));
	g.has_update = true;
	env.cr0 = X86_CR0_PG | X86_CR0_PE | X86_CR0_WP;
	env.maxphyaddr = 39;
	env.gbpages = true;
}

/* 4 levels (5 with @la57), all rights, A and D clear. */
static void long_mode(bool la57)
{
	int top = la57 ? 5 : 4, l;

	reset();
	env.cr4 = X86_CR4_PAE | (la57 ? X86_CR4_LA57 : 0);
	env.efer = EFER_LMA | EFER_LME | EFER_NX;
	env.cr3 = T(top) | 0x18;
	for (l = top; l > 1; l--)
		put(at(GVA64, l), 8, T(l - 1) | ALL);
	put(at(GVA64, 1), 8, PAGE | ALL);
}

static void pae_mode(void)
{
	reset();
	env.cr4 = X86_CR4_PAE;
	env.efer = EFER_NX;
	env.cr3 = T(3) | 0xe0; /* aligned to 32 bytes only */
	put(T(3) + 0xe0 + (GVA32 >> 30) * 8, 8, T(2) | P);
	put(at(GVA32, 2), 8, T(1) | ALL);
	put(at(GVA32, 1), 8, PAGE | ALL);
}

static void mode32(void)
{
	reset();
	env.cr3 = T(2);
	put(at32(2), 4, T(1) | ALL);
	put(at32(1), 4, PAGE | ALL);
}

static void expect_gpa(u64 gva, u32 access, u64 gpa, unsigned int shift)
{
	EXPECT_EQ(walk(gva, access), 0);
	EXPECT(!res.fault);
	EXPECT_EQ(res.gpa, gpa);
	EXPECT_EQ(res.page_shift, shift);
}

static void expect_fault(u64 gva, u32 access, u32 code)
{
	EXPECT_EQ(walk(gva, access), 0);
	EXPECT(res.fault);
	EXPECT_EQ(res.error_code, code);
}

#define R KL_ACCESS_READ
#define W KL_ACCESS_WRITE
#define X KL_ACCESS_EXEC

KT_TEST(no_paging_is_identity)
{
	reset();
	env.cr0 = X86_CR0_PE;
	expect_gpa(0xfedcba98, W, 0xfedcba98, 32);
	expect_gpa(0x1fedcba98ULL, R, 0xfedcba98, 32);
	EXPECT_EQ(g.reads, 0);
}

KT_TEST(four_levels)
{
	long_mode(false);
	expect_gpa(GVA64, R, PAGE | 0x456, 12);
	EXPECT_EQ(g.reads, 4);
	EXPECT(res.user && res.writable);
}

KT_TEST(five_levels)
{
	long_mode(true);
	expect_gpa(GVA64, R, PAGE | 0x456, 12);
	EXPECT_EQ(g.reads, 5);
}

KT_TEST(page_2m)
{
	long_mode(false);
	put(at(GVA64, 2), 8, 0x40000000 | ALL | PS);
	expect_gpa(GVA64, W, 0x40000000 | (GVA64 & 0x1fffff), 21);
	/* Bit 12 is the PAT bit, not an address. */
	put(at(GVA64, 2), 8, 0x40001000 | ALL | PS);
	expect_gpa(GVA64, R, 0x40000000 | (GVA64 & 0x1fffff), 21);
	put(at(GVA64, 2), 8, 0x40002000 | ALL | PS);
	expect_fault(GVA64, R, E_P | E_RSVD);
	put(at(GVA64, 2), 8, 0x40100000 | ALL | PS);
	expect_fault(GVA64, R, E_P | E_RSVD);
}

KT_TEST(page_1g)
{
	long_mode(false);
	put(at(GVA64, 3), 8, 0x40000000 | ALL | PS);
	expect_gpa(GVA64, W, 0x40000000 | (GVA64 & 0x3fffffff), 30);
	put(at(GVA64, 3), 8, 0x60000000 | ALL | PS);
	expect_fault(GVA64, R, E_P | E_RSVD);
	put(at(GVA64, 3), 8, 0x40000000 | ALL | PS);
	env.gbpages = false;
	expect_fault(GVA64, R, E_P | E_RSVD);
}

KT_TEST(pae)
{
	pae_mode();
	expect_gpa(GVA32, W, PAGE | 0x345, 12);
	EXPECT_EQ(g.reads, 3);
	/* The upper half of a GVA does not exist. */
	expect_gpa(GVA32 | 0xffffffff00000000ULL, R, PAGE | 0x345, 12);
	put(at(GVA32, 2), 8, 0x40200000 | ALL | PS);
	expect_gpa(GVA32, R, 0x40200000 | (GVA32 & 0x1fffff), 21);
}

KT_TEST(pae_pdpte_registers)
{
	u64 pdpte[4] = { 0, 0, 0, T(2) | P };

	pae_mode();
	env.pdpte = pdpte;
	put(T(3) + 0xe0 + (GVA32 >> 30) * 8, 8, 0); /* memory is not looked at */
	expect_gpa(GVA32, R, PAGE | 0x345, 12);
	EXPECT_EQ(g.reads, 2);
	pdpte[3] = 0;
	expect_fault(GVA32, W, E_W);
}

KT_TEST(pae_pdpte_is_never_accessed)
{
	pae_mode();
	expect_gpa(GVA32, W, PAGE | 0x345, 12);
	EXPECT_EQ(get(T(3) + 0xe0 + (GVA32 >> 30) * 8, 8), T(2) | P);
	EXPECT_EQ(get(at(GVA32, 2), 8), T(1) | ALL | A);
	EXPECT_EQ(get(at(GVA32, 1), 8), PAGE | ALL | A | D);
}

KT_TEST(pae_high_bits_are_reserved)
{
	int b;

	for (b = 39; b < 63; b++) {
		pae_mode();
		put(at(GVA32, 1), 8, PAGE | ALL | BIT_ULL(b));
		expect_fault(GVA32, R, E_P | E_RSVD);
	}
}

KT_TEST(mode_32)
{
	mode32();
	expect_gpa(GVA32, W, PAGE | 0x345, 12);
	EXPECT_EQ(g.reads, 2);
	EXPECT_EQ(get(at32(2), 4), T(1) | ALL | A);
	EXPECT_EQ(get(at32(1), 4), PAGE | ALL | A | D);
}

KT_TEST(mode_32_4m)
{
	mode32();
	/* Without CR4.PSE bit 7 is ignored: it is a table. */
	put(at32(2), 4, T(1) | ALL | PS);
	expect_gpa(GVA32, R, PAGE | 0x345, 12);

	env.cr4 = X86_CR4_PSE;
	put(at32(2), 4, 0x12400000 | ALL | PS);
	expect_gpa(GVA32, R, 0x12400000 | (GVA32 & 0x3fffff), 22);
	/* PSE-36: bits 20:13 are address bits 39:32, as far as there are any. */
	put(at32(2), 4, 0x12400000 | (0x55 << 13) | ALL | PS);
	expect_gpa(GVA32, R, 0x5512400000ULL | (GVA32 & 0x3fffff), 22);
	put(at32(2), 4, 0x12400000 | (0x80 << 13) | ALL | PS);
	expect_fault(GVA32, R, E_P | E_RSVD);
	env.maxphyaddr = 46;
	expect_gpa(GVA32, R, 0x8012400000ULL | (GVA32 & 0x3fffff), 22);
	put(at32(2), 4, 0x12400000 | BIT(21) | ALL | PS);
	expect_fault(GVA32, R, E_P | E_RSVD);
}

KT_TEST(not_present_at_each_level)
{
	int l;

	for (l = 1; l <= 5; l++) {
		long_mode(true);
		put(at(GVA64, l), 8, ~P); /* whatever else is set */
		expect_fault(GVA64, R, 0);
		expect_fault(GVA64, W, E_W);
		expect_fault(GVA64, X, E_I);
		env.cpl = 3;
		expect_fault(GVA64, R, E_U);
		expect_fault(GVA64, W, E_U | E_W);
		expect_fault(GVA64, R | KL_ACCESS_IMPLICIT, 0);
		EXPECT_EQ(g.updates, 0);
	}
}

KT_TEST(reserved_at_each_level)
{
	int l, b;

	for (l = 1; l <= 5; l++) {
		for (b = 39; b < 52; b++) {
			long_mode(true);
			put(at(GVA64, l), 8, get(at(GVA64, l), 8) | BIT_ULL(b));
			expect_fault(GVA64, W, E_P | E_W | E_RSVD);
			env.maxphyaddr = 52;
			EXPECT(walk(GVA64, W) == -EFAULT || l == 1);
		}
		/* Bits 62:52 are the software's (or a key). */
		long_mode(true);
		put(at(GVA64, l), 8, get(at(GVA64, l), 8) | GENMASK_ULL(62, 52));
		expect_gpa(GVA64, W, PAGE | 0x456, 12);
	}
	for (l = 4; l <= 5; l++) {
		long_mode(true);
		put(at(GVA64, l), 8, get(at(GVA64, l), 8) | PS);
		expect_fault(GVA64, R, E_P | E_RSVD);
	}
}

KT_TEST(execute_disable)
{
	int l;

	for (l = 1; l <= 4; l++) {
		long_mode(false);
		put(at(GVA64, l), 8, get(at(GVA64, l), 8) | XD);
		expect_gpa(GVA64, R, PAGE | 0x456, 12);
		expect_fault(GVA64, X, E_P | E_I);
		env.cpl = 3;
		expect_fault(GVA64, X, E_P | E_U | E_I);
		/* Without EFER.NXE the bit is reserved, and no I bit either. */
		env.efer &= ~(u64)EFER_NX;
		expect_fault(GVA64, X, E_P | E_U | E_RSVD);
		env.cr4 |= X86_CR4_SMEP;
		expect_fault(GVA64, X, E_P | E_U | E_RSVD | E_I);
	}
}

KT_TEST(user_needs_us_everywhere)
{
	int l;

	for (l = 1; l <= 4; l++) {
		long_mode(false);
		put(at(GVA64, l), 8, get(at(GVA64, l), 8) & ~US);
		expect_gpa(GVA64, R, PAGE | 0x456, 12);
		EXPECT(!res.user);
		env.cpl = 3;
		expect_fault(GVA64, R, E_P | E_U);
		expect_fault(GVA64, W, E_P | E_U | E_W);
		expect_fault(GVA64, X, E_P | E_U | E_I);
		expect_gpa(GVA64, R | KL_ACCESS_IMPLICIT, PAGE | 0x456, 12);
		env.cpl = 2; /* rings 1 and 2 are supervisors */
		expect_gpa(GVA64, R, PAGE | 0x456, 12);
	}
}

KT_TEST(write_protection)
{
	int l;

	for (l = 1; l <= 4; l++) {
		long_mode(false);
		put(at(GVA64, l), 8, get(at(GVA64, l), 8) & ~RW);
		expect_gpa(GVA64, R, PAGE | 0x456, 12);
		EXPECT(!res.writable);
		expect_fault(GVA64, W, E_P | E_W);
		env.cr0 &= ~(u64)X86_CR0_WP;
		expect_gpa(GVA64, W, PAGE | 0x456, 12);
		env.cpl = 3; /* WP is about supervisors only */
		expect_fault(GVA64, W, E_P | E_U | E_W);
	}
}

KT_TEST(smep)
{
	long_mode(false);
	expect_gpa(GVA64, X, PAGE | 0x456, 12);
	env.cr4 |= X86_CR4_SMEP;
	expect_fault(GVA64, X, E_P | E_I);
	env.cpl = 3;
	expect_gpa(GVA64, X, PAGE | 0x456, 12);
	env.cpl = 0;
	put(at(GVA64, 2), 8, T(1) | P | RW); /* a supervisor page */
	expect_gpa(GVA64, X, PAGE | 0x456, 12);
}

KT_TEST(smap)
{
	long_mode(false);
	env.cr4 |= X86_CR4_SMAP;
	expect_fault(GVA64, R, E_P);
	expect_fault(GVA64, W, E_P | E_W);
	expect_gpa(GVA64, X, PAGE | 0x456, 12);
	env.rflags = X86_EFLAGS_AC;
	expect_gpa(GVA64, W, PAGE | 0x456, 12);
	expect_fault(GVA64, W | KL_ACCESS_IMPLICIT, E_P | E_W);
	env.cpl = 3;
	expect_gpa(GVA64, W, PAGE | 0x456, 12);
	expect_fault(GVA64, R | KL_ACCESS_IMPLICIT, E_P);
	env.cpl = 0;
	put(at(GVA64, 3), 8, T(2) | P | RW);
	env.rflags = 0;
	expect_gpa(GVA64, W, PAGE | 0x456, 12);
}

KT_TEST(protection_keys_user)
{
	long_mode(false);
	put(at(GVA64, 1), 8, PAGE | ALL | (5ULL << 59));
	env.pkru = 1U << 10; /* key 5: access disabled */
	expect_gpa(GVA64, W, PAGE | 0x456, 12);
	env.cr4 |= X86_CR4_PKE;
	expect_fault(GVA64, R, E_P | E_PK);
	expect_fault(GVA64, W, E_P | E_W | E_PK);
	expect_gpa(GVA64, X, PAGE | 0x456, 12);
	env.cpl = 3;
	expect_fault(GVA64, R, E_P | E_U | E_PK);

	env.pkru = 2U << 10; /* key 5: write disabled */
	expect_gpa(GVA64, R, PAGE | 0x456, 12);
	expect_fault(GVA64, W, E_P | E_U | E_W | E_PK);
	env.cpl = 0;
	expect_fault(GVA64, W, E_P | E_W | E_PK);
	env.cr0 &= ~(u64)X86_CR0_WP;
	expect_gpa(GVA64, W, PAGE | 0x456, 12);

	env.pkru = ~(3U << 10); /* all keys but this */
	env.cpl = 3;
	expect_gpa(GVA64, W, PAGE | 0x456, 12);
	put(at(GVA64, 2), 8, T(1) | P | RW); /* a supervisor page has no such key */
	env.pkru = ~0U;
	env.cpl = 0;
	expect_gpa(GVA64, W, PAGE | 0x456, 12);
}

KT_TEST(protection_keys_supervisor)
{
	long_mode(false);
	put(at(GVA64, 1), 8, PAGE | P | RW | (7ULL << 59));
	env.pkrs = 1U << 14;
	expect_gpa(GVA64, R, PAGE | 0x456, 12);
	env.cr4 |= BIT_ULL(24); /* CR4.PKS */
	expect_fault(GVA64, R, E_P | E_PK);
	env.pkrs = 2U << 14;
	expect_gpa(GVA64, R, PAGE | 0x456, 12);
	expect_fault(GVA64, W, E_P | E_W | E_PK);
}

KT_TEST(key_of_a_large_page)
{
	long_mode(false);
	env.cr4 |= X86_CR4_PKE;
	put(at(GVA64, 2), 8, 0x40000000 | ALL | PS | (9ULL << 59));
	env.pkru = 1U << 18;
	expect_fault(GVA64, R, E_P | E_PK);
}

KT_TEST(read_sets_accessed_only)
{
	int l;

	long_mode(false);
	expect_gpa(GVA64, R, PAGE | 0x456, 12);
	EXPECT_EQ(get(at(GVA64, 1), 8), PAGE | ALL | A);
	for (l = 2; l <= 4; l++)
		EXPECT_EQ(get(at(GVA64, l), 8), T(l - 1) | ALL | A);
	EXPECT_EQ(g.updates, 4);
	expect_gpa(GVA64, X, PAGE | 0x456, 12);
	EXPECT_EQ(g.updates, 4); /* nothing left to do */
}

KT_TEST(write_sets_dirty_in_the_last)
{
	long_mode(false);
	expect_gpa(GVA64, W, PAGE | 0x456, 12);
	EXPECT_EQ(get(at(GVA64, 1), 8), PAGE | ALL | A | D);
	EXPECT_EQ(get(at(GVA64, 2), 8), T(1) | ALL | A);

	long_mode(false);
	put(at(GVA64, 2), 8, 0x40000000 | ALL | PS);
	expect_gpa(GVA64, W, 0x40000000 | (GVA64 & 0x1fffff), 21);
	EXPECT_EQ(get(at(GVA64, 2), 8), 0x40000000 | ALL | PS | A | D);
}

KT_TEST(fault_changes_nothing)
{
	long_mode(false);
	put(at(GVA64, 1), 8, PAGE | P | US);
	expect_fault(GVA64, W, E_P | E_W);
	EXPECT_EQ(g.updates, 0);
}

KT_TEST(look_from_outside)
{
	long_mode(false);
	g.has_update = false;
	expect_gpa(GVA64, W, PAGE | 0x456, 12);
	EXPECT_EQ(get(at(GVA64, 1), 8), PAGE | ALL);
}

KT_TEST(entry_changes_under_the_walk)
{
	long_mode(false);
	g.interfere = 2;
	expect_gpa(GVA64, W, PAGE | 0x456, 12);
	EXPECT_EQ(get(at(GVA64, 1), 8), PAGE | ALL | A | D);

	long_mode(false);
	g.interfere = 1000;
	EXPECT_EQ(walk(GVA64, W), -EAGAIN);
	EXPECT(g.updates < 100);
}

KT_TEST(table_outside_memory)
{
	long_mode(false);
	put(at(GVA64, 3), 8, 0x7000000 | ALL);
	EXPECT_EQ(walk(GVA64, R), -EFAULT);
	long_mode(false);
	env.cr3 = 0x7000000;
	EXPECT_EQ(walk(GVA64, R), -EFAULT);
}

KT_MAIN
