// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory in an extended page table: kl_mmu_ops for CPUs with EPT.
 *
 * Faults install entries with compare-and-exchange while they hold vm->mmu.lock
 * for reading, so many vCPUs fault at once. Entries are removed and tables freed
 * only under the lock for writing: a walk never meets a table that went away. A
 * table is freed after the flush that ends every CPU's use of it.
 */
#include <linux/cpu.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <asm/cpufeature.h>

#include "mmu.h"
#include "ops.h"
#include "pte.h"
#include "request.h"

/* Entries cleared before somebody who waits for the lock gets a chance. */
#define KL_ZAP_BATCH 2048

static u64 *kl_table_of(u64 e)
{
	return __va(kl_ept_hpa(e));
}

/* Account @n leaves of @level more (or less). */
static void kl_ept_count(struct kl_vm *vm, int level, s64 n)
{
	switch (level) {
	case KL_LEVEL_4K:
		atomic64_add(n, &vm->mmu.pages_4k);
		break;
	case KL_LEVEL_2M:
		atomic64_add(n, &vm->mmu.pages_2m);
		break;
	default:
		atomic64_add(n, &vm->mmu.pages_1g);
		break;
	}
	if (n < 0)
		atomic64_sub(n, &vm->mmu.zapped);
}

/* Executable large pages can hang these CPUs; the host's policy decides. */
static bool kl_needs_split_exec(void)
{
	return boot_cpu_has_bug(X86_BUG_ITLB_MULTIHIT) && !cpu_mitigations_off();
}

static int kl_ept_init(struct kl_vm *vm)
{
	unsigned long page = get_zeroed_page(GFP_KERNEL_ACCOUNT);

	if (!page)
		return -ENOMEM;
	vm->mmu.split_exec = kl_needs_split_exec();
	vm->mmu.root = __pa(page);
	atomic64_set(&vm->mmu.tables, 1);
	return 0;
}

/**
 * kl_mmu_eptp - the VM's EPT pointer
 * @vm: the VM
 *
 * The same for all vCPUs, constant through the VM's life.
 *
 * Return: value of the VMCS field "EPT pointer": write-back, 4 levels.
 */
u64 kl_mmu_eptp(struct kl_vm *vm)
{
	return kl_eptp(vm->mmu.root, vm->mmu.cfg.ept_ad);
}

/**
 * kl_mmu_flush_remote - end all use of translations that were removed
 * @vm: the VM; interrupts on
 *
 * When it returns, no vCPU is in guest mode with a translation made before, and
 * none will be: each flushes before its next VM entry. Counts on a vCPU that is
 * loaded on another CPU than last time flushing there too (kl_vcpu_load()), as
 * a request reaches only the CPU it is on.
 */
void kl_mmu_flush_remote(struct kl_vm *vm)
{
	atomic64_inc(&vm->mmu.flushes);
	kl_request_all(vm, KL_REQ_TLB_FLUSH, true);
}

/* Hang an empty table below a level; another vCPU may be faster. */
static void kl_ept_add_table(struct kl_vcpu *vcpu, u64 *ep)
{
	u64 *table = kl_mmu_cache_take(vcpu);

	if (cmpxchg64(ep, 0ULL, kl_ept_table(__pa(table), vcpu->vm->mmu.cfg.ept_ad)))
		kl_mmu_cache_put(vcpu, table);
	else
		atomic64_inc(&vcpu->vm->mmu.tables);
}

/* Does the leaf @e of @level give what @map asks for? */
static bool kl_ept_satisfies(u64 e, int level, const struct kl_map *map)
{
	return kl_ept_pfn(e, level, map->gfn) == map->pfn &&
	       (!map->write || (e & VMX_EPT_WRITABLE_MASK)) &&
	       (!map->exec || (e & VMX_EPT_EXECUTABLE_MASK));
}

/* Put the leaf into its entry, or widen what the one there allows. */
static enum kl_map_result kl_ept_set_leaf(struct kl_vm *vm, u64 *ep, int level,
					  struct kl_map *map)
{
	u64 leaf = kl_ept_make_leaf(map->pfn, level, map->write, map->exec, vm->mmu.cfg.ept_ad);
	u64 old = READ_ONCE(*ep);

	map->conflict = level;
	/* Each turn of the loop means that someone else changed the entry. */
	for (;;) {
		u64 new = leaf;

		if (kl_ept_present(old)) {
			if (!kl_ept_leaf(old, level) ||
			    kl_ept_pfn(old, level, map->gfn) != map->pfn)
				return KL_MAP_CONFLICT;
			if (kl_ept_satisfies(old, level, map))
				return KL_MAP_DONE;
			new |= old;
		}
		if (try_cmpxchg64(ep, &old, new))
			break;
	}
	/* A CPU that caches the narrower leaf drops it when it faults. */
	if (!kl_ept_present(old))
		kl_ept_count(vm, level, 1);
	return KL_MAP_DONE;
}

static enum kl_map_result kl_ept_map(struct kl_vcpu *vcpu, struct kl_map *map)
{
	struct kl_vm *vm = vcpu->vm;
	u64 *table = __va(vm->mmu.root);
	int level;

	lockdep_assert_held_read(&vm->mmu.lock);
	for (level = KL_LEVEL_ROOT;; level--) {
		u64 *ep = &table[kl_ept_index(map->gfn, level)];
		u64 e = READ_ONCE(*ep);

		/* Once split for execution, a region stays split. */
		if (level == map->level && level > KL_LEVEL_4K && vm->mmu.split_exec &&
		    kl_ept_present(e) && !kl_ept_leaf(e, level)) {
			map->level--;
			map->exec = map->level == KL_LEVEL_4K;
		}
		if (level == map->level)
			return kl_ept_set_leaf(vm, ep, level, map);

		if (!kl_ept_present(e)) {
			kl_ept_add_table(vcpu, ep);
			e = READ_ONCE(*ep);
		}
		if (kl_ept_leaf(e, level)) {
			map->conflict = level;
			return kl_ept_satisfies(e, level, map) ? KL_MAP_DONE : KL_MAP_CONFLICT;
		}
		table = kl_table_of(e);
	}
}

/**
 * struct kl_zap - a range being removed
 * @vm: the VM
 * @first: begin of the whole range, GFN
 * @next: where to go on
 * @end: its end
 * @budget: entries to clear before a pause
 * @cleared: something was removed and is not yet flushed
 * @tables: tables to free after the flush
 */
struct kl_zap {
	struct kl_vm *vm;
	gfn_t first;
	gfn_t next;
	gfn_t end;
	int budget;
	bool cleared;
	struct list_head tables;
};

static void kl_zap_unlink(struct kl_zap *z, u64 *ep)
{
	u64 *table = kl_table_of(*ep);

	WRITE_ONCE(*ep, 0);
	z->cleared = true;
	list_add(&virt_to_page(table)->lru, &z->tables);
	atomic64_dec(&z->vm->mmu.tables);
}

/*
 * Remove what @table, of @level and beginning at GFN @base, has in the range.
 * Recurses once a level. Returns false when the budget is used up; z->next
 * then says where to go on.
 */
static bool kl_zap_table(struct kl_zap *z, u64 *table, int level, gfn_t base)
{
	u64 pages = kl_level_pages(level);
	unsigned int i = z->next > base ? (z->next - base) / pages : 0;

	for (; i < KL_EPT_ENTRIES && base + i * pages < z->end; i++) {
		gfn_t gfn = base + i * pages;
		u64 e = table[i];

		if (!kl_ept_present(e))
			continue;
		if (kl_ept_leaf(e, level)) {
			/* The CPU may set A or D until the flush: nobody reads them then. */
			WRITE_ONCE(table[i], 0);
			z->cleared = true;
			kl_ept_count(z->vm, level, -1);
			z->budget--;
		} else {
			u64 *child = kl_table_of(e);

			if (!kl_zap_table(z, child, level - 1, gfn))
				return false;
			/* With a pause in between it may have been filled again. */
			if (gfn >= z->first && gfn + pages <= z->end &&
			    !memchr_inv(child, 0, PAGE_SIZE)) {
				kl_zap_unlink(z, &table[i]);
				z->budget--;
			}
		}
		if (z->budget <= 0) {
			z->next = gfn + pages;
			return false;
		}
	}
	return true;
}

/* Flush if anything was removed, then free the tables. */
static void kl_zap_finish(struct kl_zap *z)
{
	struct page *page, *tmp;

	if (z->cleared)
		kl_mmu_flush_remote(z->vm);
	z->cleared = false;
	list_for_each_entry_safe(page, tmp, &z->tables, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
}

static void kl_ept_zap(struct kl_vm *vm, gfn_t start, gfn_t end, bool may_yield)
{
	struct kl_zap z = {
		.vm = vm,
		.first = start,
		.next = start,
		.end = end,
		.tables = LIST_HEAD_INIT(z.tables),
	};
	bool done;

	lockdep_assert_held_write(&vm->mmu.lock);
	do {
		z.budget = may_yield ? KL_ZAP_BATCH : INT_MAX;
		done = kl_zap_table(&z, __va(vm->mmu.root), KL_LEVEL_ROOT, 0);
		if (done || need_resched() || rwlock_needbreak(&vm->mmu.lock)) {
			/* Nobody may see the range empty while a CPU still uses it. */
			kl_zap_finish(&z);
			if (!done && may_yield)
				cond_resched_rwlock_write(&vm->mmu.lock);
		}
	} while (!done);
}

/*
 * Were leaves of @table, of @level and beginning at GFN @base, used? Without
 * accessed flags one that exists counts as used. Recurses once a level.
 */
static bool kl_age_table(struct kl_vm *vm, u64 *table, int level, gfn_t base, gfn_t start,
			 gfn_t end, bool clear)
{
	const u64 used = vm->mmu.cfg.ept_ad ? VMX_EPT_ACCESS_BIT : VMX_EPT_RWX_MASK;
	u64 pages = kl_level_pages(level);
	unsigned int i = start > base ? (start - base) / pages : 0;
	bool young = false;

	for (; i < KL_EPT_ENTRIES && base + i * pages < end; i++) {
		u64 e = READ_ONCE(table[i]);

		if (!kl_ept_present(e))
			continue;
		if (!kl_ept_leaf(e, level)) {
			young |= kl_age_table(vm, kl_table_of(e), level - 1, base + i * pages,
					      start, end, clear);
		} else if (e & used) {
			young = true;
			/* Atomic: the CPU may set D at the same time. */
			if (clear && vm->mmu.cfg.ept_ad)
				clear_bit(ilog2(VMX_EPT_ACCESS_BIT), (unsigned long *)&table[i]);
		}
	}
	return young;
}

/*
 * Without accessed flags aging removes a leaf: if it is used again, a fault
 * brings it back.
 */
static bool kl_ept_age(struct kl_vm *vm, gfn_t start, gfn_t end, bool clear)
{
	bool young;

	lockdep_assert_held_write(&vm->mmu.lock);
	young = kl_age_table(vm, __va(vm->mmu.root), KL_LEVEL_ROOT, 0, start, end, clear);
	if (young && clear && !vm->mmu.cfg.ept_ad)
		kl_ept_zap(vm, start, end, false);
	return young;
}

/* Everything below the root went with kl_mmu_vm_stop(). */
static void kl_ept_destroy(struct kl_vm *vm)
{
	free_page((unsigned long)__va(vm->mmu.root));
	vm->mmu.root = 0;
	atomic64_set(&vm->mmu.tables, 0);
}

const struct kl_mmu_ops kl_ept_ops = {
	.init = kl_ept_init,
	.destroy = kl_ept_destroy,
	.map = kl_ept_map,
	.zap = kl_ept_zap,
	.age = kl_ept_age,
};
