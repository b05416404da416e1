// SPDX-License-Identifier: MIT
// The messages for calls out of order.
#include "plugin/run/call_order.hpp"

#include <string>
#include <utility>

#include "kairos/host/error.hpp"

namespace kairos::host {

using namespace stages;

namespace {

struct StageWords {
  std::uint32_t stage;
  const char* where;  ///< where the loop is
  const char* leave;  ///< the call that leaves the stage, towards the end of the run
};

constexpr StageWords stages[] = {
    {Created, "before setup", "Call setup first"},
    {Ready, "after setup, before train_begin", "Call train_begin first"},
    {Training, "between epochs", "Call epoch_begin first"},
    {InEpoch, "inside an epoch, between batches", "Call train_batch_begin or epoch_end first"},
    {InBatch, "inside a training batch", "Call train_batch_end first"},
    {HasGradients, "after gradients_ready, inside a training batch", "Call train_batch_end first"},
    {Validating, "inside a validation, between batches", "Call test_batch_begin or test_end first"},
    {ValidatingBatch, "inside a batch of a validation", "Call test_batch_end first"},
    {Testing, "inside a test, between batches", "Call test_batch_begin or test_end first"},
    {TestingBatch, "inside a batch of a test", "Call test_batch_end first"},
    {Predicting, "inside a prediction, between batches", "Call predict_batch_begin or predict_end first"},
    {PredictingBatch, "inside a batch of a prediction", "Call predict_batch_end first"},
    {Trained, "after train_end", "Create new Callbacks for another training"},
    {Finished, "after finish", "Create new Callbacks for another run"},
};

const StageWords& words_of(std::uint32_t stage) {
  for (const StageWords& words : stages)
    if ((words.stage & stage) != 0) return words;
  return stages[0];
}

std::string all_of(std::uint32_t allowed) {
  std::string text;
  for (const StageWords& words : stages)
    if ((words.stage & allowed) != 0) text += (text.empty() ? "" : "; or ") + std::string(words.where);
  return text;
}

/// The call that leads from `stage` to the nearest stage in which `call` is allowed.
std::string cure_of(std::uint32_t stage, std::uint32_t allowed, std::string_view call) {
  if ((stage & (Training | inside_epoch)) != 0 && (call == "setup" || call == "load_state"))
    return "Call " + std::string(call) + " before train_begin";
  if ((stage & (InEpoch | Training)) != 0 && call == "test_batch_begin") return "Call test_begin first";
  if ((stage & (Ready | Trained)) != 0) {
    if (call.starts_with("test_")) return "Call test_begin first";
    if (call.starts_with("predict_")) return "Call predict_begin first";
    if (stage == Ready && (allowed & Ready) == 0 && call == "setup") return "Call setup once";
  }
  if (stage == InEpoch && (call == "train_batch_end" || call == "gradients_ready"))
    return "Call train_batch_begin first";
  if (stage == InEpoch && (call == "test_batch_end" || call == "test_end")) return "Call test_begin first";
  if (stage == InEpoch) return "Call epoch_end first";
  if ((stage & (Validating | Testing)) != 0 && call != "test_batch_end") return "Call test_end first";
  if ((stage & (Validating | Testing)) != 0) return "Call test_batch_begin first";
  if (stage == Predicting)
    return call == "predict_batch_end" ? "Call predict_batch_begin first" : "Call predict_end first";
  if (stage == Training && call == "train_begin") return "Call train_begin once";
  return words_of(stage).leave;
}

[[noreturn]] void misuse(const char* code, const char* call, std::string what, std::string found,
                         std::string expected, std::string cure) {
  throw Error(ErrorKind::Callback, {code, "Callbacks::" + std::string(call), std::move(what),
                                    std::move(found), std::move(expected), std::move(cure)});
}

}  // namespace

void CallOrder::refuse(std::uint32_t allowed, const char* call) const {
  if (stage_ == Finished)
    misuse("KAIROS-C036", call, "the callbacks are finished", "a call after finish", "none",
           words_of(Finished).leave);
  misuse("KAIROS-C030", call, "the call is out of order", words_of(stage_).where, all_of(allowed),
         cure_of(stage_, allowed, call));
}

void CallOrder::refuse_batch(std::int64_t last, std::int64_t batch, const char* call) {
  misuse("KAIROS-C034", call, "the batch number is not greater than the last one", std::to_string(batch),
         std::to_string(last + 1) + " or more", "Count the batches of a pass upwards from 0");
}

void CallOrder::next_epoch(std::int64_t epoch) {
  if (epoch <= last_epoch_)
    misuse("KAIROS-C033", "epoch_begin", "the epoch number is not greater than the last one",
           std::to_string(epoch), std::to_string(last_epoch_ + 1) + " or more",
           "Count the epochs of a run upwards from 0");
  last_epoch_ = epoch;
}

void require_values(const LogSource& logs, std::size_t keys, const char* call) {
  const std::size_t count = logs.count();
  if (count == LogSource::any_count || count == keys) [[likely]]
    return;
  misuse("KAIROS-C031", call, "the number of log values is wrong", std::to_string(count),
         std::to_string(keys) + ", one for each of CallbacksOptions::keys",
         "Give one value for each key, in order");
}

void require_thread(bool same, const char* call) {
  if (!same)
    misuse("KAIROS-C035", call, "the call comes from another thread", "",
           "the thread that created the callbacks", "Create and use the callbacks on the fit thread");
}

void require_validation(bool validates, const char* call) {
  if (!validates)
    misuse("KAIROS-C032", call, "the loop validates, but did not declare it", "", "",
           "Set CallbacksOptions::validates");
}

}  // namespace kairos::host
