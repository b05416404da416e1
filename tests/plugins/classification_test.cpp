// SPDX-License-Identifier: MIT
// ConfusionMatrix and ClassificationReport: the texts of scikit-learn's documentation, and which targets they
// can count.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "host/temporary_directory.hpp"
#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;
using Values = std::vector<float>;

/// Class numbers as one-hot vectors.
Values one_hot(const Values& classes, std::size_t width) {
  Values values(classes.size() * width, 0.0F);
  for (std::size_t i = 0; i < classes.size(); ++i)
    values[i * width + static_cast<std::size_t>(classes[i])] = 1;
  return values;
}

struct Predictions {
  std::vector<std::int64_t> target_shape;
  Values targets;
  std::vector<std::int64_t> output_shape;
  Values outputs;
  std::int64_t classes = 0;  ///< that the target tells
};

/// Runs an epoch whose validation has these predictions.
void validate(const std::string& plugin, const Predictions& p, const std::filesystem::path& directory) {
  Plan plan{{plugin}, directory};
  plan.prepare = [&p](StubTarget& target) {
    target.class_count = p.classes;
    target.batch = {{host::Role::Target, "y", p.target_shape, p.targets},
                    {host::Role::Output, "out", p.output_shape, p.outputs}};
  };
  Driver run(plan);
  run.fit({{{1}, {1}}, {{1}, {1}}});  // Each validation is counted anew.
}

std::string written(const std::string& plugin, const Predictions& p) {
  const TemporaryDirectory directory;
  validate(plugin + ",filename=new/out", p, directory.path());
  CHECK(std::distance(std::filesystem::directory_iterator(directory / "new"), {}) ==
        1);  // No temporary file.
  return content_of(directory / "new" / "out");
}

/// The example of scikit-learn's documentation.
const Values actual = {0, 1, 2, 2, 2};
const Values predicted = {0, 0, 2, 2, 1};
const Predictions example{{5, 1}, actual, {5, 3}, one_hot(predicted, 3)};

}  // namespace

TEST_CASE("ConfusionMatrix counts targets and predictions", "[plugins]") {
  struct Case {
    std::string options;
    Predictions predictions;
    std::string text;
    const char* reason;
  };
  const Case table[] = {
      {"output=0", example, "class,0,1,2\n0,1,0,0\n1,1,0,0\n2,0,1,2\n", "scikit-learn's matrix"},
      {"normalize=true",
       {{4}, {0, 0, 1, 1}, {4, 2}, one_hot({0, 1, 1, 1}, 2)},
       "class,0,1\n0,0.5,0.5\n1,0.0,1.0\n",
       "shares of rows"},
      {"normalize=pred",
       {{4}, {0, 0, 1, 1}, {4, 2}, one_hot({0, 1, 1, 1}, 2)},
       "class,0,1\n0,1.0,0.3333333333333333\n1,0.0,0.6666666666666666\n",
       "shares of columns"},
      {"normalize=all",
       {{4}, {0, 0, 1, 1}, {4, 2}, one_hot({0, 1, 1, 1}, 2)},
       "class,0,1\n0,0.25,0.25\n1,0.0,0.5\n",
       "shares of all"},
      {"normalize=true",
       {{2}, {0, 0}, {2, 2}, one_hot({0, 0}, 2)},
       "class,0,1\n0,1.0,0.0\n1,0.0,0.0\n",
       "a class without samples"},
      {"class_names='a\"b, c'",
       {{1}, {0}, {1, 2}, {1, 0}},
       "class,\"a\"\"b\",c\n\"a\"\"b\",1,0\nc,0,0\n",
       "names with quotation marks"},
      {"output=0",
       {{3, 1}, {0, 1, 1}, {3, 1}, {0.2F, 0.5F, 0.6F}},
       "class,0,1\n0,1,0\n1,1,1\n",
       "one unit: above 0.5 is class 1"},
      {"output=0",
       {{2, 2}, {1, 0, 0, 1}, {2, 2}, {.9F, .1F, .8F, .2F}},
       "class,0,1\n0,1,0\n1,1,0\n",
       "one-hot targets"},
      {"output=0",
       {{1, 2}, {0, 1}, {1, 2, 2}, {.9F, .1F, .2F, .8F}},
       "class,0,1\n0,1,0\n1,0,1\n",
       "each position of a sequence"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options, row.reason);
    CHECK(written("ConfusionMatrix:" + row.options, row.predictions) == row.text);
  }
}

TEST_CASE("ClassificationReport writes the text of scikit-learn", "[plugins]") {
  CHECK(written("ClassificationReport:class_names='class 0,class 1,class 2'", example) ==
        "              precision    recall  f1-score   support\n"
        "\n"
        "     class 0       0.50      1.00      0.67         1\n"
        "     class 1       0.00      0.00      0.00         1\n"
        "     class 2       1.00      0.67      0.80         3\n"
        "\n"
        "    accuracy                           0.60         5\n"
        "   macro avg       0.50      0.56      0.49         5\n"
        "weighted avg       0.70      0.60      0.61         5\n");
  CHECK_THAT(written("ClassificationReport:digits=4", example),
             Contains("           2     1.0000    0.6667    0.8000         3\n"));
}

TEST_CASE("ClassificationReport and ConfusionMatrix reject what they cannot count", "[plugins]") {
  struct Case {
    std::string plugin;
    Predictions predictions;
    std::string sentence;
  };
  const Case table[] = {
      {"ConfusionMatrix:output=1", example,
       "the model has no output 1 with a target. Set output to a number from 0 to 0"},
      {"ConfusionMatrix:class_names='a,b'", example,
       "class_names has 2 names for 3 classes. Write one for each, such as 'cat,dog'"},
      {"ConfusionMatrix:output=0",
       {{2}, {0, 3}, {2, 3}, Values(6, 0.0F)},
       "a target is 3; expected a class number from 0 to 2. Use this callback for classification"},
      {"ConfusionMatrix:output=0", {{2}, {0, 0.5F}, {2, 3}, Values(6, 0.0F)}, "a target is 0.5"},
      {"ConfusionMatrix:output=0", {{2}, {0, -1}, {2, 3}, Values(6, 0.0F)}, "a target is -1"},
      {"ConfusionMatrix:output=0",
       {{2, 2}, {0, 0, 0, 0}, {2, 3}, Values(6, 0.0F)},
       "the targets of output 0 are 4 numbers for 2 predictions; expected class numbers or one-hot vectors"},
      {"ConfusionMatrix:output=0",
       {{1}, {1}, {1, 2}, {1, std::nanf("")}},
       "the output is NaN for a sample, which is no class. TerminateOnNaN ends a run that becomes NaN"},
      {"ClassificationReport:output=0",
       {{1}, {1}, {1, 1}, {std::nanf("")}},
       "the output is NaN for a sample"},
      {"ClassificationReport:output=2", example, "the model has no output 2 with a target"},
  };
  for (const Case& row : table) {
    CAPTURE(row.plugin, row.sentence);
    const TemporaryDirectory directory;
    CHECK_THROWS_WITH(validate(row.plugin + ",on_error=fatal", row.predictions, directory.path()),
                      Contains(row.sentence));
  }
}

TEST_CASE("ClassificationReport and ConfusionMatrix find mistakes before training", "[plugins]") {
  const TemporaryDirectory directory;
  static_cast<void>(directory.put("file", "x"));
  for (const std::string plugin : {"ConfusionMatrix", "ClassificationReport"}) {
    CAPTURE(plugin);
    const auto refused = [&](const std::string& options, bool validates = true) {
      Plan plan{{plugin + options}, directory.path()};
      plan.validates = validates;
      plan.prepare = [](StubTarget& target) { target.class_count = 3; };
      return refusal_of(plan);
    };
    CHECK(refused("").empty());
    CHECK_THAT(refused(":filename=file/out"), Contains("is not a writable directory. Choose another path"));
    CHECK_THAT(refused("", false), Contains("counts the samples of a validation, and this run has none"));
    CHECK_THAT(refused(":output=1"),
               Contains("no output 1 with a target. Set output to a number from 0 to 0"));
    CHECK_THAT(refused(":class_names='a,b'"), Contains("class_names has 2 names for 3 classes"));
    // One-hot targets do not tell the classes; the first batch of a validation does.
    Plan plan{{plugin + ":class_names='a,b',on_error=fatal"}, directory.path()};
    plan.prepare = [](StubTarget& target) {
      target.class_count = 0;
      target.batch = {{host::Role::Target, "y", {1}, {0}}, {host::Role::Output, "out", {1, 3}, {1, 0, 0}}};
    };
    Driver run(plan);
    run.begin();
    run.callbacks().epoch_begin(0);
    run.callbacks().test_begin(2);
    run.callbacks().test_batch_begin(0, 1);
    host::LogValues logs({1});
    CHECK_THROWS_WITH(run.callbacks().test_batch_end(logs),
                      Contains("class_names has 2 names for 3 classes"));
  }
}
