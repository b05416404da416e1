# Functions shared by the scripts of the samples. A script sets `name`, the prefix of its messages, before it reads this file.

die() {
  echo "$name: $1" >&2
  exit 2
}

# installed PREFIX: prints the path of the installed program.
installed() {
  [ -x "$1/bin/kairos" ] ||
    die "$1 contains no bin/kairos; run samples/quickstart.sh first, or name an installation with --with"
  echo "$1/bin/kairos"
}

milliseconds() {
  echo $(($(date +%s%N) / 1000000))
}

# accuracy_of KAIROS ARGUMENT...: prints the accuracy that `kairos evaluate` reports.
accuracy_of() {
  kairos_to_ask=$1
  shift
  "$kairos_to_ask" evaluate "$@" --loss sparse_categorical_crossentropy --metrics accuracy --json |
    sed -n 's/.*"accuracy": *\([0-9.]*\).*/\1/p'
}

# at_least WHAT FOUND LEAST: ends the script with exit code 1 if FOUND is less than LEAST.
at_least() {
  awk -v found="$2" -v least="$3" 'BEGIN { exit found + 0 >= least + 0 ? 0 : 1 }' ||
    { echo "$name: expected a $1 of $3 or more, found $2" >&2; exit 1; }
}
