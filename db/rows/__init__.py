"""Every table of Xebra, as typed rows."""

from db.rows.base import ENDED, GIVEN, INSTRUMENT, LOCAL, PRIORITIES, STATES, Row
from db.rows.images import ImageRow, UnsettledRow
from db.rows.instruments import InstrumentRow, KeyRow, SessionRow
from db.rows.news import AnswerRow, DeliveryRow, EventRow, WebhookRow
from db.rows.record import AuditRow, HeartbeatRow
from db.rows.registrations import BatchRow, CorrectionRow, OutboxRow, RegistrationRow, ResultRow

__all__ = [
    "ENDED",
    "GIVEN",
    "INSTRUMENT",
    "LOCAL",
    "PRIORITIES",
    "STATES",
    "AnswerRow",
    "AuditRow",
    "BatchRow",
    "CorrectionRow",
    "DeliveryRow",
    "EventRow",
    "HeartbeatRow",
    "ImageRow",
    "InstrumentRow",
    "KeyRow",
    "OutboxRow",
    "RegistrationRow",
    "ResultRow",
    "Row",
    "SessionRow",
    "UnsettledRow",
    "WebhookRow",
]
