// Strict mode and filters of system calls. Processes and threads, each with its own: a chain of two, of which one logs; the same for
// all threads, set at once (SECCOMP_FILTER_FLAG_TSYNC); a prefix that some threads share; strict mode, where nothing but read, write
// and the end is left. A tick: what each filter forbids fails as it did, and what a strict process is asked it answers. In the end
// the threads that share filters get one more at once. FILTERS_LISTENER: nothing
// but a filter that lets another process decide about a call that nobody makes.
#include "target.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { THREADS = 4 };

// Each of these calls is used by no part of this program otherwise, and the C library does not need it.
enum { FIRST = SYS_getcpu, SECOND = SYS_sched_get_priority_max, OWN = SYS_mlock, LAST = SYS_getpgid };

static pthread_t threads[THREADS];
static pthread_barrier_t ready;
static volatile bool ending, added;
static volatile unsigned long looks[THREADS];

static int answer_with(long call, unsigned action, unsigned flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static int deny(long call, int error, unsigned flags)
{
	return answer_with(call, SECCOMP_RET_ERRNO | error, flags);
}

// The error that a call that does nothing ends with; 0: it is allowed.
static int answer(long call)
{
	if (call == OWN)
		return syscall(call, 0, 0) ? errno : 0;
	if (call == SECOND)
		return syscall(call, 0) < 0 ? errno : 0;
	return syscall(call, 0, 0, 0) < 0 ? errno : 0;
}

static void expect_answers(const char *who, int number, int first, int second, int own)
{
	int answers[] = { answer(FIRST), answer(SECOND), answer(OWN) };
	expect(answers[0] == first, "%s %d: the first filter answers %d, not %d", who, number, answers[0], first);
	expect(answers[1] == second, "%s %d: the second filter answers %d, not %d", who, number, answers[1], second);
	expect(answers[2] == own, "%s %d: its own filter answers %d, not %d", who, number, answers[2], own);
}

// Thread 0 has the chain of the main thread, 1 to 3 one more, which 1 has set before it made the others.
static int own_of(int number)
{
	return number == 0 ? 0 : EXFULL;
}

static void *work(void *of)
{
	int number = (long)of;
	if (number == 1) {
		must(deny(OWN, EXFULL, 0));
		for (long next = 2; next < THREADS; next++)
			pthread_create(&threads[next], NULL, work, (void *)next);
	}
	pthread_barrier_wait(&ready);
	while (!ending) {
		expect_answers("thread", number, EBADE, EBADR, own_of(number));
		looks[number]++;
		rest(5);
	}
	return NULL;
}

// All threads of it share their filters; one sets another for all when it is asked to end.
static void *work_together(void *nothing)
{
	pthread_barrier_wait(&ready);
	while (!added)
		rest(5);
	int found = answer(LAST);
	expect(found == EBADSLT, "a filter that was set for all threads answers %d", found);
	return nothing;
}

static int wait_for_end(int pipe)
{
	char byte;
	ssize_t length;
	while ((length = read(pipe, &byte, 1)) < 0 && errno == EINTR)
		;
	return length;
}

static void be_together(int pipe)
{
	pthread_t thread;
	must(deny(FIRST, EDOTDOT, 0));
	pthread_barrier_init(&ready, NULL, 2);
	pthread_create(&thread, NULL, work_together, NULL);
	pthread_barrier_wait(&ready);
	must(deny(SECOND, EBADRQC, SECCOMP_FILTER_FLAG_TSYNC));
	wait_for_end(pipe);
	expect_answers("process", 0, EDOTDOT, EBADRQC, 0);
	must(deny(LAST, EBADSLT, SECCOMP_FILTER_FLAG_TSYNC));
	added = true;
	pthread_join(thread, NULL);
	_exit(0);
}

// Whatever else it calls ends it.
static void be_strict(int from, int to)
{
	char byte;
	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL));
	while (syscall(SYS_read, from, &byte, 1) == 1 && byte) {
		byte++;
		syscall(SYS_write, to, &byte, 1);
	}
	syscall(SYS_exit, 7);
}

static int listen(void)
{
	must(answer_with(LAST, SECCOMP_RET_USER_NOTIF, 0));
	for (unsigned long ticks = 1; !target_finishing(); rest(2))
		target_tick(ticks++);
	target_say("DONE\n");
	return 0;
}

int main(void)
{
	target_start();
	int ask[2], tell[2], end[2];
	must(pipe(ask));
	must(pipe(tell));
	must(pipe(end));
	if (geteuid() != 0)
		must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	if (target_option("FILTERS_LISTENER"))
		return listen();
	pid_t strict = must(fork());
	if (strict == 0) {
		close(ask[1]);
		close(end[1]);
		be_strict(ask[0], tell[1]);
	}
	close(ask[0]);
	pid_t together = must(fork());
	if (together == 0) {
		close(ask[1]);
		close(end[1]);
		be_together(end[0]);
	}
	must(deny(FIRST, EBADE, SECCOMP_FILTER_FLAG_LOG));
	must(deny(SECOND, EBADR, 0));
	pthread_barrier_init(&ready, NULL, THREADS + 1);
	for (long number = 0; number < 2; number++)
		pthread_create(&threads[number], NULL, work, (void *)number);
	pthread_barrier_wait(&ready);
	char next = 1;
	for (unsigned long ticks = 1; !target_finishing();) {
		expect_answers("the main thread", 0, EBADE, EBADR, 0);
		if (target_paused()) {
			rest(1);
			continue;
		}
		char byte = next;
		expect(write(ask[1], &byte, 1) == 1 && read(tell[0], &byte, 1) == 1, "the strict process is gone");
		expect(byte == next + 1, "the strict process answers %d to %d", byte, next);
		next = next % 100 + 1;
		unsigned long before[THREADS];
		for (int i = 0; i < THREADS; i++)
			before[i] = looks[i];
		for (int i = 0; i < THREADS; i++)
			while (looks[i] == before[i])
				rest(1);
		target_tick(ticks++);
	}
	int status;
	char byte = 0;
	expect(write(ask[1], &byte, 1) == 1, "the strict process is gone");
	must(waitpid(strict, &status, 0));
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 7, "the strict process ended with %x", status);
	close(end[1]);
	must(waitpid(together, &status, 0));
	expect(status == 0, "the process with the same filters for all ended with %x", status);
	ending = true;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	target_say("DONE\n");
	return 0;
}
