// SPDX-License-Identifier: MIT
// A table with its target and weight columns, arrays in separate files, or a directory of images, as samples
// that are read when they are needed.
#include "kairos/host/stream.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "data/array_file.hpp"
#include "data/check_data_spec.hpp"
#include "data/csv/file.hpp"
#include "data/data_files.hpp"
#include "data/rows/array_rows.hpp"
#include "data/text_labels.hpp"
#include "io/file_kind.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

using Files = std::vector<std::unique_ptr<ArrayRows>>;

class FileSource final : public SampleSource {
 public:
  explicit FileSource(const DataSpec& spec) {
    check_data_spec(spec);
    layout_.sources = data_files(spec);
    std::error_code ignored;
    if (std::filesystem::is_directory(spec.file, ignored))
      open_folder(spec);
    else if (is_table(kind_of(spec.file)))
      open_table(spec);
    else
      open_arrays(spec);
    if (table_)
      for (const PortSource& input : spec.inputs)
        if (names_file(input.source))
          add(inputs_, layout_.inputs, input.port, input.source, input_options(spec, input.port));
    const ArrayFileOptions one_column = column_options(spec);
    if (names_file(spec.target)) layout_.targets.clear();
    add_files(targets_, &Dataset::targets, spec.target, spec.targets, one_column, spec);
    if (names_file(spec.sample_weight)) layout_.sample_weights.clear();
    add_files(weights_, &Dataset::sample_weights, spec.sample_weight, spec.sample_weights, one_column, spec);
    // The layout has no values, so this compares only the numbers of rows.
    layout_.check();
  }

  [[nodiscard]] const Dataset& layout() const override { return layout_; }
  [[nodiscard]] std::unique_ptr<SampleReader> reader() const override;

  [[nodiscard]] std::string slow_at_random() const override {
    std::string reason;
    for (const Files* files : {&inputs_, &targets_, &weights_})
      for (const auto& file : *files)
        if (reason.empty()) reason = file->slow_at_random();
    return reason;
  }

  void check_unchanged() const {
    if (table_) table_->check_unchanged();
    for (const Files* files : {&inputs_, &targets_, &weights_})
      for (const auto& file : *files) file->check_unchanged();
  }

  void read(std::int64_t first, std::int64_t count, Dataset& block, ArrayRows::Scratch& scratch) const {
    if (table_) read_table(first, count, block, scratch);
    read_files(inputs_, block.inputs, first, count, scratch);
    read_files(targets_, block.targets, first, count, scratch);
    read_files(weights_, block.sample_weights, first, count, scratch);
  }

  bool read_targets(std::int64_t first, std::int64_t count, Dataset& block,
                    ArrayRows::Scratch& scratch) const {
    if (targets_.size() != block.targets.size()) return false;  // some targets are columns of a table
    read_files(targets_, block.targets, first, count, scratch);
    return true;
  }

 private:
  [[noreturn]] void refuse(const char* code, const std::string& what, const std::string& found,
                           const std::string& expected, const std::string& cure) const {
    throw Error(ErrorKind::Data, {code, layout_.origin, what, found, expected, cure});
  }

  void needs_file(const std::string& role, const std::string& what) const {
    if (!role.empty() && !names_file(role))
      refuse("KAIROS-D044", "an array file has no columns to take the " + what + " from", "\"" + role + "\"",
             array_file_kinds(), "Give the path of such a file");
  }

  void open_folder(const DataSpec& spec) {
    FolderRows rows = open_folder_rows(spec);
    layout_.origin = spec.file.string();
    layout_.class_names = std::move(rows.class_names);
    layout_.files = std::move(rows.files);
    layout_.notes = std::move(rows.notes);
    layout_.inputs.push_back({"", {rows.images->shape(), {}}});
    inputs_.push_back(std::move(rows.images));
    if (!rows.labels) return;
    layout_.targets.push_back({"", {rows.labels->shape(), {}}});
    targets_.push_back(std::move(rows.labels));
  }

  /// A separate array file for the only input, or for each input.
  void open_arrays(const DataSpec& spec) {
    if (spec.file.empty() && spec.inputs.empty())
      refuse("KAIROS-D064", "no data file is named", "", "a file, or a file for each input", "Name one");
    layout_.origin = spec.file.empty() ? spec.inputs.front().source : spec.file.string();
    if (!spec.file.empty()) add(inputs_, layout_.inputs, "", spec.file.string(), input_options(spec, ""));
    for (const PortSource& input : spec.inputs)
      add(inputs_, layout_.inputs, input.port, input.source, input_options(spec, input.port));
    needs_file(spec.target, "target");
    needs_file(spec.sample_weight, "sample weight");
    if (spec.target.empty() && spec.targets.empty() && spec.target_use == TargetUse::Required)
      refuse("KAIROS-D021", "no target is named", "", "a file of targets",
             "Give the path of such a file as the target");
  }

  void open_table(const DataSpec& spec) {
    table_.emplace(spec);
    const CsvTable& table = table_->table();
    layout_.origin = table.name;
    layout_.first_row = table.rows_line - 1;
    layout_.row_naming = RowNaming::Line;
    layout_.notes = table.notes;
    const std::vector<CsvSink>& sinks = table.columns.sinks;
    for (std::size_t i = 0; i < sinks.size(); ++i)
      csv_group(layout_, sinks[i].use)
          .push_back({sinks[i].port, {csv_shape(sinks[i], table_->rows()), {}}, csv_names(table, i)});
    if (table.label_column)
      layout_.class_names = spec.class_names.empty() ? names_of_classes() : spec.class_names;
  }

  /// Reads the whole table in blocks of rows.
  [[nodiscard]] std::vector<std::string> names_of_classes() const {
    constexpr std::int64_t rows_at_once = 1024;
    const std::vector<CsvSink>& sinks = table_->table().columns.sinks;
    std::vector<std::vector<float>> values;
    for (const CsvSink& sink : sinks) values.emplace_back(rows_at_once * sink.width);
    std::set<std::string> names;
    CsvFile::Text text;
    for (std::int64_t row = 0; row < table_->rows(); row += rows_at_once) {
      Labels labels;
      CsvDestination to{{}, &labels};
      for (std::size_t i = 0; i < sinks.size(); ++i) to.places[i] = values[i].data();
      unless_changed(*table_,
                     [&] { table_->read(row, std::min(rows_at_once, table_->rows() - row), to, text); });
      for (std::string& name : labels.sorted()) names.insert(std::move(name));
    }
    table_->check_unchanged();
    return {names.begin(), names.end()};
  }

  void add(Files& files, std::vector<NamedArray>& arrays, const std::string& name, const std::string& file,
           const ArrayFileOptions& options) {
    files.push_back(open_array_rows(file, options));
    const ArrayRows& rows = *files.back();
    const bool is_input = options.width == CsvWidth::Table;
    arrays.push_back({name, {rows.shape(), {}}, is_input ? rows.columns() : std::vector<std::string>()});
    name_file(arrays.back(), layout_, file);
    for (std::string& note : rows.notes()) layout_.notes.push_back(std::move(note));
  }

  void add_files(Files& files, std::vector<NamedArray> Dataset::*group, const std::string& plain,
                 const std::vector<PortSource>& sources, const ArrayFileOptions& options,
                 const DataSpec& spec) {
    if (names_file(plain)) add_apart(files, group, "", plain, options, spec);
    for (const PortSource& source : sources)
      if (names_file(source.source)) add_apart(files, group, source.port, source.source, options, spec);
  }

  /// Targets, which may be words, or weights.
  void add_apart(Files& files, std::vector<NamedArray> Dataset::*group, const std::string& name,
                 const std::string& file, const ArrayFileOptions& options, const DataSpec& spec) {
    std::optional<Array> labels;
    if (group == &Dataset::targets) labels = read_text_target(file, spec, layout_);
    if (labels) {
      (layout_.*group).push_back({name, {labels->shape, {}}});
      name_file((layout_.*group).back(), layout_, file);
      files.push_back(value_rows(std::move(*labels)));
    } else {
      add(files, layout_.*group, name, file, options);
    }
  }

  void read_table(std::int64_t first, std::int64_t count, Dataset& block, ArrayRows::Scratch& scratch) const {
    const CsvColumns& columns = table_->table().columns;
    const std::optional<std::size_t> label_column = table_->table().label_column;
    Labels labels;
    CsvDestination to{{}, &labels};
    float* numbers_of_labels = nullptr;
    // Arrays are in the order of the sinks, followed by those of files.
    std::array<std::size_t, 3> next{};
    for (std::size_t i = 0; i < columns.sinks.size(); ++i) {
      const ColumnUse use = columns.sinks[i].use;
      float* const values = csv_group(block, use)[next[static_cast<std::size_t>(use)]++].array.values.data();
      const bool labelled = label_column && columns.all[*label_column].sink == i;
      (labelled ? numbers_of_labels : to.places[i]) = values;
    }
    table_->read(first, count, to, scratch);
    if (numbers_of_labels == nullptr) return;
    Dataset place;
    place.origin = layout_.origin;
    place.row_naming = layout_.row_naming;
    place.first_row = layout_.first_row + first;
    const std::vector<float> numbers = labels.numbers(layout_.class_names, place);
    std::copy(numbers.begin(), numbers.end(), numbers_of_labels);
  }

  static void read_files(const Files& files, std::vector<NamedArray>& arrays, std::int64_t first,
                         std::int64_t count, ArrayRows::Scratch& scratch) {
    // Columns of a table come first.
    const std::size_t before = arrays.size() - files.size();
    for (std::size_t i = 0; i < files.size(); ++i)
      files[i]->read(first, count, arrays[before + i].array.values.data(), scratch);
  }

  Dataset layout_;
  std::optional<CsvFile> table_;
  Files inputs_, targets_, weights_;
};

class FileReader final : public SampleReader {
 public:
  explicit FileReader(const FileSource& source) : source_(source) {}
  void read(std::int64_t first, std::int64_t count, Dataset& block) override {
    source_.read(first, count, block, scratch_);
  }
  void check_unchanged() override { source_.check_unchanged(); }
  bool read_targets(std::int64_t first, std::int64_t count, Dataset& block) override {
    return source_.read_targets(first, count, block, scratch_);
  }

 private:
  const FileSource& source_;
  ArrayRows::Scratch scratch_;
};

std::unique_ptr<SampleReader> FileSource::reader() const {
  return std::make_unique<FileReader>(*this);
}

}  // namespace

std::unique_ptr<SampleSource> open_stream(const DataSpec& spec) {
  return std::make_unique<FileSource>(spec);
}

}  // namespace kairos::host
