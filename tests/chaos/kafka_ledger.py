"""Notes what a read_committed consumer sees: python3 -m chaos.kafka_ledger BROKERS TOPIC LEDGER, until SIGTERM. The topic's time
is the broker's (LogAppendTime), so that no node's clock has a say in it."""
import signal
import sys
import time

from .ledger import Ledger, ms_of

stopping = False


def stop(*_):
    global stopping
    stopping = True


def record_of(message):
    headers = {name: value.decode() for name, value in message.headers() or [] if value is not None}
    record = {"id": headers["event_id"], "ts": message.timestamp()[1], "due": ms_of(headers["due_time"]),
              "at": time.time() * 1000, "p": message.partition(), "o": message.offset()}
    if "schedule_id" in headers:
        record.update(schedule=headers["schedule_id"], nominal=headers["scheduled_at"])
    return record


def main(brokers, topic, path):
    import confluent_kafka
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": brokers, "group.id": f"chaos-{time.time_ns()}", "enable.auto.commit": False,
        "isolation.level": "read_committed", "auto.offset.reset": "earliest", "reconnect.backoff.max.ms": 500,
        "socket.connection.setup.timeout.ms": 2000})
    partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
    consumer.assign([confluent_kafka.TopicPartition(topic, number, 0) for number in partitions])
    signal.signal(signal.SIGTERM, stop)
    ledger = Ledger(path)
    print("ready", flush=True)
    while not stopping:
        messages = consumer.consume(500, 0.1)
        ledger.add(*[record_of(message) for message in messages if not message.error()])
    ledger.close()
    consumer.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
