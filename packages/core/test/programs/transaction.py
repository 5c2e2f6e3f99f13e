"""sqlite3, the command, in a transaction nearly all the time, driven through pipes. See target.h for what it is asked."""

import subprocess
import sys

sys.dont_write_bytecode = True  # the folder of these programs stays as it is
from target import expect, finishing, log, paused  # noqa: E402

end = "that is all"
rows = 10


shell = subprocess.Popen(
    ["sqlite3", "-batch", "work.db"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
)


def ask(statement):
    shell.stdin.write(f"{statement}\nselect '{end}';\n")
    lines = []
    while True:
        line = shell.stdout.readline()
        expect(line != "", f"sqlite3 has ended at {statement}")
        if line.rstrip("\n") == end:
            return lines
        lines.append(line.rstrip("\n"))


def main():
    ask("pragma journal_mode = wal; create table squares (number integer primary key, square integer);")
    tick = 0
    while not finishing():
        if paused():
            continue
        ask("begin immediate;")
        for number in range(tick * rows, (tick + 1) * rows):
            ask(f"insert into squares values ({number}, {number * number});")
        tick += 1
        expect(ask("select count(*) from squares;") == [str(tick * rows)], f"the number of rows at {tick}")
        ask("commit;")
        log.write(f"{tick}\n")
    expect(ask("select count(*) from squares where square <> number * number;") == ["0"], "a row is wrong")
    expect(ask("pragma integrity_check;") == ["ok"], "the database is damaged")
    shell.stdin.close()
    expect(shell.wait() == 0, "sqlite3 failed")
    log.write("DONE\n")


main()
