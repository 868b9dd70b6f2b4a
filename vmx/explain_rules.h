/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the explainer: the shape of a rule and what rules share.
 *
 * A rule is one row: an id, the field it is about, the controls it applies
 * under (the gate), a check, and the words that tell what was expected.
 */
#ifndef _KL_VMX_EXPLAIN_RULES_H
#define _KL_VMX_EXPLAIN_RULES_H

#include "explain.h"

/**
 * struct kl_xc - what the rules look at
 * @img: the image
 * @env: what stands outside of the VMCS
 * @ctl: control words by enum kl_word; a word that is not activated is 0
 * @intr: VM-entry interruption information if valid, else 0
 * @cr0: guest CR0
 * @cr4: guest CR4
 * @rflags: guest RFLAGS
 * @ia32e: "IA-32e mode guest" is 1
 * @v8086: the guest will be in virtual-8086 mode
 * @unrestricted: "unrestricted guest" is 1
 */
struct kl_xc {
	const struct kl_vmcs_image *img;
	const struct kl_explain_env *env;
	u64 ctl[KL_WORD_CONTROLS];
	u32 intr;
	u64 cr0;
	u64 cr4;
	u64 rflags;
	bool ia32e;
	bool v8086;
	bool unrestricted;
};

struct kl_rule;

/**
 * typedef kl_check_fn - does the rule hold?
 * @x: what the rules look at
 * @r: the rule
 * @v: value of the rule's field
 * @want: room for KL_EXPECTED_LEN bytes: what is expected, if the rule's own
 *	words do not do
 *
 * Return: true if it holds.
 */
typedef bool (*kl_check_fn)(const struct kl_xc *x, const struct kl_rule *r,
			    u64 v, char *want);

/**
 * struct kl_rule - one rule
 * @id: short stable name
 * @field: enum kl_field it is about
 * @word: control word of @gate
 * @gate: bits that must all be 1 for the rule to apply; 0: always
 * @check: the check
 * @arg: for the check
 * @want: what is expected, in words
 */
struct kl_rule {
	const char *id;
	u16 field;
	u8 word;
	u64 gate;
	kl_check_fn check;
	u64 arg;
	const char *want;
};

/**
 * struct kl_rule_set - the rules of one section of the SDM
 * @section: its title
 * @rules: the rules
 * @nr: their number
 */
struct kl_rule_set {
	const char *section;
	const struct kl_rule *rules;
	unsigned int nr;
};

extern const struct kl_rule_set kl_rules_exec;
extern const struct kl_rule_set kl_rules_exit;
extern const struct kl_rule_set kl_rules_entry;
extern const struct kl_rule_set kl_rules_host_regs;
extern const struct kl_rule_set kl_rules_host_seg;
extern const struct kl_rule_set kl_rules_host_size;
extern const struct kl_rule_set kl_rules_guest_regs;
extern const struct kl_rule_set kl_rules_guest_seg;
extern const struct kl_rule_set kl_rules_guest_dt;
extern const struct kl_rule_set kl_rules_guest_rip;
extern const struct kl_rule_set kl_rules_guest_nonreg;
extern const struct kl_rule_set kl_rules_guest_pdpte;

/* A rule with, and without, a gate. */
#define KL_RULE_IF(i, f, w, g, c, a, t) \
	{ .id = (i), .field = KL_F_##f, .word = KL_WORD_##w, .gate = (g), \
	  .check = (c), .arg = (a), .want = (t) }
#define KL_RULE(i, f, c, a, t) KL_RULE_IF(i, f, PIN, 0, c, a, t)

/* Value of a field, 0 if it is not in the image. */
static inline u64 kl_xval(const struct kl_xc *x, unsigned int field)
{
	if (!(x->img->valid[field / 64] & BIT_ULL(field % 64)))
		return 0;
	return x->img->value[field];
}

#define KL_XV(x, f) kl_xval(x, KL_F_##f)

static inline bool kl_xcan(const struct kl_xc *x, u64 gva)
{
	unsigned int shift = 64 - x->env->linear_bits;

	return (u64)((s64)(gva << shift) >> shift) == gva;
}

/* No bit beyond the physical-address width? */
static inline bool kl_xphys(const struct kl_xc *x, u64 hpa)
{
	if ((x->env->caps->basic & VMX_BASIC_32BIT_PHYS_ADDR_ONLY) && hpa >> 32)
		return false;
	return !(hpa >> x->env->maxphyaddr);
}

/* Kind of event to be injected: INTR_TYPE_*, or -1 if none. */
static inline int kl_xtype(const struct kl_xc *x)
{
	return x->intr ? (int)(x->intr & INTR_INFO_INTR_TYPE_MASK) : -1;
}

/* Checks that many rules use; @arg as said. */
bool kl_check_clear(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		    char *want);	/* bits of @arg are 0 */
bool kl_check_set(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		  char *want);		/* bits of @arg are 1 */
bool kl_check_phys(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		   char *want);		/* within the physical-address width */
bool kl_check_canonical(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			char *want);	/* canonical, low @arg bits ignored */
bool kl_check_pat(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		  char *want);		/* eight memory types */
bool kl_check_cet(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		  char *want);		/* IA32_S_CET */
bool kl_check_cet_wp(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		     char *want);	/* CR4.CET needs CR0.WP of field @arg */
bool kl_check_cr4_1(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		    char *want);	/* CR4 has what VMX operation fixes to 1 */
bool kl_check_cr4_0(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		    char *want);	/* CR4 has nothing it fixes to 0 */
bool kl_check_perf_global(const struct kl_xc *x, const struct kl_rule *r,
			  u64 v, char *want);	/* no reserved bit, if known */
bool kl_check_efer(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		   char *want);		/* no reserved bit, if known */

#endif /* _KL_VMX_EXPLAIN_RULES_H */
