// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vCPU's VMCS: creation, the controls, loading it on a CPU.
 *
 * tour 40: the upper half of the VMX layer starts here. A vCPU is loaded by the
 * thread inside an ioctl; when the scheduler moves the thread, the preempt
 * notifier moves the vCPU.
 */
#define pr_fmt(fmt) "kvmlite: " fmt

#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <asm/traps.h>
#include <asm/vmx.h>

#include "../irq/irq.h"
#include "../mmu/mmu.h"
#include "../mmu/request.h"
#include "controls.h"
#include "cpuid.h"
#include "guest_state.h"
#include "msr.h"
#include "run.h"
#include "vcpu.h"
#include "vmxon.h"

/* Exceptions that exit: page faults are the guest's own with EPT. */
#define KL_EXCEPTIONS (BIT(X86_TRAP_DB) | BIT(X86_TRAP_AC) | BIT(X86_TRAP_MC))

/* What every VM needs of the optional features, until there are other ways. */
#define KL_REQUIRED (kl_feat(EPT) | kl_feat(UNRESTRICTED) | kl_feat(EFER) | kl_feat(PAT) | \
		     kl_feat(VNMI))
/* Not used yet: each needs run-time support beside its control. */
#define KL_UNUSED (kl_feat(TPR_SHADOW) | kl_feat(APIC_ACCESS) | kl_feat(X2APIC) | \
		   kl_feat(APIC_REGS) | kl_feat(VID) | kl_feat(POSTED) | kl_feat(IPI_VIRT) | \
		   kl_feat(ACK_INTR) | kl_feat(PML) | kl_feat(PLE) | kl_feat(TSC_SCALING) | \
		   kl_feat(TERTIARY) | kl_feat(USER_WAIT) | kl_feat(XSAVES) | kl_feat(WBINVD))

/* The vCPU whose predictions this CPU's branch predictors hold. */
static DEFINE_PER_CPU(struct kl_vcpu *, last_vcpu);

static struct kl_controls default_controls;
static const struct kl_policy default_policy = {
	.disable = KL_UNUSED,
	.require = KL_REQUIRED,
};

/**
 * kl_vmx_setup - check that this machine's VT-x is enough; module load
 *
 * Return: 0, or -EOPNOTSUPP with a line in the kernel log that names the
 * control that is missing.
 */
int kl_vmx_setup(void)
{
	struct kl_controls_error err;
	unsigned int bits = 0;
	int ret;

	ret = kl_controls_compute(&kl_caps, &default_policy, &default_controls, &err);
	if (ret) {
		pr_err("VT-x of this machine lacks \"%s\" (bit %u of the %s)%s%s\n", err.name,
		       err.bit, kl_word_name(err.word), err.feature ? ", needed for " : "",
		       err.feature ?: "");
		return ret;
	}
	if (kl_controls_has(&default_controls, KL_FEAT_RDTSCP))
		bits |= KL_CPUID_CTL_RDTSCP;
	if (kl_controls_has(&default_controls, KL_FEAT_INVPCID))
		bits |= KL_CPUID_CTL_INVPCID;
	kl_cpuid_init(bits);
	kl_host_state_init();
	preempt_notifier_inc();
	return 0;
}

/**
 * kl_vmx_teardown - undo kl_vmx_setup()
 */
void kl_vmx_teardown(void)
{
	preempt_notifier_dec();
}

/**
 * kl_vmx_vm_init - choose a new VM's control words
 * @vm: the VM
 *
 * Return: 0.
 */
int kl_vmx_vm_init(struct kl_vm *vm)
{
	vm->vmx.policy = default_policy;
	vm->vmx.ctl = default_controls;
	vm->vmx.tsc_offset = -(s64)rdtsc();
	vm->vmx.identity_map = 0xfffbc000;
	return 0;
}

static void write_controls(struct kl_vcpu *vcpu)
{
	struct kl_vcpu_vmx *v = &vcpu->vmx;

	vmx_vmwrite(PIN_BASED_VM_EXEC_CONTROL, v->ctl.pin);
	vmx_vmwrite(CPU_BASED_VM_EXEC_CONTROL, v->ctl.proc);
	vmx_vmwrite(SECONDARY_VM_EXEC_CONTROL, v->ctl.proc2);
	vmx_vmwrite(VM_EXIT_CONTROLS, v->ctl.exit);
	vmx_vmwrite(VM_ENTRY_CONTROLS, v->ctl.entry);
	vmx_vmwrite(EXCEPTION_BITMAP, KL_EXCEPTIONS);
	vmx_vmwrite(PAGE_FAULT_ERROR_CODE_MASK, 0);
	vmx_vmwrite(PAGE_FAULT_ERROR_CODE_MATCH, 0);
	vmx_vmwrite(CR3_TARGET_COUNT, 0);
	vmx_vmwrite(VM_EXIT_MSR_STORE_COUNT, 0);
	vmx_vmwrite(VM_EXIT_MSR_LOAD_COUNT, 0);
	vmx_vmwrite(VM_ENTRY_MSR_LOAD_COUNT, 0);
	vmx_vmwrite(VMCS_LINK_POINTER, ~0ULL);
	vmx_vmwrite(MSR_BITMAP, __pa(v->msr_bitmap));
	vmx_vmwrite(TSC_OFFSET, vcpu->irq.tsc_offset);
	vmx_vmwrite(EPT_POINTER, kl_mmu_eptp(vcpu->vm));
	if (v->ctl.proc2 & SECONDARY_EXEC_ENABLE_VPID)
		vmx_vmwrite(VIRTUAL_PROCESSOR_ID, v->vpid);
}

/**
 * kl_vmx_vcpu_init - make a vCPU's VMCS, in power-on state
 * @vcpu: the vCPU; its MMU and IRQ parts exist
 *
 * Return: 0 or -ENOMEM, with nothing left behind.
 */
int kl_vmx_vcpu_init(struct kl_vcpu *vcpu)
{
	struct kl_vcpu_vmx *v = &vcpu->vmx;
	int ret;

	v->ctl = vcpu->vm->vmx.ctl;
	v->ctl.pin &= ~PIN_BASED_VMX_PREEMPTION_TIMER;
	if (kl_entry_bounded())
		v->ctl.pin |= v->ctl.pin_toggle & PIN_BASED_VMX_PREEMPTION_TIMER;
	v->xcr0 = 1;
	vcpu->cpu = -1;
	vcpu->irq.tsc_offset = vcpu->vm->vmx.tsc_offset;
	if (v->ctl.proc2 & SECONDARY_EXEC_ENABLE_VPID) {
		v->vpid = kl_vpid_alloc();
		if (!v->vpid)
			v->ctl.proc2 &= ~SECONDARY_EXEC_ENABLE_VPID;
	}
	ret = kl_host_fpu_alloc(&v->fpu);
	if (!ret)
		ret = kl_msr_vcpu_init(vcpu);
	if (!ret)
		ret = kl_vmcs_alloc(&v->vmcs);
	if (ret) {
		kl_vmx_vcpu_destroy(vcpu);
		return ret;
	}
	kl_cpuid_vcpu_init(vcpu);

	kl_vcpu_load(vcpu);
	write_controls(vcpu);
	kl_host_state_constant();
	/* Reset reads what it is about to replace. */
	v->have = ~0;
	kl_guest_reset(vcpu, false);
	kl_update_owned_bits(vcpu);
	kl_vcpu_put(vcpu);
	return 0;
}

static void forget_vcpu(void *vcpu)
{
	if (this_cpu_read(last_vcpu) == vcpu)
		this_cpu_write(last_vcpu, NULL);
}

/**
 * kl_vmx_vcpu_destroy - free what kl_vmx_vcpu_init() made, also half-way
 * @vcpu: the vCPU, not loaded
 */
void kl_vmx_vcpu_destroy(struct kl_vcpu *vcpu)
{
	struct kl_vcpu_vmx *v = &vcpu->vmx;

	if (v->vmcs.va)
		on_each_cpu(forget_vcpu, vcpu, 1);
	kl_vmcs_free(&v->vmcs);
	kfree(v->emulation);
	v->emulation = NULL;
	kl_cpuid_vcpu_free(vcpu);
	kl_msr_vcpu_destroy(vcpu);
	kl_host_fpu_free(&v->fpu);
	kl_vpid_free(v->vpid);
	v->vpid = 0;
}

/* Make the vCPU's VMCS current here. Preemption off. */
static void load_on_cpu(struct kl_vcpu *vcpu)
{
	int cpu = smp_processor_id();

	if (kl_vmcs_load(&vcpu->vmx.vmcs)) {
		kl_host_state_percpu(cpu);
		/* Translations cached here may be older than those elsewhere. */
		kl_request(vcpu, KL_REQ_TLB_FLUSH);
	}
	if (this_cpu_read(last_vcpu) != vcpu) {
		this_cpu_write(last_vcpu, vcpu);
		kl_host_ibpb();
	}
	WRITE_ONCE(vcpu->cpu, cpu);
	vcpu->vmx.l1d_flush = true;
}

static void sched_in(struct preempt_notifier *notifier, int cpu)
{
	load_on_cpu(container_of(notifier, struct kl_vcpu, notifier));
}

static void sched_out(struct preempt_notifier *notifier, struct task_struct *next)
{
	kl_host_state_put(container_of(notifier, struct kl_vcpu, notifier));
}

static struct preempt_ops vcpu_preempt_ops = {
	.sched_in = sched_in,
	.sched_out = sched_out,
};

/**
 * kl_vcpu_load - bind a vCPU to the calling thread
 * @vcpu: the vCPU; vcpu->mutex held, or nobody else knows it yet
 */
void kl_vcpu_load(struct kl_vcpu *vcpu)
{
	preempt_disable();
	preempt_notifier_init(&vcpu->notifier, &vcpu_preempt_ops);
	preempt_notifier_register(&vcpu->notifier);
	load_on_cpu(vcpu);
	preempt_enable();
}

/**
 * kl_vcpu_put - undo kl_vcpu_load()
 * @vcpu: the vCPU
 */
void kl_vcpu_put(struct kl_vcpu *vcpu)
{
	preempt_disable();
	/* Values cached by ioctls must not outlive the next user of the VMCS. */
	kl_flush_cached(vcpu);
	kl_host_state_put(vcpu);
	preempt_notifier_unregister(&vcpu->notifier);
	preempt_enable();
}
