// SPDX-License-Identifier: MIT
// Signatures as of Keras 3.15.
#include "nn/keras/call_signature.hpp"

#include <algorithm>

namespace kairos::host {

namespace {

bool holds(const std::vector<std::string_view>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

struct Entry {
  std::string_view class_name;
  CallSignature signature;
};

std::vector<Entry> make_entries() {
  const CallSignature masked{{"inputs"}, 1, {"mask"}, {}};
  const CallSignature recurrent{{"sequences", "initial_state", "mask"}, 1, {"initial_state", "mask"}, {}};
  const CallSignature attention{
      {"inputs", "mask"}, 1, {"mask"}, {"return_attention_scores", "use_causal_mask"}};
  const CallSignature multi_head{
      {"query", "value", "key", "query_mask", "value_mask", "key_mask", "attention_mask"},
      3,
      {"attention_mask", "key_mask", "query_mask", "value_mask"},
      {"return_attention_scores", "use_causal_mask"}};
  std::vector<Entry> entries{
      {"Attention", attention}, {"AdditiveAttention", attention}, {"MultiHeadAttention", multi_head}};
  for (const char* const name :
       {"SimpleRNN", "LSTM", "GRU", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"})
    entries.push_back({name, recurrent});
  for (const char* const name : {"TimeDistributed", "BatchNormalization", "GlobalAveragePooling1D"})
    entries.push_back({name, masked});
  entries.push_back({"", masked});  // a model
  return entries;
}

}  // namespace

bool CallSignature::takes_tensor(std::string_view name) const {
  return holds(tensors, name);
}

bool CallSignature::takes_flag(std::string_view name) const {
  return holds(flags, name);
}

const CallSignature& call_signature(std::string_view class_name, bool is_model) {
  static const std::vector<Entry> entries = make_entries();
  static const CallSignature plain;
  for (const Entry& entry : entries)
    if (entry.class_name == (is_model ? "" : class_name)) return entry.signature;
  return plain;
}

int masked_input(std::string_view argument, std::size_t element) {
  if (argument == "mask") return static_cast<int>(element);
  if (argument == "query_mask") return 0;
  if (argument == "value_mask") return 1;
  return argument == "key_mask" ? 2 : -1;
}

}  // namespace kairos::host
