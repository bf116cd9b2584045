#include "kafka/transactions.h"

#include <unordered_map>

#include "base/log.h"
#include "kafka/send.h"

namespace schedules::kafka {
namespace {

Properties properties_for(const TransactionOptions& options) {
  return {{"transactional.id", options.id},
          {"transaction.timeout.ms", std::to_string(options.transaction_timeout.count())},
          {"enable.idempotence", "true"},
          {"acks", "all"},
          {"linger.ms", "0.5"},
          {"message.timeout.ms", std::to_string(options.timeout.count())},
          {"socket.timeout.ms", std::to_string(options.timeout.count())},
          {"request.timeout.ms", std::to_string(std::max<int64_t>(options.timeout.count() / 2, 1))},
          {"message.max.bytes", std::to_string(options.max_record_bytes)},
          {"partitioner", "murmur2_random"}};
}

bool is_fenced(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR__FENCED || error == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH ||
         error == RD_KAFKA_RESP_ERR_PRODUCER_FENCED;
}

}  // namespace

struct TransactionalProducer::Impl {
  TransactionOptions options;
  HandlePtr handle;
  std::unordered_map<std::string, TopicPtr> topics;  ///< ends before the handle
  bool usable = true;

  /// Where reports of the transaction that is under way go.
  struct Slot {
    Result<Position>* result;
    const OutgoingRecord* record;
  };

  [[nodiscard]] int wait_ms() const { return static_cast<int>(options.timeout.count()); }
  rd_kafka_topic_t* topic_of(const std::string& name);
  void send(const std::vector<OutgoingRecord>& records, std::vector<Slot>& slots, Transaction& transaction);
  void abort(Transaction& transaction);
  /// Waits for the reports: they refer to the records. Each comes within the time-out.
  void drain() {
    while (rd_kafka_outq_len(handle.get()) > 0) rd_kafka_poll(handle.get(), 10);
  }
  Transaction& ended(Transaction& transaction, const ErrorPtr& error, std::string_view what);
  [[nodiscard]] bool broken() const {
    return rd_kafka_fatal_error(handle.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
  }
};

rd_kafka_topic_t* TransactionalProducer::Impl::topic_of(const std::string& name) {
  const auto found = topics.find(name);
  if (found != topics.end()) return found->second.get();
  TopicPtr topic(rd_kafka_topic_new(handle.get(), name.c_str(), nullptr));
  if (!topic) return nullptr;
  return topics.emplace(name, std::move(topic)).first->second.get();
}

void TransactionalProducer::Impl::send(const std::vector<OutgoingRecord>& records, std::vector<Slot>& slots,
                                       Transaction& transaction) {
  for (size_t i = 0; i < records.size(); ++i) {
    auto* topic = topic_of(records[i].topic);
    auto error = RD_KAFKA_RESP_ERR__INVALID_ARG;
    if (topic != nullptr) error = send_record(handle.get(), topic, records[i], &slots[i]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    transaction.records[i] = fail(error_of(error, "sending to " + records[i].topic + " failed"));
  }
}

// Afterwards another producer is to be opened: the library's own going on (a new epoch for the same id) does not agree with
// brokers of version 4, which then see numbers missing.
void TransactionalProducer::Impl::abort(Transaction& transaction) {
  transaction.end = Transaction::End::aborted;
  usable = false;
  rd_kafka_purge(handle.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  const ErrorPtr error(rd_kafka_abort_transaction(handle.get(), wait_ms()));
  if (!error) return;
  log::warn("kafka.abort_failed", {{"id", options.id}, {"error", rd_kafka_error_string(error.get())}});
  if (is_fenced(rd_kafka_error_code(error.get()))) transaction.end = Transaction::End::fenced;
}

// What an error of the library says about the transaction.
Transaction& TransactionalProducer::Impl::ended(Transaction& transaction, const ErrorPtr& error,
                                                std::string_view what) {
  const auto code = rd_kafka_error_code(error.get());
  transaction.error = error_of(code, what);
  transaction.error.detail += fmt::format(": {}", rd_kafka_error_string(error.get()));
  if (is_fenced(code)) {
    usable = false;
    transaction.end = Transaction::End::fenced;
    transaction.error.code = Code::stale_epoch;
  } else if (rd_kafka_error_txn_requires_abort(error.get()) != 0) {
    abort(transaction);
  } else {
    usable = false;
    transaction.end = Transaction::End::unknown;
  }
  return transaction;
}

TransactionalProducer::TransactionalProducer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

TransactionalProducer::~TransactionalProducer() {
  rd_kafka_purge(impl_->handle.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_poll(impl_->handle.get(), 0);
}

bool TransactionalProducer::usable() const { return impl_->usable && !impl_->broken(); }

Result<std::unique_ptr<TransactionalProducer>> TransactionalProducer::open(const KafkaOptions& options,
                                                                           const TransactionOptions& transactions) {
  auto conf = make_conf(options, properties_for(transactions));
  if (!conf) return fail(std::move(conf.error()));
  rd_kafka_conf_set_dr_msg_cb(conf->get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    auto& slot = *static_cast<Impl::Slot*>(message->_private);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      *slot.result = Position{.partition = message->partition, .offset = message->offset};
    } else {
      *slot.result = fail(error_of(message->err, "publishing to " + slot.record->topic + " failed"));
    }
  });
  auto handle = make_handle(RD_KAFKA_PRODUCER, std::move(*conf));
  if (!handle) return fail(std::move(handle.error()));
  auto impl = std::make_unique<Impl>();
  impl->options = transactions;
  impl->handle = std::move(*handle);
  const ErrorPtr error(rd_kafka_init_transactions(impl->handle.get(), impl->wait_ms()));
  if (!error) return std::unique_ptr<TransactionalProducer>(new TransactionalProducer(std::move(impl)));
  auto why = error_of(rd_kafka_error_code(error.get()), "beginning transactions as " + transactions.id + " failed");
  if (is_fenced(rd_kafka_error_code(error.get()))) why.code = Code::conflict;
  return fail(std::move(why));
}

Transaction TransactionalProducer::publish(const std::vector<OutgoingRecord>& records) {
  Transaction transaction;
  transaction.records.resize(records.size(), Position{});
  if (const ErrorPtr error(rd_kafka_begin_transaction(impl_->handle.get())); error) {
    impl_->ended(transaction, error, "beginning a transaction failed");
    if (transaction.end == Transaction::End::unknown) transaction.end = Transaction::End::aborted;  // nothing was sent
    return transaction;
  }
  std::vector<Impl::Slot> slots;
  slots.reserve(records.size());
  for (size_t i = 0; i < records.size(); ++i) slots.push_back({&transaction.records[i], &records[i]});
  impl_->send(records, slots, transaction);
  for (const auto& result : transaction.records) {
    if (result) continue;
    transaction.error = result.error();
    impl_->abort(transaction);
    break;
  }
  if (!transaction.error.detail.empty()) {
    impl_->drain();
    return transaction;
  }
  const ErrorPtr error(rd_kafka_commit_transaction(impl_->handle.get(), impl_->wait_ms()));
  if (!error) {
    transaction.end = Transaction::End::committed;
    return transaction;
  }
  impl_->ended(transaction, error, "committing a transaction failed");
  if (!impl_->usable) rd_kafka_purge(impl_->handle.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  impl_->drain();
  return transaction;
}

}  // namespace schedules::kafka
