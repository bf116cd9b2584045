// The command line: a mode, then --name value pairs. Each mode says which it reads; an unknown one is an error.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

namespace schedules::load {

class Options {
 public:
  Options(int argc, char** argv) {
    for (int i = 2; i < argc; i += 2) {
      const std::string name = argv[i];
      if (!name.starts_with("--") || i + 1 == argc) bad(name);
      given_[name.substr(2)] = argv[i + 1];
    }
  }

  std::string text(const std::string& name, std::string fallback) {
    const auto found = given_.extract(name);
    return found.empty() ? std::move(fallback) : found.mapped();
  }
  int64_t number(const std::string& name, int64_t fallback) {
    const auto found = given_.extract(name);
    return found.empty() ? fallback : std::atoll(found.mapped().c_str());
  }
  double real(const std::string& name, double fallback) {
    const auto found = given_.extract(name);
    return found.empty() ? fallback : std::atof(found.mapped().c_str());
  }
  /// After the mode has read its own: whatever is left was mistyped.
  void done() const {
    if (!given_.empty()) bad("--" + given_.begin()->first);
  }

 private:
  [[noreturn]] static void bad(const std::string& name) {
    std::fprintf(stderr, "schedules_load: %s is not understood here\n", name.c_str());
    std::exit(2);
  }
  std::map<std::string, std::string> given_;
};

}  // namespace schedules::load
