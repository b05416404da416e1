// SPDX-License-Identifier: MIT
// `.keras` archives: Keras' are read, ours have the same content, and hostile ones are rejected.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "host/io/golden_fits.hpp"
#include "host/io/python.hpp"
#include "host/refusals.hpp"
#include "host/temporary_directory.hpp"
#include "io/model_file.hpp"
#include "io/npy.hpp"
#include "kairos/host/compile.hpp"

namespace fs = std::filesystem;
using namespace kairos::host;
using kairos::tests::check_refusals;
using kairos::tests::content_of;
using kairos::tests::fits;
using kairos::tests::golden;
using kairos::tests::python;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

namespace {

std::unique_ptr<Model> model_of(const std::string& architecture, const char* optimizer, const char* loss) {
  CompileOptions options;
  options.optimizer = optimizer;
  options.loss = loss;
  options.metrics = {"mae"};
  return compile({"", architecture, {}}, options);
}

}  // namespace

TEST_CASE("Architecture, configuration, weights and optimizer are read from Keras' archives", "[host][io]") {
  for (const char* fit : fits) {
    INFO(fit);
    const fs::path files = golden / fit / "files";
    const ModelFile file = read_model_file(files / "model.keras");
    CHECK(file.layout == WeightsLayout::Keyed);
    const auto architecture = nlohmann::json::parse(file.architecture_json);
    CHECK(architecture.at("config").at("layers").size() ==
          nlohmann::json::parse(content_of(files / "model.json")).at("config").at("layers").size());
    const ModelFile legacy = read_model_file(files / "model.h5");
    const auto training = nlohmann::json::parse(file.training_config_json);
    CHECK(training.at("loss") == nlohmann::json::parse(legacy.training_config_json).at("loss"));
    CHECK(file.iterations == legacy.iterations);
    REQUIRE(file.optimizer.size() == legacy.optimizer.size());
    for (std::size_t i = 0; i < file.optimizer.size(); ++i)
      CHECK(file.optimizer[i].array.values == legacy.optimizer[i].array.values);

    const auto model = model_of(file.architecture_json, "sgd", "mse");
    model->load_weights(files / "model.keras");
    const auto expected = read_npz(files / "weights.npz");
    const auto weights = model->tensors(Role::Weight);
    REQUIRE(weights.size() == expected.size());
    for (std::size_t i = 0; i < weights.size(); ++i)
      CHECK(std::vector<float>(weights[i].data, weights[i].data + weights[i].size()) ==
            expected.at(std::to_string(i)).values);
  }
}

TEST_CASE("Archives that are written have the entries and keys that Keras writes", "[host][io]") {
  const TemporaryDirectory directory;
  for (const char* fit : fits) {
    INFO(fit);
    const fs::path theirs = golden / fit / "files" / "model.keras";
    const ModelFile file = read_model_file(theirs);
    const bool adam = std::string_view(fit).find("adam") != std::string_view::npos;
    const auto model = model_of(file.architecture_json, adam ? "adam" : "sgd(momentum=0.9)", "mse");
    model->load_weights(theirs);
    model->save(directory / "model.keras", SaveContent::Model);
    // The recorded archives lack the optimizer's configuration, which Keras loses if it has written an .h5
    // file of the same model before. Identifiers of objects in memory have no meaning in a file.
    CHECK(python(directory, R"(
import zipfile, json, io, re, h5py
def describe(name):
    z = zipfile.ZipFile(name)
    assert z.testzip() is None
    config = json.loads(z.read('config.json')); keys = set()
    def walk(path, value):
        if isinstance(value, dict):
            for k, v in value.items():
                if k != 'shared_object_id': keys.add(path + '/' + k); walk(path + '/' + k, v)
        elif isinstance(value, list):
            for i, v in enumerate(value): walk(path + '/' + str(i), v)
    compiled = config.pop('compile_config'); compiled.pop('optimizer', None)
    walk('', config)
    keys.update('compile/' + k for k in compiled)
    groups = []
    with h5py.File(io.BytesIO(z.read('model.weights.h5')), 'r') as f:
        def visit(p, o):
            if not p.startswith('optimizer'):
                groups.append((p, dict(o.attrs), o[()].tolist() if isinstance(o, h5py.Dataset) else None))
        f.visititems(visit)
        optimizer = sorted(f['optimizer/vars']) if 'optimizer' in f else []
    meta = json.loads(z.read('metadata.json'))
    assert re.fullmatch(r'\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d', meta['date_saved'])
    return [(i.filename, i.compress_type, i.date_time if i.filename != 'model.weights.h5' else 0) for i in z.infolist()], \
        sorted(keys - {k for k in keys if 'quantization_config' in k}), groups, sorted(meta), optimizer
ours, keras = describe('model.keras'), describe(')" +
                                theirs.string() + R"(')
for a, b in zip(ours[:4], keras[:4]):
    if a != b: print('ours', a, 'Keras', b)
if ours[4][:2] != ['0', '1']: print(ours[4])
o = json.loads(zipfile.ZipFile('model.keras').read('config.json'))['compile_config']['optimizer']
if sorted(o) != ['class_name', 'config', 'module', 'registered_name'] or o['module'] != 'keras.optimizers': print(o)
)")
              .empty());
  }
}

TEST_CASE("Archives are read back as they were written", "[host][io]") {
  const TemporaryDirectory directory;
  const auto model = model_of("input(3) dense(4,relu) dense(1)", "adam(lr=0.25)", "mse");
  const std::vector<float> x{1, 2, 3}, y{1};
  model->train_batch({1, {x.data()}, {y.data()}, {}}, nullptr);
  model->save(directory / "m.keras", SaveContent::Model);
  const ModelFile file = read_model_file(directory / "m.keras");
  CHECK(keras_json({"", file.architecture_json, {}}) == keras_json({"", model->architecture(), {}}));
  CHECK(file.iterations == 1);
  const auto slots = model->tensors(Role::Slot);
  REQUIRE(file.optimizer.size() == slots.size());
  for (std::size_t i = 0; i < slots.size(); ++i)
    CHECK(file.optimizer[i].array.values ==
          std::vector<float>(slots[i].data, slots[i].data + slots[i].size()));
  const auto training = nlohmann::json::parse(file.training_config_json);
  CHECK(training.at("optimizer_config").at("class_name") == "Adam");
  CHECK(training.at("optimizer_config").at("config").at("learning_rate") == 0.25);
  CHECK_FALSE(training.contains("optimizer"));

  // A model that only predicts has no compile_config.
  compile({"", "input(3) dense(1)", {}}, {})->save(directory / "plain.keras", SaveContent::Model);
  CHECK(read_model_file(directory / "plain.keras").training_config_json.empty());
}

TEST_CASE("Archives of weights alone and of older architectures are rejected", "[host][io]") {
  const TemporaryDirectory directory;
  ModelFile file;
  file.architecture_json = R"({"class_name": "Sequential", "config": {"layers": []}})";
  CHECK(refusal(directory, [&] { write_model_file(directory / "m.keras", SaveContent::Weights, file); }) ==
        "KAIROS-F026: m.keras: a .keras archive holds a whole model, not weights only. Choose the ending "
        ".weights.h5, or save the whole model.");
  CHECK(refusal(directory, [&] { write_model_file(directory / "m.keras", SaveContent::Model, file); }) ==
        "KAIROS-F026: m.keras: the architecture is not in Keras 3's JSON; found no \"module\", expected what "
        "model.to_json() of Keras 3 writes. Convert the model with kairos convert.");
  CHECK(fs::is_empty(directory.path()));
}

TEST_CASE("Hostile archives are rejected with a reason", "[host][io]") {
  const TemporaryDirectory directory;
  const fs::path files = golden / fits[0] / "files";
  REQUIRE(python(directory, "files = '" + files.string() + R"('
import zipfile, json, warnings
warnings.simplefilter('ignore')
whole = open(files + '/model.keras', 'rb').read()
z = zipfile.ZipFile(files + '/model.keras'); entries = {n: z.read(n) for n in z.namelist()}
def put(name, changes, more=(), compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(name, 'w', compression) as out:
        for k, v in {**entries, **changes}.items():
            if v is not None: out.writestr(k, v)
        for k, v in more: out.writestr(k, v)
open('cut.keras', 'wb').write(whole[:len(whole) // 2])
open('text.keras', 'wb').write(b'this is only text\n')
at = whole.index(b'"Sequential"'); open('flipped.keras', 'wb').write(whole[:at] + b'X' + whole[at + 1:])
put('no_config.keras', {'config.json': None})
put('no_weights.keras', {'model.weights.h5': None})
put('bomb.keras', {'model.weights.h5': bytes(1 << 26)}, compression=zipfile.ZIP_DEFLATED)
put('upwards.keras', {}, [('../../evil.sh', 'x')])
put('absolute.keras', {}, [('/etc/passwd', 'x')])
put('twice.keras', {}, [('config.json', '{}')])
put('list.keras', {'config.json': '[1]'})
put('deep.keras', {'config.json': '[' * 10000})
put('words.keras', {'model.weights.h5': 'hello'})
put('cut_weights.keras', {'model.weights.h5': entries['model.weights.h5'][:3000]})
put('legacy.keras', {'model.weights.h5': open(files + '/legacy_weights.h5', 'rb').read()})
put('deflated.keras', {}, [('assets/vocabulary.txt', 'a b c')], zipfile.ZIP_DEFLATED)
)")
              .empty());
  check_refusals(
      directory,
      {{"cut.keras", "KAIROS-F040: cut.keras: this is not a complete .keras archive; found "},
       {"text.keras", "KAIROS-F040: text.keras: this is not a complete .keras archive; found Not a zip"},
       {"flipped.keras", "KAIROS-F040: flipped.keras:config.json: the archive is damaged; found CRC error"},
       {"no_config.keras", "KAIROS-F041: no_config.keras:config.json: an entry of the archive is missing"},
       {"no_weights.keras", "KAIROS-F041: no_weights.keras:model.weights.h5: an entry of the archive is"},
       {"bomb.keras",
        "KAIROS-F042: bomb.keras:model.weights.h5: the archive declares more than it can plausibly hold; "
        "found 67108864 bytes in a file of "},
       {"upwards.keras",
        "KAIROS-F043: upwards.keras: the name of an entry points outside of the archive; found "
        "\"../../evil.sh\""},
       {"absolute.keras", "KAIROS-F043: absolute.keras: the name of an entry points outside of the archive"},
       {"twice.keras", "KAIROS-F045: twice.keras: the archive has two entries of this name"},
       {"list.keras", "KAIROS-F044: list.keras:config.json: this is not the configuration of a Keras model"},
       {"deep.keras", "KAIROS-F01"},
       {"words.keras", "KAIROS-F021: words.keras:model.weights.h5: this is not a complete HDF5 file"},
       {"cut_weights.keras", "KAIROS-F021: cut_weights.keras:model.weights.h5: "},
       {"legacy.keras",
        "KAIROS-F044: legacy.keras:model.weights.h5: the weights are not in Keras 3's layout"}},
      [](const fs::path& file) { return read_model_file(file); });
  CHECK(read_model_file(directory / "deflated.keras").optimizer.size() ==
        read_model_file(files / "model.keras").optimizer.size());
}

TEST_CASE("Archives truncated anywhere are rejected and never crash", "[host][io]") {
  const TemporaryDirectory directory;
  const std::string whole = content_of(golden / fits[1] / "files" / "model.keras");
  for (std::size_t length = 1; length < whole.size(); length += 397) {
    const fs::path file = directory.put("cut.keras", whole.substr(0, length));
    INFO(length);
    CHECK_THAT(refusal(directory, [&] { static_cast<void>(read_model_file(file)); }),
               Catch::Matchers::StartsWith("KAIROS-F040: cut.keras: this is not a complete .keras archive"));
  }
}
