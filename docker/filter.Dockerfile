# syntax=docker/dockerfile:1
# The filter as an OCI image that Istio pulls: one layer with one file, plugin.wasm.
#
#   docker buildx build -f docker/filter.Dockerfile --platform linux/amd64 --provenance=false \
#     --push -t registry.example.com/latchkey/filter:0.1.0 .
#   docker buildx imagetools inspect registry.example.com/latchkey/filter:0.1.0 \
#     --format '{{.Manifest.Digest}}'
#
# The digest, without its `sha256:`, belongs into the WasmPlugin. One platform and no provenance,
# because Wasm runs on all of them and Istio wants an image there, not an index of several.

FROM --platform=$BUILDPLATFORM rust:1-slim-trixie AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    scripts/build-filter \
    && install -D -m 0644 "$(scripts/build-filter --path)" /out/plugin.wasm

FROM scratch
LABEL org.opencontainers.image.title="Latchkey filter" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/plugin.wasm /plugin.wasm
