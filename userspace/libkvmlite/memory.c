// SPDX-License-Identifier: GPL-2.0-only
/* Guest RAM and its memory slots: see memory.h. */
#include <errno.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "memory.h"

#define KL_HUGE (2ull << 20)

/**
 * kl_mem_host_total() - the host's memory
 * @total: bytes, as MemTotal in /proc/meminfo says
 *
 * Return: 0, or -1 if it cannot be read.
 */
int kl_mem_host_total(uint64_t *total)
{
	unsigned long long kib;
	FILE *f = fopen("/proc/meminfo", "re");
	int n;

	if (!f)
		return -1;
	n = fscanf(f, "MemTotal: %llu kB", &kib);
	fclose(f);
	if (n != 1)
		return -1;
	*total = kib << 10;
	return 0;
}

/**
 * kl_mem_alloc() - reserve guest RAM
 * @mem: filled in
 * @size: bytes, a multiple of 4096
 * @err: the reason of a failure
 *
 * The memory is zero, takes host memory when it is touched, and is aligned so
 * that the host can back it with 2M pages at 2M-aligned guest addresses.
 *
 * Return: 0 or -1.
 */
int kl_mem_alloc(struct kl_mem *mem, uint64_t size, struct kl_err *err)
{
	uint64_t total;
	uint8_t *p, *aligned;

	if (!kl_mem_host_total(&total) && size > total)
		return kl_err(err, "--mem %lluM: the host has only %lluM",
			      (unsigned long long)size >> 20,
			      (unsigned long long)total >> 20);
	p = mmap(NULL, size + KL_HUGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return kl_err(err, "--mem %lluM: the host does not give that much: %s",
			      (unsigned long long)size >> 20, strerror(errno));
	aligned = (uint8_t *)(((uintptr_t)p + KL_HUGE - 1) & ~(KL_HUGE - 1));
	if (aligned > p)
		munmap(p, aligned - p);
	if (aligned < p + KL_HUGE)
		munmap(aligned + size, p + KL_HUGE - aligned);
	/* Both are advice: a kernel without them runs the guest as well. */
	madvise(aligned, size, MADV_HUGEPAGE);
	madvise(aligned, size, MADV_DONTDUMP);
	mem->hva = aligned;
	mem->size = size;
	mem->low = size < KL_LOW_MAX_GPA ? size : KL_LOW_MAX_GPA;
	return 0;
}

/**
 * kl_mem_free() - give guest RAM back
 * @mem: what kl_mem_alloc() filled in, or zero
 */
void kl_mem_free(struct kl_mem *mem)
{
	if (mem->hva)
		munmap(mem->hva, mem->size);
	memset(mem, 0, sizeof(*mem));
}

static int kl_slot(int vm_fd, unsigned int slot, kl_gpa_t gpa, uint64_t size,
		   void *hva, struct kl_err *err)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)hva,
	};

	if (ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &region) < 0)
		return kl_err(err, "cannot give the guest %lluM of memory at %#llx: %s",
			      (unsigned long long)size >> 20,
			      (unsigned long long)gpa, strerror(errno));
	return 0;
}

/**
 * kl_mem_register() - make the RAM a VM's memory slots 0 and 1
 * @mem: the RAM
 * @vm_fd: the VM
 * @err: the reason of a failure
 *
 * Return: 0 or -1.
 */
int kl_mem_register(const struct kl_mem *mem, int vm_fd, struct kl_err *err)
{
	if (kl_slot(vm_fd, 0, 0, mem->low, mem->hva, err))
		return -1;
	if (mem->size == mem->low)
		return 0;
	return kl_slot(vm_fd, 1, KL_HIGH_GPA, mem->size - mem->low,
		       mem->hva + mem->low, err);
}

/**
 * kl_mem_ptr() - where guest memory is in the runner
 * @mem: the RAM
 * @gpa: guest-physical address of the first byte
 * @len: bytes
 *
 * Return: the host virtual address of @gpa if all @len bytes are RAM and
 * contiguous, else NULL.
 */
void *kl_mem_ptr(const struct kl_mem *mem, kl_gpa_t gpa, uint64_t len)
{
	if (gpa < mem->low)
		return len <= mem->low - gpa ? mem->hva + gpa : NULL;
	if (gpa < KL_HIGH_GPA || gpa - KL_HIGH_GPA >= mem->size - mem->low)
		return NULL;
	gpa -= KL_HIGH_GPA;
	if (len > mem->size - mem->low - gpa)
		return NULL;
	return mem->hva + mem->low + gpa;
}

/**
 * kl_mem_write() - copy into guest memory
 * @mem: the RAM
 * @gpa: guest-physical address of the first byte
 * @src: what to copy
 * @len: bytes
 *
 * Return: 0, or -1 if the range is not RAM.
 */
int kl_mem_write(const struct kl_mem *mem, kl_gpa_t gpa, const void *src,
		 uint64_t len)
{
	void *dst = kl_mem_ptr(mem, gpa, len);

	if (!dst)
		return -1;
	memcpy(dst, src, len);
	return 0;
}
