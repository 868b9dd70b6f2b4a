// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvmlite, the runner: parse, make the machine, serve it, say how it ended.
 * The manual is in options.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../uapi/kvmlite.h"
#include "machine.h"

/*
 * A closed standard descriptor would be given to the next file opened; then
 * the guest's console would write into it.
 */
static void kl_keep_std_fds(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", fd ? O_WRONLY : O_RDONLY) < 0)
			return;
}

/* Signals that end the run are read from a descriptor by the main loop. */
static int kl_take_signals(struct kl_machine *m, struct kl_err *err)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	m->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (m->signal_fd < 0)
		return kl_err(err, "signalfd: %s", strerror(errno));
	return 0;
}

static void kl_say_end(const struct kl_machine *m)
{
	static const char *const what[] = {
		[KL_END_EXIT] = "the guest ended the run",
		[KL_END_POWEROFF] = "guest power off",
		[KL_END_RESET] = "guest reset",
		[KL_END_USER] = "ended by Ctrl-a x",
	};

	if (*m->reason)
		fprintf(stderr, "kvmlite: %s\n", m->reason);
	else
		fprintf(stderr, "kvmlite: %s, status %d\n", what[m->why],
			kl_machine_status(m));
}

static int kl_figures(struct kl_machine *m, struct kl_err *err)
{
	static struct kl_stats stats;
	unsigned int i;

	if (!m->opt->stats && !m->opt->stats_json)
		return 0;
	kl_stats_read(&stats, m->vm_fd);
	for (i = 0; i < m->nr_vcpus; i++)
		kl_stats_read(&stats, m->vcpu[i].k.fd);
	if (m->opt->stats)
		kl_report_print(m, &stats);
	if (m->opt->stats_json)
		return kl_report_json(m, &stats, m->opt->stats_json, err);
	return 0;
}

static int kl_run(const struct kl_options *opt)
{
	static struct kl_machine m;
	struct kl_err err;
	int status = KL_EXIT_RUNNER;

	if (kl_machine_create(&m, opt, &err) || kl_take_signals(&m, &err) ||
	    kl_vcpus_start(&m, &err)) {
		kl_machine_end(&m, KL_END_RUNNER, 0, "%s", err.text);
		kl_vcpus_stop(&m);
		fprintf(stderr, "kvmlite: %s\n", m.reason);
		kl_machine_destroy(&m);
		return status;
	}
	kl_main_loop(&m);
	kl_vcpus_stop(&m);
	kl_console_flush(&m.console);
	kl_terminal_restore();
	kl_say_end(&m);
	status = kl_machine_status(&m);
	if (kl_figures(&m, &err)) {
		fprintf(stderr, "kvmlite: %s\n", err.text);
		status = KL_EXIT_RUNNER;
	}
	kl_machine_destroy(&m);
	return status;
}

int main(int argc, char **argv)
{
	struct kl_options opt;
	struct kl_err err;

	kl_keep_std_fds();
	if (kl_options_parse(argc, argv, &opt, &err)) {
		fprintf(stderr, "kvmlite: %s\n", err.text);
		return KL_EXIT_USAGE;
	}
	switch (opt.command) {
	case KL_CMD_HELP:
		fputs(kl_help_text(), stdout);
		return 0;
	case KL_CMD_VERSION:
		printf("kvmlite, ABI version %d\n", KVMLITE_VERSION);
		return 0;
	case KL_CMD_INFO:
		return kl_info(opt.dev);
	default:
		return kl_run(&opt);
	}
}
