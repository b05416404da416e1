// SPDX-License-Identifier: MIT
// The computations of the TensorBoard plugin: buckets, images, layers.
#include <png.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../../../plugins/common/keras_layers.hpp"
#include "histogram.hpp"
#include "hparams.hpp"
#include "image.hpp"
#include "kairos/error.hpp"
#include "word_list.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using namespace plugins::tensorboard;
using plugins::Architecture;
using plugins::Node;
using plugins::Owner;
using plugins::owners_of;
using plugins::read_architecture;
using plugins::Weight;
using plugins::words_of;

std::vector<double> counts_of(const Histogram& histogram) {
  std::vector<double> counts;
  for (const Bucket& bucket : histogram) counts.push_back(bucket.count);
  return counts;
}

struct Image {
  std::uint32_t width = 0, height = 0, channels = 0;
  std::vector<int> pixels;
};

Image decoded(const std::string& file) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_memory(&image, file.data(), file.size()) != 0);
  std::vector<png_byte> pixels(PNG_IMAGE_SIZE(image));
  REQUIRE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr) != 0);
  return {image.width, image.height, PNG_IMAGE_SAMPLE_CHANNELS(image.format), {pixels.begin(), pixels.end()}};
}

/// "name(class) <- source+source:1", in the order of the nodes.
std::vector<std::string> text_of(const Architecture& architecture) {
  std::vector<std::string> lines;
  for (const Node& node : architecture.nodes) {
    std::string line = node.path + "(" + node.class_name + ")";
    for (const auto& source : node.inputs)
      line += (&source == node.inputs.data() ? " <- " : "+") + std::to_string(source.node) +
              (source.output == 0 ? "" : ":" + std::to_string(source.output));
    lines.push_back(line);
  }
  return lines;
}

std::string refusal_of_json(const std::string& json) {
  try {
    static_cast<void>(read_architecture(json));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

Histogram histogram_of(std::vector<float> values) {
  std::int64_t size = std::ssize(values);
  kairos_tensor raw{};
  raw.size = sizeof raw;
  raw.view.data = values.data();
  raw.view.device = {1, 0};
  raw.view.rank = 1;
  raw.view.dtype = {2, 32, 1};
  raw.view.shape = &size;
  return kairos::plugins::tensorboard::histogram_of(kairos::Tensor(raw));
}

}  // namespace

TEST_CASE("A histogram has 30 buckets like those of tf.summary.histogram", "[plugins]") {
  std::vector<float> ramp;
  for (int i = 0; i <= 60; ++i) ramp.push_back(static_cast<float>(i));
  const Histogram histogram = histogram_of(ramp);
  REQUIRE(histogram.size() == 30);
  for (std::size_t i = 0; i < 30; ++i) {
    CHECK(histogram[i].left == Approx(2.0 * static_cast<double>(i)));
    CHECK(histogram[i].right == Approx(2.0 * static_cast<double>(i + 1)));
    CHECK(histogram[i].count == (i == 29 ? 3 : 2));  // the last one includes its right edge
  }
  CHECK(histogram.front().left == 0);
  CHECK(histogram.back().right == 60);
}

TEST_CASE("Histograms of equal values, of no values, and of values with NaN", "[plugins]") {
  constexpr float quiet_nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float inf = std::numeric_limits<float>::infinity();
  std::vector<double> last_only(30, 0.0);
  last_only[29] = 3;
  const Histogram same = histogram_of(std::vector<float>{2, 2, 2});
  CHECK(counts_of(same) == last_only);
  for (const Bucket& bucket : same) CHECK((bucket.left == 2 && bucket.right == 2));

  for (const std::vector<float>& nothing : {std::vector<float>{}, std::vector<float>{quiet_nan, inf, -inf}}) {
    const Histogram empty = histogram_of(nothing);
    REQUIRE(empty.size() == 30);
    for (const Bucket& bucket : empty) CHECK((bucket.left == 0 && bucket.right == 0 && bucket.count == 0));
  }

  const Histogram two = histogram_of(std::vector<float>{quiet_nan, -1, inf, 1, -inf});
  CHECK(two.front().count == 1);
  CHECK(two.back().count == 1);
  CHECK(two.front().left == -1);
  CHECK(two.back().right == 1);
}

TEST_CASE("Weights become images in Keras' layout", "[plugins]") {
  struct Case {
    std::vector<std::int64_t> shape;
    std::int64_t width, height;
    std::size_t image_count;
    std::uint32_t channels;
    std::vector<int> first;  ///< indices of the weights in the pixels of the first image
  };
  const Case table[] = {
      {{4}, 1, 4, 1, 1, {0, 1, 2, 3}},
      {{1, 1, 4, 1}, 1, 4, 1, 1, {0, 1, 2, 3}},
      {{2, 3}, 3, 2, 1, 1, {0, 1, 2, 3, 4, 5}},
      {{3, 2}, 3, 2, 1, 1, {0, 2, 4, 1, 3, 5}},
      {{2, 2, 1, 2}, 2, 2, 2, 1, {0, 2, 4, 6}},
      {{2, 2, 5}, 2, 2, 3, 1, {0, 5, 10, 15}},
      {{2, 2, 2, 3}, 2, 2, 2, 3, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
      {{5, 1000}, 1000, 5, 1, 1, {}},
      {{4, 2, 2, 4}, 2, 2, 3, 4, {}},
  };
  for (const Case& row : table) {
    CAPTURE(row.shape);
    std::int64_t size = 1;
    for (const std::int64_t n : row.shape) size *= n;
    std::vector<float> values;
    for (std::int64_t i = 0; i < size; ++i) values.push_back(static_cast<float>(i));
    const std::optional<Images> images = images_of(row.shape, values);
    REQUIRE(images.has_value());
    CHECK(has_images(row.shape));
    CHECK(images->width == row.width);
    CHECK(images->height == row.height);
    REQUIRE(images->files.size() == row.image_count);
    const Image image = decoded(images->files.front());
    CHECK(image.width == row.width);
    CHECK(image.height == row.height);
    CHECK(image.channels == row.channels);
    if (row.first.empty()) continue;
    const int largest = *std::max_element(row.first.begin(), row.first.end());
    std::vector<int> expected;
    for (const int number : row.first)
      expected.push_back(
          static_cast<int>(static_cast<float>(number) * (255.0F / static_cast<float>(largest))));
    CHECK(image.pixels == expected);
  }
}

TEST_CASE("Weights of other shapes have no image", "[plugins]") {
  const std::vector<std::vector<std::int64_t>> table = {
      {}, {1, 1}, {0}, {3, 0}, {3, 3, 8, 16}, {2, 2, 2, 2, 2}, {1000001, 2}, {1000001}};
  for (const std::vector<std::int64_t>& shape : table) {
    CAPTURE(shape);
    CHECK_FALSE(has_images(shape));
    CHECK_FALSE(images_of(shape, std::vector<float>(1, 1.0F)).has_value());
  }
}

TEST_CASE("The brightness of an image is TensorFlow 1's", "[plugins]") {
  constexpr float quiet_nan = std::numeric_limits<float>::quiet_NaN();
  const auto pixels = [](const std::vector<float>& values) {
    const std::int64_t shape[] = {static_cast<std::int64_t>(values.size())};
    return decoded(images_of(shape, values)->files.front()).pixels;
  };
  CHECK(pixels({0, 1, 2, 4}) == std::vector<int>{0, 63, 127, 255});
  CHECK(pixels({-2, -1, 0, 1}) == std::vector<int>{1, 64, 128, 191});
  CHECK(pixels({-1, 0, 2, 1}) == std::vector<int>{64, 128, 255, 191});
  CHECK(pixels({0, 0}) == std::vector<int>{0, 0});
  CHECK(pixels({quiet_nan, 1, 0}) == std::vector<int>{255, 255, 0});
  CHECK(pixels({quiet_nan, quiet_nan}) == std::vector<int>{255, 255});
}

TEST_CASE("Colour images keep their colours, and NaN is red", "[plugins]") {
  const std::int64_t shape[] = {2, 2, 2, 3};
  std::vector<float> values(24, 0.5F);
  values[0] = std::numeric_limits<float>::infinity();
  values[3] = 1;
  const std::optional<Images> images = images_of(shape, values);
  REQUIRE(images.has_value());
  const Image first = decoded(images->files[0]);
  CHECK(first.pixels == std::vector<int>{255, 0, 0, 255, 127, 127, 127, 127, 127, 127, 127, 127});
  CHECK(decoded(images->files[1]).pixels == std::vector<int>(12, 255));
}

TEST_CASE("The layers of a Sequential model are connected in order", "[plugins]") {
  const std::string keras3 = R"({"module": "keras", "class_name": "Sequential", "config": {"name": "net",
    "layers": [
      {"class_name": "InputLayer", "config": {"batch_shape": [null, 4], "dtype": "float32", "name": "in"}},
      {"class_name": "Dense", "config": {"name": "a", "dtype": {"class_name": "DTypePolicy",
        "config": {"name": "float32"}}}, "build_config": {"input_shape": [null, 4]}},
      {"class_name": "Sequential", "config": {"name": "inner", "layers": [
        {"class_name": "Dense", "config": {"name": "b"}, "build_config": {"input_shape": [null, 8]}},
        {"class_name": "Dropout", "config": {"name": "c"}}]}},
      {"class_name": "Dense", "config": {"name": "d"}}]}})";
  const Architecture architecture = read_architecture(keras3);
  CHECK(text_of(architecture) == std::vector<std::string>{"net/in(InputLayer)", "net/a(Dense) <- 0",
                                                          "net/inner/b(Dense) <- 1",
                                                          "net/inner/c(Dropout) <- 2", "net/d(Dense) <- 3"});
  CHECK(architecture.nodes[0].output_shape == std::vector<std::int64_t>{-1, 4});
  CHECK(architecture.nodes[1].output_shape == std::vector<std::int64_t>{-1, 8});
  CHECK(architecture.nodes[0].dtype == "float32");
  CHECK(architecture.nodes[1].dtype == "float32");
  CHECK(architecture.nodes[2].dtype.empty());

  // Keras before 2.2.3: no name for the model, no InputLayer, the layers as its config.
  CHECK(text_of(read_architecture(R"({"class_name": "Sequential", "config": [
      {"class_name": "Dense", "config": {"name": "a", "batch_input_shape": [null, 4]}},
      {"class_name": "Dense", "config": {"name": "b"}}]})")) ==
        std::vector<std::string>{"Sequential/a(Dense)", "Sequential/b(Dense) <- 0"});
}

TEST_CASE("The layers of a Functional model are connected as in its JSON", "[plugins]") {
  const auto tensor = [](const std::string& layer, int use, int output) {
    return R"({"class_name": "__keras_tensor__", "config": {"shape": [null, 6], "dtype": "float32",
      "keras_history": [")" +
           layer + "\", " + std::to_string(use) + ", " + std::to_string(output) + "]}}";
  };
  const std::string keras3 =
      R"({"class_name": "Functional", "config": {"name": "net", "layers": [
      {"class_name": "InputLayer", "name": "left", "config": {"name": "left"}, "inbound_nodes": []},
      {"class_name": "InputLayer", "name": "right", "config": {"name": "right"}, "inbound_nodes": []},
      {"class_name": "Dense", "name": "shared", "config": {"name": "shared"}, "inbound_nodes": [
        {"args": [)" +
      tensor("left", 0, 0) + R"(], "kwargs": {"mask": null}},
        {"args": [)" +
      tensor("right", 0, 0) + R"(], "kwargs": {}}]},
      {"class_name": "Functional", "name": "inner", "config": {"name": "inner", "layers": [
          {"class_name": "InputLayer", "name": "left", "config": {"name": "left"}, "inbound_nodes": []},
          {"class_name": "LSTM", "name": "cell", "config": {"name": "cell"}, "inbound_nodes": [
            {"args": [)" +
      tensor("left", 0, 0) + R"(], "kwargs": {}}]}],
          "input_layers": ["left", 0, 0], "output_layers": [["cell", 0, 0], ["cell", 0, 1]]},
        "inbound_nodes": [{"args": [)" +
      tensor("shared", 0, 0) + R"(], "kwargs": {}}]},
      {"class_name": "Concatenate", "name": "both", "config": {"name": "both"}, "inbound_nodes": [
        {"args": [[)" +
      tensor("inner", 0, 1) + "," + tensor("shared", 1, 0) + R"(]], "kwargs": {}}]}],
      "input_layers": [["left", 0, 0], ["right", 0, 0]], "output_layers": [["both", 0, 0]]}})";
  const Architecture architecture = read_architecture(keras3);
  CHECK(text_of(architecture) ==
        std::vector<std::string>{"net/left(InputLayer)", "net/right(InputLayer)", "net/shared(Dense) <- 0",
                                 "net/shared(Dense) <- 1", "net/inner/left(InputLayer) <- 2",
                                 "net/inner/cell(LSTM) <- 4", "net/both(Concatenate) <- 5:1+3"});
  CHECK(architecture.nodes[2].output_shape == std::vector<std::int64_t>{-1, 6});

  const std::string keras2 = R"({"class_name": "Model", "config": {"name": "net", "layers": [
      {"class_name": "InputLayer", "name": "x", "config": {"name": "x", "batch_input_shape": [null, 3]},
       "inbound_nodes": []},
      {"class_name": "Dense", "name": "a", "config": {"name": "a"}, "inbound_nodes": [[["x", 0, 0, {}]]]},
      {"class_name": "Add", "name": "sum", "config": {"name": "sum"},
       "inbound_nodes": [[["a", 0, 0, {}], ["x", 0, 0, {}]]]}],
      "input_layers": [["x", 0, 0]], "output_layers": [["sum", 0, 0]]}})";
  CHECK(text_of(read_architecture(keras2)) ==
        std::vector<std::string>{"net/x(InputLayer)", "net/a(Dense) <- 0", "net/sum(Add) <- 1+0"});
}

TEST_CASE("JSON that is not a model is rejected with a message", "[plugins]") {
  using Catch::Matchers::Contains;
  CHECK_THAT(refusal_of_json("{"), Contains("the model's JSON cannot be read"));
  CHECK_THAT(refusal_of_json("[1, 2]"), Contains("a layer without config; expected JSON written by Keras"));
  CHECK_THAT(refusal_of_json(R"({"config": {"name": "x"}})"), Contains("has no layers"));
  CHECK_THAT(refusal_of_json(R"({"class_name": "Functional", "config": {"layers": [
      {"class_name": "Dense", "config": {"name": "a"}, "inbound_nodes": [[["gone", 0, 0, {}]]]}]}})"),
             Contains("names a layer \"gone\" that does not exist"));
  CHECK_THAT(refusal_of_json(R"({"class_name": "Sequential", "config": {"layers": [7]}})"),
             Contains("a layer without config"));
  CHECK_THAT(refusal_of_json(R"({"config": {"layers": )" + std::string(100000, '[')),
             Contains("nested more than 500 deep"));
}

TEST_CASE("The prefix of its name determines the layer of a weight", "[plugins]") {
  const Architecture architecture{{{"net/dense", "Dense", "", {}, {}},
                                   {"net/dense_1", "Dense", "", {}, {}},
                                   {"net/inner/dense", "Dense", "", {}, {}},
                                   {"net/dense", "Dense", "", {}, {}}},
                                  {}};
  const std::vector<Weight> weights = {
      {"dense/kernel", {}},   {"dense_1/kernel", {}}, {"dense/kernel", {}},       {"inner/dense/bias", {}},
      {"net/dense/bias", {}}, {"other/kernel", {}},   {"dense_1/cell/kernel", {}}};
  const std::pair<std::size_t, std::string> expected[] = {
      {0, "kernel"}, {1, "kernel"},       {2, "kernel"},     {2, "bias"},
      {0, "bias"},   {4, "other/kernel"}, {1, "cell/kernel"}};
  const std::vector<Owner> owners = owners_of(architecture, weights);
  REQUIRE(owners.size() == weights.size());
  for (std::size_t i = 0; i < owners.size(); ++i) {
    CAPTURE(weights[i].name, i);
    CHECK(owners[i].node == expected[i].first);
    CHECK(owners[i].name == expected[i].second);
  }
}

TEST_CASE("Words of an option are separated by commas", "[plugins]") {
  using Words = std::vector<std::string>;
  CHECK(words_of("").empty());
  CHECK(words_of("  ").empty());
  CHECK(words_of("a") == Words{"a"});
  CHECK(words_of(" a b ,c, ") == Words{"a b", "c", ""});
  CHECK(pair_of("a = b=c ") == std::pair<std::string, std::string>{"a", "b=c"});
  CHECK(pair_of(" a") == std::pair<std::string, std::string>{"", "a"});
  CHECK(listed({}, "none") == "none");
  CHECK(listed({"a", "b", "c"}, "none") == "a, b and c");
}

TEST_CASE("Hyper-parameters are numbers, flags or text", "[plugins]") {
  const HParamsOption option = parse_hparams("auto, units=16,rate=1e-3,bias=true,name=a=b,odd=nan,x=12px");
  CHECK(option.wants_known);
  const HParams expected = {{"units", 16.0},
                            {"rate", 1e-3},
                            {"bias", true},
                            {"name", std::string("a=b")},
                            {"odd", std::string("nan")},
                            {"x", std::string("12px")}};
  CHECK(option.given == expected);
  CHECK_FALSE(parse_hparams("units=16").wants_known);
}
