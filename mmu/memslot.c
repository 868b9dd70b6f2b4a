// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory slots: what the client puts where in guest physical memory.
 *
 * tour 22: a set of slots is never changed, only replaced, while its readers run under SRCU.
 *
 * A slot goes in three steps, so that no vCPU keeps a translation of it: it is
 * marked as leaving and new faults wait; when old faults have ended its leaves
 * are zapped; then it is gone. The MMU notifier sees it until the end.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "bus.h"
#include "mmu.h"
#include "ops.h"
#include "pte.h"

static struct kl_memslots *kl_slots_alloc(unsigned int nr)
{
	struct kl_memslots *slots;

	slots = kvzalloc(struct_size(slots, slot, nr), GFP_KERNEL_ACCOUNT);
	if (slots)
		slots->nr = nr;
	return slots;
}

/*
 * Replace the set; when this returns, nobody reads the old one any more. Not
 * with call_srcu(): the grace period of a callback is not expedited, and the
 * next change would have to wait for it.
 */
static void kl_slots_publish(struct kl_vm *vm, struct kl_memslots *slots)
{
	struct kl_memslots *old = kl_slots(vm);

	rcu_assign_pointer(vm->mmu.slots, slots);
	synchronize_srcu_expedited(&vm->mmu.srcu);
	kvfree(old);
}

/* A copy of the set with the slot at index @at (may be none: -1) leaving. */
static struct kl_memslots *kl_slots_copy(const struct kl_memslots *from, int leaving)
{
	struct kl_memslots *slots = kl_slots_alloc(from->nr);

	if (!slots)
		return NULL;
	memcpy(slots->slot, from->slot, from->nr * sizeof(from->slot[0]));
	if (leaving >= 0)
		slots->slot[leaving].leaving = true;
	return slots;
}

/* A copy without the slot at @without (-1: keep all), with @add if not NULL. */
static struct kl_memslots *kl_slots_edit(const struct kl_memslots *from, int without,
					 const struct kl_memslot *add)
{
	struct kl_memslots *slots;
	unsigned int i, n = 0;

	slots = kl_slots_alloc(from->nr - (without >= 0) + !!add);
	if (!slots)
		return NULL;
	for (i = 0; i < from->nr; i++) {
		if ((int)i == without)
			continue;
		if (add && add->base < from->slot[i].base) {
			slots->slot[n++] = *add;
			add = NULL;
		}
		slots->slot[n++] = from->slot[i];
	}
	if (add)
		slots->slot[n++] = *add;
	return slots;
}

/*
 * Replace the slot at @at by @add (NULL: by nothing) with no translation of the
 * old one left behind.
 */
static int kl_slot_replace(struct kl_vm *vm, int at, const struct kl_memslot *add)
{
	struct kl_memslots *old = kl_slots(vm), *leaving, *next;
	gfn_t start = old->slot[at].base, end = start + old->slot[at].npages;

	next = kl_slots_edit(old, at, add);
	leaving = kl_slots_copy(old, at);
	if (!next || !leaving) {
		kvfree(next);
		kvfree(leaving);
		return -ENOMEM;
	}
	/* After this, faults that saw the slot as it was have installed their leaf. */
	kl_slots_publish(vm, leaving);

	write_lock(&vm->mmu.lock);
	vm->mmu.ops->zap(vm, start, end, true);
	write_unlock(&vm->mmu.lock);

	kl_slots_publish(vm, next);
	return 0;
}

/* Does @slot meet any but the one at index @except? */
static bool kl_slot_overlaps(const struct kl_memslots *slots, const struct kl_memslot *slot,
			     int except)
{
	unsigned int i;

	for (i = 0; i < slots->nr; i++)
		if ((int)i != except && slot->base < slots->slot[i].base + slots->slot[i].npages &&
		    slots->slot[i].base < slot->base + slot->npages)
			return true;
	return false;
}

/* The rules of a region that do not depend on other slots. */
static int kl_region_check(struct kl_vm *vm, const struct kl_mem_region *r)
{
	u64 end;

	/* Dirty logging is not offered, so not accepted. */
	if (r->flags & ~(u32)KVM_MEM_READONLY)
		return -EINVAL;
	/* The upper half is the address space: there is one. */
	if (r->slot >= KL_MAX_MEMSLOTS)
		return -EINVAL;
	if (!PAGE_ALIGNED(r->gpa) || !PAGE_ALIGNED(r->size) || !PAGE_ALIGNED(r->hva))
		return -EINVAL;
	if (check_add_overflow(r->gpa, r->size, &end) ||
	    end >> PAGE_SHIFT > kl_gfn_limit(vm) || r->size >> PAGE_SHIFT > KL_MAX_SLOT_PAGES)
		return -EINVAL;
	if (!access_ok((void __user *)(hva_t)r->hva, r->size))
		return -EINVAL;
	return 0;
}

static int kl_memslot_add(struct kl_vm *vm, const struct kl_memslot *slot)
{
	struct kl_memslots *old = kl_slots(vm), *next;

	if (kl_slot_overlaps(old, slot, -1))
		return -EEXIST;
	next = kl_slots_edit(old, -1, slot);
	if (!next)
		return -ENOMEM;
	kl_slots_publish(vm, next);
	return 0;
}

/* The client names a slot that is there: it may move, nothing else changes. */
static int kl_memslot_move(struct kl_vm *vm, int at, const struct kl_memslot *slot)
{
	const struct kl_memslot *old = &kl_slots(vm)->slot[at];

	if (slot->npages != old->npages || slot->hva != old->hva || slot->flags != old->flags)
		return -EINVAL;
	if (slot->base == old->base)
		return 0;
	if (kl_slot_overlaps(kl_slots(vm), slot, at))
		return -EEXIST;
	return kl_slot_replace(vm, at, slot);
}

/**
 * kl_memslot_set - create, move or remove a memory slot
 * @vm: the VM; takes slots_lock, may sleep; not inside kl_mmu_enter(); in a
 *	thread of the client
 * @r: what the client asks for
 *
 * May be called while vCPUs run. When it returns, no vCPU uses a translation of
 * what was removed.
 *
 * Return: 0; -EINVAL for anything unaligned, out of range, unknown flags,
 * removal of a slot that is not there, and a change of a slot's size, client
 * address or flags; -EEXIST if it overlaps another slot; -ENOMEM.
 */
int kl_memslot_set(struct kl_vm *vm, const struct kl_mem_region *r)
{
	const struct kl_memslot slot = {
		.base = r->gpa >> PAGE_SHIFT,
		.npages = r->size >> PAGE_SHIFT,
		.hva = r->hva,
		.id = r->slot,
		.flags = r->flags,
	};
	const struct kl_memslots *slots;
	int i, at = -1, ret;

	ret = kl_region_check(vm, r);
	if (ret)
		return ret;

	mutex_lock(&vm->mmu.slots_lock);
	slots = kl_slots(vm);
	for (i = 0; i < (int)slots->nr; i++)
		if (slots->slot[i].id == slot.id)
			at = i;
	if (!slot.npages)
		ret = at < 0 ? -EINVAL : kl_slot_replace(vm, at, NULL);
	else if (at < 0)
		ret = kl_memslot_add(vm, &slot);
	else
		ret = kl_memslot_move(vm, at, &slot);
	mutex_unlock(&vm->mmu.slots_lock);
	return ret;
}

/**
 * kl_mmu_vm_init - set up the MMU layer of a VM
 * @vm: the VM, with vm->mm set and held (mm_count); may sleep
 * @cfg: what the CPU and the VM's policy allow
 *
 * Return: 0; -ENOMEM; -EINTR if a signal came while the MMU notifier was being
 * registered. On error nothing is left to be destroyed.
 */
int kl_mmu_vm_init(struct kl_vm *vm, const struct kl_mmu_config *cfg)
{
	struct kl_vm_mmu *mmu = &vm->mmu;
	int ret;

	mutex_init(&mmu->slots_lock);
	rwlock_init(&mmu->lock);
	raw_spin_lock_init(&mmu->kick_lock);
	mmu->cfg = *cfg;
	mmu->ops = &kl_ept_ops;

	ret = init_srcu_struct(&mmu->srcu);
	if (ret)
		return ret;
	ret = -ENOMEM;
	if (!zalloc_cpumask_var(&mmu->kick_mask, GFP_KERNEL_ACCOUNT))
		goto err_srcu;
	RCU_INIT_POINTER(mmu->slots, kl_slots_alloc(0));
	if (!rcu_access_pointer(mmu->slots))
		goto err_mask;
	ret = mmu->ops->init(vm);
	if (ret)
		goto err_slots;
	ret = kl_notifier_init(vm);
	if (ret)
		goto err_ops;
	return 0;

err_ops:
	mmu->ops->destroy(vm);
err_slots:
	kvfree(rcu_dereference_protected(mmu->slots, true));
	RCU_INIT_POINTER(mmu->slots, NULL);
err_mask:
	free_cpumask_var(mmu->kick_mask);
err_srcu:
	cleanup_srcu_struct(&mmu->srcu);
	return ret;
}

/**
 * kl_mmu_vm_stop - let go of the client's memory for good
 * @vm: the VM, initialised, with all its vCPUs, none of which runs any more; may
 *	sleep
 *
 * To be called before the vCPUs are freed: until it returns the MMU notifier
 * may come at any time and flush them. May be called again.
 */
void kl_mmu_vm_stop(struct kl_vm *vm)
{
	kl_notifier_destroy(vm);
	kl_mmu_vm_release(vm);
}

/**
 * kl_mmu_vm_destroy - free the MMU layer of a VM
 * @vm: the VM, initialised, without vCPUs or after kl_mmu_vm_stop(); vm->mm is
 *	still held; may sleep
 */
void kl_mmu_vm_destroy(struct kl_vm *vm)
{
	struct kl_vm_mmu *mmu = &vm->mmu;

	kl_mmu_vm_stop(vm);
	mmu->ops->destroy(vm);
	kl_bus_destroy(vm);
	kvfree(rcu_dereference_protected(mmu->slots, true));
	RCU_INIT_POINTER(mmu->slots, NULL);
	free_cpumask_var(mmu->kick_mask);
	cleanup_srcu_struct(&mmu->srcu);
	mutex_destroy(&mmu->slots_lock);
}

/**
 * kl_mmu_vm_release - forget all guest memory
 * @vm: the VM; may sleep
 *
 * The client's address space is going (or the VM is dead): no leaf stays. A
 * fault may bring leaves back as long as there is an address space.
 */
void kl_mmu_vm_release(struct kl_vm *vm)
{
	write_lock(&vm->mmu.lock);
	/* To the end of the tables, not of the guest: every table goes too. */
	vm->mmu.ops->zap(vm, 0, 1ULL << (KL_EPT_ADDR_BITS - PAGE_SHIFT), true);
	write_unlock(&vm->mmu.lock);
}
