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
# Its own pipe, from which nothing ever comes: to wait for that is to sleep without a child process.
exec 5<> <(:)

count=0
while :; do
  count=$((count + 1))
  # Descriptor 3 was opened by whoever started it.
  if [[ -n ${DEVICE-} ]]; then
    [[ /proc/self/fd/3 -ef $DEVICE ]] || fail "descriptor 3 is not $DEVICE"
  fi
  echo "$count" >&4
  read -rt 0.05 -u 5
done
