"""A pool of processes as multiprocessing makes it, with a lock, a shared value and a queue. See target.h for what it is asked."""

import multiprocessing
import sys

sys.dont_write_bytecode = True  # the folder of these programs stays as it is
from target import expect, finishing, log, paused  # noqa: E402

context = multiprocessing.get_context("fork")
lock = context.Lock()
total = context.Value("q", 0)
notes = context.SimpleQueue()


def square(number):
    with lock:
        total.value += 1
    return number * number


def main():
    tick = 0
    asked = 0
    with context.Pool(2) as pool:
        while not finishing():
            if paused():
                continue
            tick += 1
            numbers = range(tick, tick + 20)
            expect(pool.map(square, numbers) == [it * it for it in numbers], f"the answers to {tick}")
            asked += len(numbers)
            expect(total.value == asked, f"{total.value} numbers were counted of {asked}")
            notes.put(tick)
            expect(notes.get() == tick, "what was in the queue")
            log.write(f"{tick}\n")
    log.write("DONE\n")


main()
