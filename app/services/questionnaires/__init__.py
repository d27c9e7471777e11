"""Questionnaires: what they ask (definition), which version is in force (versions), what was answered and what it counts (answers)."""

from app.services.questionnaires.definition import Definition, Level, Option, Question, QuestionKind, Section, said_in

__all__ = ["Definition", "Level", "Option", "Question", "QuestionKind", "Section", "said_in"]
