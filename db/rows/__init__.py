"""Every database table, as typed rows."""

from db.rows.audit import AuditRow, HeartbeatRow
from db.rows.base import (
    DELIVERED_STATES,
    FINAL_STATES,
    GIVEN,
    INSTRUMENT,
    LOCAL,
    PRIORITIES,
    STATES,
    Row,
)
from db.rows.drift import DRIFT_STATES, DriftSampleRow, DriftStateRow, DriftWindowRow
from db.rows.events import DeliveryRow, EventRow, IdempotencyKeyRow, WebhookRow
from db.rows.images import ImageRow, PendingObjectRow
from db.rows.instruments import InstrumentRow, KeyRow, SessionRow
from db.rows.networks import (
    LABEL_SOURCES,
    NETWORK_STATES,
    ComparisonRow,
    LabelCollectionRow,
    LabelRow,
    NetworkRow,
)
from db.rows.registrations import (
    IMAGES_OF_A_JOB,
    BatchRow,
    CorrectionRow,
    OutboxRow,
    RegistrationRow,
    ResultRow,
    ReviewRow,
    TagRow,
)
from db.rows.series import SeriesFrameRow, SeriesRow

__all__ = [
    "DELIVERED_STATES",
    "DRIFT_STATES",
    "FINAL_STATES",
    "GIVEN",
    "IMAGES_OF_A_JOB",
    "INSTRUMENT",
    "LABEL_SOURCES",
    "LOCAL",
    "NETWORK_STATES",
    "PRIORITIES",
    "STATES",
    "AuditRow",
    "BatchRow",
    "ComparisonRow",
    "CorrectionRow",
    "DeliveryRow",
    "DriftSampleRow",
    "DriftStateRow",
    "DriftWindowRow",
    "EventRow",
    "HeartbeatRow",
    "IdempotencyKeyRow",
    "ImageRow",
    "InstrumentRow",
    "KeyRow",
    "LabelCollectionRow",
    "LabelRow",
    "NetworkRow",
    "OutboxRow",
    "PendingObjectRow",
    "RegistrationRow",
    "ResultRow",
    "ReviewRow",
    "Row",
    "SeriesFrameRow",
    "SeriesRow",
    "SessionRow",
    "TagRow",
    "WebhookRow",
]
