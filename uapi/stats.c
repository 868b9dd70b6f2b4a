// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters: named here, counted where the thing happens.
 *
 * tour 65: one table names each counter once; KVM_GET_STATS_FD and debugfs are
 * two views of it. The descriptor's layout is that of "KVM_GET_STATS_FD" in the
 * kernel's Documentation/virt/kvm/api.rst: header, id, descriptors, values.
 */
#include <linux/anon_inodes.h>
#include <linux/ctype.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/kvm.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../vmx/explain.h"
#include "internal.h"
#include "object.h"

/* Bytes of a counter's name and of the id string, NUL included. */
#define KL_STATS_NAME 48

/**
 * struct kl_stat - one counter
 * @name: stable
 * @flags: KVM_STATS_* type, unit and base
 * @width: bytes of the counter: 4 or 8
 * @offset: of the counter in struct kl_vm or struct kl_vcpu
 */
struct kl_stat {
	const char *name;
	u32 flags;
	u32 width;
	size_t offset;
};

#define KL_STAT(name_, type_, object_, member_)					\
	{ .name = (name_), .flags = KVM_STATS_TYPE_##type_ | KVM_STATS_UNIT_NONE |	\
	  KVM_STATS_BASE_POW10, .width = sizeof_field(object_, member_),		\
	  .offset = offsetof(object_, member_) }

static const struct kl_stat kl_vm_stats[] = {
	KL_STAT("vcpus", INSTANT, struct kl_vm, nr_vcpus),
	KL_STAT("pages_4k", INSTANT, struct kl_vm, mmu.pages_4k),
	KL_STAT("pages_2m", INSTANT, struct kl_vm, mmu.pages_2m),
	KL_STAT("pages_1g", INSTANT, struct kl_vm, mmu.pages_1g),
	KL_STAT("page_tables", INSTANT, struct kl_vm, mmu.tables),
	KL_STAT("remote_tlb_flush", CUMULATIVE, struct kl_vm, mmu.flushes),
	KL_STAT("pages_unmapped", CUMULATIVE, struct kl_vm, mmu.zapped),
};

/* The exits by reason follow these. */
static const struct kl_stat kl_vcpu_stats[] = {
	KL_STAT("ept_faults", CUMULATIVE, struct kl_vcpu, mmu.faults),
	KL_STAT("ept_faults_mapped", CUMULATIVE, struct kl_vcpu, mmu.mapped),
	KL_STAT("ept_faults_mmio", CUMULATIVE, struct kl_vcpu, mmu.mmio),
	KL_STAT("ept_faults_retried", CUMULATIVE, struct kl_vcpu, mmu.retried),
	KL_STAT("fast_exits", CUMULATIVE, struct kl_vcpu, vmx.fast_exits),
	KL_STAT("failed_entries", CUMULATIVE, struct kl_vcpu, vmx.failed_entries),
};

/**
 * struct kl_stats_file - what a statistics descriptor stands for
 * @vm: the VM, held
 * @vcpu: the vCPU, NULL for the VM's own
 */
struct kl_stats_file {
	struct kl_vm *vm;
	struct kl_vcpu *vcpu;
};

/* How the file is laid out, the same for all VMs, and for all vCPUs. */
struct kl_stats_layout {
	unsigned int nr;
	unsigned int desc_size;
	unsigned int id_offset;
	unsigned int desc_offset;
	unsigned int data_offset;
	unsigned int size;
};

static u64 kl_stat_value(const struct kl_stat *stat, const void *object)
{
	const void *p = object + stat->offset;

	return stat->width == sizeof(u32) ? READ_ONCE(*(const u32 *)p) :
					    READ_ONCE(*(const u64 *)p);
}

/* "exit_" and the SDM's name of the reason in lower case, one word. */
static void kl_exit_stat_name(unsigned int reason, char *name)
{
	int n = snprintf(name, KL_STATS_NAME, "exit_");
	const char *s = kl_exit_reason_name(reason);

	/* The SDM names no such reason. */
	if (s == kl_exit_reason_name(U16_MAX)) {
		snprintf(name + n, KL_STATS_NAME - n, "%u", reason);
		return;
	}
	for (; *s && n < KL_STATS_NAME - 1; s++) {
		if (isalnum(*s))
			name[n++] = tolower(*s);
		else if (name[n - 1] != '_')
			name[n++] = '_';
	}
	/* A name that ended in a bracket. */
	while (name[n - 1] == '_')
		n--;
	name[n] = '\0';
}

/* Name, flags and value of counter @i of a VM or, with @vcpu, of a vCPU. */
static bool kl_stat_get(struct kl_vm *vm, struct kl_vcpu *vcpu, unsigned int i, char *name,
			u32 *flags, u64 *value)
{
	const struct kl_stat *stats = vcpu ? kl_vcpu_stats : kl_vm_stats;
	unsigned int nr = vcpu ? ARRAY_SIZE(kl_vcpu_stats) : ARRAY_SIZE(kl_vm_stats);

	if (i < nr) {
		strscpy(name, stats[i].name, KL_STATS_NAME);
		*flags = stats[i].flags;
		*value = kl_stat_value(&stats[i], vcpu ? (void *)vcpu : (void *)vm);
		return true;
	}
	i -= nr;
	if (!vcpu || i >= KL_EXIT_REASONS)
		return false;
	kl_exit_stat_name(i, name);
	*flags = KVM_STATS_TYPE_CUMULATIVE | KVM_STATS_UNIT_NONE | KVM_STATS_BASE_POW10;
	*value = READ_ONCE(vcpu->vmx.exits[i]);
	return true;
}

static void kl_stats_show(struct seq_file *m, struct kl_vm *vm, struct kl_vcpu *vcpu)
{
	char name[KL_STATS_NAME];
	unsigned int i;
	u32 flags;
	u64 value;

	for (i = 0; kl_stat_get(vm, vcpu, i, name, &flags, &value); i++)
		seq_printf(m, "%s %llu\n", name, value);
}

/**
 * kl_stats_show_vm - print a VM's counters
 * @m: where to
 * @vm: the VM
 */
void kl_stats_show_vm(struct seq_file *m, struct kl_vm *vm)
{
	kl_stats_show(m, vm, NULL);
}

/**
 * kl_stats_show_vcpu - print a vCPU's counters
 * @m: where to
 * @vcpu: the vCPU
 */
void kl_stats_show_vcpu(struct seq_file *m, struct kl_vcpu *vcpu)
{
	kl_stats_show(m, vcpu->vm, vcpu);
}

static void kl_stats_lay_out(struct kl_vcpu *vcpu, struct kl_stats_layout *l)
{
	l->nr = vcpu ? ARRAY_SIZE(kl_vcpu_stats) + KL_EXIT_REASONS : ARRAY_SIZE(kl_vm_stats);
	/* In the kernel the structure has the name inside, in the ABI behind it. */
	l->desc_size = offsetof(struct kvm_stats_desc, name) + KL_STATS_NAME;
	l->id_offset = sizeof(struct kvm_stats_header);
	l->desc_offset = l->id_offset + KL_STATS_NAME;
	l->data_offset = l->desc_offset + l->nr * l->desc_size;
	l->size = l->data_offset + l->nr * sizeof(u64);
}

static void kl_stats_fill(const struct kl_stats_file *f, const struct kl_stats_layout *l,
			  void *image)
{
	struct kvm_stats_header *head = image;
	u64 *data = image + l->data_offset;
	struct kvm_stats_desc *desc;
	unsigned int i;

	head->name_size = KL_STATS_NAME;
	head->num_desc = l->nr;
	head->id_offset = l->id_offset;
	head->desc_offset = l->desc_offset;
	head->data_offset = l->data_offset;
	if (f->vcpu)
		snprintf(image + l->id_offset, KL_STATS_NAME, "kvmlite-vm%u/vcpu%u", f->vm->id,
			 f->vcpu->id);
	else
		snprintf(image + l->id_offset, KL_STATS_NAME, "kvmlite-vm%u", f->vm->id);
	for (i = 0; i < l->nr; i++) {
		desc = image + l->desc_offset + i * l->desc_size;
		kl_stat_get(f->vm, f->vcpu, i, desc->name, &desc->flags, &data[i]);
		desc->size = 1;
		desc->offset = i * sizeof(u64);
	}
}

static ssize_t kl_stats_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	const struct kl_stats_file *f = file->private_data;
	struct kl_stats_layout l;
	ssize_t ret;
	void *image;

	kl_stats_lay_out(f->vcpu, &l);
	image = kvzalloc(l.size, GFP_KERNEL);
	if (!image)
		return -ENOMEM;
	kl_stats_fill(f, &l, image);
	ret = simple_read_from_buffer(buf, len, pos, image, l.size);
	kvfree(image);
	return ret;
}

static int kl_stats_release(struct inode *inode, struct file *file)
{
	struct kl_stats_file *f = file->private_data;

	kl_vm_put(f->vm);
	kfree(f);
	return 0;
}

static const struct file_operations kl_stats_fops = {
	.owner = THIS_MODULE,
	.release = kl_stats_release,
	.read = kl_stats_read,
	.llseek = noop_llseek,
};

static long kl_stats_fd(struct kl_vm *vm, struct kl_vcpu *vcpu)
{
	struct kl_stats_file *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	struct file *file;
	int fd;

	if (!f)
		return -ENOMEM;
	f->vm = vm;
	f->vcpu = vcpu;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		goto out_free;
	file = anon_inode_getfile("kvmlite-stats", &kl_stats_fops, f, O_RDONLY);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		fd = PTR_ERR(file);
		goto out_free;
	}
	/* pread() is how clients read the values again and again. */
	file->f_mode |= FMODE_PREAD;
	kl_vm_get(vm);
	fd_install(fd, file);
	return fd;

out_free:
	kfree(f);
	return fd;
}

/**
 * kl_vm_stats_fd - KVM_GET_STATS_FD on a VM
 * @call: nothing
 *
 * Return: a descriptor to read the VM's counters from; -ENOMEM; -EMFILE.
 */
long kl_vm_stats_fd(struct kl_call *call)
{
	return kl_stats_fd(call->vm, NULL);
}

/**
 * kl_vcpu_stats_fd - KVM_GET_STATS_FD on a vCPU
 * @call: nothing
 *
 * Return: a descriptor to read the vCPU's counters from; -ENOMEM; -EMFILE.
 */
long kl_vcpu_stats_fd(struct kl_call *call)
{
	return kl_stats_fd(call->vm, call->vcpu);
}
