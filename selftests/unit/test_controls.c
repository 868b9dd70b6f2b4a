// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control words: what must be in them, what a policy takes out, and what is
 * named when a CPU cannot serve a VM.
 */
#include "kt.h"
#include "models.h"
#include "vmx/controls.h"

static const struct {
	const char *name;
	const struct kl_vmx_caps *caps;
} models[] = {
	{ "penryn", &model_penryn },
	{ "lynnfield", &model_lynnfield },
	{ "sandy_bridge", &model_sandy_bridge },
	{ "haswell", &model_haswell },
	{ "ice_lake", &model_ice_lake },
	{ "everything", &model_everything },
};

#define NONE (&(struct kl_policy){ 0 })

static u64 words(const struct kl_controls *c, enum kl_word w)
{
	switch (w) {
	case KL_WORD_PIN:
		return c->pin;
	case KL_WORD_PROC:
		return c->proc;
	case KL_WORD_PROC2:
		return c->proc2;
	case KL_WORD_PROC3:
		return c->proc3;
	case KL_WORD_EXIT:
		return c->exit;
	case KL_WORD_ENTRY:
		return c->entry;
	default:
		return 0;
	}
}

/* Nothing the CPU forbids, everything it demands, everything we require. */
static void sane(const struct kl_vmx_caps *caps, const struct kl_controls *c)
{
	u64 p2 = c->proc2;
	unsigned int w;

	for (w = 0; w < KL_WORD_CONTROLS; w++) {
		u64 v = words(c, w);

		EXPECT_EQ(v & ~kl_caps_may_be_1(caps, w), 0);
		EXPECT_EQ(kl_caps_must_be_1(caps, w) & ~v, 0);
	}
	EXPECT_EQ(c->pin & KL_PIN_REQUIRED, KL_PIN_REQUIRED);
	EXPECT_EQ(c->proc & KL_PROC_REQUIRED, KL_PROC_REQUIRED);
	EXPECT_EQ(c->exit & KL_EXIT_REQUIRED, KL_EXIT_REQUIRED);
	EXPECT_EQ(c->entry & KL_ENTRY_REQUIRED, KL_ENTRY_REQUIRED);
	EXPECT(!(c->entry & VM_ENTRY_IA32E_MODE));
	EXPECT(!(c->proc & CPU_BASED_INTR_WINDOW_EXITING));
	EXPECT(!(c->proc & CPU_BASED_MONITOR_TRAP_FLAG));

	/* What VM entry demands of combinations. */
	if (p2 & SECONDARY_EXEC_UNRESTRICTED_GUEST)
		EXPECT(p2 & SECONDARY_EXEC_ENABLE_EPT);
	if (p2 & (SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY |
		  SECONDARY_EXEC_APIC_REGISTER_VIRT))
		EXPECT(c->proc & CPU_BASED_TPR_SHADOW);
	if (c->pin & PIN_BASED_POSTED_INTR) {
		EXPECT(p2 & SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY);
		EXPECT(c->exit & VM_EXIT_ACK_INTR_ON_EXIT);
	}
	if (!(c->proc & CPU_BASED_TPR_SHADOW))
		EXPECT_EQ(c->proc & KL_PROC_NO_TPR_SHADOW, KL_PROC_NO_TPR_SHADOW);
	if (!(p2 & SECONDARY_EXEC_ENABLE_EPT))
		EXPECT_EQ(c->proc & KL_PROC_NO_EPT, KL_PROC_NO_EPT);

	/* A toggle may be both on this CPU. */
	EXPECT_EQ(c->pin_toggle & kl_caps_must_be_1(caps, KL_WORD_PIN), 0);
	EXPECT_EQ(c->proc_toggle & ~kl_caps_may_be_1(caps, KL_WORD_PROC), 0);
	EXPECT_EQ(c->proc_toggle & kl_caps_must_be_1(caps, KL_WORD_PROC), 0);
	EXPECT_EQ(c->proc2_toggle & ~kl_caps_may_be_1(caps, KL_WORD_PROC2), 0);
	EXPECT(c->proc_toggle & CPU_BASED_INTR_WINDOW_EXITING);
	EXPECT(c->entry_toggle == VM_ENTRY_IA32E_MODE);
}

KT_TEST(defaults_on_every_model)
{
	struct kl_controls_error err;
	struct kl_controls c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(models); i++) {
		int ret = kl_controls_compute(models[i].caps, NONE, &c, &err);

		if (ret)
			kt_fail(__FILE__, __LINE__, "%s: %d, missing %s",
				models[i].name, ret, err.name);
		else
			sane(models[i].caps, &c);
	}
}

KT_TEST(penryn_words)
{
	struct kl_controls_error err;
	struct kl_controls c;

	ASSERT_EQ(kl_controls_compute(&model_penryn, NONE, &c, &err), 0);
	EXPECT_EQ(c.proc2, SECONDARY_EXEC_WBINVD_EXITING);
	EXPECT_EQ(c.pin, 0x3f);
	EXPECT(!kl_controls_has(&c, KL_FEAT_EPT));
	EXPECT(!(c.exit & VM_EXIT_LOAD_IA32_EFER));
	/* Without TRUE MSRs the CR3 exits cannot be switched off. */
	EXPECT(!(c.proc_toggle & CPU_BASED_CR3_LOAD_EXITING));
}

KT_TEST(ice_lake_words)
{
	struct kl_controls_error err;
	struct kl_controls c;

	ASSERT_EQ(kl_controls_compute(&model_ice_lake, NONE, &c, &err), 0);
	EXPECT_EQ(c.pin, 0xbf);
	EXPECT_EQ(c.pin_toggle, PIN_BASED_VIRTUAL_NMIS |
		  PIN_BASED_VMX_PREEMPTION_TIMER | PIN_BASED_POSTED_INTR);
	EXPECT_EQ(c.proc2, SECONDARY_EXEC_ENABLE_EPT |
		  SECONDARY_EXEC_UNRESTRICTED_GUEST |
		  SECONDARY_EXEC_ENABLE_VPID | SECONDARY_EXEC_ENABLE_RDTSCP |
		  SECONDARY_EXEC_ENABLE_INVPCID | SECONDARY_EXEC_ENABLE_XSAVES |
		  SECONDARY_EXEC_WBINVD_EXITING |
		  SECONDARY_EXEC_PAUSE_LOOP_EXITING |
		  SECONDARY_EXEC_APIC_REGISTER_VIRT |
		  SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY);
	EXPECT(c.proc2_toggle & SECONDARY_EXEC_ENABLE_PML);
	EXPECT(c.proc2_toggle & SECONDARY_EXEC_TSC_SCALING);
	EXPECT(c.proc_toggle & CPU_BASED_CR3_LOAD_EXITING);
	EXPECT(c.proc_toggle & CPU_BASED_NMI_WINDOW_EXITING);
	EXPECT_EQ(c.exit & KL_EXIT_OPTIONAL, KL_EXIT_OPTIONAL);
	EXPECT_EQ(c.entry, 0x11fb | VM_ENTRY_LOAD_DEBUG_CONTROLS |
		  VM_ENTRY_LOAD_IA32_PAT | VM_ENTRY_LOAD_IA32_EFER);
}

/* A VM as the first release runs it: no TPR shadow, no APIC virtualization. */
KT_TEST(no_apic_virtualization)
{
	const struct kl_policy policy = {
		.disable = kl_feat(TPR_SHADOW) | kl_feat(ACK_INTR),
		.require = kl_feat(EPT),
	};
	struct kl_controls_error err;
	struct kl_controls c;
	unsigned int i;

	for (i = 1; i < ARRAY_SIZE(models); i++) {
		ASSERT_EQ(kl_controls_compute(models[i].caps, &policy, &c, &err),
			  0);
		sane(models[i].caps, &c);
		EXPECT(!(c.pin & PIN_BASED_POSTED_INTR));
		EXPECT(!(c.proc & CPU_BASED_TPR_SHADOW));
		EXPECT(!(c.exit & VM_EXIT_ACK_INTR_ON_EXIT));
		EXPECT_EQ((c.proc2 | c.proc2_toggle) &
			  (SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY |
			   SECONDARY_EXEC_APIC_REGISTER_VIRT |
			   SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE), 0);
	}
	EXPECT_EQ(kl_controls_compute(&model_penryn, &policy, &c, &err),
		  -EOPNOTSUPP);
	EXPECT_STREQ(err.feature, "ept");
	EXPECT_STREQ(err.name, "enable EPT");
	EXPECT_EQ(err.word, KL_WORD_PROC2);
	EXPECT_EQ(err.bit, 1);
	EXPECT(!err.disabled);
}

/* Every optional feature can be switched off, alone, and takes along only what
 * depends on it.
 */
KT_TEST(every_feature_can_be_disabled)
{
	struct kl_controls_error err;
	struct kl_controls all, c;
	unsigned int f, i;

	for (i = 0; i < ARRAY_SIZE(models); i++) {
		ASSERT_EQ(kl_controls_compute(models[i].caps, NONE, &all, &err),
			  0);
		for (f = 0; f < KL_FEAT_NR; f++) {
			struct kl_policy p = { .disable = BIT_ULL(f) };
			unsigned int g;

			ASSERT_EQ(kl_controls_compute(models[i].caps, &p, &c,
						      &err), 0);
			sane(models[i].caps, &c);
			EXPECT(!kl_controls_has(&c, f));
			EXPECT_EQ(c.features & ~all.features, 0);
			for (g = 0; g < KL_FEAT_NR; g++) {
				if (!kl_controls_has(&c, g))
					continue;
				EXPECT_EQ(kl_features[g].deps & ~c.features, 0);
			}
		}
	}
}

/* ... and its bit is really gone, from the words and from the toggles. */
KT_TEST(disabled_bits_are_clear)
{
	static const struct {
		enum kl_feature f;
		enum kl_word w;
		u64 bit;
	} rows[] = {
		{ KL_FEAT_VNMI, KL_WORD_PIN, PIN_BASED_VIRTUAL_NMIS },
		{ KL_FEAT_POSTED, KL_WORD_PIN, PIN_BASED_POSTED_INTR },
		{ KL_FEAT_TPR_SHADOW, KL_WORD_PROC, CPU_BASED_TPR_SHADOW },
		{ KL_FEAT_EPT, KL_WORD_PROC2, SECONDARY_EXEC_ENABLE_EPT },
		{ KL_FEAT_UNRESTRICTED, KL_WORD_PROC2,
		  SECONDARY_EXEC_UNRESTRICTED_GUEST },
		{ KL_FEAT_VPID, KL_WORD_PROC2, SECONDARY_EXEC_ENABLE_VPID },
		{ KL_FEAT_RDTSCP, KL_WORD_PROC2, SECONDARY_EXEC_ENABLE_RDTSCP },
		{ KL_FEAT_INVPCID, KL_WORD_PROC2, SECONDARY_EXEC_ENABLE_INVPCID },
		{ KL_FEAT_XSAVES, KL_WORD_PROC2, SECONDARY_EXEC_ENABLE_XSAVES },
		{ KL_FEAT_PLE, KL_WORD_PROC2, SECONDARY_EXEC_PAUSE_LOOP_EXITING },
		{ KL_FEAT_WBINVD, KL_WORD_PROC2, SECONDARY_EXEC_WBINVD_EXITING },
		{ KL_FEAT_VID, KL_WORD_PROC2,
		  SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY },
		{ KL_FEAT_APIC_REGS, KL_WORD_PROC2,
		  SECONDARY_EXEC_APIC_REGISTER_VIRT },
		{ KL_FEAT_ACK_INTR, KL_WORD_EXIT, VM_EXIT_ACK_INTR_ON_EXIT },
		{ KL_FEAT_PAT, KL_WORD_EXIT,
		  VM_EXIT_SAVE_IA32_PAT | VM_EXIT_LOAD_IA32_PAT },
		{ KL_FEAT_EFER, KL_WORD_ENTRY, VM_ENTRY_LOAD_IA32_EFER },
	};
	struct kl_controls_error err;
	struct kl_controls c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kl_policy p = { .disable = BIT_ULL(rows[i].f) };

		ASSERT_EQ(kl_controls_compute(&model_ice_lake, NONE, &c, &err), 0);
		EXPECT_EQ(words(&c, rows[i].w) & rows[i].bit, rows[i].bit);
		ASSERT_EQ(kl_controls_compute(&model_ice_lake, &p, &c, &err), 0);
		EXPECT_EQ(words(&c, rows[i].w) & rows[i].bit, 0);
		if (rows[i].w == KL_WORD_PROC2)
			EXPECT_EQ(c.proc2_toggle & rows[i].bit, 0);
	}
}

/* Off by default, in when asked for, with what it depends on. */
KT_TEST(asked_features)
{
	struct kl_policy p = { .enable = kl_feat(IPI_VIRT) | kl_feat(NOTIFY) };
	struct kl_controls_error err;
	struct kl_controls c;

	ASSERT_EQ(kl_controls_compute(&model_everything, NONE, &c, &err), 0);
	EXPECT_EQ(c.proc3, 0);
	EXPECT(!(c.proc & CPU_BASED_ACTIVATE_TERTIARY_CONTROLS));
	EXPECT(!kl_controls_has(&c, KL_FEAT_TERTIARY));

	ASSERT_EQ(kl_controls_compute(&model_everything, &p, &c, &err), 0);
	sane(&model_everything, &c);
	EXPECT_EQ(c.proc3, KL_EXEC3_IPI_VIRT);
	EXPECT(c.proc & CPU_BASED_ACTIVATE_TERTIARY_CONTROLS);
	EXPECT(c.proc2 & SECONDARY_EXEC_NOTIFY_VM_EXITING);

	/* Asked for but not there: no error. */
	ASSERT_EQ(kl_controls_compute(&model_haswell, &p, &c, &err), 0);
	EXPECT_EQ(c.proc3, 0);
	EXPECT(!kl_controls_has(&c, KL_FEAT_IPI_VIRT));
}

/* All features at once: the words still obey the CPU. */
KT_TEST(everything_asked)
{
	struct kl_policy p = { .enable = GENMASK_ULL(KL_FEAT_NR - 1, 0) };
	struct kl_controls_error err;
	struct kl_controls c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(models); i++) {
		ASSERT_EQ(kl_controls_compute(models[i].caps, &p, &c, &err), 0);
		sane(models[i].caps, &c);
	}
}

/* Take each required bit from the CPU: that bit is named. */
KT_TEST(missing_required_control)
{
	static const struct {
		enum kl_word word;
		u64 mask;
	} rows[] = {
		{ KL_WORD_PIN, KL_PIN_REQUIRED },
		{ KL_WORD_PROC, KL_PROC_REQUIRED },
		{ KL_WORD_EXIT, KL_EXIT_REQUIRED },
		{ KL_WORD_ENTRY, KL_ENTRY_REQUIRED },
	};
	struct kl_controls_error err;
	struct kl_controls c;
	unsigned int i, bit;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (bit = 0; bit < 32; bit++) {
			struct kl_vmx_caps caps = model_ice_lake;
			u64 gone = ~(BIT_ULL(bit) << 32);

			if (!(rows[i].mask & BIT_ULL(bit)))
				continue;
			switch (rows[i].word) {
			case KL_WORD_PIN:
				caps.true_pin &= gone;
				break;
			case KL_WORD_PROC:
				caps.true_proc &= gone;
				break;
			case KL_WORD_EXIT:
				caps.true_exit &= gone;
				break;
			default:
				caps.true_entry &= gone;
			}
			EXPECT_EQ(kl_controls_compute(&caps, NONE, &c, &err),
				  -EOPNOTSUPP);
			EXPECT_EQ(err.word, rows[i].word);
			EXPECT_EQ(err.bit, bit);
			EXPECT_STREQ(err.name,
				     kl_control_name(rows[i].word, bit));
			EXPECT(strcmp(err.name, "reserved"));
			EXPECT(!err.feature);
		}
	}
}

KT_TEST(contradictions)
{
	struct kl_policy self = { .disable = kl_feat(VPID),
				  .require = kl_feat(VPID) };
	struct kl_policy dep = { .disable = kl_feat(EPT),
				 .require = kl_feat(UNRESTRICTED) };
	struct kl_policy unknown = { .disable = BIT_ULL(63) };
	struct kl_controls_error err;
	struct kl_controls c;

	EXPECT_EQ(kl_controls_compute(&model_ice_lake, &self, &c, &err), -EINVAL);
	EXPECT(err.disabled);
	EXPECT_STREQ(err.feature, "vpid");
	EXPECT_EQ(kl_controls_compute(&model_ice_lake, &dep, &c, &err), -EINVAL);
	EXPECT(err.disabled);
	EXPECT_STREQ(err.feature, "unrestricted-guest");
	EXPECT_EQ(kl_controls_compute(&model_ice_lake, &unknown, &c, &err),
		  -EINVAL);
	EXPECT_STREQ(err.name, "unknown feature");
}

/* Required but not there, on the model that lacks it. */
KT_TEST(required_feature_missing)
{
	struct kl_policy p = { .require = kl_feat(UNRESTRICTED) };
	struct kl_controls_error err;
	struct kl_controls c;

	EXPECT_EQ(kl_controls_compute(&model_lynnfield, &p, &c, &err),
		  -EOPNOTSUPP);
	EXPECT_STREQ(err.feature, "unrestricted-guest");
	EXPECT_STREQ(err.name, "unrestricted guest");
	EXPECT_EQ(kl_controls_compute(&model_sandy_bridge, &p, &c, &err), 0);
}

KT_MAIN
