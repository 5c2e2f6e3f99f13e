// System V message queues: one with a key through which two processes talk and in which messages of several types wait, one without text
// in any message, one that is empty, and one whose last user waits in it. A tick: ids, keys, owners, modes, sizes and last users are as
// they were, and a message goes to the other process and back. At the end all messages are as they were sent, in their order. The ids are
// in the file "objects"; the queues are removed at the end.
//
// SYSV_PRIVATE_ONLY=1: nothing with a key, so that several may run.
#include "target.h"
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/wait.h>

enum { MOST = 4000, WAITING = 5, TO_CHILD = 77, TO_PARENT = 78 };

struct queue {
	const char *name;
	key_t key;
	mode_t mode;
	unsigned long room;
	unsigned count;
	int id;
};

struct message {
	long type;
	char text[MOST];
};

static struct queue talk = { "talk", 0, 0640, 16384, WAITING, -1 };
static struct queue bare = { "without text", 0, 0600, 100, 3, -1 };
static struct queue empty = { "empty", 0, 0622, 5000, 0, -1 };
static pid_t child;

static void make(struct queue *queue)
{
	struct msqid_ds now;
	queue->id = must(msgget(queue->key, IPC_CREAT | IPC_EXCL | queue->mode));
	must(msgctl(queue->id, IPC_STAT, &now));
	now.msg_qbytes = queue->room;
	must(msgctl(queue->id, IPC_SET, &now));
	FILE *objects = fopen(target_path("objects"), "a");
	fprintf(objects, "msg %d\n", queue->id);
	fclose(objects);
}

static void check(struct queue *queue, pid_t sender, pid_t receiver)
{
	struct msqid_ds now;
	must(msgctl(queue->id, IPC_STAT, &now));
	expect(now.msg_perm.__key == queue->key, "%s: its key is %x", queue->name, now.msg_perm.__key);
	expect(now.msg_perm.mode == queue->mode, "%s: its mode is %o", queue->name, now.msg_perm.mode);
	expect(now.msg_perm.cuid == geteuid(), "%s: its creator is user %d", queue->name, now.msg_perm.cuid);
	expect(now.msg_qbytes == queue->room, "%s: it takes %lu bytes", queue->name, now.msg_qbytes);
	expect(now.msg_qnum == queue->count, "%s: %lu messages wait", queue->name, now.msg_qnum);
	expect(now.msg_lspid == sender, "%s: %d sent last, not %d", queue->name, now.msg_lspid, sender);
	expect(now.msg_lrpid == receiver, "%s: %d received last, not %d", queue->name, now.msg_lrpid, receiver);
	if (queue->key)
		expect(msgget(queue->key, 0) == queue->id, "its key leads elsewhere");
}

static size_t length_of(int which)
{
	return which == 2 ? 0 : which * 700 + 1;
}

static void fill(struct message *message, int which)
{
	message->type = which % 2 ? 5 : 1000000000000L + which;
	for (size_t at = 0; at < length_of(which); at++)
		message->text[at] = pattern(which * MOST + at);
}

static void run_child(void)
{
	struct message message;
	for (;;) {
		must(msgrcv(talk.id, &message, MOST, TO_CHILD, 0));
		if (message.text[0] == 0)
			_exit(5);
		message.type = TO_PARENT;
		must(msgsnd(talk.id, &message, 1, 0));
	}
}

int main(void)
{
	struct message message, wanted;
	target_start();
	if (!target_option("SYSV_PRIVATE_ONLY"))
		talk.key = 0x434d0000 | (getpid() & 0xffff);
	make(&talk);
	make(&bare);
	make(&empty);
	for (int which = 0; which < WAITING; which++) {
		fill(&message, which);
		must(msgsnd(talk.id, &message, length_of(which), 0));
	}
	for (int which = 0; which < 3; which++) {
		message.type = 3 - which;
		must(msgsnd(bare.id, &message, 0, 0));
	}
	message.type = LONG_MAX;
	must(msgsnd(empty.id, &message, 100, 0));
	must(msgrcv(empty.id, &message, MOST, 0, 0));
	child = must(fork());
	if (child == 0)
		run_child();
	char count = 0;
	for (unsigned long ticks = 1; !target_finishing();) {
		check(&talk, ticks == 1 ? getpid() : child, ticks == 1 ? 0 : getpid());
		check(&bare, getpid(), 0);
		check(&empty, getpid(), getpid());
		if (target_paused()) {
			rest(1);
			continue;
		}
		message.type = TO_CHILD;
		message.text[0] = count = count % 100 + 1;
		must(msgsnd(talk.id, &message, 1, 0));
		must(msgrcv(talk.id, &message, MOST, TO_PARENT, 0));
		expect(message.text[0] == count, "the child answers %d, not %d", message.text[0], count);
		target_tick(ticks++);
		rest(1);
	}
	message.type = TO_CHILD;
	message.text[0] = 0;
	must(msgsnd(talk.id, &message, 1, 0));
	int status;
	must(waitpid(child, &status, 0));
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 5, "the child ended with %x", status);
	for (int which = 0; which < WAITING; which++) {
		ssize_t length = must(msgrcv(talk.id, &message, MOST, 0, IPC_NOWAIT));
		fill(&wanted, which);
		expect((size_t)length == length_of(which), "message %d has %zd bytes", which, length);
		expect(message.type == wanted.type, "message %d has the type %ld", which, message.type);
		expect(memcmp(message.text, wanted.text, length) == 0, "message %d holds something else", which);
	}
	for (int which = 0; which < 3; which++) {
		expect(must(msgrcv(bare.id, &message, MOST, 0, IPC_NOWAIT)) == 0, "a message without text has some");
		expect(message.type == 3 - which, "a message without text has the type %ld", message.type);
	}
	must(msgctl(talk.id, IPC_RMID, NULL));
	must(msgctl(bare.id, IPC_RMID, NULL));
	must(msgctl(empty.id, IPC_RMID, NULL));
	target_say("DONE\n");
	return 0;
}
