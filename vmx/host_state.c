// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host-state area, and the host registers a guest displaces while it is
 * loaded (SDM, "Host-State Area" and "Loading Host State").
 *
 * tour 42: what the host needs only in user mode (SYSCALL MSRs, user segment
 * bases) is exchanged when a thread loads a vCPU and put back when it is
 * scheduled out or leaves KVM_RUN, not on every exit.
 */
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/topology.h>
#include <asm/desc.h>
#include <asm/processor.h>
#include <asm/segment.h>
#include <asm/vmx.h>

#include "../uapi/object.h"
#include "host.h"
#include "vcpu.h"
#include "vmx_asm.h"

/* SYSCALL MSRs of the host: the same on all CPUs, and constant after boot. */
static u64 host_star, host_lstar, host_cstar, host_syscall_mask;

/**
 * kl_host_state_init - read what is constant after boot
 */
void kl_host_state_init(void)
{
	host_star = kl_rdmsr(MSR_STAR);
	host_lstar = kl_rdmsr(MSR_LSTAR);
	host_cstar = kl_rdmsr(MSR_CSTAR);
	host_syscall_mask = kl_rdmsr(MSR_SYSCALL_MASK);
}

/**
 * kl_host_state_constant - write the host-state fields that never change
 *
 * Context: The VMCS is current.
 */
void kl_host_state_constant(void)
{
	vmx_vmwrite(HOST_CR0, read_cr0() & ~(u64)X86_CR0_TS);
	vmx_vmwrite(HOST_CS_SELECTOR, __KERNEL_CS);
	vmx_vmwrite(HOST_SS_SELECTOR, __KERNEL_DS);
	vmx_vmwrite(HOST_DS_SELECTOR, 0);
	vmx_vmwrite(HOST_ES_SELECTOR, 0);
	vmx_vmwrite(HOST_FS_SELECTOR, 0);
	vmx_vmwrite(HOST_GS_SELECTOR, 0);
	vmx_vmwrite(HOST_TR_SELECTOR, GDT_ENTRY_TSS * 8);
	vmx_vmwrite(HOST_IDTR_BASE, kl_host_idt_base());
	vmx_vmwrite(HOST_RIP, (unsigned long)kl_vmx_exit_rip);
	vmx_vmwrite(HOST_IA32_SYSENTER_CS, kl_rdmsr(MSR_IA32_SYSENTER_CS));
	vmx_vmwrite(HOST_IA32_SYSENTER_EIP, kl_rdmsr(MSR_IA32_SYSENTER_EIP));
	vmx_vmwrite(HOST_IA32_EFER, kl_rdmsr(MSR_EFER));
	vmx_vmwrite(HOST_IA32_PAT, kl_rdmsr(MSR_IA32_CR_PAT));
}

/**
 * kl_host_state_percpu - write the host-state fields that depend on the CPU
 * @cpu: this CPU
 *
 * Context: Preemption off, the VMCS is current.
 */
void kl_host_state_percpu(int cpu)
{
	vmx_vmwrite(HOST_TR_BASE, kl_host_tss_base(cpu));
	vmx_vmwrite(HOST_GDTR_BASE, kl_host_gdt_base(cpu));
	vmx_vmwrite(HOST_GS_BASE, kl_rdmsr(MSR_GS_BASE));
	vmx_vmwrite(HOST_IA32_SYSENTER_ESP, kl_rdmsr(MSR_IA32_SYSENTER_ESP));
}

static void save_segments(struct kl_host_state *h)
{
	kl_host_save_fsgs();
	h->fs = current->thread.fsindex;
	h->gs = current->thread.gsindex;
	h->kernel_gs_base = current->thread.gsbase;
	savesegment(ds, h->ds);
	savesegment(es, h->es);
	store_ldt(h->ldt);
	vmx_vmwrite(HOST_FS_BASE, current->thread.fsbase);
}

/**
 * kl_host_state_load - put the guest's registers in place of the host's
 * @vcpu: the vCPU, loaded on this CPU
 *
 * Context: Preemption off. Does nothing if they are there already.
 */
void kl_host_state_load(struct kl_vcpu *vcpu)
{
	struct kl_vcpu_vmx *v = &vcpu->vmx;

	if (v->host.loaded)
		return;
	save_segments(&v->host);
	v->entry.host_spec_ctrl = kl_host_spec_ctrl();
	kl_wrmsr(MSR_STAR, v->star);
	kl_wrmsr(MSR_LSTAR, v->lstar);
	kl_wrmsr(MSR_CSTAR, v->cstar);
	kl_wrmsr(MSR_SYSCALL_MASK, v->syscall_mask);
	kl_wrmsr(MSR_KERNEL_GS_BASE, v->kernel_gs_base);
	if (v->cpuid.features.rdtscp)
		kl_wrmsr(MSR_TSC_AUX, v->tsc_aux);
	v->host.loaded = true;
}

static u64 host_tsc_aux(int cpu)
{
	/* The layout that the vDSO's getcpu() expects. */
	return ((u64)cpu_to_node(cpu) << VDSO_CPUNODE_BITS) | cpu;
}

/**
 * kl_host_state_put - put the host's registers back
 * @vcpu: the vCPU
 *
 * Context: Preemption off, on the CPU where they were displaced. Does nothing
 * if they were not.
 */
void kl_host_state_put(struct kl_vcpu *vcpu)
{
	struct kl_vcpu_vmx *v = &vcpu->vmx;
	struct kl_host_state *h = &v->host;
	int cpu = smp_processor_id();

	if (!h->loaded)
		return;
	h->loaded = false;
	v->kernel_gs_base = kl_rdmsr(MSR_KERNEL_GS_BASE);
	kl_wrmsr(MSR_STAR, host_star);
	kl_wrmsr(MSR_LSTAR, host_lstar);
	kl_wrmsr(MSR_CSTAR, host_cstar);
	kl_wrmsr(MSR_SYSCALL_MASK, host_syscall_mask);
	if (v->cpuid.features.rdtscp)
		kl_wrmsr(MSR_TSC_AUX, host_tsc_aux(cpu));

	if (unlikely(h->ldt))
		asm volatile("lldt %0" : : "rm" (h->ldt));
	if (unlikely(h->ds | h->es)) {
		loadsegment(ds, h->ds);
		loadsegment(es, h->es);
	}
	if (unlikely(h->fs))
		loadsegment(fs, h->fs);
	if (unlikely(h->gs))
		load_gs_index(h->gs);
	kl_wrmsr(MSR_KERNEL_GS_BASE, h->kernel_gs_base);
	kl_host_fix_tables(cpu);
}
