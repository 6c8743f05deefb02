# roost in an image: docker build -t roost . && docker run -p 8000:8000 -v roost:/data roost
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --locked --release

FROM debian:bookworm-slim
# curl asks /health/ready for docker-compose.yml; the certificates are for S3 and for databases that speak TLS.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 1000 roost && install -d -o roost /data
COPY --from=build /src/target/release/roost /usr/local/bin/roost
USER roost
ENV ROOST_LISTEN=0.0.0.0:8000 ROOST_DATA_DIR=/data
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["roost"]
CMD ["serve"]
