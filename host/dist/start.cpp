// SPDX-License-Identifier: MIT
// The shared object stays loaded: MPI can be begun once in a process.
#include "dist/start.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "kairos/host/error.hpp"
#include "kairos/host/version.hpp"

namespace kairos::host {

namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& found, const std::string& cure) {
  throw Error(ErrorKind::Usage, {"KAIROS-U110", "`distributed`", what, found, "", cure});
}

std::filesystem::path find_file() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  std::filesystem::path file = program.parent_path().parent_path() / "lib" / "kairos" / mpi_file;
  if (std::filesystem::exists(file, error)) return file;
  refuse("this program was built without MPI", "no " + file.string(),
         "Install libopenmpi-dev and openmpi-bin, and build Kairos again");
}

}  // namespace

std::unique_ptr<MessagePassing> start_message_passing() {
  const std::filesystem::path file = find_file();
  // The parts of MPI that are loaded later look for the symbols of the first.
  void* const handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (handle == nullptr)
    refuse("MPI cannot be loaded", ::dlerror(), "Install the package openmpi-bin, which brings libopenmpi3");
  const auto make = reinterpret_cast<MakeMessagePassing>(::dlsym(handle, make_message_passing_name));
  MessagePassing* const made = make == nullptr ? nullptr : make(KAIROS_HOST_VERSION);
  if (made == nullptr)
    refuse("the file with MPI is of another release", file.string(), "Install Kairos " KAIROS_HOST_VERSION);
  return std::unique_ptr<MessagePassing>(made);
}

int processes_started() {
  int most = 1;
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})
    if (const char* const text = std::getenv(name); text != nullptr) most = std::max(most, std::atoi(text));
  return most;
}

}  // namespace kairos::host
