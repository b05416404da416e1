// SPDX-License-Identifier: MIT
// Labels are checked as those of tables are.
#include "data/text_labels.hpp"

#include <utility>

#include "data/labels.hpp"
#include "io/file_kind.hpp"
#include "io/text_encoding.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

void check_label(const std::string& text, const std::string& place, TextEncoding encoding) {
  if (const auto fault = text_fault(text, encoding))
    throw Error(ErrorKind::Data,
                {"KAIROS-D330", place, std::string("the label is not ") + encoding_name(encoding) + " text",
                 byte_text(text[*fault]) + " at offset " + std::to_string(*fault) + " of the label", "",
                 encoding_cure(encoding)});
  if (text.empty() || is_missing_mark(text))
    throw Error(ErrorKind::Data, {"KAIROS-D026", place, "a value is missing",
                                  text.empty() ? "an empty text" : "\"" + text + "\"", "a label",
                                  "Fill it in or remove the row"});
}

TextArray read_text(const std::string& file) {
  if (const auto location = hdf5_location(file))
    return read_hdf5_text_isolated(location->file, location->dataset);
  return kind_of(file) == FileKind::Npy ? read_npy_text(file) : TextArray{};
}

}  // namespace

void refuse_second_text_target(const std::string& where) {
  throw Error(ErrorKind::Data, {"KAIROS-D081", where, "two targets are strings", "", "at most one",
                                "Write the classes of the others as numbers"});
}

Array number_labels(TextArray texts, const std::string& origin, TextEncoding encoding,
                    std::vector<std::string>& class_names) {
  Array numbers{texts.shape, {}};
  if (numbers.shape.empty() || numbers.row_size() != 1)
    throw Error(ErrorKind::Data,
                {"KAIROS-D041", origin, "labels of text need one column", "shape " + shape_text(texts.shape),
                 "(samples)", "Give a file with one label for each sample"});
  Dataset place;
  place.origin = origin;
  const TextEncoding stored = texts.is_utf8 ? TextEncoding::Utf8 : encoding;
  Labels labels;
  for (std::size_t i = 0; i < texts.values.size(); ++i) {
    std::string& text = texts.values[i];
    check_label(text, place.place(static_cast<std::int64_t>(i)), stored);
    labels.add(stored == TextEncoding::Utf8 ? text : as_utf8(text, stored));
  }
  if (class_names.empty()) class_names = labels.sorted();
  numbers.shape = {numbers.rows()};
  numbers.values = labels.numbers(class_names, place);
  return numbers;
}

std::optional<Array> read_text_target(const std::string& file, const DataSpec& spec, Dataset& data) {
  TextArray texts = read_text(file);
  if (!texts.is_text) return std::nullopt;
  if (!data.class_names.empty()) refuse_second_text_target(file);
  data.class_names = spec.class_names;
  return number_labels(std::move(texts), file, spec.encoding, data.class_names);
}

}  // namespace kairos::host
