// SPDX-License-Identifier: MIT
// Every rank reads the same command line and the same files; only rank 0 has results.
#include "cli/distributed.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>
#include <vector>

#include "base/hash64.hpp"
#include "base/input_file.hpp"
#include "cli/command.hpp"
#include "cli/exit_codes.hpp"
#include "cli/failures.hpp"
#include "cli/field_flags.hpp"
#include "compute/parallel.hpp"
#include "compute/processor.hpp"
#include "dist/start.hpp"
#include "kairos/host/error.hpp"
#include "kairos/host/version.hpp"
#include "train/fit_facts.hpp"

namespace kairos::host::cli {

namespace {

/// A record of a run has the defaults too, in other words: compared are numbers.
void refuse_settings_of_ranks(const Settings& settings) {
  constexpr double default_timeout = 60;
  const auto refuse = [&](const char* key) {
    throw Error(ErrorKind::Usage,
                {"KAIROS-U111", flag_of(key), "it applies to several ranks, and the run has one process",
                 settings.text(key), "", "Add --distributed, or leave it out"});
  };
  if (settings.integer("global_batch_size") != 0) refuse("global_batch_size");
  if (settings.number("rank_timeout") != default_timeout) refuse("rank_timeout");
  // Of a record it stays: a single process does the same anyway.
  if (settings.is_on("sync_batch_norm") && settings.is_flagged("sync_batch_norm")) refuse("sync_batch_norm");
}

/// The rest of the text is that of one process.
void report(const Error& failure) {
  std::fflush(stdout);
  const Error error = explained(failure);
  std::fprintf(stderr, "%s\n", with_flags(error.diagnosis()).text().c_str());
  std::fflush(stderr);
}

Error on_rank(const Error& error, const std::string& name) {
  Diagnosis diagnosis = error.diagnosis();
  diagnosis.where = name + (diagnosis.where.empty() ? "" : ": ") + diagnosis.where;
  return {error.kind(), diagnosis};
}

}  // namespace

bool another_rank_reports(std::span<const std::string> arguments) {
  if (std::ranges::find(arguments, "--distributed") == arguments.end()) return false;
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"})
    if (const char* const rank = std::getenv(name); rank != nullptr) return std::atoi(rank) != 0;
  return false;
}

DistributedFit::DistributedFit(const Settings& settings) {
  if (!settings.is_on("distributed")) {
    refuse_settings_of_ranks(settings);
    if (processes_started() > 1)
      console_messages()(Level::Warning, "",
                         fmt::format("{} processes were started, and each trains alone; --distributed makes "
                                     "them the ranks of one run",
                                     processes_started()));
    return;
  }
  ranks_ = std::make_unique<ConnectedRanks>(start_message_passing(),
                                            std::chrono::duration<double>(settings.number("rank_timeout")));
  if (ranks_->rank() == 0) return;
  scratch_ =
      std::filesystem::temp_directory_path() / fmt::format("kairos-rank{}-{}", ranks_->rank(), ::getpid());
}

DistributedFit::~DistributedFit() {
  std::error_code ignored;
  if (!scratch_.empty()) std::filesystem::remove_all(scratch_, ignored);
}

int DistributedFit::run(const std::function<int()>& fit) {
  if (!ranks_) return fit();
  try {
    const int code = fit();
    ranks_->end();
    return code;
  } catch (const Error& error) {
    end_all(error);
  } catch (const std::exception& failure) {
    end_all(error_of(failure, "KAIROS-I003"));
  }
}

void DistributedFit::end_all(const Error& error) {
  std::error_code ignored;
  if (!scratch_.empty()) std::filesystem::remove_all(scratch_, ignored);
  const Error named = ranks_->is_own(error) ? on_rank(error, ranks_->name_of(ranks_->rank())) : error;
  ranks_->fail(named, report, exit_code(error.kind()));
}

void DistributedFit::compare(const Settings& settings, const Catalog& catalog,
                             std::span<const PluginSpec> plugins) {
  if (!ranks_) return;
  FitFacts facts{{"the version of kairos", KAIROS_HOST_VERSION},
                 {"the instruction set of the processor", this_processor().vectors}};
  const auto document = nlohmann::json::parse(settings.json());
  for (const auto& [key, value] : document.items())
    if (key != "plugin_dir") facts.emplace_back(flag_of(key), value.dump());
  for (const PluginSpec& spec : plugins) {
    const Catalog::Match match = catalog.find(spec);
    facts.emplace_back("the plugin " + match.callback->id,
                       fmt::format("version {}, a file with the hash {:016x}", match.plugin->manifest.version,
                                   hash64(read_file(match.plugin->file))));
  }
  require_same_on_ranks(*ranks_, facts);
}

void DistributedFit::prepare(const Settings& settings, FitOptions& options) {
  if (!ranks_) return;
  const std::int64_t world = ranks_->world();
  if (const int sharing = ranks_->sharing_processors();
      sharing > 1 && std::getenv("OMP_NUM_THREADS") == nullptr)
    set_parallel_threads(std::max<std::int64_t>(1, parallel_threads() / sharing));
  const std::int64_t whole = settings.integer("global_batch_size");
  if (whole > 0 && settings.is_flagged("batch_size") && is_root())
    options.messages(
        Level::Warning, "",
        fmt::format("--batch-size {} is not used: --global-batch-size {} gives the batch of all ranks",
                    settings.text("batch_size"), whole));
  options.batch_size = whole > 0 ? whole : options.batch_size * world;
  options.validation_batch_size *= world;
  if (world > 1) options.ranks = ranks_.get();
  layout_ = ranks_->layout(parallel_threads()) + fmt::format(", batches of {} samples", options.batch_size);
  if (is_root()) return;
  options.messages = [inner = std::move(options.messages), rank = ranks_->rank()](
                         Level level, std::string_view author, std::string_view text) {
    if (author.empty() && level != Level::Error) return;
    inner(level, author, fmt::format("{} (rank {})", text, rank));
  };
}

void DistributedFit::leave_outputs_to_root(Settings& settings, FitOptions& options) const {
  if (is_root()) return;
  for (const char* key : {"save_model", "save_weights", "history", "run_dir"}) settings.leave_out(key);
  options.run_directory = scratch_;
  options.checkpoints = nullptr;
}

}  // namespace kairos::host::cli
