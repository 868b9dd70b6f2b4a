// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_SET_USER_MEMORY_REGION: what it refuses and what it must take.
 */
#include "test.h"

#define MB BIT(20)

static uint8_t *region(size_t size)
{
	uint8_t *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	kl_check(p != MAP_FAILED);
	return p;
}

TEST(refused)
{
	struct kl_vm *vm = kl_vm_bare();
	uint8_t *p = region(4 * MB);
	int slots = kl_cap(vm, KVM_CAP_NR_MEMSLOTS);

	/* Alignment of each of the three. */
	kl_eq(kl_try_slot(vm, 0, 0, 0x800, MB, p), -EINVAL);
	kl_eq(kl_try_slot(vm, 0, 0, 0, MB + 0x800, p), -EINVAL);
	kl_eq(kl_try_slot(vm, 0, 0, 0, MB, p + 0x800), -EINVAL);
	/* Wraps, and addresses that are not the client's. */
	kl_eq(kl_try_slot(vm, 0, 0, -MB, 2 * MB, p), -EINVAL);
	kl_eq(kl_try_slot(vm, 0, 0, -4096UL, 4096, p), -EINVAL);
	kl_eq(kl_try_slot(vm, 0, 0, 0, -4096UL, p), -EINVAL);
	kl_eq(kl_try_slot(vm, 0, 0, 0, MB, (void *)0xffff888000000000), -EINVAL);
	kl_eq(kl_try_slot(vm, 0, 0, 0, 1UL << 62, p), -EINVAL);
	/* Slot numbers, address spaces, flags. */
	kl_eq(kl_try_slot(vm, slots, 0, 0, MB, p), -EINVAL);
	kl_eq(kl_try_slot(vm, 0xffff, 0, 0, MB, p), -EINVAL);
	kl_eq(kl_try_slot(vm, 0x70000, 0, 0, MB, p), -EINVAL);
	kl_eq(kl_try_slot(vm, 0, 1u << 31, 0, MB, p), -EINVAL);
	kl_eq(kl_try_slot(vm, 0, 1u << 12, 0, MB, p), -EINVAL);
	/* Nothing to delete. */
	kl_eq(kl_try_slot(vm, 0, 0, 0, 0, p), -EINVAL);
	kl_errno(ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, NULL), EFAULT);
	/* None of it left a trace. */
	kl_slot(vm, 0, 0, 0, MB, p);
	kl_vm_free(vm);
}

TEST(overlap_and_change)
{
	struct kl_vm *vm = kl_vm_bare();
	uint8_t *p = region(8 * MB);

	kl_slot(vm, 0, 0, MB, 2 * MB, p);
	kl_eq(kl_try_slot(vm, 1, 0, 0, 2 * MB, p), -EEXIST);
	kl_eq(kl_try_slot(vm, 1, 0, 3 * MB - 4096, 4096, p), -EEXIST);
	kl_eq(kl_try_slot(vm, 1, 0, 2 * MB, 4096, p), -EEXIST);
	kl_slot(vm, 1, 0, 3 * MB, MB, p + 2 * MB);
	kl_slot(vm, 2, 0, 0, MB, p + 3 * MB);
	/* A slot cannot be resized or rebased; it can be moved and deleted. */
	kl_eq(kl_try_slot(vm, 0, 0, MB, MB, p), -EINVAL);
	kl_eq(kl_try_slot(vm, 0, 0, MB, 2 * MB, p + MB), -EINVAL);
	kl_slot(vm, 0, 0, MB, 2 * MB, p);
	kl_eq(kl_try_slot(vm, 0, 0, 2 * MB, 2 * MB, p), -EEXIST);
	kl_slot(vm, 0, 0, 16 * MB, 2 * MB, p);
	kl_slot(vm, 3, 0, MB, 2 * MB, p);
	kl_slot(vm, 0, 0, 16 * MB, 0, p);
	kl_eq(kl_try_slot(vm, 0, 0, 16 * MB, 0, p), -EINVAL);
	kl_slot(vm, 4, 0, 16 * MB, MB, p);
	/* The same memory may be in two slots. */
	kl_slot(vm, 5, 0, 32 * MB, MB, p);
	kl_vm_free(vm);
}

TEST(many)
{
	struct kl_vm *vm = kl_vm_bare();
	int i, n = kl_cap(vm, KVM_CAP_NR_MEMSLOTS);
	uint8_t *p = region(4096);

	kl_check(n > 0);
	if (n > 300)
		n = 300;
	for (i = 0; i < n; i++)
		kl_slot(vm, i, 0, (uint64_t)i * 8192, 4096, p);
	for (i = 0; i < n; i += 2)
		kl_slot(vm, i, 0, 0, 0, p);
	for (i = 0; i < n; i += 2)
		kl_slot(vm, i, 0, (uint64_t)i * 8192 + 4096, 4096, p);
	/* The last number there is. */
	kl_slot(vm, kl_cap(vm, KVM_CAP_NR_MEMSLOTS) - 1, 0, 1UL << 32, 4096, p);
	kl_vm_free(vm);
}

static void guest_reads(void)
{
	for (;;)
		g_sync(*(volatile uint64_t *)KL_MMIO);
}

/* A guest sees each change of the slots at its next access. */
TEST(seen_by_the_guest)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	uint8_t *p = region(2 * MB);
	uint64_t answer = 77;

	*(uint64_t *)p = 1;
	*(uint64_t *)(p + MB) = 2;
	kl_long(v, guest_reads);
	kl_slot(vm, 1, 0, KL_MMIO, MB, p);
	kl_eq(kl_sync(v), 1);
	kl_slot(vm, 1, 0, KL_MMIO, 0, p);
	kl_expect(v, KVM_EXIT_MMIO);
	kl_eq(v->run->mmio.phys_addr, KL_MMIO);
	kl_eq(v->run->mmio.len, 8);
	memcpy(v->run->mmio.data, &answer, 8);
	kl_eq(kl_sync(v), 77);
	kl_slot(vm, 1, 0, KL_MMIO, MB, p + MB);
	kl_eq(kl_sync(v), 2);
	/* Moved away, another one in its place. */
	kl_slot(vm, 1, 0, KL_MMIO + 16 * MB, MB, p + MB);
	kl_slot(vm, 2, 0, KL_MMIO, MB, p);
	kl_eq(kl_sync(v), 1);
	kl_vm_free(vm);
}
