/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the MMU layer keeps in a VM and in a vCPU.
 *
 * Address kinds (<linux/kvm_types.h>): gva_t guest virtual, gpa_t guest
 * physical, gfn_t guest physical >> 12, hva_t client virtual, hpa_t host
 * physical.
 */
#ifndef _KL_MMU_TYPES_H
#define _KL_MMU_TYPES_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/kvm_types.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/types.h>

/* KVM_CAP_NR_MEMSLOTS: the sorted array is copied at each change. */
#define KL_MAX_MEMSLOTS 512

/* Pages in one slot: what a client of KVM may ask for. */
#define KL_MAX_SLOT_PAGES ((1ULL << 31) - 1)

/* Entries of one bus. */
#define KL_MAX_BUS_DEVS 1000

/* Most page-table pages one fault can need: a table below each upper level. */
#define KL_MMU_CACHE 4

struct kl_vm;
struct kl_bus_set;
struct kl_mmu_ops;

/**
 * enum kl_bus - address spaces in which devices live
 * @KL_BUS_PIO: I/O ports
 * @KL_BUS_MMIO: guest physical addresses
 * @KL_BUS_NR: number of buses
 */
enum kl_bus {
	KL_BUS_PIO,
	KL_BUS_MMIO,
	KL_BUS_NR,
};

/**
 * struct kl_memslot - a range of guest physical memory and what backs it
 * @base: first GFN
 * @npages: length in pages of 4 KiB, not zero
 * @hva: client address of the first page
 * @id: number the client gave it
 * @flags: KVM_MEM_*
 * @leaving: it is being removed: a fault on it waits, the MMU notifier still
 *	zaps it
 */
struct kl_memslot {
	gfn_t base;
	u64 npages;
	hva_t hva;
	u16 id;
	bool leaving;
	u32 flags;
};

/**
 * struct kl_memslots - all slots of a VM, immutable once published
 * @nr: number of slots
 * @last: index that the last lookup found, a hint written without a lock
 * @slot: the slots in ascending order of @base; they do not overlap
 */
struct kl_memslots {
	unsigned int nr;
	unsigned int last;
	struct kl_memslot slot[];
};

/**
 * struct kl_mmu_config - what the CPU and the VM's policy allow
 * @ept_2m: leaves of 2 MiB
 * @ept_1g: leaves of 1 GiB
 * @ept_ad: accessed and dirty flags in EPT entries
 * @maxphyaddr: physical address width of the host in bits; guest memory lies
 *	below both this and what a 4-level EPT maps (48 bits)
 */
struct kl_mmu_config {
	bool ept_2m;
	bool ept_1g;
	bool ept_ad;
	u8 maxphyaddr;
};

/**
 * struct kl_vm_mmu - the MMU layer's part of a VM
 * @slots_lock: serialises changes of @slots and @bus
 * @srcu: protects readers of @slots and @bus
 * @slots: the published set, never NULL between init and destroy
 * @bus: the published devices of each bus, NULL for none
 * @lock: protects the page tables. Read: install entries with cmpxchg. Write:
 *	remove entries, free tables, change the notifier fields
 * @ops: how guest memory is mapped
 * @cfg: what may be used
 * @split_exec: executable pages are mapped with 4 KiB leaves only, because this
 *	CPU has the iTLB multihit fault
 * @root: top-level EPT table, HPA
 * @notifier: tells when the client's page tables change
 * @registered: @notifier is registered
 * @inv_seq: counts finished invalidations
 * @inv_count: invalidations in progress
 * @inv_start: lowest HVA under invalidation while @inv_count is not zero
 * @inv_end: end of the highest one
 * @kick_mask: CPUs to interrupt, scratch of kl_request_all()
 * @kick_lock: protects @kick_mask; innermost
 * @pages_4k: leaves of 4 KiB mapped now
 * @pages_2m: leaves of 2 MiB mapped now
 * @pages_1g: leaves of 1 GiB mapped now
 * @tables: page-table pages in use, the root included
 * @flushes: remote TLB flushes done
 * @zapped: leaves removed so far
 */
struct kl_vm_mmu {
	struct mutex slots_lock; /* see the order of locks in uapi/object.h */
	struct srcu_struct srcu;
	struct kl_memslots __rcu *slots;
	struct kl_bus_set __rcu *bus[KL_BUS_NR];

	rwlock_t lock; /* see the order of locks in uapi/object.h */
	const struct kl_mmu_ops *ops;
	struct kl_mmu_config cfg;
	bool split_exec;
	hpa_t root;

	struct mmu_notifier notifier;
	bool registered;
	unsigned long inv_seq;
	unsigned long inv_count;
	hva_t inv_start;
	hva_t inv_end;

	cpumask_var_t kick_mask;
	raw_spinlock_t kick_lock; /* innermost */

	atomic64_t pages_4k;
	atomic64_t pages_2m;
	atomic64_t pages_1g;
	atomic64_t tables;
	atomic64_t flushes;
	atomic64_t zapped;
};

/**
 * struct kl_vcpu_mmu - the MMU layer's part of a vCPU
 * @cache: zeroed pages for page tables, filled before vm->mmu.lock is taken;
 *	used by the vCPU's own thread only
 * @nr_cache: how many are left
 * @faults: calls of kl_mmu_fault()
 * @mapped: of these, how many installed a leaf
 * @mmio: how many met no memory
 * @retried: how many met an invalidation or a slot that is leaving
 */
struct kl_vcpu_mmu {
	void *cache[KL_MMU_CACHE];
	unsigned int nr_cache;
	u64 faults;
	u64 mapped;
	u64 mmio;
	u64 retried;
};

#endif /* _KL_MMU_TYPES_H */
