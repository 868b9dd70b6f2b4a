// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local APIC's register page: which registers exist and what they keep,
 * priorities, destinations, timer arithmetic (SDM, "Advanced Programmable
 * Interrupt Controller").
 */
#include <linux/bits.h>
#include <asm/apicdef.h>
#include <irq/intr.h>
#include <irq/lapic_regs.h>
#include "kt.h"

static u32 page[1024] __aligned(4096);
static struct kl_apic apic;

static void setup(u32 id, bool x2apic)
{
	apic = (struct kl_apic){ .page = page, .id = id, .nr_lvts = KL_LVTS, .x2apic = x2apic };
	kl_apic_reset(&apic, !id);
}

static u32 get(u32 reg)
{
	return kl_apic_get(&apic, reg);
}

KT_TEST(reset)
{
	setup(3, false);
	EXPECT_EQ(get(APIC_ID), 3 << 24);
	EXPECT_EQ(get(APIC_LVR), 0x50014);
	EXPECT_EQ(get(APIC_SPIV), 0xff);
	EXPECT_EQ(get(APIC_DFR), 0xffffffff);
	EXPECT_EQ(get(APIC_LDR), 0);
	EXPECT_EQ(get(APIC_LVTT), 0x10000);
	EXPECT_EQ(get(APIC_LVT0), 0x10000);
	EXPECT_EQ(get(APIC_LVT1), 0x10000);
	EXPECT_EQ(get(APIC_LVTERR), 0x10000);
	EXPECT_EQ(get(APIC_TMICT), 0);
	EXPECT_EQ(kl_vec_highest(&apic, APIC_IRR), -1);
	setup(0, false);
	EXPECT_EQ(get(APIC_LVT0), 0x700);
	setup(0x25, true);
	EXPECT_EQ(get(APIC_ID), 0x25);
	EXPECT_EQ(get(APIC_LDR), 0x20020);
}

/* A register that keeps its bits: what is left of all ones, and what it asks for. */
static const struct {
	const char *name;
	u32 reg;
	u32 kept;
	enum kl_apic_effect effect;
	bool x2apic_too;
} plain[] = {
	{ "TPR", APIC_TASKPRI, 0xff, KL_APIC_PRIORITY, true },
	{ "LDR", APIC_LDR, 0xff000000, KL_APIC_NOTHING, false },
	{ "DFR", APIC_DFR, 0xffffffff, KL_APIC_NOTHING, false },
	{ "SVR", APIC_SPIV, 0x3ff, KL_APIC_LVT, true },
	{ "ICR", APIC_ICR, 0xccfff & ~0x1000, KL_APIC_ICR, true },
	{ "ICR2", APIC_ICR2, 0xff000000, KL_APIC_NOTHING, false },
	{ "LVT thermal", APIC_LVTTHMR, 0x107ff, KL_APIC_LVT, true },
	{ "LVT performance", APIC_LVTPC, 0x107ff, KL_APIC_LVT, true },
	{ "LVT LINT0", APIC_LVT0, 0x1a7ff, KL_APIC_LVT, true },
	{ "LVT LINT1", APIC_LVT1, 0x1a7ff, KL_APIC_LVT, true },
	{ "LVT error", APIC_LVTERR, 0x100ff, KL_APIC_LVT, true },
};

KT_TEST(write_masks)
{
	char name[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(plain); i++) {
		u32 reg = plain[i].reg;

		setup(1, false);
		EXPECT_EQ(kl_apic_write(&apic, reg, 0xffffffff), plain[i].effect);
		EXPECT_EQ(get(reg), plain[i].kept);
		setup(1, true);
		if (plain[i].x2apic_too) {
			EXPECT_EQ(kl_apic_write(&apic, reg, plain[i].kept), plain[i].effect);
			EXPECT_EQ(get(reg), plain[i].kept);
		} else {
			EXPECT_EQ(kl_apic_write(&apic, reg, 0), KL_APIC_BAD);
		}
		/* Reserved bits fault there. */
		EXPECT_EQ(kl_apic_write(&apic, reg, 0xffffffff), KL_APIC_BAD);
		snprintf(name, sizeof(name), "mask of %s", plain[i].name);
		kt_case(name);
	}
}

KT_TEST(read_only)
{
	static const u32 regs[] = {
		APIC_LVR, APIC_PROCPRI, APIC_ARBPRI, APIC_RRR, APIC_ISR, APIC_TMR + 0x30,
		APIC_IRR + 0x70, APIC_TMCCT, 0x00, 0x40, 0x3a0, 0x400, 0xff0, APIC_LVTCMCI,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(regs); i++) {
		setup(1, false);
		EXPECT_EQ(kl_apic_write(&apic, regs[i], 0x12345678), KL_APIC_BAD);
		setup(1, true);
		EXPECT_EQ(kl_apic_write(&apic, regs[i], 0x12), KL_APIC_BAD);
	}
	setup(1, false);
	EXPECT_EQ(kl_apic_write(&apic, APIC_ID, 0x55000000), KL_APIC_NOTHING);
	EXPECT_EQ(get(APIC_ID), 0x01000000);
	setup(1, true);
	EXPECT_EQ(kl_apic_write(&apic, APIC_ID, 0), KL_APIC_BAD);
}

KT_TEST(special_writes)
{
	setup(1, false);
	EXPECT_EQ(kl_apic_write(&apic, APIC_EOI, 0x99), KL_APIC_EOI);
	EXPECT_EQ(kl_apic_write(&apic, APIC_ESR, 0x99), KL_APIC_ESR);
	EXPECT_EQ(kl_apic_write(&apic, KL_APIC_SELF_IPI, 0x40), KL_APIC_BAD);
	EXPECT_EQ(kl_apic_write(&apic, APIC_TMICT, 5), KL_APIC_COUNT);
	EXPECT_EQ(kl_apic_write(&apic, APIC_TDCR, 0xffffffff), KL_APIC_DIVIDE);
	setup(1, true);
	EXPECT_EQ(kl_apic_write(&apic, APIC_EOI, 1), KL_APIC_BAD);
	EXPECT_EQ(kl_apic_write(&apic, APIC_EOI, 0), KL_APIC_EOI);
	EXPECT_EQ(kl_apic_write(&apic, APIC_ESR, 1), KL_APIC_BAD);
	EXPECT_EQ(kl_apic_write(&apic, KL_APIC_SELF_IPI, 0x40), KL_APIC_SELF);
	EXPECT_EQ(kl_apic_write(&apic, KL_APIC_SELF_IPI, 0x100), KL_APIC_BAD);
	EXPECT_EQ(kl_apic_write(&apic, APIC_TDCR, 0x4), KL_APIC_BAD);
}

KT_TEST(timer_entry)
{
	setup(1, false);
	kl_apic_write(&apic, APIC_SPIV, 0x1ff);
	EXPECT_EQ(kl_apic_write(&apic, APIC_LVTT, KL_LVT_PERIODIC | 0xec), KL_APIC_LVT);
	EXPECT_EQ(get(APIC_LVTT), 0x200ec);
	EXPECT_EQ(kl_apic_write(&apic, APIC_LVTT, KL_LVT_DEADLINE | 0xec), KL_APIC_TIMER_MODE);
	EXPECT_EQ(kl_apic_write(&apic, APIC_LVTT, 0x600ec), KL_APIC_BAD);
	EXPECT_EQ(get(APIC_LVTT), 0x400ec);
	EXPECT_EQ(kl_apic_write(&apic, APIC_LVTT, 0xec), KL_APIC_TIMER_MODE);
}

KT_TEST(software_disable_masks)
{
	setup(1, false);
	kl_apic_write(&apic, APIC_SPIV, 0x1ff);
	kl_apic_write(&apic, APIC_LVT0, 0x700);
	EXPECT_EQ(get(APIC_LVT0), 0x700);
	kl_apic_write(&apic, APIC_SPIV, 0xff);
	EXPECT_EQ(get(APIC_LVT0), 0x10700);
	kl_apic_write(&apic, APIC_LVT0, 0x700);
	EXPECT_EQ(get(APIC_LVT0), 0x10700);
}

KT_TEST(cmci_entry)
{
	setup(1, false);
	EXPECT(!kl_apic_readable(&apic, APIC_LVTCMCI));
	apic.nr_lvts = KL_LVTS_CMCI;
	kl_apic_reset(&apic, false);
	EXPECT_EQ(get(APIC_LVR), 0x60014);
	EXPECT(kl_apic_readable(&apic, APIC_LVTCMCI));
	EXPECT_EQ(get(APIC_LVTCMCI), 0x10000);
	EXPECT_EQ(kl_apic_write(&apic, APIC_LVTCMCI, 0xffffffff), KL_APIC_LVT);
	EXPECT_EQ(get(APIC_LVTCMCI), 0x107ff);
}

KT_TEST(readable)
{
	static const u32 both[] = {
		APIC_ID, APIC_LVR, APIC_TASKPRI, APIC_PROCPRI, APIC_LDR, APIC_SPIV, APIC_ISR,
		APIC_ISR + 0x70, APIC_TMR, APIC_IRR, APIC_IRR + 0x70, APIC_ESR, APIC_ICR,
		APIC_LVTT, APIC_LVTERR, APIC_TMICT, APIC_TMCCT, APIC_TDCR,
	};
	static const u32 xapic_only[] = { APIC_ARBPRI, APIC_DFR, APIC_ICR2, APIC_EOI };
	static const u32 none[] = { 0, 0x10, 0x40, 0x290, 0x3a0, 0x3f0, 0x400, 0xff0 };
	unsigned int i, x;

	for (x = 0; x < 2; x++) {
		setup(1, x);
		for (i = 0; i < ARRAY_SIZE(both); i++)
			EXPECT(kl_apic_readable(&apic, both[i]));
		for (i = 0; i < ARRAY_SIZE(xapic_only); i++)
			EXPECT_EQ(kl_apic_readable(&apic, xapic_only[i]), !x);
		for (i = 0; i < ARRAY_SIZE(none); i++)
			EXPECT(!kl_apic_readable(&apic, none[i]));
	}
}

KT_TEST(vectors)
{
	unsigned int v;

	setup(1, false);
	for (v = 0; v < 256; v++) {
		EXPECT(!kl_vec_set(&apic, APIC_IRR, v));
		EXPECT(kl_vec_set(&apic, APIC_IRR, v));
		EXPECT(kl_vec_test(&apic, APIC_IRR, v));
		EXPECT_EQ(kl_vec_highest(&apic, APIC_IRR), v);
	}
	for (v = 0; v < 8; v++)
		EXPECT_EQ(get(APIC_IRR + v * 0x10), 0xffffffff);
	/* The neighbours are not touched. */
	EXPECT_EQ(get(APIC_TMR + 0x70), 0);
	EXPECT_EQ(get(APIC_ESR), 0);
	EXPECT_EQ(page[APIC_IRR / 4 + 1], 0);
	EXPECT(kl_vec_clear(&apic, APIC_IRR, 255));
	EXPECT(!kl_vec_clear(&apic, APIC_IRR, 255));
	EXPECT_EQ(kl_vec_highest(&apic, APIC_IRR), 254);
}

KT_TEST(processor_priority)
{
	static const struct {
		u8 tpr;
		int isr;
		u8 ppr;
	} rows[] = {
		{ 0x00, -1, 0x00 }, { 0x35, -1, 0x35 }, { 0x00, 0x41, 0x40 },
		{ 0x35, 0x41, 0x40 }, { 0x4f, 0x41, 0x4f }, { 0x40, 0x4e, 0x40 },
		{ 0x52, 0x41, 0x52 }, { 0xff, 0xef, 0xff }, { 0x00, 0xff, 0xf0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		setup(1, false);
		kl_apic_set(&apic, APIC_TASKPRI, rows[i].tpr);
		if (rows[i].isr >= 0)
			kl_vec_set(&apic, APIC_ISR, rows[i].isr);
		EXPECT_EQ(kl_apic_ppr(&apic), rows[i].ppr);
	}
}

KT_TEST(deliverable)
{
	setup(1, false);
	EXPECT_EQ(kl_apic_deliverable(&apic), -1);
	kl_vec_set(&apic, APIC_IRR, 0x31);
	kl_vec_set(&apic, APIC_IRR, 0x45);
	EXPECT_EQ(kl_apic_deliverable(&apic), 0x45);
	kl_apic_set(&apic, APIC_TASKPRI, 0x40);
	EXPECT_EQ(kl_apic_deliverable(&apic), -1);
	kl_apic_set(&apic, APIC_TASKPRI, 0x3f);
	EXPECT_EQ(kl_apic_deliverable(&apic), 0x45);
	/* In service: only a higher class interrupts it. */
	kl_vec_set(&apic, APIC_ISR, 0x41);
	EXPECT_EQ(kl_apic_deliverable(&apic), -1);
	kl_vec_set(&apic, APIC_IRR, 0x50);
	EXPECT_EQ(kl_apic_deliverable(&apic), 0x50);
	/* Vectors below 16 have no priority at all. */
	setup(1, false);
	kl_vec_set(&apic, APIC_IRR, 0x0f);
	EXPECT_EQ(kl_apic_deliverable(&apic), -1);
}

static const struct {
	const char *name;
	bool x2apic;
	u32 id;
	u32 ldr; /* xAPIC only */
	u32 dfr;
	u32 dest;
	bool logical;
	bool match;
} dests[] = {
	{ "physical, own id", false, 5, 0, ~0U, 5, false, true },
	{ "physical, other id", false, 5, 0, ~0U, 4, false, false },
	{ "physical broadcast", false, 5, 0, ~0U, KL_DEST_ALL, false, true },
	{ "physical 255 is an id", false, 5, 0, ~0U, 0xff, false, false },
	{ "flat, own bit", false, 2, 0x04000000, ~0U, 0x0c, true, true },
	{ "flat, other bits", false, 2, 0x04000000, ~0U, 0x0b, true, false },
	{ "flat, everyone", false, 2, 0x04000000, ~0U, 0xff, true, true },
	{ "flat, no bit", false, 2, 0x04000000, ~0U, 0, true, false },
	{ "flat, not set up", false, 2, 0, ~0U, 0xff, true, false },
	{ "cluster, own", false, 9, 0x21000000, 0x0fffffff, 0x21, true, true },
	{ "cluster, own, several", false, 9, 0x21000000, 0x0fffffff, 0x2f, true, true },
	{ "cluster, other place", false, 9, 0x21000000, 0x0fffffff, 0x22, true, false },
	{ "cluster, other cluster", false, 9, 0x21000000, 0x0fffffff, 0x11, true, false },
	{ "cluster, all clusters", false, 9, 0x21000000, 0x0fffffff, 0xf1, true, true },
	{ "cluster, all clusters, other place", false, 9, 0x21000000, 0x0fffffff, 0xf2, true,
	  false },
	{ "a model that does not exist", false, 9, 0x21000000, 0x5fffffff, 0x21, true, false },
	{ "flat, wide destination", false, 2, 0x04000000, ~0U, 0x104, true, false },
	{ "x2APIC physical", true, 0x25, 0, 0, 0x25, false, true },
	{ "x2APIC physical, other", true, 0x25, 0, 0, 0x125, false, false },
	{ "x2APIC physical broadcast", true, 0x25, 0, 0, KL_DEST_ALL, false, true },
	{ "x2APIC logical", true, 0x25, 0, 0, 0x20020, true, true },
	{ "x2APIC logical, several", true, 0x25, 0, 0, 0x2ffff, true, true },
	{ "x2APIC logical, other place", true, 0x25, 0, 0, 0x2ffdf, true, false },
	{ "x2APIC logical, other cluster", true, 0x25, 0, 0, 0x30020, true, false },
	{ "x2APIC logical broadcast", true, 0x25, 0, 0, KL_DEST_ALL, true, true },
	{ "x2APIC cluster 0 by a device", true, 3, 0, 0, 0x08, true, true },
};

KT_TEST(destinations)
{
	char name[80];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dests); i++) {
		setup(dests[i].id, dests[i].x2apic);
		if (!dests[i].x2apic) {
			kl_apic_set(&apic, APIC_LDR, dests[i].ldr);
			kl_apic_set(&apic, APIC_DFR, dests[i].dfr);
		}
		EXPECT_EQ(kl_apic_match(&apic, dests[i].dest, dests[i].logical), dests[i].match);
		snprintf(name, sizeof(name), "destination: %s", dests[i].name);
		kt_case(name);
	}
}

KT_TEST(timer_arithmetic)
{
	static const u8 divide[] = { 0xb, 0x0, 0x1, 0x2, 0x3, 0x8, 0x9, 0xa };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(divide); i++)
		EXPECT_EQ(kl_apic_divisor(divide[i]), 1U << i);
	EXPECT_EQ(kl_apic_count_to_ns(1000, 0x3), 16000);
	EXPECT_EQ(kl_apic_count_to_ns(0xffffffff, 0xa), 0xffffffffULL * 128);
	EXPECT_EQ(kl_apic_ns_to_count(16000, 0x3), 1000);
	EXPECT_EQ(kl_apic_ns_to_count(15999, 0x3), 999);
	EXPECT_EQ(kl_apic_ns_to_count(0, 0xb), 0);
	EXPECT_EQ(kl_apic_ns_to_count(-5, 0xb), 0);
	EXPECT_EQ(kl_apic_ns_to_count(INT64_MAX, 0xb), 0xffffffff);
}

KT_TEST(deadline_conversion)
{
	EXPECT_EQ(kl_apic_tsc_to_ns(0, 2000000), 0);
	EXPECT_EQ(kl_apic_tsc_to_ns(-1, 2000000), 0);
	/* Never early: rounded up. */
	EXPECT_EQ(kl_apic_tsc_to_ns(1, 2000000), 1);
	EXPECT_EQ(kl_apic_tsc_to_ns(2000000, 2000000), 1000001);
	EXPECT_EQ(kl_apic_tsc_to_ns(3000000000LL, 3000000), 1000000001);
	EXPECT(kl_apic_tsc_to_ns(INT64_MAX, 1) > 0);
	EXPECT(kl_apic_tsc_to_ns(INT64_MAX, 5000000) > 0);
	EXPECT(kl_apic_tsc_to_ns(INT64_MAX, 0xffffffff) <= INT64_MAX / 2);
	EXPECT_EQ(kl_apic_tsc_to_ns(INT64_MAX, 1000), INT64_MAX / 2);
}

KT_TEST(client_state_is_sanitised)
{
	setup(0x12, false);
	memset(page, 0xff, sizeof(page));
	kl_apic_sanitise(&apic);
	EXPECT_EQ(get(APIC_ID), 0x12000000);
	EXPECT_EQ(get(APIC_LVR), 0x50014);
	EXPECT_EQ(get(APIC_TASKPRI), 0xff);
	EXPECT_EQ(get(APIC_LDR), 0xff000000);
	EXPECT_EQ(get(APIC_SPIV), 0x3ff);
	EXPECT_EQ(get(APIC_LVTT), 0x10000);
	EXPECT_EQ(get(APIC_LVT0), 0x1a7ff);
	EXPECT_EQ(get(APIC_TDCR), 0xb);
	EXPECT_EQ(get(APIC_IRR), 0xffff0000);
	EXPECT_EQ(get(APIC_ISR), 0xffff0000);
	setup(0x12, true);
	memset(page, 0xff, sizeof(page));
	kl_apic_sanitise(&apic);
	EXPECT_EQ(get(APIC_ID), 0x12);
	EXPECT_EQ(get(APIC_LDR), 0x10004);
}

/* Any register, any value, both modes: the page stays one that can exist. */
KT_TEST(fuzz)
{
	unsigned int seed = 0xa91c, i;

	setup(7, false);
	for (i = 0; i < 400000; i++) {
		unsigned int r = rand_r(&seed);
		u32 value = (u32)rand_r(&seed) << 1 ^ rand_r(&seed);
		u32 reg = r & 0xff0;

		switch (r >> 12 & 15) {
		case 0:
			kl_apic_set_mode(&apic, r & 1);
			break;
		case 1:
			kl_vec_set(&apic, APIC_IRR, value);
			break;
		case 2:
			kl_vec_clear(&apic, APIC_IRR, value);
			break;
		case 3:
			kl_apic_match(&apic, value, r & 1);
			break;
		case 4:
			kl_apic_readable(&apic, r & 0xfff);
			break;
		default:
			kl_apic_write(&apic, reg, r & 0x10000 ? value : value & 0xff);
		}
		ASSERT_EQ(get(APIC_LVR), 0x50014);
		ASSERT_EQ(get(APIC_ID), apic.x2apic ? 7 : 7 << 24);
		ASSERT(get(APIC_TASKPRI) <= 0xff);
		ASSERT((get(APIC_LVTT) & KL_LVT_TIMER_MODE) != KL_LVT_TIMER_MODE);
		ASSERT(!(get(APIC_ICR) & 0xfff33000));
		ASSERT_EQ(get(APIC_LVTCMCI), 0);
		if (!(get(APIC_SPIV) & APIC_SPIV_APIC_ENABLED))
			ASSERT(get(APIC_LVT0) & KL_LVT_MASKED);
		if (kl_apic_deliverable(&apic) >= 0)
			ASSERT(kl_apic_deliverable(&apic) > kl_apic_ppr(&apic));
	}
}

KT_MAIN
