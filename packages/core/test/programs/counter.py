"""A counter with a thread, a generator, a running hash and a seeded random generator. See target.h for what it is asked."""

import hashlib
import os
import queue
import random
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True  # the folder of these programs stays as it is
from target import expect, finishing, log, paused  # noqa: E402

directory = os.getcwd()


def fibonacci():
    one, other = 0, 1
    while True:
        yield one
        one, other = other, (one + other) % 10**400


def work():
    """The thread: answers each number with its square and how many numbers there were."""
    local = threading.local()
    local.seen = 0
    while True:
        number = questions.get()
        if number is None:
            answers.put(local.seen)
            return
        local.seen += 1
        answers.put((number * number, local.seen))


caught = 0


def on_signal(_number, _frame):
    global caught
    caught += 1


def main():
    signal.signal(signal.SIGUSR1, on_signal)
    thread = threading.Thread(target=work, name="worker")
    thread.start()
    generator, numbers, running = fibonacci(), random.Random(42), hashlib.sha256()
    drawn, kept = [], {}
    words = open("words")
    tick = 0
    while not finishing():
        if paused():
            continue
        tick += 1
        questions.put(tick)
        expect(answers.get() == (tick * tick, tick), f"the thread's answer to {tick}")
        running.update(b"%d," % tick)
        expect(
            running.hexdigest() == hashlib.sha256(b"".join(b"%d," % i for i in range(1, tick + 1))).hexdigest(),
            "the running hash",
        )
        drawn.append(numbers.getrandbits(64))
        kept[f"key {tick}"] = next(generator)
        again = random.Random(42)
        expect(drawn == [again.getrandbits(64) for _ in drawn], "the random numbers")
        expect(words.readline() == f"word {tick}\n", f"word {tick} of the open file")
        before = caught
        os.kill(os.getpid(), signal.SIGUSR1)
        expect(caught == before + 1, "the signal handler did not run")
        expect(threading.active_count() == 2 and os.getcwd() == directory, "threads or cwd")
        log.write(f"{tick}\n")
        time.sleep(0.02)
    again = fibonacci()
    expect(all(kept[f"key {i}"] == next(again) for i in range(1, tick + 1)), "the kept numbers")
    questions.put(None)
    expect(answers.get() == tick, "the thread lost count")
    thread.join()
    log.write("DONE\n")


questions, answers = queue.Queue(), queue.Queue()
sys.exit(main())
