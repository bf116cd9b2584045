"""A consumer of fired events as the Events module's users write it: pydantic for the message, handlers found by the bytes of
the headers entity_type and action. Written from the contract (4.2, 4.3), so that what passes here is understood there.
Runs on Debian's python3-confluent-kafka and python3-pydantic; with pydantic 2 as well."""
import contextvars
import dataclasses
import datetime
import enum
import threading
import time
from typing import Any, Dict, Optional

import pydantic
from pydantic import UUID4, BaseModel, Field, StrictStr

correlation = contextvars.ContextVar("correlation_id", default=None)


class ActorType(str, enum.Enum):
    guest = "guest"
    user = "user"
    admin = "admin"
    system = "system"
    service = "service"


class Entity(BaseModel):
    type: StrictStr
    id: StrictStr


class Actor(BaseModel):
    type: ActorType
    id: StrictStr


class Message(BaseModel):
    """Unknown keys are ignored. correlation_id may be null, but its key has to be there."""
    event_id: UUID4
    correlation_id: Optional[UUID4] = Field(...)
    timestamp: datetime.datetime
    entity: Entity
    action: StrictStr
    actor: Actor
    payload: Dict[str, Any]


def parse(value):
    """The message in a record's value. Raises pydantic.ValidationError for what a consumer does not understand."""
    if hasattr(Message, "model_validate_json"):
        return Message.model_validate_json(value)
    return Message.parse_raw(value)


@dataclasses.dataclass
class Received:
    topic: str
    partition: int
    offset: int
    key: Optional[bytes]
    headers: Dict[str, bytes]  # of a name that is there twice, the last
    value: bytes
    message: Message
    correlation_id: Optional[str]  # of the context that a handler runs in
    at: float  # wall time

    @property
    def event_id(self):
        return str(self.message.event_id)


@dataclasses.dataclass
class Refused:
    topic: str
    partition: int
    offset: int
    value: Optional[bytes]
    reason: str


class StufioConsumer:
    """Reads topics in a thread until close(). `received` holds every event that had a handler, `unhandled` those whose
    headers no handler matched, `refused` what could not be understood. Settings of librdkafka may be added.

        with StufioConsumer(brokers, ["stufio.events"]) as consumer:
            consumer.handle("user", "greet")            # or handle("user", "greet", function)
            consumer.wait(1)
    """

    def __init__(self, brokers, topics, group=None, **settings):
        import confluent_kafka  # parse() alone needs none

        self.handlers = {}
        self.received = []
        self.unhandled = []
        self.refused = []
        self._changed = threading.Condition()
        self._closing = False
        self._assigned = threading.Event()
        self._consumer = confluent_kafka.Consumer({
            "bootstrap.servers": brokers, "group.id": group or f"stufio-events.tests.{time.time_ns()}",
            "auto.offset.reset": "earliest", "isolation.level": "read_committed",
            "topic.metadata.refresh.interval.ms": 500, **settings})
        self._consumer.subscribe(list(topics), on_assign=lambda *_: self._assigned.set())
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._closing = True
        self._thread.join()
        self._consumer.close()

    def handle(self, entity_type, action, function=lambda received: None):
        self.handlers[(entity_type.encode(), action.encode())] = function

    def ready(self, timeout=30):
        """Until the group has given it partitions."""
        if not self._assigned.wait(timeout):
            raise AssertionError(f"no partitions were assigned within {timeout} s")
        return self

    def wait(self, count, timeout=30):
        """The first `count` events, as soon as they are there."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.received) >= count, timeout):
                raise AssertionError(f"{len(self.received)} of {count} events came within {timeout} s; unhandled: "
                                     f"{len(self.unhandled)}, refused: {self.refused[:3]}")
            return list(self.received[:count])

    def wait_id(self, event_id, timeout=30):
        """The first delivery of this event."""
        def found():
            return next((one for one in self.received if one.event_id == str(event_id)), None)
        with self._changed:
            if not self._changed.wait_for(lambda: found() is not None, timeout):
                raise AssertionError(f"{event_id} did not come within {timeout} s; refused: {self.refused[:3]}")
            return found()

    def times(self, event_id):
        """How often this event was delivered."""
        with self._changed:
            return sum(one.event_id == str(event_id) for one in self.received)

    def _run(self):
        while not self._closing:
            record = self._consumer.poll(0.1)
            if record is None or record.error():
                continue
            with self._changed:
                contextvars.copy_context().run(self._take, record)
                self._changed.notify_all()

    def _take(self, record):
        headers = dict(record.headers() or [])
        function = self.handlers.get((headers.get("entity_type"), headers.get("action")))
        if function is None:
            self.unhandled.append(record)
            return
        place = (record.topic(), record.partition(), record.offset())
        try:
            correlation_id = headers["correlation_id"].decode() if headers.get("correlation_id") else None
            content_type = headers.get("content-type")
            if content_type is not None and b"json" not in content_type:
                raise ValueError(f"content-type is {content_type!r}")
            message = parse(record.value())
        except (ValueError, TypeError) as error:  # pydantic's errors are ValueErrors
            self.refused.append(Refused(*place, record.value(), str(error)))
            return
        correlation.set(correlation_id or (str(message.correlation_id) if message.correlation_id else None))
        received = Received(*place, record.key(), headers, record.value(), message, correlation.get(), time.time())
        function(received)
        self.received.append(received)


__all__ = ["Actor", "Entity", "Message", "Received", "Refused", "StufioConsumer", "correlation", "parse", "pydantic"]
