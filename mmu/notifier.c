// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MMU notifier: Linux tells that the client's page tables change.
 *
 * tour 23: guest pages are not pinned: Linux announces each change and we let go in time.
 *
 * Before Linux takes a page away (swap, migration, copy on write, munmap) it
 * calls invalidate_range_start(): we zap the leaves and flush before we return.
 * A fault that looked the page up meanwhile must not install it; so a fault
 * notes inv_seq before it asks Linux for the page, and checks under
 * vm->mmu.lock, before it installs, that no invalidation of that address is in
 * progress (inv_count) nor has ended since (inv_seq).
 */
#include <linux/mm.h>
#include <linux/mmu_notifier.h>

#include "../vmx/host.h"
#include "mmu.h"
#include "ops.h"

/* What is done to the GFNs [start, end) that an HVA range backs. */
typedef bool (*kl_gfn_fn)(struct kl_vm *vm, gfn_t start, gfn_t end, bool flag);

/*
 * Call @fn for each part of a slot whose HVAs meet [start, end). Several slots
 * may share client memory. vm->mmu.lock is held for writing.
 */
static bool kl_apply_to_hvas(struct kl_vm *vm, hva_t start, hva_t end, kl_gfn_fn fn, bool flag)
{
	const struct kl_memslots *slots = kl_slots(vm);
	bool any = false;
	unsigned int i;

	for (i = 0; i < slots->nr; i++) {
		const struct kl_memslot *s = &slots->slot[i];
		hva_t from = max(start, s->hva);
		hva_t to = min(end, s->hva + (s->npages << PAGE_SHIFT));

		if (from >= to)
			continue;
		any |= fn(vm, s->base + ((from - s->hva) >> PAGE_SHIFT),
			  s->base + (PAGE_ALIGN(to - s->hva) >> PAGE_SHIFT), flag);
	}
	return any;
}

static bool kl_zap_gfns(struct kl_vm *vm, gfn_t start, gfn_t end, bool may_yield)
{
	vm->mmu.ops->zap(vm, start, end, may_yield);
	return false;
}

static bool kl_age_gfns(struct kl_vm *vm, gfn_t start, gfn_t end, bool clear)
{
	return vm->mmu.ops->age(vm, start, end, clear);
}

static struct kl_vm *kl_notifier_vm(struct mmu_notifier *mn)
{
	return container_of(mn, struct kl_vm, mmu.notifier);
}

static int kl_invalidate_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct kl_vm *vm = kl_notifier_vm(mn);
	struct kl_vm_mmu *mmu = &vm->mmu;
	int idx = kl_mmu_enter(vm);

	write_lock(&mmu->lock);
	/* Of several at once the hull is kept: too much is retried, not too little. */
	if (!mmu->inv_count) {
		mmu->inv_start = range->start;
		mmu->inv_end = range->end;
	} else {
		mmu->inv_start = min(mmu->inv_start, range->start);
		mmu->inv_end = max(mmu->inv_end, range->end);
	}
	mmu->inv_count++;
	kl_apply_to_hvas(vm, range->start, range->end, kl_zap_gfns,
			 mmu_notifier_range_blockable(range));
	write_unlock(&mmu->lock);
	kl_mmu_exit(vm, idx);
	return 0;
}

static void kl_invalidate_end(struct mmu_notifier *mn, const struct mmu_notifier_range *range)
{
	struct kl_vm *vm = kl_notifier_vm(mn);

	write_lock(&vm->mmu.lock);
	vm->mmu.inv_seq++;
	vm->mmu.inv_count--;
	write_unlock(&vm->mmu.lock);
}

static bool kl_age_range(struct mmu_notifier *mn, hva_t start, hva_t end, bool clear, bool flush)
{
	struct kl_vm *vm = kl_notifier_vm(mn);
	int idx = kl_mmu_enter(vm);
	bool young;

	write_lock(&vm->mmu.lock);
	young = kl_apply_to_hvas(vm, start, end, kl_age_gfns, clear);
	if (young && flush)
		kl_mmu_flush_remote(vm);
	write_unlock(&vm->mmu.lock);
	kl_mmu_exit(vm, idx);
	return young;
}

static kl_host_young_t kl_clear_flush_young(struct mmu_notifier *mn, struct mm_struct *mm,
					    unsigned long start, unsigned long end)
{
	return kl_age_range(mn, start, end, true, true);
}

/* For statistics of idle memory: a cached translation may hide an access. */
static kl_host_young_t kl_clear_young(struct mmu_notifier *mn, struct mm_struct *mm,
				      unsigned long start, unsigned long end)
{
	return kl_age_range(mn, start, end, true, false);
}

static kl_host_young_t kl_test_young(struct mmu_notifier *mn, struct mm_struct *mm,
				     unsigned long address)
{
	return kl_age_range(mn, address, address + PAGE_SIZE, false, false);
}

static void kl_release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	kl_mmu_vm_release(kl_notifier_vm(mn));
}

static const struct mmu_notifier_ops kl_notifier_ops = {
	.invalidate_range_start = kl_invalidate_start,
	.invalidate_range_end = kl_invalidate_end,
	.clear_flush_young = kl_clear_flush_young,
	.clear_young = kl_clear_young,
	.test_young = kl_test_young,
	.release = kl_release,
};

/**
 * kl_notifier_init - begin to follow the client's page tables
 * @vm: the VM, with vm->mm held; takes mmap_lock
 *
 * Return: 0, -ENOMEM, -EINTR.
 */
int kl_notifier_init(struct kl_vm *vm)
{
	int ret;

	vm->mmu.notifier.ops = &kl_notifier_ops;
	ret = mmu_notifier_register(&vm->mmu.notifier, vm->mm);
	vm->mmu.registered = !ret;
	return ret;
}

/**
 * kl_notifier_destroy - stop following; no callback runs when it returns
 * @vm: the VM, with vm->mm held; may sleep
 */
void kl_notifier_destroy(struct kl_vm *vm)
{
	if (vm->mmu.registered)
		mmu_notifier_unregister(&vm->mmu.notifier, vm->mm);
	vm->mmu.registered = false;
}

/**
 * kl_notifier_busy - may a page looked up since @seq not be mapped
 * @vm: the VM; vm->mmu.lock held (without it, a hint)
 * @seq: inv_seq, read before the page was looked up
 * @hva: its client address
 *
 * Return: true if the client's page tables changed or are changing there.
 */
bool kl_notifier_busy(struct kl_vm *vm, unsigned long seq, hva_t hva)
{
	const struct kl_vm_mmu *mmu = &vm->mmu;

	if (READ_ONCE(mmu->inv_count) && hva >= READ_ONCE(mmu->inv_start) &&
	    hva < READ_ONCE(mmu->inv_end))
		return true;
	return READ_ONCE(mmu->inv_seq) != seq;
}
