// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buses: which in-kernel device takes an access.
 *
 * Each bus is an immutable array sorted by address, published under SRCU: an
 * access looks it up without a lock, a change copies it.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "bus.h"

/**
 * struct kl_bus_entry - a device's place
 * @addr: first address
 * @len: number of addresses; 0: any access that begins at @addr
 * @dev: the device
 */
struct kl_bus_entry {
	gpa_t addr;
	u64 len;
	struct kl_bus_dev *dev;
};

/**
 * struct kl_bus_set - all devices of a bus
 * @nr: number of entries
 * @longest: the greatest @len, at least 1: bounds the search to the left
 * @entry: in ascending order of address, then of registration
 */
struct kl_bus_set {
	unsigned int nr;
	u64 longest;
	struct kl_bus_entry entry[];
};

/* The set, for whoever holds slots_lock. */
static struct kl_bus_set *kl_bus_locked(struct kl_vm *vm, enum kl_bus bus)
{
	return rcu_dereference_protected(vm->mmu.bus[bus], lockdep_is_held(&vm->mmu.slots_lock));
}

static void kl_bus_publish(struct kl_vm *vm, enum kl_bus bus, struct kl_bus_set *set)
{
	struct kl_bus_set *old = kl_bus_locked(vm, bus);

	rcu_assign_pointer(vm->mmu.bus[bus], set);
	synchronize_srcu_expedited(&vm->mmu.srcu);
	kvfree(old);
}

/* First entry whose address is not below @addr. */
static unsigned int kl_bus_lower(const struct kl_bus_set *set, gpa_t addr)
{
	unsigned int lo = 0, hi = set->nr;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (set->entry[mid].addr < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool kl_bus_covers(const struct kl_bus_entry *e, gpa_t addr, unsigned int len)
{
	if (!e->len)
		return e->addr == addr;
	return addr >= e->addr && len <= e->len && addr - e->addr <= e->len - len;
}

/* Ask every device that covers the access. @data is written by reads only. */
static int kl_bus_access(struct kl_vcpu *vcpu, enum kl_bus bus, gpa_t addr, unsigned int len,
			 void *data, bool write)
{
	const struct kl_bus_set *set = srcu_dereference(vcpu->vm->mmu.bus[bus],
							&vcpu->vm->mmu.srcu);
	unsigned int i;

	if (!set)
		return -EOPNOTSUPP;
	i = kl_bus_lower(set, addr >= set->longest ? addr - set->longest + 1 : 0);
	for (; i < set->nr && set->entry[i].addr <= addr; i++) {
		const struct kl_bus_entry *e = &set->entry[array_index_nospec(i, set->nr)];
		int ret = -EOPNOTSUPP;

		if (!kl_bus_covers(e, addr, len))
			continue;
		if (write && e->dev->ops->write)
			ret = e->dev->ops->write(vcpu, e->dev, addr, len, data);
		else if (!write && e->dev->ops->read)
			ret = e->dev->ops->read(vcpu, e->dev, addr, len, data);
		if (ret != -EOPNOTSUPP)
			return ret;
	}
	return -EOPNOTSUPP;
}

/**
 * kl_bus_read - let an in-kernel device answer a read
 * @vcpu: the vCPU that reads, by its own thread; inside kl_mmu_enter()
 * @bus: the bus
 * @addr: port or GPA
 * @len: 1, 2, 4 or 8 bytes
 * @data: where the bytes go
 *
 * Return: 0, or -EOPNOTSUPP if no device took it: userspace is asked.
 */
int kl_bus_read(struct kl_vcpu *vcpu, enum kl_bus bus, gpa_t addr, unsigned int len, void *data)
{
	return kl_bus_access(vcpu, bus, addr, len, data, false);
}

/**
 * kl_bus_write - let an in-kernel device take a write
 * @vcpu: the vCPU that writes, by its own thread; inside kl_mmu_enter()
 * @bus: the bus
 * @addr: port or GPA
 * @len: 1, 2, 4 or 8 bytes
 * @data: the bytes
 *
 * Return: 0, or -EOPNOTSUPP if no device took it: userspace is asked.
 */
int kl_bus_write(struct kl_vcpu *vcpu, enum kl_bus bus, gpa_t addr, unsigned int len,
		 const void *data)
{
	return kl_bus_access(vcpu, bus, addr, len, (void *)data, true);
}

/**
 * kl_bus_register - put a device on a bus
 * @vm: the VM; takes slots_lock, may sleep
 * @bus: the bus
 * @addr: first port or GPA
 * @len: number of addresses; an access must lie inside. 0: any access that
 *	begins at @addr, whatever its size
 * @dev: the device; stays until kl_bus_unregister() returned
 *
 * Return: 0, -EINVAL if the range wraps or leaves the bus, -ENOSPC if the bus
 * is full, -ENOMEM.
 */
int kl_bus_register(struct kl_vm *vm, enum kl_bus bus, gpa_t addr, u64 len,
		    struct kl_bus_dev *dev)
{
	u64 last = addr + (len ? len - 1 : 0);
	struct kl_bus_set *old, *set;
	unsigned int nr, at;
	int ret = 0;

	if (last < addr || (bus == KL_BUS_PIO && last > U16_MAX))
		return -EINVAL;

	mutex_lock(&vm->mmu.slots_lock);
	old = kl_bus_locked(vm, bus);
	nr = old ? old->nr : 0;
	if (nr >= KL_MAX_BUS_DEVS) {
		ret = -ENOSPC;
		goto out;
	}
	set = kvmalloc(struct_size(set, entry, nr + 1), GFP_KERNEL_ACCOUNT);
	if (!set) {
		ret = -ENOMEM;
		goto out;
	}
	/* Behind those with the same address: they were here first. */
	at = old ? kl_bus_lower(old, addr) : 0;
	while (at < nr && old->entry[at].addr == addr)
		at++;
	if (old) {
		memcpy(set->entry, old->entry, at * sizeof(*set->entry));
		memcpy(set->entry + at + 1, old->entry + at, (nr - at) * sizeof(*set->entry));
	}
	set->entry[at] = (struct kl_bus_entry){ .addr = addr, .len = len, .dev = dev };
	set->nr = nr + 1;
	set->longest = max3(old ? old->longest : 1ULL, len, 1ULL);
	kl_bus_publish(vm, bus, set);
out:
	mutex_unlock(&vm->mmu.slots_lock);
	return ret;
}

/**
 * kl_bus_unregister - take a device off a bus
 * @vm: the VM; takes slots_lock, may sleep; not inside kl_mmu_enter()
 * @bus: the bus
 * @dev: the device; all its ranges go
 *
 * When it returns 0 no access to the device is in progress and none begins.
 *
 * Return: 0, -ENOENT if it is not there, -ENOMEM: it still is.
 */
int kl_bus_unregister(struct kl_vm *vm, enum kl_bus bus, struct kl_bus_dev *dev)
{
	struct kl_bus_set *old, *set = NULL;
	unsigned int i, left = 0;
	int ret = 0;

	mutex_lock(&vm->mmu.slots_lock);
	old = kl_bus_locked(vm, bus);
	for (i = 0; old && i < old->nr; i++)
		left += old->entry[i].dev != dev;
	if (!old || left == old->nr) {
		ret = -ENOENT;
		goto out;
	}
	if (left) {
		set = kvmalloc(struct_size(set, entry, left), GFP_KERNEL_ACCOUNT);
		if (!set) {
			ret = -ENOMEM;
			goto out;
		}
		set->nr = 0;
		set->longest = 1;
		for (i = 0; i < old->nr; i++) {
			if (old->entry[i].dev == dev)
				continue;
			set->entry[set->nr++] = old->entry[i];
			set->longest = max(set->longest, old->entry[i].len);
		}
	}
	kl_bus_publish(vm, bus, set);
out:
	mutex_unlock(&vm->mmu.slots_lock);
	return ret;
}

/**
 * kl_bus_destroy - free the buses of a VM that nobody uses any more
 * @vm: the VM; its devices have freed themselves or are freed by the caller
 */
void kl_bus_destroy(struct kl_vm *vm)
{
	int i;

	for (i = 0; i < KL_BUS_NR; i++) {
		kvfree(rcu_dereference_protected(vm->mmu.bus[i], true));
		RCU_INIT_POINTER(vm->mmu.bus[i], NULL);
	}
}
