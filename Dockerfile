# The app for others. On Linux torch comes as its CUDA build, which runs on the CPU too.
# Written, not run: no container engine was at hand. tests/test_serving.py holds what can be held without one.
FROM python:3.11-slim

RUN useradd --create-home --uid 10001 heta && mkdir /data && chown heta /data
WORKDIR /app

COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt

COPY LICENSE README.md app.py ./
COPY .streamlit .streamlit
COPY assets assets
COPY heta_core heta_core
COPY pages pages

USER heta
# What lasts: the library and the models that were fetched.
ENV XDG_DATA_HOME=/data HF_HOME=/data/huggingface HETA_ADDRESS=0.0.0.0 PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; from heta_core.configuration import read; r.urlopen(f'http://127.0.0.1:{read().port}/_stcore/health', timeout=4)"]
CMD ["python", "-m", "heta_core", "serve"]
