// SPDX-License-Identifier: MIT
// Names instances in the order of their specs.
#include "plugin/options/instance_names.hpp"

#include <set>

#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

std::string instance_name(const PluginSpec& spec, const CallbackManifest& callback,
                          const std::set<std::string>& taken) {
  if (!spec.instance.empty()) {
    if (taken.contains(spec.instance))
      throw Error(ErrorKind::Plugin,
                  {"KAIROS-O030", spec.target, "two instances have the name \"" + spec.instance + "\"", "",
                   "", "Give one of them another name after the @"});
    return spec.instance;
  }
  const std::string base(callback.short_name());
  std::string name = base;
  for (int n = 2; taken.contains(name); ++n) name = base + "_" + std::to_string(n);
  return name;
}

}  // namespace

std::vector<std::string> instance_names(std::span<const PluginSpec> specs,
                                        std::span<const CallbackManifest* const> callbacks) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    names.push_back(instance_name(specs[i], *callbacks[i], taken));
    taken.insert(names.back());
  }
  return names;
}

}  // namespace kairos::host
