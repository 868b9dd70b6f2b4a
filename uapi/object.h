/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two objects every layer works on: a VM and a vCPU.
 *
 * tour 01: struct kl_vm and struct kl_vcpu are put together here out of
 * sub-structures that the layers own: what a layer keeps in an object is
 * declared in that layer's types.h and touched by that layer only.
 *
 * Order of locks, outermost first (each may be taken while holding those to
 * its left, never the other way round):
 *
 *   vm->lock > vcpu->mutex > vm->mmu.slots_lock >
 *   srcu (vm->mmu.srcu: memslots, buses; vm->irq.srcu: routing) >
 *   vm->irq.lock > vm->mmu.lock > vcpu->irq (lapic)
 *
 * vm->lock and vcpu->mutex and slots_lock are mutexes, vm->irq.lock a raw
 * spinlock (devices are raised from interrupt context), vm->mmu.lock an
 * rwlock taken inside MMU notifiers, which may not sleep. mmap_lock of
 * vm->mm is outside vm->mmu.lock and never taken while holding vm->irq.lock.
 */
#ifndef _KL_UAPI_OBJECT_H
#define _KL_UAPI_OBJECT_H

#include <linux/atomic.h>
#include <linux/kvm.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rcuwait.h>
#include <linux/refcount.h>
#include <linux/signal_types.h>
#include <linux/types.h>

#include "../mmu/types.h"
#include "../irq/types.h"
#include "../vmx/types.h"

#define KL_MAX_VCPUS 64

/* KVM's own limit of APIC ids without x2APIC API extensions. */
#define KL_MAX_VCPU_ID 255

struct dentry;
struct kl_vcpu;

/**
 * enum kl_result - what an exit handler wants done
 * @KL_RESUME: enter the guest again
 * @KL_USER: return to userspace; kvm_run is filled and vcpu->run_ret holds
 *	what KVM_RUN returns (0 or -errno)
 * @KL_KILL: kl_kill() was called: this VM is dead
 */
enum kl_result {
	KL_RESUME = 0,
	KL_USER,
	KL_KILL,
};

/**
 * enum kl_vcpu_state - where a vCPU is
 * @KL_VCPU_IDLE: no thread is inside KVM_RUN
 * @KL_VCPU_HOST: inside KVM_RUN, in the host
 * @KL_VCPU_GUEST: between "interrupts off before VM entry" and the exit: to be
 *	reached with an IPI
 * @KL_VCPU_BLOCKED: inside KVM_RUN, asleep until an event: to be woken
 *
 * Legal moves: IDLE <-> HOST, HOST <-> GUEST, HOST <-> BLOCKED; all by the
 * thread in KVM_RUN itself (kl_vcpu_move()).
 */
enum kl_vcpu_state {
	KL_VCPU_IDLE,
	KL_VCPU_HOST,
	KL_VCPU_GUEST,
	KL_VCPU_BLOCKED,
};

/**
 * enum kl_request - what others ask of a vCPU, done before its next VM entry
 * @KL_REQ_TLB_FLUSH: drop all translations of this vCPU
 * @KL_REQ_EVENT: an interrupt, NMI, INIT or SIPI may have become deliverable
 * @KL_REQ_TRIPLE_FAULT: the guest shut down
 * @KL_REQ_DEAD: the VM was killed: leave KVM_RUN
 * @KL_REQ_NR: number of requests
 */
enum kl_request {
	KL_REQ_TLB_FLUSH,
	KL_REQ_EVENT,
	KL_REQ_TRIPLE_FAULT,
	KL_REQ_DEAD,
	KL_REQ_NR,
};

/**
 * struct kl_death - why a VM died, first reason wins
 * @cause: KVMLITE_DEATH_*
 * @vcpu_id: the vCPU that met it
 * @hw_reason: exit reason or VM-instruction error
 * @text: the reason in words
 */
struct kl_death {
	u32 cause;
	u32 vcpu_id;
	u64 hw_reason;
	char *text;
};

/**
 * struct kl_vm - one virtual machine
 * @lock: serialises creation of vCPUs and devices and changes of VM-wide state
 * @refs: file descriptors (VM, vCPUs, devices) that hold the VM
 * @mm: the address space that backs guest memory; every ioctl must come from it
 * @id: number of the VM since the module was loaded
 * @dead: set once by kl_kill(); read without a lock
 * @death: the reason, written before @dead is set, under @death_lock
 * @death_lock: serialises writers and readers of @death
 * @options: KVMLITE_OPTION_*, read without a lock
 * @vcpus: vCPUs by creation order; entries below @nr_vcpus never change
 * @nr_vcpus: number of vCPUs; published with release after the slot is filled
 * @coalesced: page 2 of every vCPU's mapping, one for the VM
 * @debugfs: directory of this VM
 * @mmu: memory, owned by mmu/
 * @irq: interrupt controllers, owned by irq/
 * @vmx: controls, owned by vmx/
 */
struct kl_vm {
	struct mutex lock; /* see the order of locks above */
	refcount_t refs;
	struct mm_struct *mm;
	u32 id;
	bool dead;
	struct mutex death_lock; /* innermost mutex: nothing is taken inside */
	struct kl_death death;
	u64 options;
	struct kl_vcpu *vcpus[KL_MAX_VCPUS];
	unsigned int nr_vcpus;
	void *coalesced;
	struct dentry *debugfs;

	struct kl_vm_mmu mmu;
	struct kl_vm_irq irq;
	struct kl_vm_vmx vmx;
};

/**
 * struct kl_vcpu - one virtual CPU
 * @vm: the VM it belongs to
 * @id: what the client named it: its APIC id
 * @index: position in vm->vcpus
 * @mutex: held through every ioctl on the vCPU, KVM_RUN included
 * @state: enum kl_vcpu_state
 * @cpu: host CPU whose VMCS pointer it is loaded on, -1 if none
 * @requests: bitmap of enum kl_request
 * @wait: where the vCPU sleeps while KL_VCPU_BLOCKED
 * @notifier: sched in/out of the thread between kl_vcpu_load() and _put()
 * @run: page 0 of the mapping the client sees
 * @pio_data: page 1: data of string and plain port I/O
 * @complete: finishes the instruction whose exit userspace handled; run by
 *	the next KVM_RUN
 * @run_ret: value that KVM_RUN returns with KL_USER
 * @mp_state: KVM_MP_STATE_*; written by its own thread only
 * @dead_halt: it is halted with interrupts off
 * @ran: has been entered once: CPUID may no longer change
 * @tid: thread that last called KVM_RUN, in the initial PID namespace
 * @sigmask_on: @sigmask is in force during KVM_RUN
 * @sigmask: signals blocked during KVM_RUN
 * @mmu: memory, owned by mmu/
 * @irq: local APIC, owned by irq/
 * @vmx: VMCS and registers, owned by vmx/
 */
struct kl_vcpu {
	struct kl_vm *vm;
	u32 id;
	u32 index;
	struct mutex mutex; /* see the order of locks above */
	int state;
	int cpu;
	unsigned long requests;
	struct rcuwait wait;
	struct preempt_notifier notifier;
	struct kvm_run *run;
	void *pio_data;
	enum kl_result (*complete)(struct kl_vcpu *vcpu);
	int run_ret;
	u32 mp_state;
	bool dead_halt;
	bool ran;
	pid_t tid;
	bool sigmask_on;
	sigset_t sigmask;

	struct kl_vcpu_mmu mmu;
	struct kl_vcpu_irq irq;
	struct kl_vcpu_vmx vmx;
};

/**
 * kl_nr_vcpus - number of vCPUs that are published
 * @vm: the VM
 *
 * Return: below this vm->vcpus is filled in, and stays so.
 */
static inline unsigned int kl_nr_vcpus(const struct kl_vm *vm)
{
	/* Pairs with the release in kl_vcpu_publish(). */
	return smp_load_acquire(&vm->nr_vcpus);
}

/**
 * kl_for_each_vcpu - visit every vCPU that is published
 * @i: unsigned int, the index
 * @vcpu: struct kl_vcpu *, the vCPU
 * @vm: the VM
 */
#define kl_for_each_vcpu(i, vcpu, vm)					\
	for ((i) = 0;							\
	     (i) < kl_nr_vcpus(vm) && ((vcpu) = (vm)->vcpus[(i)], true); \
	     (i)++)

#endif /* _KL_UAPI_OBJECT_H */
