// SPDX-License-Identifier: MIT
// A checkpoint is a head, the training state, and a hash of all bytes before it; every version ends with it.
#include "train/checkpoint_file.hpp"

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/atomic_file.hpp"
#include "base/byte_stream.hpp"
#include "base/hash64.hpp"
#include "base/input_file.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

constexpr std::string_view magic = "KAIROS-RUN\n";
constexpr std::uint32_t version = 1;
constexpr std::size_t hash_bytes = sizeof(std::uint64_t);

enum class Record : std::uint8_t { Epoch = 1, File = 2 };

[[noreturn]] void damaged(const std::filesystem::path& file, const std::string& found) {
  throw Error(ErrorKind::File,
              {"KAIROS-F090", file.string(), "the run checkpoint is damaged", found,
               "the bytes that a run of Kairos wrote", "Remove it, and the run goes on from the one before"});
}

void write_position(ByteWriter& out, const FitPosition& position) {
  for (const std::int64_t one :
       {position.epoch, position.batch, position.pass, position.next, position.batches})
    out.number(one);
  out.number<std::uint8_t>(position.in_epoch ? 1 : 0);
}

FitPosition read_position(ByteReader& in) {
  FitPosition position;
  for (std::int64_t* const one :
       {&position.epoch, &position.batch, &position.pass, &position.next, &position.batches})
    *one = in.number<std::int64_t>();
  position.in_epoch = in.number<std::uint8_t>() != 0;
  return position;
}

void write_memory(ByteWriter& out, const RunMemory& memory) {
  out.number(memory.epochs_run);
  out.number<std::uint8_t>(memory.stop ? 1 : 0);
  out.text(memory.stop ? memory.stop->reason : "");
  out.text(memory.stop ? memory.stop->instance : "");
  out.number<std::uint64_t>(memory.epoch_values.size());
  for (const LogValue& one : memory.epoch_values) {
    out.number(one.value);
    out.number<std::uint8_t>(one.available ? 1 : 0);
  }
  out.number<std::uint64_t>(memory.disabled.size());
  for (const std::string& name : memory.disabled) out.text(name);
}

RunMemory read_memory(ByteReader& in) {
  RunMemory memory;
  memory.epochs_run = in.number<std::int64_t>();
  const bool stops = in.number<std::uint8_t>() != 0;
  StopRequest stop;
  stop.reason = in.text();
  stop.instance = in.text();
  if (stops) memory.stop = std::move(stop);
  memory.epoch_values.resize(in.count(sizeof(double) + 1));
  for (LogValue& one : memory.epoch_values) {
    one.value = in.number<double>();
    one.available = in.number<std::uint8_t>() != 0;
  }
  for (std::uint64_t n = in.count(sizeof(std::uint64_t)); n > 0; --n) memory.disabled.emplace_back(in.text());
  return memory;
}

std::string head_of(const StoredCheckpoint& stored) {
  const FitCheckpoint& checkpoint = stored.checkpoint;
  ByteWriter out;
  out.number<std::uint8_t>(stored.finished ? 1 : 0);
  out.number(static_cast<std::int32_t>(stored.end));
  write_position(out, checkpoint.position);
  out.number<std::uint64_t>(checkpoint.facts.size());
  for (const auto& [name, value] : checkpoint.facts) {
    out.text(name);
    out.text(value);
  }
  out.text(checkpoint.log_sums);
  out.text(checkpoint.callbacks);
  write_memory(out, checkpoint.memory);
  for (const std::uint64_t one : {stored.history.bytes, stored.history.hash,
                                  std::uint64_t{stored.history.epochs}, std::uint64_t{stored.history.files}})
    out.number(one);
  return std::move(out).take();
}

StoredCheckpoint read_head(ByteReader& in) {
  StoredCheckpoint stored;
  FitCheckpoint& checkpoint = stored.checkpoint;
  stored.finished = in.number<std::uint8_t>() != 0;
  stored.end = static_cast<RunEnd>(in.number<std::int32_t>());
  checkpoint.position = read_position(in);
  for (std::uint64_t n = in.count(2 * sizeof(std::uint64_t)); n > 0; --n) {
    const std::string name(in.text());
    checkpoint.facts.emplace_back(name, in.text());
  }
  checkpoint.log_sums = in.text();
  checkpoint.callbacks = in.text();
  checkpoint.memory = read_memory(in);
  stored.history.bytes = in.number<std::uint64_t>();
  stored.history.hash = in.number<std::uint64_t>();
  stored.history.epochs = in.number<std::uint64_t>();
  stored.history.files = in.number<std::uint64_t>();
  return stored;
}

}  // namespace

void write_checkpoint(const std::filesystem::path& file, const StoredCheckpoint& stored) {
  const std::string& training = stored.checkpoint.training;
  ByteWriter out;
  out.raw(magic);
  out.number(version);
  out.text(head_of(stored));
  out.number<std::uint64_t>(training.size());
  const std::string head = std::move(out).take();
  ByteWriter end;
  end.number(hash64(training, hash64(head)));
  AtomicFile atomic(file, head.size() + training.size() + hash_bytes);
  atomic.write(head);
  atomic.write(training);
  atomic.write(std::move(end).take());
  atomic.commit();
}

StoredCheckpoint read_checkpoint(const std::filesystem::path& file) {
  const std::string bytes = read_file(file);
  if (bytes.size() < magic.size() + sizeof version + hash_bytes || !bytes.starts_with(magic))
    damaged(file, "other first bytes, or too few");
  const std::string_view covered(bytes.data(), bytes.size() - hash_bytes);
  ByteReader in(covered.substr(magic.size()));
  const auto found = in.number<std::uint32_t>();
  const std::string_view head = in.text();
  const auto training_size = in.number<std::uint64_t>();
  const std::string_view training = in.rest();
  const std::string_view before = covered.substr(0, covered.size() - training.size());
  std::uint64_t hash;
  std::memcpy(&hash, bytes.data() + covered.size(), sizeof hash);
  if (!in.good() || training.size() != training_size || hash != hash64(training, hash64(before)))
    damaged(file, "a wrong checksum");
  if (found > version)
    throw Error(ErrorKind::File, {"KAIROS-F091", file.string(), "a newer Kairos wrote the run checkpoint",
                                  "version " + std::to_string(found), std::to_string(version),
                                  "Go on with the release that began the run"});
  ByteReader fields(head);
  StoredCheckpoint stored = read_head(fields);
  if (!fields.complete()) damaged(file, "an end in the middle of a field");
  stored.checkpoint.training = training;
  return stored;
}

// ---------------------------------------------------------------- the history file

namespace {

/// A record with its length, counted in `length`.
void append_record(ByteWriter& out, ByteWriter&& content, HistoryLength& length) {
  ByteWriter record;
  record.text(std::move(content).take());
  const std::string bytes = std::move(record).take();
  length.hash = hash64(bytes, length.hash);
  length.bytes += bytes.size();
  out.raw(bytes);
}

/// The row of one epoch, as History::append takes it.
void append_epoch(ByteReader& in, History& history) {
  const auto epoch = in.number<std::int64_t>();
  std::vector<LogKey> keys;
  std::vector<LogValue> values;
  for (std::uint64_t n = in.count(sizeof(std::uint64_t) + sizeof(double)); n > 0; --n) {
    keys.push_back({std::string(in.text())});
    values.push_back({in.number<double>(), true});
  }
  history.append(epoch, keys, values);
}

}  // namespace

std::string history_records(const History& history, HistoryLength& length) {
  ByteWriter out;
  for (; length.epochs < history.epochs.size(); ++length.epochs) {
    ByteWriter row;
    row.number(static_cast<std::uint8_t>(Record::Epoch));
    row.number(history.epochs[length.epochs]);
    std::uint64_t values = 0;
    for (const History::Series& one : history.series) values += one.values[length.epochs] ? 1 : 0;
    row.number(values);
    for (const History::Series& one : history.series) {
      if (!one.values[length.epochs]) continue;
      row.text(one.key);
      row.number(*one.values[length.epochs]);
    }
    append_record(out, std::move(row), length);
  }
  for (; length.files < history.saved_files.size(); ++length.files) {
    ByteWriter file;
    file.number(static_cast<std::uint8_t>(Record::File));
    file.text(history.saved_files[length.files].string());
    append_record(out, std::move(file), length);
  }
  return std::move(out).take();
}

History read_history_records(const std::filesystem::path& file, const HistoryLength& length) {
  History history;
  if (length.bytes == 0) return history;
  const std::string bytes = read_file(file);
  if (bytes.size() < length.bytes) damaged(file, std::to_string(bytes.size()) + " bytes");
  ByteReader in(std::string_view(bytes).substr(0, length.bytes));
  std::uint64_t hash = 0;
  while (in.good() && !in.complete()) {
    const char* const begin = in.rest().data();
    const std::string_view content = in.text();
    if (!in.good()) break;
    hash = hash64({begin, sizeof(std::uint64_t) + content.size()}, hash);
    ByteReader record(content);
    const auto kind = static_cast<Record>(record.number<std::uint8_t>());
    if (kind == Record::Epoch)
      append_epoch(record, history);
    else
      history.saved_files.emplace_back(std::string(record.text()));
  }
  if (!in.complete() || hash != length.hash || history.epochs.size() != length.epochs)
    damaged(file, "a wrong checksum");
  return history;
}

}  // namespace kairos::host
