// SPDX-License-Identifier: MIT
// Keras' ignore_class: rows with that label have no loss, no gradient and no part in the mean.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/batches.hpp"
#include "kairos/host/compile.hpp"
#include "nn/losses.hpp"
#include "nn/metrics.hpp"

using namespace kairos::host;
using kairos::tests::error_of;

namespace {

const std::vector<float> output{0.2F, 0.5F, 0.3F, 0.7F, 0.1F, 0.2F, 0.05F, 0.9F, 0.05F};
const std::vector<float> labels{1, 255, 0};

}  // namespace

TEST_CASE("A row of the ignored class has neither loss nor gradient", "[host][train]") {
  for (const char* more : {"", ",from_logits=true"}) {
    INFO(more);
    const auto loss = make_loss("SparseCategoricalCrossentropy(ignore_class=255" + std::string(more) + ")");
    const auto plain = make_loss("SparseCategoricalCrossentropy(ignore_class=None" + std::string(more) + ")");
    CHECK(loss->ignored_label() == 255);
    CHECK(plain->ignored_label() == std::nullopt);
    const std::vector<float> scale{1, 1, 1}, known{1, 0, 0};
    std::vector<float> each(3), expected(3), gradient(9), slope(9);
    loss->values(3, 3, labels.data(), output.data(), each.data());
    plain->values(3, 3, known.data(), output.data(), expected.data());
    CHECK(each == std::vector<float>{expected[0], 0, expected[2]});
    loss->gradient(3, 3, labels.data(), output.data(), scale.data(), gradient.data());
    plain->gradient(3, 3, known.data(), output.data(), scale.data(), slope.data());
    std::fill_n(slope.begin() + 3, 3, 0.0F);
    CHECK(gradient == slope);
    loss->values_from_logits(3, 3, labels.data(), output.data(), output.data(), each.data());
    CHECK(each[1] == 0);
    loss->gradient_by_logits(3, 3, labels.data(), output.data(), scale.data(), gradient.data());
    CHECK(std::all_of(gradient.begin() + 3, gradient.begin() + 6, [](float one) { return one == 0; }));
    CHECK(loss->target_fault(3, &labels[1]).empty());
    const float other = 3;
    CHECK(loss->target_fault(3, &other) == "label 3 is outside 0 … 2");
  }
}

TEST_CASE("The mean is over the rows that are not ignored", "[host][nn]") {
  CompileOptions options;
  options.optimizer = "sgd";
  options.loss = "SparseCategoricalCrossentropy(ignore_class=255)";
  options.metrics = {"MeanIoU(num_classes=3,sparse_y_pred=false,ignore_class=255)"};
  const auto loss_of = [&](const std::vector<float>& target, const std::vector<float>& weights) {
    const auto model = compile({"", "input(3,3) activation(softmax)", {}}, options);
    kairos::tests::evaluate(*model, {{{1, 3, 3}, output}, {{1, 3}, target}, weights}, 1);
    return model->batch_loss().value_or(-1);
  };
  const double first = loss_of({1, 255, 255}, {}), last = loss_of({255, 255, 0}, {});
  CHECK(loss_of(labels, {}) == Approx((first + last) / 2));
  CHECK(loss_of({1, 255, 0}, {3}) == Approx(3 * (first + last) / 2));
  CHECK(loss_of({255, 255, 255}, {}) == 0);
  options.loss += "";
  const auto model = compile({"", "input(3,3) dense(3,softmax)", {}}, options);
  CHECK(model->step_control()->accumulation_fault().empty());
  CHECK(model->soft_target(0).empty());
}

TEST_CASE("A crossentropy as a metric does not meet an ignored class", "[host][train]") {
  const auto refusal = [](const char* text, bool ignores) {
    return error_of([&] { return make_metric(text, {3, TargetKind::Label, {3}, ignores}).key; });
  };
  CHECK(refusal("sparse_categorical_crossentropy", true).find("KAIROS-M041: metric sparse_categorical_") ==
        0);
  CHECK(refusal("SparseCategoricalCrossentropy(ignore_class=1)", false).find("found ignore_class") !=
        std::string::npos);
  CHECK(refusal("accuracy", true).empty());
}
