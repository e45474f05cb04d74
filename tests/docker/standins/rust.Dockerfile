# The parts of Rust's official image that the build uses: this machine's toolchain, and a linker.
FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
ARG TOOLCHAIN
ENV RUSTUP_HOME=/usr/local/rustup \
    CARGO_HOME=/usr/local/cargo \
    RUSTUP_TOOLCHAIN=${TOOLCHAIN} \
    PATH=/usr/local/cargo/bin:/usr/local/rustup/toolchains/${TOOLCHAIN}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
COPY rustup /usr/local/cargo/bin/
COPY toolchain /usr/local/rustup/toolchains/${TOOLCHAIN}
