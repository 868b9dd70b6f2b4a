// SPDX-License-Identifier: GPL-2.0-only
/*
 * State of a vCPU through its ioctls: the power-on state, round trips of
 * registers, segments, FPU, MSRs and CPUID, and the protocol of each.
 */
#include "test.h"

TEST(power_on)
{
	struct kl_vm *vm = kl_vm_bare();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0), *ap = kl_vcpu_new(vm, 1);
	struct kvm_sregs s;
	struct kvm_regs r;
	struct kvm_fpu f;

	kl_get_regs(v, &r);
	kl_eq(r.rip, 0xfff0);
	kl_eq(r.rflags, 2);
	kl_eq(r.rsp, 0);
	kl_get_sregs(v, &s);
	kl_eq(s.cs.selector, 0xf000);
	kl_eq(s.cs.base, 0xffff0000);
	kl_eq(s.cs.limit, 0xffff);
	kl_eq(s.ds.base, 0);
	kl_eq(s.ds.limit, 0xffff);
	kl_eq(s.cr0, 0x60000010);
	kl_eq(s.cr3, 0);
	kl_eq(s.cr4, 0);
	kl_eq(s.efer, 0);
	kl_eq(s.gdt.limit, 0xffff);
	kl_eq(s.idt.limit, 0xffff);
	kl_check(s.tr.present && !s.tr.unusable);
	kl_eq(s.apic_base & 0xfffff000, 0xfee00000);
	kl_eq(s.apic_base & 0x100, 0x100);
	kl_get_sregs(ap, &s);
	kl_eq(s.apic_base & 0x100, 0);
	kl_ok(ioctl(v->fd, KVM_GET_FPU, &f));
	kl_eq(f.fcw, 0x37f);
	kl_vm_free(vm);
}

TEST(registers)
{
	struct kl_vm *vm = kl_vm_bare();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_regs a, b;
	unsigned int i;

	for (i = 0; i < 16; i++)
		((uint64_t *)&a)[i] = 0x1111111111111111ULL * i + 5;
	a.rip = 0x123456;
	a.rflags = 0x246;
	kl_set_regs(v, &a);
	memset(&b, 0xff, sizeof(b));
	kl_get_regs(v, &b);
	kl_eq(memcmp(&a, &b, sizeof(a)), 0);
	kl_errno(ioctl(v->fd, KVM_SET_REGS, NULL), EFAULT);
	kl_errno(ioctl(v->fd, KVM_GET_REGS, NULL), EFAULT);
	kl_vm_free(vm);
}

static void guest_nothing(void)
{
	g_done();
}

TEST(segments)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_sregs a, b;

	kl_long(v, guest_nothing);
	kl_get_sregs(v, &a);
	a.fs.base = 0x7f1234567000;
	a.gs.base = 0xffff888012345000;
	a.ds.selector = 0x18;
	a.es.base = 0x1000;
	a.es.limit = 0xfff;
	a.es.g = 0;
	a.cr2 = 0xdeadbeef000;
	a.ldt.base = 0x5000;
	a.ldt.limit = 0xff;
	a.ldt.present = 1;
	a.ldt.unusable = 0;
	kl_set_sregs(v, &a);
	memset(&b, 0xff, sizeof(b));
	kl_get_sregs(v, &b);
#define SAME(field) kl_eq(memcmp(&a.field, &b.field, sizeof(a.field)), 0)
	SAME(cs); SAME(ds); SAME(es); SAME(fs); SAME(gs); SAME(ss); SAME(tr);
	SAME(ldt);
	kl_eq(a.gdt.base, b.gdt.base);
	kl_eq(a.gdt.limit, b.gdt.limit);
	kl_eq(a.idt.base, b.idt.base);
	kl_eq(a.cr0, b.cr0);
	kl_eq(a.cr2, b.cr2);
	kl_eq(a.cr3, b.cr3);
	kl_eq(a.cr4, b.cr4);
	kl_eq(a.cr8, b.cr8);
	kl_eq(a.efer, b.efer);
	kl_eq(a.apic_base, b.apic_base);
	kl_done(v);
	kl_vm_free(vm);
}

TEST(fpu)
{
	struct kl_vm *vm = kl_vm_bare();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_fpu a, b;
	unsigned int i;

	kl_ok(ioctl(v->fd, KVM_GET_FPU, &a));
	for (i = 0; i < sizeof(a.xmm); i++)
		((uint8_t *)a.xmm)[i] = i ^ 0x5a;
	a.fcw = 0x27f;
	kl_ok(ioctl(v->fd, KVM_SET_FPU, &a));
	memset(&b, 0xff, sizeof(b));
	kl_ok(ioctl(v->fd, KVM_GET_FPU, &b));
	kl_eq(b.fcw, 0x27f);
	kl_eq(memcmp(a.xmm, b.xmm, sizeof(a.xmm)), 0);
	kl_vm_free(vm);
}

/* Values that the CPU or the ABI forbids are refused when they are set. */
TEST(bad_sregs)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_sregs good, s;

	kl_long(v, guest_nothing);
	kl_get_sregs(v, &good);
#define BAD(change)							\
	do {								\
		s = good;						\
		change;							\
		kl_errno(ioctl(v->fd, KVM_SET_SREGS, &s), EINVAL);	\
	} while (0)
	BAD(s.cr4 &= ~0x20ULL);			/* 64-bit without PAE */
	BAD(s.cr4 |= 1ULL << 40);
	BAD(s.cr0 |= 1ULL << 40);
	BAD(s.cr3 |= 1ULL << 60);
	BAD(s.cr0 = (s.cr0 | 1 << 29) & ~(1ULL << 30)); /* NW without CD */
	BAD(s.efer &= ~0x400ULL);		/* paging, LME, no LMA */
	kl_done(v);
	kl_vm_free(vm);
}

TEST(cpuid_protocol)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_cpuid2 *sup = kl_supported_cpuid(), *c;
	size_t size = sizeof(*c) + KL_CPUID_MAX * sizeof(c->entries[0]);
	unsigned int i;

	c = calloc(1, size);
	kl_check(c && sup->nent > 8 && sup->nent <= 256);
	c->nent = 0;
	kl_errno(ioctl(vm->sys, KVM_GET_SUPPORTED_CPUID, c), E2BIG);
	c->nent = sup->nent - 1;
	kl_errno(ioctl(vm->sys, KVM_GET_SUPPORTED_CPUID, c), E2BIG);
	c->nent = sup->nent;
	kl_ok(ioctl(vm->sys, KVM_GET_SUPPORTED_CPUID, c));
	kl_eq(c->nent, sup->nent);
	/* Round trip through the vCPU: bits the module keeps up apart. */
	c->nent = 1;
	kl_errno(ioctl(v->fd, KVM_GET_CPUID2, c), E2BIG);
	c->nent = KL_CPUID_MAX;
	kl_ok(ioctl(v->fd, KVM_GET_CPUID2, c));
	kl_eq(c->nent, sup->nent);
	for (i = 0; i < c->nent; i++) {
		kl_eq(c->entries[i].function, sup->entries[i].function);
		kl_eq(c->entries[i].index, sup->entries[i].index);
		if (c->entries[i].function == 2)
			kl_eq(c->entries[i].eax, sup->entries[i].eax);
	}
	c->nent = 100000;
	kl_errno(ioctl(v->fd, KVM_SET_CPUID2, c), E2BIG);
	/* Leaf 0 says how far it goes; 64-bit mode is there. */
	kl_check(kl_cpuid_find(sup, 0, 0) && kl_cpuid_find(sup, 1, 0));
	kl_check(kl_cpu_has(0x80000001, 0, KL_EDX, 29));
	/* After the first run: the same table again, but not another one. */
	kl_long(v, guest_nothing);
	kl_done(v);
	kl_ok(ioctl(v->fd, KVM_SET_CPUID2, sup));
	memcpy(c, sup, sizeof(*c) + sup->nent * sizeof(c->entries[0]));
	c->entries[0].eax ^= 1;
	kl_errno(ioctl(v->fd, KVM_SET_CPUID2, c), EINVAL);
	free(c);
	kl_vm_free(vm);
}

static struct kvm_msrs *msrs(unsigned int n)
{
	struct kvm_msrs *m = calloc(1, sizeof(*m) + n * sizeof(m->entries[0]));

	kl_check(m);
	m->nmsrs = n;
	return m;
}

static struct kvm_msr_list *get_msr_list(int sys)
{
	struct kvm_msr_list probe = { 0 }, *l;

	kl_errno(ioctl(sys, KVM_GET_MSR_INDEX_LIST, &probe), E2BIG);
	kl_check(probe.nmsrs > 8 && probe.nmsrs <= 256);
	l = calloc(1, sizeof(*l) + probe.nmsrs * 4);
	kl_check(l);
	l->nmsrs = probe.nmsrs;
	kl_ok(ioctl(sys, KVM_GET_MSR_INDEX_LIST, l));
	kl_eq(l->nmsrs, probe.nmsrs);
	return l;
}

/* Every listed MSR can be read, and written back with what was read. */
TEST(msr_list)
{
	/* Some of the paravirtual ones need the local APIC. */
	struct kl_vm *vm = kl_cap(NULL, KVM_CAP_IRQCHIP) ? kl_vm_irqchip() :
							   kl_vm_bare();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_msr_list *l = get_msr_list(vm->sys);
	struct kvm_msrs *m = msrs(1);
	unsigned int i;
	bool tsc = false;

	for (i = 0; i < l->nmsrs; i++) {
		m->entries[0].index = l->indices[i];
		tsc |= l->indices[i] == 0x10;
		if (ioctl(v->fd, KVM_GET_MSRS, m) != 1)
			kl_fail("listed MSR %#x cannot be read", l->indices[i]);
		if (ioctl(v->fd, KVM_SET_MSRS, m) != 1)
			kl_fail("listed MSR %#x cannot be written with %#llx",
				l->indices[i],
				(unsigned long long)m->entries[0].data);
	}
	kl_check(tsc);
	kl_vm_free(vm);
}

TEST(msr_protocol)
{
	static const uint32_t many[] = {
		0x174, 0x175, 0x176, 0xc0000081, 0xc0000082, 0xc0000083,
		0xc0000084, 0xc0000102, 0x277,
	};
	const unsigned int n = ARRAY_SIZE(many);
	struct kl_vm *vm = kl_vm_bare();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_msrs *m = msrs(n + 2);
	unsigned int i;

	for (i = 0; i < n; i++) {
		m->entries[i].index = many[i];
		m->entries[i].data = many[i] == 0x277 ? 0x0007040600070406 :
				     0x10000 + i;
	}
	m->nmsrs = n;
	kl_eq(ioctl(v->fd, KVM_SET_MSRS, m), n);
	for (i = 0; i < n; i++)
		m->entries[i].data = ~0ULL;
	kl_eq(ioctl(v->fd, KVM_GET_MSRS, m), n);
	for (i = 0; i + 1 < n; i++)
		kl_eq(m->entries[i].data, 0x10000 + i);
	kl_eq(m->entries[i].data, 0x0007040600070406);
	/* The first bad one stops it; the count says where. */
	m->nmsrs = 5;
	m->entries[3].index = 0xdeadbeef;
	kl_eq(ioctl(v->fd, KVM_SET_MSRS, m), 3);
	kl_eq(ioctl(v->fd, KVM_GET_MSRS, m), 3);
	m->entries[3].index = 0xc0000082;
	m->entries[3].data = 1ULL << 60;
	kl_eq(ioctl(v->fd, KVM_SET_MSRS, m), 3);
	m->nmsrs = 0;
	kl_eq(ioctl(v->fd, KVM_SET_MSRS, m), 0);
	m->nmsrs = 1 << 20;
	kl_errno(ioctl(v->fd, KVM_SET_MSRS, m), E2BIG);
	kl_errno(ioctl(v->fd, KVM_GET_MSRS, NULL), EFAULT);
	kl_vm_free(vm);
}
