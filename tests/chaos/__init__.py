"""Chaos on real processes: nodes and servers are killed, paused and cut off while events are put, and what arrived is compared
with what was acknowledged. ./dev/chaos runs it; docs/guarantees.md says what it shows.

generator.py, kafka_ledger.py and webhook_ledger.py are processes of their own, each with its own ledger; verdict.py reads
nothing but the ledgers."""
