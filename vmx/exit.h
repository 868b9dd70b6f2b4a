/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VM-exit handlers, by what they handle; the table is in exit.c.
 */
#ifndef _KL_VMX_EXIT_H
#define _KL_VMX_EXIT_H

#include "../uapi/object.h"

enum kl_result kl_handle_exit(struct kl_vcpu *vcpu);
bool kl_handle_exit_fast(struct kl_vcpu *vcpu);
enum kl_result kl_user_error(struct kl_vcpu *vcpu, int error);
enum kl_result kl_internal_error(struct kl_vcpu *vcpu, u32 suberror);

/* exit_exc.c */
enum kl_result kl_exit_exception(struct kl_vcpu *vcpu);
enum kl_result kl_exit_window(struct kl_vcpu *vcpu);
enum kl_result kl_exit_triple_fault(struct kl_vcpu *vcpu);
enum kl_result kl_exit_task_switch(struct kl_vcpu *vcpu);

/* exit_io.c */
enum kl_result kl_exit_io(struct kl_vcpu *vcpu);

/* exit_cr.c */
enum kl_result kl_exit_cr(struct kl_vcpu *vcpu);
enum kl_result kl_exit_dr(struct kl_vcpu *vcpu);
enum kl_result kl_exit_xsetbv(struct kl_vcpu *vcpu);

/* exit_insn.c */
enum kl_result kl_exit_cpuid(struct kl_vcpu *vcpu);
enum kl_result kl_exit_rdmsr(struct kl_vcpu *vcpu);
enum kl_result kl_exit_wrmsr(struct kl_vcpu *vcpu);
enum kl_result kl_exit_hlt(struct kl_vcpu *vcpu);
enum kl_result kl_exit_vmcall(struct kl_vcpu *vcpu);
enum kl_result kl_exit_skip(struct kl_vcpu *vcpu);
enum kl_result kl_exit_ud(struct kl_vcpu *vcpu);
enum kl_result kl_exit_gp(struct kl_vcpu *vcpu);

/* exit_mem.c */
enum kl_result kl_exit_ept_violation(struct kl_vcpu *vcpu);
enum kl_result kl_exit_ept_misconfig(struct kl_vcpu *vcpu);

/* emulate.c */
enum kl_result kl_emulate(struct kl_vcpu *vcpu);
enum kl_result kl_emulate_string_io(struct kl_vcpu *vcpu);

#endif /* _KL_VMX_EXIT_H */
