/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walk the guest's own page tables: GVA to GPA, as the CPU would. Pure code.
 *
 * The caller brings the control registers and two callbacks that read and
 * update guest physical memory, so it runs in the module and in unit tests.
 */
#ifndef _KL_MMU_GUEST_WALK_H
#define _KL_MMU_GUEST_WALK_H

#include <linux/types.h>

#include "pte.h"

/*
 * With KL_ACCESS_*: an access the CPU makes by itself, such as to a descriptor
 * table: supervisor mode at any CPL, and RFLAGS.AC does not lift SMAP.
 */
#define KL_ACCESS_IMPLICIT 0x100

/**
 * struct kl_walk_env - the state of a vCPU that decides on a translation
 * @cr0: CR0
 * @cr3: CR3
 * @cr4: CR4
 * @efer: IA32_EFER
 * @rflags: RFLAGS
 * @pdpte: the four PDPTE registers of PAE paging; NULL: read them from memory
 * @pkru: PKRU, used if CR4.PKE
 * @pkrs: IA32_PKRS, used if CR4.PKS
 * @cpl: current privilege level
 * @maxphyaddr: the guest's physical address width, 32 to 52 bits
 * @gbpages: the guest has 1 GiB pages
 */
struct kl_walk_env {
	u64 cr0;
	u64 cr3;
	u64 cr4;
	u64 efer;
	u64 rflags;
	const u64 *pdpte;
	u32 pkru;
	u32 pkrs;
	u8 cpl;
	u8 maxphyaddr;
	bool gbpages;
};

/**
 * struct kl_walk_ops - access to guest physical memory
 * @read: read the entry of @len (4 or 8) bytes at @gpa, which is aligned; 0 or
 *	-errno
 * @update: replace it atomically if it still is @old: 0, -EAGAIN if it is not,
 *	another -errno if it cannot be written. NULL: leave the accessed and
 *	dirty flags alone, as for a look from outside
 */
struct kl_walk_ops {
	int (*read)(void *ctx, u64 gpa, unsigned int len, u64 *val);
	int (*update)(void *ctx, u64 gpa, unsigned int len, u64 old, u64 new);
};

/**
 * struct kl_walk_result - what a GVA translates to
 * @gpa: its GPA, if @fault is not set
 * @page_shift: log2 of the size of the page, 12 to 30 (32 without paging)
 * @user: it is a user-mode address (U/S is 1 in all entries)
 * @writable: R/W is 1 in all entries
 * @fault: the access raises #PF
 * @error_code: the error code of that fault
 */
struct kl_walk_result {
	u64 gpa;
	u8 page_shift;
	bool user;
	bool writable;
	bool fault;
	u32 error_code;
};

int kl_guest_walk(const struct kl_walk_env *env, const struct kl_walk_ops *ops, void *ctx,
		  u64 gva, u32 access, struct kl_walk_result *out);

#endif /* _KL_MMU_GUEST_WALK_H */
