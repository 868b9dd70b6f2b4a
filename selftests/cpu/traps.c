// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exceptions inside the guest, with their error codes and CR2; legal and
 * illegal writes of control registers, EFER and XCR0; single step and DRs.
 */
#include "test.h"

static void guest_exceptions(void)
{
	uint64_t d = 0;
	uint64_t *pd = (uint64_t *)(KL_PT + 0x2000);

	g_eq(g_try("xor %%edx, %%edx; divl %[d]", "+m"(kl_trap.dr6)
		   : [d] "m"(d) : "rax", "rdx"), 0);
	g_eq(g_try("ud2"), 6);
	g_eq(g_try("int3"), 3);
	/* Non-canonical address: #GP(0). */
	g_eq(g_try("mov (%[p]), %%rax", "+m"(kl_trap.dr6)
		   : [p] "r"(1UL << 60) : "rax"), 13);
	g_eq(kl_trap.error, 0);
	/* A selector beyond the GDT: #GP(selector). */
	g_eq(g_try("mov %[s], %%ds", "+m"(kl_trap.dr6) : [s] "r"(0x1238)), 13);
	g_eq(kl_trap.error, 0x1238);
	/* A page that is not present, then one that is read-only. */
	pd[5] &= ~1ULL;
	asm volatile("invlpg (%0)" : : "r"(0xa00000UL) : "memory");
	g_eq(g_try("movl $1, 0xa00010"), 14);
	g_eq(kl_trap.error, 2);
	g_eq(kl_trap.cr2, 0xa00010);
	g_eq(g_cr2(), 0xa00010);
	pd[5] = (pd[5] | 1) & ~2ULL;
	asm volatile("invlpg (%0)" : : "r"(0xa00000UL) : "memory");
	g_eq(g_try("movl $1, 0xa00020"), 14);
	g_eq(kl_trap.error, 3);
	pd[5] |= 2;
	asm volatile("invlpg (%0)" : : "r"(0xa00000UL) : "memory");
	g_eq(g_try("movl $7, 0xa00020"), KL_NO_TRAP);
	g_eq(*(volatile uint32_t *)0xa00020, 7);
	g_done();
}

TEST(exceptions)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_exceptions);
	kl_done(v);
	kl_eq(*(uint32_t *)(vm->mem + 0xa00020), 7);
	kl_vm_free(vm);
}

#define CR0_WP BIT(16)
#define CR0_CD BIT(30)
#define CR0_NW BIT(29)
#define CR0_PG BIT(31)
#define CR0_TS 8UL
#define CR4_PGE BIT(7)

static void guest_cr(void)
{
	uint64_t cr0 = g_cr0(), cr4 = g_cr4(), cr3 = g_cr3();

	g_eq(cr0 & 0x80010033, 0x80010033);
	g_eq(cr4 & 0x620, 0x620);
	/* Legal moves show at once. */
	g_eq(g_set_cr0(cr0 ^ CR0_WP), KL_NO_TRAP);
	g_eq(g_cr0(), cr0 ^ CR0_WP);
	g_eq(g_set_cr0(cr0 | CR0_CD), KL_NO_TRAP);
	g_check(g_cr0() & CR0_CD);
	g_eq(g_set_cr0(cr0 | CR0_TS), KL_NO_TRAP);
	g_eq(g_try("fninit"), 7);
	asm volatile("clts");
	g_eq(g_try("fninit"), KL_NO_TRAP);
	g_eq(g_set_cr0(cr0), KL_NO_TRAP);
	g_eq(g_cr0(), cr0);
	g_eq(g_set_cr4(cr4 ^ CR4_PGE), KL_NO_TRAP);
	g_eq(g_cr4(), cr4 ^ CR4_PGE);
	g_eq(g_set_cr4(cr4), KL_NO_TRAP);
	/* Illegal: PG without PE, NW without CD, bits above 31. */
	g_eq(g_set_cr0(cr0 & ~1UL), 13);
	g_eq(g_set_cr0(cr0 | CR0_NW), 13);
	g_eq(g_set_cr0(cr0 | 1UL << 40), 13);
	g_eq(g_cr0(), cr0);
	/* Illegal: PAE off in 64-bit mode, reserved bits. */
	g_eq(g_set_cr4(cr4 & ~0x20UL), 13);
	g_eq(g_set_cr4(cr4 | 1UL << 15), 13);
	g_eq(g_set_cr4(cr4 | 1UL << 40), 13);
	g_eq(g_cr4(), cr4);
	/* Paging off in 64-bit mode. */
	g_eq(g_set_cr0(cr0 & ~CR0_PG), 13);
	g_eq(g_set_cr3(cr3), KL_NO_TRAP);
	/* A CR3 with bits beyond the physical address width. */
	g_eq(g_set_cr3(cr3 | 1UL << 60), 13);
	/* CR8. */
	g_eq(g_set_cr8(5), KL_NO_TRAP);
	g_eq(g_cr8(), 5);
	g_eq(g_set_cr8(0x10), 13);
	g_eq(g_set_cr8(0), KL_NO_TRAP);
	/* SMSW and LMSW see and change the same register. */
	uint64_t msw;

	asm volatile("smsw %0" : "=r"(msw));
	g_eq(msw & 0xffff, cr0 & 0xffff);
	asm volatile("lmsw %w0" : : "r"((cr0 & 0xffff) | CR0_TS));
	g_check(g_cr0() & CR0_TS);
	asm volatile("clts");
	g_eq(g_cr0(), cr0);
	g_done();
}

TEST(control_registers)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_sregs s;

	kl_long(v, guest_cr);
	kl_done(v);
	kl_get_sregs(v, &s);
	kl_eq(s.cr0, 0x80010033);
	kl_eq(s.cr4, 0x620);
	kl_eq(s.cr3, KL_PT);
	kl_eq(s.cr8, 0);
	kl_vm_free(vm);
}

static void guest_efer(void)
{
	uint64_t efer = g_rdmsr(0xc0000080), v;

	g_eq(efer & 0x501, 0x501);
	g_eq(g_wrmsr_safe(0xc0000080, efer ^ 1), KL_NO_TRAP);
	g_eq(g_rdmsr(0xc0000080), efer ^ 1);
	/* SYSCALL follows EFER.SCE. */
	g_eq(g_try("syscall", "+m"(kl_trap.dr6) : : "rcx", "r11"), 6);
	/* LMA is not writable: a write that clears it is ignored or refused. */
	g_eq(g_wrmsr_safe(0xc0000080, efer), KL_NO_TRAP);
	/* LME cannot change while paging is on; reserved bits cannot be set. */
	g_eq(g_wrmsr_safe(0xc0000080, efer & ~0x100UL), 13);
	g_eq(g_wrmsr_safe(0xc0000080, efer | 2), 13);
	g_eq(g_wrmsr_safe(0xc0000080, efer | 1UL << 40), 13);
	g_eq(g_rdmsr_safe(0xc0000080, &v), KL_NO_TRAP);
	g_eq(v, efer);
	g_done();
}

TEST(efer)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_efer);
	kl_done(v);
	kl_vm_free(vm);
}

static uint64_t g_xsetbv(uint32_t index, uint64_t value)
{
	return g_try("xsetbv", "+m"(kl_trap.dr6) : "c"(index),
		     "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static uint64_t g_xgetbv(void)
{
	uint32_t lo, hi;

	asm volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (uint64_t)hi << 32 | lo;
}

static void guest_xcr0(void)
{
	uint32_t r[4];

	g_eq(g_xsetbv(0, 1), 6); /* CR4.OSXSAVE is clear */
	g_cpuid(1, 0, r);
	g_check(!(r[2] >> 27 & 1));
	g_eq(g_set_cr4(g_cr4() | 1 << 18), KL_NO_TRAP);
	g_cpuid(1, 0, r);
	g_check(r[2] >> 27 & 1);
	g_eq(g_xgetbv(), 1);
	g_eq(g_xsetbv(0, 3), KL_NO_TRAP);
	g_eq(g_xgetbv(), 3);
	g_eq(g_xsetbv(0, 2), 13); /* the x87 bit must be set */
	g_eq(g_xsetbv(0, 5), 13); /* AVX without SSE */
	g_eq(g_xsetbv(0, 3 | 1UL << 62), 13);
	g_eq(g_xsetbv(1, 1), 13); /* no such XCR */
	g_eq(g_xgetbv(), 3);
	g_done();
}

TEST(xcr0)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	if (!kl_cpu_has(1, 0, KL_ECX, 26))
		kl_skip("no XSAVE");
	kl_long(v, guest_xcr0);
	kl_done(v);
	kl_vm_free(vm);
}

static volatile uint64_t steps, first_dr6;

static void on_debug(struct kl_frame *f)
{
	uint64_t dr6;

	asm volatile("mov %%dr6, %0" : "=r"(dr6));
	if (!steps)
		first_dr6 = dr6;
	steps++;
	asm volatile("mov %0, %%dr6" : : "r"(0xffff0ff0UL));
}

static void guest_debug(void)
{
	uint64_t v;

	kl_handlers[1] = on_debug;
	asm volatile("pushf; orl $0x100, (%%rsp); popf\n\t"
		     ".rept 3; nop; .endr\n\t"
		     "pushf; andl $~0x100, (%%rsp); popf"
		     : : : "memory", "cc");
	/* Three NOPs, PUSHF, ANDL, POPF: one #DB after each. */
	g_eq(steps, 6);
	g_check(first_dr6 & 1 << 14);
	/* Trap after CPUID, which exits, just the same. */
	steps = 0;
	asm volatile("pushf; orl $0x100, (%%rsp); popf\n\t"
		     "xor %%eax, %%eax; cpuid\n\t"
		     "pushf; andl $~0x100, (%%rsp); popf"
		     : : : "memory", "cc", "rax", "rbx", "rcx", "rdx");
	g_eq(steps, 5);
	/* Debug registers keep what is written; a data breakpoint hits. */
	asm volatile("mov %0, %%dr0" : : "r"(0x900000UL));
	asm volatile("mov %0, %%dr3" : : "r"(0x123456789aUL));
	asm volatile("mov %%dr3, %0" : "=r"(v));
	g_eq(v, 0x123456789aUL);
	steps = 0;
	asm volatile("mov %0, %%dr7" : : "r"(0xd0403UL)); /* write, 4 bytes */
	*(volatile uint32_t *)0x900000 = 1;
	asm volatile("mov %0, %%dr7" : : "r"(0x400UL));
	g_eq(steps, 1);
	g_check(first_dr6 & 1);
	g_sync(1);
	asm volatile("mov %%dr3, %0" : "=r"(v));
	g_eq(v, 0x123456789aUL);
	/* DR7.GD is not set, CR4.DE neither: DR4 is DR6. A high bit faults. */
	g_eq(g_try("mov %[v], %%dr7", "+m"(kl_trap.dr6)
		   : [v] "r"(1UL << 40)), 13);
	g_done();
}

TEST(debug)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_debug);
	kl_eq(kl_sync(v), 1);
	kl_done(v);
	kl_vm_free(vm);
}
