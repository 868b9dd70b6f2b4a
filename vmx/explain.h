/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMCS explainer: why a VM entry was refused.
 *
 * tour 18: after a failed entry all fields are read into an image and held
 * against every rule of the SDM's chapter "VM Entries"; each rule that does not
 * hold is reported with field, value and what was expected.
 *
 * Pure: no VMREAD here. The caller fills the image, one kl_image_put() a field
 * that kl_field_exists(), and says what else the rules depend on. A rule whose
 * field is not in the image is not checked.
 */
#ifndef _KL_VMX_EXPLAIN_H
#define _KL_VMX_EXPLAIN_H

#include <linux/types.h>

#include "caps.h"

/* enum kl_field: the position of each field of fields.def in an image. */
enum kl_field {
#define KL_FIELD(enc, width, group, name, feature) KL_F_##enc,
#include "fields.def"
#undef KL_FIELD
	KL_FIELDS
};

/**
 * enum kl_field_group - areas of a VMCS
 * @KL_GROUP_CONTROL: control fields
 * @KL_GROUP_GUEST: guest-state area
 * @KL_GROUP_HOST: host-state area
 * @KL_GROUP_EXIT_INFO: VM-exit information, read-only
 */
enum kl_field_group {
	KL_GROUP_CONTROL,
	KL_GROUP_GUEST,
	KL_GROUP_HOST,
	KL_GROUP_EXIT_INFO,
};

/**
 * struct kl_field_desc - one field
 * @encoding: as VMREAD takes it
 * @width: 16, 32 or 64 bits
 * @group: enum kl_field_group
 * @feature: enum kl_feature without which there is no such field
 * @name: as the SDM writes it
 */
struct kl_field_desc {
	u16 encoding;
	u8 width;
	u8 group;
	u8 feature;
	const char *name;
};

/* Indexed by enum kl_field. */
extern const struct kl_field_desc kl_vmcs_fields[KL_FIELDS];

/**
 * struct kl_vmcs_image - values of VMCS fields; 1.4 KB: not for the stack
 * @value: by enum kl_field
 * @valid: bitmap by enum kl_field: @value was read
 */
struct kl_vmcs_image {
	u64 value[KL_FIELDS];
	u64 valid[(KL_FIELDS + 63) / 64];
};

/**
 * struct kl_explain_env - what the rules need besides the image
 * @caps: capability MSRs of the CPU
 * @maxphyaddr: physical-address width, from CPUID 80000008H, EAX[7:0]
 * @linear_bits: linear-address width of the CPU: 57 with LA57, else 48
 * @host_long_mode: IA32_EFER.LMA at the time of entry
 * @pt_tracing: IA32_RTIT_CTL.TraceEn at the time of entry
 * @sgx: the CPU has SGX
 * @cet: the CPU has CET (shadow stacks or indirect-branch tracking)
 * @rtm: the CPU has RTM
 * @bus_lock_debug: the CPU has OS bus-lock detection, CPUID 7.ECX[24]
 * @efer_valid: bits of IA32_EFER that are not reserved; 0: not known
 * @debugctl_valid: bits of IA32_DEBUGCTL that are not reserved; 0: not known
 * @perf_global_valid: the same of IA32_PERF_GLOBAL_CTRL; 0: not known
 * @vmcs: HPA of the VMCS that was entered; 0: not known
 * @vtpr: byte 80H of the virtual-APIC page; -1: not known
 */
struct kl_explain_env {
	const struct kl_vmx_caps *caps;
	u8 maxphyaddr;
	u8 linear_bits;
	bool host_long_mode;
	bool pt_tracing;
	bool sgx;
	bool cet;
	bool rtm;
	bool bus_lock_debug;
	u64 efer_valid;
	u64 debugctl_valid;
	u64 perf_global_valid;
	u64 vmcs;
	int vtpr;
};

#define KL_EXPECTED_LEN 128

/**
 * struct kl_violation - one rule that does not hold
 * @rule: short stable name, such as "guest.cr0.pg_needs_pe"
 * @field: name of the field in the SDM
 * @encoding: of the field
 * @width: of the field, in bits
 * @value: of the field
 * @expected: what the rule demands, in words
 * @section: title of the section of the SDM
 */
struct kl_violation {
	const char *rule;
	const char *field;
	u32 encoding;
	u32 width;
	u64 value;
	char expected[KL_EXPECTED_LEN];
	const char *section;
};

/**
 * typedef kl_violation_fn - told of each rule that does not hold
 * @ctx: as given
 * @v: the violation, valid during the call only
 */
typedef void (*kl_violation_fn)(void *ctx, const struct kl_violation *v);

/**
 * typedef kl_vmread_fn - reads a field of the current VMCS
 * @ctx: as given
 * @encoding: the field
 *
 * Return: its value.
 */
typedef u64 (*kl_vmread_fn)(void *ctx, u32 encoding);

int kl_field_find(u32 encoding);
bool kl_field_exists(const struct kl_vmx_caps *caps, enum kl_field field);
bool kl_image_put(struct kl_vmcs_image *img, u32 encoding, u64 value);
bool kl_image_get(const struct kl_vmcs_image *img, u32 encoding, u64 *value);
void kl_image_read(struct kl_vmcs_image *img, const struct kl_vmx_caps *caps,
		   kl_vmread_fn vmread, void *ctx);

int kl_explain(const struct kl_vmcs_image *img,
	       const struct kl_explain_env *env, kl_violation_fn fn, void *ctx);
int kl_explain_format(char *buf, size_t len, const struct kl_violation *v);
unsigned int kl_explain_rule_names(const char **names, unsigned int max);

const char *kl_vminstr_error_name(u32 error);
const char *kl_exit_reason_name(u32 reason);

#endif /* _KL_VMX_EXPLAIN_H */
