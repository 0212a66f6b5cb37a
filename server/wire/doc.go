// Package wire turns live's nouns into those of the contract and back, and encodes
// the frames of a stream once for everyone who gets them.
package wire
