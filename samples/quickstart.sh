#!/bin/sh
# From a fresh clone to a trained model: installs missing packages, builds Kairos, installs it into build/install, and trains a
# classifier of handwritten digits with five plugins that are loaded at run time.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
prefix=$root/build/install
run=$root/build/quickstart
build=yes
all=no
name=quickstart
. "$root/samples/common.sh"

usage() {
  cat <<END
usage: samples/quickstart.sh [--all] [--with PREFIX] [--run-dir DIR]

Installs missing Debian packages (as root or through sudo), builds Kairos into build/release, installs it into build/install and
trains a classifier of handwritten digits. The build is incremental. Eight plugins are built, those that most runs use: CSVLogger,
EarlyStopping, LearningRateScheduler, ModelCheckpoint, ProgbarLogger, ReduceLROnPlateau, TensorBoard and TerminateOnNaN.

  --all           build all plugins; those that an earlier --all has installed stay, but are not built again without it
  --with PREFIX   use the Kairos installed in PREFIX; install and build nothing
  --run-dir DIR   directory of the run's files, instead of build/quickstart; an earlier run in it is replaced
  --help          print this text
END
}

while [ $# -gt 0 ]; do
  case $1 in
    --all) all=yes; shift ;;
    --with) [ $# -ge 2 ] || die "--with needs a directory"; prefix=$(cd "$2" && pwd) || exit 2; build=no; shift 2 ;;
    --run-dir) [ $# -ge 2 ] || die "--run-dir needs a directory"; run=$2; shift 2 ;;
    --help | -h) usage; exit 0 ;;
    *) die "unknown argument \"$1\"; see samples/quickstart.sh --help" ;;
  esac
done
[ $all = no ] || [ $build = yes ] || die "--all builds plugins, and --with builds nothing; leave one out"

# Prints the output of a step only if it fails.
quietly() {
  log=$root/build/quickstart.log
  "$@" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
}

if [ $build = yes ]; then
  "$root/samples/install_packages.sh" build
  mkdir -p "$root/build"
  if command -v ccache >/dev/null; then
    export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
  fi
  cd "$root"
  if [ ! -f build/release/build.ninja ]; then
    echo "Building Kairos into build/release. The first build takes a few minutes."
  fi
  [ $all = yes ] && plugins=ON || plugins=OFF
  quietly cmake --preset release -D KAIROS_ALL_PLUGINS=$plugins
  cmake --build --preset release
  quietly cmake --install build/release --prefix "$prefix"
fi

kairos=$prefix/bin/kairos
[ -x "$kairos" ] || die "$prefix contains no bin/kairos; install Kairos there, or omit --with to build it"
if [ -e "$run" ]; then
  [ -f "$run/log.csv" ] || die "$run exists and is not an earlier run of this script; choose another directory with --run-dir"
  rm -r "$run"
fi

shown=$kairos
[ "$PWD" != "$root" ] || shown=${kairos#"$root"/}

# Pixels are 0 … 16; the model does not scale them.
set -- fit \
  --data "$root/samples/data/digits.csv" --target label --validation-split 0.2 \
  --model 'dense(128,relu) dense(64,relu) dense(10,softmax)' \
  --optimizer 'Adam(learning_rate=0.001)' --loss sparse_categorical_crossentropy --metrics accuracy \
  --epochs 60 --seed 1 --verbose 2 --run-dir "$run" \
  --plugin EarlyStopping:monitor=val_loss,patience=10,restore_best_weights=true \
  --plugin ReduceLROnPlateau:monitor=val_loss,factor=0.3,patience=4 \
  --plugin ModelCheckpoint:filepath=best.h5,monitor=val_accuracy,save_best_only=true \
  --plugin CSVLogger:filename=log.csv \
  --plugin TensorBoard:log_dir=tensorboard

echo "Training:"
echo
printf '%s' "$shown"
for argument in "$@"; do
  case $argument in
    --*) printf ' \\\n  %s' "$argument" ;;
    *[\ \(]*) printf " '%s'" "$argument" ;;
    *) printf ' %s' "$argument" ;;
  esac
done
printf '\n\n'
"$kairos" "$@"

best=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "val_accuracy") column = i; next }
                $column > best { best = $column } END { print best + 0 }' "$run/log.csv")
cat <<END

Best validation accuracy: $best. Files of the run, in $run:
END
(cd "$run" && find . -type f | sort | sed 's|^\./|  |')
cat <<END

Next:
  $shown plugins list                    # the available callbacks
  $shown plugins inspect EarlyStopping   # its options
  $shown fit --help                      # all arguments of fit
END
[ $build = no ] || [ $all = yes ] || echo "  samples/quickstart.sh --all            # build the other plugins too"
echo "  samples/hello_callback/README.md: your own callback in 20 lines"
at_least "validation accuracy" "$best" 0.96
