#include "app/node.h"

#include <future>

#include "app/node_parts.h"
#include "base/log.h"
#include "config/load.h"

namespace schedules {
namespace {

// A collector that does not answer holds up the stop no longer.
constexpr std::chrono::milliseconds kLastSpans{2'000};

}  // namespace

// So that another node fires on at once, rather than when the leases end.
void Node::Parts::hand_over(std::chrono::milliseconds patience) {
  const auto told = std::make_shared<std::promise<void>>();
  coordinator->resign([told](const Result<void>& resigned) {
    if (!resigned) log::warn("leases.not_handed_over", {{"error", resigned.error().detail}});
    told->set_value();
  });
  told->get_future().wait_for(patience);
}

bool Node::Parts::stop(std::chrono::milliseconds timeout) {
  if (std::exchange(stopped, true)) return stopped_cleanly;
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const auto left = [deadline] {
    return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()),
                    std::chrono::milliseconds(0));
  };
  housekeeping.stop();
  if (alerting) alerting->stop();
  if (ingest) ingest->stop(left() / 2);
  if (api) api->drain();
  if (server) server->stop(left());
  definitions.reset();  // it waits for the engine's answers
  if (loop) stopped_cleanly = loop->stop(left());
  if (coordinator && loop) hand_over(std::max(left(), std::chrono::milliseconds(500)));
  if (journaling) journaling->stop(left());
  if (sinks) sinks->stop(left());
  alerting.reset();  // what it was sending has been answered by now
  if (audit && !audit->flush(std::max(left(), std::chrono::milliseconds(500)))) {
    log::warn("audit.not_written", {{"entries", std::to_string(audit->waiting())}});
  }
  if (recorder) stopped_cleanly = recorder->flush(std::max(left(), std::chrono::milliseconds(500))) && stopped_cleanly;
  if (stores && stores->outbox() != nullptr) stores->outbox()->flush(left());
  if (tracing) tracing->stop(std::clamp(left(), kLastSpans / 4, kLastSpans));
  return stopped_cleanly;
}

Node::Node(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Node>> Node::start(const Settings& settings, NodeOptions options) {
  auto parts = std::make_unique<Parts>();
  parts->settings = settings;
  std::unique_ptr<Node> node(new Node(std::move(parts)));
  auto& p = *node->parts_;
  if (auto opened = p.open_stores_and_sinks(); !opened) return fail(opened.error());
  p.declared_in_code = std::move(options.declared);
  // Two that claim one name: whichever were applied, somebody would be surprised.
  for (const auto& fault : p.declared_now().faults) {
    if (fault.code == Code::already_exists) return fail(fault);
  }
  if (options.prepare) options.prepare(p.sinks->handlers());
  if (auto opened = p.open_tracing(); !opened) return fail(opened.error());
  p.keep_live(settings);
  p.build_engine();
  p.loop = std::make_unique<EngineLoop>(*p.engine, *p.bounded_clock);
  if (auto opened = p.open_side_doors(); !opened) return fail(opened.error());
  if (options.http) {
    if (auto started = p.build_server(); !started) return fail(started.error());
  }
  p.plan_housekeeping();
  p.sync_definitions_until_done();
  return node;
}

// The stores answer everything before they go, and their answers reach into engine, sinks and API: so they go first.
Node::~Node() {
  if (!parts_) return;
  auto& p = *parts_;
  static_cast<void>(p.stop(std::chrono::milliseconds(0)));
  p.server.reset();
  p.worker.reset();
  p.ingest.reset();
  p.kafka_probes.reset();
  p.loop.reset();
  if (p.journaling) p.journaling->close();
  p.coordinator.reset();  // nothing asks it once the loop is gone
  if (p.stores) p.stores->close();
  p.api.reset();
  p.panel.reset();
}

std::string Node::address() const {
  if (!parts_->server) return "";
  const auto listen = parse_host_port(parts_->settings.listen);
  const std::string host = listen ? listen->host : "127.0.0.1";
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", parts_->server->port());
}

void Node::reload(const Settings& settings) {
  parts_->panel->rebase(settings);
  parts_->settings.definitions_dir = settings.definitions_dir;
  parts_->sync_definitions_until_done();
  if (auto reopened = parts_->sinks->reopen_log(); !reopened) {
    log::warn("log_sink.reopen_failed", {{"error", reopened.error().detail}});
  }
}

bool Node::stop(std::chrono::milliseconds timeout) { return parts_->stop(timeout); }
Events& Node::events() { return parts_->engine->events(); }
Schedules& Node::schedules() { return parts_->engine->schedules(); }
ExecutionStore& Node::executions() { return parts_->stores->executions(); }
HandlerSink& Node::handlers() { return parts_->sinks->handlers(); }

}  // namespace schedules
