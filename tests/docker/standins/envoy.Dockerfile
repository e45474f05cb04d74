# Envoy's official image, as far as compose.yaml asks: the program, bash and grep, and a user that is not root.
FROM debian:bookworm-slim
RUN groupadd --gid 101 envoy && useradd --uid 101 --gid 101 --no-create-home envoy
COPY envoy /usr/local/bin/envoy
USER 101:101
CMD ["envoy", "-c", "/etc/envoy/envoy.yaml"]
