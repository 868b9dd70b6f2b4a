// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM entry failed: read the whole VMCS and have it explained.
 */
#define pr_fmt(fmt) "kvmlite: " fmt

#include <linux/processor.h>
#include <linux/slab.h>
#include <asm/cpufeature.h>
#include <asm/vmx.h>

#include "../uapi/kvmlite.h"
#include "../uapi/object.h"
#include "explain.h"
#include "host.h"
#include "kill.h"
#include "vcpu.h"
#include "vmx_asm.h"
#include "vmxon.h"

struct report {
	char *text;
	size_t len;
};

static u64 read_field(void *ctx, u32 encoding)
{
	return vmx_vmread(encoding);
}

static void add_line(void *ctx, const struct kl_violation *v)
{
	struct report *r = ctx;
	size_t room = KVMLITE_DEATH_TEXT - r->len;
	int n;

	if (room < 2)
		return;
	n = kl_explain_format(r->text + r->len, room - 1, v);
	r->len += min_t(size_t, n, room - 2);
	r->text[r->len++] = '\n';
	r->text[r->len] = '\0';
}

static void fill_env(struct kl_explain_env *env, struct kl_vcpu *vcpu)
{
	memset(env, 0, sizeof(*env));
	env->caps = &kl_caps;
	env->maxphyaddr = boot_cpu_data.x86_phys_bits;
	env->linear_bits = boot_cpu_has(X86_FEATURE_LA57) ? 57 : 48;
	env->host_long_mode = true;
	env->sgx = boot_cpu_has(X86_FEATURE_SGX);
	env->cet = kl_host_has_cet();
	env->rtm = boot_cpu_has(X86_FEATURE_RTM);
	env->bus_lock_debug = boot_cpu_has(X86_FEATURE_BUS_LOCK_DETECT);
	env->vmcs = vcpu->vmx.vmcs.pa;
	env->vtpr = -1;
}

/**
 * kl_entry_failed - explain a failed VM entry
 * @vcpu: the vCPU, loaded; nothing was written to its VMCS since the entry
 * @hw_reason: exit-reason field, or VM-instruction error if the instruction
 *	itself failed
 *
 * The explanation goes to KVMLITE_GET_DEATH_REASON, debugfs and, rate limited,
 * to the kernel log.
 */
void kl_entry_failed(struct kl_vcpu *vcpu, u64 hw_reason)
{
	bool vmfail = !(hw_reason & VMX_EXIT_REASONS_FAILED_VMENTRY);
	struct kl_explain_env env;
	struct kl_vmcs_image *img = kzalloc(sizeof(*img), GFP_KERNEL_ACCOUNT);
	struct report r = { .text = kzalloc(KVMLITE_DEATH_TEXT, GFP_KERNEL_ACCOUNT) };
	int broken;

	if (!img || !r.text)
		goto out;
	r.len = scnprintf(r.text, KVMLITE_DEATH_TEXT, "VM entry failed: %s\n",
			  vmfail ? kl_vminstr_error_name(hw_reason) :
				   kl_exit_reason_name(hw_reason & 0xffff));
	kl_image_read(img, &kl_caps, read_field, NULL);
	fill_env(&env, vcpu);
	broken = kl_explain(img, &env, add_line, &r);
	if (!broken)
		r.len += scnprintf(r.text + r.len, KVMLITE_DEATH_TEXT - r.len,
				   "no broken rule found: please report this\n");
	pr_warn_ratelimited("VM %u vCPU %u: %s", vcpu->vm->id, vcpu->id, r.text);
	kl_death_entry(vcpu, hw_reason, r.text);
out:
	kfree(r.text);
	kfree(img);
}
