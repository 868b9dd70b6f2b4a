/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the MMU layer: how guest memory is mapped, and the slot look-ups.
 *
 * A VM's kl_mmu_ops turns "this GFN is that PFN" into what the CPU walks. The
 * files above it (fault.c, notifier.c, memslot.c) know nothing of its format.
 */
#ifndef _KL_MMU_OPS_H
#define _KL_MMU_OPS_H

#include <linux/types.h>

#include "../uapi/object.h"

/**
 * struct kl_map - a leaf to install
 * @gfn: the GFN that was touched
 * @pfn: its PFN
 * @level: largest leaf allowed, KL_LEVEL_*: naturally aligned around @gfn and
 *	contiguous around @pfn
 * @write: the guest may write
 * @exec: the guest may fetch instructions
 * @conflict: out: level of the entry that stands in the way, after
 *	%KL_MAP_CONFLICT
 */
struct kl_map {
	gfn_t gfn;
	u64 pfn;
	int level;
	bool write;
	bool exec;
	int conflict;
};

/**
 * enum kl_map_result - what became of a leaf
 * @KL_MAP_DONE: It is there, or one that allows as much was.
 * @KL_MAP_CONFLICT: A larger leaf, a table or another page is mapped there:
 *	zap what one entry of &kl_map.conflict covers, then try again.
 */
enum kl_map_result {
	KL_MAP_DONE,
	KL_MAP_CONFLICT,
};

/**
 * struct kl_mmu_ops - one way to map guest memory
 * @init: make the root; may sleep; 0 or -ENOMEM
 * @destroy: free the root; all leaves were zapped; may sleep
 * @map: install a leaf; vm->mmu.lock held for reading, vcpu->mmu.cache full
 * @zap: remove all leaves in [@start, @end) and see that no vCPU uses them any
 *	more; vm->mmu.lock held for writing, dropped in between if @may_yield
 * @age: whether any leaf in [@start, @end) was used since it was aged last;
 *	with @clear, age it (which may remove it, and then flushes); @lock held
 *	for writing
 */
struct kl_mmu_ops {
	int (*init)(struct kl_vm *vm);
	void (*destroy)(struct kl_vm *vm);
	enum kl_map_result (*map)(struct kl_vcpu *vcpu, struct kl_map *map);
	void (*zap)(struct kl_vm *vm, gfn_t start, gfn_t end, bool may_yield);
	bool (*age)(struct kl_vm *vm, gfn_t start, gfn_t end, bool clear);
};

extern const struct kl_mmu_ops kl_ept_ops;

/* End of the guest physical address space, as a GFN. */
gfn_t kl_gfn_limit(const struct kl_vm *vm);

struct kl_memslots *kl_slots(struct kl_vm *vm);
const struct kl_memslot *kl_slot_find(struct kl_vm *vm, gfn_t gfn);
hva_t kl_slot_hva(const struct kl_memslot *slot, gfn_t gfn);
void kl_slots_destroy(struct kl_vm *vm);

int kl_notifier_init(struct kl_vm *vm);
void kl_notifier_destroy(struct kl_vm *vm);
bool kl_notifier_busy(struct kl_vm *vm, unsigned long seq, hva_t hva);

void *kl_mmu_cache_take(struct kl_vcpu *vcpu);
void kl_mmu_cache_put(struct kl_vcpu *vcpu, void *page);

#endif /* _KL_MMU_OPS_H */
