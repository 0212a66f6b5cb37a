// Package interop holds the tests of Ovation with clients that are not its own:
// grpc-go, grpcurl, h2spec, buf and curl. It is a module of its own, so that what it needs is
// nothing the product needs. Run it with `go test ./...` from this folder.
package interop
