# The endpoint in a container:
#   docker build -t passrole . && docker run --rm -p 127.0.0.1:4747:4747 -v passrole:/var/lib/passrole passrole
FROM python:3.13-slim

WORKDIR /opt/passrole
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY src ./src
RUN python -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check . \
    && useradd --system --home-dir /var/lib/passrole --create-home passrole

# Inside the container every address is its own; what is reachable from outside, docker run -p decides.
ENV PATH=/opt/passrole/.venv/bin:$PATH \
    PASSROLE_HOST=0.0.0.0 \
    PASSROLE_PORT=4747 \
    PASSROLE_DATA=/var/lib/passrole
USER passrole
VOLUME /var/lib/passrole
EXPOSE 4747
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PASSROLE_PORT\"]}/_passrole/health', timeout=2)"]
ENTRYPOINT ["passrole"]
CMD ["serve"]
