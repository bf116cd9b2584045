// A MongoDB, asked from a few threads of its own: the driver blocks. Work that is given the same order key is done in the
// order of the calls. A server that is away makes calls fail soon, and is found again without help. Thread-safe.
//
//   client.call<bool>(id, [id](Connection& mongo) -> Result<bool> { … }, std::move(done));
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "mongo/connection.h"
#include "mongo/url.h"
#include "time/clock.h"

namespace schedules::mongo {

struct Options {
  std::chrono::milliseconds connect_timeout{2'000};
  std::chrono::milliseconds selection_timeout{2'000};  ///< how long a call waits for a primary
  std::chrono::milliseconds socket_timeout{5'000};     ///< of one message there or back
  std::chrono::milliseconds heartbeat{1'000};  ///< how often servers are looked at; the URL may say others of these
  size_t lanes = 4;                            ///< threads
  size_t most_waiting = 2'000;                 ///< calls; one more is answered overloaded
  std::string app_name = "stufio-schedules";
};

class Client {
 public:
  /// Never asks the server. The clock must outlive it.
  static std::unique_ptr<Client> open(Url url, Options options, const Clock& clock);
  /// Calls that wait answer shutting_down; those that run are waited for.
  virtual ~Client() = default;

  /// `work` is Result<T>(Connection&) and runs once, or not at all. Answers on a thread of the client's, or, overloaded
  /// and shutting_down, in the caller. Errors of its own: unavailable (nothing was done), overloaded, shutting_down.
  /// An empty key: beside any other.
  template <class T, class Work>
  void call(std::string_view key, Work work, Done<T> done) {
    run(key, [work = std::move(work), done = std::move(done)](Result<Connection*> connection) mutable {
      if (!connection) return done(fail(std::move(connection.error())));
      done(work(**connection));
    });
  }
  /// On a thread that nothing but such calls use: for health, and for what takes long.
  template <class T, class Work>
  void call_aside(Work work, Done<T> done) {
    run_aside([work = std::move(work), done = std::move(done)](Result<Connection*> connection) mutable {
      if (!connection) return done(fail(std::move(connection.error())));
      done(work(**connection));
    });
  }
  /// Whether a primary answers. Says it from a thread of its own, however busy the others are.
  virtual void probe(Done<void> done) = 0;

  [[nodiscard]] virtual const Url& url() const = 0;

 protected:
  using Call = std::move_only_function<void(Result<Connection*>)>;
  virtual void run(std::string_view key, Call call) = 0;
  virtual void run_aside(Call call) = 0;
};

}  // namespace schedules::mongo
