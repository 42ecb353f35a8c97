#!/bin/sh
# curl: a chat, a stream, the models. The key may stand in `api-key`, `x-api-key` or `x-goog-api-key` as well.
set -eu
: "${LOOM_URL:=http://127.0.0.1:8080}" "${LOOM_MODEL:=mock/echo}"

body="{\"model\":\"$LOOM_MODEL\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello, Loom.\"}]"

echo "chat:"
curl --silent --show-error --fail-with-body "$LOOM_URL/v1/chat/completions" \
  -H "Authorization: Bearer $LOOM_KEY" -H "Content-Type: application/json" -d "$body}"

echo
echo "stream:"
curl --silent --show-error --fail-with-body --no-buffer "$LOOM_URL/v1/chat/completions" \
  -H "Authorization: Bearer $LOOM_KEY" -H "Content-Type: application/json" -d "$body,\"stream\":true}"

echo "models:"
curl --silent --show-error --fail-with-body "$LOOM_URL/v1/models" -H "api-key: $LOOM_KEY"
echo
