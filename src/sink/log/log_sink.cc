#include "sink/log/log_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <optional>
#include <system_error>

#include "base/executor.h"
#include "model/envelope.h"
#include "sink/headers_json.h"

namespace schedules {
namespace {

std::string reason_of(int error) { return std::generic_category().message(error); }

void append_line(std::string& out, const Delivery& delivery) {
  out += R"({"topic":)";
  append_json_string(out, delivery.event.topic);
  out += R"(,"headers":)";
  append_headers_json(out, fired_headers(delivery.event, delivery.fired_at));
  out += R"(,"message":)";
  const size_t start = out.size();
  out += fired_message(delivery.event, delivery.fired_at, delivery.correlation);
  // A line break in the body can only stand between JSON's tokens.
  std::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  out += "}\n";
}

/// An open file to append to. Not thread-safe.
class Output {
 public:
  static Result<Output> open(const std::string& path) {
    if (path.empty() || path == "-") return Output(STDOUT_FILENO);
    const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) return fail(Code::io_error, "opening {} failed: {}", path, reason_of(errno));
    return Output(fd);
  }
  Output(Output&& other) noexcept : fd_(std::exchange(other.fd_, -1)), is_file_(other.is_file_) {}
  Output& operator=(Output&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(is_file_, other.is_file_);
    return *this;
  }
  ~Output() {
    if (fd_ > STDERR_FILENO) ::close(fd_);
  }

  /// All or, in a file, nothing. Answers the offset of the first byte, where there is such a thing.
  Result<std::optional<uint64_t>> write(std::string_view bytes, bool sync) {
    const off_t start = is_file_ ? lseek(fd_, 0, SEEK_END) : -1;
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return undo(start, errno);
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    if (sync && is_file_ && fdatasync(fd_) != 0) return undo(start, errno);
    if (start < 0) return std::optional<uint64_t>();
    return static_cast<uint64_t>(start);
  }

 private:
  explicit Output(int fd) : fd_(fd) {
    struct stat about{};
    is_file_ = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
  }

  tl::unexpected<Error> undo(off_t start, int error) {
    const bool undone = start < 0 || ftruncate(fd_, start) == 0;
    return fail(error == ENOSPC || error == EDQUOT ? Code::disk_full : Code::io_error, "writing failed: {}{}",
                reason_of(error), undone ? "" : "; the batch may be there in part");
  }

  int fd_;
  bool is_file_ = false;
};

}  // namespace

struct LogSink::Impl {
  LogOptions options;
  std::mutex mutex;
  Output output;                                                   ///< guarded by mutex
  std::unique_ptr<Executor> thread = thread_executor("log-sink");  ///< last, so that it ends first

  Impl(LogOptions given, Output opened) : options(std::move(given)), output(std::move(opened)) {}

  Reports write(const std::vector<Delivery>& deliveries) {
    std::string bytes;
    std::vector<size_t> starts;
    starts.reserve(deliveries.size());
    for (const auto& delivery : deliveries) {
      starts.push_back(bytes.size());
      append_line(bytes, delivery);
    }
    const std::scoped_lock lock(mutex);
    const auto start = output.write(bytes, options.sync);
    if (!start) {
      return Reports(deliveries.size(), DeliveryReport{.verdict = Verdict::retry, .error = start.error().detail});
    }
    Reports reports(deliveries.size());
    for (size_t i = 0; *start && i < reports.size(); ++i) reports[i].position = std::to_string(**start + starts[i]);
    return reports;
  }
};

Result<std::unique_ptr<LogSink>> LogSink::open(LogOptions options) {
  auto output = Output::open(options.path);
  if (!output) return fail(std::move(output.error()));
  return std::unique_ptr<LogSink>(new LogSink(std::make_unique<Impl>(std::move(options), std::move(*output))));
}

LogSink::LogSink(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LogSink::~LogSink() = default;

size_t LogSink::batch_limit() const { return impl_->options.batch_limit; }
std::string LogSink::lane_of(const Event& /*event*/) const { return "log"; }

void LogSink::publish(std::vector<Delivery> deliveries, Published done) {
  impl_->thread->post([impl = impl_.get(), deliveries = std::move(deliveries), done = std::move(done)]() mutable {
    done(impl->write(deliveries));
  });
}

Status LogSink::reopen() {
  auto output = Output::open(impl_->options.path);
  if (!output) return fail(std::move(output.error()));
  const std::scoped_lock lock(impl_->mutex);
  impl_->output = std::move(*output);
  return {};
}

}  // namespace schedules
