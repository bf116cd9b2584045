#include "kafka/producer.h"

#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/executor.h"
#include "base/log.h"
#include "kafka/library.h"
#include "kafka/send.h"

namespace schedules::kafka {
namespace {

using Milliseconds = std::chrono::milliseconds;
constexpr int kServeMs = 100;
constexpr size_t kMaxTopicsKept = 10'000;

/// One call's records. They stay here until the last report: the library sends values from where they are.
struct Batch {
  struct Slot {
    Batch* batch;
    size_t index;
  };
  std::vector<OutgoingRecord> records;
  std::vector<Slot> slots;
  Produced results;
  std::atomic<size_t> missing;
  ProduceDone done;

  Batch(std::vector<OutgoingRecord> given, ProduceDone given_done)
      : records(std::move(given)), results(records.size()), missing(records.size() + 1), done(std::move(given_done)) {
    slots.reserve(records.size());
    for (size_t i = 0; i < records.size(); ++i) slots.push_back({this, i});
  }
  /// The one who takes the last share reports and ends the batch.
  void finish_one() {
    if (missing.fetch_sub(1) != 1) return;
    done(std::move(results));
    delete this;
  }
};

Properties producer_properties(const ProducerOptions& options) {
  return {{"enable.idempotence", "true"},
          {"acks", "all"},
          {"linger.ms", std::to_string(options.linger.count())},
          {"message.timeout.ms", std::to_string(options.message_timeout.count())},
          {"request.timeout.ms", std::to_string(std::max<int64_t>(options.message_timeout.count() / 2, 1))},
          {"topic.metadata.propagation.max.ms", std::to_string(options.message_timeout.count() / 2)},
          {"queue.buffering.max.messages", std::to_string(options.max_queued_messages)},
          {"queue.buffering.max.kbytes", std::to_string(options.max_queued_kbytes)},
          {"message.max.bytes", std::to_string(options.max_record_bytes)},
          {"compression.codec", options.compression.empty() ? "none" : options.compression},
          {"batch.num.messages", options.one_by_one ? "1" : "10000"},
          // As the Java and Python clients choose partitions, so that a key's events meet whoever sends them.
          {"partitioner", "murmur2_random"}};
}

/// One instance of the library with the thread that takes its reports.
class Instance {
 public:
  static Result<std::unique_ptr<Instance>> open(const KafkaOptions& options, const ProducerOptions& producer) {
    auto conf = make_conf(options, producer_properties(producer));
    if (!conf) return fail(std::move(conf.error()));
    auto made = std::unique_ptr<Instance>(new Instance);
    rd_kafka_conf_set_opaque(conf->get(), made.get());
    rd_kafka_conf_set_dr_msg_cb(conf->get(), on_report);
    rd_kafka_conf_set_error_cb(conf->get(), on_error);
    auto handle = make_handle(RD_KAFKA_PRODUCER, std::move(*conf));
    if (!handle) return fail(std::move(handle.error()));
    made->handle_ = std::move(*handle);
    made->thread_ = std::thread([instance = made.get()] { instance->poll(); });
    return made;
  }
  ~Instance() {
    stop(Milliseconds(0));
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] bool broken() const { return broken_; }
  [[nodiscard]] bool idle() const { return under_way_ == 0; }

  void send(Batch& batch) {
    rd_kafka_topic_t* topic = nullptr;
    const std::string* topic_name = nullptr;
    for (size_t i = 0; i < batch.records.size(); ++i) {
      const auto& record = batch.records[i];
      if (topic_name == nullptr || *topic_name != record.topic) {
        topic = topic_of(record.topic);
        topic_name = &record.topic;
      }
      const auto error = topic == nullptr ? RD_KAFKA_RESP_ERR__INVALID_ARG : send(topic, record, batch.slots[i]);
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      if (rd_kafka_fatal_error(handle_.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR) broken_ = true;
      batch.results[i] = fail(error_of(error, "sending to " + record.topic + " failed"));
      batch.finish_one();
    }
  }

  void stop(Milliseconds grace) {
    std::unique_lock lock(mutex_);
    const auto nothing_left = [this] { return under_way_ == 0; };
    if (idle_.wait_for(lock, grace, nothing_left)) return;
    give_up();
    while (!idle_.wait_for(lock, Milliseconds(500), nothing_left)) give_up();
  }
  void give_up() { rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT); }
  void break_it() {
    rd_kafka_test_fatal_error(handle_.get(), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "a test");
  }

 private:
  Instance() = default;

  rd_kafka_topic_t* topic_of(const std::string& name) {
    const std::scoped_lock lock(topics_mutex_);
    const auto found = topics_.find(name);
    if (found != topics_.end()) return found->second.get();
    if (topics_.size() >= kMaxTopicsKept) topics_.clear();  // what is under way holds its own reference
    TopicPtr topic(rd_kafka_topic_new(handle_.get(), name.c_str(), nullptr));
    if (!topic) return nullptr;
    return topics_.emplace(name, std::move(topic)).first->second.get();
  }

  rd_kafka_resp_err_t send(rd_kafka_topic_t* topic, const OutgoingRecord& record, Batch::Slot& slot) {
    ++under_way_;
    const auto error = send_record(handle_.get(), topic, record, &slot);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return error;
    one_less();
    return error;
  }

  void one_less() {
    if (under_way_.fetch_sub(1) != 1) return;
    const std::scoped_lock lock(mutex_);
    idle_.notify_all();
  }

  void poll() {
    name_this_thread("kafka-producer");
    while (!stopping_) rd_kafka_poll(handle_.get(), kServeMs);
  }

  static void on_report(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    auto& self = *static_cast<Instance*>(opaque);
    auto& slot = *static_cast<Batch::Slot*>(message->_private);
    auto& result = slot.batch->results[slot.index];
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      result = Position{.partition = message->partition, .offset = message->offset};
    } else {
      auto error = error_of(message->err, "publishing to " + slot.batch->records[slot.index].topic + " failed");
      // Given up because the instance broke, not because we stop.
      if (error.code == Code::shutting_down && self.broken_) error.code = Code::unavailable;
      result = fail(std::move(error));
    }
    slot.batch->finish_one();
    self.one_less();
  }

  static void on_error(rd_kafka_t* handle, int error, const char* text, void* opaque) {
    auto& self = *static_cast<Instance*>(opaque);
    if (error == RD_KAFKA_RESP_ERR__FATAL) {
      std::array<char, 512> reason{};
      rd_kafka_fatal_error(handle, reason.data(), reason.size());
      log::error("kafka.producer.broken", {{"reason", reason.data()}});
      self.broken_ = true;
      rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
      return;
    }
    log::debug("kafka.producer.error", {{"error", text}});
  }

  HandlePtr handle_;
  std::mutex topics_mutex_;
  std::unordered_map<std::string, TopicPtr> topics_;  ///< guarded by topics_mutex_; ends before handle_
  std::atomic<size_t> under_way_{0};
  std::atomic<bool> broken_{false};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable idle_;
  std::thread thread_;
};

}  // namespace

struct Producer::Impl {
  KafkaOptions options;
  ProducerOptions producer;
  std::mutex mutex;
  std::shared_ptr<Instance> current;             ///< guarded by mutex
  std::list<std::shared_ptr<Instance>> retired;  ///< guarded by mutex; until they are idle
  std::unique_ptr<Executor> undertaker;          ///< guarded by mutex; ends instances, which may take a while

  Result<std::shared_ptr<Instance>> working() {
    const std::scoped_lock lock(mutex);
    std::list<std::shared_ptr<Instance>> ended;
    for (auto one = retired.begin(); one != retired.end();) {
      const auto next = std::next(one);
      if ((*one)->idle() && one->use_count() == 1) ended.splice(ended.end(), retired, one);
      one = next;
    }
    if (!ended.empty()) {
      if (!undertaker) undertaker = thread_executor("kafka-end");
      undertaker->post([ended = std::move(ended)]() mutable { ended.clear(); });
    }
    if (!current->broken()) return current;
    auto fresh = Instance::open(options, producer);
    if (!fresh) return fail(std::move(fresh.error()));
    retired.push_back(std::exchange(current, std::shared_ptr<Instance>(std::move(*fresh))));
    log::warn("kafka.producer.renewed");
    return current;
  }
};

Producer::Producer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Producer::~Producer() { stop(Milliseconds(0)); }

Result<std::unique_ptr<Producer>> Producer::open(const KafkaOptions& options, const ProducerOptions& producer) {
  auto instance = Instance::open(options, producer);
  if (!instance) return fail(std::move(instance.error()));
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->producer = producer;
  impl->current = std::move(*instance);
  return std::unique_ptr<Producer>(new Producer(std::move(impl)));
}

void Producer::produce(std::vector<OutgoingRecord> records, ProduceDone done) {
  auto instance = impl_->working();
  if (!instance) {
    Produced results;
    for (size_t i = 0; i < records.size(); ++i) results.emplace_back(fail(instance.error()));
    return done(std::move(results));
  }
  auto* batch = new Batch(std::move(records), std::move(done));  // owns itself until its last report
  (*instance)->send(*batch);
  batch->finish_one();
}

void Producer::stop(Milliseconds grace) {
  std::shared_ptr<Instance> working;
  std::list<std::shared_ptr<Instance>> broken;
  {
    const std::scoped_lock lock(impl_->mutex);
    working = impl_->current;
    broken = impl_->retired;
  }
  working->stop(grace);
  for (auto& one : broken) one->stop(Milliseconds(0));
}

void Producer::break_instance() {
  const std::scoped_lock lock(impl_->mutex);
  impl_->current->break_it();
}

}  // namespace schedules::kafka
