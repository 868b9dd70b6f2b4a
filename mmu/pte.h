/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * EPT entries: their bits by name and what they mean. Pure code.
 *
 * SDM, "EPT Translation Mechanism", tables "Format of an EPT ... Entry". The
 * names of the bits themselves are the kernel's, from <asm/vmx.h>.
 */
#ifndef _KL_MMU_PTE_H
#define _KL_MMU_PTE_H

#include <linux/bits.h>
#include <linux/types.h>
#include <asm/vmx.h>

/* Kinds of access, a mask. Same bit numbers as in an EPT violation's qualification. */
#define KL_ACCESS_READ 0x1
#define KL_ACCESS_WRITE 0x2
#define KL_ACCESS_EXEC 0x4

/* Levels of tables, named after what one entry maps. */
#define KL_LEVEL_4K 1
#define KL_LEVEL_2M 2
#define KL_LEVEL_1G 3
#define KL_LEVEL_ROOT 4

/* Bits of an address that a 4-level table translates. */
#define KL_EPT_ADDR_BITS 48

#define KL_EPT_ENTRIES 512

#define KL_EPT_LEAF BIT_ULL(7) /* of a level above 4K: maps a page, not a table */
#define KL_EPT_ADDR GENMASK_ULL(51, 12)
#define KL_EPT_MT_WB (6ULL << VMX_EPT_MT_EPTE_SHIFT)

/* Pages of 4 KiB that one entry of @level covers. */
static inline u64 kl_level_pages(int level)
{
	return 1ULL << (9 * (level - 1));
}

/* Index into the table of @level for a GFN. */
static inline unsigned int kl_ept_index(u64 gfn, int level)
{
	return (gfn >> (9 * (level - 1))) & (KL_EPT_ENTRIES - 1);
}

/* Present is what the CPU takes for present: any of R, W, X. */
static inline bool kl_ept_present(u64 e)
{
	return e & VMX_EPT_RWX_MASK;
}

/* Does a present entry of @level map a page? */
static inline bool kl_ept_leaf(u64 e, int level)
{
	return level == KL_LEVEL_4K || (e & KL_EPT_LEAF);
}

/* HPA of the table or page an entry points to. */
static inline u64 kl_ept_hpa(u64 e)
{
	return e & KL_EPT_ADDR;
}

/* PFN of the 4 KiB page that a leaf of @level maps for a GFN. */
static inline u64 kl_ept_pfn(u64 e, int level, u64 gfn)
{
	return (kl_ept_hpa(e) >> 12) + (gfn & (kl_level_pages(level) - 1));
}

/* Entry that points to a table: the leaf decides what is allowed. */
static inline u64 kl_ept_table(u64 table_hpa, bool ad)
{
	return table_hpa | VMX_EPT_RWX_MASK | (ad ? VMX_EPT_ACCESS_BIT : 0);
}

/**
 * kl_ept_make_leaf - entry that maps ordinary memory
 * @pfn: PFN of any 4 KiB page inside the leaf's page
 * @level: KL_LEVEL_*
 * @write: allow writes
 * @exec: allow instruction fetches
 * @ad: the EPT uses accessed and dirty flags: set them at once, which saves the
 *	CPU an update in memory (a page mapped writable is already dirty for
 *	Linux, see fault.c)
 *
 * Memory is always write-back, whatever the guest's PAT says: nothing but CPUs
 * sees it, and they snoop.
 *
 * Return: the entry.
 */
static inline u64 kl_ept_make_leaf(u64 pfn, int level, bool write, bool exec, bool ad)
{
	u64 e = (pfn & ~(kl_level_pages(level) - 1)) << 12;

	e |= VMX_EPT_READABLE_MASK | KL_EPT_MT_WB | VMX_EPT_IPAT_BIT;
	if (level > KL_LEVEL_4K)
		e |= KL_EPT_LEAF;
	if (write)
		e |= VMX_EPT_WRITABLE_MASK;
	if (exec)
		e |= VMX_EPT_EXECUTABLE_MASK;
	if (ad)
		e |= VMX_EPT_ACCESS_BIT | (write ? VMX_EPT_DIRTY_BIT : 0);
	return e;
}

/**
 * kl_eptp - EPT pointer for a 4-level table
 * @root_hpa: HPA of the root table
 * @ad: use accessed and dirty flags
 *
 * SDM, "Extended-Page-Table Pointer (EPTP)".
 *
 * Return: the VMCS field.
 */
static inline u64 kl_eptp(u64 root_hpa, bool ad)
{
	return root_hpa | 6 /* write-back */ | VMX_EPTP_PWL_4 |
	       (ad ? VMX_EPTP_AD_ENABLE_BIT : 0);
}

#endif /* _KL_MMU_PTE_H */
