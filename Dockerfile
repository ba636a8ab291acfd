# docker build --tag parlour .          LOCAL=0 leaves the built-in model out, and with it most of the size
FROM python:3.13-slim AS packages
ARG LOCAL=1
RUN apt-get update && apt-get install --yes --no-install-recommends binutils
WORKDIR /app
COPY requirements requirements
# Libraries come with what a debugger wants to know of them: 95 MB, most of it the built-in model's.
RUN sh requirements/install.sh run "$LOCAL" && .venv/bin/python -m pip uninstall --quiet --yes pip \
    && find .venv -type f -name '*.so*' -exec strip --strip-unneeded {} +
COPY bots bots
COPY core core
# The file system will be read-only: what Python would write beside its sources is written now.
RUN .venv/bin/python -m compileall -q bots core

FROM python:3.13-slim
# The built-in model computes on all cores with it.
RUN apt-get update && apt-get install --yes --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
RUN install --directory --owner=10001 --group=10001 --mode=700 /data
COPY --from=packages /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    HOME=/data XDG_DATA_HOME=/data WEB_HOST=0.0.0.0 PORT=8080 TELEMETRY_HOST=0.0.0.0
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f'http://127.0.0.1:{os.environ.get(\"TELEMETRY_PORT\") or os.environ[\"PORT\"]}/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "bots"]
CMD ["run"]
