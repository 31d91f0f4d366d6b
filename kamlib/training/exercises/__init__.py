"""The exercises of every chapter, in order."""

from kamlib.training.exercise import Exercise
from kamlib.training.exercises import keeping, knowing, running, who

EXERCISES: dict[str, Exercise] = {
    one.id: one
    for one in (*who.EXERCISES, *keeping.EXERCISES, *knowing.EXERCISES, *running.EXERCISES)
}

__all__ = ["EXERCISES"]
