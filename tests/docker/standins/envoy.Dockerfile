# The parts of Envoy's official image that compose.yaml uses: the program, bash and grep, and a non-root user.
FROM debian:bookworm-slim
RUN groupadd --gid 101 envoy && useradd --uid 101 --gid 101 --no-create-home envoy
COPY envoy /usr/local/bin/envoy
USER 101:101
CMD ["envoy", "-c", "/etc/envoy/envoy.yaml"]
