"""The official OpenAI client for Python against a server whose model follows a script. Prints `ok` when all is well."""

import sys

import openai

base_url, key = sys.argv[1:3]
client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0)
question = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What raises the sea twice a day?"}]

models = [model.id for model in client.models.list()]
assert "default" in models and "static-en-256" in models, models
assert client.models.retrieve("default").owned_by == "quarry"

completion = client.chat.completions.create(model="default", messages=question, temperature=0.2, max_tokens=200)
message = completion.choices[0].message
assert message.content == "The moon raises the sea twice a day [1].", completion
assert completion.choices[0].finish_reason == "stop"
assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens
assert message.citations[0]["source"] == "tides", completion
assert completion.quarry["answered"] is True, completion

text, usage, citations = "", None, None
stream = client.chat.completions.create(
    model="default", messages=question, stream=True, stream_options={"include_usage": True}
)
for chunk in stream:
    if chunk.choices:
        text += chunk.choices[0].delta.content or ""
    usage = chunk.usage or usage
    citations = getattr(chunk, "citations", None) or citations
assert text == "The moon raises the sea twice a day [1].", text
assert usage.total_tokens > 0
assert citations[0]["number"] == 1, citations

with client.chat.completions.stream(model="default", messages=question) as events:
    final = events.get_final_completion()
assert final.choices[0].message.content == text, final

# Without a format the client asks for base64 and unpacks it.
packed = client.embeddings.create(model="static-en-256", input=["The moon", "A rock"])
plain = client.embeddings.create(model="static-en-256", input="The moon", encoding_format="float")
assert len(packed.data) == 2 and len(plain.data[0].embedding) == 256
assert all(abs(a - b) < 1e-6 for a, b in zip(packed.data[0].embedding, plain.data[0].embedding))
assert plain.usage.total_tokens > 0

try:
    client.chat.completions.create(model="gpt-9", messages=question)
    raise AssertionError("an unknown model answered")
except openai.NotFoundError as error:
    assert error.code == "model_not_found" and error.param == "model", error
    assert error.request_id, error
try:
    client.chat.completions.create(
        model="default", messages=question, tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}]
    )
    raise AssertionError("tools of the client were taken")
except openai.BadRequestError as error:
    assert "tools of their own" in error.message, error
try:
    client.with_options(api_key="wrong").models.list()
    raise AssertionError("a wrong key was taken")
except openai.AuthenticationError as error:
    assert error.code == "invalid_api_key", error

print("ok", openai.__version__)
