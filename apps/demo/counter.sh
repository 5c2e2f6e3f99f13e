#!/bin/sh
# A program that knows nothing of checkpoints. It holds a device at descriptor 7, a log at descriptor 8, and a connection
# to a service as its standard input. The service beats; with every beat it counts, and says so on the connection.
#
#   sh counter.sh DEVICE LOG

device=$1
log=$2

if [ -w "$device" ]; then exec 7<>"$device"; else exec 7<"$device"; fi
exec 8>>"$log"

count=0
while read -r word; do
  case $word in
  beat)
    count=$((count + 1))
    echo "$count" >&8
    echo "count $count" >&0
    ;;
  device)
    # Is what descriptor 7 leads to still the very device?
    if [ /proc/self/fd/7 -ef "$device" ]; then answer=yes; else answer=no; fi
    echo "device $answer" >&0
    ;;
  esac
done
