"""What can go wrong.

ParlourError
├── ChatError                 ends a turn; its `sentence` is what the user reads
│   ├── InputError            the message itself
│   │   ├── EmptyMessage
│   │   ├── MessageTooLong
│   │   ├── MessageTooOld
│   │   ├── QuestionGone      the question to be asked again is kept no more
│   │   ├── UnknownCommand
│   │   ├── BadArgument
│   │   └── NotAllowed
│   │       ├── NotLetIn      there are lists of who may talk, and this person is on none
│   │       └── NoAdmins      it takes an admin, and nobody is one
│   ├── ModelError            what a model or its server did; `retryable` says whether asking again can help
│   │   ├── ModelUnreachable  connection, 408, 409, 5xx
│   │   ├── ModelBusy         429, perhaps with the time to wait
│   │   ├── ModelStalled      no byte for too long
│   │   ├── ModelGarbled      empty, cut off or unreadable
│   │   ├── ModelKeyRefused   401, 403
│   │   ├── ModelUnknown      404
│   │   ├── ModelNoCredit     402, insufficient_quota
│   │   ├── ModelNone         none is configured that can be used
│   │   ├── ContentRefused    content filter
│   │   ├── WindowExceeded    the prompt is longer than the server's limit
│   │   └── RequestRefused    any other 4xx
│   ├── LimitReached          somebody has had their share for now
│   │   ├── BudgetSpent
│   │   └── TooOften
│   ├── Flagged               moderation found something that is refused
│   │   ├── QuestionFlagged
│   │   └── AnswerFlagged
│   ├── NotModerated          it could not be checked, and is refused for that
│   │   └── PictureNotModerated  the service reads no such picture
│   ├── Stopped               /stop before the first word
│   ├── GaveUp                set aside after `max_attempts`
│   └── InternalError         a defect of ours
├── LeaseLost                 this claim no longer holds; write nothing
├── StoreError
│   ├── StoreUnavailable      away; wait and go on
│   ├── StoreReadOnly
│   ├── StoreFull
│   ├── StoreTooNew           written by a newer version
│   └── StoreSealed           what people said is sealed with a key that is not configured
├── FeedGap                   what was to be followed is kept no more: read the state anew
├── SurfaceUnavailable        the platform cannot be written to now; wait and go on
├── SurfaceClosed             it takes nothing from us there any more
└── ConfigError               one line for the operator: file, key, what is expected
"""

from __future__ import annotations

from core.wording import Sentence


class ParlourError(Exception):
    """Base of everything Parlour raises itself."""


class ChatError(ParlourError):
    """Ends a turn. `detail` is for the operator's log (the provider's own words) and never reaches the user. `retry_after`:
    seconds after which it may go better, where that is known."""

    sentence: Sentence = Sentence.INTERNAL_ERROR
    retry_after: float | None = None

    def __init__(self, detail: str = "", **values: object) -> None:
        super().__init__(detail or self.sentence.value)
        self.detail = detail
        self.values = values
        """Fills the placeholders of the sentence."""


class InputError(ChatError):
    """The message itself cannot be answered."""


class EmptyMessage(InputError):
    sentence = Sentence.EMPTY_MESSAGE


class MessageTooLong(InputError):
    """values: tokens, limit, over (all in tokens)."""

    sentence = Sentence.MESSAGE_TOO_LONG


class MessageTooOld(InputError):
    sentence = Sentence.MESSAGE_TOO_OLD


class QuestionGone(InputError):
    sentence = Sentence.RETRY_NOTHING


class UnknownCommand(InputError):
    """values: command."""

    sentence = Sentence.UNKNOWN_COMMAND


class BadArgument(InputError):
    """values: command, argument, expected."""

    sentence = Sentence.BAD_ARGUMENT


class NotAllowed(InputError):
    sentence = Sentence.NOT_ALLOWED


class NotLetIn(NotAllowed):
    """values: id, by which the one who asked could be allowed."""

    sentence = Sentence.NOT_LET_IN


class NoAdmins(NotAllowed):
    """values: id, by which the one who asked could be made an admin."""

    sentence = Sentence.NO_ADMINS


class ModelError(ChatError):
    """What a model or its server did. `retry_after`: as the server asked us to wait."""

    sentence = Sentence.MODEL_UNREACHABLE
    retryable = False

    def __init__(self, detail: str = "", retry_after: float | None = None, **values: object) -> None:
        super().__init__(detail, **values)
        self.retry_after = retry_after


class ModelUnreachable(ModelError):
    retryable = True


class ModelBusy(ModelError):
    sentence = Sentence.MODEL_BUSY
    retryable = True


class ModelStalled(ModelError):
    sentence = Sentence.MODEL_STALLED
    retryable = True


class ModelGarbled(ModelError):
    sentence = Sentence.MODEL_GARBLED
    retryable = True


class ModelKeyRefused(ModelError):
    sentence = Sentence.MODEL_KEY_REFUSED


class ModelUnknown(ModelError):
    """values: model."""

    sentence = Sentence.MODEL_UNKNOWN


class ModelNoCredit(ModelError):
    sentence = Sentence.MODEL_NO_CREDIT


class ModelNone(ModelError):
    sentence = Sentence.MODEL_NONE


class ContentRefused(ModelError):
    sentence = Sentence.CONTENT_REFUSED


class WindowExceeded(ModelError):
    """The prompt is longer than the server takes. `limit`: the server's window in tokens, where it said so."""

    sentence = Sentence.WINDOW_EXCEEDED

    def __init__(self, detail: str = "", limit: int | None = None) -> None:
        super().__init__(detail)
        self.limit = limit


class RequestRefused(ModelError):
    sentence = Sentence.REQUEST_REFUSED


class LimitReached(ChatError):
    """values: when, the time from which it goes on."""

    def __init__(
        self, sentence: Sentence, detail: str = "", retry_after: float | None = None, **values: object
    ) -> None:
        super().__init__(detail, **values)
        self.sentence = sentence
        self.retry_after = retry_after


class BudgetSpent(LimitReached):
    sentence = Sentence.BUDGET_SPENT_USER


class TooOften(LimitReached):
    sentence = Sentence.TOO_OFTEN_USER


class Flagged(ChatError):
    """values: reason, a sentence of its own."""


class QuestionFlagged(Flagged):
    sentence = Sentence.QUESTION_FLAGGED


class AnswerFlagged(Flagged):
    sentence = Sentence.ANSWER_FLAGGED


class NotModerated(ChatError):
    sentence = Sentence.NOT_MODERATED


class PictureNotModerated(NotModerated):
    sentence = Sentence.PICTURE_NOT_MODERATED


class Stopped(ChatError):
    sentence = Sentence.STOPPED


class GaveUp(ChatError):
    sentence = Sentence.GAVE_UP


class InternalError(ChatError):
    sentence = Sentence.INTERNAL_ERROR


class LeaseLost(ParlourError):
    """The claim whose token was presented no longer holds: whoever holds it now writes, the caller writes nothing."""


class StoreError(ParlourError):
    """The store said no. The message is one line for the operator and holds no password."""


class StoreUnavailable(StoreError):
    """Away for now: wait and go on. Nothing that was accepted is lost."""


class StoreReadOnly(StoreError):
    pass


class StoreFull(StoreError):
    pass


class StoreTooNew(StoreError):
    pass


class StoreSealed(StoreError):
    pass


class FeedGap(ParlourError):
    """Events that were to be followed are kept no more: read the state anew, and follow from there."""


class SurfaceUnavailable(ParlourError):
    """The platform cannot be written to now. `retry_after`: seconds it asked us to wait, else None."""

    def __init__(self, detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class SurfaceClosed(ParlourError):
    """The platform lets us write there no more: a permission was taken, the chat is gone. Trying again does not help."""


class ConfigError(ParlourError):
    """One line for the operator: ``file: key: what is wrong, what is expected``."""
