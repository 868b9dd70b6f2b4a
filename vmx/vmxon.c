// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMX operation on every CPU (SDM, "Introduction to Virtual Machine
 * Extensions": Enabling and Entering VMX Operation).
 *
 * tour 11: VMXON on each CPU when the module loads or the CPU comes up, VMXOFF
 * before the CPU goes away, sleeps, reboots, crashes, or the module unloads.
 */
#define pr_fmt(fmt) "kvmlite: " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/gfp.h>
#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/percpu.h>

#include "host.h"
#include "vmcs.h"
#include "vmx_asm.h"
#include "vmxon.h"

/* Capability MSRs of the CPU that loaded the module; all others must agree. */
struct kl_vmx_caps kl_caps;

static DEFINE_PER_CPU(void *, vmxon_region);
static DEFINE_PER_CPU(bool, vmx_on);
static DEFINE_IDA(vpids);
static int hotplug_state;

/**
 * kl_vmx_revision - VMCS revision identifier of this machine
 *
 * Return: 31 bits.
 */
u32 kl_vmx_revision(void)
{
	return kl_caps_revision(&kl_caps);
}

/**
 * kl_vmx_is_on - is this CPU in VMX operation for us?
 *
 * Context: Preemption off for a result that lasts.
 *
 * Return: true between VMXON and VMXOFF.
 */
bool kl_vmx_is_on(void)
{
	return raw_cpu_read(vmx_on);
}

/**
 * kl_vpid_alloc - a virtual-processor identifier nobody else uses
 *
 * Return: 1 to 65535, or 0 if there is none left: the vCPU then runs without
 * VPID, and each transition flushes its linear mappings.
 */
u16 kl_vpid_alloc(void)
{
	int id = ida_alloc_range(&vpids, 1, U16_MAX, GFP_KERNEL_ACCOUNT);

	return id < 0 ? 0 : id;
}

/**
 * kl_vpid_free - give a VPID back
 * @vpid: from kl_vpid_alloc(), 0 is fine
 */
void kl_vpid_free(u16 vpid)
{
	if (vpid)
		ida_free(&vpids, vpid);
}

/* Enter VMX operation on this CPU. Interrupts off. */
static int vmx_on_local(void)
{
	void *region = this_cpu_read(vmxon_region);
	const char *why;
	int ret;

	ret = kl_host_vmx_owner(&why);
	if (ret) {
		pr_err("CPU %d: %s\n", smp_processor_id(), why);
		return ret;
	}
	*(u32 *)region = kl_vmx_revision();
	kl_host_set_vmxe(true);
	if (!vmx_vmxon(__pa(region))) {
		kl_host_set_vmxe(false);
		pr_err("CPU %d: VMXON failed\n", smp_processor_id());
		return -EIO;
	}
	this_cpu_write(vmx_on, true);
	/* Nothing may survive from an earlier hypervisor with the same tags. */
	if (kl_caps_has(&kl_caps, KL_FEAT_EPT))
		vmx_invept(VMX_EPT_EXTENT_GLOBAL, 0);
	if (kl_caps_has(&kl_caps, KL_FEAT_VPID))
		vmx_invvpid(VMX_VPID_EXTENT_ALL_CONTEXT, 0, 0);
	return 0;
}

/* Leave VMX operation on this CPU if it is in it. Interrupts off. */
static void vmx_off_local(void *unused)
{
	if (!this_cpu_read(vmx_on))
		return;
	kl_vmcs_clear_cpu();
	this_cpu_write(vmx_on, false);
	if (!vmx_vmxoff())
		pr_err("CPU %d: VMXOFF failed\n", smp_processor_id());
	kl_host_set_vmxe(false);
}

static int vmx_cpu_online(unsigned int cpu)
{
	struct kl_vmx_caps caps;
	unsigned long flags;
	const char *why;
	int ret;

	kl_caps_read(&caps);
	if (!kl_caps_same(&kl_caps, &caps, &why)) {
		pr_err("CPU %u: its VMX capabilities differ from those of the others in %s\n",
		       cpu, why);
		return -EIO;
	}
	local_irq_save(flags);
	ret = vmx_on_local();
	local_irq_restore(flags);
	return ret;
}

static int vmx_cpu_offline(unsigned int cpu)
{
	unsigned long flags;

	local_irq_save(flags);
	vmx_off_local(NULL);
	local_irq_restore(flags);
	return 0;
}

static void vmx_suspend(void)
{
	vmx_off_local(NULL);
}

static void vmx_resume(void)
{
	vmx_on_local();
}

static void vmx_shutdown(void)
{
	on_each_cpu(vmx_off_local, NULL, 1);
}

static const struct kl_host_power vmx_power = {
	.suspend = vmx_suspend,
	.resume = vmx_resume,
	.shutdown = vmx_shutdown,
};

/* A crash or an emergency reboot; perhaps in an NMI. */
static void vmx_emergency(void)
{
	if (!this_cpu_read(vmx_on))
		return;
	this_cpu_write(vmx_on, false);
	kl_vmcs_emergency();
	vmx_vmxoff();
}

static void vmx_free_regions(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		free_page((unsigned long)per_cpu(vmxon_region, cpu));
		per_cpu(vmxon_region, cpu) = NULL;
	}
}

static int vmx_alloc_regions(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		kl_vmcs_init_cpu(cpu);
		per_cpu(vmxon_region, cpu) = (void *)get_zeroed_page(GFP_KERNEL);
		if (!per_cpu(vmxon_region, cpu)) {
			vmx_free_regions();
			return -ENOMEM;
		}
	}
	return 0;
}

/**
 * kl_vmx_init - take VMX on all CPUs
 *
 * Return: 0; -ENODEV without VT-x or with VT-x locked off by the firmware,
 * -EBUSY if another hypervisor holds it, -EIO if a CPU differs from the others
 * or VMXON failed, -ENOMEM. One line in the kernel log says why.
 */
int kl_vmx_init(void)
{
	const char *why;
	int ret;

	preempt_disable();
	ret = kl_host_vmx_owner(&why);
	preempt_enable();
	if (ret) {
		pr_err("%s\n", why);
		return ret;
	}
	kl_caps_read(&kl_caps);

	ret = kl_host_init();
	if (ret)
		return ret;
	ret = vmx_alloc_regions();
	if (ret)
		goto out_host;
	kl_host_emergency_init(vmx_emergency);
	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "virt/kvmlite:online", vmx_cpu_online,
				vmx_cpu_offline);
	if (ret < 0)
		goto out_emergency;
	hotplug_state = ret;
	kl_host_power_init(&vmx_power);
	return 0;

out_emergency:
	kl_host_emergency_exit(vmx_emergency);
	vmx_free_regions();
out_host:
	kl_host_exit();
	return ret;
}

/**
 * kl_vmx_exit - leave VMX operation everywhere
 *
 * No VMCS exists any more: VMs hold the module.
 */
void kl_vmx_exit(void)
{
	kl_host_power_exit();
	cpuhp_remove_state(hotplug_state);
	kl_host_emergency_exit(vmx_emergency);
	vmx_free_regions();
	ida_destroy(&vpids);
	kl_host_exit();
}
