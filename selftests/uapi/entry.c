// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest states that the CPU refuses: each is set, run, and must come back as
 * FAIL_ENTRY with the CPU's own reason (invalid guest state), or be refused by
 * KVM_SET_SREGS; nothing may hang. On kvm-lite the explanation must name the
 * field that is wrong: this compares the explainer with the hardware.
 */
#include "test.h"
#include "kvmlite.h"

#define INVALID_GUEST_STATE 33

static void guest_nothing(void)
{
	g_done();
}

static void tr_type(struct kvm_sregs *s)
{
	s->tr.type = 1;
}

static void tr_absent(struct kvm_sregs *s)
{
	s->tr.present = 0;
}

static void tr_s(struct kvm_sregs *s)
{
	s->tr.s = 1;
}

static void tr_limit(struct kvm_sregs *s)
{
	s->tr.limit = 0x12345;
	s->tr.g = 1;
}

static void tr_ti(struct kvm_sregs *s)
{
	s->tr.selector |= 4;
}

static void tr_base(struct kvm_sregs *s)
{
	s->tr.base = 1ULL << 60;
}

static void cs_absent(struct kvm_sregs *s)
{
	s->cs.present = 0;
}

static void cs_type(struct kvm_sregs *s)
{
	s->cs.type = 1;
}

static void cs_l_db(struct kvm_sregs *s)
{
	s->cs.db = 1;
}

static void cs_s(struct kvm_sregs *s)
{
	s->cs.s = 0;
}

static void cs_dpl(struct kvm_sregs *s)
{
	s->cs.dpl = 1;
}

static void ss_dpl(struct kvm_sregs *s)
{
	s->ss.dpl = 2;
}

static void ss_type(struct kvm_sregs *s)
{
	s->ss.type = 0xb;
}

static void ds_type(struct kvm_sregs *s)
{
	s->ds.type = 0x8;
}

static void ds_g(struct kvm_sregs *s)
{
	s->ds.limit = 0x12345;
	s->ds.g = 1;
}

static void fs_base(struct kvm_sregs *s)
{
	s->fs.base = 1ULL << 60;
}

static void gs_base(struct kvm_sregs *s)
{
	s->gs.base = 1ULL << 60;
}

static void ldt_type(struct kvm_sregs *s)
{
	s->ldt.unusable = 0;
	s->ldt.present = 1;
	s->ldt.type = 3;
}

static void ldt_base(struct kvm_sregs *s)
{
	s->ldt.unusable = 0;
	s->ldt.present = 1;
	s->ldt.base = 1ULL << 60;
}

static void gdt_base(struct kvm_sregs *s)
{
	s->gdt.base = 1ULL << 60;
}

static void idt_base(struct kvm_sregs *s)
{
	s->idt.base = 1ULL << 60;
}

/**
 * struct broken - one state that breaks one rule
 * @name: of the rule, in the test's output
 * @change: breaks it in a state that enters
 * @field: VMCS field that the explanation must name, as the SDM spells it
 */
static const struct broken {
	const char *name;
	void (*change)(struct kvm_sregs *sregs);
	const char *field;
} broken[] = {
	{ "TR is no busy TSS", tr_type, "Guest TR access rights" },
	{ "TR is not present", tr_absent, "Guest TR access rights" },
	{ "TR is a code or data segment", tr_s, "Guest TR access rights" },
	{ "TR has a limit that granularity excludes", tr_limit, "Guest TR " },
	{ "TR is in the LDT", tr_ti, "Guest TR selector" },
	{ "TR base is not canonical", tr_base, "Guest TR base" },
	{ "CS is not present", cs_absent, "Guest CS access rights" },
	{ "CS is a data segment", cs_type, "Guest CS access rights" },
	{ "CS has both L and D", cs_l_db, "Guest CS access rights" },
	{ "CS is a system segment", cs_s, "Guest CS access rights" },
	{ "CS has a DPL other than SS", cs_dpl, "Guest CS access rights" },
	/* With unrestricted guest only CS ties the DPL of SS. */
	{ "SS has a DPL other than CS", ss_dpl, "Guest CS access rights" },
	{ "SS is a code segment", ss_type, "Guest SS access rights" },
	{ "DS is code that is not readable", ds_type, "Guest DS access rights" },
	{ "DS has a limit that granularity excludes", ds_g, "Guest DS " },
	{ "FS base is not canonical", fs_base, "Guest FS base" },
	{ "GS base is not canonical", gs_base, "Guest GS base" },
	{ "LDTR is no LDT", ldt_type, "Guest LDTR access rights" },
	{ "LDTR base is not canonical", ldt_base, "Guest LDTR base" },
	{ "GDTR base is not canonical", gdt_base, "Guest GDTR base" },
	{ "IDTR base is not canonical", idt_base, "Guest IDTR base" },
};

/* The same segment; CS and SS share rules about their DPLs. */
static bool related(const char *a, const char *b)
{
	const char *x = a + strlen("Guest "), *y = b + strlen("Guest ");

	if ((*x == 'C' || *x == 'S') && (*y == 'C' || *y == 'S'))
		return true;
	return strcspn(x, " ") == strcspn(y, " ") &&
	       !strncmp(x, y, strcspn(x, " "));
}

static void explained(struct kl_vm *vm, const struct broken *b)
{
	struct kvmlite_death d = { 0 };
	unsigned int i;
	char *at;

	kl_ok(ioctl(vm->fd, KVMLITE_GET_DEATH_REASON, &d));
	kl_eq(d.cause, KVMLITE_DEATH_ENTRY);
	kl_eq(d.vcpu_id, 0);
	kl_eq(d.hw_reason & 0xffff, INVALID_GUEST_STATE);
	kl_check(memchr(d.text, 0, sizeof(d.text)));
	at = strstr(d.text, b->field);
	if (!at)
		kl_fail("%s: the explanation does not name %s: %s", b->name,
			b->field, d.text);
	printf("# %s: %.*s\n", b->name, (int)strcspn(at, "\n"), at);
	/* What is not broken must not be blamed. */
	for (i = 0; i < ARRAY_SIZE(broken); i++)
		if (!related(b->field, broken[i].field) &&
		    strstr(d.text, broken[i].field))
			kl_fail("%s: the explanation blames %s: %s", b->name,
				broken[i].field, d.text);
}

/* True if the CPU refused it, false if the ioctl did. */
static bool try_one(const struct broken *b, bool lite)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_sregs s;
	bool refused = false;
	int r;

	kl_long(v, guest_nothing);
	kl_get_sregs(v, &s);
	b->change(&s);
	if (ioctl(v->fd, KVM_SET_SREGS, &s)) {
		kl_eq(errno, EINVAL);
		printf("# %s: EINVAL\n", b->name);
	} else {
		r = kl_try_run(v);
		if (r)
			kl_fail("%s: KVM_RUN: %s", b->name, strerror(-r));
		if (v->run->exit_reason != KVM_EXIT_FAIL_ENTRY)
			kl_fail("%s: KVM_RUN gave %s", b->name,
				kl_exit_name(v->run->exit_reason));
		kl_eq(v->run->fail_entry.hardware_entry_failure_reason & 0xffff,
		      INVALID_GUEST_STATE);
		refused = true;
		if (lite)
			explained(vm, b);
	}
	kl_vm_free(vm);
	return refused;
}

TEST(refused_by_the_cpu)
{
	const unsigned int n = ARRAY_SIZE(broken);
	bool lite = kl_is_kvmlite();
	unsigned int i, cpu = 0;

	for (i = 0; i < n; i++)
		cpu += try_one(&broken[i], lite);
	printf("# %u of %u states were refused by the CPU itself\n", cpu, n);
	kl_check(cpu >= 10);
}

/* The state that all of them start from does enter. */
TEST(accepted)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_sregs s;

	kl_long(v, guest_nothing);
	kl_get_sregs(v, &s);
	kl_set_sregs(v, &s);
	kl_done(v);
	if (kl_is_kvmlite()) {
		struct kvmlite_death d = { 0 };

		kl_ok(ioctl(vm->fd, KVMLITE_GET_DEATH_REASON, &d));
		kl_eq(d.cause, KVMLITE_DEATH_NONE);
		d.flags = 1;
		kl_errno(ioctl(vm->fd, KVMLITE_GET_DEATH_REASON, &d), EINVAL);
	}
	kl_vm_free(vm);
}

/* A state that was refused can be mended: the vCPU runs then. */
TEST(mended)
{
	struct kl_vm *vm = kl_vm_new();
	struct kl_vcpu *v = kl_vcpu_new(vm, 0);
	struct kvm_sregs good, bad;
	struct kvm_regs r;

	kl_long(v, guest_nothing);
	kl_get_sregs(v, &good);
	kl_get_regs(v, &r);
	bad = good;
	tr_type(&bad);
	if (ioctl(v->fd, KVM_SET_SREGS, &bad))
		kl_skip("KVM_SET_SREGS refuses it already");
	kl_eq(kl_try_run(v), 0);
	kl_eq(v->run->exit_reason, KVM_EXIT_FAIL_ENTRY);
	kl_set_sregs(v, &good);
	kl_set_regs(v, &r);
	kl_done(v);
	kl_vm_free(vm);
}
