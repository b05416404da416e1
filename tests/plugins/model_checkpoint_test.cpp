// SPDX-License-Identifier: MIT
// ModelCheckpoint: when it saves, and under which names.
#include <catch2/catch.hpp>

#include "host/temporary_directory.hpp"
#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;
using Names = std::vector<std::string>;

/// Epochs of four batches; loss after batch b of epoch e is 10 - (4e + b).
std::vector<EpochLogs> falling_batches(int epochs) {
  std::vector<EpochLogs> out;
  for (int e = 0; e < epochs; ++e) {
    EpochLogs logs{{10.0 - 4 * e}, {1}};
    for (int b = 0; b < 4; ++b) logs.batches.push_back({10.0 - 4 * e - b});
    out.push_back(logs);
  }
  return out;
}

}  // namespace

TEST_CASE("ModelCheckpoint saves when Keras saves", "[plugins]") {
  struct Case {
    std::vector<double> values;
    std::string options;
    Names files;
  };
  const Case table[] = {
      {{3, 2, 5, 1},
       "filepath=m-{epoch:02d}-{val_loss:.2f}.keras,save_best_only=true",
       {"m-01-3.00.keras", "m-02-2.00.keras", "m-04-1.00.keras"}},
      {{3, 2, 1}, "filepath=m-{epoch}.keras,save_best_only=true,initial_value_threshold=2", {"m-3.keras"}},
      {{3, 2, 5}, "filepath=m-{epoch}.h5", {"m-1.h5", "m-2.h5", "m-3.h5"}},
      {{3, 2, 5}, "filepath=m-{epoch}.h5,save_best_only=true,mode=max", {"m-1.h5", "m-3.h5"}},
      {{3, 3, 3}, "filepath=m-{epoch}.h5,save_best_only=true", {"m-1.h5"}},
      {{3, 2, 1, 4}, "filepath=m-{epoch}.h5,save_best_only=true,period=2", {"m-2.h5"}},
      {{1, 1, 1, 1, 1}, "filepath=m-{epoch}.h5,period=2", {"m-2.h5", "m-4.h5"}},
      {{quiet_nan, 2, quiet_nan, 1}, "filepath=m-{epoch}.h5,save_best_only=true", {"m-2.h5", "m-4.h5"}},
      {{quiet_nan, 1}, "filepath=m-{val_loss:.2f}.h5", {"m-nan.h5", "m-1.00.h5"}},
  };
  for (const Case& row : table) {
    CAPTURE(row.options);
    const TemporaryDirectory directory;
    Driver run({{"ModelCheckpoint:" + row.options}, directory.path()});
    run.fit(losses(row.values));
    CHECK(run.saved() == row.files);
  }
}

TEST_CASE("ModelCheckpoint writes the same files in the background", "[plugins]") {
  const TemporaryDirectory directory;
  Driver run({{"ModelCheckpoint:filepath=m-{epoch}.h5,in_background=true"}, directory.path()});
  run.fit(losses({3, 2, 5}));
  CHECK(run.saved() == Names{"m-1.h5", "m-2.h5", "m-3.h5"});
  for (const int epoch : {1, 2, 3}) {
    std::ifstream file(directory.path() / ("m-" + std::to_string(epoch) + ".h5"));
    CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == "model " + std::to_string(epoch));
  }
}

TEST_CASE("A failed background save of ModelCheckpoint ends the run with its reason", "[plugins]") {
  const TemporaryDirectory directory;
  Plan plan{{"ModelCheckpoint:filepath=m-{epoch}.h5,in_background=true"}, directory.path()};
  plan.prepare = [](StubTarget& target) { target.fails_in_background = true; };
  Driver run(plan);
  CHECK_THROWS_WITH(run.fit(losses({3, 2, 5})),
                    Contains("saving in the background failed in epoch") && Contains("the disk is full"));
  CHECK(run.saved().empty());
}

TEST_CASE("ModelCheckpoint formats numbers in names like Python", "[plugins]") {
  struct Case {
    std::string field;
    double value;
    std::string text;
  };
  const Case table[] = {
      {"{loss:.2f}", 0.125, "0.12"},
      {"{loss:.0f}", 2.5, "2"},
      {"{loss:f}", 0.1, "0.100000"},
      {"{loss:08.3f}", -1.5, "-001.500"},
      {"{loss:+.1f}", 1, "+1.0"},
      {"{loss: .1f}", 1, " 1.0"},
      {"{loss:8.2f}", 1, "    1.00"},
      {"{loss:.3e}", 12345, "1.234e+04"},
      {"{loss:E}", 0.5, "5.000000E-01"},
      {"{loss:g}", 0.0001, "0.0001"},
      {"{loss:.3g}", 12345, "1.23e+04"},
      {"{loss:G}", 1e-10, "1E-10"},
      {"{loss:.1%}", 0.256, "25.6%"},
      {"{loss:07.1%}", 0.5, "0050.0%"},
      {"{loss}", 1, "1.0"},
      {"{loss}", 0.1, "0.1"},
      {"{loss}", 1e-5, "1e-05"},
      {"{loss}", 1e16, "1e+16"},
      {"{loss}", -123456789, "-123456789.0"},
      {"{loss:06.2f}", quiet_nan, "000nan"},
      {"{loss:F}", quiet_nan, "NAN"},
      {"{loss:.2f}", -inf, "-inf"},
      {"{loss:.2f}", -0.001, "-0.00"},
      {"{epoch}", 0, "1"},
      {"{epoch:03d}", 0, "001"},
      {"{epoch:+d}", 0, "+1"},
      {"{epoch:.1f}", 0, "1.0"},
      {"{epoch:3}", 0, "  1"},
      {"{{{epoch}}}", 0, "{1}"},
      {"{{epoch}}", 0, "{epoch}"},
  };
  for (const Case& row : table) {
    CAPTURE(row.field, row.value);
    const TemporaryDirectory directory;
    Driver run({{"ModelCheckpoint:filepath=\"m" + row.field + ".h5\""}, directory.path()});
    run.fit(losses({row.value}));
    CHECK(run.saved() == Names{"m" + row.text + ".h5"});
  }
}

TEST_CASE("ModelCheckpoint resolves names of fields as monitors", "[plugins]") {
  for (const char* const key : {"acc", "accuracy"})
    for (const char* const field : {"{val_acc:.2f}-{acc:.1f}", "{val_accuracy:.2f}-{accuracy:.1f}"}) {
      CAPTURE(key, field);
      const TemporaryDirectory directory;
      Driver run({{std::string("ModelCheckpoint:filepath=\"m") + field + ".h5\""},
                  directory.path(),
                  {{key, host::Direction::Max}}});
      run.fit({{{.5}, {.75}}});
      CHECK(run.saved() == Names{"m0.75-0.5.h5"});
    }
  CHECK_THAT(refusal_of({{"ModelCheckpoint:filepath=m{val_acc}.h5"}}),
             Contains("filepath has an unknown field {val_acc}"));
}

TEST_CASE("ModelCheckpoint with an integer save_freq counts batches across epochs", "[plugins]") {
  const TemporaryDirectory directory;
  Driver all({{"ModelCheckpoint:filepath=m-{epoch}-{batch}.h5,save_freq=3"}, directory.path()});
  all.fit(falling_batches(3));
  CHECK(all.saved() == Names{"m-1-3.h5", "m-2-2.h5", "m-3-1.h5", "m-3-4.h5"});

  std::vector<EpochLogs> epochs = falling_batches(2);
  epochs[0].batches[3] = {20};
  Driver best({{"ModelCheckpoint:filepath=m-{epoch}-{batch}-{loss:.0f}.h5,save_freq=2,save_best_only=true,"
                "monitor=loss"},
               directory.path()});
  best.fit(epochs);
  CHECK(best.saved() == Names{"m-1-2-9.h5", "m-2-2-5.h5", "m-2-4-3.h5"});
}

TEST_CASE("ModelCheckpoint saves the model or only the weights", "[plugins]") {
  const TemporaryDirectory directory;
  Driver run({{"ModelCheckpoint@all:filepath=all.keras",
               "ModelCheckpoint@weights:filepath=w.weights.h5,save_weights_only=true"},
              directory.path()});
  run.fit(losses({1, 1}));
  CHECK(content_of(directory / "all.keras") == "model 2");
  CHECK(content_of(directory / "w.weights.h5") == "weights 2");
}

TEST_CASE("ModelCheckpoint prints what Keras prints", "[plugins]") {
  const TemporaryDirectory directory;
  const std::string file = (directory / "m.h5").string();
  Driver best({{"ModelCheckpoint:filepath=m.h5,verbose=1,save_best_only=true"}, directory.path()});
  best.fit(losses({3, 4, 2}));
  CHECK(best.messages == Names{"Epoch 1: val_loss improved from None to 3.00000, saving model to " + file,
                               "Epoch 1: finished saving model to " + file,
                               "Epoch 2: val_loss did not improve from 3.00000",
                               "Epoch 3: val_loss improved from 3.00000 to 2.00000, saving model to " + file,
                               "Epoch 3: finished saving model to " + file});
  Driver all({{"ModelCheckpoint:filepath=m.h5,verbose=1"}, directory.path()});
  all.fit(losses({3}));
  CHECK(all.messages ==
        Names{"Epoch 1: saving model to " + file, "Epoch 1: finished saving model to " + file});
}

TEST_CASE("ModelCheckpoint skips epochs in which its values are unavailable", "[plugins]") {
  const TemporaryDirectory directory;
  const std::vector<EpochLogs> every_second = {{{1}}, {{1}, {3}}, {{1}}, {{1}, {2}}};
  Driver named({{"ModelCheckpoint:filepath=m-{epoch}-{val_loss:.0f}.h5"}, directory.path()});
  named.fit(every_second);
  CHECK(named.saved() == Names{"m-2-3.h5", "m-4-2.h5"});
  REQUIRE(named.messages.size() == 1);
  CHECK_THAT(named.messages[0],
             Contains("epoch 1 is not saved, because the field {val_loss} of filepath has no value in it"));

  Driver best({{"ModelCheckpoint:filepath=m-{epoch}.h5,save_best_only=true"}, directory.path()});
  best.fit(every_second);
  CHECK(best.saved() == Names{"m-2.h5", "m-4.h5"});
  CHECK(best.messages.empty());
}

TEST_CASE("ModelCheckpoint saves every epoch without validation", "[plugins]") {
  const TemporaryDirectory directory;
  Driver run(
      {{"ModelCheckpoint:filepath=m-{epoch}.h5"}, directory.path(), {{"loss", host::Direction::Min}}, false});
  run.fit({{{1}}, {{1}}});
  CHECK(run.saved() == Names{"m-1.h5", "m-2.h5"});
}

TEST_CASE("ModelCheckpoint continues counting in a resumed run", "[plugins]") {
  const TemporaryDirectory directory;
  const Plan plan{{"ModelCheckpoint@best:filepath=b-{epoch}.h5,save_best_only=true,period=2",
                   "ModelCheckpoint@often:filepath=o-{epoch}-{batch}.h5,save_freq=3"},
                  directory.path()};
  std::vector<EpochLogs> epochs = falling_batches(8);
  const double values[] = {9, 3, 1, 5, 1, 2, 1, 4};
  for (std::size_t i = 0; i < epochs.size(); ++i) epochs[i].validation = {values[i]};
  Driver whole(plan);
  whole.fit(epochs);
  for (std::size_t at = 1; at < epochs.size(); ++at) {
    CAPTURE(at);
    Driver before(plan);
    before.fit({epochs.begin(), epochs.begin() + static_cast<std::ptrdiff_t>(at)});
    Names files = before.saved();
    for (const std::string& name : interrupted(plan, epochs, at)->saved()) files.push_back(name);
    CHECK(files == whole.saved());
  }
}

TEST_CASE("ModelCheckpoint rejects what it could not save before training", "[plugins]") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "folder.h5");
  static_cast<void>(directory.put("file", "x"));
  struct Case {
    std::string options, sentence;
  };
  const Case table[] = {
      {"", "the option is required and not set"},
      {":filepath=m-{epoch}", "cannot be written"},
      {":filepath=m-{val_los:.2f}.h5",
       "filepath has an unknown field {val_los}. Did you mean {val_loss}? Known are: epoch, loss, val_loss"},
      {":filepath=m-{gradient}.h5", "{gradient}. Known are: epoch, loss, val_loss"},
      {":filepath=m-{batch}.h5",
       "filepath has the field {batch}, which needs an integer save_freq or save_every"},
      {":filepath=m-{val_loss}.h5,save_freq=2",
       "the field {val_loss}, which has no value at the end of a batch, where save_freq=2 saves"},
      {":filepath=m-{loss:d}.h5",
       "the field {loss:d} is not an integer, which d requires. Write for example .2f"},
      {":filepath=m-{loss:.2x}.h5", "has an unsupported format"},
      {":filepath=m-{loss:>8}.h5", "has an unsupported format"},
      {":filepath=m-{loss:.f}.h5", "has no digits after the decimal point"},
      {":filepath=m-{loss:.2}.h5", "has a precision without a type that uses it"},
      {":filepath=m-{epoch:.2d}.h5", "has a precision without a type that uses it"},
      {":filepath=m-{loss:99999999999f}.h5", "has a width above 64"},
      {":filepath=m-{}.h5", "the field {} has no key"},
      {":filepath=m-{epoch.h5", "filepath has a { without a }"},
      {":filepath=m-epoch}.h5", "filepath has a } without a {"},
      {":filepath=m.h5,save_freq=0",
       "save_freq is \"0\"; expected epoch, or a number of batches of 1 or more"},
      {":filepath=m.h5,save_freq=2.5", "save_freq is \"2.5\""},
      {":filepath=m.h5,save_freq=epochs", "save_freq is \"epochs\""},
      {":filepath=m.h5,save_freq=5,period=2",
       "period counts epochs and save_freq=5 counts batches. Omit one of them"},
      {":filepath=m.h5,period=0", "expected at least 1"},
      {":filepath=m.h5,monitor=val_acc", "no such metric in this run"},
      {":filepath=m.h5,save_best_only=true,save_freq=5,monitor=val_loss",
       "Set monitor=loss or save_freq=epoch"},
      {":filepath=m.h5,save_best_only=true,initial_value_threshold=nan", "initial_value_threshold is NaN"},
      {":filepath=folder.h5", "is a directory. Name a file in it"},
      {":filepath=/dev/null", "filepath /dev/null is not a regular file"},
      {":filepath=m.h5,last=folder.h5", "folder.h5 is a directory. Name a file in it"},
      {":filepath=m.h5,last=file/m.h5", "file is not a writable directory. Choose another path"},
      {":filepath=m.h5,last='last-{epoch}.h5'",
       "last is \"last-{epoch}.h5\"; expected a name without fields, because it is one file that is "
       "replaced"},
      {":filepath=file/m.h5", "is not a writable directory. Choose another path"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options);
    CHECK_THAT(refusal_of({{"ModelCheckpoint" + row.options}, directory.path()}), Contains(row.sentence));
  }
  CHECK_THAT(refusal_of({{"ModelCheckpoint:filepath=m.h5,save_best_only=true"},
                         directory.path(),
                         {{"loss", host::Direction::Min}},
                         false}),
             Contains("Add validation data, or set monitor=loss"));
}
