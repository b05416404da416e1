// SPDX-License-Identifier: MIT
// Chooses the reader by the ending and adds targets and weights that stand in files of their own.
#include <algorithm>
#include <cctype>
#include <string_view>

#include "data/csv.hpp"
#include "data/npz_dataset.hpp"
#include "io/idx.hpp"
#include "io/npy.hpp"
#include "kairos/host/data.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

std::string ending_of(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return ending;
}

Array read_single(const std::string& file) {
  if (is_idx_name(file)) return read_idx(file);
  return file.ends_with(".npy") ? read_npy(file) : read_csv_column(file);
}

/// A file of one array. `kind` is what messages call it: "an .npy file".
Dataset read_array_dataset(const DataSpec& spec, const std::string& kind) {
  const auto needs_file = [&](const std::string& role, const char* what) {
    if (!role.empty() && !names_file(role))
      throw Error(ErrorKind::Data,
                  {"KAIROS-D044", spec.file.string(), kind + " has no columns to take the " + what + " from",
                   "\"" + role + "\"", "an .npy, .csv or IDX file", "Give the path of such a file"});
  };
  needs_file(spec.target, "target");
  needs_file(spec.sample_weight, "sample weight");
  if (spec.target.empty() && spec.target_use == TargetUse::Required)
    throw Error(ErrorKind::Data, {"KAIROS-D021", spec.file.string(), "no target is named", "",
                                  kind + " of targets", "Give the path of such a file as the target"});
  Dataset data;
  data.origin = spec.file.string();
  data.inputs.push_back({"", read_single(spec.file.string())});
  return data;
}

/// Files of rows that stand apart are checked under their own names, so that a message names the right one.
NamedArray read_apart(const std::string& file) {
  Dataset alone;
  alone.origin = file;
  alone.inputs.push_back({"", read_single(file)});
  alone.check();
  return std::move(alone.inputs.front());
}

}  // namespace

LoadedData load_data(const DataSpec& spec) {
  LoadedData loaded;
  const std::string ending = ending_of(spec.file);
  if (ending == ".npz") {
    loaded = read_npz_dataset(spec);
  } else if (ending == ".npy") {
    loaded.train = read_array_dataset(spec, "an .npy file");
  } else if (is_idx_name(spec.file.string())) {
    loaded.train = read_array_dataset(spec, "an IDX file");
  } else if (ending == ".csv" || ending == ".tsv" || ending == ".txt" || ending == ".data") {
    loaded.train = read_csv(spec);
  } else {
    throw Error(ErrorKind::Data,
                {"KAIROS-D020", spec.file.string(), "this kind of data file is not known",
                 ending.empty() ? "no ending" : "\"" + ending + "\"",
                 ".csv, .tsv, .txt, .data, .npy, .npz or IDX", "Convert the file, or correct its name"});
  }
  if (names_file(spec.target)) loaded.train.targets = {read_apart(spec.target)};
  if (names_file(spec.sample_weight)) loaded.train.sample_weights = {read_apart(spec.sample_weight)};
  loaded.train.check();
  if (loaded.validation) loaded.validation->check();
  return loaded;
}

}  // namespace kairos::host
