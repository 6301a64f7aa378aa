# inboxbridge and its connectors, built from this folder:
#
#   docker build --tag inboxbridge .
#   docker build --tag inboxbridge --build-arg CONNECTORS="sms phone" .
#   docker run --publish 127.0.0.1:8080:8080 --env-file secrets.env \
#     --volume inboxbridge:/data --volume ./connectors.toml:/data/connectors.toml:ro inboxbridge

ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
# The folders of connectors/ to install.
ARG CONNECTORS="bookings chat email facebook phone sms telegram webhook"
WORKDIR /source
COPY core core
COPY connectors connectors
RUN echo "./core[postgres]" > requirements.txt \
    && for name in $CONNECTORS; do echo "./connectors/$name" >> requirements.txt; done \
    && python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --requirement requirements.txt

FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="inboxbridge" \
    org.opencontainers.image.source="https://github.com/example/inboxbridge" \
    org.opencontainers.image.licenses="MIT"
RUN useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin inboxbridge \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    INBOXBRIDGE_CONFIG=/data/connectors.toml \
    INBOXBRIDGE_LOG=json
USER 10001:10001
WORKDIR /data
# connectors.toml is mounted here; a SQLite journal is made beside it.
VOLUME /data
EXPOSE 8080
# It ends within 10 seconds, the time that `docker stop` gives it.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["inboxbridge"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]
