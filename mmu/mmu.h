/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface of the MMU layer: memory slots, faults, guest memory access.
 *
 * tour 20: a guest physical address becomes memory in three steps: slot, client page, EPT leaf.
 *
 * The slot is memslot.c, the client's page behind it fault.c, the leaf ept.c;
 * the MMU notifier (notifier.c) takes the leaf away whenever Linux moves the
 * page.
 */
#ifndef _KL_MMU_MMU_H
#define _KL_MMU_MMU_H

#include <linux/kvm_types.h>
#include <linux/types.h>

#include "../uapi/object.h"
#include "pte.h" /* KL_ACCESS_* */

/**
 * enum kl_fault_result - what became of a guest physical address
 * @KL_FAULT_MAPPED: A leaf that allows the access is there: enter the guest.
 * @KL_FAULT_MMIO: No memory: there is no slot, or it is a write to a read-only
 *	slot. To be emulated.
 * @KL_FAULT_HVA: There is a slot, but the client has no (suitable) memory at
 *	its address: KVM_RUN returns -EFAULT.
 * @KL_FAULT_RETRY: A race or a signal: handle pending work, enter again.
 * @KL_FAULT_OOM: The host has no page: KVM_RUN returns -ENOMEM.
 */
enum kl_fault_result {
	KL_FAULT_MAPPED,
	KL_FAULT_MMIO,
	KL_FAULT_HVA,
	KL_FAULT_RETRY,
	KL_FAULT_OOM,
};

/**
 * struct kl_mem_region - KVM_SET_USER_MEMORY_REGION and its second version
 * @slot: number of the slot; the upper 16 bits, the address space, must be 0
 * @flags: KVM_MEM_*
 * @gpa: guest physical address, a multiple of the page size
 * @size: length in bytes, a multiple of the page size; 0 removes the slot
 * @hva: client address, a multiple of the page size
 */
struct kl_mem_region {
	u32 slot;
	u32 flags;
	gpa_t gpa;
	u64 size;
	u64 hva;
};

int kl_mmu_vm_init(struct kl_vm *vm, const struct kl_mmu_config *cfg);
void kl_mmu_vm_stop(struct kl_vm *vm);
void kl_mmu_vm_destroy(struct kl_vm *vm);
void kl_mmu_vm_release(struct kl_vm *vm);
int kl_mmu_vcpu_init(struct kl_vcpu *vcpu);
void kl_mmu_vcpu_destroy(struct kl_vcpu *vcpu);

u64 kl_mmu_eptp(struct kl_vm *vm);
int kl_memslot_set(struct kl_vm *vm, const struct kl_mem_region *r);
enum kl_fault_result kl_mmu_fault(struct kl_vcpu *vcpu, gpa_t gpa, u32 access);
void kl_mmu_flush_remote(struct kl_vm *vm);

int kl_gpa_read(struct kl_vm *vm, gpa_t gpa, void *buf, size_t len);
int kl_gpa_write(struct kl_vm *vm, gpa_t gpa, const void *buf, size_t len);
int kl_gpa_cmpxchg(struct kl_vm *vm, gpa_t gpa, void *old, const void *new,
		   size_t len, bool *exchanged);
bool kl_gpa_is_ram(struct kl_vm *vm, gpa_t gpa, bool write);

/**
 * kl_mmu_enter - begin to use memory slots and buses
 * @vm: the VM
 *
 * Between this and kl_mmu_exit() no slot or in-kernel device that was found
 * goes away. May sleep inside; may nest. Do not take slots_lock inside: whoever
 * holds it may wait for the section to end.
 *
 * Return: what kl_mmu_exit() must be given.
 */
static inline int kl_mmu_enter(struct kl_vm *vm)
{
	return srcu_read_lock(&vm->mmu.srcu);
}

/**
 * kl_mmu_exit - end what kl_mmu_enter() began
 * @vm: the VM
 * @idx: what kl_mmu_enter() returned
 */
static inline void kl_mmu_exit(struct kl_vm *vm, int idx)
{
	srcu_read_unlock(&vm->mmu.srcu, idx);
}

#endif /* _KL_MMU_MMU_H */
