// SPDX-License-Identifier: MIT
// Names of event files, and the events of earlier runs.
#include "event_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <deque>
#include <iterator>
#include <kairos/error.hpp>
#include <optional>
#include <system_error>

#include "records.hpp"

namespace kairos::plugins::tensorboard {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view prefix = "events.out.tfevents.";
constexpr std::size_t second_digits = 10;

/// The seconds in the name of an event file; 0 if it has no ten digits.
std::int64_t seconds_of(const std::string& name) {
  if (name.size() < prefix.size() + second_digits) return 0;
  const char* first = name.data() + prefix.size();
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(first, first + second_digits, seconds);
  return error == std::errc() && end == first + second_digits ? seconds : 0;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

std::string new_name(const std::vector<fs::path>& present) {
  auto seconds = static_cast<std::int64_t>(now());
  // The clock may go backwards, and two runs may begin in the same second.
  if (!present.empty()) seconds = std::max(seconds, seconds_of(present.back().filename().string()) + 1);
  std::string digits = std::to_string(seconds);
  digits.insert(0, second_digits - std::min(second_digits, digits.size()), '0');
  return std::string(prefix) + digits + "." + host_name() + "." + std::to_string(::getpid()) + "." +
         std::to_string(present.size()) + ".v2";
}

struct OldEvent {
  std::string_view bytes;
  EventFacts facts;
};

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Appends the events of a file, as views of its content. Like TensorBoard, stops at the first damaged
/// record.
void read_events(std::string_view rest, std::vector<OldEvent>& events) {
  while (const std::optional<std::string_view> data = take_record(rest)) {
    std::optional<EventFacts> facts = read_event(*data);
    if (!facts) return;
    if (facts->session_start)
      std::erase_if(events, [&](const OldEvent& e) { return e.facts.step >= facts->step; });
    if (!facts->tag.empty()) events.push_back({*data, *std::move(facts)});
  }
}

}  // namespace

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::vector<fs::path> event_files(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory))
    if (entry.is_regular_file() && entry.path().filename().string().starts_with(prefix))
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

void EventFile::open(const fs::path& directory) {
  path_ = directory;
  try {
    fs::create_directories(directory);
    path_ = directory / new_name(event_files(directory));
  } catch (const fs::filesystem_error& error) {
    errno = error.code().value();
    fail("made");
  }
  create(path_);
}

void EventFile::create(const fs::path& file) {
  if (out_.is_open()) out_.close();
  out_.open(file, std::ios::binary | std::ios::trunc);
  if (!out_) fail("made");
  write(file_version_event(now()));
  flush();
}

void EventFile::write_scalar(std::string_view tag, std::int64_t step, double value) {
  write(scalar_event({now(), step, tag}, static_cast<float>(value)));
}

void EventFile::write_histogram(std::string_view tag, std::int64_t step, const Histogram& histogram) {
  write(histogram_event({now(), step, tag}, histogram));
}

void EventFile::write_images(std::string_view tag, std::int64_t step, const Images& images) {
  write(image_event({now(), step, tag}, images));
}

void EventFile::write_text(std::string_view tag, std::int64_t step, std::string_view markdown) {
  write(text_event({now(), step, tag}, markdown));
}

void EventFile::write_graphs(std::string_view graph_def, std::string_view keras_json) {
  write(keras_graph_event({now(), 0, "keras"}, keras_json));
  write(graph_event(now(), graph_def));
}

void EventFile::write_hparams(std::string_view tag, std::string_view content) {
  write(hparams_event({now(), 0, tag}, content));
}

void EventFile::flush() {
  if (!out_.flush()) fail("written");
}

void EventFile::resume(const Keep& keep) {
  std::deque<std::string> contents;  // a deque does not move its strings
  std::vector<OldEvent> events;
  for (const fs::path& file : event_files(path_.parent_path()))
    if (file != path_) read_events(contents.emplace_back(content_of(file)), events);
  // A part of it would discard events that it does not repeat, so it gets its name when it is whole.
  const fs::path part = path_.parent_path() / ".resumed";
  create(part);
  write(session_start_event(now(), 0));
  for (const OldEvent& event : events)
    if (keep(event.facts)) write(event.bytes);
  flush();
  std::error_code error;
  fs::rename(part, path_, error);
  if (!error) return;
  errno = error.value();
  fail("made");
}

void EventFile::write(std::string_view event) {
  const std::string record = make_record(event);
  if (!out_.write(record.data(), static_cast<std::streamsize>(record.size()))) fail("written");
}

void EventFile::fail(const char* doing) const {
  const std::string why = errno != 0 ? std::generic_category().message(errno) : "unknown reason";
  throw Error(KAIROS_E_IO, "\"" + path_.string() + "\" cannot be " + doing + ": " + why +
                               ". Set log_dir to a writable directory with free space");
}

}  // namespace kairos::plugins::tensorboard
