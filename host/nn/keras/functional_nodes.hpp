// SPDX-License-Identifier: MIT
// Reads how the layers of a Functional model are connected in the JSON of Keras 2 and 3.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "nn/architecture.hpp"
#include "nn/keras/call_signature.hpp"

namespace kairos::host {

/// Reads "inbound_nodes" after all layers are known, because layers may refer to later ones.
class FunctionalNodes {
 public:
  /// To be called for each layer of the model, in order. Borrows `calls`.
  void add(const ArchitectureLayer& layer, const std::string& name, const nlohmann::json& calls,
           const std::string& where);

  /// Fills calls, inputs and outputs, and orders the layers as Keras does. Throws Error(Model) for invalid
  /// references, cycles and unsupported call arguments.
  void connect(Architecture& model, const nlohmann::json& inputs, const nlohmann::json& outputs,
               const std::string& origin) const;

 private:
  struct Entry {
    std::string name;
    const nlohmann::json* calls;
    std::string where;
    bool is_operation;
    const CallSignature* signature;
  };

  [[nodiscard]] ValueSource find(const nlohmann::json& reference, const std::string& where) const;
  [[nodiscard]] ValueGroup read_group(const nlohmann::json& json, const std::string& where) const;
  [[nodiscard]] LayerCall read_call(const nlohmann::json& json, const Entry& entry) const;
  [[nodiscard]] LayerCall read_operation_call(const nlohmann::json& json, const Entry& entry) const;
  [[nodiscard]] LayerCall read_keras3_call(const nlohmann::json& json, const Entry& entry) const;
  [[nodiscard]] LayerCall read_keras2_call(const nlohmann::json& json, const Entry& entry) const;
  void take_inputs(nlohmann::json& arguments, const Entry& entry, LayerCall& call) const;
  void read_arguments(const nlohmann::json& arguments, const Entry& entry, LayerCall& call) const;
  void read_tensors(const std::string& name, const nlohmann::json& value, const std::string& where,
                    LayerCall& call) const;
  void read_inputs(Architecture& model, const nlohmann::json& json, const std::string& origin) const;
  void check_calls(const Architecture& model, const ValueGroup& group, const std::string& where) const;

  std::vector<Entry> entries_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

}  // namespace kairos::host
