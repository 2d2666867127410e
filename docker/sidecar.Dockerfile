# syntax=docker/dockerfile:1
# The sidecar: one static program. No shell, no libraries, nothing to update.
#
#   docker build -f docker/sidecar.Dockerfile -t registry.example.com/latchkey/latchkey:0.1.0 .

FROM rust:1-slim-trixie AS build
WORKDIR /src
COPY . .
# rust-toolchain.toml chooses the compiler, as it does everywhere else. No C library is needed:
# Rust's own target brings musl along, and no dependency is written in C.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    target="$(uname -m)-unknown-linux-musl" \
    && rustup target add "$target" \
    && cargo build --locked --release --package latchkey --target "$target" \
    && install -D "target/$target/release/latchkey" /out/latchkey \
    && install -d -m 0700 /out/data

FROM scratch
LABEL org.opencontainers.image.title="Latchkey" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/latchkey /latchkey
# A volume that is mounted here for the first time takes over owner and mode.
COPY --from=build --chown=65532:65532 /out/data /var/lib/latchkey
# A number, because `runAsNonRoot` cannot look up a name.
USER 65532:65532
VOLUME /var/lib/latchkey
EXPOSE 8080 8081
ENV LATCHKEY_CONFIG=/etc/latchkey/latchkey.toml
ENTRYPOINT ["/latchkey"]
CMD ["serve"]
