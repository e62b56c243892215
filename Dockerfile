# Two images from one file (docs/operations.md): `service`, what a checkout calls, and `tools`, the `rto` command line with
# everything it needs. Held by tests/service/test_container.py, which runs the commands of `service` itself.
ARG PYTHON=3.12.12-slim-bookworm

FROM python:${PYTHON} AS base
ENV BENTOML_DO_NOT_TRACK=true \
    DO_NOT_TRACK=true \
    MLFLOW_DISABLE_TELEMETRY=true \
    PYTHONUNBUFFERED=1 \
    UV_PROJECT_ENVIRONMENT=/opt/venv \
    UV_PYTHON_DOWNLOADS=never \
    UV_LINK_MODE=copy
RUN useradd --uid 10001 --create-home rto && mkdir -p /srv/rto /srv/mlruns && chown rto:rto /srv/rto /srv/mlruns
WORKDIR /opt/rto

FROM base AS locked
RUN pip install --no-cache-dir uv==0.13.9
COPY pyproject.toml uv.lock README.md LICENSE ./

FROM locked AS service-packages
RUN uv sync --frozen --no-cache --only-group serve --no-install-project

FROM locked AS tools-packages
RUN uv sync --frozen --no-cache --no-dev --no-install-project
COPY data data
COPY features features
COPY training training
COPY serving serving
RUN uv sync --frozen --no-cache --no-dev

FROM base AS tools
COPY --from=tools-packages /opt/venv /opt/venv
COPY --from=tools-packages /opt/rto /opt/rto
ENV PATH=/opt/venv/bin:${PATH} RTO_HOME=/srv/rto RTO_MLRUNS=/srv/mlruns
USER 10001
ENTRYPOINT ["rto"]
CMD ["--help"]

# the last one is what `docker build .` makes
FROM base AS service
COPY --from=service-packages /opt/venv /opt/venv
COPY data data
COPY features features
COPY training training
COPY serving serving
COPY LICENSE LICENSE
ENV PATH=/opt/venv/bin:${PATH} RTO_HOME=/srv/rto RTO_HOST=0.0.0.0 RTO_PORT=3333 BENTOML_HOME=/tmp/bentoml
USER 10001
EXPOSE 3333
VOLUME /srv/rto
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:3333/livez', timeout=2)"]
CMD ["python", "-m", "bentoml", "serve", "serving.service:RTORisk", "--host", "0.0.0.0", "--port", "3333"]
