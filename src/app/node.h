// One running scheduler: stores, sinks, engine, recorder, API and HTTP server, built from settings in the order in which
// they need each other, and taken apart in the order in which they can be.
#pragma once

#include <memory>
#include <string>

#include "config/settings.h"
#include "definitions/definition_file.h"
#include "engine/engine.h"
#include "store/execution_store.h"

namespace schedules {

struct NodeOptions {
  bool http = true;                                 ///< false: in-process only, for the library
  std::function<void(class HandlerSink&)> prepare;  ///< before anything fires
  DefinitionFiles declared;                         ///< definitions in code, beside those of files
};

class Node {
 public:
  /// Opens everything and starts firing. Errors: what the stores, sinks and the server say.
  static Result<std::unique_ptr<Node>> start(const Settings& settings, NodeOptions options = {});
  /// As stop(0).
  ~Node();
  Node(const Node&) = delete;

  /// "http://127.0.0.1:8480"; empty without HTTP.
  [[nodiscard]] std::string address() const;
  /// Applies what is live of the new settings.
  void reload(const Settings& settings);
  /// Stops accepting, ends what is under way within `timeout`, writes what is recorded. Whether all of it ended.
  bool stop(std::chrono::milliseconds timeout);

  Events& events();
  Schedules& schedules();
  ExecutionStore& executions();
  class HandlerSink& handlers();

 private:
  struct Parts;
  explicit Node(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace schedules
