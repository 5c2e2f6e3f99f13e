#!/usr/bin/env bash
# A little program that holds what the plugin saves and brings back. It counts into its log, and looks each time whether
# all is as it was: a line that begins with FAIL says what was not.
set -u

fail() {
  echo "FAIL $*" >&4
  exit 1
}

# Whoever started it may have left descriptors open: only what is its own is to be dumped. $0 is this file, read by bash.
for path in /proc/self/fd/*; do
  fd=${path##*/}
  if ((fd > 3)) && ! [[ $path -ef $0 ]]; then exec {fd}>&-; fi
done

exec 4>>"$LOG"

count=0
question=
while :; do
  count=$((count + 1))
  echo "$count" >&4
  # Standard input is a connection to the service: whatever it asks is answered with the count. Time may be up in the middle of a
  # question: the rest of it comes next time.
  if read -rt 0.05 part; then
    echo "$question$part $count" >&0
    question=
  else
    question+=$part
  fi
done
