"""The official Python client, unchanged, against a running AIOS.

Each check is a function; the list at the end is what runs. Prints `ok NAME` or `FAIL NAME: why`,
then `N passed, N failed`. Servers and keys come from the environment; `cargo xtask test` sets it.
"""

import json
import os
import sys
import time
import uuid
from pathlib import Path

import openai
from openai import OpenAI

URL = os.environ["AIOS_URL"]
EVENTS = Path(os.environ["AIOS_EVENTS"])
FAULTY_EVENTS = Path(os.environ["AIOS_FAULTY_EVENTS"])
TIMEOUT_S = 120

client = OpenAI(base_url=URL, api_key=os.environ["AIOS_KEY"], timeout=TIMEOUT_S)
limited = client.with_options(api_key=os.environ["AIOS_KEY_LIMITED"], max_retries=0)
faulty = OpenAI(base_url=os.environ["AIOS_FAULTY_URL"], api_key="any", timeout=TIMEOUT_S)

QUESTION = [{"role": "user", "content": "Explain step by step why the sky is blue."}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Weather of a city",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        },
    }
]
TOOL_QUESTION = [{"role": "user", "content": "What is the weather in Oslo?"}]
EVENT_WAIT_S = 60


def eq(actual, expected, what):
    assert actual == expected, f"{what}: {actual!r}, expected {expected!r}"


def raises(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__} was raised")


def new_id(name):
    return f"py-{name}-{uuid.uuid4().hex}"


def events_of(path, request_id, count=1):
    """The events of one request id, once `count` are there; the log is written in groups."""
    deadline = time.monotonic() + EVENT_WAIT_S
    while True:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        found = [json.loads(line) for line in lines if request_id in line]
        if len(found) >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def chat(**more):
    return client.chat.completions.create(model="aios-auto", messages=QUESTION, **more)


def models_list():
    ids = [model.id for model in client.models.list()]
    for wanted in ("aios-auto", "aios-main", "aios-embedder", "gpt-4o"):
        assert wanted in ids, f"{wanted} is not in {ids}"


def models_retrieve():
    for name in ("aios-auto", "gpt-4o"):
        model = client.models.retrieve(name)
        eq((model.id, model.object), (name, "model"), "model")
    error = raises(openai.NotFoundError, lambda: client.models.retrieve("no/such"))
    eq(error.code, "model_not_found", "code")


def chat_whole():
    reply = chat()
    eq(reply.object, "chat.completion", "object")
    eq(reply.choices[0].message.role, "assistant", "role")
    assert reply.choices[0].message.content, "empty answer"
    assert reply.choices[0].finish_reason in ("stop", "length"), reply.choices[0].finish_reason
    usage = reply.usage
    eq(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens, "total tokens")


def chat_alias_and_pins():
    for name in ("gpt-4o", "aios-main", "aios-embedder", "sim-main"):
        raw = client.chat.completions.with_raw_response.create(model=name, messages=QUESTION)
        assert raw.parse().choices[0].message.content, name
        pinned = {"aios-main": "main", "aios-embedder": "embedder", "sim-main": "main"}.get(name)
        if pinned:
            eq(raw.headers["x-aios-route"], pinned, f"tier of {name}")


def chat_unknown_fields():
    reply = chat(extra_body={"an_unknown_field": {"deep": [1, 2, 3]}, "top_k": 40})
    assert reply.choices[0].message.content, "empty answer"


def check_chunks(chunks):
    assert len(chunks) > 2, f"{len(chunks)} chunks"
    eq(len({chunk.id for chunk in chunks}), 1, "number of ids")
    eq(chunks[0].choices[0].delta.role, "assistant", "role of the first chunk")
    with_choice = [chunk for chunk in chunks if chunk.choices]
    reasons = [chunk.choices[0].finish_reason for chunk in with_choice]
    eq([reason for reason in reasons[:-1] if reason], [], "finish reasons before the last")
    assert reasons[-1] in ("stop", "length"), reasons[-1]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in with_choice), "no text"


def chat_stream():
    chunks = list(chat(stream=True))
    check_chunks(chunks)
    # A client may index choices[0] in every chunk when it did not ask for usage.
    assert all(chunk.choices for chunk in chunks), "a chunk has no choices"
    assert all(chunk.usage is None for chunk in chunks), "a chunk has usage"


def chat_stream_usage():
    chunks = list(chat(stream=True, stream_options={"include_usage": True}))
    check_chunks(chunks)
    eq(chunks[-1].choices, [], "choices of the last chunk")
    assert chunks[-1].usage.completion_tokens > 0, chunks[-1].usage
    assert all(chunk.usage is None for chunk in chunks[:-1]), "usage before the last chunk"


def tools_round_trip():
    reply = client.chat.completions.create(
        model="aios-main", messages=TOOL_QUESTION, tools=TOOLS, tool_choice="required"
    )
    eq(reply.choices[0].finish_reason, "tool_calls", "finish reason")
    call = reply.choices[0].message.tool_calls[0]
    eq(call.function.name, "get_weather", "name")
    assert isinstance(json.loads(call.function.arguments), dict), call.function.arguments
    answer = {"role": "tool", "tool_call_id": call.id, "content": '{"celsius": 4}'}
    messages = [*TOOL_QUESTION, reply.choices[0].message, answer]
    final = client.chat.completions.create(model="aios-main", messages=messages, tools=TOOLS)
    assert final.choices[0].message.content, "no answer after the tool's"


def tools_stream():
    stream = client.chat.completions.create(
        model="aios-main", messages=TOOL_QUESTION, tools=TOOLS, tool_choice="required", stream=True
    )
    names, arguments, reason = [], "", None
    for chunk in stream:
        reason = chunk.choices[0].finish_reason or reason
        for call in chunk.choices[0].delta.tool_calls or []:
            eq(call.index, 0, "index")
            if call.function.name:
                names.append(call.function.name)
            arguments += call.function.arguments or ""
    eq((names, reason), (["get_weather"], "tool_calls"), "names and finish reason")
    assert isinstance(json.loads(arguments), dict), arguments


def response_format():
    reply = chat(response_format={"type": "json_object"})
    assert isinstance(json.loads(reply.choices[0].message.content), dict), "not a JSON object"


def embeddings_float():
    reply = client.embeddings.create(
        model="aios-embedder", input=["one", "two"], encoding_format="float"
    )
    eq([item.index for item in reply.data], [0, 1], "indexes")
    assert all(isinstance(item.embedding[0], float) for item in reply.data), "not floats"


def embeddings_default():
    """The client asks for base64 by itself and decodes it; both forms must agree."""
    coded = client.embeddings.create(model="aios-embedder", input="one").data[0].embedding
    plain = client.embeddings.create(
        model="aios-embedder", input="one", encoding_format="float"
    ).data[0].embedding
    eq(len(coded), len(plain), "dimensions")
    assert all(abs(a - b) < 1e-5 for a, b in zip(coded, plain)), "values differ"


def completions():
    reply = client.completions.create(model="aios-main", prompt="Once upon a time")
    eq(reply.object, "text_completion", "object")
    assert reply.choices[0].text, "empty text"


def completions_stream():
    stream = client.completions.create(model="aios-main", prompt="Once upon a time", stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream), "empty text"


def responses():
    reply = client.responses.create(model="aios-auto", input="Explain why the sky is blue.")
    eq((reply.object, reply.status), ("response", "completed"), "object and status")
    assert reply.output_text, "empty text"


def responses_stream():
    stream = client.responses.create(
        model="aios-auto", input="Explain why the sky is blue.", stream=True
    )
    events = list(stream)
    eq(events[0].type, "response.created", "first event")
    eq(events[-1].type, "response.completed", "last event")
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    eq(text, events[-1].response.output_text, "text of the deltas")


def error_400():
    error = raises(openai.BadRequestError, lambda: chat(extra_body={"model": 42}))
    eq((error.status_code, error.param), (400, "model"), "status and param")
    assert error.code and error.type == "invalid_request_error", (error.code, error.type)


def error_401():
    stranger = client.with_options(api_key="wrong")
    error = raises(openai.AuthenticationError, lambda: stranger.models.list())
    eq((error.status_code, error.code), (401, "invalid_api_key"), "status and code")


def error_404():
    call = lambda: client.chat.completions.create(model="no-such-model", messages=QUESTION)
    error = raises(openai.NotFoundError, call)
    eq((error.code, error.param), ("model_not_found", "model"), "code and param")


def error_429():
    create = limited.chat.completions.with_raw_response.create
    first = create(model="aios-embedder", messages=QUESTION)
    eq(first.headers["x-ratelimit-limit-requests"], "1", "limit")
    eq(first.headers["x-ratelimit-remaining-requests"], "0", "remaining")
    call = lambda: create(model="aios-embedder", messages=QUESTION)
    error = raises(openai.RateLimitError, call)
    eq(error.code, "rate_limit_exceeded", "code")
    headers = error.response.headers
    assert 0 < int(headers["retry-after"]) <= 60, headers["retry-after"]
    assert headers["x-ratelimit-reset-requests"], "no reset"


def request_id():
    assert chat()._request_id, "no request id"
    ours = new_id("id")
    eq(chat(extra_headers={"x-request-id": ours})._request_id, ours, "our own id")
    error = raises(openai.NotFoundError, lambda: chat(extra_body={"model": "no-such-model"}))
    assert error.request_id, "an error has no request id"


def headers():
    raw = client.chat.completions.with_raw_response.create(model="aios-auto", messages=QUESTION)
    eq(raw.headers["x-aios-attempts"], "1", "attempts")
    assert raw.headers["x-aios-route"] in ("main", "embedder"), raw.headers["x-aios-route"]
    assert raw.headers["x-aios-bucket"] in ("control", "treatment"), raw.headers["x-aios-bucket"]
    assert 0 <= float(raw.headers["x-aios-weight"]) <= 1, raw.headers["x-aios-weight"]
    for name in ("x-aios-reason", "x-aios-model", "x-aios-event-id", "server-timing"):
        assert raw.headers.get(name), f"no {name}"


def one_event():
    ours = new_id("event")
    raw = client.chat.completions.with_raw_response.create(
        model="aios-auto",
        messages=[{"role": "user", "content": "Write to kim@shop.example, please."}],
        extra_headers={"x-request-id": ours},
    )
    [event] = events_of(EVENTS, ours)
    eq(event["event_id"], raw.headers["x-aios-event-id"], "event id")
    eq(event["outcome"], "ok", "outcome")
    assert "kim@" not in json.dumps(event), "the event holds an address"


def retry_is_ours():
    """The gateway has retried already and says so; the client must not multiply that."""
    ours = new_id("retry")
    call = lambda: faulty.chat.completions.create(
        model="aios-main", messages=QUESTION, extra_headers={"x-request-id": ours}
    )
    error = raises(openai.InternalServerError, call)
    eq(error.response.headers["x-should-retry"], "false", "x-should-retry")
    # What the client had sent meanwhile would be in the log before this.
    after = new_id("after-retry")
    raises(openai.InternalServerError, lambda: faulty.chat.completions.create(
        model="aios-main", messages=QUESTION, extra_headers={"x-request-id": after}
    ))
    eq(len(events_of(FAULTY_EVENTS, after)), 1, "events of the next request")
    found = events_of(FAULTY_EVENTS, ours)
    eq(len(found), 1, "requests that the client sent")
    assert len(found[0]["attempts"]) > 1, "the gateway did not retry"


def cut_stream():
    """A stream that breaks must raise; a silent end would pass for a whole answer."""
    ours = new_id("cut")
    seen = []

    def read():
        stream = faulty.chat.completions.create(
            model="aios-embedder",
            messages=QUESTION,
            stream=True,
            extra_headers={"x-request-id": ours},
        )
        for chunk in stream:
            seen.append(chunk)

    error = raises(openai.APIError, read)
    assert seen, f"nothing came before the break: {error}"
    [event] = events_of(FAULTY_EVENTS, ours)
    eq(event["outcome"], "stream_cut", "outcome")


def cancel():
    ours = new_id("cancel")
    stream = client.chat.completions.create(
        model="aios-main", messages=QUESTION, stream=True, extra_headers={"x-request-id": ours}
    )
    for chunk in stream:
        if chunk.choices[0].delta.content:
            break
    stream.close()
    [event] = events_of(EVENTS, ours)
    eq(event["outcome"], "client_cancelled", "outcome")
    assert event["output_tokens"] > 0, "the tokens so far are lost"


CHECKS = [
    models_list,
    models_retrieve,
    chat_whole,
    chat_alias_and_pins,
    chat_unknown_fields,
    chat_stream,
    chat_stream_usage,
    tools_round_trip,
    tools_stream,
    response_format,
    embeddings_float,
    embeddings_default,
    completions,
    completions_stream,
    responses,
    responses_stream,
    error_400,
    error_401,
    error_404,
    error_429,
    request_id,
    headers,
    one_event,
    retry_is_ours,
    cut_stream,
    cancel,
]


def main():
    n_failed = 0
    for check in CHECKS:
        try:
            check()
            print(f"ok {check.__name__}")
        except Exception as error:  # one broken check must not hide the others
            n_failed += 1
            print(f"FAIL {check.__name__}: {type(error).__name__}: {error}")
    print(f"{len(CHECKS) - n_failed} passed, {n_failed} failed (openai {openai.__version__})")
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
