// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules on the control fields (SDM, "VM Entries", "Checks on VMX Controls").
 *
 * A rule that relates two controls is reported on the one that is 1 and must
 * not be.
 */
#include <linux/kernel.h>

#include "explain_rules.h"

/* Reserved settings: @arg is the word. */
static bool must_be_1(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		      char *want)
{
	u64 bad = kl_caps_must_be_1(x->env->caps, r->arg) & ~v;
	unsigned int bit;

	if (!bad)
		return true;
	bit = __ffs64(bad);
	scnprintf(want, KL_EXPECTED_LEN, "%#llx set; first: bit %u (%s) must be 1",
		  bad, bit, kl_control_name(r->arg, bit));
	return false;
}

static bool must_be_0(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		      char *want)
{
	u64 bad = v & ~kl_caps_may_be_1(x->env->caps, r->arg);
	unsigned int bit;

	if (!bad)
		return true;
	bit = __ffs64(bad);
	scnprintf(want, KL_EXPECTED_LEN, "%#llx clear; first: bit %u (%s) must be 0",
		  bad, bit, kl_control_name(r->arg, bit));
	return false;
}

/* Bits of @arg must be 1 in the word that the function is about. */
static bool needs_pin(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		      char *want)
{
	return (x->ctl[KL_WORD_PIN] & r->arg) == r->arg;
}

static bool needs_proc(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		       char *want)
{
	return (x->ctl[KL_WORD_PROC] & r->arg) == r->arg;
}

static bool needs_proc2(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			char *want)
{
	return (x->ctl[KL_WORD_PROC2] & r->arg) == r->arg;
}

static bool needs_exit(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		       char *want)
{
	return (x->ctl[KL_WORD_EXIT] & r->arg) == r->arg;
}

static bool needs_entry(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			char *want)
{
	return (x->ctl[KL_WORD_ENTRY] & r->arg) == r->arg;
}

static bool not_zero(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		     char *want)
{
	return v;
}

static bool cr3_targets(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			char *want)
{
	u32 max = kl_caps_cr3_targets(x->env->caps);

	if (v <= max)
		return true;
	scnprintf(want, KL_EXPECTED_LEN, "at most %u CR3-target values", max);
	return false;
}

static bool tpr_threshold_high(const struct kl_xc *x, const struct kl_rule *r,
			       u64 v, char *want)
{
	return (x->ctl[KL_WORD_PROC2] & SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY) ||
	       !(v & ~0xfULL);
}

static bool tpr_threshold_vtpr(const struct kl_xc *x, const struct kl_rule *r,
			       u64 v, char *want)
{
	u64 off = SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY |
		  SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES;

	if ((x->ctl[KL_WORD_PROC2] & off) || x->env->vtpr < 0)
		return true;
	if ((v & 0xf) <= (u64)(x->env->vtpr >> 4 & 0xf))
		return true;
	scnprintf(want, KL_EXPECTED_LEN,
		  "bits 3:0 at most VTPR[7:4] (%#x) of the virtual-APIC page",
		  x->env->vtpr >> 4 & 0xf);
	return false;
}

static bool eptp_memtype(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			 char *want)
{
	u64 cap = x->env->caps->ept_vpid;

	switch (v & VMX_EPTP_MT_MASK) {
	case 0:
		return cap & VMX_EPTP_UC_BIT;
	case 6:
		return cap & VMX_EPTP_WB_BIT;
	default:
		return false;
	}
}

static bool eptp_walk(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		      char *want)
{
	u64 cap = x->env->caps->ept_vpid;

	switch (v & VMX_EPTP_PWL_MASK) {
	case VMX_EPTP_PWL_4:
		return cap & VMX_EPT_PAGE_WALK_4_BIT;
	case VMX_EPTP_PWL_5:
		return cap & VMX_EPT_PAGE_WALK_5_BIT;
	default:
		return false;
	}
}

static bool eptp_ad(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		    char *want)
{
	return !(v & VMX_EPTP_AD_ENABLE_BIT) ||
	       (x->env->caps->ept_vpid & VMX_EPT_AD_BIT);
}

static bool eptp_sss(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		     char *want)
{
	return !(v & BIT_ULL(7)) || (x->env->caps->ept_vpid & KL_EPT_CAP_SSS);
}

static bool vmfunc_bits(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			char *want)
{
	u64 bad = v & ~x->env->caps->vmfunc;

	if (!bad)
		return true;
	scnprintf(want, KL_EXPECTED_LEN, "only functions of IA32_VMX_VMFUNC (%#llx)",
		  x->env->caps->vmfunc);
	return false;
}

static bool eptp_switching(const struct kl_xc *x, const struct kl_rule *r,
			   u64 v, char *want)
{
	return !(v & VMX_VMFUNC_EPTP_SWITCHING) ||
	       (x->ctl[KL_WORD_PROC2] & SECONDARY_EXEC_ENABLE_EPT);
}

/* The EPTP list counts only while EPTP switching is on. */
static bool eptp_list_align(const struct kl_xc *x, const struct kl_rule *r,
			    u64 v, char *want)
{
	return !(KL_XV(x, VM_FUNCTION_CONTROL) & VMX_VMFUNC_EPTP_SWITCHING) ||
	       !(v & 0xfff);
}

static bool eptp_list_width(const struct kl_xc *x, const struct kl_rule *r,
			    u64 v, char *want)
{
	return !(KL_XV(x, VM_FUNCTION_CONTROL) & VMX_VMFUNC_EPTP_SWITCHING) ||
	       kl_check_phys(x, r, v, want);
}

/* First and last entry of the PID-pointer table. */
static bool pid_table_width(const struct kl_xc *x, const struct kl_rule *r,
			    u64 v, char *want)
{
	u64 last = v + 8 * KL_XV(x, LAST_PID_POINTER_INDEX);

	return kl_check_phys(x, r, v, want) && kl_check_phys(x, r, last, want);
}

#define ALIGN4K "bits 11:0 clear (a page-aligned address)"
#define W_PAGE(id, field, word, gate) \
	KL_RULE_IF(id ".align", field, word, gate, kl_check_clear, 0xfff, ALIGN4K), \
	KL_RULE_IF(id ".width", field, word, gate, kl_check_phys, 0, NULL)
/* A secondary control (gate) that needs something else. */
#define W_PROC2(id, gate, check, arg, want) \
	KL_RULE_IF(id, SECONDARY_VM_EXEC_CONTROL, PROC2, gate, check, arg, want)

static const struct kl_rule exec_rules[] = {
	KL_RULE("ctl.pin.must_be_1", PIN_BASED_VM_EXEC_CONTROL, must_be_1,
		KL_WORD_PIN, NULL),
	KL_RULE("ctl.pin.must_be_0", PIN_BASED_VM_EXEC_CONTROL, must_be_0,
		KL_WORD_PIN, NULL),
	KL_RULE("ctl.proc.must_be_1", CPU_BASED_VM_EXEC_CONTROL, must_be_1,
		KL_WORD_PROC, NULL),
	KL_RULE("ctl.proc.must_be_0", CPU_BASED_VM_EXEC_CONTROL, must_be_0,
		KL_WORD_PROC, NULL),
	KL_RULE_IF("ctl.proc2.must_be_1", SECONDARY_VM_EXEC_CONTROL, PROC,
		   CPU_BASED_ACTIVATE_SECONDARY_CONTROLS, must_be_1,
		   KL_WORD_PROC2, NULL),
	KL_RULE_IF("ctl.proc2.must_be_0", SECONDARY_VM_EXEC_CONTROL, PROC,
		   CPU_BASED_ACTIVATE_SECONDARY_CONTROLS, must_be_0,
		   KL_WORD_PROC2, NULL),
	KL_RULE_IF("ctl.proc3.must_be_0", TERTIARY_VM_EXEC_CONTROL, PROC,
		   CPU_BASED_ACTIVATE_TERTIARY_CONTROLS, must_be_0,
		   KL_WORD_PROC3, NULL),
	KL_RULE("ctl.cr3_target_count", CR3_TARGET_COUNT, cr3_targets, 0, NULL),
	W_PAGE("ctl.io_bitmap_a", IO_BITMAP_A, PROC, CPU_BASED_USE_IO_BITMAPS),
	W_PAGE("ctl.io_bitmap_b", IO_BITMAP_B, PROC, CPU_BASED_USE_IO_BITMAPS),
	W_PAGE("ctl.msr_bitmap", MSR_BITMAP, PROC, CPU_BASED_USE_MSR_BITMAPS),
	W_PAGE("ctl.virtual_apic", VIRTUAL_APIC_PAGE_ADDR, PROC,
	       CPU_BASED_TPR_SHADOW),
	KL_RULE_IF("ctl.tpr_threshold.high_bits", TPR_THRESHOLD, PROC,
		   CPU_BASED_TPR_SHADOW, tpr_threshold_high, 0,
		   "bits 31:4 clear without virtual-interrupt delivery"),
	KL_RULE_IF("ctl.tpr_threshold.above_vtpr", TPR_THRESHOLD, PROC,
		   CPU_BASED_TPR_SHADOW, tpr_threshold_vtpr, 0, NULL),
	KL_RULE_IF("ctl.virtual_nmis.needs_nmi_exiting",
		   PIN_BASED_VM_EXEC_CONTROL, PIN, PIN_BASED_VIRTUAL_NMIS,
		   needs_pin, PIN_BASED_NMI_EXITING,
		   "\"virtual NMIs\" only with \"NMI exiting\""),
	KL_RULE_IF("ctl.nmi_window.needs_virtual_nmis",
		   CPU_BASED_VM_EXEC_CONTROL, PROC,
		   CPU_BASED_NMI_WINDOW_EXITING, needs_pin,
		   PIN_BASED_VIRTUAL_NMIS,
		   "\"NMI-window exiting\" only with \"virtual NMIs\""),
	W_PAGE("ctl.apic_access", APIC_ACCESS_ADDR, PROC2,
	       SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES),
	W_PROC2("ctl.x2apic.needs_tpr_shadow",
		SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE, needs_proc,
		CPU_BASED_TPR_SHADOW,
		"\"virtualize x2APIC mode\" only with \"use TPR shadow\""),
	W_PROC2("ctl.apic_regs.needs_tpr_shadow",
		SECONDARY_EXEC_APIC_REGISTER_VIRT, needs_proc,
		CPU_BASED_TPR_SHADOW,
		"\"APIC-register virtualization\" only with \"use TPR shadow\""),
	W_PROC2("ctl.vid.needs_tpr_shadow",
		SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY, needs_proc,
		CPU_BASED_TPR_SHADOW,
		"\"virtual-interrupt delivery\" only with \"use TPR shadow\""),
	W_PROC2("ctl.x2apic.excludes_apic_access",
		SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE, kl_check_clear,
		SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES,
		"not both \"virtualize x2APIC mode\" and \"virtualize APIC accesses\""),
	W_PROC2("ctl.vid.needs_ext_int_exiting",
		SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY, needs_pin,
		PIN_BASED_EXT_INTR_MASK,
		"\"virtual-interrupt delivery\" only with \"external-interrupt exiting\""),
	KL_RULE_IF("ctl.posted.needs_vid", PIN_BASED_VM_EXEC_CONTROL, PIN,
		   PIN_BASED_POSTED_INTR, needs_proc2,
		   SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY,
		   "\"process posted interrupts\" only with \"virtual-interrupt delivery\""),
	KL_RULE_IF("ctl.posted.needs_ack", PIN_BASED_VM_EXEC_CONTROL, PIN,
		   PIN_BASED_POSTED_INTR, needs_exit, VM_EXIT_ACK_INTR_ON_EXIT,
		   "\"process posted interrupts\" only with \"acknowledge interrupt on exit\""),
	KL_RULE_IF("ctl.posted.vector", POSTED_INTR_NV, PIN,
		   PIN_BASED_POSTED_INTR, kl_check_clear, 0xff00,
		   "a vector of 0 to 255"),
	KL_RULE_IF("ctl.posted.desc.align", POSTED_INTR_DESC_ADDR, PIN,
		   PIN_BASED_POSTED_INTR, kl_check_clear, 0x3f,
		   "bits 5:0 clear (64-byte aligned)"),
	KL_RULE_IF("ctl.posted.desc.width", POSTED_INTR_DESC_ADDR, PIN,
		   PIN_BASED_POSTED_INTR, kl_check_phys, 0, NULL),
	KL_RULE_IF("ctl.vpid.zero", VIRTUAL_PROCESSOR_ID, PROC2,
		   SECONDARY_EXEC_ENABLE_VPID, not_zero, 0,
		   "not 0 with \"enable VPID\""),
	KL_RULE_IF("ctl.eptp.memtype", EPT_POINTER, PROC2,
		   SECONDARY_EXEC_ENABLE_EPT, eptp_memtype, 0,
		   "memory type (bits 2:0) 0 or 6, as IA32_VMX_EPT_VPID_CAP has it"),
	KL_RULE_IF("ctl.eptp.walk_length", EPT_POINTER, PROC2,
		   SECONDARY_EXEC_ENABLE_EPT, eptp_walk, 0,
		   "bits 5:3 one less than a page-walk length the CPU has (4 or 5)"),
	KL_RULE_IF("ctl.eptp.ad", EPT_POINTER, PROC2, SECONDARY_EXEC_ENABLE_EPT,
		   eptp_ad, 0,
		   "bit 6 clear: the CPU has no accessed and dirty flags for EPT"),
	KL_RULE_IF("ctl.eptp.sss", EPT_POINTER, PROC2, SECONDARY_EXEC_ENABLE_EPT,
		   eptp_sss, 0,
		   "bit 7 clear: the CPU has no supervisor shadow-stack control in EPT"),
	KL_RULE_IF("ctl.eptp.reserved", EPT_POINTER, PROC2,
		   SECONDARY_EXEC_ENABLE_EPT, kl_check_clear,
		   GENMASK_ULL(11, 8), "bits 11:8 clear"),
	KL_RULE_IF("ctl.eptp.width", EPT_POINTER, PROC2,
		   SECONDARY_EXEC_ENABLE_EPT, kl_check_phys, 0, NULL),
	W_PROC2("ctl.unrestricted.needs_ept", SECONDARY_EXEC_UNRESTRICTED_GUEST,
		needs_proc2, SECONDARY_EXEC_ENABLE_EPT,
		"\"unrestricted guest\" only with \"enable EPT\""),
	W_PROC2("ctl.mbec.needs_ept", SECONDARY_EXEC_MODE_BASED_EPT_EXEC,
		needs_proc2, SECONDARY_EXEC_ENABLE_EPT,
		"\"mode-based execute control for EPT\" only with \"enable EPT\""),
	W_PROC2("ctl.pml.needs_ept", SECONDARY_EXEC_ENABLE_PML, needs_proc2,
		SECONDARY_EXEC_ENABLE_EPT, "\"enable PML\" only with \"enable EPT\""),
	W_PAGE("ctl.pml", PML_ADDRESS, PROC2, SECONDARY_EXEC_ENABLE_PML),
	W_PROC2("ctl.spp.needs_ept", KL_EXEC2_SPP, needs_proc2,
		SECONDARY_EXEC_ENABLE_EPT,
		"\"sub-page write permissions for EPT\" only with \"enable EPT\""),
	W_PAGE("ctl.spp_table", KL_VMCS_SPP_TABLE, PROC2, KL_EXEC2_SPP),
	KL_RULE_IF("ctl.vmfunc.reserved", VM_FUNCTION_CONTROL, PROC2,
		   SECONDARY_EXEC_ENABLE_VMFUNC, vmfunc_bits, 0, NULL),
	KL_RULE_IF("ctl.eptp_switching.needs_ept", VM_FUNCTION_CONTROL, PROC2,
		   SECONDARY_EXEC_ENABLE_VMFUNC, eptp_switching, 0,
		   "\"EPTP switching\" only with \"enable EPT\""),
	KL_RULE_IF("ctl.eptp_list.align", EPTP_LIST_ADDRESS, PROC2,
		   SECONDARY_EXEC_ENABLE_VMFUNC, eptp_list_align, 0, ALIGN4K),
	KL_RULE_IF("ctl.eptp_list.width", EPTP_LIST_ADDRESS, PROC2,
		   SECONDARY_EXEC_ENABLE_VMFUNC, eptp_list_width, 0, NULL),
	W_PAGE("ctl.vmread_bitmap", VMREAD_BITMAP, PROC2,
	       SECONDARY_EXEC_SHADOW_VMCS),
	W_PAGE("ctl.vmwrite_bitmap", VMWRITE_BITMAP, PROC2,
	       SECONDARY_EXEC_SHADOW_VMCS),
	W_PAGE("ctl.ve_info", KL_VMCS_VE_INFO, PROC2,
	       SECONDARY_EXEC_EPT_VIOLATION_VE),
	W_PROC2("ctl.pt_gpa.needs_ept", SECONDARY_EXEC_PT_USE_GPA, needs_proc2,
		SECONDARY_EXEC_ENABLE_EPT,
		"\"Intel PT uses guest physical addresses\" only with \"enable EPT\""),
	W_PROC2("ctl.pt_gpa.needs_load_rtit", SECONDARY_EXEC_PT_USE_GPA,
		needs_entry, VM_ENTRY_LOAD_IA32_RTIT_CTL,
		"\"Intel PT uses guest physical addresses\" only with \"load IA32_RTIT_CTL\""),
	W_PROC2("ctl.pt_gpa.needs_clear_rtit", SECONDARY_EXEC_PT_USE_GPA,
		needs_exit, VM_EXIT_CLEAR_IA32_RTIT_CTL,
		"\"Intel PT uses guest physical addresses\" only with \"clear IA32_RTIT_CTL\""),
	KL_RULE_IF("ctl.tsc_multiplier.zero", TSC_MULTIPLIER, PROC2,
		   SECONDARY_EXEC_TSC_SCALING, not_zero, 0,
		   "not 0 with \"use TSC scaling\""),
	KL_RULE_IF("ctl.ipi_virt.needs_tpr_shadow", TERTIARY_VM_EXEC_CONTROL,
		   PROC3, KL_EXEC3_IPI_VIRT, needs_proc, CPU_BASED_TPR_SHADOW,
		   "\"IPI virtualization\" only with \"use TPR shadow\""),
	KL_RULE_IF("ctl.pid_table.align", PID_POINTER_TABLE, PROC3,
		   KL_EXEC3_IPI_VIRT, kl_check_clear, 7,
		   "bits 2:0 clear (8-byte aligned)"),
	KL_RULE_IF("ctl.pid_table.width", PID_POINTER_TABLE, PROC3,
		   KL_EXEC3_IPI_VIRT, pid_table_width, 0, NULL),
	KL_RULE_IF("ctl.hlatp.reserved", KL_VMCS_HLATP, PROC3, KL_EXEC3_HLAT,
		   kl_check_clear, GENMASK_ULL(2, 0) | GENMASK_ULL(11, 5),
		   "bits 2:0 and 11:5 clear"),
	KL_RULE_IF("ctl.hlatp.width", KL_VMCS_HLATP, PROC3, KL_EXEC3_HLAT,
		   kl_check_phys, 0, NULL),
};

const struct kl_rule_set kl_rules_exec = {
	"VM-Execution Control Fields", exec_rules, ARRAY_SIZE(exec_rules)
};

/* Lists of MSRs: an address and, in @arg, the field with the count. */
static bool list_align(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		       char *want)
{
	return !kl_xval(x, r->arg) || !(v & 0xf);
}

static bool list_width(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		       char *want)
{
	return !kl_xval(x, r->arg) || kl_check_phys(x, r, v, want);
}

static bool list_end(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		     char *want)
{
	u64 count = kl_xval(x, r->arg);
	u64 last = v + count * 16 - 1;

	/* Where the start is already wrong the other rule tells. */
	if (!count || !kl_xphys(x, v) || kl_xphys(x, last))
		return true;
	scnprintf(want, KL_EXPECTED_LEN,
		  "last byte (%#llx, %llu entries) within the physical-address width",
		  last, count);
	return false;
}

#define W_LIST(id, addr, count) \
	KL_RULE(id ".align", addr, list_align, KL_F_##count, \
		"bits 3:0 clear (16-byte aligned)"), \
	KL_RULE(id ".width", addr, list_width, KL_F_##count, NULL), \
	KL_RULE(id ".end", addr, list_end, KL_F_##count, NULL)

static const struct kl_rule exit_rules[] = {
	KL_RULE("exit.must_be_1", VM_EXIT_CONTROLS, must_be_1, KL_WORD_EXIT,
		NULL),
	KL_RULE("exit.must_be_0", VM_EXIT_CONTROLS, must_be_0, KL_WORD_EXIT,
		NULL),
	KL_RULE_IF("exit.secondary.must_be_0", KL_VMCS_EXIT_CONTROLS2, EXIT,
		   KL_EXIT_SECONDARY, must_be_0, KL_WORD_EXIT2, NULL),
	KL_RULE_IF("exit.save_timer.needs_timer", VM_EXIT_CONTROLS, EXIT,
		   VM_EXIT_SAVE_VMX_PREEMPTION_TIMER, needs_pin,
		   PIN_BASED_VMX_PREEMPTION_TIMER,
		   "\"save VMX-preemption timer value\" only with the timer activated"),
	W_LIST("exit.msr_store", VM_EXIT_MSR_STORE_ADDR,
	       VM_EXIT_MSR_STORE_COUNT),
	W_LIST("exit.msr_load", VM_EXIT_MSR_LOAD_ADDR, VM_EXIT_MSR_LOAD_COUNT),
};

const struct kl_rule_set kl_rules_exit = {
	"VM-Exit Control Fields", exit_rules, ARRAY_SIZE(exit_rules)
};

static bool intr_type(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		      char *want)
{
	return kl_xtype(x) != INTR_TYPE_RESERVED;
}

static bool intr_other(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		       char *want)
{
	return kl_xtype(x) != INTR_TYPE_OTHER_EVENT ||
	       (kl_caps_may_be_1(x->env->caps, KL_WORD_PROC) &
		CPU_BASED_MONITOR_TRAP_FLAG);
}

/* @arg: the type in bits 31:8, the highest and only vector in bits 7:0. */
static bool intr_vector(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			char *want)
{
	return kl_xtype(x) != (int)(r->arg & ~0xffULL) ||
	       (v & 0xff) == (r->arg & 0xff);
}

static bool intr_exception(const struct kl_xc *x, const struct kl_rule *r,
			   u64 v, char *want)
{
	return kl_xtype(x) != INTR_TYPE_HARD_EXCEPTION || (v & 0xff) <= 31;
}

/* Can the guest's mode push an error code at all? */
static bool errcode_mode(const struct kl_xc *x)
{
	return !x->unrestricted || (x->cr0 & 1);
}

static bool errcode_vector(const struct kl_xc *x)
{
	u32 with = BIT(8) | BIT(10) | BIT(11) | BIT(12) | BIT(13) | BIT(14) |
		   BIT(17);
	u8 vector = x->intr;

	if (x->env->cet)
		with |= BIT(21);
	return vector < 32 && (with & BIT(vector));
}

static bool errcode_missing(const struct kl_xc *x, const struct kl_rule *r,
			    u64 v, char *want)
{
	if (kl_xtype(x) != INTR_TYPE_HARD_EXCEPTION || !errcode_mode(x) ||
	    !errcode_vector(x))
		return true;
	return (v & INTR_INFO_DELIVER_CODE_MASK) ||
	       (x->env->caps->basic & VMX_BASIC_NO_HW_ERROR_CODE_CC);
}

static bool errcode_unexpected(const struct kl_xc *x, const struct kl_rule *r,
			       u64 v, char *want)
{
	if (kl_xtype(x) < 0 || !(v & INTR_INFO_DELIVER_CODE_MASK))
		return true;
	if (kl_xtype(x) != INTR_TYPE_HARD_EXCEPTION || !errcode_mode(x))
		return false;
	return errcode_vector(x) ||
	       (x->env->caps->basic & VMX_BASIC_NO_HW_ERROR_CODE_CC);
}

static bool intr_reserved(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			  char *want)
{
	return !x->intr || !(v & GENMASK_ULL(30, 12));
}

static bool errcode_reserved(const struct kl_xc *x, const struct kl_rule *r,
			     u64 v, char *want)
{
	return !(x->intr & INTR_INFO_DELIVER_CODE_MASK) || !(v >> 16);
}

static bool insn_len(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		     char *want)
{
	bool zero = x->env->caps->misc & VMX_MISC_ZERO_LEN_INS;

	switch (kl_xtype(x)) {
	case INTR_TYPE_SOFT_INTR:
	case INTR_TYPE_PRIV_SW_EXCEPTION:
	case INTR_TYPE_SOFT_EXCEPTION:
		if (v <= 15 && (v || zero))
			return true;
		scnprintf(want, KL_EXPECTED_LEN,
			  "%d to 15 with a software interrupt or exception",
			  zero ? 0 : 1);
		return false;
	default:
		return true;
	}
}

static bool pt_load(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		    char *want)
{
	return !x->env->pt_tracing;
}

static const struct kl_rule entry_rules[] = {
	KL_RULE("entry.must_be_1", VM_ENTRY_CONTROLS, must_be_1, KL_WORD_ENTRY,
		NULL),
	KL_RULE("entry.must_be_0", VM_ENTRY_CONTROLS, must_be_0, KL_WORD_ENTRY,
		NULL),
	KL_RULE("entry.intr.type_reserved", VM_ENTRY_INTR_INFO_FIELD, intr_type,
		0, "a type (bits 10:8) other than 1"),
	KL_RULE("entry.intr.type_other", VM_ENTRY_INTR_INFO_FIELD, intr_other, 0,
		"type 7 only on a CPU with the monitor trap flag"),
	KL_RULE("entry.intr.nmi_vector", VM_ENTRY_INTR_INFO_FIELD, intr_vector,
		INTR_TYPE_NMI_INTR | 2, "vector 2 with type NMI"),
	KL_RULE("entry.intr.exception_vector", VM_ENTRY_INTR_INFO_FIELD,
		intr_exception, 0, "a vector of 0 to 31 with a hardware exception"),
	KL_RULE("entry.intr.other_vector", VM_ENTRY_INTR_INFO_FIELD,
		intr_vector, INTR_TYPE_OTHER_EVENT | 0,
		"vector 0 (pending MTF VM exit) with type 7"),
	KL_RULE("entry.intr.error_code_missing", VM_ENTRY_INTR_INFO_FIELD,
		errcode_missing, 0,
		"bit 11 (deliver error code) set: this exception has an error code"),
	KL_RULE("entry.intr.error_code_unexpected", VM_ENTRY_INTR_INFO_FIELD,
		errcode_unexpected, 0,
		"bit 11 (deliver error code) clear: this event has no error code"),
	KL_RULE("entry.intr.reserved", VM_ENTRY_INTR_INFO_FIELD, intr_reserved,
		0, "bits 30:12 clear"),
	KL_RULE("entry.error_code.reserved", VM_ENTRY_EXCEPTION_ERROR_CODE,
		errcode_reserved, 0, "bits 31:16 clear"),
	KL_RULE("entry.insn_len", VM_ENTRY_INSTRUCTION_LEN, insn_len, 0, NULL),
	W_LIST("entry.msr_load", VM_ENTRY_MSR_LOAD_ADDR,
	       VM_ENTRY_MSR_LOAD_COUNT),
	KL_RULE("entry.smm", VM_ENTRY_CONTROLS, kl_check_clear,
		VM_ENTRY_SMM, "\"entry to SMM\" clear outside of SMM"),
	KL_RULE("entry.dual_monitor", VM_ENTRY_CONTROLS, kl_check_clear,
		VM_ENTRY_DEACT_DUAL_MONITOR,
		"\"deactivate dual-monitor treatment\" clear outside of SMM"),
	KL_RULE_IF("entry.rtit.tracing", VM_ENTRY_CONTROLS, ENTRY,
		   VM_ENTRY_LOAD_IA32_RTIT_CTL, pt_load, 0,
		   "\"load IA32_RTIT_CTL\" clear while Intel PT traces"),
};

const struct kl_rule_set kl_rules_entry = {
	"VM-Entry Control Fields", entry_rules, ARRAY_SIZE(entry_rules)
};
