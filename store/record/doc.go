// Package record is how backends outside this process keep what live's nouns say: as
// the Protobuf messages of ovation.store.v1, which later builds read too.
package record
