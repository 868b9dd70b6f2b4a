// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest touched a physical address that is not mapped, or not for that.
 *
 * Slot, page, leaf: the slot gives a client address, get_user_pages() the page
 * behind it (swapping in, copying on write, as for the client itself), and the
 * leaf is installed if the MMU notifier did not speak meanwhile. The reference
 * to the page is dropped as soon as the leaf is there.
 *
 * A leaf may be written only if Linux gave the page for writing, and the page
 * is marked dirty before that: whoever cleans a page (writeback) write-protects
 * it first, which the notifier tells us, and the next write comes here again.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/swap.h>

#include "mmu.h"
#include "ops.h"
#include "pte.h"

/**
 * struct kl_fault - one fault on its way
 * @vcpu: who met it
 * @slot: the memory slot
 * @access: KL_ACCESS_*
 * @gfn: where
 * @hva: the client's address
 * @seq: of the notifier, before the page was looked up
 * @page: the page, a reference is held
 * @writable: it may be written
 */
struct kl_fault {
	struct kl_vcpu *vcpu;
	const struct kl_memslot *slot;
	u32 access;
	gfn_t gfn;
	hva_t hva;
	unsigned long seq;
	struct page *page;
	bool writable;
};

static bool kl_mmu_cache_fill(struct kl_vcpu_mmu *mmu)
{
	while (mmu->nr_cache < KL_MMU_CACHE) {
		void *page = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);

		if (!page)
			return false;
		mmu->cache[mmu->nr_cache++] = page;
	}
	return true;
}

/**
 * kl_mmu_cache_take - a zeroed page for a page table
 * @vcpu: the vCPU in whose fault it is needed
 *
 * Return: the page; never NULL inside &kl_mmu_ops.map.
 */
void *kl_mmu_cache_take(struct kl_vcpu *vcpu)
{
	return vcpu->mmu.cache[--vcpu->mmu.nr_cache];
}

/**
 * kl_mmu_cache_put - give back a page that was not used
 * @vcpu: the vCPU
 * @page: the page, still zero
 */
void kl_mmu_cache_put(struct kl_vcpu *vcpu, void *page)
{
	vcpu->mmu.cache[vcpu->mmu.nr_cache++] = page;
}

/**
 * kl_mmu_vcpu_init - set up the MMU layer of a vCPU
 * @vcpu: the vCPU, zeroed
 *
 * Return: 0.
 */
int kl_mmu_vcpu_init(struct kl_vcpu *vcpu)
{
	vcpu->mmu.nr_cache = 0;
	return 0;
}

/**
 * kl_mmu_vcpu_destroy - free the MMU layer of a vCPU
 * @vcpu: the vCPU, not running
 */
void kl_mmu_vcpu_destroy(struct kl_vcpu *vcpu)
{
	while (vcpu->mmu.nr_cache)
		free_page((unsigned long)vcpu->mmu.cache[--vcpu->mmu.nr_cache]);
}

/**
 * kl_host_level - how large a leaf the client's own mapping justifies
 * @mm: the client's address space
 * @hva: the client address that was touched
 * @pfn: PFN that get_user_pages() found there
 * @write: the leaf is to be writable
 *
 * A large folio does not mean that the client maps all of it, or in one piece.
 * What says so is one large entry in the client's page table; so look there.
 * vm->mmu.lock is held and no invalidation of @hva is in progress: an entry
 * that is present stays until we let go of the lock, because whoever changes
 * it has to pass invalidate_range_start() first. Interrupts are off as in
 * get_user_pages_fast(): page-table pages are not freed under us.
 *
 * Return: KL_LEVEL_*.
 */
static int kl_host_level(struct mm_struct *mm, hva_t hva, u64 pfn, bool write)
{
	int level = KL_LEVEL_4K;
	unsigned long flags;
	pgd_t *pgdp, pgd;
	p4d_t *p4dp, p4d;
	pud_t *pudp, pud;
	pmd_t pmd;

	local_irq_save(flags);
	pgdp = pgd_offset(mm, hva);
	pgd = READ_ONCE(*pgdp);
	if (pgd_none(pgd))
		goto out;
	p4dp = p4d_offset_lockless(pgdp, pgd, hva);
	p4d = READ_ONCE(*p4dp);
	if (p4d_none(p4d) || !p4d_present(p4d))
		goto out;
	pudp = pud_offset_lockless(p4dp, p4d, hva);
	pud = READ_ONCE(*pudp);
	if (pud_none(pud) || !pud_present(pud))
		goto out;
	if (pud_leaf(pud)) {
		if (pud_pfn(pud) + ((hva & ~PUD_MASK) >> PAGE_SHIFT) == pfn &&
		    (!write || pud_write(pud)))
			level = KL_LEVEL_1G;
		goto out;
	}
	pmd = READ_ONCE(*pmd_offset_lockless(pudp, pud, hva));
	if (!pmd_none(pmd) && pmd_present(pmd) && pmd_leaf(pmd) &&
	    pmd_pfn(pmd) + ((hva & ~PMD_MASK) >> PAGE_SHIFT) == pfn &&
	    (!write || pmd_write(pmd)))
		level = KL_LEVEL_2M;
out:
	local_irq_restore(flags);
	return level;
}

/* May a leaf of @level around @gfn be wholly inside the slot, aligned alike? */
static bool kl_slot_allows(const struct kl_memslot *slot, gfn_t gfn, int level)
{
	u64 pages = kl_level_pages(level);
	gfn_t first = gfn & ~(pages - 1);

	return !((slot->base ^ (slot->hva >> PAGE_SHIFT)) & (pages - 1)) &&
	       first >= slot->base && first + pages <= slot->base + slot->npages;
}

/* Largest leaf for a fault; vm->mmu.lock is held, the notifier was checked. */
static int kl_fault_level(const struct kl_fault *f, u64 pfn)
{
	struct kl_vm *vm = f->vcpu->vm;
	const struct kl_mmu_config *cfg = &vm->mmu.cfg;
	int level;

	if (!cfg->ept_2m && !cfg->ept_1g)
		return KL_LEVEL_4K;
	if (vm->mmu.split_exec && (f->access & KL_ACCESS_EXEC))
		return KL_LEVEL_4K;
	if (!kl_slot_allows(f->slot, f->gfn, KL_LEVEL_2M))
		return KL_LEVEL_4K;

	level = kl_host_level(vm->mm, f->hva, pfn, f->writable);
	if (level == KL_LEVEL_1G &&
	    (!cfg->ept_1g || !kl_slot_allows(f->slot, f->gfn, KL_LEVEL_1G)))
		level = KL_LEVEL_2M;
	if (level == KL_LEVEL_2M && !cfg->ept_2m)
		level = KL_LEVEL_4K;
	return level;
}

/* Get the page behind f->hva, for writing too if that costs nothing. */
static enum kl_fault_result kl_fault_page(struct kl_fault *f)
{
	bool rw = !(f->slot->flags & KVM_MEM_READONLY);
	unsigned int need = f->access & KL_ACCESS_WRITE ? FOLL_WRITE : 0;
	struct page *again;
	long n;

	/* A page mapped writable spares the fault of a later write. */
	if (rw && get_user_pages_fast_only(f->hva, 1, FOLL_WRITE, &f->page) == 1) {
		f->writable = true;
		return KL_FAULT_MAPPED;
	}
	n = get_user_pages_fast(f->hva, 1, need, &f->page);
	if (n == -EINTR || n == -EAGAIN || n == -ERESTARTSYS)
		return KL_FAULT_RETRY;
	if (n == -ENOMEM)
		return KL_FAULT_OOM;
	if (n != 1)
		return KL_FAULT_HVA;
	f->writable = need;
	if (rw && !need && get_user_pages_fast_only(f->hva, 1, FOLL_WRITE, &again) == 1) {
		put_page(f->page);
		f->page = again;
		f->writable = true;
	}
	return KL_FAULT_MAPPED;
}

/* Tell Linux what the guest may now do to the page behind its back. */
static void kl_fault_mark(const struct kl_fault *f)
{
	if (PageReserved(f->page)) /* the zero page */
		return;
	if (f->writable && !PageDirty(f->page))
		set_page_dirty_lock(f->page);
	folio_mark_accessed(page_folio(f->page));
}

/* Install the leaf, unless the client's page tables changed. */
static enum kl_fault_result kl_fault_map(struct kl_fault *f)
{
	struct kl_vm *vm = f->vcpu->vm;
	struct kl_map map = {
		.gfn = f->gfn,
		.pfn = page_to_pfn(f->page),
		.write = f->writable,
	};
	enum kl_map_result res;
	gfn_t first;

	read_lock(&vm->mmu.lock);
	if (kl_notifier_busy(vm, f->seq, f->hva)) {
		read_unlock(&vm->mmu.lock);
		return KL_FAULT_RETRY;
	}
	map.level = kl_fault_level(f, map.pfn);
	map.exec = !vm->mmu.split_exec || map.level == KL_LEVEL_4K;
	res = vm->mmu.ops->map(f->vcpu, &map);
	read_unlock(&vm->mmu.lock);
	if (res == KL_MAP_DONE)
		return KL_FAULT_MAPPED;

	first = map.gfn & ~(kl_level_pages(map.conflict) - 1);
	write_lock(&vm->mmu.lock);
	vm->mmu.ops->zap(vm, first, first + kl_level_pages(map.conflict), false);
	write_unlock(&vm->mmu.lock);
	return KL_FAULT_RETRY;
}

static enum kl_fault_result kl_fault_handle(struct kl_fault *f)
{
	struct kl_vm *vm = f->vcpu->vm;
	enum kl_fault_result res;

	f->slot = kl_slot_find(vm, f->gfn);
	if (!f->slot)
		return KL_FAULT_MMIO;
	if (f->slot->leaving)
		return KL_FAULT_RETRY;
	if ((f->access & KL_ACCESS_WRITE) && (f->slot->flags & KVM_MEM_READONLY))
		return KL_FAULT_MMIO;
	if (!kl_mmu_cache_fill(&f->vcpu->mmu))
		return KL_FAULT_OOM;

	f->hva = kl_slot_hva(f->slot, f->gfn);
	f->seq = READ_ONCE(vm->mmu.inv_seq);
	smp_rmb(); /* inv_seq before the client's page tables */
	if (kl_notifier_busy(vm, f->seq, f->hva))
		return KL_FAULT_RETRY;
	res = kl_fault_page(f);
	if (res != KL_FAULT_MAPPED)
		return res;
	kl_fault_mark(f);
	res = kl_fault_map(f);
	put_page(f->page);
	return res;
}

/**
 * kl_mmu_fault - make a guest physical address usable
 * @vcpu: the vCPU, by its own thread, a thread of the client; inside
 *	kl_mmu_enter(), preemption enabled, vm->mmu.lock not held
 * @gpa: what it touched
 * @access: how, KL_ACCESS_*
 *
 * After %KL_FAULT_RETRY leave kl_mmu_enter() before the next try: what is
 * waited for may wait for that. Never loops itself.
 *
 * Return: enum kl_fault_result.
 */
enum kl_fault_result kl_mmu_fault(struct kl_vcpu *vcpu, gpa_t gpa, u32 access)
{
	struct kl_fault f = {
		.vcpu = vcpu,
		.access = access,
		.gfn = gpa >> PAGE_SHIFT,
	};
	enum kl_fault_result res;

	might_sleep();
	RCU_LOCKDEP_WARN(!srcu_read_lock_held(&vcpu->vm->mmu.srcu), "outside kl_mmu_enter()");

	vcpu->mmu.faults++;
	res = kl_fault_handle(&f);
	if (res == KL_FAULT_MAPPED)
		vcpu->mmu.mapped++;
	else if (res == KL_FAULT_MMIO)
		vcpu->mmu.mmio++;
	else if (res == KL_FAULT_RETRY)
		vcpu->mmu.retried++;
	return res;
}
