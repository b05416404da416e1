# What the scripts of the samples share. A script sets `name`, what its messages begin with, before it reads this file.

die() {
  echo "$name: $1" >&2
  exit 2
}

# installed PREFIX: the program of the Kairos that is installed there.
installed() {
  [ -x "$1/bin/kairos" ] ||
    die "there is no bin/kairos in $1; run samples/quickstart.sh first, or name an installation with --with"
  echo "$1/bin/kairos"
}

milliseconds() {
  echo $(($(date +%s%N) / 1000000))
}

# accuracy_of KAIROS ARGUMENT...: what `kairos evaluate` finds.
accuracy_of() {
  kairos_to_ask=$1
  shift
  "$kairos_to_ask" evaluate "$@" --loss sparse_categorical_crossentropy --metrics accuracy --json |
    sed -n 's/.*"accuracy": *\([0-9.]*\).*/\1/p'
}

# at_least WHAT FOUND LEAST: ends the script with 1 where FOUND is less.
at_least() {
  awk -v found="$2" -v least="$3" 'BEGIN { exit found + 0 >= least + 0 ? 0 : 1 }' ||
    { echo "$name: expected a $1 of $3 or more, found $2" >&2; exit 1; }
}
