module github.com/ovation-live/ovation/bench/connectgo

go 1.26.0

replace github.com/ovation-live/ovation/bench/rival => ../rival

require (
	connectrpc.com/connect v1.21.1
	github.com/ovation-live/ovation/bench/rival v0.0.0-00010101000000-000000000000
)

require google.golang.org/protobuf v1.36.11 // indirect
