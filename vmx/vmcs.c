// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMCS regions (SDM, "Virtual Machine Control Structures").
 *
 * tour 16: a VMCS stays active on the CPU it last ran on; VMCLEAR is put off
 * until it moves to another CPU, so a vCPU that stays pays nothing.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "vmcs.h"
#include "vmx_asm.h"
#include "vmxon.h"

/* VMCSs active on this CPU. Changed on the CPU itself, interrupts off. */
static DEFINE_PER_CPU(struct list_head, active_vmcs);
/* The current VMCS of this CPU, NULL if none of ours. */
static DEFINE_PER_CPU(struct kl_vmcs *, current_vmcs);

/**
 * kl_vmread_failed - report a VMREAD that failed
 * @field: the field's encoding
 */
void kl_vmread_failed(unsigned long field)
{
	if (kl_vmx_is_on())
		pr_err_ratelimited("kvmlite: VMREAD of field %#lx failed\n", field);
}

/**
 * kl_vmwrite_failed - report a VMWRITE that failed
 * @field: the field's encoding
 * @value: what was to be written
 */
void kl_vmwrite_failed(unsigned long field, u64 value)
{
	if (kl_vmx_is_on())
		pr_err_ratelimited("kvmlite: VMWRITE of %#llx to field %#lx failed, VM-instruction error %llu\n",
				   value, field, vmx_vmread(VM_INSTRUCTION_ERROR));
}

/**
 * kl_vmcs_init_cpu - prepare a CPU's list of active VMCSs
 * @cpu: the CPU
 */
void kl_vmcs_init_cpu(int cpu)
{
	INIT_LIST_HEAD(&per_cpu(active_vmcs, cpu));
	per_cpu(current_vmcs, cpu) = NULL;
}

/**
 * kl_vmcs_alloc - allocate a VMCS region
 * @vmcs: filled; active nowhere
 *
 * Return: 0 or -ENOMEM.
 */
int kl_vmcs_alloc(struct kl_vmcs *vmcs)
{
	vmcs->va = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vmcs->va)
		return -ENOMEM;
	*(u32 *)vmcs->va = kl_vmx_revision();
	vmcs->pa = __pa(vmcs->va);
	vmcs->cpu = -1;
	vmcs->launched = false;
	INIT_LIST_HEAD(&vmcs->link);
	return 0;
}

/* Runs on vmcs->cpu with interrupts off. */
static void vmcs_clear_local(void *arg)
{
	struct kl_vmcs *vmcs = arg;

	/* Went away while the call was on its way: the CPU was unplugged. */
	if (vmcs->cpu != smp_processor_id())
		return;
	if (!vmx_vmclear(vmcs->pa) && kl_vmx_is_on())
		pr_err_ratelimited("kvmlite: VMCLEAR of %#llx failed\n", vmcs->pa);
	if (this_cpu_read(current_vmcs) == vmcs)
		this_cpu_write(current_vmcs, NULL);
	list_del_init(&vmcs->link);
	vmcs->launched = false;
	/* Pairs with smp_load_acquire() in kl_vmcs_clear(): -1 means it is off the list. */
	smp_store_release(&vmcs->cpu, -1);
}

/**
 * kl_vmcs_clear - make a VMCS inactive, wherever it is active
 * @vmcs: the VMCS
 *
 * Context: May wait for another CPU; interrupts on.
 */
void kl_vmcs_clear(struct kl_vmcs *vmcs)
{
	/* Pairs with smp_store_release() in vmcs_clear_local(). */
	int cpu = smp_load_acquire(&vmcs->cpu);

	if (cpu >= 0)
		smp_call_function_single(cpu, vmcs_clear_local, vmcs, 1);
}

/**
 * kl_vmcs_free - make a VMCS inactive and free its region
 * @vmcs: the VMCS; one that was never allocated is fine
 */
void kl_vmcs_free(struct kl_vmcs *vmcs)
{
	if (!vmcs->va)
		return;
	kl_vmcs_clear(vmcs);
	free_page((unsigned long)vmcs->va);
	vmcs->va = NULL;
}

/**
 * kl_vmcs_load - make a VMCS current on this CPU
 * @vmcs: the VMCS; only its owner loads it
 *
 * Context: Preemption off, interrupts on.
 * Return: true if it was not active on this CPU before, so that per-CPU host
 * state must be written again.
 */
bool kl_vmcs_load(struct kl_vmcs *vmcs)
{
	int cpu = smp_processor_id();
	bool moved = vmcs->cpu != cpu;
	unsigned long flags;

	if (moved)
		kl_vmcs_clear(vmcs);
	if (!moved && this_cpu_read(current_vmcs) == vmcs)
		return false;

	local_irq_save(flags);
	if (moved) {
		list_add(&vmcs->link, this_cpu_ptr(&active_vmcs));
		vmcs->cpu = cpu;
	}
	if (!vmx_vmptrld(vmcs->pa) && kl_vmx_is_on())
		pr_err_ratelimited("kvmlite: VMPTRLD of %#llx failed\n", vmcs->pa);
	this_cpu_write(current_vmcs, vmcs);
	local_irq_restore(flags);
	return moved;
}

/**
 * kl_vmcs_clear_cpu - make every VMCS active on this CPU inactive
 *
 * The CPU is about to leave VMX operation. Context: interrupts off.
 */
void kl_vmcs_clear_cpu(void)
{
	struct kl_vmcs *vmcs, *next;

	list_for_each_entry_safe(vmcs, next, this_cpu_ptr(&active_vmcs), link)
		vmcs_clear_local(vmcs);
}

/**
 * kl_vmcs_emergency - VMCLEAR what is active here, touching nothing else
 *
 * For a crash: the dump should hold the VMCSs' contents. May run in an NMI
 * that interrupted a change of the list, which is always a valid chain.
 */
void kl_vmcs_emergency(void)
{
	struct kl_vmcs *vmcs;

	list_for_each_entry(vmcs, this_cpu_ptr(&active_vmcs), link)
		vmx_vmclear(vmcs->pa);
}
