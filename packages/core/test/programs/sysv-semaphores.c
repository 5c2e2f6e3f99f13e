// System V semaphores with operations that are undone: a set that two processes use, which end one after the other,
// a set whose values are at the ends of their range, and one of many semaphores of which few are used. A tick: the values are as they
// were, ids, keys and owners too, and a process hands a semaphore over to the other and gets it back. At the end: what is undone when a
// process ends has been undone. The ids are in the file "objects"; the sets are removed at the end.
//
// SYSV_PRIVATE_ONLY=1: nothing with a key, so that several may run.
#include "target.h"
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/wait.h>

enum { MANY = 200, FULL = 32767, MARKED = 137 };

struct set {
	const char *name;
	key_t key;
	int count;
	mode_t mode;
	int id;
};

static struct set shared = { "shared", 0, 4, 0640, -1 };
static struct set edges = { "at the edges", 0, 6, 0600, -1 };
static struct set many = { "many", 0, MANY, 0600, -1 };

static void make(struct set *set)
{
	set->id = must(semget(set->key, set->count, IPC_CREAT | IPC_EXCL | set->mode));
	FILE *objects = fopen(target_path("objects"), "a");
	fprintf(objects, "sem %d\n", set->id);
	fclose(objects);
}

static void change(struct set *set, int number, int by, int flags)
{
	struct sembuf operation = { number, by, flags };
	must(semop(set->id, &operation, 1));
}

static int value_of(struct set *set, int number)
{
	return must(semctl(set->id, number, GETVAL));
}

static void check_value(struct set *set, int number, int wanted)
{
	int value = value_of(set, number);
	expect(value == wanted, "%s: semaphore %d has %d, not %d", set->name, number, value, wanted);
}

static void check(struct set *set)
{
	struct semid_ds now;
	must(semctl(set->id, 0, IPC_STAT, &now));
	expect(now.sem_perm.__key == set->key, "%s: its key is %x", set->name, now.sem_perm.__key);
	expect(now.sem_perm.mode == set->mode, "%s: its mode is %o", set->name, now.sem_perm.mode);
	expect(now.sem_perm.cuid == geteuid(), "%s: its creator is user %d", set->name, now.sem_perm.cuid);
	expect((int)now.sem_nsems == set->count, "%s: it has %lu semaphores", set->name, now.sem_nsems);
	if (set->key)
		expect(semget(set->key, 0, 0) == set->id, "its key leads elsewhere");
}

// The child: one unit more of 1 and three less of 2 are undone at its end.
static void run_child(void)
{
	change(&shared, 1, -1, SEM_UNDO);
	change(&shared, 2, 3, SEM_UNDO);
	change(&edges, 3, -20000, SEM_UNDO);
	change(&many, MARKED, 2, SEM_UNDO);
	change(&many, MARKED, -1, SEM_UNDO);
	change(&shared, 3, 1, 0);
	for (;;) {
		change(&shared, 0, -1, 0);
		if (target_finishing() && value_of(&shared, 0) > 0)
			_exit(7);
		change(&shared, 3, 1, 0);
	}
}

static void run_parent(void)
{
	change(&shared, 1, 10, 0);
	change(&edges, 0, FULL, 0);
	change(&edges, 0, -1, SEM_UNDO); // back to the largest value
	change(&edges, 0, 1, 0);
	change(&edges, 1, 5, SEM_UNDO); // more than there is
	change(&edges, 1, -5, 0);
	change(&edges, 2, FULL, SEM_UNDO);
	change(&edges, 2, -FULL, 0);
	change(&edges, 2, 1, SEM_UNDO); // the least that there can be
	change(&edges, 2, -1, 0);
	change(&edges, 3, 32000, 0);
	change(&edges, 4, FULL, 0);
	change(&edges, 4, -FULL, SEM_UNDO); // the most
	change(&edges, 5, 9, 0);
	change(&shared, 2, 1, SEM_UNDO);
	pid_t child = must(fork());
	if (child == 0)
		run_child();
	change(&shared, 3, -1, 0);
	for (unsigned long ticks = 1; !target_finishing();) {
		check(&shared);
		check(&edges);
		check(&many);
		check_value(&shared, 1, 9);
		check_value(&shared, 2, 4);
		check_value(&edges, 0, FULL);
		check_value(&edges, 1, 0);
		check_value(&edges, 2, 0);
		check_value(&edges, 3, 12000);
		check_value(&edges, 4, 0);
		check_value(&edges, 5, 9);
		for (int number = 0; number < MANY; number++)
			check_value(&many, number, number == MARKED ? 1 : 0);
		expect(must(semctl(many.id, MARKED, GETPID)) == child, "another process was the last to use a semaphore");
		if (target_paused()) {
			rest(1);
			continue;
		}
		// To the child and back: who used them last stays in the tree.
		change(&shared, 0, 1, 0);
		change(&shared, 3, -1, 0);
		target_tick(ticks++);
		rest(1);
	}
	change(&shared, 0, 2, 0);
	int status;
	must(waitpid(child, &status, 0));
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 7, "the child ended with %x", status);
	check_value(&shared, 1, 10);
	check_value(&shared, 2, 1);
	check_value(&edges, 3, 32000);
	check_value(&many, MARKED, 0);
	_exit(8);
}

int main(void)
{
	target_start();
	if (!target_option("SYSV_PRIVATE_ONLY"))
		shared.key = 0x43530000 | (getpid() & 0xffff);
	make(&shared);
	make(&edges);
	make(&many);
	pid_t parent = must(fork());
	if (parent == 0)
		run_parent();
	int status;
	must(waitpid(parent, &status, 0));
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 8, "the parent ended with %x", status);
	check_value(&shared, 2, 0);
	check_value(&edges, 0, FULL);
	check_value(&edges, 1, 0);
	check_value(&edges, 2, 0);
	check_value(&edges, 4, FULL);
	check_value(&edges, 5, 9);
	must(semctl(shared.id, 0, IPC_RMID));
	must(semctl(edges.id, 0, IPC_RMID));
	must(semctl(many.id, 0, IPC_RMID));
	target_say("DONE\n");
	return 0;
}
