// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walk the guest's own page tables: GVA to GPA, as the CPU would. Pure code.
 *
 * SDM volume 3, chapter "Paging": "32-Bit Paging", "PAE Paging", "4-Level Paging
 * and 5-Level Paging", "Access Rights", "Page-Fault Exceptions", "Accessed and
 * Dirty Flags", "Protection Keys".
 *
 * tour 29: all paging modes are one loop over levels, entry size, index width and reserved bits.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/types.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "guest_walk.h"

/* The same bits in the entries of every mode. */
#define PTE_P BIT_ULL(0)
#define PTE_RW BIT_ULL(1)
#define PTE_US BIT_ULL(2)
#define PTE_A BIT_ULL(5)
#define PTE_D BIT_ULL(6)
#define PTE_PS BIT_ULL(7)
#define PTE_XD BIT_ULL(63)

/* Error code of #PF. */
#define PF_P BIT(0)
#define PF_W BIT(1)
#define PF_U BIT(2)
#define PF_RSVD BIT(3)
#define PF_I BIT(4)
#define PF_PK BIT(5)

/* Newer than the oldest kernel's <asm/processor-flags.h>. */
#define CR4_PKS BIT_ULL(24)

#define MAX_LEVELS 5

/* An entry that keeps changing under us: the guest may as well fault again. */
#define MAX_TRIES 8

/**
 * struct kl_walk - a walk under way
 * @env: the vCPU
 * @ops: memory
 * @ctx: for @ops
 * @gva: what is translated, cut to the mode's width
 * @access: KL_ACCESS_*
 * @levels: number of levels of tables
 * @size: bytes of an entry
 * @bits: bits of GVA that one level translates
 * @pae: PAE paging
 * @nx: bit 63 means execute-disable, else it is reserved
 * @last: level of the entry that maps the page
 * @entry: the entries used, by level
 * @entry_gpa: where they are, 0 for a PDPTE of PAE paging: it has no A flag
 * @user: U/S is 1 in all
 * @writable: R/W is 1 in all
 * @xd: execute-disable is 1 in any
 */
struct kl_walk {
	const struct kl_walk_env *env;
	const struct kl_walk_ops *ops;
	void *ctx;
	u64 gva;
	u32 access;
	int levels;
	unsigned int size;
	unsigned int bits;
	bool pae;
	bool nx;
	int last;
	u64 entry[MAX_LEVELS + 1];
	u64 entry_gpa[MAX_LEVELS + 1];
	bool user;
	bool writable;
	bool xd;
};

static bool walk_is_user_access(const struct kl_walk *w)
{
	return w->env->cpl == 3 && !(w->access & KL_ACCESS_IMPLICIT);
}

/* The bits of an error code that depend on the access alone. */
static u32 walk_access_code(const struct kl_walk *w)
{
	u32 code = 0;

	if (w->access & KL_ACCESS_WRITE)
		code |= PF_W;
	if (walk_is_user_access(w))
		code |= PF_U;
	if ((w->access & KL_ACCESS_EXEC) && (w->nx || (w->env->cr4 & X86_CR4_SMEP)))
		code |= PF_I;
	return code;
}

/* First bit of the GVA that is an offset no more, for an entry of @level. */
static unsigned int walk_shift(const struct kl_walk *w, int level)
{
	return 12 + w->bits * (level - 1);
}

static void walk_set_mode(struct kl_walk *w)
{
	const struct kl_walk_env *env = w->env;
	bool lma = env->efer & EFER_LMA;

	w->bits = 9;
	w->size = 8;
	w->nx = (env->cr4 & X86_CR4_PAE) && (env->efer & EFER_NX);
	if (lma) {
		w->levels = env->cr4 & X86_CR4_LA57 ? 5 : 4;
		return;
	}
	w->gva = (u32)w->gva;
	if (env->cr4 & X86_CR4_PAE) {
		w->levels = 3;
		w->pae = true;
	} else {
		w->levels = 2;
		w->bits = 10;
		w->size = 4;
	}
}

/* Does the entry of @level map a page? */
static bool walk_is_leaf(const struct kl_walk *w, u64 e, int level)
{
	if (level == 1)
		return true;
	if (!(e & PTE_PS))
		return false;
	if (w->size == 4)
		return w->env->cr4 & X86_CR4_PSE;
	/* Bit 7 of a PDPTE of PAE paging and from level 4 up is reserved. */
	return level == 2 || (level == 3 && !w->pae && w->env->gbpages);
}

/* Reserved bits of an entry that maps a 4 MiB page: part of the address is low. */
static u64 walk_reserved_4m(const struct kl_walk *w)
{
	unsigned int m = w->env->maxphyaddr < 40 ? w->env->maxphyaddr : 40;

	return GENMASK_ULL(21, m - 19);
}

static u64 walk_reserved(const struct kl_walk *w, u64 e, int level)
{
	unsigned int m = w->env->maxphyaddr;
	bool leaf = walk_is_leaf(w, e, level);
	u64 mask = 0;

	if (w->size == 4)
		return leaf && level == 2 ? walk_reserved_4m(w) : 0;

	/* Addresses end at bit 51; PAE paging ignores nothing above that. */
	if (m < 52)
		mask |= GENMASK_ULL(51, m);
	if (w->pae)
		mask |= GENMASK_ULL(62, 52);
	if (w->pae && level == 3)
		return mask | PTE_XD | GENMASK_ULL(8, 5) | GENMASK_ULL(2, 1);
	if (!w->nx)
		mask |= PTE_XD;
	if (leaf && level > 1)
		mask |= GENMASK_ULL(walk_shift(w, level) - 1, 13);
	else if (level > 2)
		mask |= PTE_PS;
	return mask;
}

/* GPA of the page or table that an entry of @level points to. */
static u64 walk_target(const struct kl_walk *w, u64 e, int level)
{
	if (!walk_is_leaf(w, e, level))
		return e & (w->size == 4 ? GENMASK_ULL(31, 12) : GENMASK_ULL(51, 12));
	if (w->size == 4 && level == 2)
		return (e & GENMASK_ULL(31, 22)) | ((e & GENMASK_ULL(20, 13)) << 19);
	return e & GENMASK_ULL(51, walk_shift(w, level));
}

/* GPA of the top-level table. */
static u64 walk_root(const struct kl_walk *w)
{
	if (w->pae)
		return w->env->cr3 & GENMASK_ULL(31, 5);
	if (w->size == 4)
		return w->env->cr3 & GENMASK_ULL(31, 12);
	return w->env->cr3 & GENMASK_ULL(w->env->maxphyaddr - 1, 12);
}

/* Fetch the entry of @level out of @table; note where it is. */
static int walk_read(struct kl_walk *w, u64 table_gpa, int level, u64 *e)
{
	unsigned int index = (w->gva >> walk_shift(w, level)) & ((1U << w->bits) - 1);
	bool pdpte = w->pae && level == 3;
	u64 gpa = table_gpa + index * w->size;

	if (pdpte && w->env->pdpte) {
		*e = w->env->pdpte[index & 3];
		w->entry_gpa[level] = 0;
		return 0;
	}
	w->entry_gpa[level] = pdpte ? 0 : gpa;
	return w->ops->read(w->ctx, gpa, w->size, e);
}

static int walk_fault(const struct kl_walk *w, struct kl_walk_result *out, u32 why)
{
	out->fault = true;
	out->error_code = walk_access_code(w) | why;
	return 0;
}

/*
 * Down the tables to the page, into w->entry, w->last and the rights. Returns 0
 * or -errno; @out has a fault if an entry is not present or has reserved bits.
 */
static int walk_down(struct kl_walk *w, struct kl_walk_result *out)
{
	u64 table = walk_root(w);
	int level, ret;

	w->user = true;
	w->writable = true;
	w->xd = false;
	for (level = w->levels; level; level--) {
		u64 e;

		ret = walk_read(w, table, level, &e);
		if (ret)
			return ret;
		if (!(e & PTE_P))
			return walk_fault(w, out, 0);
		if (e & walk_reserved(w, e, level))
			return walk_fault(w, out, PF_P | PF_RSVD);
		w->entry[level] = e;
		if (!w->pae || level != 3) { /* a PDPTE of PAE has no rights */
			w->user &= !!(e & PTE_US);
			w->writable &= !!(e & PTE_RW);
			w->xd |= w->nx && (e & PTE_XD);
		}
		w->last = level;
		if (walk_is_leaf(w, e, level))
			break;
		table = walk_target(w, e, level);
	}
	return 0;
}

/* Do protection keys forbid the access? */
static bool walk_key_denies(const struct kl_walk *w)
{
	const struct kl_walk_env *env = w->env;
	unsigned int key = (w->entry[w->last] >> 59) & 0xf;
	u32 rights;

	if (!(env->efer & EFER_LMA) || (w->access & KL_ACCESS_EXEC))
		return false;
	if (w->user && (env->cr4 & X86_CR4_PKE))
		rights = env->pkru >> (2 * key);
	else if (!w->user && (env->cr4 & CR4_PKS))
		rights = env->pkrs >> (2 * key);
	else
		return false;

	if (rights & 1) /* access disable */
		return true;
	if (!(rights & 2) || !(w->access & KL_ACCESS_WRITE)) /* write disable */
		return false;
	return walk_is_user_access(w) || (env->cr0 & X86_CR0_WP);
}

/* Do the access rights of the page allow the access, keys apart? */
static bool walk_allowed(const struct kl_walk *w)
{
	const struct kl_walk_env *env = w->env;
	bool write = w->access & KL_ACCESS_WRITE;
	bool exec = w->access & KL_ACCESS_EXEC;

	if (exec && w->xd)
		return false;
	if (walk_is_user_access(w))
		return w->user && (!write || w->writable);

	if (exec)
		return !w->user || !(env->cr4 & X86_CR4_SMEP);
	if (w->user && (env->cr4 & X86_CR4_SMAP) &&
	    ((w->access & KL_ACCESS_IMPLICIT) || !(env->rflags & X86_EFLAGS_AC)))
		return false;
	return !write || w->writable || !(env->cr0 & X86_CR0_WP);
}

/* Set the accessed flags of all entries, the dirty flag of the last. */
static int walk_set_flags(struct kl_walk *w)
{
	int level, ret;

	if (!w->ops->update)
		return 0;
	for (level = w->levels; level >= w->last; level--) {
		u64 old = w->entry[level], new = old | PTE_A;

		if (!w->entry_gpa[level] && w->pae && level == 3)
			continue;
		if (level == w->last && (w->access & KL_ACCESS_WRITE))
			new |= PTE_D;
		if (new == old)
			continue;
		ret = w->ops->update(w->ctx, w->entry_gpa[level], w->size, old, new);
		if (ret)
			return ret;
		w->entry[level] = new;
	}
	return 0;
}

/* One try; -EAGAIN if an entry changed under it. */
static int walk_once(struct kl_walk *w, struct kl_walk_result *out)
{
	u64 offset;
	bool key;
	int ret;

	ret = walk_down(w, out);
	if (ret || out->fault)
		return ret;
	out->user = w->user;
	out->writable = w->writable;
	out->page_shift = walk_shift(w, w->last);
	key = walk_key_denies(w);
	if (key || !walk_allowed(w))
		return walk_fault(w, out, PF_P | (key ? PF_PK : 0));
	ret = walk_set_flags(w);
	if (ret)
		return ret;
	offset = w->gva & GENMASK_ULL(out->page_shift - 1, 0);
	out->gpa = walk_target(w, w->entry[w->last], w->last) | offset;
	return 0;
}

/**
 * kl_guest_walk - translate a guest virtual address
 * @env: the vCPU's state
 * @ops: access to guest physical memory
 * @ctx: for @ops
 * @gva: the linear address; that it is canonical is the caller's to check (#GP
 *	or #SS come before paging). 32 bits outside of IA-32e mode
 * @access: one of KL_ACCESS_READ, _WRITE, _EXEC (a write means read and write),
 *	perhaps with %KL_ACCESS_IMPLICIT
 * @out: the translation, or the page fault that the access raises
 *
 * Accessed and dirty flags are set if the access is allowed and @ops has
 * @update; an access that faults changes nothing.
 *
 * Return: 0; an error of @ops, if a table is not in memory; -EAGAIN if the
 * tables kept changing: let the guest run and try again.
 */
int kl_guest_walk(const struct kl_walk_env *env, const struct kl_walk_ops *ops, void *ctx,
		  u64 gva, u32 access, struct kl_walk_result *out)
{
	int tries, ret = -EAGAIN;

	for (tries = 0; ret == -EAGAIN && tries < MAX_TRIES; tries++) {
		struct kl_walk w = {
			.env = env,
			.ops = ops,
			.ctx = ctx,
			.gva = gva,
			.access = access,
		};

		*out = (struct kl_walk_result){ 0 };
		if (!(env->cr0 & X86_CR0_PG)) {
			out->gpa = (u32)gva;
			out->page_shift = 32;
			out->user = true;
			out->writable = true;
			return 0;
		}
		walk_set_mode(&w);
		ret = walk_once(&w, out);
	}
	return ret;
}
