"""What the programs here in Python have in common: how they report, and how they are asked. target.h says what each file means."""

import os
import time

os.closerange(3, 1024)  # what the launcher leaked is not ours to be dumped with
log = open("log", "a", buffering=1)


def expect(condition, text):
    if not condition:
        log.write(f"FAIL {text}\n")
        os._exit(3)


def paused():
    """Rests a moment while the program is to keep still."""
    if os.path.exists("pause"):
        open("paused", "w").close()
        time.sleep(0.02)
        return True
    if os.path.exists("paused"):
        os.unlink("paused")
    return False


def finishing():
    return os.path.exists("finish")
