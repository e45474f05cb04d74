# The parts of moto's official image that the demo uses: Python, and the server with its Cognito.
FROM debian:bookworm-slim
ARG VERSION
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv /opt/moto \
    && /opt/moto/bin/pip install --no-cache-dir --no-compile "moto[cognitoidp]==${VERSION}" flask flask-cors PyYAML \
    && ln -s /opt/moto/bin/moto_server /usr/local/bin/
ENV PATH=/opt/moto/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENTRYPOINT ["/usr/local/bin/moto_server", "-H", "0.0.0.0"]
