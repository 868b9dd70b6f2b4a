// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device descriptor: version, capabilities, CREATE_VM, and what each of the
 * three kinds of descriptor answers to an ioctl it does not know.
 */
#include "test.h"
#include "kvmlite.h"

TEST(version)
{
	int fd = kl_open();

	kl_eq(kl_ok(ioctl(fd, KVM_GET_API_VERSION, 0)), 12);
	kl_errno(ioctl(fd, KVM_GET_API_VERSION, 1), EINVAL);
	kl_eq(kl_ok(ioctl(fd, KVM_GET_VCPU_MMAP_SIZE, 0)), 3 * 4096);
	kl_errno(ioctl(fd, KVM_GET_VCPU_MMAP_SIZE, 1), EINVAL);
	close(fd);
}

/* What this module promises its clients: without these nothing starts. */
static const int needed[] = {
	KVM_CAP_USER_MEMORY, KVM_CAP_DESTROY_MEMORY_REGION_WORKS,
	KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, KVM_CAP_INTERNAL_ERROR_DATA,
	KVM_CAP_EXT_CPUID, KVM_CAP_IMMEDIATE_EXIT, KVM_CAP_NR_VCPUS,
	KVM_CAP_MAX_VCPUS, KVM_CAP_NR_MEMSLOTS, KVM_CAP_SYNC_MMU,
	KVM_CAP_CHECK_EXTENSION_VM, KVM_CAP_HLT,
};

TEST(capabilities)
{
	struct kl_vm *vm = kl_vm_bare();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(needed); i++) {
		if (!kl_cap(NULL, needed[i]))
			kl_fail("capability %d is not announced", needed[i]);
		kl_eq(kl_cap(vm, needed[i]), kl_cap(NULL, needed[i]));
	}
	kl_check(kl_cap(NULL, KVM_CAP_MAX_VCPUS) >=
		 kl_cap(NULL, KVM_CAP_NR_VCPUS));
	kl_check(kl_cap(NULL, KVM_CAP_NR_MEMSLOTS) >= 32);
	kl_eq(ioctl(vm->sys, KVM_CHECK_EXTENSION, 0x7fffffff), 0);
	kl_eq(ioctl(vm->fd, KVM_CHECK_EXTENSION, 0x7fffffff), 0);
	kl_eq(ioctl(vm->sys, KVM_CHECK_EXTENSION, -1L), 0);
	kl_eq(ioctl(vm->sys, KVM_CHECK_EXTENSION, 1L << 40), 0);
	kl_vm_free(vm);
}

/* ENOTTY; other providers of the ABI say EINVAL on some descriptors. */
static void refused(int fd, unsigned long nr)
{
	static int lite = -1;

	if (lite < 0)
		lite = kl_is_kvmlite();
	kl_eq(ioctl(fd, nr, 0), -1);
	if (errno != ENOTTY && (lite || errno != EINVAL))
		kl_fail("ioctl %#lx: %s, expected ENOTTY", nr, strerror(errno));
}

TEST(unknown_ioctls)
{
	static const unsigned long unknown[] = {
		_IO(KVMIO, 0x3f), _IOW(KVMIO, 0xfe, char[64]),
		_IOR('x', 1, int), _IO(0xeb, 0x7f), _IOWR(0xeb, 0x10, char[8]),
		/* The right number with the wrong size or direction. */
		_IOW(KVMIO, 0x46, char[16]), _IOW(KVMIO, 0x81, struct kvm_regs),
	};
	struct kl_vm *vm = kl_vm_bare();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		refused(vm->sys, unknown[i]);
		refused(vm->fd, unknown[i]);
		refused(v->fd, unknown[i]);
	}
	/* Those of another kind of descriptor. */
	refused(vm->sys, KVM_CREATE_VCPU);
	refused(vm->sys, KVM_RUN);
	refused(vm->fd, KVM_CREATE_VM);
	refused(vm->fd, KVM_RUN);
	refused(v->fd, KVM_CREATE_VM);
	refused(v->fd, KVM_CREATE_VCPU);
	kl_vm_free(vm);
}

TEST(create_vm)
{
	int sys = kl_open(), a, b;

	kl_errno(ioctl(sys, KVM_CREATE_VM, 0x7fff), EINVAL);
	kl_errno(ioctl(sys, KVM_CREATE_VM, -1L), EINVAL);
	a = kl_ok(ioctl(sys, KVM_CREATE_VM, 0));
	b = kl_ok(ioctl(sys, KVM_CREATE_VM, 0));
	kl_check(a != b);
	/* A VM lives on without the device's descriptor. */
	close(sys);
	close(kl_ok(ioctl(a, KVM_CREATE_VCPU, 0)));
	close(a);
	close(b);
}

TEST(create_vcpu)
{
	struct kl_vm *vm = kl_vm_bare();
	int max = kl_cap(vm, KVM_CAP_MAX_VCPU_ID);
	int fd;

	fd = kl_ok(ioctl(vm->fd, KVM_CREATE_VCPU, 0));
	kl_errno(ioctl(vm->fd, KVM_CREATE_VCPU, 0), EEXIST);
	kl_errno(ioctl(vm->fd, KVM_CREATE_VCPU, -1L), EINVAL);
	kl_errno(ioctl(vm->fd, KVM_CREATE_VCPU, 1UL << 31), EINVAL);
	if (!max)
		max = kl_cap(vm, KVM_CAP_MAX_VCPUS);
	kl_errno(ioctl(vm->fd, KVM_CREATE_VCPU, max + 1), EINVAL);
	close(kl_ok(ioctl(vm->fd, KVM_CREATE_VCPU, 3)));
	/* Closing does not free the id: the vCPU lives as long as its VM. */
	kl_errno(ioctl(vm->fd, KVM_CREATE_VCPU, 3), EEXIST);
	close(fd);
	kl_vm_free(vm);
}

TEST(vcpu_mapping)
{
	struct kl_vm *vm = kl_vm_bare();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	volatile uint8_t *p = (volatile uint8_t *)v->run;
	void *m;
	int i;

	for (i = 0; i < 3; i++)
		p[i * 4096 + 100] = p[i * 4096 + 100];
	/* A second mapping shows the same pages. */
	m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	kl_check(m != MAP_FAILED);
	v->run->immediate_exit = 1;
	kl_eq(((struct kvm_run *)m)->immediate_exit, 1);
	munmap(m, 4096);
	/* The device and the VM have nothing to map. */
	kl_check(mmap(NULL, 4096, PROT_READ, MAP_SHARED, vm->sys, 0) ==
		 MAP_FAILED);
	kl_check(mmap(NULL, 4096, PROT_READ, MAP_SHARED, vm->fd, 0) ==
		 MAP_FAILED);
	kl_vm_free(vm);
}

TEST(kvmlite_caps)
{
	struct kvmlite_vmx_caps c = { 0 };
	uint32_t last = 0;
	unsigned int i;
	int fd = kl_open();

	if (!kl_is_kvmlite())
		kl_skip("not kvm-lite");
	kl_eq(kl_ok(ioctl(fd, KVMLITE_GET_VERSION, 0)), KVMLITE_VERSION);
	kl_ok(ioctl(fd, KVMLITE_GET_VMX_CAPS, &c));
	kl_check(c.nr >= 4 && c.nr <= KVMLITE_MAX_VMX_MSRS);
	for (i = 0; i < c.nr; i++) {
		kl_check(c.msr[i].index > last);
		last = c.msr[i].index;
		if (last == 0x480)
			kl_check(c.msr[i].value & 0x7fffffff);
	}
	c.flags = 1;
	kl_errno(ioctl(fd, KVMLITE_GET_VMX_CAPS, &c), EINVAL);
	kl_errno(ioctl(fd, KVMLITE_GET_VMX_CAPS, NULL), EFAULT);
	close(fd);
}
