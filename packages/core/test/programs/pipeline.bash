# producer | filter | consumer, with numbered lines: none may be lost or come twice. See target.h for what it is asked.
# The producer is held back by full pipes, so that there is always something in them.
fail() {
  echo "FAIL $*" >>log
  exit 3
}

produce() {
  local n=0
  while [[ ! -e finish ]]; do
    n=$((n + 1))
    echo "$n line"
  done
  echo "$n" >produced
}

translate() {
  local n word
  while read -r n word; do
    [[ $word == line ]] || fail "the filter read '$n $word'"
    echo "$((n * 3)) $n"
  done
}

consume() {
  local expected=0 tick=0 tripled n
  while read -r tripled n; do
    expected=$((expected + 1))
    [[ $n == "$expected" && $tripled == $((n * 3)) ]] || fail "line $expected was '$tripled $n'"
    if ((n % 40 == 0)) && [[ ! -e finish ]]; then
      while [[ -e pause ]]; do
        : >paused
        sleep 0.02
      done
      [[ ! -e paused ]] || rm paused
      tick=$((tick + 1))
      echo "$tick" >>log
      sleep 0.02
    fi
  done
  [[ $expected == "$(<produced)" ]] || fail "$expected lines came, $(<produced) were sent"
  echo DONE >>log
}

produce | translate | consume
