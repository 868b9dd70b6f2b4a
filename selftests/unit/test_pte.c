// SPDX-License-Identifier: GPL-2.0-only
/*
 * EPT entries bit by bit, as the tables of the SDM's chapter on EPT have them.
 */
#include <linux/types.h>

#include "kt.h"
#include "mmu/pte.h"

#define PFN 0x123456789ULL

KT_TEST(leaf_4k)
{
	/* R, WB in 5:3, IPAT in 6; W is 1, X is 2, A is 8, D is 9 */
	EXPECT_EQ(kl_ept_make_leaf(PFN, 1, false, false, false), (PFN << 12) | 0x71);
	EXPECT_EQ(kl_ept_make_leaf(PFN, 1, true, false, false), (PFN << 12) | 0x73);
	EXPECT_EQ(kl_ept_make_leaf(PFN, 1, false, true, false), (PFN << 12) | 0x75);
	EXPECT_EQ(kl_ept_make_leaf(PFN, 1, false, true, true), (PFN << 12) | 0x175);
	EXPECT_EQ(kl_ept_make_leaf(PFN, 1, true, true, true), (PFN << 12) | 0x377);
}

KT_TEST(large_leaf_is_aligned_and_marked)
{
	EXPECT_EQ(kl_ept_make_leaf(PFN, 2, true, true, false), ((PFN & ~511ULL) << 12) | 0xf7);
	EXPECT_EQ(kl_ept_make_leaf(PFN, 3, true, true, false),
		  ((PFN & ~0x3ffffULL) << 12) | 0xf7);
}

KT_TEST(never_a_misconfiguration)
{
	int level, bits;

	/* SDM, "EPT Misconfigurations": W without R, a reserved memory type. */
	for (level = 1; level <= 3; level++) {
		for (bits = 0; bits < 8; bits++) {
			u64 e = kl_ept_make_leaf(PFN, level, bits & 1, bits & 2, bits & 4);

			EXPECT(e & 1);
			EXPECT_EQ((e >> 3) & 7, 6);
			EXPECT_EQ(e >> 52, 0);
			EXPECT_EQ((e >> 12) & (kl_level_pages(level) - 1), 0);
		}
	}
}

KT_TEST(table_entry)
{
	EXPECT_EQ(kl_ept_table(0x7000, false), 0x7007);
	EXPECT_EQ(kl_ept_table(0x7000, true), 0x7107);
	EXPECT(kl_ept_present(0x7007) && !kl_ept_leaf(0x7007, 2));
	EXPECT_EQ(kl_ept_hpa(kl_ept_table(0xabcdef000ULL, true)), 0xabcdef000ULL);
}

KT_TEST(present_is_any_right)
{
	EXPECT(!kl_ept_present(0));
	EXPECT(!kl_ept_present(~7ULL));
	EXPECT(kl_ept_present(1));
	EXPECT(kl_ept_present(4));
}

KT_TEST(leaf_by_level)
{
	EXPECT(kl_ept_leaf(1, 1));
	EXPECT(!kl_ept_leaf(1, 2));
	EXPECT(kl_ept_leaf(0x81, 2));
	EXPECT(kl_ept_leaf(0x81, 3));
}

KT_TEST(pfn_inside_a_large_leaf)
{
	u64 gfn = 0x40123, e = kl_ept_make_leaf(0x80123, 2, true, true, true);

	EXPECT_EQ(kl_ept_pfn(e, 2, gfn), 0x80123);
	EXPECT_EQ(kl_ept_pfn(e, 2, gfn & ~511ULL), 0x80000);
	EXPECT_EQ(kl_ept_pfn(kl_ept_make_leaf(PFN, 1, 0, 0, 0), 1, gfn), PFN);
}

KT_TEST(index_of_each_level)
{
	u64 gfn = (1ULL << 27) | (2ULL << 18) | (3ULL << 9) | 4;

	EXPECT_EQ(kl_ept_index(gfn, 4), 1);
	EXPECT_EQ(kl_ept_index(gfn, 3), 2);
	EXPECT_EQ(kl_ept_index(gfn, 2), 3);
	EXPECT_EQ(kl_ept_index(gfn, 1), 4);
	EXPECT_EQ(kl_level_pages(1), 1);
	EXPECT_EQ(kl_level_pages(2), 512);
	EXPECT_EQ(kl_level_pages(3), 512 * 512);
}

KT_TEST(pointer)
{
	/* WB in 2:0, walk length minus 1 in 5:3, A/D in 6 */
	EXPECT_EQ(kl_eptp(0x5000, false), 0x501e);
	EXPECT_EQ(kl_eptp(0x5000, true), 0x505e);
}

KT_MAIN
