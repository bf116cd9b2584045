// A Redis, alone, behind Sentinels or as a Cluster: a command goes to the node that has its key, pipelined with all others
// on one connection to each node, and answers by completion. Nodes that are away make calls fail at once; they are
// found again without help, and so is a new primary.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "redis/reply.h"
#include "redis/url.h"
#include "time/clock.h"

namespace schedules::redis {

struct Options {
  std::chrono::milliseconds connect_timeout{2'000};
  std::chrono::milliseconds timeout{5'000};  ///< of one call, waiting for the connection included
  size_t max_under_way = 65'536;             ///< calls beyond this are refused: overloaded
  std::string ca_file;                       ///< PEM; empty: the system's
  std::string client_name = "stufio-schedules";
};

/// A Lua script and its SHA-1, by which it is called; the client sends the text to a node that does not know it.
class Script {
 public:
  explicit Script(std::string text);
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::string& sha() const { return sha_; }

 private:
  std::string text_;
  std::string sha_;
};

/// Commands written as one piece to one node, in order, nothing of ours between them (so WAIT belongs to what stands
/// before it). The first one's answer that is an error is the batch's; the others are still carried out.
struct Batch {
  std::string key;                                 ///< decides the node; empty: any primary
  std::vector<std::vector<std::string>> commands;  ///< words of each
};

struct Call {
  const Script* script = nullptr;  ///< outlives the client
  std::vector<std::string> keys;   ///< at least one; all in one slot
  std::vector<std::string> arguments;
  uint32_t wait_replicas = 0;  ///< after it, WAIT for so many; fewer: unavailable (it was done all the same)
};

/// One primary, as it was when it last answered.
struct Node {
  Address address;
  std::string run_id;   ///< changes with every restart
  std::string version;  ///< redis_version
  std::string replication_id;
  std::string maxmemory_policy;
};

/// Thread-safe. Errors of calls: unavailable (away, too slow, loading, failing over: what was sent may have been done or
/// not), overloaded (not sent), shutting_down, io_error (Redis refused it: the detail has its words), and the code that a
/// script names by an error reply which begins with it in capitals: STALE_EPOCH, CONFLICT. OOM is disk_full.
class Client {
 public:
  /// Never waits for the server. The clock must outlive the client. Errors: io_error, for a ca_file that cannot be read.
  static Result<std::unique_ptr<Client>> open(Url url, Options options, const Clock& clock);
  /// What is under way answers shutting_down.
  virtual ~Client() = default;

  /// Answers once, on the client's one thread, which must not be held up.
  virtual void run(Batch batch, Done<std::vector<Reply>> done) = 0;
  virtual void call(Call call, Done<Reply> done) = 0;
  /// Every primary; unavailable where one cannot be reached.
  virtual void nodes(Done<std::vector<Node>> done) = 0;

  /// Messages of the channel, on the client's thread; `gap` each time that some may have been missed (a new
  /// connection). Until the client ends. In a Cluster a plain (not sharded) channel, on any node.
  virtual void subscribe(std::string channel, std::function<void(std::string_view)> message,
                         std::function<void()> gap) = 0;

  [[nodiscard]] virtual const Url& url() const = 0;
};

/// The Cluster's slot of a key: CRC16 of its hash tag, else of all of it, mod 16384.
uint16_t slot_of(std::string_view key);

}  // namespace schedules::redis
