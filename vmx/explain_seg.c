// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules on the guest's segment registers (SDM, "VM Entries", "Checks on Guest
 * Segment Registers").
 *
 * The rows of one register are alike, so they are made by macros; @arg of a
 * rule is the number of the register.
 */
#include <linux/build_bug.h>
#include <linux/kernel.h>

#include "explain_rules.h"

/* In the order in which fields.def has them. */
enum { ES, CS, SS, DS, FS, GS, LDTR, TR };

static_assert(KL_F_GUEST_ES_SELECTOR + TR == KL_F_GUEST_TR_SELECTOR);
static_assert(KL_F_GUEST_ES_LIMIT + TR == KL_F_GUEST_TR_LIMIT);
static_assert(KL_F_GUEST_ES_AR_BYTES + TR == KL_F_GUEST_TR_AR_BYTES);

#define AR_TYPE(ar) ((ar) & VMX_AR_TYPE_MASK)

static u64 selector(const struct kl_xc *x, unsigned int seg)
{
	return kl_xval(x, KL_F_GUEST_ES_SELECTOR + seg);
}

static u64 limit(const struct kl_xc *x, unsigned int seg)
{
	return kl_xval(x, KL_F_GUEST_ES_LIMIT + seg);
}

static u64 rights(const struct kl_xc *x, unsigned int seg)
{
	return kl_xval(x, KL_F_GUEST_ES_AR_BYTES + seg);
}

static bool usable(const struct kl_xc *x, unsigned int seg)
{
	return !(rights(x, seg) & VMX_AR_UNUSABLE_MASK);
}

/* Are the access rights of a register checked at all (outside of virtual-8086)? */
static bool checked(const struct kl_xc *x, unsigned int seg)
{
	if (seg == TR)
		return true;
	if (seg == LDTR)
		return usable(x, seg);
	return !x->v8086 && (seg == CS || usable(x, seg));
}

static bool sel_ti(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		   char *want)
{
	return (r->arg == LDTR && !usable(x, LDTR)) || !(v & 4);
}

static bool ss_rpl(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		   char *want)
{
	return x->v8086 || x->unrestricted ||
	       (v & 3) == (selector(x, CS) & 3);
}

static bool v8086_base(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		       char *want)
{
	u64 base = selector(x, r->arg) << 4;

	if (!x->v8086 || v == base)
		return true;
	scnprintf(want, KL_EXPECTED_LEN,
		  "%#llx, 16 times the selector, in virtual-8086 mode", base);
	return false;
}

static bool v8086_limit(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			char *want)
{
	return !x->v8086 || v == 0xffff;
}

static bool v8086_rights(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			 char *want)
{
	return !x->v8086 || v == 0xf3;
}

static bool base_canonical(const struct kl_xc *x, const struct kl_rule *r,
			   u64 v, char *want)
{
	if (r->arg == LDTR && !usable(x, LDTR))
		return true;
	if (kl_xcan(x, v))
		return true;
	scnprintf(want, KL_EXPECTED_LEN,
		  "a canonical address (bits 63:%u all equal)",
		  x->env->linear_bits - 1);
	return false;
}

static bool base_high(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		      char *want)
{
	return (r->arg != CS && !usable(x, r->arg)) || !(v >> 32);
}

static bool cs_type(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		    char *want)
{
	u64 type = AR_TYPE(v);

	if (x->v8086 || (type & 9) == 9 || (x->unrestricted && type == 3))
		return true;
	scnprintf(want, KL_EXPECTED_LEN, "type 9, 11, 13 or 15 (code, accessed)%s",
		  x->unrestricted ? ", or 3" : "");
	return false;
}

static bool ss_type(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		    char *want)
{
	return !checked(x, SS) || AR_TYPE(v) == 3 || AR_TYPE(v) == 7;
}

static bool data_accessed(const struct kl_xc *x, const struct kl_rule *r,
			  u64 v, char *want)
{
	return !checked(x, r->arg) || (v & VMX_AR_TYPE_ACCESSES_MASK);
}

static bool data_readable(const struct kl_xc *x, const struct kl_rule *r,
			  u64 v, char *want)
{
	return !checked(x, r->arg) || !(v & VMX_AR_TYPE_CODE_MASK) ||
	       (v & VMX_AR_TYPE_READABLE_MASK);
}

static bool s_set(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		  char *want)
{
	return !checked(x, r->arg) || (v & VMX_AR_S_MASK);
}

static bool s_clear(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		    char *want)
{
	return !checked(x, r->arg) || !(v & VMX_AR_S_MASK);
}

static bool cs_dpl_data(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			char *want)
{
	return x->v8086 || AR_TYPE(v) != 3 || !VMX_AR_DPL(v);
}

static bool cs_dpl_code(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			char *want)
{
	u64 type = AR_TYPE(v);

	return x->v8086 || (type != 9 && type != 11) ||
	       VMX_AR_DPL(v) == VMX_AR_DPL(rights(x, SS));
}

static bool cs_dpl_conforming(const struct kl_xc *x, const struct kl_rule *r,
			      u64 v, char *want)
{
	u64 type = AR_TYPE(v);

	return x->v8086 || (type != 13 && type != 15) ||
	       VMX_AR_DPL(v) <= VMX_AR_DPL(rights(x, SS));
}

static bool ss_dpl_rpl(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		       char *want)
{
	return x->v8086 || x->unrestricted ||
	       VMX_AR_DPL(v) == (selector(x, SS) & 3);
}

static bool ss_dpl_zero(const struct kl_xc *x, const struct kl_rule *r, u64 v,
			char *want)
{
	bool real = !(x->cr0 & 1) || AR_TYPE(rights(x, CS)) == 3;

	return x->v8086 || !real || !VMX_AR_DPL(v);
}

static bool data_dpl(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		     char *want)
{
	return x->unrestricted || !checked(x, r->arg) || AR_TYPE(v) > 11 ||
	       VMX_AR_DPL(v) >= (selector(x, r->arg) & 3);
}

static bool present(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		    char *want)
{
	return !checked(x, r->arg) || (v & VMX_AR_P_MASK);
}

static bool reserved(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		     char *want)
{
	return !checked(x, r->arg) || !(v & VMX_AR_RESERVD_MASK);
}

static bool cs_db(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		  char *want)
{
	return x->v8086 || !x->ia32e || !(v & VMX_AR_L_MASK) ||
	       !(v & VMX_AR_DB_MASK);
}

static bool g_clear(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		    char *want)
{
	return !checked(x, r->arg) || !(v & VMX_AR_G_MASK) ||
	       (limit(x, r->arg) & 0xfff) == 0xfff;
}

static bool g_set(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		  char *want)
{
	return !checked(x, r->arg) || (v & VMX_AR_G_MASK) ||
	       !(limit(x, r->arg) >> 20);
}

static bool tr_type(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		    char *want)
{
	if (AR_TYPE(v) == 11 || (!x->ia32e && AR_TYPE(v) == 3))
		return true;
	scnprintf(want, KL_EXPECTED_LEN, "type %s (busy TSS)",
		  x->ia32e ? "11" : "3 or 11");
	return false;
}

static bool ldtr_type(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		      char *want)
{
	return !usable(x, LDTR) || AR_TYPE(v) == 2;
}

static bool tr_usable(const struct kl_xc *x, const struct kl_rule *r, u64 v,
		      char *want)
{
	return !(v & VMX_AR_UNUSABLE_MASK);
}

#define AR(id, seg, check, want) \
	KL_RULE(id, GUEST_##seg##_AR_BYTES, check, seg, want)

/* What virtual-8086 mode asks of each of the six. */
#define W_V8086(name, seg) \
	KL_RULE("guest." name ".base.v8086", GUEST_##seg##_BASE, v8086_base, \
		seg, NULL), \
	KL_RULE("guest." name ".limit.v8086", GUEST_##seg##_LIMIT, v8086_limit, \
		seg, "0xffff in virtual-8086 mode"), \
	AR("guest." name ".ar.v8086", seg, v8086_rights, \
	   "0xf3 in virtual-8086 mode")

/* What is asked of the rights of every register. */
#define W_RIGHTS(name, seg) \
	AR("guest." name ".ar.present", seg, present, "P (bit 7) set"), \
	AR("guest." name ".ar.reserved", seg, reserved, \
	   "bits 31:17 and 11:8 clear"), \
	AR("guest." name ".ar.g_clear", seg, g_clear, \
	   "G (bit 15) clear: bits 11:0 of the limit are not all set"), \
	AR("guest." name ".ar.g_set", seg, g_set, \
	   "G (bit 15) set: the limit has bits above 19")

#define S_SET "S (bit 4) set: a code or data segment"
#define S_CLEAR "S (bit 4) clear: a system segment"

/* DS, ES, FS, GS. */
#define W_DATA(name, seg) \
	AR("guest." name ".ar.accessed", seg, data_accessed, \
	   "accessed (type bit 0) set"), \
	AR("guest." name ".ar.readable", seg, data_readable, \
	   "readable (type bit 1) set in a code segment"), \
	AR("guest." name ".ar.s", seg, s_set, S_SET), \
	AR("guest." name ".ar.dpl", seg, data_dpl, \
	   "DPL (bits 6:5) at least the selector's RPL"), \
	W_RIGHTS(name, seg)

#define W_CANONICAL(name, seg) \
	KL_RULE("guest." name ".base", GUEST_##seg##_BASE, base_canonical, seg, \
		NULL)
#define W_LOW(name, seg) \
	KL_RULE("guest." name ".base", GUEST_##seg##_BASE, base_high, seg, \
		"bits 63:32 clear")

static const struct kl_rule guest_seg[] = {
	KL_RULE("guest.tr.ti", GUEST_TR_SELECTOR, sel_ti, TR,
		"TI (bit 2) clear"),
	KL_RULE("guest.ldtr.ti", GUEST_LDTR_SELECTOR, sel_ti, LDTR,
		"TI (bit 2) clear"),
	KL_RULE("guest.ss.rpl", GUEST_SS_SELECTOR, ss_rpl, SS,
		"RPL equal to that of CS"),

	W_V8086("es", ES),
	W_V8086("cs", CS),
	W_V8086("ss", SS),
	W_V8086("ds", DS),
	W_V8086("fs", FS),
	W_V8086("gs", GS),

	W_LOW("es", ES),
	W_LOW("cs", CS),
	W_LOW("ss", SS),
	W_LOW("ds", DS),
	W_CANONICAL("fs", FS),
	W_CANONICAL("gs", GS),
	W_CANONICAL("ldtr", LDTR),
	W_CANONICAL("tr", TR),

	AR("guest.cs.ar.type", CS, cs_type, NULL),
	AR("guest.cs.ar.s", CS, s_set, S_SET),
	AR("guest.cs.ar.dpl_data", CS, cs_dpl_data, "DPL 0 with type 3"),
	AR("guest.cs.ar.dpl_code", CS, cs_dpl_code,
	   "DPL equal to that of SS with type 9 or 11"),
	AR("guest.cs.ar.dpl_conforming", CS, cs_dpl_conforming,
	   "DPL at most that of SS with type 13 or 15"),
	AR("guest.cs.ar.db", CS, cs_db,
	   "D/B (bit 14) clear: L is set with \"IA-32e mode guest\""),
	W_RIGHTS("cs", CS),

	AR("guest.ss.ar.type", SS, ss_type, "type 3 or 7 (data, read/write, accessed)"),
	AR("guest.ss.ar.s", SS, s_set, S_SET),
	AR("guest.ss.ar.dpl_rpl", SS, ss_dpl_rpl, "DPL equal to the selector's RPL"),
	AR("guest.ss.ar.dpl_zero", SS, ss_dpl_zero,
	   "DPL 0: CR0.PE is clear or CS has type 3"),
	W_RIGHTS("ss", SS),

	W_DATA("es", ES),
	W_DATA("ds", DS),
	W_DATA("fs", FS),
	W_DATA("gs", GS),

	AR("guest.tr.ar.type", TR, tr_type, NULL),
	AR("guest.tr.ar.s", TR, s_clear, S_CLEAR),
	AR("guest.tr.ar.usable", TR, tr_usable, "bit 16 (unusable) clear"),
	W_RIGHTS("tr", TR),

	AR("guest.ldtr.ar.type", LDTR, ldtr_type, "type 2 (LDT)"),
	AR("guest.ldtr.ar.s", LDTR, s_clear, S_CLEAR),
	W_RIGHTS("ldtr", LDTR),
};

const struct kl_rule_set kl_rules_guest_seg = {
	"Checks on Guest Segment Registers", guest_seg, ARRAY_SIZE(guest_seg)
};
