# The server and the command-line client, and nothing else.
#
#   docker build -t ovation .
#   docker run --rm -p 127.0.0.1:8080:8080 -e OVATION_AUTH_SECRET=$(openssl rand -hex 32) ovation
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ENV CGO_ENABLED=0
RUN go build -trimpath -o /out/server ./server && go build -trimpath -o /out/ovation ./clients/cli

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/ /
ENV OVATION_LISTEN=0.0.0.0:8080 OVATION_INTERNAL_LISTEN=0.0.0.0:9090
EXPOSE 8080 9090
# Whoever this is, it is not root.
USER 65532:65532
ENTRYPOINT ["/server"]
