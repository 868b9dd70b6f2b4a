// SPDX-License-Identifier: GPL-2.0-only
/*
 * The harness and the shim themselves: if these are wrong no other unit test
 * means anything.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "kt.h"

/* A failing check must be seen: make one fail, look, take it back. */
KT_TEST(failures_are_seen)
{
	char seen;

	EXPECT_EQ(1, 2);
	seen = kt_failed;
	kt_failed = false;
	EXPECT(seen);
	EXPECT_STREQ("a", NULL);
	seen = kt_failed;
	kt_failed = false;
	EXPECT(seen);
}

KT_TEST(bits)
{
	EXPECT_EQ(GENMASK_ULL(63, 0), ~0ULL);
	EXPECT_EQ(GENMASK_ULL(51, 12), 0x000ffffffffff000ULL);
	EXPECT_EQ(BIT(63), 0x8000000000000000ULL);
	EXPECT_EQ(sign_extend64(0x800000000000ULL, 47), 0xffff800000000000ULL);
	EXPECT_EQ(fls64(0), 0);
	EXPECT_EQ(fls64(1ULL << 63), 64);
	EXPECT_EQ(rol64(1, 64), 1);
}

KT_TEST(text)
{
	char buf[4];

	EXPECT_EQ(scnprintf(buf, sizeof(buf), "%s", "abcdef"), 3);
	EXPECT_STREQ(buf, "abc");
	EXPECT_EQ(strscpy(buf, "abcd", sizeof(buf)), -E2BIG);
	EXPECT_STREQ(buf, "abc");
	EXPECT_EQ(strscpy(buf, "xy", sizeof(buf)), 2);
	EXPECT_STREQ(buf, "xy");
}

KT_MAIN
