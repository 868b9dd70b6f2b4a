// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests in real mode, 32-bit protected mode without and with the way through
 * all modes up to 64 bits, as a boot loader does it.
 */
#include "test.h"

extern const char real_code[], real_end[], prot_code[], climb_code[], climb_end[];

/* Real mode: segments, a far jump, an interrupt through the vector table. */
asm(".pushsection .rodata\n"
	".code16\n"
	"real_code:\n"
	"	mov $0x1000, %ax\n"
	"	mov %ax, %ds\n"
	"	movb $0x42, %ds:0x10\n"
	"	xor %ax, %ax\n"
	"	mov %ax, %ss\n"
	"	mov %ax, %ds\n"
	"	mov $0x7ff0, %sp\n"
	"	movw $(0x8000 + real_int - real_code), 0x80\n"
	"	movw $0, 0x82\n"
	"	int $0x20\n"
	"	mov $0x2f0, %dx\n"
	"	mov %cx, %ax\n"
	"	out %ax, %dx\n"
	"	mov $0x10, %bx\n"
	"	call real_sub\n"
	"	out %ax, %dx\n"
	"	ljmp $0x800, $(real_far - real_code)\n"
	"real_sub:\n"
	"	mov $0x1234, %ax\n"
	"	add %bx, %ax\n"
	"	ret\n"
	"real_int:\n"
	"	mov $0x7a7a, %cx\n"
	"	iret\n"
	"real_far:\n"
	"	mov %cs, %ax\n"
	"	out %ax, %dx\n"
	"	hlt\n"
	"real_end:\n"
	".code64\n"
	".popsection\n");

static uint32_t io_out(struct kl_vcpu *v, unsigned int size)
{
	uint32_t value = 0;

	kl_expect(v, KVM_EXIT_IO);
	kl_eq(v->run->io.direction, KVM_EXIT_IO_OUT);
	kl_eq(v->run->io.size, size);
	memcpy(&value, (char *)v->run + v->run->io.data_offset, size);
	return value;
}

TEST(real_mode)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_sregs s;

	kl_real(v, real_code, real_end);
	kl_eq(io_out(v, 2), 0x7a7a);
	kl_eq(vm->mem[0x10010], 0x42);
	kl_eq(io_out(v, 2), 0x1244);
	kl_eq(io_out(v, 2), 0x800);
	kl_expect(v, KVM_EXIT_HLT);
	kl_get_sregs(v, &s);
	kl_eq(s.cr0 & 1, 0);
	kl_eq(s.cs.base, 0x8000);
	kl_vm_free(vm);
}

/* Protected mode, no paging: a guest page at 12 MB is its physical address. */
asm(".pushsection .text\n"
	".code32\n"
	"prot_code:\n"
	"	mov %cr0, %eax\n"
	"	mov $0x2f0, %dx\n"
	"	out %eax, %dx\n"
	"	movl $0xc0ffee, 0xc00000\n"
	"	mov 0xc00000, %eax\n"
	"	out %eax, %dx\n"
	"	push $0x1234567\n"
	"	pop %eax\n"
	"	out %eax, %dx\n"
	"	hlt\n"
	".code64\n"
	".popsection\n");

TEST(protected_mode)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);

	kl_prot32(v, prot_code);
	kl_eq(io_out(v, 4) & 0x80000001, 1);
	kl_eq(io_out(v, 4), 0xc0ffee);
	kl_eq(*(uint32_t *)(vm->mem + 0xc00000), 0xc0ffee);
	kl_eq(io_out(v, 4), 0x1234567);
	kl_expect(v, KVM_EXIT_HLT);
	kl_vm_free(vm);
}

/* From real mode to 64 bits and back down to 32 bits without paging. */
asm(".pushsection .rodata\n"
	".code16\n"
	"climb_code:\n"
	"	cli\n"
	"	lgdtl 0x8000 + climb_gdtr - climb_code\n"
	"	mov %cr0, %eax\n"
	"	or $1, %al\n"
	"	mov %eax, %cr0\n"
	"	ljmpl $0x40, $(0x8000 + climb32 - climb_code)\n"
	".code32\n"
	"climb32:\n"
	"	mov $0x10, %eax\n"
	"	mov %eax, %ds\n"
	"	mov %eax, %ss\n"
	"	mov $0x2f0, %edx\n"
	"	mov $32, %eax\n"
	"	out %eax, %dx\n"
	"	mov %cr4, %eax\n"
	"	or $0x20, %eax\n"
	"	mov %eax, %cr4\n"
	"	mov $0x10000, %eax\n"
	"	mov %eax, %cr3\n"
	"	mov $0xc0000080, %ecx\n"
	"	rdmsr\n"
	"	or $0x100, %eax\n"
	"	wrmsr\n"
	"	mov %cr0, %eax\n"
	"	or $0x80000000, %eax\n"
	"	mov %eax, %cr0\n"
	"	ljmpl $0x08, $(0x8000 + climb64 - climb_code)\n"
	".code64\n"
	"climb64:\n"
	"	mov $0x2f0, %edx\n"
	"	mov $0x4000000000, %rax\n"
	"	shr $32, %rax\n"
	"	out %eax, %dx\n"
	"	mov $0xc0000080, %ecx\n"
	"	rdmsr\n"
	"	mov $0x2f0, %edx\n"
	"	out %eax, %dx\n"
	"	pushq $0x40\n"
	"	pushq $(0x8000 + fall32 - climb_code)\n"
	"	lretq\n"
	".code32\n"
	"fall32:\n"
	"	mov %cr0, %eax\n"
	"	and $0x7fffffff, %eax\n"
	"	mov %eax, %cr0\n"
	"	mov $0xc0000080, %ecx\n"
	"	rdmsr\n"
	"	mov $0x2f0, %edx\n"
	"	out %eax, %dx\n"
	"	hlt\n"
	"climb_gdtr:\n"
	"	.word 0x5f\n"
	"	.long 0x1000\n"
	"climb_end:\n"
	".code64\n"
	".popsection\n");

TEST(real_to_long_and_back)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_sregs s;

	kl_real(v, climb_code, climb_end);
	kl_eq(io_out(v, 4), 32);
	kl_eq(io_out(v, 4), 64);
	kl_eq(io_out(v, 4) & 0x500, 0x500);
	kl_eq(io_out(v, 4) & 0x500, 0x100);
	kl_expect(v, KVM_EXIT_HLT);
	kl_get_sregs(v, &s);
	kl_eq(s.efer & 0x500, 0x100);
	kl_eq(s.cr0 >> 31, 0);
	kl_eq(s.cs.l, 0);
	kl_vm_free(vm);
}
