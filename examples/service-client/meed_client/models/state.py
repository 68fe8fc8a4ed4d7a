from enum import StrEnum


class State(StrEnum):
    CANCELLED = "cancelled"
    DEAD = "dead"
    DONE = "done"
    FAILED = "failed"
    QUEUED = "queued"
    RUNNING = "running"

    def __str__(self) -> str:
        return str(self.value)
