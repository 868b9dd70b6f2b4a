// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exits that end or pause a guest: HLT, shutdown, memory that is not there,
 * and the instructions that exit always.
 */
#include "test.h"
#include "kvmlite.h"

static void guest_hlt(void)
{
	asm volatile("hlt");
	g_sync(1);
	asm volatile("sti; hlt");
	g_done();
}

TEST(hlt)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_regs before, after;

	kl_long(v, guest_hlt);
	kl_get_regs(v, &before);
	kl_expect(v, KVM_EXIT_HLT);
	kl_get_regs(v, &after);
	kl_check(after.rip > before.rip);
	kl_eq(v->run->if_flag, 0);
	kl_eq(kl_sync(v), 1);
	kl_expect(v, KVM_EXIT_HLT);
	kl_eq(v->run->if_flag, 1);
	kl_done(v);
	kl_vm_free(vm);
}

static void guest_triple(void)
{
	/* Limit and base: all zero. */
	uint16_t idt[5] = { 0 };

	asm volatile("lidt %0; ud2" : : "m"(idt));
	g_done();
}

TEST(triple_fault)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_triple);
	kl_expect(v, KVM_EXIT_SHUTDOWN);
	kl_vm_free(vm);
}

static void guest_wild_jump(void)
{
	((void (*)(void))(uintptr_t)KL_MMIO)();
	g_done();
}

/* Code cannot be fetched from where no memory is: the VM ends with a reason. */
TEST(jump_to_nowhere)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvmlite_death d = { 0 };
	int r;

	kl_long(v, guest_wild_jump);
	r = kl_try_run(v);
	if (!r)
		kl_check(v->run->exit_reason == KVM_EXIT_INTERNAL_ERROR ||
			 v->run->exit_reason == KVM_EXIT_MMIO);
	else
		kl_check(r == -EIO || r == -EFAULT);
	if (kl_is_kvmlite() && v->run->exit_reason != KVM_EXIT_MMIO) {
		kl_ok(ioctl(vm->fd, KVMLITE_GET_DEATH_REASON, &d));
		kl_check(d.cause == KVMLITE_DEATH_NONE || strlen(d.text) > 8);
	}
	kl_vm_free(vm);
}

static void guest_traps(void)
{
	asm volatile("wbinvd" : : : "memory");
	asm volatile("invd" : : : "memory");
	g_eq(g_try("vmxoff"), 6);
	g_eq(g_try("vmlaunch"), 6);
	g_eq(g_try("vmptrst %[m]", [m] "+m"(kl_trap.dr6)), 6);
	g_eq(g_try("vmread %%rax, %%rbx", "+m"(kl_trap.dr6) : : "rbx"), 6);
	g_eq(g_try("ud2"), 6);
	/* INVLPG of anything is harmless. */
	asm volatile("invlpg (%0)" : : "r"(0x123456000UL) : "memory");
	g_done();
}

TEST(instructions)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_traps);
	kl_done(v);
	kl_vm_free(vm);
}

static void guest_vmcall(void)
{
	uint64_t a = 0x7ffffff0;

	asm volatile("vmcall" : "+a"(a) : "b"(0), "c"(0), "d"(0), "S"(0)
		     : "memory");
	g_eq((int64_t)a, -1000);
	g_done();
}

/* An unknown hypercall is answered with -KVM_ENOSYS, which is 1000. */
TEST(unknown_hypercall)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_vmcall);
	kl_done(v);
	kl_vm_free(vm);
}

static void guest_tsc(void)
{
	uint64_t a, b, i;
	uint32_t r[4];

	a = g_rdtsc();
	for (i = 0; i < 200; i++) {
		if (i % 50 == 0)
			g_cpuid(0, 0, r);
		b = g_rdtsc();
		g_check(b > a);
		a = b;
	}
	g_sync(a);
	g_check(g_rdtsc() > a);
	g_done();
}

TEST(tsc_is_monotonic)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_tsc);
	kl_check(kl_sync(v) > 0);
	kl_done(v);
	kl_vm_free(vm);
}
