// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMCS explainer: an image that breaks nothing, then one broken rule at a
 * time, and random images to show that nothing crashes it.
 *
 * Every rule of the explainer has a case (the last test counts them), and each
 * case demands that just its rule is reported, with the right field and value.
 */
#include "kt.h"
#include "explain_rows.h"

static void tweak(enum tweak t, struct kl_vmx_caps *caps,
		  struct kl_explain_env *env)
{
	switch (t) {
	case T_NONE:
		break;
	case T_PROC2_MUST:
		caps->proc2 |= SECONDARY_EXEC_WBINVD_EXITING;
		break;
	case T_EXIT_BND:
		caps->true_exit &= ~((u64)VM_EXIT_CLEAR_BNDCFGS << 32);
		break;
	case T_NO_MTF:
		caps->true_proc &= ~((u64)CPU_BASED_MONITOR_TRAP_FLAG << 32);
		break;
	case T_NO_EPT_AD:
		caps->ept_vpid &= ~VMX_EPT_AD_BIT;
		break;
	case T_NO_SSS:
		caps->ept_vpid &= ~KL_EPT_CAP_SSS;
		break;
	case T_VTPR:
		env->vtpr = 0x40;
		break;
	case T_PT:
		env->pt_tracing = true;
		break;
	case T_VMCS:
		env->vmcs = 0x5000;
		break;
	}
}

struct seen {
	const struct row *row;
	unsigned int hits, others;
};

static void look(void *ctx, const struct kl_violation *v)
{
	struct seen *s = ctx;
	char line[400];

	kl_explain_format(line, sizeof(line), v);
	if (s->row->also && !strcmp(v->rule, s->row->also))
		return;
	if (strcmp(v->rule, s->row->rule)) {
		s->others++;
		kt_fail(__FILE__, __LINE__, "not expected: %s", line);
		return;
	}
	s->hits++;
	EXPECT_EQ(v->encoding, s->row->field);
	EXPECT_EQ(v->value, s->row->value);
	EXPECT_STREQ(v->field, kl_vmcs_fields[kl_field_find(v->encoding)].name);
	EXPECT(v->expected[0]);
	EXPECT(strlen(v->expected) < KL_EXPECTED_LEN - 1);
	EXPECT(v->section && v->section[0]);
	EXPECT(strstr(line, v->rule) && strstr(line, v->expected));
}

static void run_row(const struct row *r)
{
	struct kl_explain_env env;
	struct kl_vmx_caps caps;
	struct kl_vmcs_image img;
	struct seen seen = { r };
	unsigned int i;
	int nr;

	base_image(r->base, &img, &caps, &env);
	tweak(r->tweak, &caps, &env);
	for (i = 0; i < ARRAY_SIZE(r->with); i++) {
		if (r->with[i].field || r->with[i].value)
			EXPECT(kl_image_put(&img, r->with[i].field,
					    r->with[i].value));
	}
	EXPECT(kl_image_put(&img, r->field, r->value));
	nr = kl_explain(&img, &env, look, &seen);
	EXPECT_EQ(seen.hits, 1);
	EXPECT_EQ(nr, 1 + !!r->also);
	kt_case(r->rule);
}

static void run_rows(const struct row *rows, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		run_row(&rows[i]);
}

static void complain(void *ctx, const struct kl_violation *v)
{
	char line[400];

	kl_explain_format(line, sizeof(line), v);
	kt_fail(__FILE__, __LINE__, "%s: %s", (const char *)ctx, line);
}

KT_TEST(valid_images)
{
	static const char * const names[BASES] = {
		"64-bit", "32-bit", "virtual-8086", "real", "32-bit host"
	};
	struct kl_explain_env env;
	struct kl_vmx_caps caps;
	struct kl_vmcs_image img;
	unsigned int b;

	for (b = 0; b < BASES; b++) {
		base_image(b, &img, &caps, &env);
		EXPECT_EQ(kl_explain(&img, &env, complain, (void *)names[b]), 0);
	}
}

/* States that look odd but that the SDM allows. */
KT_TEST(allowed_oddities)
{
	static const struct row rows[] = {
		/* RIP need not be canonical, its bits 63:N must be equal. */
		R("rip", GUEST_RIP, WILD),
		/* An unusable register is not looked at. */
		R("ds", GUEST_DS_AR_BYTES, 0x10000, { GUEST_DS_BASE, FAR }),
		R("ldtr", GUEST_LDTR_AR_BYTES, 0x10000,
		  { GUEST_LDTR_BASE, WILD }, { GUEST_LDTR_SELECTOR, 4 }),
		/* CD and NW are free. */
		R("cr0", GUEST_CR0, CR00 | 0x60000000),
		/* Unpaged protected mode with unrestricted guest. */
		RB("pe", B32, GUEST_CR0, 0x31, UG),
		/* Type 3 in CS with unrestricted guest. */
		RB("cs", BREAL, GUEST_CS_AR_BYTES, 0x93),
		/* #DB and #MC wake a halted guest. */
		R("hlt", GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_HLT,
		  { INFO, VALID | INTR_TYPE_HARD_EXCEPTION | 1 }),
		R("shutdown", GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_SHUTDOWN,
		  { INFO, NMI }),
		/* No error code in real mode. */
		RB("real", BREAL, INFO, VALID | INTR_TYPE_HARD_EXCEPTION | 13),
		/* #CP has one on a CPU with CET. */
		R("cp", INFO, VALID | INTR_TYPE_HARD_EXCEPTION | 21 |
		  INTR_INFO_DELIVER_CODE_MASK),
		/* A length of 0 where the CPU says so. */
		R("len", VM_ENTRY_INSTRUCTION_LEN, 0,
		  { INFO, VALID | INTR_TYPE_SOFT_EXCEPTION | 3 }),
		/* Addresses that no control uses. */
		R("io", IO_BITMAP_A, FAR | 1),
		R("msr", VM_EXIT_MSR_LOAD_ADDR, FAR | 1),
		/* Nothing of an event that is not valid. */
		R("event", INFO, 0x7fffffff),
		/* A threshold above VTPR while APIC accesses are virtualized. */
		RT("tpr", T_VTPR, TPR_THRESHOLD, 5, TPR,
		   { PROC2, PROC20 | E2(VIRTUALIZE_APIC_ACCESSES) }),
		/* An absent PDPTE may hold anything. */
		RB("pdpte", B32, GUEST_PDPTR0, FAR | 0x1e6, { GUEST_CR4, CR40 }),
		/* A secondary control that is not activated. */
		R("secondary", PROC2, ~0u,
		  { PROC, PROC0 & ~CPU_BASED_ACTIVATE_SECONDARY_CONTROLS }),
	};
	struct kl_explain_env env;
	struct kl_vmx_caps caps;
	struct kl_vmcs_image img;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		base_image(rows[i].base, &img, &caps, &env);
		tweak(rows[i].tweak, &caps, &env);
		for (j = 0; j < ARRAY_SIZE(rows[i].with); j++) {
			if (rows[i].with[j].field || rows[i].with[j].value)
				kl_image_put(&img, rows[i].with[j].field,
					     rows[i].with[j].value);
		}
		kl_image_put(&img, rows[i].field, rows[i].value);
		EXPECT_EQ(kl_explain(&img, &env, complain,
				     (void *)rows[i].rule), 0);
	}
}

KT_TEST(one_rule_at_a_time)
{
	run_rows(control_rows, ARRAY_SIZE(control_rows));
	run_rows(host_rows, ARRAY_SIZE(host_rows));
	run_rows(guest_rows, ARRAY_SIZE(guest_rows));
}

struct hunt {
	const char *rule;
	bool found;
};

static void hunt_for(void *ctx, const struct kl_violation *v)
{
	struct hunt *hunt = ctx;

	if (!strcmp(v->rule, hunt->rule))
		hunt->found = true;
}

/* Reserved bits, one at a time: a rule sees all of them and no other. */
KT_TEST(reserved_bits)
{
	static const struct {
		const char *rule;
		enum base base;
		u32 field;
		u64 mask;
		u32 word;
		u64 control;
	} rows[] = {
		{ "guest.rflags.reserved_0", B64, GUEST_RFLAGS,
		  0xffffffffffc08028ULL },
		{ "guest.dr7.high", B64, GUEST_DR7, 0xffffffff00000000ULL },
		{ "guest.gdtr.limit", B64, GUEST_GDTR_LIMIT, 0xffff0000 },
		{ "guest.idtr.limit", B64, GUEST_IDTR_LIMIT, 0xffff0000 },
		{ "guest.interruptibility.reserved", B64, INTR, 0xffffffe0 },
		{ "guest.pending_debug.reserved", B64,
		  GUEST_PENDING_DBG_EXCEPTIONS, 0xfffffffffffeaff0ULL },
		{ "guest.cs.ar.reserved", B64, GUEST_CS_AR_BYTES, 0xfffe0f00 },
		{ "guest.tr.ar.reserved", B64, GUEST_TR_AR_BYTES, 0xfffe0f00 },
		{ "guest.cs.base", B64, GUEST_CS_BASE, 0xffffffff00000000ULL },
		{ "guest.efer.reserved", B64, GUEST_IA32_EFER,
		  0xfffffffffffff2feULL },
		{ "guest.cr3.width", B64, GUEST_CR3, 0xffffc00000000000ULL },
		{ "host.cr3.width", B64, HOST_CR3, 0xffffc00000000000ULL },
		{ "guest.bndcfgs.reserved", B64, GUEST_BNDCFGS, 0xffc, ENTRY,
		  ENTRY0 | VM_ENTRY_LOAD_BNDCFGS },
		{ "guest.pkrs.high", B64, KL_VMCS_GUEST_PKRS,
		  0xffffffff00000000ULL, ENTRY, ENTRY0 | KL_ENTRY_LOAD_PKRS },
		{ "ctl.eptp.reserved", B64, EPT_POINTER, 0xf00 },
		{ "ctl.eptp.width", B64, EPT_POINTER, 0xffffc00000000000ULL },
		{ "ctl.msr_bitmap.align", B64, MSR_BITMAP, 0xfff },
		{ "ctl.posted.vector", B64, POSTED_INTR_NV, 0xff00, PIN,
		  PIN0 | PIN_BASED_POSTED_INTR },
		{ "ctl.posted.desc.align", B64, POSTED_INTR_DESC_ADDR, 0x3f, PIN,
		  PIN0 | PIN_BASED_POSTED_INTR },
		{ "ctl.hlatp.reserved", B64, KL_VMCS_HLATP, 0xfe7, PROC,
		  PROC0 | CPU_BASED_ACTIVATE_TERTIARY_CONTROLS },
		{ "host.cs.rpl_ti", B64, HOST_CS_SELECTOR, 7 },
	};
	struct kl_explain_env env;
	struct kl_vmx_caps caps;
	struct kl_vmcs_image img;
	unsigned int i, bit;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		int pos = kl_field_find(rows[i].field);

		ASSERT(pos >= 0);
		base_image(rows[i].base, &img, &caps, &env);
		kl_image_put(&img, PROC3, KL_EXEC3_HLAT);
		if (rows[i].word)
			kl_image_put(&img, rows[i].word, rows[i].control);
		for (bit = 0; bit < kl_vmcs_fields[pos].width; bit++) {
			u64 old = img.value[pos];
			struct hunt hunt = { rows[i].rule };

			img.value[pos] = old | BIT_ULL(bit);
			kl_explain(&img, &env, hunt_for, &hunt);
			img.value[pos] = old;
			if (hunt.found != !!(rows[i].mask & BIT_ULL(bit)))
				kt_fail(__FILE__, __LINE__, "%s, bit %u",
					rows[i].rule, bit);
		}
	}
}

static bool has_row(const char *rule)
{
	static const struct {
		const struct row *rows;
		unsigned int nr;
	} all[] = {
		{ control_rows, ARRAY_SIZE(control_rows) },
		{ host_rows, ARRAY_SIZE(host_rows) },
		{ guest_rows, ARRAY_SIZE(guest_rows) },
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		for (j = 0; j < all[i].nr; j++) {
			if (!strcmp(all[i].rows[j].rule, rule))
				return true;
		}
	}
	return false;
}

KT_TEST(every_rule_has_a_case)
{
	unsigned int i, j, nr = kl_explain_rule_names(NULL, 0);
	const char *names[512];

	ASSERT(nr >= 90 && nr <= ARRAY_SIZE(names));
	EXPECT_EQ(kl_explain_rule_names(names, ARRAY_SIZE(names)), nr);
	printf("# %u rules\n", nr);
	for (i = 0; i < nr; i++) {
		if (!has_row(names[i]))
			kt_fail(__FILE__, __LINE__, "no case for %s", names[i]);
		for (j = 0; j < i; j++)
			EXPECT(strcmp(names[i], names[j]));
	}
}

/* The field list: no encoding twice, widths as the encodings say. */
KT_TEST(fields)
{
	static const u8 widths[] = { 16, 64, 32, 64 };
	unsigned int i, j;

	for (i = 0; i < KL_FIELDS; i++) {
		const struct kl_field_desc *f = &kl_vmcs_fields[i];

		EXPECT_EQ(f->width, widths[f->encoding >> 13 & 3]);
		EXPECT(!(f->encoding & 1));
		EXPECT_EQ(kl_field_find(f->encoding), i);
		EXPECT(kl_field_exists(&model_everything, i));
		for (j = 0; j < i; j++)
			EXPECT(f->encoding != kl_vmcs_fields[j].encoding);
		/* Type in bits 11:10: control, exit information, guest, host. */
		switch (f->encoding >> 10 & 3) {
		case 0:
			EXPECT_EQ(f->group, KL_GROUP_CONTROL);
			break;
		case 1:
			EXPECT_EQ(f->group, KL_GROUP_EXIT_INFO);
			break;
		case 2:
			EXPECT_EQ(f->group, KL_GROUP_GUEST);
			break;
		default:
			EXPECT_EQ(f->group, KL_GROUP_HOST);
		}
	}
	EXPECT_EQ(kl_field_find(0x7ffe), -ENOENT);
	EXPECT(!kl_field_exists(&model_penryn, KL_F_EPT_POINTER));
	EXPECT(kl_field_exists(&model_penryn, KL_F_GUEST_CR0));
}

KT_TEST(image)
{
	struct kl_vmcs_image img = { 0 };
	u64 value = 7;

	EXPECT(!kl_image_get(&img, GUEST_CR0, &value));
	EXPECT(kl_image_put(&img, GUEST_CR0, ~0ULL));
	EXPECT(kl_image_get(&img, GUEST_CR0, &value));
	EXPECT_EQ(value, ~0ULL);
	EXPECT(kl_image_put(&img, GUEST_CS_SELECTOR, ~0ULL));
	EXPECT(kl_image_get(&img, GUEST_CS_SELECTOR, &value));
	EXPECT_EQ(value, 0xffff);
	EXPECT(!kl_image_put(&img, 0x7ffe, 1));
	EXPECT(!kl_image_get(&img, 0x7ffe, &value));
}

static u64 echo(void *ctx, u32 encoding)
{
	++*(unsigned int *)ctx;
	return encoding;
}

/* Only fields the CPU has are read: others would make VMREAD fail. */
KT_TEST(image_read)
{
	struct kl_vmcs_image img;
	unsigned int few = 0, all = 0;
	u64 value;

	kl_image_read(&img, &model_penryn, echo, &few);
	EXPECT(!kl_image_get(&img, EPT_POINTER, &value));
	EXPECT(kl_image_get(&img, GUEST_RIP, &value));
	EXPECT_EQ(value, GUEST_RIP);
	kl_image_read(&img, &model_everything, echo, &all);
	EXPECT_EQ(all, KL_FIELDS);
	EXPECT(few < all);
}

/* A rule about a field that is not in the image is silent. */
KT_TEST(empty_image)
{
	struct kl_vmcs_image img = { 0 };
	struct kl_vmx_caps caps = model_everything;
	struct kl_explain_env env = {
		.caps = &caps, .maxphyaddr = 46, .linear_bits = 48, .vtpr = -1,
	};

	EXPECT_EQ(kl_explain(&img, &env, complain, "empty"), 0);
}

KT_TEST(expected_names_the_bit)
{
	struct kl_violation v = {
		.rule = "r", .field = "F", .encoding = 0x4000, .value = 0x16,
		.expected = "E", .section = "S",
	};
	char line[64], tiny[8];

	kl_explain_format(line, sizeof(line), &v);
	EXPECT_STREQ(line, "r: F (0x4000) is 0x16; expected: E [S]");
	EXPECT_EQ(kl_explain_format(tiny, sizeof(tiny), &v), 7);
	EXPECT_STREQ(tiny, "r: F (0");
}

KT_TEST(names)
{
	unsigned int i;

	EXPECT_STREQ(kl_vminstr_error_name(7),
		     "VM entry with invalid control field(s)");
	EXPECT_STREQ(kl_vminstr_error_name(14), "unknown VM-instruction error");
	EXPECT_STREQ(kl_exit_reason_name(EXIT_REASON_CPUID), "CPUID");
	EXPECT_STREQ(kl_exit_reason_name(VMX_EXIT_REASONS_FAILED_VMENTRY | 33),
		     "entry failure: invalid guest state");
	EXPECT_STREQ(kl_exit_reason_name(35), "unknown exit reason");
	for (i = 0; i < 0x20000; i++) {
		ASSERT(kl_vminstr_error_name(i)[0]);
		ASSERT(kl_exit_reason_name(i)[0]);
	}
}

/* xorshift64: the same run on every machine. */
static u64 rnd(u64 *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static void well_formed(void *ctx, const struct kl_violation *v)
{
	char line[400];
	int n = kl_explain_format(line, sizeof(line), v);

	++*(unsigned int *)ctx;
	ASSERT(n > 0 && n < (int)sizeof(line));
	ASSERT(v->expected[0]);
}

KT_TEST(fuzz_random_images)
{
	struct kl_explain_env env;
	struct kl_vmx_caps caps;
	struct kl_vmcs_image img;
	u64 seed = 0x6b766d6c697465ULL;
	unsigned int round, i;

	for (round = 0; round < 5000; round++) {
		unsigned int nr = 0;

		base_image(B64, &img, &caps, &env);
		env.maxphyaddr = 32 + rnd(&seed) % 21;
		env.linear_bits = rnd(&seed) & 1 ? 57 : 48;
		env.vtpr = (int)(rnd(&seed) % 257) - 1;
		env.host_long_mode = rnd(&seed) & 1;
		for (i = 0; i < 20; i++) {
			u32 msr;

			kl_caps_msr_name(i, &msr);
			if (!(rnd(&seed) & 3))
				kl_caps_set(&caps, msr, rnd(&seed));
		}
		for (i = 0; i < KL_FIELDS; i++)
			kl_image_put(&img, kl_vmcs_fields[i].encoding,
				     rnd(&seed) & rnd(&seed));
		if (round & 1)
			img.valid[rnd(&seed) % ARRAY_SIZE(img.valid)] &= rnd(&seed);
		i = kl_explain(&img, &env, well_formed, &nr);
		ASSERT_EQ(i, nr);
	}
}

/* One flipped bit of a valid image: never a crash, and the count is honest. */
KT_TEST(fuzz_flipped_bits)
{
	struct kl_explain_env env;
	struct kl_vmx_caps caps;
	struct kl_vmcs_image img;
	unsigned int b, i, bit, reported = 0;

	for (b = 0; b < BASES; b++) {
		base_image(b, &img, &caps, &env);
		for (i = 0; i < KL_FIELDS; i++) {
			for (bit = 0; bit < kl_vmcs_fields[i].width; bit++) {
				u64 old = img.value[i];
				unsigned int nr = 0;
				int ret;

				img.value[i] ^= BIT_ULL(bit);
				ret = kl_explain(&img, &env, well_formed, &nr);
				ASSERT_EQ(ret, nr);
				ASSERT_EQ(kl_explain(&img, &env, NULL, NULL), nr);
				reported += !!nr;
				img.value[i] = old;
			}
		}
		ASSERT_EQ(kl_explain(&img, &env, complain, "restored"), 0);
	}
	EXPECT(reported > 1000);
}

KT_MAIN
