// SPDX-License-Identifier: MIT
// Strings in HDF5 attributes, in all forms that Keras and h5py write. For hdf5_*.cpp only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/hdf5/handle.hpp"

namespace kairos::host {

enum class Hdf5Strings { Read, NotText, TooLarge, Damaged };

/// Appends the strings of a scalar or an array, of variable or fixed length. An empty array of any type,
/// which is how h5py writes an empty list, adds none. `file_size` limits what is allocated.
[[nodiscard]] Hdf5Strings read_hdf5_strings(const Hdf5Handle& attribute, std::uint64_t file_size,
                                            std::vector<std::string>& out);

/// Appends the strings of a data set of strings, whose number of values was checked.
[[nodiscard]] Hdf5Strings read_hdf5_data_strings(const Hdf5Handle& data_set, std::uint64_t file_size,
                                                 std::vector<std::string>& out);

/// A scalar of variable length in ASCII, or UTF-8 if the text requires it. False if HDF5 failed.
enum class Hdf5Charset { Ascii, Utf8 };
[[nodiscard]] bool write_hdf5_text(hid_t object, const char* name, const std::string& value,
                                   Hdf5Charset charset);

/// A list of names as Keras writes it: fixed length, padded with nulls; a float64 array of shape (0) if
/// empty; in parts `name`0, `name`1, … if it exceeds the limit of an object header. False if HDF5 failed.
[[nodiscard]] bool write_hdf5_names(hid_t object, const std::string& name,
                                    const std::vector<std::string>& values);

/// The largest attribute that fits into an object header, including HDF5's overhead.
inline constexpr std::size_t hdf5_attribute_limit = 64512;

}  // namespace kairos::host
