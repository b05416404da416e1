// SPDX-License-Identifier: MIT
// Notes between ranks: "F" and an error, or "W" and the number of the operation that the sender waits in.
#include "dist/connected_ranks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "base/byte_stream.hpp"

namespace kairos::host {

namespace {

constexpr char failure_note = 'F', waiting_note = 'W';

std::string processors_of_this_process() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return "";
  return {reinterpret_cast<const char*>(&set), sizeof set};
}

std::string note_of(const Error& error) {
  ByteWriter out;
  out.number(failure_note);
  out.number(static_cast<std::int32_t>(error.kind()));
  const Diagnosis& diagnosis = error.diagnosis();
  constexpr std::size_t most = 600;  // all of them are at most a note
  for (const std::string* part : {&diagnosis.code, &diagnosis.where, &diagnosis.what, &diagnosis.found,
                                  &diagnosis.expected, &diagnosis.cure})
    out.text(std::string_view(*part).substr(0, most));
  return std::move(out).take();
}

Error error_in(std::string_view note, const std::string& sender) {
  ByteReader in(note);
  in.number<char>();
  const auto kind = in.number<std::int32_t>();
  Diagnosis diagnosis;
  for (std::string* part : {&diagnosis.code, &diagnosis.where, &diagnosis.what, &diagnosis.found,
                            &diagnosis.expected, &diagnosis.cure})
    *part = in.text();
  diagnosis.where = sender + (diagnosis.where.empty() ? "" : ": ") + diagnosis.where;
  return {static_cast<ErrorKind>(kind), diagnosis};
}

}  // namespace

ConnectedRanks::ConnectedRanks(std::unique_ptr<MessagePassing> messages,
                               std::chrono::duration<double> patience)
    : messages_(std::move(messages)),
      rank_(messages_->rank()),
      world_(messages_->world()),
      peers_(static_cast<std::size_t>(world_)),
      patience_(patience) {
  learn_peers();
}

ConnectedRanks::~ConnectedRanks() = default;

void ConnectedRanks::learn_peers() {
  std::error_code ignored;
  ByteWriter own;
  const std::string host = messages_->host();
  own.text(host);
  own.text(host + std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string());
  own.number<std::int64_t>(::getpid());
  const std::vector<std::string> all = gather(std::move(own).take());
  for (std::size_t i = 0; i < all.size(); ++i) {
    ByteReader in(all[i]);
    peers_[i].host = in.text();
    peers_[i].space = in.text();
    peers_[i].process = in.number<std::int64_t>();
  }
}

std::string ConnectedRanks::name_of(int rank) const {
  return fmt::format("rank {} on host {}", rank, peers_[static_cast<std::size_t>(rank)].host);
}

void ConnectedRanks::reduce(Reduction how, std::span<double> values) {
  if (failure_) throw *failure_;
  if (values.empty()) return;
  messages_->begin_reduce(how, values);
  wait();
}

void ConnectedRanks::begin_sum(std::span<float> values) {
  if (failure_) throw *failure_;
  if (!values.empty()) messages_->begin_sum(values);
}

void ConnectedRanks::finish_sums() {
  if (failure_) throw *failure_;
  wait();
}

void ConnectedRanks::broadcast(int root, std::span<std::byte> bytes) {
  if (failure_) throw *failure_;
  if (bytes.empty()) return;
  messages_->begin_broadcast(root, bytes);
  wait();
}

std::vector<std::string> ConnectedRanks::gather(std::string_view own) {
  if (failure_) throw *failure_;
  double longest = static_cast<double>(own.size());
  reduce(Reduction::Max, {&longest, 1});
  // Each is as long as the longest, after its own length.
  const auto width = sizeof(std::uint64_t) + static_cast<std::size_t>(longest);
  std::vector<std::byte> mine(width), all(width * static_cast<std::size_t>(world_));
  const std::uint64_t length = own.size();
  std::memcpy(mine.data(), &length, sizeof length);
  if (!own.empty()) std::memcpy(mine.data() + sizeof length, own.data(), own.size());
  messages_->begin_gather(mine, all);
  wait();
  std::vector<std::string> texts;
  for (std::size_t at = 0; at < all.size(); at += width) {
    std::uint64_t size = 0;
    std::memcpy(&size, all.data() + at, sizeof size);
    texts.emplace_back(reinterpret_cast<const char*>(all.data() + at + sizeof size), size);
  }
  return texts;
}

void ConnectedRanks::batch_trained() {
  const Clock::time_point now = Clock::now();
  if (last_batch_) slowest_ = std::max<std::chrono::duration<double>>(slowest_, now - *last_batch_);
  last_batch_ = now;
}

std::string ConnectedRanks::layout(std::int64_t threads) {
  const std::vector<std::string> all = gather(std::to_string(threads));
  std::set<std::string> hosts;
  for (const Peer& peer : peers_) hosts.insert(peer.host);
  const std::set<std::string> different(all.begin(), all.end());
  const std::string each =
      different.size() == 1
          ? all.front() + (all.front() == "1" ? " thread" : " threads") + (world_ == 1 ? "" : " each")
          : fmt::format("{} threads", fmt::join(all, ", "));
  return fmt::format("{} rank{} on {} host{} with {}", world_, world_ == 1 ? "" : "s", hosts.size(),
                     hosts.size() == 1 ? "" : "s", each);
}

int ConnectedRanks::sharing_processors() {
  const std::string own = processors_of_this_process();
  const std::vector<std::string> all = gather(own);
  int count = 0;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i] == own && peers_[i].host == peers_[static_cast<std::size_t>(rank_)].host) ++count;
  return count;
}

// ---------------------------------------------------------------- waiting

/// First without pause, then so that other ranks of a small machine get the processor.
void ConnectedRanks::wait() {
  constexpr auto without_pause = std::chrono::milliseconds(2);
  constexpr auto between_looks = std::chrono::milliseconds(20);
  ++operations_;
  const Clock::time_point since = Clock::now();
  Clock::time_point next_look = since + between_looks;
  while (!messages_->all_done()) {
    const Clock::time_point now = Clock::now();
    if (now >= next_look) {
      look_around(since, now);
      next_look = now + between_looks;
    }
    if (now - since < without_pause)
      ::sched_yield();
    else
      std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  says_it_waits_ = false;
}

void ConnectedRanks::look_around(Clock::time_point since, Clock::time_point now) {
  constexpr auto normal = std::chrono::seconds(1);
  read_notes();
  if (failure_) throw *failure_;
  const bool is_asked_to_end = signal_ != nullptr && signal_->load() != 0;
  if (is_asked_to_end || now - since > normal) find_ended();
  if (last_batch_) require_progress(since, now);
}

void ConnectedRanks::read_notes() {
  while (const std::optional<MessagePassing::Note> note = messages_->receive()) {
    if (note->text.empty()) continue;
    if (note->text.front() == waiting_note) {
      ByteReader in(std::string_view(note->text).substr(1));
      peers_[static_cast<std::size_t>(note->from)].waits_in = in.number<std::int64_t>();
    } else if (!failure_ || note->from < first_failed_) {
      failure_.emplace(error_in(note->text, name_of(note->from)));
      first_failed_ = note->from;
    }
  }
}

void ConnectedRanks::find_ended() {
  const std::string& space = peers_[static_cast<std::size_t>(rank_)].space;
  std::vector<int> ended;
  for (int i = 0; i < world_; ++i) {
    Peer& peer = peers_[static_cast<std::size_t>(i)];
    if (i == rank_ || peer.has_ended || peer.space != space) continue;
    peer.has_ended = ::kill(static_cast<pid_t>(peer.process), 0) != 0 && errno == ESRCH;
    if (peer.has_ended) ended.push_back(i);
  }
  if (!ended.empty())
    lose(std::move(ended), "ended without a word: it was killed, or crashed",
         "Look for a message of the kernel about memory, or of a crash");
}

std::chrono::duration<double> ConnectedRanks::limit() const {
  constexpr int batches = 20;
  return std::max<std::chrono::duration<double>>(patience_, slowest_ * batches);
}

/// Long before the limit every rank that waits says so; at the limit, the others are those that do not.
void ConnectedRanks::require_progress(Clock::time_point since, Clock::time_point now) {
  const std::chrono::duration<double> waited = now - since;
  if (waited > limit() / 2 && !std::exchange(says_it_waits_, true)) {
    ByteWriter note;
    note.number(waiting_note);
    note.number(operations_);
    send_to_all(std::move(note).take());
  }
  if (waited < limit()) return;
  std::vector<int> missing;
  for (int i = 0; i < world_; ++i)
    if (i != rank_ && peers_[static_cast<std::size_t>(i)].waits_in != operations_) missing.push_back(i);
  lose(std::move(missing), fmt::format("made no progress for {:.0f} s", waited.count()),
       "Look for what it waits for, or give it more time with `rank_timeout`");
}

void ConnectedRanks::lose(std::vector<int> lost, const std::string& what, const std::string& cure) {
  std::vector<std::string> names;
  for (const int one : lost) {
    names.push_back(name_of(one));
    peers_[static_cast<std::size_t>(one)].has_ended = true;  // it will not report
  }
  const std::string who = names.empty() ? "the network" : fmt::format("{}", fmt::join(names, " and "));
  failure_.emplace(ErrorKind::File, Diagnosis{"KAIROS-F110", who, what, "", "", cure});
  throw *failure_;
}

// ---------------------------------------------------------------- the end

void ConnectedRanks::send_to_all(const std::string& note) {
  for (int i = 0; i < world_; ++i)
    if (i != rank_) messages_->send(i, note);
}

void ConnectedRanks::end() {
  if (failure_) throw *failure_;
  last_batch_.reset();  // writing the results of a run takes as long as it takes
  messages_->begin_barrier();
  wait();
  messages_->end();
}

void ConnectedRanks::fail(const Error& error, const std::function<void(const Error&)>& report,
                          int exit_code) {
  // Rank 0 may be in a hook, and reports when it comes back.
  const auto most = std::max<std::chrono::duration<double>>(std::chrono::seconds(20), limit());
  const bool is_own = !failure_;
  if (is_own) send_to_all(note_of(error));
  const auto reports = [&] {
    return std::none_of(peers_.begin(), peers_.begin() + rank_,
                        [](const Peer& peer) { return !peer.has_ended; });
  };
  const Clock::time_point begin = Clock::now();
  while (!reports() && Clock::now() - begin < most) {
    static_cast<void>(messages_->all_done());
    try {
      read_notes();
      find_ended();
    } catch (const Error&) {  // the ended ones are noted
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  report(error);
  messages_->abort(exit_code);
  std::_Exit(exit_code);
}

}  // namespace kairos::host
