#!/bin/sh
# A client of the database that knows nothing of checkpoints: its standard input is a connection to it. It begins a
# transaction, puts rows into it until there is a file, and commits.
#
#   sh worker.sh FILE

number=0
answer=
ask() {
  number=$((number + 1))
  echo "$number $1" >&0
  while read -r of answer; do [ "$of" = "$number" ] && return; done
  exit 1
}

ask begin
row=0
until [ -e "$1" ]; do
  row=$((row + 1))
  ask "put $row"
  [ "$answer" = "ok $row" ] || exit 2
done
ask commit
[ "$answer" = "ok $row" ] || exit 3
