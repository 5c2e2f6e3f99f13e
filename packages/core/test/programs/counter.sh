# A counter for any POSIX sh: variables, a trap, descriptors and a child that sleeps. See target.h for what it is asked.
directory=$(pwd)
exec 5>>log 6<words
count=0 sum=0 trapped=0
set -- one 'two words' '*'
trap 'trapped=$((trapped + 1))' USR1
umask 027
mkdir place && cd place || exit 1

fail() {
  echo "FAIL $*" >&5
  exit 3
}

while [ ! -e "$directory/finish" ]; do
  if [ -e "$directory/pause" ]; then
    : >"$directory/paused"
    sleep 0.02
    continue
  fi
  [ ! -e "$directory/paused" ] || rm "$directory/paused"
  count=$((count + 1))
  sum=$((sum + count))
  [ "$sum" -eq $((count * (count + 1) / 2)) ] || fail "sum of $count is $sum"
  [ "$#$1$2$3" = '3onetwo words*' ] || fail "arguments became $*"
  [ "$(umask)" = 0027 ] || fail "umask became $(umask)"
  [ "$(pwd -P)" = "$directory/place" ] || fail "cwd became $(pwd -P)"
  read -r word <&6 || fail "no word $count in the open file"
  [ "$word" = "word $count" ] || fail "word $count was $word"
  if [ $((count % 8)) -eq 0 ]; then
    before=$trapped
    kill -USR1 $$
    [ "$trapped" -eq $((before + 1)) ] || fail 'the trap did not run'
  fi
  echo "$count" >&5
  sleep 0.02
done
echo DONE >&5
