// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a VM dies and what is left of it: a guest that cannot go on ends its VM
 * with a reason in words, later ioctls are refused, and the counters can be
 * read through descriptors in the format of KVM_GET_STATS_FD.
 */
#include "test.h"
#include "kvmlite.h"

static void guest_wild(void)
{
	((void (*)(void))(uintptr_t)KL_MMIO)();
	g_done();
}

/* A dead VM answers nothing but the question why. */
TEST(dead_vm)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvmlite_death d = { 0 };
	struct kvm_regs r;

	if (!kl_is_kvmlite())
		kl_skip("not kvm-lite");
	kl_ok(ioctl(vm->fd, KVMLITE_GET_DEATH_REASON, &d));
	kl_eq(d.cause, KVMLITE_DEATH_NONE);
	kl_long(v, guest_wild);
	kl_try_run(v);
	kl_ok(ioctl(vm->fd, KVMLITE_GET_DEATH_REASON, &d));
	if (d.cause == KVMLITE_DEATH_NONE)
		kl_skip("the module handed this guest to its client alive");
	kl_eq(d.cause, KVMLITE_DEATH_KILLED);
	kl_eq(d.vcpu_id, 0);
	kl_check(memchr(d.text, 0, sizeof(d.text)) && strlen(d.text) > 8);
	printf("# %s\n", d.text);
	kl_eq(kl_try_run(v), -EIO);
	kl_errno(ioctl(v->fd, KVM_GET_REGS, &r), EIO);
	kl_errno(ioctl(vm->fd, KVM_CREATE_VCPU, 1), EIO);
	kl_eq(kl_try_slot(vm, 0, 0, 0, 0, vm->mem), -EIO);
	/* The first reason stays. */
	d.text[0] = 0;
	kl_ok(ioctl(vm->fd, KVMLITE_GET_DEATH_REASON, &d));
	kl_check(d.text[0]);
	kl_vm_free(vm);
	/* Another VM does not care. */
	vm = kl_vm_new();
	kl_vcpu_new(vm, 0);
	kl_vm_free(vm);
}

static void guest_cpuids(void)
{
	uint32_t r[4];
	int i;

	for (i = 0; i < 10; i++)
		g_cpuid(0, 0, r);
	g_done();
}

/* Header, id, descriptors and data lie where the header says, and are sane. */
static void format(int fd)
{
	struct kvm_stats_header h;
	struct kvm_stats_desc *d;
	char id[256], *raw;
	unsigned int i, j;
	uint64_t value;
	size_t size;
	int sfd = kl_ok(ioctl(fd, KVM_GET_STATS_FD, NULL));

	kl_eq(pread(sfd, &h, sizeof(h), 0), sizeof(h));
	kl_eq(h.flags, 0);
	kl_check(h.name_size > 0 && h.name_size <= sizeof(id));
	kl_check(h.num_desc > 0 && h.num_desc < 4096);
	kl_check(h.id_offset >= sizeof(h) && h.desc_offset >= sizeof(h));
	kl_eq(h.desc_offset % 8, 0);
	kl_eq(h.data_offset % 8, 0);
	kl_eq(pread(sfd, id, h.name_size, h.id_offset), h.name_size);
	kl_check(id[0] && memchr(id, 0, h.name_size));
	size = sizeof(*d) + h.name_size;
	raw = malloc(size * h.num_desc);
	kl_check(raw);
	kl_eq(pread(sfd, raw, size * h.num_desc, h.desc_offset),
	      size * h.num_desc);
	for (i = 0; i < h.num_desc; i++) {
		d = (struct kvm_stats_desc *)(raw + i * size);
		if (!memchr(d + 1, 0, h.name_size) || !*(char *)(d + 1))
			kl_fail("counter %u has no name: '%.*s'", i,
				(int)h.name_size, (char *)(d + 1));
		kl_check((d->flags & KVM_STATS_TYPE_MASK) <= KVM_STATS_TYPE_MAX);
		kl_check(d->size >= 1);
		kl_eq(d->offset % 8, 0);
		kl_eq(pread(sfd, &value, 8, h.data_offset + d->offset), 8);
		for (j = 0; j < i; j++)
			kl_check(strcmp((char *)(d + 1), raw + j * size +
					sizeof(*d)));
	}
	/* Beyond the end there is nothing; it cannot be written. */
	kl_eq(pread(sfd, &value, 8, 1 << 20), 0);
	kl_check(pwrite(sfd, &value, 8, 0) < 0);
	free(raw);
	close(sfd);
}

TEST(stats)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	uint64_t a, b;

	kl_need_cap(NULL, KVM_CAP_BINARY_STATS_FD);
	format(vm->fd);
	format(v->fd);
	if (kl_stat(v->fd, "exit_cpuid", &a)) {
		kl_long(v, guest_cpuids);
		kl_done(v);
		kl_check(kl_stat(v->fd, "exit_cpuid", &b));
		kl_eq(b - a, 10);
	} else if (kl_is_kvmlite()) {
		kl_fail("no counter exit_cpuid among the stats");
	}
	kl_vm_free(vm);
}

/* A stats descriptor holds its VM: reading it after all else is closed works. */
TEST(stats_outlive)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_stats_header h;
	int a, b;

	kl_need_cap(NULL, KVM_CAP_BINARY_STATS_FD);
	a = kl_ok(ioctl(vm->fd, KVM_GET_STATS_FD, NULL));
	b = kl_ok(ioctl(v->fd, KVM_GET_STATS_FD, NULL));
	kl_vm_free(vm);
	kl_eq(pread(a, &h, sizeof(h), 0), sizeof(h));
	kl_eq(pread(b, &h, sizeof(h), 0), sizeof(h));
	close(a);
	close(b);
}
