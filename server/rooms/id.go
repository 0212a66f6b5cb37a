package rooms

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// digest returns 16 letters and digits that stand for the parts.
func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10]))
}
