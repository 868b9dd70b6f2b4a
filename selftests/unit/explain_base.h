/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMCS images that break no rule: the ground on which test_explain.c breaks
 * one rule at a time.
 */
#ifndef KL_UNIT_EXPLAIN_BASE_H
#define KL_UNIT_EXPLAIN_BASE_H

#include "models.h"
#include "vmx/explain.h"

/* Kinds of guests, and of hosts. */
enum base {
	B64,		/* 64-bit guest, 64-bit host */
	B32,		/* 32-bit paged guest */
	BV86,		/* virtual-8086 guest */
	BREAL,		/* real mode with unrestricted guest */
	BNARROW,	/* 32-bit guest, 32-bit host */
	BASES
};

#define PIN0 (0x16 | PIN_BASED_EXT_INTR_MASK | PIN_BASED_NMI_EXITING | \
	      PIN_BASED_VIRTUAL_NMIS)
#define PROC0 (0x04006172 | CPU_BASED_HLT_EXITING | CPU_BASED_USE_MSR_BITMAPS | \
	       CPU_BASED_UNCOND_IO_EXITING | CPU_BASED_USE_TSC_OFFSETTING | \
	       CPU_BASED_ACTIVATE_SECONDARY_CONTROLS)
#define PROC20 (SECONDARY_EXEC_ENABLE_EPT | SECONDARY_EXEC_ENABLE_VPID)
#define EXIT0 (0x36dfb | VM_EXIT_SAVE_DEBUG_CONTROLS | \
	       VM_EXIT_HOST_ADDR_SPACE_SIZE | VM_EXIT_ACK_INTR_ON_EXIT | \
	       VM_EXIT_SAVE_IA32_PAT | VM_EXIT_LOAD_IA32_PAT | \
	       VM_EXIT_SAVE_IA32_EFER | VM_EXIT_LOAD_IA32_EFER)
#define ENTRY32 (0x11fb | VM_ENTRY_LOAD_DEBUG_CONTROLS | \
		 VM_ENTRY_LOAD_IA32_PAT | VM_ENTRY_LOAD_IA32_EFER)
#define ENTRY0 (ENTRY32 | VM_ENTRY_IA32E_MODE)
#define HOST_HIGH 0xffffffff80000000ULL
#define PAT0 0x0007040600070406ULL
#define CR00 0x80050033ULL
#define CR40 0x2020ULL
#define EPTP0 (0x100000ULL | VMX_EPTP_MT_WB | VMX_EPTP_PWL_4)
#define CS64 0xa09b
#define CS32 0xc09b
#define DATA0 0xc093

static inline void put_seg(struct kl_vmcs_image *img, unsigned int i, u64 sel,
			   u64 base, u64 limit, u64 ar)
{
	kl_image_put(img, GUEST_ES_SELECTOR + 2 * i, sel);
	kl_image_put(img, GUEST_ES_BASE + 2 * i, base);
	kl_image_put(img, GUEST_ES_LIMIT + 2 * i, limit);
	kl_image_put(img, GUEST_ES_AR_BYTES + 2 * i, ar);
}

static inline void base_host(struct kl_vmcs_image *img)
{
	unsigned int i;

	for (i = 0; i < 6; i++)
		kl_image_put(img, HOST_ES_SELECTOR + 2 * i, 0x18);
	kl_image_put(img, HOST_CS_SELECTOR, 0x10);
	kl_image_put(img, HOST_TR_SELECTOR, 0x40);
	kl_image_put(img, HOST_CR0, CR00);
	kl_image_put(img, HOST_CR3, 0x5000);
	kl_image_put(img, HOST_CR4, CR40);
	kl_image_put(img, HOST_IA32_EFER, 0xd01);
	kl_image_put(img, HOST_IA32_PAT, PAT0);
	kl_image_put(img, HOST_RIP, HOST_HIGH + 0x1000);
	kl_image_put(img, HOST_RSP, HOST_HIGH + 0x2000);
	kl_image_put(img, HOST_GS_BASE, 0xffff888000000000ULL);
	kl_image_put(img, HOST_TR_BASE, HOST_HIGH);
	kl_image_put(img, HOST_GDTR_BASE, HOST_HIGH);
	kl_image_put(img, HOST_IDTR_BASE, HOST_HIGH);
	kl_image_put(img, HOST_IA32_SYSENTER_EIP, HOST_HIGH);
}

static inline void base_guest(struct kl_vmcs_image *img)
{
	unsigned int i;

	for (i = 0; i < 6; i++)
		put_seg(img, i, 0x10, 0, 0xffffffff, DATA0);
	put_seg(img, 1, 0x8, 0, 0xffffffff, CS64);
	put_seg(img, 6, 0x18, 0x7000, 0xfff, 0x82);
	put_seg(img, 7, 0x40, 0x8000, 0x67, 0x8b);
	kl_image_put(img, GUEST_CR0, CR00);
	kl_image_put(img, GUEST_CR3, 0x6000);
	kl_image_put(img, GUEST_CR4, CR40);
	kl_image_put(img, GUEST_DR7, 0x400);
	kl_image_put(img, GUEST_IA32_EFER, 0xd01);
	kl_image_put(img, GUEST_IA32_PAT, PAT0);
	kl_image_put(img, GUEST_GDTR_LIMIT, 0x7f);
	kl_image_put(img, GUEST_IDTR_LIMIT, 0xfff);
	kl_image_put(img, GUEST_RIP, 0x100000);
	kl_image_put(img, GUEST_RFLAGS, 0x202);
	kl_image_put(img, VMCS_LINK_POINTER, ~0ULL);
}

static inline void base_controls(struct kl_vmcs_image *img)
{
	kl_image_put(img, PIN_BASED_VM_EXEC_CONTROL, PIN0);
	kl_image_put(img, CPU_BASED_VM_EXEC_CONTROL, PROC0);
	kl_image_put(img, SECONDARY_VM_EXEC_CONTROL, PROC20);
	kl_image_put(img, VM_EXIT_CONTROLS, EXIT0);
	kl_image_put(img, VM_ENTRY_CONTROLS, ENTRY0);
	kl_image_put(img, VIRTUAL_PROCESSOR_ID, 1);
	kl_image_put(img, EPT_POINTER, EPTP0);
	kl_image_put(img, MSR_BITMAP, 0x3000);
	kl_image_put(img, TSC_MULTIPLIER, BIT_ULL(48));
	kl_image_put(img, POSTED_INTR_NV, 0xf2);
}

static inline void narrow_guest(struct kl_vmcs_image *img)
{
	kl_image_put(img, VM_ENTRY_CONTROLS, ENTRY32);
	kl_image_put(img, GUEST_IA32_EFER, 0);
	kl_image_put(img, GUEST_CR4, 0x2000);
	kl_image_put(img, GUEST_CS_AR_BYTES, CS32);
}

/* Fill an image and what stands around it. */
static inline void base_image(enum base base, struct kl_vmcs_image *img,
			      struct kl_vmx_caps *caps,
			      struct kl_explain_env *env)
{
	unsigned int i;

	*caps = model_everything;
	*env = (struct kl_explain_env){
		.caps = caps, .maxphyaddr = 46, .linear_bits = 48,
		.host_long_mode = base != BNARROW, .cet = true,
		.efer_valid = 0xd01, .debugctl_valid = 0x7ffc3,
		.perf_global_valid = 0x70000000fULL, .vtpr = -1,
	};
	memset(img, 0, sizeof(*img));
	for (i = 0; i < KL_FIELDS; i++)
		kl_image_put(img, kl_vmcs_fields[i].encoding, 0);
	base_controls(img);
	base_host(img);
	base_guest(img);
	if (base != B64)
		narrow_guest(img);
	switch (base) {
	case BV86:
		kl_image_put(img, GUEST_RFLAGS, 0x20202);
		for (i = 0; i < 6; i++)
			put_seg(img, i, 0x1230, 0x12300, 0xffff, 0xf3);
		break;
	case BREAL:
		kl_image_put(img, SECONDARY_VM_EXEC_CONTROL,
			     PROC20 | SECONDARY_EXEC_UNRESTRICTED_GUEST);
		kl_image_put(img, GUEST_CR0, 0x30);
		for (i = 0; i < 6; i++)
			put_seg(img, i, 0xf000, 0xf0000, 0xffff, 0x93);
		break;
	case BNARROW:
		kl_image_put(img, VM_EXIT_CONTROLS,
			     EXIT0 & ~VM_EXIT_HOST_ADDR_SPACE_SIZE);
		kl_image_put(img, HOST_IA32_EFER, 0);
		kl_image_put(img, HOST_RIP, 0xc0100000);
		break;
	default:
		break;
	}
}

#endif /* KL_UNIT_EXPLAIN_BASE_H */
