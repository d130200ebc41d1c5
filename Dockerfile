# docker run --rm -v "$PWD:/data" ocr read list.jpg
FROM python:3.12-slim
COPY . /src
RUN pip install --no-cache-dir '/src[heic,pdf]' && rm -r /src
WORKDIR /data
ENTRYPOINT ["ocr"]
