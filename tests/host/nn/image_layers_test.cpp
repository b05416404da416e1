// SPDX-License-Identifier: MIT
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/gradients.hpp"
#include "host/nn/graphs.hpp"
#include "nn/architecture.hpp"

using namespace kairos::host;
using kairos::tests::check_gradients;
using kairos::tests::error_of;
using kairos::tests::graph_of;
using kairos::tests::random_values;

namespace {

std::vector<float> pass_through(const std::string& text, const std::vector<float>& x, Mode mode = Mode::Infer,
                                std::int64_t batch = 1, std::uint64_t step = 0) {
  return kairos::tests::forward(*graph_of(text), x, batch, mode, step);
}

/// 0, 1, 2, …
std::vector<float> counted(int n) {
  std::vector<float> values(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) values[static_cast<std::size_t>(i)] = static_cast<float>(i);
  return values;
}

const std::vector<const char*> random_images{"randomflip",
                                             "randomflip(vertical)",
                                             "randomrotation(0.2)",
                                             "randomrotation(0.2,fill_mode=constant,fill_value=2)",
                                             "randomtranslation(0.3,(0.1,0.4),fill_mode=wrap)",
                                             "randomzoom(0.4,fill_mode=nearest)",
                                             "randomzoom((-0.5,0),0.2,interpolation=nearest)",
                                             "randombrightness(0.5,(-3,3))",
                                             "randomcontrast(0.5,(-3,3))"};

}  // namespace

TEST_CASE("UpSampling repeats steps and pixels, or interpolates between them", "[host][nn]") {
  CHECK(pass_through("input(2,2) upsample1d", {1, 2, 3, 4}) == std::vector<float>{1, 2, 1, 2, 3, 4, 3, 4});
  CHECK(pass_through("input(1,2,1) upsample((2,3))", {1, 2}) ==
        std::vector<float>{1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2});
  // Half-pixel centers, as in TensorFlow.
  CHECK(pass_through("input(1,2,1) upsample((1,2),interpolation=bilinear)", {0, 4}) ==
        std::vector<float>{0, 1, 3, 4});
  CHECK(pass_through("input(2,1,2) upsample((2,1),interpolation=bilinear)", {0, 8, 4, 0}) ==
        std::vector<float>{0, 8, 1, 6, 3, 2, 4, 0});
}

TEST_CASE("Resizing samples at the centers of pixels, and crops to proportions", "[host][nn]") {
  CHECK(pass_through("input(2,4,1) resize(1,2)", counted(8)) == std::vector<float>{2.5F, 4.5F});
  CHECK(pass_through("input(2,4,1) resize(2,2,interpolation=nearest)", counted(8)) ==
        std::vector<float>{1, 3, 5, 7});
  CHECK(pass_through("input(2,4,1) resize(2,2,crop_to_aspect_ratio=true)", counted(8)) ==
        std::vector<float>{1, 2, 5, 6});
  CHECK(pass_through("input(2,2,1) resize(2,2)", {1, 2, 3, 4}) == std::vector<float>{1, 2, 3, 4});
}

TEST_CASE("CenterCrop takes the middle, and resizes images that are too small", "[host][nn]") {
  CHECK(pass_through("input(3,4,1) centercrop(1,2)", counted(12)) == std::vector<float>{5, 6});
  CHECK(pass_through("input(4,4,1) centercrop(3,3)", counted(16)) ==
        std::vector<float>{0, 1, 2, 4, 5, 6, 8, 9, 10});
  CHECK(pass_through("input(1,2,1) centercrop(2,4)", {0, 4}) ==
        pass_through("input(1,2,1) resize(2,4)", {0, 4}));
}

TEST_CASE("Cropping and ZeroPadding1D take and add steps", "[host][nn]") {
  CHECK(pass_through("input(3,1) zeropad1d((1,2))", {1, 2, 3}) == std::vector<float>{0, 1, 2, 3, 0, 0});
  CHECK(pass_through("input(3,1) zeropad1d(1)", {1, 2, 3}) == std::vector<float>{0, 1, 2, 3, 0});
  CHECK(pass_through("input(4,1) crop1d((1,0))", {1, 2, 3, 4}) == std::vector<float>{2, 3, 4});
  CHECK(pass_through("input(3,3,1) crop(((1,0),(0,2)))", counted(9)) == std::vector<float>{3, 6});
  CHECK(pass_through("input(3,3,1) crop", counted(9)) == counted(9));
  CHECK(
      error_of([] { graph_of("input(2,1) crop1d(1)"); }) ==
      "KAIROS-M008: layer \"cropping1d\" (Cropping1D): the input shape is not supported; found shape (2, 1), "
      "expected more steps than are cropped, in each dimension. Change the shape of the input, or put a "
      "layer "
      "such as reshape before it.");
  CHECK(error_of([] { graph_of("input(2,1) zeropad1d((1,2,3))"); }).find("(before, after)") !=
        std::string::npos);
}

TEST_CASE("The gradients of layers of other sizes agree with finite differences", "[host][nn]") {
  for (const char* layer :
       {"upsample", "upsample((1,3),interpolation=bilinear)", "resize(3,5)", "resize(7,2)",
        "resize(2,5,interpolation=nearest)", "resize(3,3,crop_to_aspect_ratio=true)", "centercrop(2,2)",
        "centercrop(6,3)", "crop(((1,0),1))", "zeropad(((0,1),(2,1)))"})
    for (const std::int64_t batch : {1, 3}) {
      INFO(layer << " batch " << batch);
      check_gradients(*graph_of(std::string("input(4,5,1) dense(2,tanh) ") + layer + " flatten dense(2)"),
                      batch);
    }
  check_gradients(
      *graph_of("input(4,2) dense(9,tanh) upsample1d(3) crop1d((2,1)) zeropad1d(2) flatten dense(2)"), 3);
}

TEST_CASE("Random layers of images do nothing in inference", "[host][nn]") {
  const std::vector<float> x = random_values(2 * 24, 1);
  for (const char* layer : random_images)
    CHECK(pass_through(std::string("input(4,3,2) ") + layer, x, Mode::Infer, 2) == x);
}

TEST_CASE("Random layers of images depend on seed and step alone, and differ between images", "[host][nn]") {
  constexpr std::int64_t batch = 16;
  const std::vector<float> one = random_values(24, 1);
  std::vector<float> x;
  for (std::int64_t image = 0; image < batch; ++image) x.insert(x.end(), one.begin(), one.end());
  for (const char* layer : random_images) {
    INFO(layer);
    const std::string text = std::string("input(4,3,2) ") + layer;
    const auto y = pass_through(text, x, Mode::Train, batch, 5);
    CHECK(y == pass_through(text, x, Mode::Train, batch, 5));
    CHECK(y != pass_through(text, x, Mode::Train, batch, 6));
    bool differs = false;
    for (std::size_t i = 24; i < y.size(); ++i) differs = differs || y[i] != y[i % 24];
    CHECK(differs);
  }
}

TEST_CASE("RandomFlip mirrors about half of the images as a whole", "[host][nn]") {
  constexpr int batch = 200;
  std::vector<float> x;
  for (int i = 0; i < batch; ++i) x.insert(x.end(), {1, 2, 3, 4});
  const auto count = [&](const char* layer, const std::vector<float>& mirrored) {
    const auto y = pass_through(std::string("input(2,2,1) ") + layer, x, Mode::Train, batch);
    int flipped = 0;
    for (std::size_t i = 0; i < y.size(); i += 4) {
      const std::vector<float> image(y.begin() + static_cast<std::ptrdiff_t>(i),
                                     y.begin() + static_cast<std::ptrdiff_t>(i) + 4);
      REQUIRE((image == mirrored || image == std::vector<float>{1, 2, 3, 4}));
      flipped += image == mirrored ? 1 : 0;
    }
    return flipped;
  };
  for (const int flipped : {count("randomflip(horizontal)", {2, 1, 4, 3}),
                            count("randomflip(vertical)", {3, 4, 1, 2}), count("randomflip", {4, 3, 2, 1})}) {
    CHECK(flipped > 70);
    CHECK(flipped < 130);
  }
}

TEST_CASE("A fixed rotation, translation, zoom, brightness and contrast give what they state", "[host][nn]") {
  const auto train = [](const char* layer, const std::vector<float>& x) {
    auto y = pass_through(std::string("input(2,2,1) ") + layer, x, Mode::Train);
    for (float& value : y) value = std::round(value * 1000) / 1000;
    return y;
  };
  const std::vector<float> x{1, 2, 3, 4};
  CHECK(train("randomrotation((0.25,0.25))", x) == std::vector<float>{2, 4, 1, 3});  // counterclockwise
  CHECK(train("randomtranslation((0.5,0.5),(0,0),fill_mode=constant,fill_value=9)", x) ==
        std::vector<float>{9, 9, 1, 2});
  CHECK(train("randomtranslation((0,0),(-0.5,-0.5))", x) == std::vector<float>{2, 2, 4, 4});
  CHECK(train("randomtranslation((0,0),(-0.5,-0.5),fill_mode=wrap)", x) == std::vector<float>{2, 1, 4, 3});
  CHECK(train("randomzoom((-0.5,-0.5))", x) == std::vector<float>{1.75F, 2.25F, 2.75F, 3.25F});
  CHECK(train("randombrightness((0.5,0.5),(0,4))", x) == std::vector<float>{3, 4, 4, 4});
  CHECK(train("randomcontrast((0,0),(0,255))", x) == x);
  CHECK(train("randomcontrast((-0,1),(2,3))", {2.5F, 2.5F, 2.5F, 2.5F}) == std::vector<float>(4, 2.5F));
}

TEST_CASE("The gradients of random layers of images agree with finite differences", "[host][nn]") {
  for (const char* layer : random_images) {
    INFO(layer);
    check_gradients(*graph_of(std::string("input(4,3,1) dense(2,tanh) ") + layer + " flatten dense(2)"), 3,
                    3e-3F);
  }
}

TEST_CASE("Layers of images are written and read back unchanged, and refuse what they do not support",
          "[host][nn]") {
  const std::string json = keras_json(
      {"",
       "input(4,6,2) upsample(2,interpolation=bilinear) resize(9,8,crop_to_aspect_ratio=true) "
       "centercrop(5,4) "
       "crop((1,0)) randomflip(vertical,seed=3) randomrotation(0.25,fill_mode=wrap) "
       "randomtranslation(0.5,(0,0.25)) "
       "randomzoom(0.5,fill_mode=constant,fill_value=2) randomzoom(0.5,0.25) randombrightness(0.25) "
       "randomcontrast(0.5,(0,1)) rescaling((1,2),offset=(0.5,-1)) reshape((-1,2)) zeropad1d((1,2)) "
       "crop1d(1) "
       "upsample1d(3)",
       {}});
  CHECK(keras_json({"", json, {}}) == json);
  CHECK(
      error_of([] { graph_of("input(4,4,1) resize(2,2,interpolation=bicubic)"); }) ==
      "KAIROS-M003: layer \"resizing\" (Resizing): \"interpolation\" has a value that cannot be used; found "
      "\"bicubic\", expected nearest or bilinear. Use one of these.");
  CHECK(error_of([] {
          graph_of("input(4,4,1) resize(2,2,pad_to_aspect_ratio=true)");
        }).find("\"pad_to_aspect_ratio\" is not supported") != std::string::npos);
  CHECK(error_of([] { graph_of("input(4,4,1) randomrotation(2)"); }).find("a number from -1 to 1") !=
        std::string::npos);
  CHECK(error_of([] { graph_of("input(4,4,1) randomflip(sideways)"); }).find("horizontal_and_vertical") !=
        std::string::npos);
  CHECK(error_of([] { graph_of("input(4,4) centercrop(2,2)"); }).find("(rows, columns, channels)") !=
        std::string::npos);
}
