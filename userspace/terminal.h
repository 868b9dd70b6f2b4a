/* SPDX-License-Identifier: GPL-2.0-only */
/* The terminal as the guest's serial line, with a way out. */
#ifndef KL_USER_TERMINAL_H
#define KL_USER_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kl_key {
	KL_KEY_DATA,	/* the byte is for the guest */
	KL_KEY_PREFIX,	/* Ctrl-a: the next byte decides */
	KL_KEY_QUIT,
	KL_KEY_HELP,
	KL_KEY_NONE,	/* an unknown escape: ignored */
};

enum kl_key kl_key(bool *prefix, uint8_t byte);
bool kl_terminal_raw(void);
void kl_terminal_restore(void);

#define KL_CONSOLE_BUF 1024u

/**
 * struct kl_console - output on its way to standard output
 * @len: bytes waiting
 * @buf: the bytes
 * @broken: standard output is closed; output is dropped
 */
struct kl_console {
	size_t len;
	uint8_t buf[KL_CONSOLE_BUF];
	bool broken;
};

bool kl_console_put(struct kl_console *con, uint8_t byte);
void kl_console_flush(struct kl_console *con);

#endif /* KL_USER_TERMINAL_H */
