// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first state of the first CPU: GDT, identity page tables, registers.
 * The other CPUs wait for their SIPI in the kernel and need none of this.
 */
#include <string.h>

#include "boot.h"

#define KL_BOOT_CS 0x10
#define KL_BOOT_DS 0x18
#define KL_BOOT_TR 0x20

#define KL_CR0_PE BIT_ULL(0)
#define KL_CR0_ET BIT_ULL(4)
#define KL_CR0_PG BIT_ULL(31)
#define KL_CR4_PAE BIT_ULL(5)
#define KL_EFER_LME BIT_ULL(8)
#define KL_EFER_LMA BIT_ULL(10)

#define KL_PTE_PRESENT 1ull
#define KL_PTE_WRITE 2ull
#define KL_PTE_HUGE 0x80ull
#define KL_IDENTITY_GIB 4

/* Segment types, SDM "Code- and Data-Segment Descriptor Types". */
#define KL_SEG_DATA 0x3		/* read, write, accessed */
#define KL_SEG_CODE 0xb		/* execute, read, accessed */
#define KL_SEG_TSS 0xb		/* busy TSS */

static struct kvm_segment kl_flat(unsigned int selector, unsigned int type,
				  bool code64)
{
	return (struct kvm_segment){
		.base = 0,
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.s = 1,
		.g = 1,
		.db = !code64,
		.l = code64,
	};
}

/**
 * kl_boot_cpu_tables() - write the GDT and the identity page tables
 * @mem: guest RAM
 *
 * The page tables map the first 4G by 2M pages: the kernel, the zero page and
 * the initrd are all below. PVH starts without paging and does not look.
 */
void kl_boot_cpu_tables(const struct kl_mem *mem)
{
	/* null, unused, 64-bit code (0x10), data (0x18), TSS (0x20, 16 bytes) */
	static const uint64_t gdt[] = {
		0, 0, 0x00af9b000000ffffull, 0x00cf93000000ffffull,
		0x00008b0000000067ull, 0,
	};
	uint64_t table[512];
	unsigned int gib, i;
	kl_gpa_t pdpt = KL_PAGE_TABLE_GPA + 0x1000;
	kl_gpa_t pd = KL_PAGE_TABLE_GPA + 0x2000;

	kl_mem_write(mem, KL_GDT_GPA, gdt, sizeof(gdt));
	memset(table, 0, sizeof(table));
	table[0] = pdpt | KL_PTE_PRESENT | KL_PTE_WRITE;
	kl_mem_write(mem, KL_PAGE_TABLE_GPA, table, sizeof(table));
	for (gib = 0; gib < KL_IDENTITY_GIB; gib++)
		table[gib] = (pd + gib * 0x1000) | KL_PTE_PRESENT | KL_PTE_WRITE;
	kl_mem_write(mem, pdpt, table, sizeof(table));
	for (gib = 0; gib < KL_IDENTITY_GIB; gib++) {
		for (i = 0; i < 512; i++)
			table[i] = ((uint64_t)gib << 30 | (uint64_t)i << 21) |
				   KL_PTE_PRESENT | KL_PTE_WRITE | KL_PTE_HUGE;
		kl_mem_write(mem, pd + gib * 0x1000, table, sizeof(table));
	}
}

/**
 * kl_boot_sregs() - the system registers at a guest's first instruction
 * @protocol: what the guest expects
 * @sregs: the reset state; changed to the protocol's
 */
void kl_boot_sregs(enum kl_protocol protocol, struct kvm_sregs *sregs)
{
	bool long_mode = protocol == KL_BOOT_LINUX64;

	sregs->cs = kl_flat(KL_BOOT_CS, KL_SEG_CODE, long_mode);
	sregs->ds = kl_flat(KL_BOOT_DS, KL_SEG_DATA, false);
	sregs->es = sregs->ds;
	sregs->fs = sregs->ds;
	sregs->gs = sregs->ds;
	sregs->ss = sregs->ds;
	sregs->tr = (struct kvm_segment){
		.limit = 0x67,
		.selector = KL_BOOT_TR,
		.type = KL_SEG_TSS,
		.present = 1,
	};
	sregs->ldt = (struct kvm_segment){ .unusable = 1, .type = 2 };
	sregs->gdt.base = KL_GDT_GPA;
	sregs->gdt.limit = 6 * 8 - 1;
	sregs->idt.base = 0;
	sregs->idt.limit = 0;
	sregs->cr0 = KL_CR0_PE | KL_CR0_ET;
	sregs->cr2 = 0;
	sregs->cr3 = 0;
	sregs->cr4 = 0;
	sregs->efer = 0;
	if (long_mode) {
		sregs->cr0 |= KL_CR0_PG;
		sregs->cr3 = KL_PAGE_TABLE_GPA;
		sregs->cr4 = KL_CR4_PAE;
		sregs->efer = KL_EFER_LME | KL_EFER_LMA;
	}
}

/**
 * kl_boot_regs() - the general registers at a guest's first instruction
 * @boot: the loaded guest
 * @regs: filled in
 */
void kl_boot_regs(const struct kl_boot *boot, struct kvm_regs *regs)
{
	memset(regs, 0, sizeof(*regs));
	regs->rip = boot->entry;
	regs->rflags = 2; /* bit 1 is always one */
	if (boot->protocol == KL_BOOT_LINUX64)
		regs->rsi = boot->params;
	else
		regs->rbx = boot->params;
}
