// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capability discovery: which MSRs are read, what the helpers make of them,
 * which features the CPU generations have, and what is named when one is missing.
 */
#include "kt.h"
#include "models.h"

struct fake {
	const struct kl_vmx_caps *caps;
	u32 read[32];
	unsigned int nr;
};

static u64 fake_rdmsr(void *ctx, u32 msr)
{
	struct fake *f = ctx;
	u64 value = 0;

	f->read[f->nr++ % 32] = msr;
	kl_caps_get(f->caps, msr, &value);
	return value;
}

static bool was_read(const struct fake *f, u32 msr)
{
	unsigned int i;

	for (i = 0; i < f->nr; i++) {
		if (f->read[i] == msr)
			return true;
	}
	return false;
}

KT_TEST(read_everything)
{
	struct fake f = { &model_everything };
	struct kl_vmx_caps caps;
	const char *why = NULL;

	kl_caps_read_with(&caps, fake_rdmsr, &f);
	EXPECT_EQ(f.nr, 20);
	EXPECT(kl_caps_same(&caps, &model_everything, &why));
	EXPECT(!why);
}

/* An MSR the CPU does not report is not touched: reading it would fault. */
KT_TEST(absent_msrs_are_not_read)
{
	struct fake f = { &model_penryn };
	struct kl_vmx_caps caps;

	kl_caps_read_with(&caps, fake_rdmsr, &f);
	EXPECT_EQ(f.nr, 12);
	EXPECT(was_read(&f, MSR_IA32_VMX_PROCBASED_CTLS2));
	EXPECT(!was_read(&f, MSR_IA32_VMX_TRUE_PINBASED_CTLS));
	EXPECT(!was_read(&f, MSR_IA32_VMX_EPT_VPID_CAP));
	EXPECT(!was_read(&f, MSR_IA32_VMX_VMFUNC));
	EXPECT(!was_read(&f, MSR_IA32_VMX_PROCBASED_CTLS3));
	EXPECT(!was_read(&f, MSR_IA32_VMX_EXIT_CTLS2));

	f = (struct fake){ &model_lynnfield };
	kl_caps_read_with(&caps, fake_rdmsr, &f);
	EXPECT(was_read(&f, MSR_IA32_VMX_EPT_VPID_CAP));
	EXPECT(!was_read(&f, MSR_IA32_VMX_VMFUNC));
}

/* Each MSR counts in the comparison, and the one that differs is named. */
KT_TEST(differences_are_named)
{
	unsigned int i, nr = 0;
	const char *name;
	u32 msr;

	for (i = 0; (name = kl_caps_msr_name(i, &msr)); i++, nr++) {
		struct kl_vmx_caps other = model_ice_lake;
		const char *why = NULL;
		u64 value;

		ASSERT(kl_caps_get(&other, msr, &value));
		ASSERT(kl_caps_set(&other, msr, value ^ BIT_ULL(40)));
		EXPECT(!kl_caps_same(&model_ice_lake, &other, &why));
		EXPECT_STREQ(why, name);
		EXPECT(!kl_caps_same(&model_ice_lake, &other, NULL));
	}
	EXPECT_EQ(nr, sizeof(struct kl_vmx_caps) / sizeof(u64));
}

KT_TEST(unknown_msr_is_refused)
{
	struct kl_vmx_caps caps = model_ice_lake;
	u64 value;

	EXPECT(!kl_caps_set(&caps, 0x10, 1));
	EXPECT(!kl_caps_get(&caps, 0x10, &value));
	EXPECT(!kl_caps_set(&caps, MSR_IA32_VMX_EXIT_CTLS2 + 1, 1));
}

KT_TEST(helpers)
{
	const struct kl_vmx_caps *c = &model_haswell;

	EXPECT_EQ(kl_caps_revision(c), 4);
	EXPECT_EQ(kl_caps_vmcs_size(c), 1024);
	EXPECT_EQ(kl_caps_timer_shift(c), 5);
	EXPECT_EQ(kl_caps_cr3_targets(c), 4);
	EXPECT_EQ(kl_caps_max_msrs(c), 512);
	EXPECT(kl_caps_ept(c) && kl_caps_vpid(c));
	EXPECT(kl_caps_ept_2m(c) && kl_caps_ept_1g(c) && kl_caps_ept_ad(c));
	EXPECT(kl_caps_ept_exec_only(c));
	EXPECT(kl_caps_invept_single(c));
	EXPECT(kl_caps_invvpid(c, VMX_VPID_EXTENT_SINGLE_NON_GLOBAL));
	EXPECT(!kl_caps_invvpid(c, 4));
	EXPECT(!kl_caps_ept(&model_penryn) && !kl_caps_vpid(&model_penryn));
	EXPECT(!kl_caps_ept_1g(&model_sandy_bridge));
}

/* With TRUE MSRs default1 controls may be 0; without they may not. */
KT_TEST(true_controls)
{
	EXPECT(kl_caps_must_be_1(&model_penryn, KL_WORD_PROC) &
	       CPU_BASED_CR3_LOAD_EXITING);
	EXPECT(!(kl_caps_must_be_1(&model_lynnfield, KL_WORD_PROC) &
		 CPU_BASED_CR3_LOAD_EXITING));
	EXPECT_EQ(kl_caps_must_be_1(&model_everything, KL_WORD_PROC3), 0);
	EXPECT_EQ(kl_caps_may_be_1(&model_everything, KL_WORD_PROC3), 0x9f);
}

/* What each generation has and has not, as the manuals say. */
KT_TEST(generations)
{
	static const struct {
		const struct kl_vmx_caps *caps;
		u64 has;
		u64 has_not;
	} rows[] = {
		{ &model_penryn,
		  kl_feat(SECONDARY) | kl_feat(TPR_SHADOW) |
		  kl_feat(APIC_ACCESS) | kl_feat(VNMI) | kl_feat(WBINVD),
		  kl_feat(EPT) | kl_feat(VPID) | kl_feat(UNRESTRICTED) |
		  kl_feat(TIMER) | kl_feat(MTF) | kl_feat(EFER) |
		  kl_feat(TRUE_CTLS) },
		{ &model_lynnfield,
		  kl_feat(EPT) | kl_feat(EPT_2M) | kl_feat(VPID) |
		  kl_feat(TIMER) | kl_feat(MTF) | kl_feat(X2APIC) |
		  kl_feat(EFER) | kl_feat(PAT),
		  kl_feat(UNRESTRICTED) | kl_feat(EPT_1G) | kl_feat(EPT_AD) |
		  kl_feat(PLE) | kl_feat(VID) },
		{ &model_sandy_bridge, kl_feat(UNRESTRICTED) | kl_feat(PLE),
		  kl_feat(EPT_AD) | kl_feat(INVPCID) | kl_feat(VID) },
		{ &model_haswell,
		  kl_feat(EPT_1G) | kl_feat(EPT_AD) | kl_feat(APIC_REGS) |
		  kl_feat(VID) | kl_feat(INVPCID) | kl_feat(VMFUNC) |
		  kl_feat(EPTP_SWITCHING) | kl_feat(SHADOW_VMCS) |
		  kl_feat(EPT_VE),
		  kl_feat(POSTED) | kl_feat(PML) | kl_feat(TSC_SCALING) },
		{ &model_ice_lake,
		  kl_feat(POSTED) | kl_feat(PML) | kl_feat(TSC_SCALING) |
		  kl_feat(XSAVES) | kl_feat(MBEC) | kl_feat(RTIT),
		  kl_feat(TERTIARY) | kl_feat(IPI_VIRT) | kl_feat(NOTIFY) },
		{ &model_everything, GENMASK_ULL(KL_FEAT_NR - 1, 0), 0 },
	};
	unsigned int i, f;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (f = 0; f < KL_FEAT_NR; f++) {
			bool has = kl_caps_has(rows[i].caps, f);

			if ((rows[i].has & BIT_ULL(f)) && !has)
				kt_fail(__FILE__, __LINE__, "row %u lacks %s", i,
					kl_features[f].name);
			if ((rows[i].has_not & BIT_ULL(f)) && has)
				kt_fail(__FILE__, __LINE__, "row %u has %s", i,
					kl_features[f].name);
		}
	}
	EXPECT(!kl_caps_has(&model_everything, KL_FEAT_NR));
}

static void collect(void *ctx, const struct kl_cap_bit *bit)
{
	char *text = ctx;

	strncat(text, bit->name, 200);
	strcat(text, ";");
}

KT_TEST(missing_bits_are_named)
{
	char text[2048] = "";

	EXPECT(!kl_feature_available(&model_lynnfield,
				     &kl_features[KL_FEAT_UNRESTRICTED],
				     collect, text));
	EXPECT_STREQ(text, "unrestricted guest;");
	text[0] = 0;
	EXPECT(!kl_feature_available(&model_haswell,
				     &kl_features[KL_FEAT_POSTED], collect,
				     text));
	EXPECT_STREQ(text, "process posted interrupts;");
	text[0] = 0;
	EXPECT(!kl_feature_available(&model_penryn, &kl_features[KL_FEAT_EPT_2M],
				     collect, text));
	EXPECT(strstr(text, "enable EPT;"));
	EXPECT(strstr(text, "2-MByte EPT pages;"));
}

/* Take any one bit of any feature away: the feature goes, the bit is named. */
KT_TEST(every_bit_counts)
{
	unsigned int f;

	for (f = 0; f < KL_FEAT_NR; f++) {
		const struct kl_cap_bit *need;

		ASSERT(kl_features[f].name && kl_features[f].description);
		EXPECT_EQ(kl_feature_by_name(kl_features[f].name), f);
		for (need = kl_features[f].needs; need->name; need++) {
			struct kl_vmx_caps caps = model_everything;
			u64 bit = BIT_ULL(need->bit);
			char text[2048] = "";

			switch ((enum kl_word)need->word) {
			case KL_WORD_PIN:
				caps.true_pin &= ~(bit << 32);
				break;
			case KL_WORD_PROC:
				caps.true_proc &= ~(bit << 32);
				break;
			case KL_WORD_PROC2:
				caps.proc2 &= ~(bit << 32);
				break;
			case KL_WORD_PROC3:
				caps.proc3 &= ~bit;
				break;
			case KL_WORD_EXIT:
				caps.true_exit &= ~(bit << 32);
				break;
			case KL_WORD_ENTRY:
				caps.true_entry &= ~(bit << 32);
				break;
			case KL_WORD_BASIC:
				caps.basic &= ~bit;
				break;
			case KL_WORD_EPT_VPID:
				caps.ept_vpid &= ~bit;
				break;
			case KL_WORD_VMFUNC:
				caps.vmfunc &= ~bit;
				break;
			default:
				kt_fail(__FILE__, __LINE__, "word %u", need->word);
			}
			EXPECT(!kl_feature_available(&caps, &kl_features[f],
						     collect, text));
			EXPECT(strstr(text, need->name));
			if (need->word < KL_WORD_CONTROLS)
				EXPECT_STREQ(kl_control_name(need->word, need->bit),
					     need->name);
		}
	}
	EXPECT_EQ(kl_feature_by_name("no-such"), -ENOENT);
}

KT_TEST(names)
{
	EXPECT_STREQ(kl_word_name(KL_WORD_PIN), "pin-based controls");
	EXPECT_STREQ(kl_word_name(KL_WORD_NR), "unknown word");
	EXPECT_STREQ(kl_control_name(KL_WORD_PIN, 1), "reserved");
	EXPECT_STREQ(kl_control_name(KL_WORD_PIN, 32), "reserved");
	EXPECT_STREQ(kl_control_name(KL_WORD_BASIC, 0), "reserved");
	EXPECT(!kl_caps_msr_name(20, NULL));
}

KT_MAIN
