/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's names of VMX bits, completed.
 *
 * <asm/vmx.h> has what some kernel used; the names below are in the SDM but not
 * in every header of the supported range. Included instead of <asm/vmx.h> by
 * the pure files of vmx/, which compile in userspace too (selftests/unit).
 */
#ifndef _KL_VMX_BITS_H
#define _KL_VMX_BITS_H

#include <linux/bits.h>
#include <linux/types.h>
#include <asm/msr-index.h>
#include <asm/vmx.h>

#ifndef MSR_IA32_VMX_EXIT_CTLS2
#define MSR_IA32_VMX_EXIT_CTLS2			0x00000493
#endif

/* IA32_VMX_BASIC */
#ifndef VMX_BASIC_32BIT_PHYS_ADDR_ONLY
#define VMX_BASIC_32BIT_PHYS_ADDR_ONLY		BIT_ULL(48)
#endif
#ifndef VMX_BASIC_TRUE_CTLS
#define VMX_BASIC_TRUE_CTLS			BIT_ULL(55)
#endif
#ifndef VMX_BASIC_NO_HW_ERROR_CODE_CC
#define VMX_BASIC_NO_HW_ERROR_CODE_CC		BIT_ULL(56)
#endif

/* IA32_VMX_MISC */
#ifndef VMX_MISC_ACTIVITY_SHUTDOWN
#define VMX_MISC_ACTIVITY_SHUTDOWN		BIT_ULL(7)
#endif

/* IA32_VMX_EPT_VPID_CAP */
#define KL_EPT_CAP_SSS				BIT_ULL(23)

/* Secondary processor-based controls */
#ifndef SECONDARY_EXEC_ENABLE_XSAVES
#define SECONDARY_EXEC_ENABLE_XSAVES		BIT(20)
#endif
#ifndef SECONDARY_EXEC_EPT_VIOLATION_VE
#define SECONDARY_EXEC_EPT_VIOLATION_VE		BIT(18)
#endif
#define KL_EXEC2_SPP				BIT(23)
#define KL_EXEC2_PCONFIG			BIT(27)
#define KL_EXEC2_ENCLV				BIT(28)

/* Tertiary processor-based controls */
#define KL_EXEC3_LOADIWKEY			BIT_ULL(0)
#define KL_EXEC3_HLAT				BIT_ULL(1)
#define KL_EXEC3_PAGING_WRITE			BIT_ULL(2)
#define KL_EXEC3_GUEST_PAGING_VERIFY		BIT_ULL(3)
#define KL_EXEC3_IPI_VIRT			BIT_ULL(4)

/* VM-exit and VM-entry controls */
#define KL_EXIT_CLEAR_LBR_CTL			BIT(26)
#define KL_EXIT_CLEAR_UINV			BIT(27)
#define KL_EXIT_LOAD_CET			BIT(28)
#define KL_EXIT_LOAD_PKRS			BIT(29)
#define KL_EXIT_SAVE_PERF_GLOBAL_CTRL		BIT(30)
#define KL_EXIT_SECONDARY			BIT(31)
#define KL_ENTRY_LOAD_UINV			BIT(19)
#define KL_ENTRY_LOAD_CET			BIT(20)
#define KL_ENTRY_LOAD_LBR_CTL			BIT(21)
#define KL_ENTRY_LOAD_PKRS			BIT(22)

/* VMCS fields that enum vmcs_field may lack */
enum kl_vmcs_field {
	KL_VMCS_GUEST_UINV		= 0x0814,
	KL_VMCS_VE_INFO			= 0x202a,
	KL_VMCS_SPP_TABLE		= 0x2030,
	KL_VMCS_ENCLV_EXIT_BITMAP	= 0x2036,
	KL_VMCS_HLATP			= 0x2040,
	KL_VMCS_EXIT_CONTROLS2		= 0x2044,
	KL_VMCS_GUEST_LBR_CTL		= 0x2816,
	KL_VMCS_GUEST_PKRS		= 0x2818,
	KL_VMCS_HOST_PKRS		= 0x2c06,
	KL_VMCS_GUEST_S_CET		= 0x6828,
	KL_VMCS_GUEST_SSP		= 0x682a,
	KL_VMCS_GUEST_ISST		= 0x682c,
	KL_VMCS_HOST_S_CET		= 0x6c18,
	KL_VMCS_HOST_SSP		= 0x6c1a,
	KL_VMCS_HOST_ISST		= 0x6c1c,
};

#endif /* _KL_VMX_BITS_H */
