// SPDX-License-Identifier: GPL-2.0-only
/*
 * What VT-x of this machine gives, feature by feature, by the same table the
 * module decides with (vmx/caps.c).
 */
#include <stdio.h>

#include "../vmx/caps.h"
#include "vmx_info.h"

struct kl_msr_reader {
	kl_msr_fn read_msr;
	void *ctx;
};

static u64 kl_read(void *ctx, u32 msr)
{
	struct kl_msr_reader *r = ctx;

	return r->read_msr(r->ctx, msr);
}

/* A bit that keeps the feature away. */
static void kl_missing(void *ctx, const struct kl_cap_bit *bit)
{
	unsigned int *n = ctx;

	printf("%s%s bit %u \"%s\"", (*n)++ ? "; " : "  missing: ",
	       kl_word_name(bit->word), bit->bit, bit->name);
}

static void kl_print_feature(const struct kl_vmx_caps *caps, unsigned int i)
{
	const struct kl_feature_desc *f = &kl_features[i];
	unsigned int n = 0, d;

	printf("  %-3s %-16s %s",
	       kl_feature_available(caps, f, NULL, NULL) ? "yes" : "no",
	       f->name, f->description);
	if (!kl_feature_available(caps, f, NULL, NULL)) {
		kl_feature_available(caps, f, kl_missing, &n);
		for (d = 0; d < KL_FEAT_NR; d++)
			if ((f->deps >> d & 1) && !kl_caps_has(caps, d))
				printf("%sfeature %s", n++ ? "; " :
				       "  missing: ", kl_features[d].name);
	}
	putchar('\n');
}

/**
 * kl_vmx_info_print() - print the capability MSRs and the features
 * @read_msr: reads an MSR
 * @ctx: its first argument
 */
void kl_vmx_info_print(kl_msr_fn read_msr, void *ctx)
{
	struct kl_msr_reader reader = { read_msr, ctx };
	struct kl_vmx_caps caps;
	const char *name;
	unsigned int i;
	u64 value;
	u32 msr;

	kl_caps_read_with(&caps, kl_read, &reader);
	printf("VMCS revision %#x, %u bytes\n\ncapability MSRs\n",
	       kl_caps_revision(&caps), kl_caps_vmcs_size(&caps));
	for (i = 0; (name = kl_caps_msr_name(i, &msr)); i++)
		if (kl_caps_get(&caps, msr, &value) && value)
			printf("  %#5x %-28s %016llx\n", msr, name,
			       (unsigned long long)value);
	puts("\nfeatures");
	for (i = 0; i < KL_FEAT_NR; i++)
		kl_print_feature(&caps, i);
}
