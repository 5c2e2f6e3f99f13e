/* SPDX-License-Identifier: MIT */
/*
 * Logging for compiled CRIU plugins, written anew from the facts of the interface: what a plugin says here ends up in the
 * log of the run. Messages end with a newline, but for those of pr_perror and pr_pwarn, which add the error's own.
 */
#ifndef CRIU_LOG_H
#define CRIU_LOG_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LOG_UNSET (-1)
#define LOG_MSG (0) /* always printed */
#define LOG_ERROR (1)
#define LOG_WARN (2)
#define LOG_INFO (3)
#define LOG_DEBUG (4)

/* The host's: all macros below come to this. */
extern void print_on_level(unsigned int loglevel, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* Define it before including this file, to have each message begin with it: #define LOG_PREFIX "example: " */
#ifndef LOG_PREFIX
#define LOG_PREFIX
#endif

#define pr_msg(format, ...) print_on_level(LOG_MSG, format, ##__VA_ARGS__)
#define pr_info(format, ...) print_on_level(LOG_INFO, LOG_PREFIX format, ##__VA_ARGS__)
#define pr_debug(format, ...) print_on_level(LOG_DEBUG, LOG_PREFIX format, ##__VA_ARGS__)
#define pr_err(format, ...) \
	print_on_level(LOG_ERROR, "Error (%s:%d): " LOG_PREFIX format, __FILE__, __LINE__, ##__VA_ARGS__)
#define pr_warn(format, ...) \
	print_on_level(LOG_WARN, "Warn  (%s:%d): " LOG_PREFIX format, __FILE__, __LINE__, ##__VA_ARGS__)

/* With what errno means. */
#define pr_perror(format, ...) pr_err(format ": %s\n", ##__VA_ARGS__, strerror(errno))
#define pr_pwarn(format, ...) pr_warn(format ": %s\n", ##__VA_ARGS__, strerror(errno))

/* The first time only. */
#define CRIU_LOG_ONCE(print, ...)             \
	do {                                  \
		static bool criu_log_said;    \
		if (!criu_log_said) {         \
			criu_log_said = true; \
			print(__VA_ARGS__);   \
		}                             \
	} while (0)
#define pr_err_once(...) CRIU_LOG_ONCE(pr_err, __VA_ARGS__)
#define pr_warn_once(...) CRIU_LOG_ONCE(pr_warn, __VA_ARGS__)

#ifdef __cplusplus
}
#endif

#endif
