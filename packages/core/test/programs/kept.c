// What no restore could bring back, as KEPT says: "thread", "process" or "session" keys, "invocation", the key of a service
// (which nobody misses), "landlock", rules of a sandbox, or "dispatch", system calls that are blocked but for a part of the
// program. A tick: it is still there. "away" in its directory takes it away, all but the sandbox.
#include "target.h"
#include <linux/keyctl.h>
#include <signal.h>
#include <sys/prctl.h>

static volatile char selector;
static volatile int blocked;

static void on_blocked(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)info, (void)context;
	selector = 0;
	blocked++;
}

int main(void)
{
	target_start();
	const char *kept = target_option("KEPT") ? target_option("KEPT") : "session";
	int keyring = !strcmp(kept, "thread") ? KEY_SPEC_THREAD_KEYRING : !strcmp(kept, "process") ? KEY_SPEC_PROCESS_KEYRING : KEY_SPEC_SESSION_KEYRING;
	bool dispatch = !strcmp(kept, "dispatch");
	bool there = true;
	long key = 0;
	if (dispatch) {
		must(sigaction(SIGSYS, &(struct sigaction){ .sa_sigaction = on_blocked, .sa_flags = SA_SIGINFO }, NULL));
		must(prctl(59, 1, 0, 0, &selector));
	} else if (!strcmp(kept, "landlock")) {
		uint64_t handled = 1 << 13; // the right to make block devices
		int rules = syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
		must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		if (rules >= 0)
			must(syscall(SYS_landlock_restrict_self, rules, 0));
		close(rules);
	} else {
		must(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL));
		key = must(syscall(SYS_add_key, "user", strcmp(kept, "invocation") ? "criujs" : "invocation_id", "secret", 6L, keyring));
	}
	for (unsigned long tick = 1; !target_finishing(); tick++) {
		if (there && target_asked("away")) {
			if (dispatch)
				must(prctl(59, 0, 0, 0, 0));
			else if (key)
				must(syscall(SYS_keyctl, KEYCTL_CLEAR, keyring));
			there = false;
		}
		target_tick(tick);
		if (dispatch && there) {
			selector = 1;
			for (long spin = milliseconds() + 200; milliseconds() < spin;)
				;
			must(getppid());
			expect(blocked == (int)tick, "a system call was not blocked: %d of %lu", blocked, tick);
		} else {
			char secret[8];
			if (key && there)
				expect(syscall(SYS_keyctl, KEYCTL_READ, key, secret, 8L) == 6, "the key cannot be read: %s", strerror(errno));
			while (target_paused())
				rest(10);
			rest(10);
		}
	}
	target_say("DONE\n");
	return 0;
}
