/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctl ABI of <linux/kvm.h> as functions whose errors are sentences.
 * Works on /dev/kvmlite and on any other device that speaks the same ABI.
 */
#ifndef KL_USER_API_H
#define KL_USER_API_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define KL_MAX_CPUID 256

/**
 * struct kl_cpuid - a CPUID table with room for its entries
 * @head: what the ioctls take
 * @entries: storage of @head's flexible array
 */
struct kl_cpuid {
	struct kvm_cpuid2 head;
	struct kvm_cpuid_entry2 entries[KL_MAX_CPUID];
};

/**
 * struct kl_vcpu_fd - a vCPU as the kernel shows it
 * @fd: the vCPU's descriptor
 * @id: its number, which is its APIC ID too
 * @run: the mapped struct kvm_run and the pages after it
 * @run_size: bytes mapped at @run
 */
struct kl_vcpu_fd {
	int fd;
	unsigned int id;
	struct kvm_run *run;
	size_t run_size;
};

int kl_api_open(const char *dev, struct kl_err *err);
int kl_api_cap(int fd, unsigned int cap);
int kl_api_create_vm(int sys_fd, const char *dev, struct kl_err *err);
int kl_api_set_options(int vm_fd, bool *own, struct kl_err *err);
int kl_api_create_irqchip(int vm_fd, struct kl_err *err);
int kl_api_set_routing(int vm_fd, struct kl_err *err);
int kl_api_irq_line(int vm_fd, unsigned int gsi, bool level);
int kl_api_create_vcpu(int sys_fd, int vm_fd, unsigned int id,
		       struct kl_vcpu_fd *vcpu, struct kl_err *err);
void kl_api_destroy_vcpu(struct kl_vcpu_fd *vcpu);
int kl_api_supported_cpuid(int sys_fd, struct kl_cpuid *cpuid,
			   struct kl_err *err);
int kl_api_set_msr(int vcpu_fd, uint32_t index, uint64_t value);
int kl_api_death_reason(int vm_fd, char *text, size_t size);

#endif /* KL_USER_API_H */
