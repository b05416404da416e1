// SPDX-License-Identifier: MIT
// Directories of images as data sets: classes, order, size, and unexpected files.
#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "host/io/python.hpp"
#include "host/temporary_directory.hpp"
#include "io/npy.hpp"
#include "kairos/host/data.hpp"

using namespace kairos::host;
using kairos::tests::python;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

namespace {

using Values = std::vector<float>;
using Shape = std::vector<std::int64_t>;

DataSpec spec_for(const TemporaryDirectory& directory, const std::string& name, ImageSize size) {
  DataSpec spec;
  spec.file = directory / name;
  spec.image_size = size;
  return spec;
}

}  // namespace

TEST_CASE("The sub-directories of a directory of images are its classes, sorted by name", "[host][data]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import os, numpy as np
from PIL import Image
def put(name, value):
    os.makedirs(os.path.dirname(name), exist_ok=True); Image.fromarray(np.full((4, 6), value, 'u1')).save(name)
put('d/cat/b.png', 20); put('d/cat/a.PNG', 10); put('d/cat/more/c.png', 30); put('d/ant/z.jpg', 40); put('d/ant/y.png', 50)
os.makedirs('d/empty'); open('d/cat/.hidden', 'w'); open('d/ant/Thumbs.db', 'w'); os.makedirs('d/.git')
put('alone/b.png', 2); put('alone/a.png', 1); put('part/cat/x.png', 7)
)")
              .empty());
  DataSpec spec = spec_for(directory, "d", {4, 6});
  spec.color_mode = ColorMode::Grayscale;
  const Dataset data = load_data(spec).train;
  CHECK(data.class_names == std::vector<std::string>{"ant", "cat", "empty"});
  CHECK(data.inputs[0].array.shape == Shape{5, 4, 6, 1});
  CHECK(data.targets[0].array.values == Values{0, 0, 1, 1, 1});
  Values first;
  for (std::size_t i = 0; i < 5; ++i) first.push_back(data.inputs[0].array.values[i * 24]);
  CHECK(first == Values{50, 40, 10, 20, 30});

  spec.color_mode = ColorMode::Rgb;
  CHECK(load_data(spec).train.inputs[0].array.shape == Shape{5, 4, 6, 3});

  DataSpec part = spec_for(directory, "part/", {2, 2});
  part.class_names = data.class_names;
  CHECK(load_data(part).train.targets[0].array.values == Values{1});
  CHECK(load_data(part).train.class_names == data.class_names);

  DataSpec alone = spec_for(directory, "alone", {1, 1});
  alone.target_use = TargetUse::Optional;
  const Dataset unlabelled = load_data(alone).train;
  CHECK(unlabelled.targets.empty());
  CHECK(unlabelled.inputs[0].array.values == Values{1, 1, 1, 2, 2, 2});
}

TEST_CASE("A seed shuffles the images of a directory, each with its class", "[host][data]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import os, numpy as np
from PIL import Image
for label in range(3):
    os.makedirs(f'd/{label}')
    for i in range(40): Image.fromarray(np.full((1, 1), 80 * label + i, 'u1')).save(f'd/{label}/{i:02}.png')
)")
              .empty());
  DataSpec spec = spec_for(directory, "d", {1, 1});
  spec.color_mode = ColorMode::Grayscale;
  const Values sorted = load_data(spec).train.inputs[0].array.values;
  spec.image_order_seed = 0;
  const Dataset mixed = load_data(spec).train;
  CHECK(load_data(spec).train.inputs[0].array.values == mixed.inputs[0].array.values);
  CHECK(mixed.inputs[0].array.values != sorted);
  std::vector<int> seen(256, 0), last(3, 0);
  for (std::size_t i = 0; i < 120; ++i) {
    const float value = mixed.inputs[0].array.values[i];
    CHECK(mixed.targets[0].array.values[i] == std::floor(value / 80));
    ++seen[static_cast<std::size_t>(value)];
    if (i >= 90) ++last[static_cast<std::size_t>(value / 80)];
  }
  CHECK(std::count(seen.begin(), seen.end(), 1) == 120);
  for (const int count : last) CHECK(count > 3);  // the part that a validation split takes has all classes
  spec.image_order_seed = 1;
  CHECK(load_data(spec).train.inputs[0].array.values != mixed.inputs[0].array.values);
}

TEST_CASE("Images are resized as by TensorFlow's bilinear method, in both directions", "[host][data]") {
  const TemporaryDirectory directory;
  // A second implementation of the formula of tf.image.resize: gathers whole matrices, in float32.
  REQUIRE(python(directory, R"(
import os, numpy as np
from PIL import Image
f = np.float32
def lines(n, m):
    at = (np.arange(m, dtype=f) + f(0.5)) * (f(n) / f(m)) - f(0.5)
    return np.maximum(np.floor(at), 0).astype(int), np.minimum(np.ceil(at), n - 1).astype(int).clip(0), (at - np.floor(at)).astype(f)
def resize(a, h, w):
    a = a.astype(f); (t, b, v), (l, r, u) = lines(a.shape[0], h), lines(a.shape[1], w); u, v = u[None, :, None], v[:, None, None]
    top = a[t][:, l] + (a[t][:, r] - a[t][:, l]) * u; bottom = a[b][:, l] + (a[b][:, r] - a[b][:, l]) * u
    return top + (bottom - top) * v
a = np.random.default_rng(3).integers(0, 256, (11, 7, 3)).astype('u1')
os.makedirs('d/one'); Image.fromarray(a).save('d/one/a.png')
for h, w in [(11, 7), (5, 3), (22, 14), (28, 28), (1, 1), (3, 40), (11, 14)]: np.save(f'{h}x{w}.npy', resize(a, h, w))
print(resize(np.array([[[0], [100]]], 'u1'), 1, 4).ravel().tolist())
)") == "[0.0, 25.0, 75.0, 100.0]\n");
  for (const ImageSize& size : {ImageSize{11, 7}, ImageSize{5, 3}, ImageSize{22, 14}, ImageSize{28, 28},
                                ImageSize{1, 1}, ImageSize{3, 40}, ImageSize{11, 14}}) {
    const std::string name = std::to_string(size.height) + "x" + std::to_string(size.width) + ".npy";
    INFO(name);
    const Array expected = read_npy(directory / name);
    const Array found = load_data(spec_for(directory, "d", size)).train.inputs[0].array;
    REQUIRE(found.values.size() == expected.values.size());
    for (std::size_t i = 0; i < found.values.size(); ++i)
      CHECK(found.values[i] == Approx(expected.values[i]).margin(1e-4));
  }
}

TEST_CASE("Unexpected content of a directory of images is rejected by name", "[host][data]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import os, numpy as np
from PIL import Image
def put(name): os.makedirs(os.path.dirname(name), exist_ok=True); Image.fromarray(np.zeros((3, 3), 'u1')).save(name)
for d in ['good', 'loose', 'gif', 'bare', 'text', 'damaged']: put(f'{d}/cat/a.png'); put(f'{d}/cat/b.png'); put(f'{d}/dog/c.png')
put('loose/d.png'); put('gif/cat/x.gif'); open('text/dog/notes', 'w').write('hello')
open('damaged/cat/b.png', 'wb').write(open('good/cat/b.png', 'rb').read()[:50]); open('damaged/dog/c.png', 'w').write('text')
os.makedirs('only_webp/cat'); open('only_webp/cat/a.webp', 'w').write('x')
os.makedirs('renamed/cat'); Image.new('L', (3, 3)).save('renamed/cat/a.png', format='gif')
put('flat/a.png'); os.makedirs('nothing/cat')
)")
              .empty());
  struct Case {
    const char* name;
    void (*spoil)(DataSpec&);
    const char* sentence;
  };
  const auto as_is = [](DataSpec&) {};
  const Case cases[] = {
      {"good", as_is, ""},
      {"good", [](DataSpec& s) { s.image_size = {}; },
       "KAIROS-D094: good: the image size is unknown; expected a height and a width, or a model that begins "
       "with input(height,width,channels). Set `image_size`, for example to 64x64."},
      {"good",
       [](DataSpec& s) {
         s.image_size = {1 << 20, 4};
       },
       "KAIROS-D077: good: the image size is too large"},
      {"good", [](DataSpec& s) { s.target = "label"; },
       "KAIROS-D076: good: a directory of images takes no targets or sample weights"},
      {"good",
       [](DataSpec& s) {
         s.class_names = {"cats", "dog"};
       },
       "KAIROS-D033: good/cat: the model was not trained on this label; found \"cat\", expected one of its "
       "labels. Did you mean \"cats\"?"},
      {"loose", as_is,
       "KAIROS-D078: loose/d.png: an image is next to the class directories; expected sub-directories, one "
       "for each class. Move it into a class directory, or remove it."},
      {"flat", as_is, "KAIROS-D078: flat: the directory has no classes; found no sub-directories"},
      {"gif", as_is,
       "KAIROS-D075: gif: an image has a format that cannot be read; found gif/cat/x.gif, expected .png, "
       ".jpg or .jpeg. Convert them to PNG and remove the originals, or remove them."},
      {"text", as_is, ""},
      {"only_webp", as_is,
       "KAIROS-D075: only_webp: the directory has no image that can be read; found only_webp/cat/a.webp, "
       "expected .png, .jpg or .jpeg. Convert the images to PNG."},
      {"renamed", as_is,
       "KAIROS-D070: renamed/cat/a.png: this is not a readable image; found a GIF image, expected a PNG or "
       "JPEG file. Convert it to PNG, or remove it."},
      {"damaged", as_is, "KAIROS-D071: damaged/cat/b.png: the image is damaged or incomplete"},
      {"nothing", as_is, "KAIROS-D013: nothing: there are no samples"},
      {"absent", as_is, "KAIROS-D020: absent: this kind of data file is not supported"},
  };
  for (const Case& c : cases) {
    DataSpec spec = spec_for(directory, c.name, {2, 2});
    c.spoil(spec);
    CHECK_THAT(refusal(directory, [&] { static_cast<void>(load_data(spec)); }),
               Catch::Matchers::StartsWith(c.sentence));
  }
}
