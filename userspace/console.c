// SPDX-License-Identifier: GPL-2.0-only
/*
 * The main loop: keyboard to UART, timers to devices, signals and the end of
 * the run to the caller.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "machine.h"

static const char kl_keys[] =
	"\r\nkvmlite: Ctrl-a x ends the run, Ctrl-a Ctrl-a sends Ctrl-a, Ctrl-a h shows this\r\n";

/*
 * Read what standard input has. Called only while nothing waits in m->in, so
 * that a guest which does not read stops the reading.
 * Returns false when standard input has ended.
 */
static bool kl_read_input(struct kl_machine *m, bool is_terminal, bool *prefix)
{
	uint8_t buf[KL_INPUT_BUF];
	ssize_t n, i;

	n = read(STDIN_FILENO, buf, sizeof(buf));
	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	pthread_mutex_lock(&m->lock);
	for (i = 0; i < n; i++) {
		switch (is_terminal ? kl_key(prefix, buf[i]) : KL_KEY_DATA) {
		case KL_KEY_DATA:
			m->in[m->in_len++] = buf[i];
			break;
		case KL_KEY_QUIT:
			kl_machine_end(m, KL_END_USER, 0, NULL);
			break;
		case KL_KEY_HELP:
			fputs(kl_keys, stderr);
			break;
		default:
			break;
		}
	}
	kl_devices_feed(m);
	pthread_mutex_unlock(&m->lock);
	return true;
}

static void kl_on_signal(struct kl_machine *m)
{
	struct signalfd_siginfo info;

	if (read(m->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	kl_machine_end(m, KL_END_SIGNAL, info.ssi_signo, "signal %u (%s)",
		       info.ssi_signo, strsignal(info.ssi_signo));
}

static bool kl_input_waits(struct kl_machine *m)
{
	bool waits;

	pthread_mutex_lock(&m->lock);
	waits = m->in_len;
	pthread_mutex_unlock(&m->lock);
	return waits;
}

/**
 * kl_main_loop() - serve the machine until it ends
 * @m: a machine whose vCPUs run
 */
void kl_main_loop(struct kl_machine *m)
{
	bool is_terminal = kl_terminal_raw(), prefix = false, input = true;
	struct pollfd pfd[4] = {
		{ .fd = m->wake_fd, .events = POLLIN },
		{ .fd = m->timer_fd, .events = POLLIN },
		{ .fd = m->signal_fd, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};
	uint64_t count;

	while (!kl_machine_ended(m)) {
		pfd[3].fd = input && !kl_input_waits(m) ? STDIN_FILENO : -1;
		if (poll(pfd, 4, -1) < 0) {
			if (errno == EINTR)
				continue;
			kl_machine_end(m, KL_END_RUNNER, 0, "poll: %s",
				       strerror(errno));
			break;
		}
		if (pfd[0].revents &&
		    read(m->wake_fd, &count, sizeof(count)) < 0)
			continue;
		if (pfd[1].revents) {
			pthread_mutex_lock(&m->lock);
			kl_devices_tick(m);
			pthread_mutex_unlock(&m->lock);
		}
		if (pfd[2].revents)
			kl_on_signal(m);
		if (pfd[3].revents)
			input = kl_read_input(m, is_terminal, &prefix);
	}
}
