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
# Holding the session open is what makes it this process's.
exec 6<"$SESSION"
work=0

count=0
question=
while :; do
  count=$((count + 1))
  # Descriptor 3 was opened by whoever started it.
  if [[ -n ${DEVICE-} ]]; then
    [[ /proc/self/fd/3 -ef $DEVICE ]] || fail "descriptor 3 is not $DEVICE"
  fi
  # What the accelerator has done for it so far: it may stand still, it never goes back.
  read -r done_now <"$SESSION" || fail 'the session is gone'
  ((10#$done_now >= work)) || fail "the accelerator went back from $work to $done_now"
  work=$((10#$done_now))
  echo "$count $work" >&4
  # Standard input is a connection to the service: whatever it asks is answered with the count. Time may be up in the middle of a
  # question: the rest of it comes next time.
  if read -rt 0.05 part; then
    echo "$question$part $count" >&0
    question=
  else
    question+=$part
  fi
done
