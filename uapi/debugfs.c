// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/kvmlite: counters and reasons of death, to be read with cat.
 *
 *   vm<id>/stats                 the VM's counters
 *   vm<id>/death                 why it died, or why its last VM entry failed
 *   vm<id>/vcpu<id>/exits        VM exits by reason, those that happened
 *   vm<id>/vcpu<id>/stats        all counters of the vCPU
 *   vm<id>/vcpu<id>/tid          thread that last called KVM_RUN
 *
 * Everything here may be missing: without debugfs the module works the same.
 */
#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "../vmx/explain.h"
#include "../vmx/kill.h"
#include "internal.h"
#include "kvmlite.h"
#include "object.h"

static struct dentry *kl_debugfs_root;

static int kl_vm_stats_show(struct seq_file *m, void *unused)
{
	kl_stats_show_vm(m, m->private);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(kl_vm_stats);

static int kl_vm_death_show(struct seq_file *m, void *unused)
{
	static const char * const causes[] = {
		[KVMLITE_DEATH_NONE] = "alive",
		[KVMLITE_DEATH_KILLED] = "killed",
		[KVMLITE_DEATH_ENTRY] = "VM entry refused",
	};
	struct kvmlite_death *death = kzalloc(sizeof(*death), GFP_KERNEL);

	if (!death)
		return -ENOMEM;
	kl_death_get(m->private, death);
	seq_printf(m, "%s\n", causes[death->cause]);
	if (death->cause && death->vcpu_id != ~0u)
		seq_printf(m, "vcpu %u, hardware reason %#llx\n", death->vcpu_id,
			   death->hw_reason);
	if (death->text[0])
		seq_printf(m, "%s\n", death->text);
	kfree(death);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(kl_vm_death);

static int kl_vcpu_exits_show(struct seq_file *m, void *unused)
{
	struct kl_vcpu *vcpu = m->private;
	unsigned int i;

	for (i = 0; i < KL_EXIT_REASONS; i++)
		if (READ_ONCE(vcpu->vmx.exits[i]))
			seq_printf(m, "%2u %-32s %llu\n", i, kl_exit_reason_name(i),
				   READ_ONCE(vcpu->vmx.exits[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(kl_vcpu_exits);

static int kl_vcpu_stats_show(struct seq_file *m, void *unused)
{
	kl_stats_show_vcpu(m, m->private);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(kl_vcpu_stats);

static int kl_vcpu_tid_show(struct seq_file *m, void *unused)
{
	struct kl_vcpu *vcpu = m->private;

	seq_printf(m, "%d\n", READ_ONCE(vcpu->tid));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(kl_vcpu_tid);

/**
 * kl_debugfs_init - make the module's directory
 */
void kl_debugfs_init(void)
{
	kl_debugfs_root = debugfs_create_dir("kvmlite", NULL);
}

/**
 * kl_debugfs_exit - remove it
 */
void kl_debugfs_exit(void)
{
	debugfs_remove_recursive(kl_debugfs_root);
}

/**
 * kl_debugfs_vm_init - make a VM's directory
 * @vm: the VM
 */
void kl_debugfs_vm_init(struct kl_vm *vm)
{
	char name[16];

	snprintf(name, sizeof(name), "vm%u", vm->id);
	vm->debugfs = debugfs_create_dir(name, kl_debugfs_root);
	debugfs_create_file("stats", 0400, vm->debugfs, vm, &kl_vm_stats_fops);
	debugfs_create_file("death", 0400, vm->debugfs, vm, &kl_vm_death_fops);
}

/**
 * kl_debugfs_vm_exit - remove a VM's directory with those of its vCPUs
 * @vm: the VM
 *
 * Waits for readers: after it none looks at the VM or its vCPUs.
 */
void kl_debugfs_vm_exit(struct kl_vm *vm)
{
	debugfs_remove_recursive(vm->debugfs);
}

/**
 * kl_debugfs_vcpu_init - make a vCPU's directory
 * @vcpu: the vCPU, published
 */
void kl_debugfs_vcpu_init(struct kl_vcpu *vcpu)
{
	struct dentry *dir;
	char name[16];

	snprintf(name, sizeof(name), "vcpu%u", vcpu->id);
	dir = debugfs_create_dir(name, vcpu->vm->debugfs);
	debugfs_create_file("exits", 0400, dir, vcpu, &kl_vcpu_exits_fops);
	debugfs_create_file("stats", 0400, dir, vcpu, &kl_vcpu_stats_fops);
	debugfs_create_file("tid", 0400, dir, vcpu, &kl_vcpu_tid_fops);
}
