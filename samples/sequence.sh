#!/bin/sh
# A sequence task: an LSTM reads each handwritten digit from top to bottom, 8 steps of 8 pixels, and classifies it. Every fifth
# digit is used for the test.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
prefix=$root/build/install
epochs=30
name=sequence
. "$root/samples/common.sh"

usage() {
  cat <<END
usage: samples/sequence.sh [--with PREFIX]

Trains an LSTM on samples/data/digits.csv and tests it on held-out digits.

  --with PREFIX   use the Kairos installed in PREFIX, instead of the one that samples/quickstart.sh installs
  --help          print this text
END
}

while [ $# -gt 0 ]; do
  case $1 in
    --with) [ $# -ge 2 ] || die "--with needs a directory"; prefix=$(cd "$2" && pwd) || exit 2; shift 2 ;;
    --help | -h) usage; exit 0 ;;
    *) die "unknown argument \"$1\"; see samples/sequence.sh --help" ;;
  esac
done
kairos=$(installed "$prefix")

work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
digits=$root/samples/data/digits.csv
train=$work/train.csv
test=$work/test.csv
awk -v train="$train" -v test="$test" 'NR == 1 { print >train; print >test; next } { print >(NR % 5 == 0 ? test : train) }' "$digits"

# Pixels are 0 … 16.
model='rescaling(0.0625) reshape((8,8)) lstm(64) dense(10,softmax)'
started=$(milliseconds)
"$kairos" fit --data "$train" --target label --model "$model" --optimizer 'Adam(learning_rate=0.005)' \
  --loss sparse_categorical_crossentropy --metrics accuracy --epochs $epochs --seed 1 --verbose 2 \
  --save-weights "$work/lstm.npz"
took=$(($(milliseconds) - started))
accuracy=$(accuracy_of "$kairos" --data "$test" --target label --model "$model" --weights "$work/lstm.npz")

echo "$epochs epochs took $took ms."
echo "Test accuracy: $accuracy"
at_least "test accuracy" "$accuracy" 0.95
