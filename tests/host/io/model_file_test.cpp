// SPDX-License-Identifier: MIT
// Keras' files are read; written files equal Keras', as seen by h5py; hostile files are rejected.
#include "io/model_file.hpp"

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "host/io/golden_fits.hpp"
#include "host/io/python.hpp"
#include "host/temporary_directory.hpp"
#include "io/npy.hpp"

namespace fs = std::filesystem;
using namespace kairos::host;
using kairos::tests::content_of;
using kairos::tests::fits;
using kairos::tests::golden;
using kairos::tests::python;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

namespace {

/// The layers of a model that Keras saved: classes from its architecture, weights from its weights.npz.
std::vector<LayerWeights> layers_of(const fs::path& files) {
  const auto weights = read_npz(files / "weights.npz");
  const auto architecture = nlohmann::json::parse(content_of(files / "model.json"));
  std::vector<LayerWeights> layers;
  std::size_t next = 0;
  for (const auto& layer : architecture["config"]["layers"]) {
    LayerWeights made{layer["config"]["name"], layer["class_name"], {}, {}};
    if (made.class_name == "Dense")
      for (const char* name : {"kernel", "bias"})
        made.weights.push_back({"sequential/" + made.name + "/" + name, weights.at(std::to_string(next++))});
    layers.push_back(std::move(made));
  }
  return layers;
}

ModelFile model_of(const fs::path& files) {
  ModelFile model;
  model.layers = layers_of(files);
  model.architecture_json = content_of(files / "model.json");
  const ModelFile stored = read_model_file(files / "model.h5");
  model.training_config_json = stored.training_config_json;
  model.optimizer = stored.optimizer;
  model.iterations = stored.iterations;
  return model;
}

/// Prints every group, data set and attribute of a file, to compare two files as text.
constexpr const char* describe = R"(
import h5py, json
def text(v):
    return v.decode() if isinstance(v, bytes) else v
def describe(name, out):
    with h5py.File(name, 'r') as f:
        def visit(path, o):
            for k in sorted(o.attrs):
                v, t = o.attrs[k], o.attrs.get_id(k).dtype
                if v is None or getattr(v, 'shape', ()) != ():
                    out.append((path, k, 'list', t.str if v.size == 0 else 'names', [text(x) for x in v]))
                else:
                    s = h5py.check_string_dtype(t)
                    v = text(v)
                    out.append((path, k, 'vlen' if s and s.length is None else 'fixed', None,
                                json.loads(v) if v[:1] in '{[' else v))
            if isinstance(o, h5py.Dataset):
                out.append((path, o.dtype.str, o.shape, o.chunks, o.compression, o[()].tolist()))
            else:
                out.append((path, sorted(o)))
        visit('/', f)
        f.visititems(visit)
    return out
)";

}  // namespace

TEST_CASE("Keras' model files give the same weights in each format", "[host][io]") {
  for (const char* fit : fits) {
    const fs::path files = golden / fit / "files";
    const std::vector<LayerWeights> layers = layers_of(files);
    const auto expected = read_npz(files / "weights.npz");
    for (const char* name :
         {"model.h5", "model_no_optimizer.h5", "legacy_weights.h5", "keras3.weights.h5", "weights.npz"}) {
      INFO(fit << "/" << name);
      const ModelFile file = read_model_file(files / name);
      const std::vector<Array> weights = weights_for(file, layers, files / name);
      REQUIRE(weights.size() == expected.size());
      for (std::size_t i = 0; i < weights.size(); ++i) {
        CHECK(weights[i].shape == expected.at(std::to_string(i)).shape);
        CHECK(weights[i].values == expected.at(std::to_string(i)).values);
      }
      CHECK(file.architecture_json.empty() != (std::string_view(name).substr(0, 5) == "model"));
    }
  }
}

TEST_CASE("Keras' model files give the optimizer and the exact number of steps", "[host][io]") {
  const fs::path files = golden / "mlp_adam_class_weight_one_hot" / "files";
  for (const char* name : {"model.h5", "keras3.weights.h5"}) {
    const ModelFile file = read_model_file(files / name);
    REQUIRE(file.optimizer.size() == 10);
    CHECK(file.iterations.value() == static_cast<std::int64_t>(file.optimizer[0].array.values[0]));
    CHECK(file.optimizer[1].array.values[0] == 0.01F);
    CHECK(file.optimizer[2].array.shape == std::vector<std::int64_t>{6, 12});
    CHECK(file.optimizer[9].array.shape == std::vector<std::int64_t>{4});
  }
  CHECK(read_model_file(files / "model.h5").optimizer[3].name == "adam/sequential_dense_kernel_velocity");
  CHECK(read_model_file(files / "model_no_optimizer.h5").optimizer.empty());
}

TEST_CASE("Model files are written group by group and attribute by attribute as Keras writes them",
          "[host][io]") {
  const TemporaryDirectory directory;
  for (const char* fit : fits) {
    INFO(fit);
    const fs::path files = golden / fit / "files";
    const ModelFile model = model_of(files);
    write_model_file(directory / "model.h5", SaveContent::Model, model);
    write_model_file(directory / "legacy_weights.h5", SaveContent::Weights, model);
    write_model_file(directory / "keras3.weights.h5", SaveContent::Weights, model);
    // The backend is the only difference: ours is named after the layout of the kernels.
    CHECK(python(directory, std::string(describe) + R"(
for n in ['model.h5', 'legacy_weights.h5', 'keras3.weights.h5']:
    ours, keras = describe(n, []), describe(')" +
                                files.string() + R"(/' + n, [])
    keras = [e if e[1] != 'backend' else e[:4] + ('tensorflow',) for e in keras]
    for a, b in zip(ours, keras):
        if a != b: print(n, 'ours', a, 'Keras', b)
    if len(ours) != len(keras): print(n, len(ours), len(keras))
)")
              .empty());
  }
}

TEST_CASE("Model files hold text and names in the types that every Keras reads", "[host][io]") {
  const TemporaryDirectory directory;
  write_model_file(directory / "model.hdf5", SaveContent::Model, model_of(golden / fits[0] / "files"));
  CHECK(python(directory, R"(
import h5py
f = h5py.File('model.hdf5', 'r')
for o, k in [(f, 'model_config'), (f, 'training_config'), (f, 'keras_version'), (f['model_weights'], 'backend')]:
    t = o.attrs.get_id(k).get_type(); print(k, t.is_variable_str(), t.get_cset(), o.attrs.get_id(k).shape)
for o, k in [(f['model_weights'], 'layer_names'), (f['model_weights/dense'], 'weight_names')]:
    t = o.attrs.get_id(k).get_type(); print(k, t.is_variable_str(), t.get_size(), t.get_strpad() == h5py.h5t.STR_NULLPAD)
a = f['model_weights/top_level_model_weights'].attrs; print(a['weight_names'].dtype.str, a['weight_names'].shape)
)") == "model_config True 0 ()\ntraining_config True 0 ()\nkeras_version True 0 ()\nbackend True 0 ()\n"
       "layer_names False 7 True\nweight_names False 23 True\n<f8 (0,)\n");
}

TEST_CASE("Model files are read back as they were written", "[host][io]") {
  const TemporaryDirectory directory;
  ModelFile model = model_of(golden / fits[1] / "files");
  model.iterations = (std::int64_t{1} << 40) + 1;
  struct Case {
    const char* name;
    SaveContent content;
  };
  for (const Case& c :
       {Case{"m.h5", SaveContent::Model}, Case{"m.HDF5", SaveContent::Model},
        Case{"m.weights.h5", SaveContent::Model}, Case{"w.h5", SaveContent::Weights},
        Case{"m-01-0.123.weights.h5", SaveContent::Weights}, Case{"w.npz", SaveContent::Weights}}) {
    INFO(c.name);
    write_model_file(directory / c.name, c.content, model);
    const std::string bytes = content_of(directory / c.name);
    write_model_file(directory / c.name, c.content, model);
    CHECK(content_of(directory / c.name) == bytes);
    const ModelFile file = read_model_file(directory / c.name);
    const std::vector<Array> weights = weights_for(file, model.layers, directory / c.name);
    REQUIRE(weights.size() == 4);
    CHECK(weights[2].values == model.layers[2].weights[0].array.values);
    CHECK(file.architecture_json.empty() == (c.content == SaveContent::Weights));
    if (!file.optimizer.empty()) CHECK(file.iterations == model.iterations);
  }
}

TEST_CASE("Model files keep name lists that are larger than an object header", "[host][io]") {
  const TemporaryDirectory directory;
  ModelFile model;
  for (int i = 0; i < 1500; ++i)
    model.layers.push_back(
        {"a_layer_with_a_long_name_for_one_of_many_layers_in_a_model_" + std::to_string(i), "Dense", {}, {}});
  model.layers[7].weights.push_back({"kernel", {{2}, {1, 2}}});
  write_model_file(directory / "many.h5", SaveContent::Weights, model);
  CHECK(python(directory, R"(
import h5py
f = h5py.File('many.h5', 'r'); print(sorted(f.attrs), len(f.attrs['layer_names0']), len(f.attrs['layer_names1']))
)") == "['backend', 'keras_version', 'layer_names0', 'layer_names1'] 750 750\n");
  const ModelFile file = read_model_file(directory / "many.h5");
  REQUIRE(file.layers.size() == 1500);
  CHECK(file.layers[1499].name == model.layers[1499].name);
  CHECK(file.layers[7].weights[0].array.values == std::vector<float>{1, 2});
}

TEST_CASE("Model files of older Keras and other writers are read", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import h5py, numpy as np
k = np.arange(6.0).reshape(2, 3)
def legacy(name, dtype, names, **how):
    with h5py.File(name, 'w') as f:
        f.attrs['model_config'] = '{"class_name": "Sequential", "config": [{"class_name": "Dense"}]}'
        g = f.create_group('model_weights')
        g.attrs['layer_names'] = names(['drop', 'dense_1'])
        g.create_group('drop').attrs['weight_names'] = []
        d = g.create_group('dense_1'); d.attrs['weight_names'] = names(['dense_1_W:0', 'dense_1_b:0'])
        d.create_dataset('dense_1_W:0', data=k.astype(dtype), **how)
        d.create_dataset('dense_1_b:0', data=np.array([1, 2, 3], dtype), **how)
fixed = lambda l: np.array(l, 'S')
vlen = lambda l: np.array(l, dtype=h5py.string_dtype())
legacy('single.h5', 'f4', fixed)
legacy('double.h5', 'f8', vlen)
legacy('half.h5', 'f2', lambda l: np.array([x.encode() for x in l], dtype=h5py.string_dtype('ascii')))
legacy('big.h5', '>f4', fixed)
legacy('gzip.h5', 'f4', fixed, compression='gzip', shuffle=True, chunks=True)
with h5py.File('numbered.weights.h5', 'w') as f:
    for i in range(12): f[f'layers/dense/vars/{i}'] = np.full(1, i, 'f4')
)")
              .empty());
  const std::vector<LayerWeights> layers = {{"first", "Dense", {{"k", {{2, 3}, {}}}, {"b", {{3}, {}}}}, {}},
                                            {"drop", "Dropout", {}, {}}};
  for (const char* name : {"single.h5", "double.h5", "half.h5", "big.h5", "gzip.h5"}) {
    INFO(name);
    const ModelFile file = read_model_file(directory / name);
    CHECK(file.architecture_json.ends_with("[{\"class_name\": \"Dense\"}]}"));
    const std::vector<Array> weights = weights_for(file, layers, directory / name);
    CHECK(weights[0].values == std::vector<float>{0, 1, 2, 3, 4, 5});
    CHECK(weights[1].values == std::vector<float>{1, 2, 3});
  }
  const ModelFile numbered = read_model_file(directory / "numbered.weights.h5");
  REQUIRE(numbered.layers[0].weights.size() == 12);
  CHECK(numbered.layers[0].weights[2].array.values[0] == 2.0F);
  CHECK(numbered.layers[0].weights[10].array.values[0] == 10.0F);
}

TEST_CASE("Weights for a model of a different shape are rejected, and the layer is named", "[host][io]") {
  const TemporaryDirectory directory;
  const fs::path files = golden / fits[0] / "files";
  std::vector<LayerWeights> layers = layers_of(files);
  struct Case {
    const char *name, *sentence;
  };
  const Case wrong_shape[] = {
      {"model.h5",
       "the weights do not fit layer \"dense_1\"; found (8, 1), (1), expected (9, 1), (1). Load the file "
       "into "
       "the model that it was saved from."},
      {"keras3.weights.h5",
       "the weights do not fit layer \"dense_1\"; found (8, 1), (1), expected (9, 1), (1)."},
      {"weights.npz", "the weights do not fit layer \"dense_1\"; found (8, 1), (1), expected (9, 1), (1)."},
  };
  const Case wrong_count[] = {
      {"model.h5", "the file has a different number of layers with weights; found 2, expected 3."},
      {"keras3.weights.h5",
       "the weights do not fit layer \"dense_2\"; found no group /layers/dense_2, expected (9, 1), (1)."},
      {"weights.npz", "the file has a different number of weights; found 4, expected 6."},
  };
  const auto sentence = [&](const char* name) {
    return refusal(directory,
                   [&] { static_cast<void>(weights_for(read_model_file(files / name), layers, name)); });
  };
  layers[2].weights[0].array.shape = {9, 1};
  for (const Case& c : wrong_shape) CHECK_THAT(sentence(c.name), Catch::Matchers::Contains(c.sentence));
  layers.push_back(layers[2]);
  layers[2] = layers_of(files)[2];
  layers[3].name = "dense_2";
  for (const Case& c : wrong_count) CHECK_THAT(sentence(c.name), Catch::Matchers::Contains(c.sentence));
}

TEST_CASE("Layer keys are Keras' names for classes", "[host][io]") {
  std::vector<LayerWeights> layers;
  for (const char* name : {"Dense", "Conv2D", "Dense", "GlobalMaxPooling2D", "LSTM", "PReLU",
                           "BatchNormalization", "Dense", "InputLayer"})
    layers.push_back({"x", name, {}, {}});
  CHECK(layer_keys(addresses(layers)) ==
        std::vector<std::string>{"dense", "conv2d", "dense_1", "global_max_pooling2d", "lstm", "p_re_lu",
                                 "batch_normalization", "dense_2", "input_layer"});
}

TEST_CASE("An HDF5 file is written without a copy of its arrays", "[host][io]") {
  constexpr std::int64_t megabytes = 128;
  ModelFile model;
  model.layers.push_back({"dense", "Dense", {}, {}});
  model.layers.front().weights.push_back(
      {"dense/kernel", {{megabytes << 10, 256}, std::vector<float>(megabytes << 18, 0.5F)}});
  model.layers.front().weights.push_back({"dense/bias", {{256}, std::vector<float>(256, 2)}});
  const TemporaryDirectory directory;
  const auto most_megabytes = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
  };
  const auto before = most_megabytes();
  for (const char* name : {"big.h5", "big.weights.h5"})
    write_model_file(directory / name, SaveContent::Weights, model);
  CHECK(most_megabytes() - before < megabytes / 4);
  for (const char* name : {"big.h5", "big.weights.h5"}) {
    CAPTURE(name);
    const ModelFile stored = read_model_file(directory / name);
    REQUIRE(stored.layers.size() == 1);
    REQUIRE(stored.layers.front().weights.size() == 2);
    for (std::size_t i = 0; i < 2; ++i)
      CHECK((stored.layers.front().weights[i].array.values == model.layers.front().weights[i].array.values));
  }
}

TEST_CASE("Model files with other endings or contents are rejected before anything is written",
          "[host][io]") {
  const TemporaryDirectory directory;
  ModelFile model = model_of(golden / fits[0] / "files");
  const auto write = [&](const char* name, SaveContent content) {
    return refusal(directory, [&] { write_model_file(directory / name, content, model); });
  };
  CHECK(write("m.onnx", SaveContent::Model) ==
        "KAIROS-F020: m.onnx: this kind of model file is not supported; found \".onnx\", expected .keras, "
        ".h5, .hdf5, .weights.h5 or .npz (weights only). Choose a name with one of these endings.");
  CHECK_THAT(write("m", SaveContent::Model),
             Catch::Matchers::StartsWith("KAIROS-F020: m: this kind of model file is not "
                                         "supported; found no ending"));
  CHECK(write("m.npz", SaveContent::Model) ==
        "KAIROS-F026: m.npz: an .npz file can hold weights only, not a model. Choose the ending .keras or "
        ".h5, or save "
        "weights only.");
  CHECK_THAT(write("absent/m.h5", SaveContent::Model),
             Catch::Matchers::StartsWith(
                 "KAIROS-F005: absent/m.h5: cannot write the file; found No such file or directory"));
  model.layers.push_back(model.layers.back());
  CHECK_THAT(write("m.h5", SaveContent::Model),
             Catch::Matchers::StartsWith("KAIROS-F009: m.h5:/model_weights/dense_1"));
  model.architecture_json.clear();
  CHECK_THAT(write("m.h5", SaveContent::Model),
             Catch::Matchers::StartsWith("KAIROS-F026: m.h5: this model has no"));
  CHECK(fs::is_empty(directory.path()));
}
