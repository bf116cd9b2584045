#include "tests/support/faulty_file_system.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>

namespace schedules::testing {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

struct FaultyFileSystem::State {
  struct Length {
    uint64_t written = 0;
    uint64_t synced = 0;
  };

  std::mutex mutex;
  std::condition_variable released;
  Fault fault = Fault::none;
  size_t writes_left = SIZE_MAX;
  Fault next_fault = Fault::none;
  bool held = false;
  std::map<std::string, Length> files;

  IOStatus before_write() {
    const std::scoped_lock lock(mutex);
    if (writes_left != SIZE_MAX && writes_left-- == 0) {
      fault = next_fault;
      writes_left = SIZE_MAX;
    }
    switch (fault) {
      case Fault::no_space:
        return IOStatus::NoSpace("injected");
      case Fault::io_error:
      case Fault::dead:
        return IOStatus::IOError("injected");
      default:
        return IOStatus::OK();
    }
  }

  IOStatus before_sync() {
    std::unique_lock lock(mutex);
    released.wait(lock, [this] { return !held; });
    return fault == Fault::none ? IOStatus::OK() : IOStatus::IOError("injected sync");
  }
};

namespace {

using State = FaultyFileSystem::State;

class FaultyFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, std::string path, std::shared_ptr<State> state)
      : FSWritableFileOwnerWrapper(std::move(file)), path_(std::move(path)), state_(std::move(state)) {}

  using FSWritableFileOwnerWrapper::Append;
  IOStatus Append(const rocksdb::Slice& bytes, const IOOptions& options, IODebugContext* context) override {
    auto status = state_->before_write();
    if (status.ok()) status = target()->Append(bytes, options, context);
    if (status.ok()) grow(bytes.size());
    return status;
  }
  IOStatus Append(const rocksdb::Slice& bytes, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& /*verification*/, IODebugContext* context) override {
    return Append(bytes, options, context);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
    auto status = state_->before_sync();
    if (status.ok()) status = target()->Sync(options, context);
    if (status.ok()) note_synced();
    return status;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* context) override { return Sync(options, context); }

 private:
  void grow(size_t by) {
    const std::scoped_lock lock(state_->mutex);
    state_->files[path_].written += by;
  }
  void note_synced() {
    const std::scoped_lock lock(state_->mutex);
    auto& length = state_->files[path_];
    length.synced = length.written;
  }

  const std::string path_;
  const std::shared_ptr<State> state_;
};

class Files final : public rocksdb::FileSystemWrapper {
 public:
  explicit Files(std::shared_ptr<State> state)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), state_(std::move(state)) {}
  [[nodiscard]] const char* Name() const override { return "FaultyFileSystem"; }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* context) override {
    auto status = state_->before_write();
    if (status.ok()) status = target()->NewWritableFile(path, options, file, context);
    if (!status.ok()) return status;
    {
      const std::scoped_lock lock(state_->mutex);
      state_->files[path] = {};
    }
    *file = std::make_unique<FaultyFile>(std::move(*file), path, state_);
    return status;
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* context) override {
    auto status = state_->before_write();
    if (status.ok()) status = target()->RenameFile(from, to, options, context);
    if (!status.ok()) return status;
    const std::scoped_lock lock(state_->mutex);
    if (auto node = state_->files.extract(from)) {
      state_->files.erase(to);
      node.key() = to;
      state_->files.insert(std::move(node));
    }
    return status;
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions& options, IODebugContext* context) override {
    {
      const std::scoped_lock lock(state_->mutex);
      if (state_->fault == FaultyFileSystem::Fault::dead) return IOStatus::IOError("injected");
      state_->files.erase(path);
    }
    return target()->DeleteFile(path, options, context);
  }

 private:
  const std::shared_ptr<State> state_;
};

}  // namespace

FaultyFileSystem::FaultyFileSystem()
    : state_(std::make_shared<State>()), env_(rocksdb::NewCompositeEnv(std::make_shared<Files>(state_))) {}

FaultyFileSystem::~FaultyFileSystem() = default;

rocksdb::Env* FaultyFileSystem::env() const { return env_.get(); }

void FaultyFileSystem::set(Fault fault) {
  const std::scoped_lock lock(state_->mutex);
  state_->fault = fault;
  state_->writes_left = SIZE_MAX;
}

void FaultyFileSystem::set_after(size_t writes, Fault fault) {
  const std::scoped_lock lock(state_->mutex);
  state_->writes_left = writes;
  state_->next_fault = fault;
}

void FaultyFileSystem::hold_syncs() {
  const std::scoped_lock lock(state_->mutex);
  state_->held = true;
}

void FaultyFileSystem::release_syncs() {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->held = false;
  }
  state_->released.notify_all();
}

void FaultyFileSystem::lose_unsynced(size_t torn_bytes) {
  const std::scoped_lock lock(state_->mutex);
  for (const auto& [path, length] : state_->files) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) continue;
    const uint64_t kept = std::min(length.written, length.synced + torn_bytes);
    if (std::filesystem::file_size(path, ignored) > kept) std::filesystem::resize_file(path, kept, ignored);
  }
  state_->files.clear();
  state_->fault = Fault::none;
  state_->writes_left = SIZE_MAX;
}

}  // namespace schedules::testing
