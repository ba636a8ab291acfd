"""What a request may say: its shape, by which it is checked and from which `/openapi.json` is written.

Only what Parlour itself reads is described closely. All else goes to the model's server as it came, and is that server's
to judge.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

NAME = r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,63}$"
"""Of a conversation."""
MOST_CHOICES = 128
"""Source: OpenAI API reference, "Create chat completion": `n`, and the number of `tools`."""
MOST_STOPS = 4
MOST_MESSAGES = 10_000
"""Of one request: more of them would each be short beyond sense, and reading them would keep everybody else waiting."""
NO_CONTENT = "no_content"
"""An error of a message without anything in it."""


class Shape(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True, frozen=True)


class MessageShape(Shape):
    """One message. Its parts, the calls of tools and what came of them go to the model untouched."""

    role: Literal["developer", "system", "user", "assistant", "tool", "function"]
    content: str | list[dict[str, Any]] | None = Field(default=None, description="Text, or a list of parts.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.content is None and self.role not in {"assistant", "function"}:
            raise PydanticCustomError(NO_CONTENT, "content is missing")
        return self


class StreamOptionsShape(Shape):
    include_usage: bool | None = Field(default=None, description="One more chunk, before the end, holds the usage.")


class CompletionShape(Shape):
    """A request for an answer. Further parameters go to the model's server as they are."""

    model: str | None = Field(
        default=None, description="A model of `/v1/models`. A conversation may do without: it has one."
    )
    messages: list[MessageShape] = Field(
        min_length=1,
        max_length=MOST_MESSAGES,
        description="All messages so far; within a conversation, the new one is enough.",
    )
    conversation: Annotated[str, Field(pattern=NAME)] | None = Field(
        default=None,
        description="A name. The server keeps the context of this conversation, and trims it to the model's window. The header "
        "X-Conversation says the same.",
    )
    stream: bool | None = Field(default=None, description="Whether the answer comes in chunks, as server-sent events.")
    stream_options: StreamOptionsShape | None = None
    n: int | None = Field(default=None, ge=1, le=MOST_CHOICES, description="How many answers.")
    max_tokens: int | None = Field(default=None, ge=1, description="Of the answer, at most.")
    max_completion_tokens: int | None = Field(default=None, ge=1, description="The newer name of `max_tokens`.")
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    seed: int | None = Field(default=None, ge=-(2**63), lt=2**63)
    stop: str | Annotated[list[str], Field(max_length=MOST_STOPS)] | None = None
    reasoning_effort: str | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    logit_bias: dict[str, float] | None = None
    tools: Annotated[list[dict[str, Any]], Field(max_length=MOST_CHOICES)] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    response_format: dict[str, Any] | None = None
    user: str | None = None
