/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files behind the descriptors share among themselves.
 */
#ifndef _KL_UAPI_INTERNAL_H
#define _KL_UAPI_INTERNAL_H

#ifndef pr_fmt
#define pr_fmt(fmt) "kvmlite: " fmt
#endif

#include <linux/printk.h>
#include <linux/types.h>

#include "ioctl.h"

struct kl_vcpu;
struct kl_vm;
struct seq_file;

/* Pages of a vCPU's mapping: kvm_run, port I/O data, coalesced MMIO ring. */
#define KL_VCPU_MMAP_PAGES 3

/* Entries of a GSI routing table, and KVM_CAP_IRQ_ROUTING. */
#define KL_MAX_IRQ_ROUTES 4096

/* vm.c */
int kl_vm_create_fd(void);
void kl_vm_get(struct kl_vm *vm);
void kl_vm_put(struct kl_vm *vm);

/* vcpu.c */
long kl_vcpu_create_fd(struct kl_vm *vm, unsigned long id);
void kl_vcpu_destroy(struct kl_vcpu *vcpu);

/* vm_irq.c */
long kl_vm_create_irqchip(struct kl_call *call);
long kl_vm_create_pit(struct kl_call *call);
long kl_vm_create_pit2(struct kl_call *call);
long kl_vm_irq_line(struct kl_call *call);
long kl_vm_irq_line_status(struct kl_call *call);
long kl_vm_get_irqchip(struct kl_call *call);
long kl_vm_set_irqchip(struct kl_call *call);
long kl_vm_get_pit2(struct kl_call *call);
long kl_vm_set_pit2(struct kl_call *call);
long kl_vm_reinject_control(struct kl_call *call);
long kl_vm_signal_msi(struct kl_call *call);
long kl_vm_set_gsi_routing(struct kl_call *call);

/* state.c */
long kl_vcpu_get_regs(struct kl_call *call);
long kl_vcpu_set_regs(struct kl_call *call);
long kl_vcpu_get_sregs(struct kl_call *call);
long kl_vcpu_set_sregs(struct kl_call *call);
long kl_vcpu_get_fpu(struct kl_call *call);
long kl_vcpu_set_fpu(struct kl_call *call);
long kl_vcpu_get_xsave(struct kl_call *call);
long kl_vcpu_set_xsave(struct kl_call *call);
long kl_vcpu_get_xcrs(struct kl_call *call);
long kl_vcpu_set_xcrs(struct kl_call *call);
long kl_vcpu_get_msrs(struct kl_call *call);
long kl_vcpu_set_msrs(struct kl_call *call);
long kl_vcpu_get_cpuid2(struct kl_call *call);
long kl_vcpu_set_cpuid2(struct kl_call *call);

/* caps.c */
long kl_check_extension(struct kl_call *call);
bool kl_caps_table_ok(void);

/* stats.c */
long kl_vm_stats_fd(struct kl_call *call);
long kl_vcpu_stats_fd(struct kl_call *call);
void kl_stats_show_vm(struct seq_file *m, struct kl_vm *vm);
void kl_stats_show_vcpu(struct seq_file *m, struct kl_vcpu *vcpu);

/* debugfs.c */
void kl_debugfs_init(void);
void kl_debugfs_exit(void);
void kl_debugfs_vm_init(struct kl_vm *vm);
void kl_debugfs_vm_exit(struct kl_vm *vm);
void kl_debugfs_vcpu_init(struct kl_vcpu *vcpu);

#endif /* _KL_UAPI_INTERNAL_H */
