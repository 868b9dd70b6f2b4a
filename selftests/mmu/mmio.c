// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMIO: every size and many instructions, accesses that touch two pages,
 * read-only slots, and addresses near the end of what there is.
 */
#include "test.h"

#define READ(type, addr) (*(volatile type *)(addr))

static volatile uint64_t base = KL_MMIO;

static void guest_sizes(void)
{
	uint64_t v, b = base;
	uint8_t zero = 0;

	g_eq(READ(uint8_t, b), 0x88);
	g_eq(READ(uint16_t, b), 0x7788);
	g_eq(READ(uint32_t, b), 0x55667788);
	g_eq(READ(uint64_t, b), 0x1122334455667788);
	asm volatile("movzbl (%1), %k0" : "=r"(v) : "r"(b));
	g_eq(v, 0x88);
	asm volatile("movsbq (%1), %0" : "=r"(v) : "r"(b));
	g_eq(v, 0xffffffffffffff88);
	asm volatile("movswq (%1), %0" : "=r"(v) : "r"(b));
	g_eq(v, 0x7788);
	asm volatile("movslq (%1), %0" : "=r"(v) : "r"(b));
	g_eq(v, 0x55667788);
	/* MOV with absolute address has an encoding of its own. */
	asm volatile("movabs 0x40000000, %%eax" : "=a"(v));
	g_eq(v, 0x55667788);
	/* Comparison and test only read. */
	asm volatile("cmpb $0x88, (%1); sete %0" : "=r"(zero) : "r"(b) : "cc");
	g_eq(zero, 1);
	asm volatile("testl $1, (%1); setz %0" : "=r"(zero) : "r"(b) : "cc");
	g_eq(zero, 1);
	g_done();
}

/* Answer reads with one pattern; anything else is handed to the caller. */
static void feed(struct kl_vcpu *v, uint64_t value)
{
	while (kl_run(v) == KVM_EXIT_MMIO) {
		kl_eq(v->run->mmio.is_write, 0);
		memcpy(v->run->mmio.data, &value, 8);
	}
	kl_eq(v->run->exit_reason, KVM_EXIT_IO);
	kl_eq(kl_report(v)->kind, KL_R_DONE);
}

TEST(reads)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_sizes);
	feed(v, 0x1122334455667788);
	kl_eq(v->exits[KVM_EXIT_MMIO], 11);
	kl_vm_free(vm);
}

static void guest_writes(void)
{
	uint64_t b = base;
	uint64_t rdi;

	READ(uint8_t, b + 1) = 0x12;
	READ(uint16_t, b + 2) = 0x3456;
	READ(uint32_t, b + 4) = 0x789abcde;
	READ(uint64_t, b + 8) = 0x1020304050607080;
	asm volatile("movl $0x11223344, (%0)" : : "r"(b + 16) : "memory");
	asm volatile("movq $-2, (%0)" : : "r"(b + 24) : "memory");
	rdi = b + 32;
	asm volatile("stosl" : "+D"(rdi) : "a"(0x99) : "memory");
	g_eq(rdi, b + 36);
	g_done();
}

static void want_write(struct kl_vcpu *v, uint64_t gpa, unsigned int len,
		       uint64_t value)
{
	uint64_t x = 0;

	kl_expect(v, KVM_EXIT_MMIO);
	kl_eq(v->run->mmio.is_write, 1);
	kl_eq(v->run->mmio.phys_addr, gpa);
	kl_eq(v->run->mmio.len, len);
	memcpy(&x, v->run->mmio.data, len);
	kl_eq(x, value);
}

static void want_read(struct kl_vcpu *v, uint64_t gpa, unsigned int len,
		      uint64_t value)
{
	kl_expect(v, KVM_EXIT_MMIO);
	kl_eq(v->run->mmio.is_write, 0);
	kl_eq(v->run->mmio.phys_addr, gpa);
	kl_eq(v->run->mmio.len, len);
	memcpy(v->run->mmio.data, &value, 8);
}

TEST(writes)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_writes);
	want_write(v, KL_MMIO + 1, 1, 0x12);
	want_write(v, KL_MMIO + 2, 2, 0x3456);
	want_write(v, KL_MMIO + 4, 4, 0x789abcde);
	want_write(v, KL_MMIO + 8, 8, 0x1020304050607080);
	want_write(v, KL_MMIO + 16, 4, 0x11223344);
	want_write(v, KL_MMIO + 24, 8, -2ULL);
	want_write(v, KL_MMIO + 32, 4, 0x99);
	kl_done(v);
	kl_vm_free(vm);
}

static void guest_rmw(void)
{
	uint64_t b = base, old = 5;

	asm volatile("orl $0xf0, (%0)" : : "r"(b) : "memory", "cc");
	asm volatile("andw $0xff, (%0)" : : "r"(b) : "memory", "cc");
	asm volatile("addq $1, (%0)" : : "r"(b) : "memory", "cc");
	asm volatile("xchg %0, (%1)" : "+r"(old) : "r"(b) : "memory");
	g_eq(old, 0x77);
	g_done();
}

TEST(read_modify_write)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_long(v, guest_rmw);
	want_read(v, KL_MMIO, 4, 0x0f);
	want_write(v, KL_MMIO, 4, 0xff);
	want_read(v, KL_MMIO, 2, 0x1234);
	want_write(v, KL_MMIO, 2, 0x34);
	want_read(v, KL_MMIO, 8, 0xffffffff);
	want_write(v, KL_MMIO, 8, 0x100000000);
	want_read(v, KL_MMIO, 8, 0x77);
	want_write(v, KL_MMIO, 8, 5);
	kl_done(v);
	kl_vm_free(vm);
}

static uint8_t buffer[64];

static void guest_string(void)
{
	uint64_t b = base, n = 8, si, di;

	/* Device to memory, then memory to device. */
	si = b;
	di = (uintptr_t)buffer;
	asm volatile("rep movsl" : "+S"(si), "+D"(di), "+c"(n) : : "memory");
	g_eq(n, 0);
	g_eq(si, b + 32);
	si = (uintptr_t)buffer;
	di = b + 64;
	n = 4;
	asm volatile("rep movsb" : "+S"(si), "+D"(di), "+c"(n) : : "memory");
	g_eq(di, b + 68);
	di = b + 128;
	n = 3;
	asm volatile("rep stosw" : "+D"(di), "+c"(n) : "a"(0xabcd) : "memory");
	g_eq(n, 0);
	g_done();
}

TEST(strings)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	unsigned int i;

	kl_long(v, guest_string);
	for (i = 0; i < 8; i++)
		want_read(v, KL_MMIO + 4 * i, 4, 0x01020304 + i);
	for (i = 0; i < 4; i++)
		want_write(v, KL_MMIO + 64 + i, 1, 4 - i);
	for (i = 0; i < 3; i++)
		want_write(v, KL_MMIO + 128 + 2 * i, 2, 0xabcd);
	kl_done(v);
	kl_eq(((uint32_t *)kl_hva(vm, buffer))[7], 0x0102030b);
	kl_vm_free(vm);
}

static void guest_cross(void)
{
	uint64_t b = base;

	/* Half in memory, half not. */
	g_eq(READ(uint32_t, b + 0x1000 - 2), 0xbbbbaaaa);
	READ(uint32_t, b + 0x1000 - 2) = 0x11112222;
	g_sync(1);
	/* Two pages of nothing. */
	g_eq(READ(uint32_t, b + 0x3000 - 1), 0x44332211);
	g_done();
}

TEST(across_pages)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	uint8_t *p = vm->mem + KL_BIG;

	memset(p, 0xaa, 4096);
	kl_slot(vm, 1, 0, KL_MMIO, 4096, p);
	kl_long(v, guest_cross);
	want_read(v, KL_MMIO + 0x1000, 2, 0xbbbb);
	want_write(v, KL_MMIO + 0x1000, 2, 0x1111);
	kl_eq(kl_sync(v), 1);
	kl_eq(p[4094], 0x22);
	kl_eq(p[4095], 0x22);
	want_read(v, KL_MMIO + 0x2fff, 1, 0x11);
	want_read(v, KL_MMIO + 0x3000, 3, 0x443322);
	kl_done(v);
	kl_vm_free(vm);
}

static void guest_rom(void)
{
	g_eq(READ(uint32_t, base), 0x600d);
	READ(uint32_t, base) = 0xbad;
	g_eq(READ(uint32_t, base), 0x600d);
	g_done();
}

TEST(read_only_slot)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	uint32_t *p = (uint32_t *)(vm->mem + KL_BIG);

	kl_need_cap(vm, KVM_CAP_READONLY_MEM);
	*p = 0x600d;
	kl_slot(vm, 1, KVM_MEM_READONLY, KL_MMIO, 4096, p);
	kl_long(v, guest_rom);
	want_write(v, KL_MMIO, 4, 0xbad);
	kl_done(v);
	kl_eq(*p, 0x600d);
	kl_vm_free(vm);
}

/* A page table of its own maps one GVA high up in physical memory. */
static void guest_high(void)
{
	g_eq(READ(uint64_t, 1UL << 32), 0x4242);
	g_done();
}

static void map_high(struct kl_vm *vm, uint64_t gpa)
{
	uint64_t *pt = (uint64_t *)(vm->mem + KL_PT);
	uint64_t *pd = (uint64_t *)(vm->mem + KL_SCRATCH);

	pt[512 + 4] = KL_SCRATCH | 7;
	pd[0] = gpa | 0x87;
}

TEST(high_addresses)
{
	struct kvm_cpuid_entry2 *e = kl_cpuid_find(kl_supported_cpuid(),
						   0x80000008, 0);
	unsigned int width = e ? e->eax & 0xff : 36;
	uint64_t top = (1ULL << width) - (2 << 20);
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	/* MMIO in the last 2 MB of the physical address space. */
	map_high(vm, top);
	kl_long(v, guest_high);
	want_read(v, top, 8, 0x4242);
	kl_done(v);
	kl_vm_free(vm);
	/* Memory above 4 GB. */
	vm = kl_vm_new();
	v = kl_vcpu_new(vm, 0);
	*(uint64_t *)(vm->mem + KL_BIG) = 0x4242;
	kl_slot(vm, 1, 0, 5ULL << 32, 2 << 20, vm->mem + KL_BIG);
	map_high(vm, 5ULL << 32);
	kl_long(v, guest_high);
	kl_done(v);
	kl_vm_free(vm);
}
