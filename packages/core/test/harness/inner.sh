# Runs as pid 1 of a pid namespace: starts a program, dumps it, restores it with the pid that it had, twice.
#   inner.sh DIRECTORY CRIUJS NODE PROGRAM…        DIRECTORY is the target's, see programs/target.h
cd "$1" && criujs=$2 node=$3 || exit 1
shift 3

: >log

# Until the log has so many lines.
ticks() {
  left=3000
  until [ "$(wc -l <log)" -ge "$1" ]; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || { echo "tick $1 never came"; exit 1; }
    sleep 0.02
  done
}

setsid "$@" </dev/null >output 2>&1 &
pid=$!
ticks 5
for leg in 1 2; do
  "$node" "$criujs" dump -t "$pid" -D "images-$leg" --file-locks || exit 1
  wait
  before=$(wc -l <log)
  "$node" "$criujs" restore -D "images-$leg" --file-locks --detach --pidfile "pid-$leg" || exit 1
  [ "$(cat "pid-$leg")" = "$pid" ] || { echo "pid $pid became $(cat "pid-$leg")"; exit 1; }
  ticks $((before + 10))
done
: >finish
left=3000
until grep -q DONE log; do
  left=$((left - 1))
  [ "$left" -gt 0 ] || { echo 'it never finished'; exit 1; }
  sleep 0.02
done
echo "pid $pid, $(wc -l <log) lines"
