// SPDX-License-Identifier: GPL-2.0-only
/*
 * The terminal in raw mode, put back on every way out: return, exit(), and
 * signals that kill. Ctrl-a is the runner's own key.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "libkvmlite/base.h"
#include "terminal.h"

#define KL_CTRL_A 1

static struct termios kl_saved;
static int kl_is_raw; /* atomic: a signal handler looks at it */

/**
 * kl_key() - what a byte from the keyboard means
 * @prefix: whether Ctrl-a came before; kept between calls
 * @byte: the byte
 *
 * Return: KL_KEY_DATA if @byte goes to the guest, else what to do.
 */
enum kl_key kl_key(bool *prefix, uint8_t byte)
{
	if (!*prefix) {
		if (byte != KL_CTRL_A)
			return KL_KEY_DATA;
		*prefix = true;
		return KL_KEY_PREFIX;
	}
	*prefix = false;
	switch (byte) {
	case KL_CTRL_A:
		return KL_KEY_DATA;
	case 'x':
	case 'X':
		return KL_KEY_QUIT;
	case 'h':
	case 'H':
	case '?':
		return KL_KEY_HELP;
	default:
		return KL_KEY_NONE;
	}
}

/**
 * kl_terminal_restore() - put the terminal back as it was
 *
 * Async-signal-safe; does nothing if it is not raw.
 */
void kl_terminal_restore(void)
{
	if (!__atomic_exchange_n(&kl_is_raw, 0, __ATOMIC_SEQ_CST))
		return;
	tcsetattr(STDIN_FILENO, TCSANOW, &kl_saved);
}

static void kl_fatal_signal(int sig)
{
	kl_terminal_restore();
	raise(sig); /* SA_RESETHAND: this time it kills */
}

/**
 * kl_terminal_raw() - every key goes to the guest
 *
 * Return: true if standard input is a terminal and is raw now.
 */
bool kl_terminal_raw(void)
{
	static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
	struct sigaction sa = {
		.sa_handler = kl_fatal_signal,
		.sa_flags = SA_RESETHAND | SA_NODEFER,
	};
	struct termios raw;
	unsigned int i;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &kl_saved))
		return false;
	atexit(kl_terminal_restore);
	for (i = 0; i < ARRAY_SIZE(fatal); i++)
		sigaction(fatal[i], &sa, NULL);
	raw = kl_saved;
	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw))
		return false;
	__atomic_store_n(&kl_is_raw, 1, __ATOMIC_SEQ_CST);
	return true;
}

/**
 * kl_console_flush() - write what waits to standard output
 * @con: the console
 */
void kl_console_flush(struct kl_console *con)
{
	struct pollfd pfd = { .fd = STDOUT_FILENO, .events = POLLOUT };
	size_t done = 0;
	ssize_t n;

	while (done < con->len && !con->broken) {
		n = write(STDOUT_FILENO, con->buf + done, con->len - done);
		if (n >= 0)
			done += n;
		else if (errno == EAGAIN)
			poll(&pfd, 1, -1);
		else if (errno != EINTR)
			con->broken = true;
	}
	con->len = 0;
}

/**
 * kl_console_put() - the guest wrote a byte
 * @con: the console
 * @byte: the byte
 *
 * A line is written whole, at its end.
 *
 * Return: true if this is the first byte that waits: the caller flushes a
 * moment later, whether or not the line ends.
 */
bool kl_console_put(struct kl_console *con, uint8_t byte)
{
	con->buf[con->len++] = byte;
	if (byte == '\n' || con->len == KL_CONSOLE_BUF) {
		kl_console_flush(con);
		return false;
	}
	return con->len == 1;
}
