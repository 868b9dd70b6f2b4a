// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMCS explainer: the image, the engine that runs the rules, the text.
 *
 * The rules themselves: explain_ctl.c (controls), explain_host.c, explain_guest.c
 * and explain_seg.c (guest segments). Names of errors and exits: explain_names.c.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "explain_rules.h"

const struct kl_field_desc kl_vmcs_fields[KL_FIELDS] = {
#define KL_FIELD(enc, width, group, name, feature) \
	{ enc, width, KL_GROUP_##group, KL_FEAT_##feature, name },
#include "fields.def"
#undef KL_FIELD
};

/* In the order in which the SDM has the checks. */
static const struct kl_rule_set * const sets[] = {
	&kl_rules_exec,
	&kl_rules_exit,
	&kl_rules_entry,
	&kl_rules_host_regs,
	&kl_rules_host_seg,
	&kl_rules_host_size,
	&kl_rules_guest_regs,
	&kl_rules_guest_seg,
	&kl_rules_guest_dt,
	&kl_rules_guest_rip,
	&kl_rules_guest_nonreg,
	&kl_rules_guest_pdpte,
};

/**
 * kl_field_find - position of a field
 * @encoding: its encoding
 *
 * Return: enum kl_field, or -ENOENT for a field that is not in fields.def.
 */
int kl_field_find(u32 encoding)
{
	int i;

	for (i = 0; i < KL_FIELDS; i++) {
		if (kl_vmcs_fields[i].encoding == encoding)
			return i;
	}
	return -ENOENT;
}

/**
 * kl_field_exists - does this CPU have a field?
 * @caps: its capabilities
 * @field: position
 *
 * Return: true if VMREAD of the field is sure to work.
 */
bool kl_field_exists(const struct kl_vmx_caps *caps, enum kl_field field)
{
	return kl_caps_has(caps, kl_vmcs_fields[field].feature);
}

/**
 * kl_image_put - enter a field into an image
 * @img: the image, all zero before the first
 * @encoding: the field
 * @value: its value; bits beyond its width are dropped
 *
 * Return: false if fields.def has no such field.
 */
bool kl_image_put(struct kl_vmcs_image *img, u32 encoding, u64 value)
{
	int i = kl_field_find(encoding);

	if (i < 0)
		return false;
	if (kl_vmcs_fields[i].width < 64)
		value &= BIT_ULL(kl_vmcs_fields[i].width) - 1;
	img->value[i] = value;
	img->valid[i / 64] |= BIT_ULL(i % 64);
	return true;
}

/**
 * kl_image_get - read a field of an image
 * @img: the image
 * @encoding: the field
 * @value: out: its value
 *
 * Return: false if the field is unknown or not in the image.
 */
bool kl_image_get(const struct kl_vmcs_image *img, u32 encoding, u64 *value)
{
	int i = kl_field_find(encoding);

	if (i < 0 || !(img->valid[i / 64] & BIT_ULL(i % 64)))
		return false;
	*value = img->value[i];
	return true;
}

/**
 * kl_image_read - read every field this CPU has into an image
 * @img: out
 * @caps: the CPU's capabilities
 * @vmread: reads one field of the current VMCS
 * @ctx: for @vmread
 */
void kl_image_read(struct kl_vmcs_image *img, const struct kl_vmx_caps *caps,
		   kl_vmread_fn vmread, void *ctx)
{
	unsigned int i;

	memset(img, 0, sizeof(*img));
	for (i = 0; i < KL_FIELDS; i++) {
		u32 encoding = kl_vmcs_fields[i].encoding;

		if (kl_field_exists(caps, i))
			kl_image_put(img, encoding, vmread(ctx, encoding));
	}
}

bool kl_check_clear(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		    char *want)
{
	return !(v & r->arg);
}

bool kl_check_set(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		  char *want)
{
	return (v & r->arg) == r->arg;
}

bool kl_check_phys(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		   char *want)
{
	if (kl_xphys(x, v))
		return true;
	scnprintf(want, KL_EXPECTED_LEN,
		  "no bit beyond the physical-address width (%u bits)",
		  x->env->caps->basic & VMX_BASIC_32BIT_PHYS_ADDR_ONLY ?
		  32 : x->env->maxphyaddr);
	return false;
}

bool kl_check_canonical(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			char *want)
{
	if (kl_xcan(x, v & ~(BIT_ULL(r->arg) - 1)))
		return true;
	scnprintf(want, KL_EXPECTED_LEN,
		  "a canonical address (bits 63:%u all equal)",
		  x->env->linear_bits - 1);
	return false;
}

bool kl_check_pat(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		  char *want)
{
	unsigned int i;

	for (i = 0; i < 8; i++) {
		u8 type = v >> (i * 8);

		if (type == 2 || type == 3 || type > 7) {
			scnprintf(want, KL_EXPECTED_LEN,
				  "memory types 0, 1, 4, 5, 6 or 7; PA%u is %#x",
				  i, type);
			return false;
		}
	}
	return true;
}

bool kl_check_cet(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		  char *want)
{
	return !(v & GENMASK_ULL(9, 6)) &&
	       (v & GENMASK_ULL(11, 10)) != GENMASK_ULL(11, 10) &&
	       kl_xcan(x, v);
}

bool kl_check_cet_wp(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		     char *want)
{
	return !(v & BIT_ULL(23)) || (kl_xval(x, r->arg) & BIT_ULL(16));
}

bool kl_check_cr4_1(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		    char *want)
{
	u64 bad = x->env->caps->cr4_fixed0 & ~v;

	if (!bad)
		return true;
	scnprintf(want, KL_EXPECTED_LEN, "bits %#llx set (IA32_VMX_CR4_FIXED0)",
		  bad);
	return false;
}

bool kl_check_cr4_0(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		    char *want)
{
	u64 bad = v & ~x->env->caps->cr4_fixed1;

	if (!bad)
		return true;
	scnprintf(want, KL_EXPECTED_LEN,
		  "bits %#llx clear (IA32_VMX_CR4_FIXED1)", bad);
	return false;
}

bool kl_check_perf_global(const struct kl_xc *x, const struct kl_rule *r,
			  u64 v, char *want)
{
	u64 valid = x->env->perf_global_valid;

	return !valid || !(v & ~valid);
}

bool kl_check_efer(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		   char *want)
{
	u64 valid = x->env->efer_valid;

	return !valid || !(v & ~valid);
}

static void prepare(struct kl_xc *x, const struct kl_vmcs_image *img,
		    const struct kl_explain_env *env)
{
	u32 info;

	memset(x, 0, sizeof(*x));
	x->img = img;
	x->env = env;
	x->ctl[KL_WORD_PIN] = KL_XV(x, PIN_BASED_VM_EXEC_CONTROL);
	x->ctl[KL_WORD_PROC] = KL_XV(x, CPU_BASED_VM_EXEC_CONTROL);
	if (x->ctl[KL_WORD_PROC] & CPU_BASED_ACTIVATE_SECONDARY_CONTROLS)
		x->ctl[KL_WORD_PROC2] = KL_XV(x, SECONDARY_VM_EXEC_CONTROL);
	if (x->ctl[KL_WORD_PROC] & CPU_BASED_ACTIVATE_TERTIARY_CONTROLS)
		x->ctl[KL_WORD_PROC3] = KL_XV(x, TERTIARY_VM_EXEC_CONTROL);
	x->ctl[KL_WORD_EXIT] = KL_XV(x, VM_EXIT_CONTROLS);
	if (x->ctl[KL_WORD_EXIT] & KL_EXIT_SECONDARY)
		x->ctl[KL_WORD_EXIT2] = KL_XV(x, KL_VMCS_EXIT_CONTROLS2);
	x->ctl[KL_WORD_ENTRY] = KL_XV(x, VM_ENTRY_CONTROLS);
	info = KL_XV(x, VM_ENTRY_INTR_INFO_FIELD);
	x->intr = info & INTR_INFO_VALID_MASK ? info : 0;
	x->cr0 = KL_XV(x, GUEST_CR0);
	x->cr4 = KL_XV(x, GUEST_CR4);
	x->rflags = KL_XV(x, GUEST_RFLAGS);
	x->ia32e = x->ctl[KL_WORD_ENTRY] & VM_ENTRY_IA32E_MODE;
	x->v8086 = x->rflags & BIT_ULL(17);
	x->unrestricted = x->ctl[KL_WORD_PROC2] & SECONDARY_EXEC_UNRESTRICTED_GUEST;
}

/* Run one rule; true if it does not hold, with the report in @v. */
static bool broken(const struct kl_xc *x, const struct kl_rule *r,
		   struct kl_violation *v)
{
	const struct kl_field_desc *f = &kl_vmcs_fields[r->field];

	if (!(x->img->valid[r->field / 64] & BIT_ULL(r->field % 64)))
		return false;
	if ((x->ctl[r->word] & r->gate) != r->gate)
		return false;
	v->value = x->img->value[r->field];
	v->expected[0] = 0;
	if (r->check(x, r, v->value, v->expected))
		return false;
	if (!v->expected[0])
		strscpy(v->expected, r->want ? r->want : "",
			sizeof(v->expected));
	v->rule = r->id;
	v->field = f->name;
	v->encoding = f->encoding;
	v->width = f->width;
	return true;
}

/**
 * kl_explain - find the rules of VM entry that an image breaks
 * @img: the image of a VMCS
 * @env: what else the rules depend on
 * @fn: called for each rule that does not hold; may be NULL
 * @ctx: for @fn
 *
 * All rules are checked, though a CPU stops at the first: one run shows all
 * there is to mend. SDM, "VM Entries": "Checks on VMX Controls and Host-State
 * Area", "Checking and Loading Guest State".
 *
 * Return: number of violations.
 */
int kl_explain(const struct kl_vmcs_image *img,
	       const struct kl_explain_env *env, kl_violation_fn fn, void *ctx)
{
	struct kl_violation v;
	unsigned int i, j;
	struct kl_xc x;
	int nr = 0;

	prepare(&x, img, env);
	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		v.section = sets[i]->section;
		for (j = 0; j < sets[i]->nr; j++) {
			if (!broken(&x, &sets[i]->rules[j], &v))
				continue;
			nr++;
			if (fn)
				fn(ctx, &v);
		}
	}
	return nr;
}

/**
 * kl_explain_format - one line of text for a violation
 * @buf: out
 * @len: bytes of @buf
 * @v: the violation
 *
 * Return: characters written, without the NUL.
 */
int kl_explain_format(char *buf, size_t len, const struct kl_violation *v)
{
	return scnprintf(buf, len, "%s: %s (%#x) is %#llx; expected: %s [%s]",
			 v->rule, v->field, v->encoding, v->value, v->expected,
			 v->section);
}

/**
 * kl_explain_rule_names - list the rules
 * @names: out, may be NULL: their ids, in the order they are checked
 * @max: room in @names
 *
 * Return: number of rules there are.
 */
unsigned int kl_explain_rule_names(const char **names, unsigned int max)
{
	unsigned int i, j, nr = 0;

	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		for (j = 0; j < sets[i]->nr; j++, nr++) {
			if (names && nr < max)
				names[nr] = sets[i]->rules[j].id;
		}
	}
	return nr;
}
