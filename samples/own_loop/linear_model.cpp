// SPDX-License-Identifier: MIT
// Training, saving and loading of the linear model.
#include "linear_model.hpp"

#include <kairos/host/error.hpp>

#include <fstream>

using kairos::host::ErrorKind;
using kairos::host::Role;
using kairos::host::SaveContent;

float LinearModel::step(float x, float y) {
  const float error = weight_ * x + bias_ - y;
  weight_ -= rate_ * 2 * error * x;
  bias_ -= rate_ * 2 * error;
  ++steps_;
  return error * error;
}

std::span<const kairos::host::TensorRef> LinearModel::tensors(Role role) {
  if (role == Role::Weight) return weights_;
  return {};
}

std::optional<double> LinearModel::hyper(std::string_view name) const {
  if (name == "learning_rate") return rate_;
  return std::nullopt;
}

bool LinearModel::set_hyper(std::string_view name, double value) {
  if (name != "learning_rate") return false;
  rate_ = static_cast<float>(value);
  return true;
}

std::string LinearModel::save_fault(const std::filesystem::path& file, SaveContent) const {
  return file.extension() == ".txt" ? "" : "this model is saved as text; use a path that ends in .txt";
}

// Writes a temporary file and renames it, so that the file is always complete.
void LinearModel::save(const std::filesystem::path& file, SaveContent) {
  const std::filesystem::path temporary = file.string() + ".part";
  std::ofstream out(temporary);
  out << weight_ << ' ' << bias_ << '\n';
  out.close();
  if (!out) {
    throw kairos::host::Error(ErrorKind::File, {.code = "LINEAR-F001",
                                                .where = file.string(),
                                                .what = "cannot write the weights",
                                                .found = "",
                                                .expected = "",
                                                .cure = "Choose a writable directory"});
  }
  std::filesystem::rename(temporary, file);
}

void LinearModel::load_weights(const std::filesystem::path& file) {
  std::ifstream in(file);
  float weight = 0, bias = 0;
  if (!(in >> weight >> bias)) {
    throw kairos::host::Error(ErrorKind::Model,
                              {.code = "LINEAR-M001",
                               .where = file.string(),
                               .what = "the file does not contain weights of a linear model",
                               .found = "",
                               .expected = "two numbers",
                               .cure = "Name a file that this program saved"});
  }
  weight_ = weight;
  bias_ = bias;
}
