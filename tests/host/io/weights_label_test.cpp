// SPDX-License-Identifier: MIT
// Files that are saved while callbacks present other weights than those that are trained say so.
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "host/temporary_directory.hpp"
#include "io/model_file.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/model.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

namespace {

std::unique_ptr<Model> make_model() {
  CompileOptions options;
  options.loss = "mse";
  return compile({"", "input(2) dense(1)", {}}, options);
}

}  // namespace

TEST_CASE("A saved file keeps the label of weights that are not the trained ones", "[host][io]") {
  const TemporaryDirectory directory;
  const auto model = make_model();
  struct Case {
    const char* name;
    SaveContent content;
    std::string label;
  };
  const Case table[] = {{"m.keras", SaveContent::Model, "ema"},
                        {"m.h5", SaveContent::Model, "ema"},
                        {"w.h5", SaveContent::Weights, "größe"},
                        {"w.weights.h5", SaveContent::Weights, "ema"}};
  for (const Case& row : table) {
    INFO(row.name);
    model->weights_presented(row.label);
    model->save(directory / row.name, row.content);
    model->weights_presented("");
    CHECK(read_model_file(directory / row.name).weights_label == row.label);

    const auto other = make_model();
    CHECK(other->training_doubts().empty());
    other->load_weights(directory / row.name);
    REQUIRE(other->training_doubts().size() == 1);
    CHECK_THAT(other->training_doubts()[0],
               Contains("the weights in " + (directory / row.name).string() + " are \"" + row.label +
                        "\", which a callback had put in place of those that were trained"));
    // A conversion keeps the label; training makes them trained weights.
    other->save_later(directory / "copy.h5", SaveContent::Weights)();
    CHECK(read_model_file(directory / "copy.h5").weights_label == row.label);
    const float x[] = {1, 2}, y[] = {1};
    other->train_batch({1, {x}, {y}, {}}, nullptr);
    CHECK(other->training_doubts().empty());
    other->save(directory / "trained.h5", SaveContent::Weights);
    CHECK(read_model_file(directory / "trained.h5").weights_label.empty());

    model->save(directory / row.name, row.content);
    CHECK(read_model_file(directory / row.name).weights_label.empty());
  }
}
